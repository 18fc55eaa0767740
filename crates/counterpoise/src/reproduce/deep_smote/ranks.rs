use counterpoise_base::{Matrix, Seed};
use counterpoise_metrics::rank::{
    Adjustment, AllAlike, BayesianSignedRank, Posterior, RankComparison, Ranking,
};
use serde::Serialize;

use super::{ImageReproduction, MEASURES};
use crate::Error;

/// Whether methods differ over data sets, by one measure on the balanced test.
#[derive(Debug, Clone, Serialize)]
pub struct ImageRanks {
    /// Short name of the measure.
    pub measure: &'static str,
    /// Who all others are compared with.
    pub control: String,
    /// Methods and their average ranks, 1 for one that is always best.
    pub average_ranks: Vec<(String, f64)>,
    /// Whether all are alike.
    pub friedman: Option<AllAlike>,
    /// Each other method beside the control.
    pub against: Vec<AgainstControl>,
}

/// A method beside the control.
#[derive(Debug, Clone, Serialize)]
pub struct AgainstControl {
    /// The method.
    pub method: String,
    /// Average ranks compared, with Shaffer's adjustment for all pairs.
    pub ranks: RankComparison,
    /// How likely the control is better (`first`), or the method.
    pub posterior: Posterior,
}

/// Ranks all methods that every data set has, if there are two of each and DeepSMOTE is among them.
pub(super) fn ranks(found: &ImageReproduction) -> Result<Vec<ImageRanks>, Error> {
    let Some(first) = found.sets.first() else {
        return Ok(Vec::new());
    };
    let value = |set: usize, method: &str, measure: usize| {
        let row = found.sets[set].rows.iter().find(|row| row.method == method)?;
        row.balanced.as_ref()?[measure].ours.value
    };
    let methods: Vec<String> = first
        .rows
        .iter()
        .map(|row| row.method.to_owned())
        .filter(|method| {
            (0..found.sets.len())
                .all(|set| (0..MEASURES.len()).all(|place| value(set, method, place).is_some()))
        })
        .collect();
    let control = methods.iter().find(|method| method.starts_with("deepsmote"));
    let (Some(control), 2.., 2..) = (control, methods.len(), found.sets.len()) else {
        return Ok(Vec::new());
    };
    let names: Vec<String> = found.sets.iter().map(|set| set.data.name().to_owned()).collect();
    let mut all = Vec::new();
    for (place, (measure, _)) in MEASURES.into_iter().enumerate() {
        let scores: Vec<f64> = (0..names.len())
            .flat_map(|set| methods.iter().filter_map(move |method| value(set, method, place)))
            .collect();
        let ranking = Ranking::of(&names, &methods, &Matrix::new(names.len(), methods.len(), scores))?;
        let pairs = ranking.all_pairs(Adjustment::Shaffer)?;
        let of = |method: &str| -> Vec<f64> {
            (0..names.len())
                .filter_map(|set| value(set, method, place))
                .collect()
        };
        let mut against = Vec::new();
        for pair in pairs {
            let method = if pair.first == *control {
                pair.second.clone()
            } else if pair.second == *control {
                pair.first.clone()
            } else {
                continue;
            };
            let seed = Seed::new(found.seed).child("signed-rank").child(method.as_str());
            let posterior = BayesianSignedRank::default().posterior(&of(control), &of(&method), &seed)?;
            against.push(AgainstControl {
                method,
                ranks: pair,
                posterior,
            });
        }
        all.push(ImageRanks {
            measure,
            control: control.clone(),
            average_ranks: methods
                .iter()
                .cloned()
                .zip(ranking.average_ranks().iter().copied())
                .collect(),
            friedman: ranking.friedman(),
            against,
        });
    }
    Ok(all)
}
