//! What was found as tables of texts, for terminals and pages.

use counterpoise_base::counted;
use counterpoise_report::TableBlock;

use super::{
    Budget, ImageNumber, ImageRanks, ImageReproduction, MEASURES, RatioSweep, RemedyRow, ReproducedSet,
};

/// By how much GM of the paper, in percent, may differ from what follows from its ACSA before it is called another measure.
const OFF: f64 = 0.2;

fn percent(value: f64) -> String {
    format!("{:.2}", 100.0 * value)
}

fn ours(number: &ImageNumber) -> String {
    let value = number.ours.value.map_or("undefined".into(), percent);
    let interval = number.ours.interval.map_or(String::new(), |(low, high)| {
        format!(" [{}, {}]", percent(low), percent(high))
    });
    let deviation = number
        .deviation
        .map_or(String::new(), |deviation| format!(" sd {}", percent(deviation)));
    format!("{value}{interval}{deviation}")
}

impl Budget {
    /// What it is, in a sentence.
    pub fn sentence(&self) -> String {
        let decoder = if self.decoder == counterpoise_deep::DecoderKind::Mirror {
            "mirror"
        } else {
            "reference"
        };
        let latent = self
            .latent
            .map_or("the paper's latent size".to_owned(), |latent| {
                format!("latent size {latent}")
            });
        let sizes = format!(
            "classifier {}, Adam {}, {} epochs over the balanced set and as many steps for every row; autoencoder of width {}, {latent}, {decoder} decoder, {} epochs in batches of {}, Adam {}; GAN {} epochs in batches of {}, Adam {}",
            self.network.name(),
            self.rate,
            self.epochs,
            self.width,
            self.autoencoder_epochs,
            self.autoencoder_batch,
            self.autoencoder_rate,
            self.gan_epochs,
            self.gan_batch,
            self.gan_rate,
        );
        match self.name.as_str() {
            "quick" => format!("REDUCED (--quick), not the paper's networks or epochs: {sizes}"),
            "full" => format!(
                "the paper's networks (--full); epochs and step of the classifier are ours, the paper gives none: {sizes}"
            ),
            _ => format!("smaller than the paper's networks: {sizes}"),
        }
    }
}

impl ReproducedSet {
    /// ACSA, GM and F1: the paper's and ours.
    pub fn block(&self, balanced: bool) -> TableBlock {
        let mut headers = vec!["method".to_owned()];
        for (name, _) in MEASURES {
            headers.extend([format!("{name} paper"), "ours".into()]);
        }
        let row = |row: &RemedyRow| {
            let mut cells = vec![row.method.to_owned()];
            let numbers = if balanced { &row.balanced } else { &row.imbalanced };
            match numbers {
                None => cells.extend(["-", "failed"].repeat(MEASURES.len()).into_iter().map(Into::into)),
                Some(numbers) => cells.extend(
                    numbers
                        .iter()
                        .flat_map(|number| [number.paper.map_or("-".into(), percent), ours(number)]),
                ),
            }
            cells
        };
        let (table, test) = if balanced {
            ("III", "balanced")
        } else {
            ("II", "imbalanced")
        };
        TableBlock {
            caption: format!("Table {table}, {}: {test} test, percent", self.data.name()),
            numeric: (0..headers.len()).map(|column| column > 0).collect(),
            headers,
            rows: self.rows.iter().map(row).collect(),
        }
    }

    /// One measure on both tests: the paper's and ours.
    pub fn measure_block(&self, place: usize) -> TableBlock {
        let headers = ["method", "III, paper", "ours", "II, paper", "ours"];
        let row = |row: &RemedyRow| {
            let mut cells = vec![row.method.to_owned()];
            for numbers in [&row.balanced, &row.imbalanced] {
                let number = numbers.as_ref().map(|numbers| &numbers[place]);
                cells.extend([
                    number.and_then(|number| number.paper).map_or("-".into(), percent),
                    number.map_or("failed".into(), ours),
                ]);
            }
            cells
        };
        TableBlock {
            caption: format!(
                "{} in percent, {}: Table III (balanced test) and Table II (imbalanced test)",
                MEASURES[place].0,
                self.data.name()
            ),
            headers: headers.map(Into::into).to_vec(),
            numeric: (0..headers.len()).map(|column| column > 0).collect(),
            rows: self.rows.iter().map(row).collect(),
        }
    }

    /// What pictures cost that are made, and how different they are.
    pub fn cost_block(&self) -> TableBlock {
        let headers = [
            "method",
            "made",
            "ACSA",
            "parameters",
            "seconds to make",
            "seconds to train",
            "diversity",
            "copies %",
        ];
        let row = |row: &RemedyRow| {
            let or_not = |text: Option<String>| text.unwrap_or("-".into());
            vec![
                row.method.to_owned(),
                format!("{:.0}", row.made),
                or_not(
                    row.balanced
                        .as_ref()
                        .and_then(|numbers| numbers[0].ours.value)
                        .map(percent),
                ),
                or_not(row.parameters.map(|count| count.to_string())),
                format!("{:.1}", row.making_seconds),
                format!("{:.1}", row.training_seconds),
                or_not(row.diversity.map(|share| format!("{share:.2}"))),
                or_not(row.copies.map(|share| format!("{:.1}", 100.0 * share))),
            ]
        };
        TableBlock {
            caption: format!(
                "Quality, diversity and cost, {}: ACSA on the balanced test; seconds are those of a clock, beside other rows of a run",
                self.data.name()
            ),
            headers: headers.map(Into::into).to_vec(),
            numeric: (0..headers.len()).map(|column| column > 0).collect(),
            rows: self.rows.iter().map(row).collect(),
        }
    }

    /// What is to be known about its numbers.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = vec![self.identity_sentence()];
        if self.reduced {
            remarks.push(format!(
                "REDUCED PROTOCOL: the files at hand hold a long-tailed training set and {} test pictures of the official test set, too few for the paper's folds and counts; there is one turn.",
                self.counts[1].iter().sum::<usize>().max(self.counts[2].iter().sum())
            ));
        }
        let names = ["training", "balanced test", "imbalanced test"];
        for ((name, counts), wanted) in names.into_iter().zip(&self.counts).zip(&self.wanted) {
            if counts != wanted {
                remarks.push(format!(
                    "{name} pictures of classes: {}, where the paper has {}; a fold holds no more.",
                    list(counts),
                    list(wanted)
                ));
            }
        }
        for row in &self.rows {
            let mut options = row.options.clone();
            options.dedup();
            remarks.extend(options.iter().map(|said| format!("{}: {said}.", row.method)));
            remarks.extend(row.remarks.iter().map(|said| format!("{}: {said}", row.method)));
        }
        remarks
    }

    fn identity_sentence(&self) -> String {
        let ours = match self.identity {
            Some(gap) => format!("ours differ from it by at most {gap:.3}"),
            None => "none of ours has both".into(),
        };
        let off: Vec<String> = self
            .paper_identity
            .iter()
            .filter(|(_, gap)| gap.abs() >= OFF)
            .map(|(name, gap)| format!("{name} {gap:+.2}"))
            .collect();
        let paper = if off.is_empty() {
            format!("all of the paper's rows have it to {OFF}")
        } else {
            format!(
                "of the paper's rows these are off by more than {OFF} and cannot have been measured in this way: {}",
                off.join(", ")
            )
        };
        format!(
            "On a balanced test GM follows from ACSA, GM² = a (1 - (1 - a) / {}): {ours}; {paper}.",
            self.classes - 1
        )
    }
}

fn list(counts: &[usize]) -> String {
    match counts.first() {
        Some(first) if counts.iter().all(|count| count == first) => format!("{first} each"),
        _ => counts
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

impl ImageRanks {
    /// Methods beside the control.
    pub fn block(&self) -> TableBlock {
        let rank = |method: &str| {
            let found = self.average_ranks.iter().find(|(name, _)| name == method);
            found.map_or("-".into(), |(_, rank)| format!("{rank:.2}"))
        };
        let headers = [
            "method",
            "average rank",
            "p (Shaffer)",
            "P(control better)",
            "P(method better)",
        ];
        let mut rows = vec![vec![
            self.control.clone(),
            rank(&self.control),
            "control".into(),
            "-".into(),
            "-".into(),
        ]];
        rows.extend(self.against.iter().map(|against| {
            vec![
                against.method.clone(),
                rank(&against.method),
                format!("{:.3}", against.ranks.adjusted),
                format!("{:.2}", against.posterior.first),
                format!("{:.2}", against.posterior.second),
            ]
        }));
        TableBlock {
            caption: format!("{} on the balanced test, over data sets", self.measure),
            headers: headers.map(Into::into).to_vec(),
            numeric: (0..headers.len()).map(|column| column > 0).collect(),
            rows,
        }
    }
}

impl RatioSweep {
    /// Means and deviations by row and ratio.
    pub fn block(&self) -> TableBlock {
        let mut headers = vec!["method".to_owned(), "ratio".into()];
        headers.extend(MEASURES.map(|(name, _)| name.to_owned()));
        let rows = self.points.iter().map(|point| {
            let mut cells = vec![point.method.to_owned(), format!("{}", point.ratio)];
            cells.extend((0..MEASURES.len()).map(|place| {
                let mean = point.means[place].map_or("undefined".into(), percent);
                let deviation = point.deviations[place]
                    .map_or(String::new(), |deviation| format!(" ± {}", percent(deviation)));
                format!("{mean}{deviation}")
            }));
            cells
        });
        TableBlock {
            caption: format!(
                "Experiment 3, {}: balanced test, mean ± sd over draws of training pictures ({}), {}",
                self.data.name(),
                self.repeats,
                counted(self.folds, "fold")
            ),
            numeric: (0..headers.len()).map(|column| column > 0).collect(),
            headers,
            rows: rows.collect(),
        }
    }

    /// Pictures of every class at each ratio.
    pub fn remarks(&self) -> Vec<String> {
        self.counts
            .iter()
            .map(|(ratio, counts)| format!("ratio {ratio}: {}", list(counts)))
            .collect()
    }
}

impl ImageReproduction {
    /// What holds for all tables.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            self.budget.sentence(),
            format!(
                "Intervals of 95 % come from {} draws of test pictures; they speak of other test pictures, not of other training pictures or first weights. sd is that over folds.",
                self.draws
            ),
        ];
        if self.budget.name != "full" {
            notes.push(
                "The paper's numbers are of ResNet-18; only the order of methods can be compared.".into(),
            );
        }
        // A reduced protocol says that it has one turn.
        let folds = self.sets.iter().filter(|set| !set.reduced).map(|set| set.folds);
        if let Some(most) = folds.min()
            && most < super::FOLDS
        {
            notes.push(format!("{most} of the paper's {} folds.", super::FOLDS));
        }
        notes
    }

    /// What the tests over data sets can show.
    pub fn about_ranks(&self) -> Option<String> {
        let ranks = self.ranks.first()?;
        let (sets, methods) = (self.sets.len(), ranks.average_ranks.len());
        let friedman: Vec<String> = self
            .ranks
            .iter()
            .filter_map(|ranks| Some(format!("{} p = {:.3}", ranks.measure, ranks.friedman?.p)))
            .collect();
        Some(format!(
            "{methods} methods on {sets} data sets, control {}. Friedman: {}. {sets} data sets show very little: if one method were ahead on all of them, the two-sided sign test would still give p = {:.2}; the paper has five, for which it gives 0.06.",
            ranks.control,
            friedman.join(", "),
            0.5_f64.powi(sets as i32 - 1)
        ))
    }
}
