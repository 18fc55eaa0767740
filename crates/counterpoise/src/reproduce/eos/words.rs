//! What was found as tables of texts and sentences, for terminals and pages.

use counterpoise_base::counted;
use counterpoise_metrics::Estimate;
use counterpoise_report::TableBlock;

use super::cost::{CostRow, CostWay};
use super::{EosReproduction, EosSet, GapCurve, HeadRow, LossGap, LossTable};
use crate::eos::{HeadMethod, PairedScore};

fn percent(value: f64) -> String {
    format!("{:.2}", 100.0 * value)
}

fn with_interval(score: &PairedScore) -> String {
    let value = score.score.value.map_or("undefined".into(), percent);
    let deviation = score
        .deviation
        .map_or(String::new(), |deviation| format!(" sd {}", percent(deviation)));
    format!("{value}{}{deviation}", interval(&score.score))
}

fn interval(estimate: &Estimate) -> String {
    estimate.interval.map_or(String::new(), |(low, high)| {
        format!(" [{}, {}]", percent(low), percent(high))
    })
}

fn signed(estimate: Option<&Estimate>) -> String {
    let Some(estimate) = estimate else {
        return "-".into();
    };
    let value = estimate
        .value
        .map_or("undefined".into(), |value| format!("{:+.2}", 100.0 * value));
    let interval = estimate.interval.map_or(String::new(), |(low, high)| {
        format!(" [{:+.2}, {:+.2}]", 100.0 * low, 100.0 * high)
    });
    format!("{value}{interval}")
}

fn number(value: Option<f64>) -> String {
    value.map_or("-".into(), |value| format!("{value:.3}"))
}

fn table(caption: String, headers: Vec<String>, rows: Vec<Vec<String>>) -> TableBlock {
    TableBlock {
        caption,
        numeric: (0..headers.len()).map(|column| column > 0).collect(),
        headers,
        rows,
    }
}

impl LossTable {
    fn row(&self, method: HeadMethod) -> Option<&HeadRow> {
        self.rows.iter().find(|row| row.method == method)
    }

    /// Place of a head among those that all are compared with.
    fn place(&self, method: HeadMethod) -> Option<usize> {
        let there = |method| self.row(method).is_some_and(|row| row.scores.is_some());
        match method {
            HeadMethod::None => there(method).then_some(0),
            _ => there(method).then_some(usize::from(there(HeadMethod::None))),
        }
    }

    /// What a head adds to another in balanced accuracy.
    fn added(&self, row: &HeadRow, to: HeadMethod) -> Option<Estimate> {
        let place = self.place(to)?;
        row.scores.as_ref()?.balanced_accuracy.added.get(place).cloned()
    }

    /// Heads in the order of balanced accuracy, the best first.
    fn ranked(&self) -> Vec<&HeadRow> {
        let score = |row: &&HeadRow| {
            let scores = row.scores.as_ref();
            scores.and_then(|scores| scores.balanced_accuracy.score.value)
        };
        let mut rows: Vec<&HeadRow> = self.rows.iter().filter(|row| score(row).is_some()).collect();
        rows.sort_by(|a, b| {
            score(b)
                .partial_cmp(&score(a))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        rows
    }

    /// Whether EOS is ahead, in plain words.
    fn verdict(&self) -> Vec<String> {
        let Some(eos) = self.row(HeadMethod::Eos).filter(|row| row.scores.is_some()) else {
            return Vec::new();
        };
        let mut said = Vec::new();
        let compare = |other: &HeadRow, which: &str| -> Option<String> {
            // What the other adds to EOS.
            let added = self.added(other, HeadMethod::Eos)?;
            let (value, (low, high)) = (added.value?, added.interval?);
            let verdict = if low > 0.0 {
                "EOS does not win: it is behind"
            } else if high < 0.0 {
                "EOS is ahead"
            } else {
                "they cannot be told apart"
            };
            Some(format!(
                "loss {}: {verdict}. {which} {}, which adds {:+.2} points of balanced accuracy to EOS, {:+.2} to {:+.2}.",
                self.loss,
                other.method.name(),
                100.0 * value,
                100.0 * low,
                100.0 * high
            ))
        };
        let best = |keep: &dyn Fn(&HeadRow) -> bool| {
            self.ranked()
                .into_iter()
                .find(|row| !row.method.is_eos() && keep(row))
        };
        let printed = best(&|row| row.in_paper);
        let any = best(&|_| true);
        if let Some(other) = printed {
            said.extend(compare(other, "The best other head of the paper's table is"));
        }
        if let Some(other) = any.filter(|any| printed.is_none_or(|printed| printed.method != any.method)) {
            said.extend(compare(other, "The best other head of all is"));
        }
        let winner = self
            .ranked()
            .into_iter()
            .find(|row| row.method.is_eos())
            .filter(|row| row.method != eos.method);
        if let Some(winner) = winner {
            said.extend(compare(winner, "The best way of EOS itself is"));
        }
        said
    }
}

impl EosSet {
    /// Balanced accuracy of every head, by loss.
    pub fn summary_block(&self) -> TableBlock {
        let mut methods: Vec<HeadMethod> = Vec::new();
        for table in &self.losses {
            for row in &table.rows {
                if !methods.contains(&row.method) {
                    methods.push(row.method);
                }
            }
        }
        let cell = |table: &LossTable, method: HeadMethod| match table.row(method) {
            None => "-".to_owned(),
            Some(HeadRow { scores: None, .. }) => "failed".into(),
            Some(HeadRow {
                scores: Some(scores), ..
            }) => with_interval(&scores.balanced_accuracy),
        };
        let printed = |method: HeadMethod| super::is_in_paper(method);
        let rows = methods.iter().map(|&method| {
            let name = method.name();
            let name = if printed(method) {
                name.to_owned()
            } else {
                format!("({name})")
            };
            std::iter::once(name)
                .chain(self.losses.iter().map(|table| cell(table, method)))
                .collect()
        });
        table(
            format!(
                "{}: balanced accuracy in percent, by loss of phase one; heads in brackets are not in the paper's table",
                self.data.name()
            ),
            std::iter::once("head".to_owned())
                .chain(self.losses.iter().map(|table| table.loss.clone()))
                .collect(),
            rows.collect(),
        )
    }

    /// All three measures of one loss, and what heads add to one another.
    pub fn loss_block(&self, of: &LossTable) -> TableBlock {
        let headers = [
            "head",
            "BAC",
            "GM",
            "F1",
            "BAC, added to none",
            "BAC, added to eos",
            "rows made",
            "seconds",
            "norms",
            "chosen",
        ];
        let row = |row: &HeadRow| {
            let mut cells = vec![row.method.name().to_owned()];
            match &row.scores {
                None => cells.extend(["failed", "-", "-", "-", "-"].map(String::from)),
                Some(scores) => {
                    cells.extend(
                        [&scores.balanced_accuracy, &scores.g_mean, &scores.macro_f1].map(with_interval),
                    );
                    cells.extend(
                        [HeadMethod::None, HeadMethod::Eos].map(|to| signed(of.added(row, to).as_ref())),
                    );
                }
            }
            cells.extend([
                format!("{:.0}", row.synthetic),
                format!("{:.1}", row.seconds),
                row.norm_ratio.map_or("-".into(), |ratio| format!("{ratio:.2}")),
                if row.chosen.is_empty() {
                    "-".into()
                } else {
                    row.chosen.join("; ")
                },
            ]);
            cells
        };
        table(
            format!(
                "{}, loss {}: percent; norms: longest row of weights by the shortest",
                self.data.name(),
                of.loss
            ),
            headers.map(String::from).to_vec(),
            of.rows.iter().map(row).collect(),
        )
    }

    /// Balanced accuracy of EOS over neighbours, by loss.
    pub fn neighbour_block(&self) -> Option<TableBlock> {
        let first = self.neighbours.first()?;
        let rows = first.points.iter().map(|(k, _)| {
            let cell = |curve: &super::NeighbourCurve| {
                let point = curve.points.iter().find(|(other, _)| other == k);
                point.map_or("-".into(), |(_, scores)| with_interval(&scores.balanced_accuracy))
            };
            std::iter::once(k.to_string())
                .chain(self.neighbours.iter().map(cell))
                .collect()
        });
        Some(table(
            format!(
                "{}: balanced accuracy of EOS in percent, by neighbours",
                self.data.name()
            ),
            std::iter::once("k".to_owned())
                .chain(self.neighbours.iter().map(|curve| curve.loss.clone()))
                .collect(),
            rows.collect(),
        ))
    }

    /// The generalization gap of every class.
    pub fn gap_block(&self, of: &LossGap) -> TableBlock {
        let headers = [
            "class",
            "rows",
            "gap",
            "with SMOTE",
            "with EOS",
            "gap of rows that are found",
            "gap of rows that are not",
        ];
        let rows = self.classes.iter().enumerate().map(|(class, name)| {
            let mut cells = vec![name.clone(), self.training[class].to_string()];
            cells.extend(of.classes[class].map(number));
            cells.extend(of.right_and_wrong[class].map(number));
            cells
        });
        table(
            format!(
                "{}, loss {}: generalization gap, mean over features",
                self.data.name(),
                of.loss
            ),
            headers.map(String::from).to_vec(),
            rows.collect(),
        )
    }

    /// The three largest classes, and the three smallest.
    pub(super) fn ends(&self) -> (Vec<usize>, Vec<usize>) {
        let mut order: Vec<usize> = (0..self.classes.len()).collect();
        order.sort_by_key(|&class| std::cmp::Reverse(self.training[class]));
        let few = (order.len() / 2).clamp(1, 3);
        (order[..few].to_vec(), order[order.len() - few..].to_vec())
    }

    /// The gap while a network learns.
    pub fn curve_block(&self, of: &GapCurve) -> TableBlock {
        let (large, small) = self.ends();
        let headers = [
            "epoch".to_owned(),
            format!("gap, {} largest classes", large.len()),
            format!("gap, {} smallest", small.len()),
            "recall, largest".into(),
            "recall, smallest".into(),
            "spread of features".into(),
            "gap with size".into(),
        ];
        let rows = of.moments.iter().map(|moment| {
            let mean = |values: &[Option<f64>], classes: &[usize]| {
                super::mean(classes.iter().map(|&class| values[class]))
            };
            vec![
                moment.epoch.to_string(),
                number(mean(&moment.gap, &large)),
                number(mean(&moment.gap, &small)),
                number(mean(&moment.recall, &large)),
                number(mean(&moment.recall, &small)),
                format!("{:.3}", moment.spread),
                number(moment.with_size),
            ]
        });
        table(
            format!(
                "{}, loss {}: the gap while one network learns",
                self.data.name(),
                of.loss
            ),
            headers.to_vec(),
            rows.collect(),
        )
    }

    /// What ways cost, and what they bring.
    pub fn cost_block(&self) -> Option<TableBlock> {
        if self.costs.is_empty() {
            return None;
        }
        let headers = [
            "way",
            "extra weights",
            "pictures",
            "seconds to make",
            "to train",
            "in all",
            "most memory, MB",
            "BAC",
            "added to none",
            "added to eos",
        ];
        let row = |row: &CostRow| {
            let added = |place: usize| signed(row.scores.balanced_accuracy.added.get(place));
            vec![
                row.way.name().to_owned(),
                row.extra_parameters.to_string(),
                row.pictures.to_string(),
                format!("{:.1}", row.making_seconds),
                format!("{:.1}", row.training_seconds),
                format!("{:.1}", row.making_seconds + row.training_seconds),
                row.peak_bytes
                    .map_or("-".into(), |bytes| format!("{:.0}", bytes as f64 / 1e6)),
                with_interval(&row.scores.balanced_accuracy),
                added(0),
                added(1),
            ]
        };
        Some(table(
            format!(
                "{}: cost beside quality, cross-entropy, one network each",
                self.data.name()
            ),
            headers.map(String::from).to_vec(),
            self.costs.iter().map(row).collect(),
        ))
    }

    /// Sentences about the main table.
    pub fn verdicts(&self) -> Vec<String> {
        let mut said: Vec<String> = self.losses.iter().flat_map(LossTable::verdict).collect();
        for table in &self.losses {
            for row in &table.rows {
                if let Some(failed) = &row.failed {
                    said.push(format!(
                        "loss {}: {} failed: {failed}",
                        table.loss,
                        row.method.name()
                    ));
                }
            }
        }
        said
    }

    /// Sentences about the generalization gap.
    pub fn about_gaps(&self) -> Vec<String> {
        let (large, small) = self.ends();
        let one = |gap: &LossGap| {
            let mean = |classes: &[usize], column: usize| {
                super::mean(classes.iter().map(|&class| gap.classes[class][column]))
            };
            format!(
                "loss {}: the mean gap is {} for the {} largest classes and {} for the {} smallest; with rows of SMOTE {} and {}, with rows of EOS {} and {}. Rank correlation with the size of classes {}, with recall {}.",
                gap.loss,
                number(mean(&large, 0)),
                large.len(),
                number(mean(&small, 0)),
                small.len(),
                number(mean(&large, 1)),
                number(mean(&small, 1)),
                number(mean(&large, 2)),
                number(mean(&small, 2)),
                number(gap.with_size),
                number(gap.with_recall),
            )
        };
        self.gaps.iter().map(one).collect()
    }

    /// Sentences about cost.
    pub fn about_costs(&self) -> Vec<String> {
        let of = |way: CostWay| self.costs.iter().find(|row| row.way == way);
        let (Some(none), Some(eos)) = (of(CostWay::None), of(CostWay::Eos)) else {
            return Vec::new();
        };
        let all = |row: &CostRow| row.making_seconds + row.training_seconds;
        let mut said = vec![format!(
            "EOS takes {:.2} times as long as training alone.",
            all(eos) / all(none)
        )];
        for row in &self.costs {
            if !matches!(row.way, CostWay::None | CostWay::Eos) {
                said.push(format!(
                    "{} takes {:.2} times as long as EOS, and {} besides the classifier's.",
                    row.way.name(),
                    all(row) / all(eos),
                    if row.extra_parameters == 0 {
                        "no weights".to_owned()
                    } else {
                        counted(row.extra_parameters, "weight")
                    }
                ));
            }
        }
        said.push("Memory is the most that the process held while the way was gone, what earlier ways gave back to it and it kept included; ways are gone from top to bottom.".into());
        said
    }
}

impl EosReproduction {
    /// How it was done, in sentences.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for set in &self.sets {
            notes.push(format!(
                "{}: {}; {}. {} of each loss, seeds from 1.",
                set.data.name(),
                self.budget.sentence(set.data),
                set.data.sentence(),
                counted(set.networks, "network")
            ));
        }
        notes.push(format!(
            "Intervals of 95 % from {} draws of test pictures, the same for all heads; what training again would change is in `sd`, over networks, not in intervals.",
            self.draws,
        ));
        notes.push("The paper's own table was not to be had: no number of it stands beside ours.".into());
        notes
    }
}
