//! What was found as tables of texts, for terminals and pages.

use counterpoise_report::TableBlock;

use super::paper::{COMPARED, FAIR_UTILITY, MEASURES};
use super::{Agreement, Claim, Importance, Ours, ReproducedRow, ReproducedTable, Reproduction, Sweep};

/// A number between -1 and 1 as the paper prints it, without the 0 before the stop.
pub(super) fn short(value: f64) -> String {
    digits(value, 3)
}

fn digits(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value.abs());
    let sign = if value < 0.0 && text.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) {
        "-"
    } else {
        ""
    };
    format!("{sign}{}", text.strip_prefix('0').unwrap_or(&text))
}

fn signed(value: Option<f64>) -> String {
    value.map_or("undefined".into(), |value| format!("{value:+.3}"))
}

fn range(interval: Option<(f64, f64)>, show: impl Fn(f64) -> String) -> String {
    interval.map_or(String::new(), |(low, high)| {
        format!(" [{}, {}]", show(low), show(high))
    })
}

fn ours(ours: Option<Ours>) -> String {
    ours.map_or("-".into(), |ours| {
        let value = ours.value.map_or("undefined".into(), short);
        format!("{value}{}", range(ours.interval, short))
    })
}

fn gap(ours: &Ours) -> String {
    format!(
        "{}{}",
        signed(ours.value),
        range(ours.interval, |end| format!("{end:+.3}"))
    )
}

impl ReproducedRow {
    fn cells(&self, learner: bool) -> Vec<String> {
        let mut cells = vec![self.data.to_owned()];
        cells.extend(learner.then(|| self.learner.name().to_owned()));
        cells.push(self.method.name().to_owned());
        for place in COMPARED {
            let number = &self.numbers[place];
            cells.push(number.paper.map_or("-".into(), |paper| digits(paper, 4)));
            cells.push(ours(number.fold_mean));
            cells.push(ours(number.pooled));
        }
        cells.push(match &self.verdict {
            Agreement::Reproduced => "yes".into(),
            Agreement::Outside { measures } => format!("no: {}", measures.join(", ")),
            Agreement::NotInPaper => "not in paper".into(),
            Agreement::NotRun => "not run".into(),
        });
        cells
    }

    fn name(&self) -> String {
        format!("{}, {}, {}", self.data, self.learner.name(), self.method.name())
    }
}

impl ReproducedTable {
    /// Paper, fold mean and pooled value side by side for balanced accuracy, average absolute odds and Fair Utility.
    pub fn block(&self) -> TableBlock {
        let first = self.rows.first().map(|row| row.learner);
        let learner = self.rows.iter().any(|row| Some(row.learner) != first);
        let mut headers = vec!["data".to_owned()];
        headers.extend(learner.then(|| "learner".to_owned()));
        headers.push("method".into());
        let texts = headers.len();
        for place in COMPARED {
            let name = MEASURES[place].0;
            headers.extend([format!("{name} paper"), "fold mean".into(), "pooled".into()]);
        }
        headers.push("paper within?".into());
        let numeric = (0..headers.len())
            .map(|column| (texts..headers.len() - 1).contains(&column))
            .collect();
        TableBlock {
            caption: format!("Table {}: {}", self.number, self.about),
            headers,
            numeric,
            rows: self.rows.iter().map(|row| row.cells(learner)).collect(),
        }
    }

    /// What is to be known about its lines, one remark after another; lines with the same remark stand together.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks: Vec<(&str, Vec<String>)> = Vec::new();
        for row in &self.rows {
            let Some(remark) = &row.remark else { continue };
            match remarks.iter_mut().find(|(known, _)| known == remark) {
                Some((_, rows)) => rows.push(row.name()),
                None => remarks.push((remark, vec![row.name()])),
            }
        }
        remarks
            .into_iter()
            .map(|(remark, rows)| format!("{}: {remark}", rows.join("; ")))
            .collect()
    }
}

impl Claim {
    fn cells(&self) -> Vec<String> {
        vec![
            self.table.to_string(),
            self.data.to_owned(),
            self.learner.name().to_owned(),
            self.runner_up.name().to_owned(),
            format!("{:+.4}", self.paper),
            gap(&self.fold_mean),
            gap(&self.pooled),
            self.verdict.to_owned(),
        ]
    }
}

impl Reproduction {
    /// By how much Fair Oversampling is ahead of the next best in print.
    pub fn claims_block(&self) -> TableBlock {
        TableBlock {
            caption: "Fair Utility of Fair Oversampling, less that of the next best in print".into(),
            headers: [
                "table",
                "data",
                "learner",
                "next best in print",
                "paper",
                "fold mean",
                "pooled",
                "the claim",
            ]
            .map(String::from)
            .to_vec(),
            numeric: vec![true, false, false, false, true, true, true, false],
            rows: self.claims.iter().map(Claim::cells).collect(),
        }
    }

    /// Fair Utility beside that of an independent run.
    pub fn bands_block(&self) -> TableBlock {
        let row = |band: &super::CheckedBand| {
            let holds = match band.holds {
                Some(true) => "holds",
                Some(false) => "MISSED",
                None => "not run",
            };
            vec![
                band.data.to_owned(),
                band.learner.name().to_owned(),
                band.method.name().to_owned(),
                format!("{:.3} ± {}", band.expected, band.tolerance),
                band.found.map_or("-".into(), short),
                holds.to_owned(),
                if band.required { "yes" } else { "no" }.to_owned(),
            ]
        };
        TableBlock {
            caption: "Fair Utility where an independent run with scikit-learn found it (fold means)".into(),
            headers: ["data", "learner", "method", "expected", "ours", "", "must hold"]
                .map(String::from)
                .to_vec(),
            numeric: vec![false, false, false, true, true, false, false],
            rows: self.bands.iter().map(row).collect(),
        }
    }

    /// In a sentence or two: how many lines of the paper came out again, and whether what must hold does.
    pub fn summary(&self) -> String {
        let rows = || self.tables.iter().flat_map(|table| &table.rows);
        let count = |wanted: fn(&Agreement) -> bool| rows().filter(|row| wanted(&row.verdict)).count();
        let within = count(|verdict| *verdict == Agreement::Reproduced);
        let outside = count(|verdict| matches!(verdict, Agreement::Outside { .. }));
        let not_run = count(|verdict| *verdict == Agreement::NotRun);
        let mut parts = Vec::new();
        if within + outside > 0 {
            parts.push(format!(
                "{within} of {} lines of the paper lie within our intervals in all three measures, {not_run} were not run",
                within + outside
            ));
            let off = rows().filter_map(|row| {
                let number = &row.numbers[FAIR_UTILITY];
                Some((number.paper? - number.fold_mean?.value?).abs())
            });
            let near = off.clone().filter(|off| *off <= 0.02).count();
            parts.push(format!(
                "Fair Utility is within 0.02 of the paper's in {near} of {}",
                off.count()
            ));
        }
        for band in self.bands.iter().filter(|band| band.required) {
            let what = format!(
                "{} {} with Fair Oversampling: Fair Utility {:.3} ± {}",
                band.data,
                band.learner.name(),
                band.expected,
                band.tolerance
            );
            parts.push(match (band.found, band.holds) {
                (Some(found), Some(true)) => format!("{what} holds ({found:.3})"),
                (Some(found), _) => format!("{what} DOES NOT HOLD ({found:.3})"),
                _ => format!("{what} was not checked"),
            });
        }
        parts.join("\n")
    }
}

impl Sweep {
    /// Fair Utility at each divisor, then balanced accuracy and average absolute odds at the last one.
    pub fn block(&self) -> TableBlock {
        let mut headers = vec!["learner".to_owned(), "method".into()];
        headers.extend(self.divisors.iter().map(|divisor| format!("FU at {divisor}")));
        headers.extend(["BA at the last".to_owned(), "AAO at the last".into()]);
        let value = |value: Option<f64>| value.map_or("undefined".into(), short);
        let row = |line: &super::SweptLine| {
            let mut row = vec![line.learner.name().to_owned(), line.method.name().to_owned()];
            let at = |divisor: f64| line.levels.iter().find(|level| level.divisor == divisor);
            let missing = || "-".to_owned();
            row.extend(
                self.divisors
                    .iter()
                    .map(|&divisor| at(divisor).map_or_else(missing, |level| value(level.fair_utility))),
            );
            let last = self.divisors.last().and_then(|&divisor| at(divisor));
            row.push(last.map_or_else(missing, |level| value(level.balanced_accuracy)));
            row.push(last.map_or_else(missing, |level| value(level.average_absolute_odds)));
            row
        };
        TableBlock {
            caption: format!(
                "{}: cells of `{}` made smaller by a divisor",
                self.data, self.class
            ),
            numeric: (0..headers.len()).map(|column| column > 1).collect(),
            headers,
            rows: self.lines.iter().map(row).collect(),
        }
    }

    /// What is to be known about it.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = vec![format!("{}: in the paper, {}", self.data, self.paper)];
        if let Some(left_out) = self.left_out {
            remarks.push(format!(
                "{}: logistic regression in place of the paper's support-vector machine, and three levels only for learners made to be fair; the rest {left_out}",
                self.data
            ));
        }
        let problem = |line: &super::SweptLine| {
            let problem = line.problem.as_ref()?;
            Some(format!(
                "{}, {}: {problem}",
                line.learner.name(),
                line.method.name()
            ))
        };
        remarks.extend(self.lines.iter().filter_map(problem));
        remarks
    }
}

impl Importance {
    /// Loss of balanced accuracy before and after, feature by feature.
    pub fn block(&self) -> TableBlock {
        let row = |feature: &super::FeatureImportance| {
            vec![
                feature.feature.clone(),
                short(feature.before),
                short(feature.after),
            ]
        };
        TableBlock {
            caption: format!(
                "{}, {}: loss of balanced accuracy when a feature is shuffled",
                self.data,
                self.learner.name()
            ),
            headers: ["feature", "without", "with Fair Oversampling"]
                .map(String::from)
                .to_vec(),
            numeric: vec![false, true, true],
            rows: self.features.iter().map(row).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn numbers_stand_as_in_the_paper() {
        for (value, text) in [
            (0.6746, ".675"),
            (-0.0031, "-.003"),
            (-0.0001, ".000"),
            (1.0, "1.000"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
