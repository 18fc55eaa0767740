//! What a class looks like to the last layer: mean features and contributions, and which of them are the largest.

use counterpoise_base::Observer;
use rayon::prelude::*;
use serde::Serialize;

use crate::order::{largest, mean, ratio, share};
use crate::required::{Lengths, Required, Taker};
use crate::steps::Steps;
use crate::{ContributionsOf, DiagnoseOptions, Error, Readout, Split};

const TASK: &str = "profiling classes";

/// What every class looks like in one split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplitProfile {
    /// Which rows.
    pub split: Split,
    /// Number of rows.
    pub rows: usize,
    /// Share of rows that are predicted as what they are.
    pub accuracy: f64,
    /// Mean recall of the classes that have rows.
    pub balanced_accuracy: Option<f64>,
    /// One entry a class, in class order.
    pub classes: Vec<ClassProfile>,
}

/// What one class looks like in one split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassProfile {
    /// Name of the class.
    pub class: String,
    /// Its rows.
    pub rows: usize,
    /// Share of its rows that are predicted as it; absent without rows.
    pub recall: Option<f64>,
    /// Share of the rows predicted as it that are of it; absent where nothing is predicted as it.
    pub precision: Option<f64>,
    /// Rows of it that are predicted as it.
    pub true_positives: StratumProfile,
    /// Rows of it that are predicted as another class; "fp" in the authors' code.
    pub false_negatives: StratumProfile,
    /// Rows of other classes that are predicted as it.
    pub false_positives: StratumProfile,
    /// All rows of it.
    pub all: StratumProfile,
}

/// What the rows of one outcome look like; numbers are absent without rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StratumProfile {
    /// Number of rows.
    pub rows: usize,
    /// Contributions to the logit of the predicted class, or of the true class where options say so: CE.
    pub contributions: Option<Profile>,
    /// Features: FE.
    pub features: Option<Profile>,
    /// How many contributions predictions require.
    pub required: Option<Required>,
}

/// Means over the rows of a stratum.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    /// The largest means, in falling order; equal ones by index. Their indices are the identity of the class.
    pub top: Vec<TopFeature>,
    /// What the largest make of all positive means, in `[0, 1]`; absent where there are none.
    pub share: Option<f64>,
    /// What the largest make of the sum of all means, negative ones too; absent unless that sum is above 0.
    pub share_of_total: Option<f64>,
    /// The mean of every feature, `(width)`; absent where details are left out.
    pub mean: Option<Vec<f64>>,
    /// The share of rows among whose own largest a feature is, `(width)`; absent where details are left out.
    pub frequency: Option<Vec<f64>>,
}

/// One of the largest features of a class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TopFeature {
    /// Which feature, counted from 0.
    pub index: usize,
    /// Its mean.
    pub magnitude: f64,
    /// What it makes of all positive means; absent where there are none, or it is not above 0 itself.
    pub share: Option<f64>,
    /// Share of rows among whose own largest it is.
    pub frequency: f64,
}

/// A feature and a number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ranked {
    /// Which feature, counted from 0.
    pub index: usize,
    /// The number.
    pub value: f64,
}

/// The `k` largest of some numbers.
pub(crate) fn ranked(numbers: &[f64], k: usize) -> Vec<Ranked> {
    let mut top = Vec::new();
    largest(numbers, k, &mut top);
    let one = |&index: &u32| Ranked {
        index: index as usize,
        value: numbers[index as usize],
    };
    top.iter().map(one).collect()
}

/// Profiles every class of the rows, with all details.
///
/// Time: `O(n width)`, and what sorting takes of contributions that predictions require. Memory: `O(classes width)`.
///
/// # Source
///
/// Contributions, strata, class profiles, their largest features, ties to the lower index, and frequencies: \[code\] of the
/// sister papers of arXiv 2210.09465, whose K is 10. Contributions are averaged over true positives, features over all rows of
/// the class. Shares of the positive and of the total mass: \[code\] and its variant.
pub fn profile(
    readout: &Readout<'_>,
    options: &DiagnoseOptions,
    observer: &dyn Observer,
) -> Result<SplitProfile, Error> {
    options.check()?;
    let classes = readout.classes().len();
    let steps = Steps::new(TASK, classes, observer);
    let class = |class: usize| -> Result<ClassProfile, Error> {
        let profile = class_profile(readout, class, options);
        steps.step()?;
        Ok(profile)
    };
    let classes: Vec<ClassProfile> = (0..classes)
        .into_par_iter()
        .map(class)
        .collect::<Result<_, _>>()?;
    steps.finish()?;
    let right = classes.iter().map(|class| class.true_positives.rows).sum();
    Ok(SplitProfile {
        split: readout.split(),
        rows: readout.len(),
        accuracy: share(right, readout.len()).unwrap_or(0.0),
        balanced_accuracy: mean(classes.iter().filter_map(|class| class.recall)),
        classes,
    })
}

fn class_profile(readout: &Readout<'_>, class: usize, options: &DiagnoseOptions) -> ClassProfile {
    let k = options.top_of(readout.width());
    let mut place = Place::default();
    let [mut right, mut missed, mut taken] = [(); 3].map(|()| Sums::new(readout.width()));
    for &row in readout.rows_of(class) {
        if readout.right(row) {
            place.add(readout, row, class as u32, options, &mut right);
        } else {
            let towards = match options.contributions_of {
                ContributionsOf::Predicted => readout.predicted(row),
                ContributionsOf::True => class as u32,
            };
            place.add(readout, row, towards, options, &mut missed);
        }
    }
    for &row in readout.rows_predicted_as(class) {
        if !readout.right(row) {
            place.add(readout, row, class as u32, options, &mut taken);
        }
    }
    ClassProfile {
        class: readout.classes()[class].clone(),
        rows: right.rows + missed.rows,
        recall: share(right.rows, right.rows + missed.rows),
        precision: share(right.rows, right.rows + taken.rows),
        all: right.merged(&missed).profile(k),
        true_positives: right.profile(k),
        false_negatives: missed.profile(k),
        false_positives: taken.profile(k),
    }
}

/// Room for the numbers of one row.
#[derive(Default)]
struct Place {
    products: Vec<f64>,
    features: Vec<f64>,
    top: Vec<u32>,
    taken: Vec<u32>,
    taker: Taker,
}

impl Place {
    fn add(
        &mut self,
        readout: &Readout<'_>,
        row: usize,
        towards: u32,
        options: &DiagnoseOptions,
        sums: &mut Sums,
    ) {
        let k = options.top_of(readout.width());
        sums.rows += 1;
        self.features.clear();
        self.features
            .extend(readout.embeddings().row(row).iter().copied().map(f64::from));
        sums.features.add(&self.features, k, &mut self.top);
        readout.contributions(row, readout.predicted(row), &mut self.products);
        self.taker
            .of_products(readout, row, &self.products, options.bias_of, &mut self.taken);
        sums.lengths.add(&self.taken, readout.width());
        if towards != readout.predicted(row) {
            readout.contributions(row, towards, &mut self.products);
        }
        sums.contributions.add(&self.products, k, &mut self.top);
    }
}

/// Sums over the rows of a stratum.
struct Sums {
    rows: usize,
    contributions: Tally,
    features: Tally,
    lengths: Lengths,
}

impl Sums {
    fn new(width: usize) -> Self {
        Self {
            rows: 0,
            contributions: Tally::new(width),
            features: Tally::new(width),
            lengths: Lengths::default(),
        }
    }

    fn merged(&self, other: &Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            contributions: self.contributions.merged(&other.contributions),
            features: self.features.merged(&other.features),
            lengths: self.lengths.merged(&other.lengths),
        }
    }

    fn profile(&self, k: usize) -> StratumProfile {
        StratumProfile {
            rows: self.rows,
            contributions: self.contributions.profile(self.rows, k),
            features: self.features.profile(self.rows, k),
            required: self.lengths.required(k),
        }
    }
}

/// Sums of numbers, and how often each is among the largest.
struct Tally {
    sum: Vec<f64>,
    among: Vec<u32>,
}

impl Tally {
    fn new(width: usize) -> Self {
        Self {
            sum: vec![0.0; width],
            among: vec![0; width],
        }
    }

    fn add(&mut self, numbers: &[f64], k: usize, top: &mut Vec<u32>) {
        for (sum, number) in self.sum.iter_mut().zip(numbers) {
            *sum += number;
        }
        largest(numbers, k, top);
        top.iter().for_each(|&index| self.among[index as usize] += 1);
    }

    fn merged(&self, other: &Self) -> Self {
        let sums = self.sum.iter().zip(&other.sum);
        let counts = self.among.iter().zip(&other.among);
        Self {
            sum: sums.map(|(a, b)| a + b).collect(),
            among: counts.map(|(a, b)| a + b).collect(),
        }
    }

    fn profile(&self, rows: usize, k: usize) -> Option<Profile> {
        if rows == 0 {
            return None;
        }
        let mean: Vec<f64> = self.sum.iter().map(|sum| sum / rows as f64).collect();
        let frequency: Vec<f64> = self
            .among
            .iter()
            .map(|&count| f64::from(count) / rows as f64)
            .collect();
        let positive: f64 = mean.iter().filter(|&&number| number > 0.0).sum();
        let total: f64 = mean.iter().sum();
        let top: Vec<TopFeature> = ranked(&mean, k)
            .into_iter()
            .map(|Ranked { index, value }| TopFeature {
                index,
                magnitude: value,
                share: ratio(value, positive).filter(|_| value > 0.0),
                frequency: frequency[index],
            })
            .collect();
        let of_top = || top.iter().map(|feature| feature.magnitude);
        Some(Profile {
            share: ratio(of_top().filter(|&number| number > 0.0).sum(), positive),
            share_of_total: (total > 0.0).then(|| of_top().sum::<f64>() / total),
            top,
            mean: Some(mean),
            frequency: Some(frequency),
        })
    }
}

impl Profile {
    /// Indices of the largest features, in falling order.
    pub fn identity(&self) -> Vec<usize> {
        self.top.iter().map(|feature| feature.index).collect()
    }
}

impl SplitProfile {
    /// The same without a number for every feature.
    pub fn without_details(mut self) -> Self {
        for class in &mut self.classes {
            for stratum in class.strata_mut() {
                let profiles = stratum.contributions.iter_mut().chain(&mut stratum.features);
                profiles.for_each(|profile| (profile.mean, profile.frequency) = (None, None));
                stratum
                    .required
                    .iter_mut()
                    .for_each(|required| required.frequency = None);
            }
        }
        self
    }
}

impl ClassProfile {
    fn strata_mut(&mut self) -> [&mut StratumProfile; 4] {
        [
            &mut self.true_positives,
            &mut self.false_negatives,
            &mut self.false_positives,
            &mut self.all,
        ]
    }

    /// Which features stand for the class: the largest mean contributions of rows that are predicted rightly.
    pub fn identity(&self) -> Option<Vec<usize>> {
        self.true_positives.contributions.as_ref().map(Profile::identity)
    }
}
