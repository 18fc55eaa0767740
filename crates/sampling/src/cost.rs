use std::time::Duration;

use counterpoise_base::Features;

use crate::{Method, Plan, PlannedClass};

/// What a run will roughly cost, told before it starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// Time of choosing and making rows, without reading and writing files; missing values and Manhattan distance take
    /// longer.
    pub time: Duration,
    /// Memory beside the table that was read, in bytes.
    pub bytes: u64,
}

/// Seconds for one multiplication and addition of a pair of rows, on one core with vectors of 512 bits, and for
/// keeping one pair. Fitted to `cargo xtask bench`; good to a factor of three elsewhere.
const SECONDS_PER_PAIR_AND_COLUMN: f64 = 2.0e-11;
const SECONDS_PER_PAIR: f64 = 2.0e-10;
/// Seconds for the draws of a synthetic row, and for one of its values.
const SECONDS_PER_ROW: f64 = 5.0e-7;
const SECONDS_PER_VALUE: f64 = 2.0e-8;

impl Cost {
    /// Estimates a run of `method` that follows `plan` on these features.
    pub fn estimate(method: &Method, plan: &Plan, features: &Features<'_>, threads: usize) -> Self {
        let (n, d) = (features.rows() as f64, features.columns().len() as f64);
        let most = plan.classes.iter().map(|class| class.at_most as f64).sum::<f64>();
        let made = most - n;
        let changed = plan
            .classes
            .iter()
            .filter(|class| class.after != Some(class.before));
        let within: f64 = changed.clone().map(|class| (class.before as f64).powi(2)).sum();
        let against_all: f64 = changed.map(|class| class.before as f64 * n).sum();
        let (pairs, rows_in_memory, made) = match method {
            Method::RandomOverSampler(_) => (0.0, 0.0, made),
            Method::RandomUnderSampler(_) | Method::Reweighing(_) | Method::FairBalance(_) => (0.0, 0.0, 0.0),
            // A model's pass over all rows, or every value sorted, looked up and held twice.
            Method::Massaging(_) | Method::DisparateImpactRemover(_) => (0.0, n, n),
            // Cells, which Fair-SMOTE looks at, are parts of classes.
            Method::Smote(_) | Method::Smotenc(_) | Method::FairSmote(_) => (within, within.sqrt(), made),
            Method::Fawos(_) | Method::BorderlineSmote(_) | Method::Adasyn(_) | Method::Eos(_) => {
                (against_all, n, made)
            }
            Method::EditedNearestNeighbours(_) => (n * n / 2.0, n, 0.0),
            // Distances are summed in double precision and one by one, at many times the price of a search; those that pass
            // what matters stop early.
            Method::Ccr(_) | Method::Rbo(_) => (15.0 * against_all, most, 2.0 * made),
            Method::McCcr(_) | Method::McRbo(_) => {
                let largest = plan.classes.iter().map(|class| class.before).max().unwrap_or(0);
                let grown: f64 = plan
                    .classes
                    .iter()
                    .filter(|class| class.after != Some(class.before))
                    .map(|class| class.before as f64)
                    .sum();
                (15.0 * grown * largest as f64, most, 2.0 * made)
            }
            // Axes of each class, and a sum over them for each value.
            Method::Amdo(_) => (against_all + 40.0 * d * d + made * d, n, made),
            Method::FairOversampling(_) => {
                // Rows of a class meet each other, and the rows made of it before.
                let grown = plan
                    .classes
                    .iter()
                    .filter(|class| class.after != Some(class.before));
                let meet = |class: &PlannedClass| class.before as f64 * class.at_most as f64;
                let rows = grown
                    .clone()
                    .map(|class| class.at_most as f64)
                    .fold(0.0, f64::max);
                (grown.map(meet).sum(), rows, made)
            }
            Method::HeterogeneousFairOversampling(_)
            | Method::FairBorderlineSmote(_)
            | Method::FairAdasyn(_) => (n * n / 2.0, n, made),
            Method::Smoteenn(_) => (most * most / 2.0, most, made),
        };
        let seconds = (pairs * (d * SECONDS_PER_PAIR_AND_COLUMN + SECONDS_PER_PAIR)
            + made * (d * SECONDS_PER_VALUE + SECONDS_PER_ROW))
            / threads.max(1) as f64;
        let value = features.columns().iter().map(|column| match column.values {
            counterpoise_base::FeatureValues::F64(_) => 8,
            _ => 4,
        });
        // Numbers in both precisions while searching, lists of neighbours, and the new rows with their origin.
        let bytes = rows_in_memory * (d * 12.0 + 160.0) + made * (value.sum::<u64>() as f64 + 96.0);
        Self {
            time: Duration::from_secs_f64(seconds),
            bytes: bytes as u64,
        }
    }
}
