use std::num::NonZeroUsize;

use counterpoise_base::{
    Domain, Feature, Features, Groups, Labeled, Labels, Order, Resampled, RowKeys, SyntheticValues,
};
use counterpoise_neighbors::Metric;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Chooser, Direction, EditedNearestNeighbours, Error, FewRows, KindSel, Plan, Resample, Run, Smote,
    Strategy,
};

/// SMOTE, then removes rows, old and new, whose neighbours are of other classes.
///
/// For classes that overlap: SMOTE fills the minority, the cleaning clears the mixed zone.
///
/// # Source
///
/// Batista, Prati and Monard, "A study of the behavior of several methods for balancing machine learning training
/// data", SIGKDD Explorations 6 (2004), section 3.7. As in imbalanced-learn all classes are cleaned, and a row
/// stays only if all its neighbours agree. Cost: that of cleaning the enlarged table, `O(n² d)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Smoteenn {
    /// Rows wanted per class before cleaning.
    pub sampling_strategy: Strategy,
    /// Neighbours to choose from when rows are made.
    #[serde(alias = "k")]
    pub k_neighbors: NonZeroUsize,
    /// Classes to clean.
    pub clean: Strategy,
    /// Neighbours to look at when rows are removed.
    pub n_neighbors: NonZeroUsize,
    /// How many of the neighbours have to agree for a row to stay.
    pub kind_sel: KindSel,
    /// How far apart two rows are: `auto` is Euclidean distance of numbers as they stand, and HEOM, which divides each
    /// column by its range, as soon as there is a category.
    pub metric: Metric,
    /// What to do with a class of at most `k_neighbors` rows.
    pub few_rows: FewRows,
}

impl Default for Smoteenn {
    fn default() -> Self {
        let (smote, cleaning) = (Smote::default(), EditedNearestNeighbours::default());
        Self {
            sampling_strategy: smote.sampling_strategy,
            k_neighbors: smote.k_neighbors,
            clean: Strategy::all(),
            n_neighbors: cleaning.n_neighbors,
            kind_sel: cleaning.kind_sel,
            metric: smote.metric,
            few_rows: smote.few_rows,
        }
    }
}

impl Smoteenn {
    /// Sets [`sampling_strategy`](Self::sampling_strategy).
    pub fn with_sampling_strategy(mut self, strategy: Strategy) -> Self {
        self.sampling_strategy = strategy;
        self
    }

    fn smote(&self) -> Smote {
        Smote {
            sampling_strategy: self.sampling_strategy.clone(),
            k_neighbors: self.k_neighbors,
            metric: self.metric,
            few_rows: self.few_rows,
        }
    }

    fn cleaning(&self) -> EditedNearestNeighbours {
        EditedNearestNeighbours {
            sampling_strategy: self.clean.clone(),
            n_neighbors: self.n_neighbors,
            kind_sel: self.kind_sel,
            metric: self.metric,
        }
    }
}

impl Resample for Smoteenn {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        // imbalanced-learn holds whole numbers beside others as real ones, and cuts fractions off at the end only.
        let widened = (run.chooser == Chooser::Numpy)
            .then(|| widened(&data.features))
            .flatten();
        let input = widened.as_ref().unwrap_or(&data.features);
        let mut made = self.smote().resample(
            &Labeled {
                features: input.clone(),
                ..data.clone()
            },
            run,
        )?;
        let features = input.extended(&made.synthetic);
        let mut codes = data.labels.codes().to_vec();
        codes.extend(made.origin.iter().map(|origin| origin.class));
        let labels = Labels::from_codes(data.labels.classes().to_vec(), codes);
        let enlarged = Labeled {
            features,
            labels: &labels,
            groups: None,
            keys: RowKeys::Position,
            weights: None,
        };
        let mut cleaned = self.cleaning().resample(&enlarged, run)?;
        made.warnings.append(&mut cleaned.warnings);

        let inputs = data.rows();
        let mut stays: Vec<usize> = cleaned.kept.clone();
        stays.sort_unstable();
        let old = stays.partition_point(|&row| row < inputs);
        let new: Vec<usize> = stays[old..].iter().map(|&row| row - inputs).collect();
        let order = match run.chooser {
            Chooser::Native => Order::KeptFirst,
            Chooser::Numpy => {
                let place = |row: &usize| stays.binary_search(row).map_or(0, |place| place as u32);
                Order::Explicit(cleaned.kept.iter().map(place).collect())
            }
        };
        Ok(Resampled {
            kept: stays[..old].to_vec(),
            synthetic: made
                .synthetic
                .iter()
                .zip(data.features.columns())
                .map(|(column, feature)| {
                    let mut column = select(column, &new);
                    if let (Some(_), Domain::Integer, SyntheticValues::F64(values)) =
                        (&widened, feature.domain, &mut column)
                    {
                        values.iter_mut().for_each(|value| *value = value.trunc());
                    }
                    column
                })
                .collect(),
            origin: new.iter().map(|&row| made.origin[row]).collect(),
            order,
            warnings: made.warnings,
            ..Resampled::default()
        })
    }

    fn plan(&self, labels: &Labels, _groups: Option<&Groups>) -> Result<Plan, Error> {
        let made = Plan::of(labels, &self.sampling_strategy, Direction::Over)?;
        let mut plan = Plan::of(labels, &self.clean, Direction::Clean)?;
        for (class, made) in plan.classes.iter_mut().zip(made.classes) {
            class.at_most = made.at_most;
            // What is not cleaned keeps what was made.
            class.after = class.after.and(made.after);
        }
        Ok(plan)
    }
}

/// All numbers as real ones, if whole and other numbers stand side by side.
fn widened<'a>(features: &Features<'a>) -> Option<Features<'a>> {
    let whole = |feature: &Feature<'_>| feature.domain == Domain::Integer;
    if features.numeric().all(whole) || !features.numeric().any(whole) {
        return None;
    }
    let mut columns = features.columns().to_vec();
    columns.iter_mut().for_each(|column| column.domain = Domain::Real);
    Some(Features::new(features.rows(), columns))
}

fn select(column: &SyntheticValues, rows: &[usize]) -> SyntheticValues {
    match column {
        SyntheticValues::F64(values) => SyntheticValues::F64(rows.iter().map(|&row| values[row]).collect()),
        SyntheticValues::F32(values) => SyntheticValues::F32(rows.iter().map(|&row| values[row]).collect()),
        SyntheticValues::Codes(codes) => SyntheticValues::Codes(rows.iter().map(|&row| codes[row]).collect()),
    }
}
