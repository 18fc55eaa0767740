use counterpoise_base::{Observer, Seed};
use counterpoise_metrics::retrieval::{RankingReport, Run, paired_bootstrap, randomisation_test};
use counterpoise_metrics::{Bootstrap, IntervalKind};
use serde::Serialize;

use crate::Error;

/// Draws of intervals and of tests.
pub(super) const DRAWS: usize = 10_000;
const SEED: u64 = 42;

/// A ranking, and how it does beside the first of its table.
#[derive(Debug, Clone, Serialize)]
pub struct MeasuredRun {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Means over queries, in the order of the table's measures.
    pub means: Vec<Option<f64>>,
    /// Difference of the table's main measure to the first ranking, and its 95 % interval, query by query; none for the first itself.
    pub difference: Option<(f64, Option<(f64, f64)>)>,
    /// P-value of the randomisation test against the first ranking.
    pub p: Option<f64>,
    /// The run, in the form of TREC.
    #[serde(skip)]
    pub trec: String,
}

/// A ranking to be measured.
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) run: Run,
    /// Whether its scores mean anything; a drawn ranking has only ranks.
    pub(super) scored: bool,
}

impl Wanted {
    pub(super) fn new(name: impl Into<String>, about: impl Into<String>, run: Run) -> Self {
        Self {
            name: name.into(),
            about: about.into(),
            run,
            scored: true,
        }
    }

    pub(super) fn by_rank_alone(mut self) -> Self {
        self.scored = false;
        self
    }
}

pub(super) fn bootstrap() -> Bootstrap {
    Bootstrap::new(SEED)
        .with_draws(DRAWS)
        .with_kind(IntervalKind::Percentile)
}

/// Reports of all rankings as rows beside the first, `by` a measure of theirs.
pub(super) fn beside_first(
    wanted: &[Wanted],
    reports: &[RankingReport],
    by: &str,
    observer: &dyn Observer,
) -> Result<Vec<MeasuredRun>, Error> {
    let mut rows = Vec::new();
    for (wanted, report) in wanted.iter().zip(reports) {
        let mut row = MeasuredRun {
            name: wanted.name.clone(),
            about: wanted.about.clone(),
            means: report
                .measures
                .iter()
                .map(|measure| report.mean(measure).filter(|_| !wanted.run.is_empty()))
                .collect(),
            difference: None,
            p: None,
            trec: wanted.run.to_trec().map_err(Error::Metrics)?,
        };
        if !rows.is_empty() && !wanted.run.is_empty() {
            let paired = report.paired(&reports[0], by).map_err(Error::Metrics)?;
            if paired.first.is_empty() {
                rows.push(row);
                continue;
            }
            let estimate = paired_bootstrap(&paired.first, &paired.second, &bootstrap(), observer)
                .map_err(Error::Metrics)?;
            let test = randomisation_test(&paired.first, &paired.second, DRAWS, &Seed::new(SEED), observer)
                .map_err(Error::Metrics)?;
            row.difference = Some((test.difference, estimate.interval));
            row.p = Some(test.p);
        }
        rows.push(row);
    }
    Ok(rows)
}
