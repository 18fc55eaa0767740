use counterpoise_base::{Groups, Labeled, Labels, Resampled};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::against::{Majority, largest_first, majority};
use crate::ccr::{apply, needs_a_row, plan, warn_of_removed};
use crate::points::{Points, Scale, warn_of_categories};
use crate::spheres::{Cleaning, Contest, Growth, Placement, Selection};
use crate::{Chooser, Direction, Error, Plan, Resample, Run, Strategy};

/// CCR for many classes: the largest class first, each further one against rows of all classes before it.
///
/// For many classes that overlap. A class meets about as many rows of larger classes as the largest class has, new
/// rows of those classes included, and pushes them out of its spheres. One pixel-space method of the `DeepSMOTE`
/// paper. Distances are those of numbers; a new row has its categories from its base. Rows that are pushed change in
/// the output.
///
/// # Source
///
/// Koziarski, Woźniak and Krawczyk, "Combined cleaning and resampling algorithm for multi-class imbalanced data with
/// label noise", Knowledge-Based Systems 204 (2020), arXiv 2004.03406, and the authors' code (michalkoziarski/MC-CCR),
/// off which the method, its options and their defaults are read: an energy of 0.25 whatever the number of columns,
/// and the norm 1; of the paper only the abstract was at hand. Its data is scaled to ranges of 1 beforehand; here
/// `scale` does so. The code samples larger classes with replacement and keeps the different rows, which `majority =
/// "sampled-with-replacement"` does; multi-imbalance samples without, as is done here. `complete` is the code's other
/// `method`. As `ccr` says of its own: shares are rounded so that their sum is what was asked for, and twins of other
/// classes are pushed in a direction of chance. A class that needs no rows pushes nobody; in the code a class as large
/// as the largest does. The energy is a length: with hundreds of columns, where rows are far apart, 0.25 reaches
/// nobody: smote-variants tries values up to 100. Cost: `O(m n d)` for a class of `m` rows and a largest one of `n`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct McCcr {
    /// Rows wanted per class.
    pub sampling_strategy: Strategy,
    /// What a sphere may spend on growing, above 0: its radius where no row is in the way. In units of distance.
    pub energy: f64,
    /// The energy is multiplied by the number of numeric columns to this power, from 0 to 1.
    #[serde(alias = "scaling")]
    pub energy_scaling: f64,
    /// Which rows a class that grows is measured against.
    pub majority: Majority,
    /// What happens to rows of other classes inside a sphere.
    #[serde(alias = "cleaning_strategy")]
    pub cleaning: Cleaning,
    /// Which rows get how many new ones.
    #[serde(alias = "selection_strategy")]
    pub selection: Selection,
    /// Where in its sphere a new row is put.
    pub placement: Placement,
    /// Distances are sums of absolute differences to this power, and the root of it: 1 is Manhattan, 2 Euclidean.
    pub p_norm: f64,
    /// What numbers are measured in.
    pub scale: Scale,
}

impl Default for McCcr {
    fn default() -> Self {
        Self {
            sampling_strategy: Strategy::default(),
            energy: 0.25,
            energy_scaling: 0.0,
            majority: Majority::Sampled,
            cleaning: Cleaning::Translate,
            selection: Selection::Proportional,
            placement: Placement::Direction,
            p_norm: 1.0,
            scale: Scale::Range,
        }
    }
}

impl McCcr {
    /// Sets [`sampling_strategy`](Self::sampling_strategy).
    pub fn with_sampling_strategy(mut self, strategy: Strategy) -> Self {
        self.sampling_strategy = strategy;
        self
    }

    /// Sets [`energy`](Self::energy).
    pub fn with_energy(mut self, energy: f64) -> Self {
        self.energy = energy;
        self
    }
}

impl Resample for McCcr {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        if run.chooser == Chooser::Numpy {
            return Err(Error::NoReplay { method: "mc-ccr" });
        }
        let targets = self.sampling_strategy.targets(data.labels, Direction::Over)?;
        let seed = run.seed.child("mc-ccr");
        run.tell("making rows", 0, targets.changes.len())?;
        if targets.changes.iter().all(|&(_, count)| count == 0) {
            return Ok(Resampled::unchanged(data.rows()));
        }
        let mut warnings = Vec::new();
        let mut points = Points::new(data, self.scale, "mc-ccr", &seed.child("order"))?;
        warn_of_categories(&data.features, "mc-ccr", &mut warnings);
        let growth = Growth::new(
            (self.energy, self.energy_scaling, self.p_norm),
            points.width(),
            (self.cleaning, self.selection, self.placement),
        )?;
        let order = largest_first(data.labels);
        let largest = data.labels.counts().into_iter().max().unwrap_or(0);
        for &(class, count) in &targets.changes {
            if count > 0 {
                needs_a_row(data.labels, class, points.rows_of(class), "mc-ccr")?;
            }
        }
        for (place, &class) in order.iter().enumerate() {
            run.tell("making rows", place, order.len())?;
            let count = targets.count(class);
            if count == 0 {
                continue;
            }
            let seed = seed.child(data.labels.classes()[class as usize].as_str());
            let mut against = majority(&points, self.majority, &order, place, largest, &seed);
            // A row that was drawn twice is pushed once.
            let mut seen = vec![false; points.len()];
            against.retain(|&(_, point)| !std::mem::replace(&mut seen[point], true));
            let contest = Contest {
                class,
                minority: points.rows_of(class),
                majority: &against,
                count,
                seed: &seed,
            };
            let outcome = growth.contest(data, &points, &contest);
            apply(&mut points, class, &outcome);
        }
        warn_of_removed(&points, data.labels, &mut warnings);
        Ok(points.into_resampled(&targets, warnings))
    }

    fn plan(&self, labels: &Labels, _groups: Option<&Groups>) -> Result<Plan, Error> {
        plan(labels, &self.sampling_strategy, self.cleaning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoise_base::Features;

    #[test]
    fn a_small_class_pushes_rows_that_were_made_for_a_larger_one() {
        // `large` far away at 100, `middle` around 0, and one row of `small` right there.
        let numbers = [100.0, 101.0, 102.0, 103.0, 104.0, 105.0, 0.0, 0.1, -0.1, 0.05];
        let labels = Labels::from_names(&[
            "large", "large", "large", "large", "large", "large", "middle", "middle", "middle", "small",
        ]);
        let data = Labeled::new(Features::from_rows(&numbers, 1), &labels);
        let mut method = McCcr::default().with_energy(3.0);
        method.scale = Scale::None;
        let result = method.resample(&data, &Run::new(5)).expect("rows are made");
        assert_eq!(result.origin.len(), 3 + 5);
        // Spheres of `middle` have a radius of 3: nothing of `large` is near. `small` then meets 3 rows of `large`,
        // and 3 of `middle` out of its 3 and the 3 made around them. Growing to a radius r costs r and r - d for each
        // of the rows inside.
        let moved = result.replaced[0].values.as_f64().expect("numbers stay numbers");
        assert_eq!(moved[..6], numbers[..6], "rows far away stay");
        assert_eq!(moved[9], 0.05, "the row in the middle stays");
        let made = result.synthetic[0].as_f64().expect("numbers stay numbers");
        let small = result.origin.iter().filter(|origin| origin.base == 9);
        assert_eq!(small.count(), 5);
        let near = moved[6..9]
            .iter()
            .zip(&numbers[6..9])
            .filter(|(moved, before)| moved != before);
        let of_middle: Vec<f64> = made
            .iter()
            .zip(&result.origin)
            .filter(|(_, o)| o.base != 9)
            .map(|(x, _)| *x)
            .collect();
        assert_eq!(of_middle.len(), 3);
        // Whatever was sampled of `middle` is outside the sphere now, all at one distance.
        let radius = |x: f64| (x - 0.05).abs();
        let pushed: Vec<f64> = moved[6..9]
            .iter()
            .zip(&numbers[6..9])
            .filter(|(a, b)| a != b)
            .map(|(a, _)| radius(*a))
            .collect();
        assert!(
            pushed.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-9),
            "{pushed:?}"
        );
        assert!(near.count() >= 1);
    }

    #[test]
    fn against_a_class_stand_as_many_rows_as_the_largest_has() {
        let mut names = vec!["a"; 8];
        names.extend(["b"; 5]);
        names.extend(["c"; 2]);
        let numbers: Vec<f64> = (0..15).map(f64::from).collect();
        let labels = Labels::from_names(&names);
        let data = Labeled::new(Features::from_rows(&numbers, 1), &labels);
        let seed = Run::new(1).seed;
        let mut points = Points::new(&data, Scale::None, "mc-ccr", &seed).expect("no missing value");
        points.add(1, &[8, 9, 10], &[0.0, 0.0, 0.0]);
        let order = largest_first(&labels);
        assert_eq!(order, [0, 1, 2]);
        let of = |how, place| {
            let rows = majority(&points, how, &order, place, 8, &seed);
            let of_class = |class| rows.iter().filter(|row| row.0 == class).count();
            [0, 1, 2].map(of_class)
        };
        assert_eq!(of(Majority::Sampled, 1), [8, 0, 0]);
        assert_eq!(of(Majority::Sampled, 2), [4, 4, 0]);
        assert_eq!(of(Majority::SampledWithReplacement, 2), [4, 4, 0]);
        assert_eq!(of(Majority::Complete, 2), [8, 8, 0]);
        assert_eq!(of(Majority::Complete, 1), [8, 0, 2]);
    }
}
