use std::collections::BTreeSet;
use std::path::Path;

use counterpoise_base::{Observer, Table, Warning, agree, counted, plural};
use counterpoise_data::{PredictionColumns, predictions_of_model, texts_of};
use counterpoise_metrics::Bootstrap;
use counterpoise_report::{Page, Section};
use serde::Serialize;

use super::Reads;
use crate::measured::measure_found;
use crate::pages::name_of;
use crate::{Error, Measured, measured_page};

/// Predictions of a classifier and how good they are.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluated {
    /// Measures with intervals, and what looked odd.
    pub measured: Measured,
    /// Row by row: names where there are some, the true class, `predicted`, and a score for every class.
    #[serde(skip)]
    pub predictions: Table,
}

/// Draws for intervals.
const DRAWS: usize = 1000;

/// Measures predictions: the true class in the column `target`, what is predicted in `predicted`, and a column `score CLASS` for
/// every class.
pub(crate) fn judged(
    predictions: Table,
    target: &str,
    classes: &[String],
    seed: u64,
    observer: &dyn Observer,
) -> Result<Evaluated, Error> {
    let named = |column: &&str| predictions.column(column).map(texts_of);
    let met: BTreeSet<String> = [target, "predicted"]
        .iter()
        .filter_map(named)
        .flatten()
        .flatten()
        .collect();
    let strangers: Vec<&str> = classes
        .iter()
        .filter(|class| !met.contains(*class))
        .map(String::as_str)
        .collect();
    let score = |class: &String| (Some(class.clone()), format!("score {class}"));
    let columns = PredictionColumns {
        target: target.into(),
        prediction: Some("predicted".into()),
        // Without all of them, those of a row do not sum to 1.
        scores: if strangers.is_empty() {
            classes.iter().map(score).collect()
        } else {
            Vec::new()
        },
        threshold: None,
        weight: None,
    };
    let bootstrap = Bootstrap::new(seed).with_draws(DRAWS);
    let found = predictions_of_model(&predictions, &columns)?;
    let mut measured = measure_found(found, target, &[], &bootstrap, observer)?;
    if !strangers.is_empty() {
        let message = format!(
            "{} {} {} neither true nor predicted anywhere: measures of scores are left out",
            plural(strangers.len(), "class"),
            strangers.join(", "),
            agree(strangers.len(), "is", "are")
        );
        let warning = Warning::new("evaluate.absent-class", message);
        measured.warnings.push(warning);
    }
    Ok(Evaluated {
        measured,
        predictions,
    })
}

impl Evaluated {
    /// Recall of every class; absent for classes without a row.
    pub fn recalls(&self) -> Vec<Option<f64>> {
        self.measured
            .per_class
            .iter()
            .map(|report| report.recall)
            .collect()
    }

    /// The measures, as part of a page; `chose` says whether the epoch was chosen on these pictures.
    pub(super) fn section(&self, reads: Reads, chose: bool) -> Section {
        let (rows, many) = (counted(self.measured.rows, reads.one()), reads.many());
        Section {
            title: format!("On the test {many}"),
            lead: if chose {
                format!("{rows} on which the epoch was chosen: the scores are too good.")
            } else {
                format!("{rows} that training never saw.")
            },
            blocks: measured_page("", &self.measured)
                .map(|page| {
                    page.sections
                        .into_iter()
                        .flat_map(|section| section.blocks)
                        .collect()
                })
                .unwrap_or_default(),
        }
    }

    /// The page of a network judged on data.
    pub(crate) fn page(&self, reads: Reads, network: &Path, data: &Path) -> Result<Page, Error> {
        let mut page = measured_page(&name_of(data), &self.measured)?;
        let rows = counted(self.measured.rows, reads.one());
        page.subtitle = format!("{} on {rows}", name_of(network));
        Ok(page)
    }
}
