use std::collections::BTreeMap;

use counterpoise_base::{
    FeatureValues, Groups, Labeled, Labels, Origin, Random, Resampled, Strided, SyntheticValues,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::interpolate::{Categories, Draw, append, interpolate};
use crate::native::{Turn, round_robin};
use crate::{Chooser, Direction, Error, NumpyRandom, Plan, Resample, Run, Strategy};

/// Copies rows of small classes, with noise around them if asked (smoothed bootstrap).
///
/// The plainest over-sampling, and hard to beat with models that only need balanced counts. Works on columns of
/// any kind, missing values included; noise needs numbers.
///
/// # Source
///
/// Copies: each row is used equally often, ±1, where imbalanced-learn draws with replacement (the numpy chooser
/// does as it does). Noise: Menardi and Torelli, "Training and assessing classification rules with imbalanced
/// data", Data Mining and Knowledge Discovery 28 (2014), section 3 (ROSE): standard deviation
/// `shrinkage * (4 / ((d + 2) n))^(1 / (d + 4)) * std` a column, with `n` the rows of the whole table as in
/// imbalanced-learn. Cost: linear.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RandomOverSampler {
    /// Rows wanted per class.
    pub sampling_strategy: Strategy,
    /// Width of the noise around each copy, from 0; none for exact copies.
    pub shrinkage: Option<f64>,
    /// Width of the noise for single classes, before `shrinkage`.
    pub shrinkage_per_class: BTreeMap<String, f64>,
}

impl RandomOverSampler {
    /// Sets [`sampling_strategy`](Self::sampling_strategy).
    pub fn with_sampling_strategy(mut self, strategy: Strategy) -> Self {
        self.sampling_strategy = strategy;
        self
    }

    /// Sets [`shrinkage`](Self::shrinkage).
    pub fn with_shrinkage(mut self, shrinkage: f64) -> Self {
        self.shrinkage = Some(shrinkage);
        self
    }

    fn check(&self, data: &Labeled<'_>) -> Result<(), Error> {
        let widths = self.shrinkage_per_class.values().chain(&self.shrinkage);
        for &width in widths {
            if !(width >= 0.0 && width.is_finite()) {
                let range = "a finite number from 0";
                return Err(Error::OutOfRange {
                    option: "shrinkage",
                    value: width.to_string(),
                    range,
                });
            }
        }
        for class in self.shrinkage_per_class.keys() {
            if data.labels.code_of(class).is_none() {
                let suggestion = format!("the classes are `{}`", data.labels.classes().join("`, `"));
                return Err(Error::UnknownClass {
                    class: class.clone(),
                    suggestion,
                });
            }
        }
        if self.is_noisy() {
            // The group of a copy stays, noise or not; it is the other categories that noise cannot touch.
            if let Some(column) = data.features.categorical().find(|column| !column.copied) {
                return Err(Error::CategoricalNoise {
                    column: column.name.clone(),
                });
            }
        }
        Ok(())
    }

    fn is_noisy(&self) -> bool {
        self.shrinkage.is_some() || !self.shrinkage_per_class.is_empty()
    }

    /// Standard deviation of the noise in each numeric column.
    fn noise(&self, data: &Labeled<'_>, class: u32, rows: &[usize], chooser: Chooser) -> Vec<f64> {
        let name = &data.labels.classes()[class as usize];
        let shrinkage = self
            .shrinkage_per_class
            .get(name)
            .copied()
            .or(self.shrinkage)
            .unwrap_or(0.0);
        let (d, n) = (data.features.columns().len() as f64, data.rows() as f64);
        let width = shrinkage * (4.0 / ((d + 2.0) * n)).powf(1.0 / (d + 4.0));
        data.features
            .numeric()
            .map(|column| match &column.values {
                FeatureValues::F32(values) if chooser == Chooser::Numpy => {
                    f64::from(width as f32 * numpy_deviation(values, rows))
                }
                values => width * deviation(values, rows),
            })
            .collect()
    }
}

/// Standard deviation over `rows`, with divisor `rows.len()`.
fn deviation(values: &FeatureValues<'_>, rows: &[usize]) -> f64 {
    let at = |&row: &usize| values.number(row).unwrap_or(0.0);
    let mean = rows.iter().map(at).sum::<f64>() / rows.len() as f64;
    let square = rows
        .iter()
        .map(|row| (at(row) - mean) * (at(row) - mean))
        .sum::<f64>();
    (square / rows.len() as f64).sqrt()
}

/// What `numpy.std` gives for a column of singles: sums in single precision, row by row.
fn numpy_deviation(values: &Strided<'_, f32>, rows: &[usize]) -> f32 {
    let count = rows.len() as f64;
    let sum = rows.iter().fold(0.0_f32, |sum, &row| sum + values.get(row));
    let mean = (f64::from(sum) / count) as f32;
    let square = rows
        .iter()
        .map(|&row| (values.get(row) - mean) * (values.get(row) - mean));
    let square = square.fold(0.0_f32, |sum, square| sum + square);
    ((f64::from(square) / count) as f32).sqrt()
}

impl Resample for RandomOverSampler {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let targets = self.sampling_strategy.targets(data.labels, Direction::Over)?;
        self.check(data)?;
        let mut stream = NumpyRandom::new(run.numpy_seed);
        let mut result = Resampled::unchanged(data.rows());
        for (done, &(class, count)) in targets.changes.iter().enumerate() {
            run.tell("making rows", done, targets.changes.len())?;
            let rows = data.labels.rows_of(class);
            if count == 0 || rows.is_empty() {
                continue;
            }
            let name = data.labels.classes()[class as usize].as_str();
            let turns = match run.chooser {
                Chooser::Native => round_robin(
                    data,
                    &run.seed.child("random-over-sampler").child(name),
                    &rows,
                    count,
                ),
                Chooser::Numpy => Vec::new(),
            };
            let bases: Vec<usize> = match run.chooser {
                Chooser::Native => turns.iter().map(|turn| rows[turn.place]).collect(),
                Chooser::Numpy => stream
                    .choice(rows.len(), count, true)
                    .iter()
                    .map(|&place| rows[place])
                    .collect(),
            };
            let draws: Vec<Draw> = bases.iter().map(|&row| Draw::copy(row)).collect();
            let mut columns = interpolate(&data.features, &draws, &Categories::Base, run.chooser);
            if self.is_noisy() {
                let widths = self.noise(data, class, &rows, run.chooser);
                let mut generators: Vec<Random> = turns.iter().map(Turn::rng).collect();
                for row in 0..count {
                    let mut normal = || match generators.get_mut(row) {
                        Some(random) => random.normal(),
                        None => stream.normal(),
                    };
                    let mut widths = widths.iter();
                    for (feature, column) in data.features.columns().iter().zip(&mut columns) {
                        let noise =
                            |normal: f64, width: &f64| if feature.copied { 0.0 } else { normal * width };
                        match column {
                            SyntheticValues::F64(values) => {
                                let noisy = noise(normal(), widths.next().unwrap_or(&0.0)) + values[row];
                                values[row] = match feature.domain {
                                    counterpoise_base::Domain::Real => noisy,
                                    counterpoise_base::Domain::Integer if run.chooser == Chooser::Numpy => {
                                        noisy.trunc()
                                    }
                                    counterpoise_base::Domain::Integer => noisy.round(),
                                };
                            }
                            SyntheticValues::F32(values) => {
                                let noisy =
                                    noise(normal(), widths.next().unwrap_or(&0.0)) + f64::from(values[row]);
                                values[row] = noisy as f32;
                            }
                            SyntheticValues::Codes(_) => {}
                        }
                    }
                }
            }
            append(&mut result.synthetic, columns);
            let origin = |&row: &usize| Origin {
                away_from: row as u32,
                class,
                base: row as u32,
                neighbor: row as u32,
                step: 0.0,
            };
            result.origin.extend(bases.iter().map(origin));
        }
        Ok(result)
    }

    fn plan(&self, labels: &Labels, _groups: Option<&Groups>) -> Result<Plan, Error> {
        Plan::of(labels, &self.sampling_strategy, Direction::Over)
    }
}
