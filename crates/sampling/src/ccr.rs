use counterpoise_base::{Groups, Labeled, Labels, Resampled, Warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::points::{Points, Scale, warn_of_categories};
use crate::spheres::{Cleaning, Contest, Growth, Outcome, Placement, Selection};
use crate::{Chooser, Direction, Error, Plan, Resample, Run, Strategy};

/// Grows a sphere around each row of a class, pushes rows of other classes out of it, and makes rows inside.
///
/// Cleans the surroundings of small classes and fills them in one go: rows near other classes have small spheres and
/// get most of the new rows. For two classes that overlap; with more, each class that grows has all others against it,
/// as they stood, and pushes add up (`mc-ccr` takes classes one after the other). Distances are those of numbers. A
/// new row has its categories from its base, the row in the middle of its sphere. Rows that are pushed change in the
/// output.
///
/// # Source
///
/// Koziarski and Woźniak, "CCR: A combined cleaning and resampling algorithm for imbalanced data classification",
/// International Journal of Applied Mathematics and Computer Science 27 (2017), and the authors' code
/// (michalkoziarski/CCR), off which the method, its defaults, the factor `columns^0.5` of the energy and `placement =
/// "taxicab"` are read; of the paper only the abstract was at hand. Its data is scaled to ranges of 1 beforehand; here
/// `scale` does so. As in the code, growing costs one unit more a row inside, but for the last of all rows. Different
/// here: shares of new rows are rounded so that their sum is what was asked for, where the code rounds each and may
/// make a few more or fewer; a row of another class at distance 0 is pushed in a direction of chance, where the code
/// moves it by up to 2e-6 a column first and keeps it there for the spheres that follow. `cleaning`, `selection`,
/// `p_norm` and `direction` are those of the code of MC-CCR; `cleaning = "remove"` may leave fewer rows than asked
/// for. Cost: `O(m n d)` for `m` rows of the class among `n`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Ccr {
    /// Rows wanted per class.
    pub sampling_strategy: Strategy,
    /// What a sphere may spend on growing, above 0: its radius where no row is in the way. In units of distance.
    pub energy: f64,
    /// The energy is multiplied by the number of numeric columns to this power, from 0 to 1.
    #[serde(alias = "scaling")]
    pub energy_scaling: f64,
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

impl Default for Ccr {
    fn default() -> Self {
        Self {
            sampling_strategy: Strategy::default(),
            energy: 0.25,
            energy_scaling: 0.5,
            cleaning: Cleaning::Translate,
            selection: Selection::Proportional,
            placement: Placement::Taxicab,
            p_norm: 1.0,
            scale: Scale::Range,
        }
    }
}

impl Ccr {
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

    /// Sets [`cleaning`](Self::cleaning).
    pub fn with_cleaning(mut self, cleaning: Cleaning) -> Self {
        self.cleaning = cleaning;
        self
    }
}

impl Resample for Ccr {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        if run.chooser == Chooser::Numpy {
            return Err(Error::NoReplay { method: "ccr" });
        }
        let targets = self.sampling_strategy.targets(data.labels, Direction::Over)?;
        let seed = run.seed.child("ccr");
        run.tell("making rows", 0, targets.changes.len())?;
        if targets.changes.iter().all(|&(_, count)| count == 0) {
            return Ok(Resampled::unchanged(data.rows()));
        }
        let mut warnings = Vec::new();
        let mut points = Points::new(data, self.scale, "ccr", &seed.child("order"))?;
        warn_of_categories(&data.features, "ccr", &mut warnings);
        let growth = Growth::new(
            (self.energy, self.energy_scaling, self.p_norm),
            points.width(),
            (self.cleaning, self.selection, self.placement),
        )?;
        let classes = data.labels.classes().len() as u32;
        let mut outcomes: Vec<(u32, Outcome)> = Vec::new();
        for (done, &(class, count)) in targets.changes.iter().enumerate() {
            run.tell("making rows", done, targets.changes.len())?;
            if count == 0 {
                continue;
            }
            let minority = points.rows_of(class);
            needs_a_row(data.labels, class, minority, "ccr")?;
            let others = (0..classes).filter(|&other| other != class);
            let majority: Vec<(u32, usize)> = others
                .flat_map(|other| points.rows_of(other).iter().map(move |&row| (other, row)))
                .collect();
            let contest = Contest {
                class,
                minority,
                majority: &majority,
                count,
                seed: &seed.child(data.labels.classes()[class as usize].as_str()),
            };
            outcomes.push((class, growth.contest(data, &points, &contest)));
        }
        // All spheres grew among rows as they stood.
        for (class, outcome) in outcomes {
            apply(&mut points, class, &outcome);
        }
        warn_of_removed(&points, data.labels, &mut warnings);
        Ok(points.into_resampled(&targets, warnings))
    }

    fn plan(&self, labels: &Labels, _groups: Option<&Groups>) -> Result<Plan, Error> {
        plan(labels, &self.sampling_strategy, self.cleaning)
    }
}

/// A class without rows has no sphere.
pub(crate) fn needs_a_row(
    labels: &Labels,
    class: u32,
    rows: &[usize],
    method: &'static str,
) -> Result<(), Error> {
    if rows.is_empty() {
        return Err(Error::TooFewRows {
            class: labels.classes()[class as usize].clone(),
            rows: 0,
            needed: 1,
            method,
        });
    }
    Ok(())
}

pub(crate) fn apply(points: &mut Points<'_>, class: u32, outcome: &Outcome) {
    for (point, push) in &outcome.pushes {
        points.push(*point, push);
    }
    for &point in &outcome.removed {
        points.remove(point);
    }
    points.add(class, &outcome.bases, &outcome.values);
}

/// Says where cleaning left nothing of a class.
pub(crate) fn warn_of_removed(points: &Points<'_>, labels: &Labels, warnings: &mut Vec<Warning>) {
    for (class, name) in labels.classes().iter().enumerate() {
        let rows = points.rows_of(class as u32);
        if rows.is_empty() || !points.all_of(class as u32).is_empty() {
            continue;
        }
        let message = format!(
            "class `{name}`: all {} rows were inside spheres and were removed",
            rows.len()
        );
        warnings.push(
            Warning::new("sampling.class-removed", message)
                .with_hint("set a smaller `energy`, or `cleaning = \"translate\"` to push rows instead"),
        );
    }
}

/// Where rows may be removed, only running the method can tell how many are left.
pub(crate) fn plan(labels: &Labels, strategy: &Strategy, cleaning: Cleaning) -> Result<Plan, Error> {
    let mut plan = Plan::of(labels, strategy, Direction::Over)?;
    let grows = plan.classes.iter().any(|class| class.after != Some(class.before));
    if cleaning == Cleaning::Remove && grows {
        plan.classes.iter_mut().for_each(|class| class.after = None);
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterpoise_base::{Features, SyntheticValues};

    /// `b` at 0 and 20; `a` at 1, 3, 10 and 30, in numbers as they stand.
    fn line(method: &Ccr) -> (Vec<usize>, Vec<f64>, Vec<f64>, Vec<u32>) {
        let numbers = [1.0, 3.0, 0.0, 10.0, 20.0, 30.0];
        let labels = Labels::from_names(&["a", "a", "b", "a", "b", "a"]);
        let data = Labeled::new(Features::from_rows(&numbers, 1), &labels);
        let mut method = method.clone();
        (method.scale, method.energy_scaling) = (Scale::None, 0.0);
        let result = method.resample(&data, &Run::new(3)).expect("rows are made");
        let numbers = |values: &SyntheticValues| values.as_f64().expect("numbers stay numbers").to_vec();
        let moved = result
            .replaced
            .first()
            .map_or(Vec::new(), |new| numbers(&new.values));
        let bases = result.origin.iter().map(|origin| origin.base).collect();
        (result.kept, moved, numbers(&result.synthetic[0]), bases)
    }

    #[test]
    fn rows_inside_a_sphere_are_pushed_to_its_surface() {
        // Around 0: 1 to the row at 1, then 2 x 2 to the row at 3; 1 is left, at 3 a unit: a radius of 3 + 1/3.
        // Around 20: 6 reach no row.
        let (kept, moved, made, bases) = line(&Ccr::default().with_energy(6.0));
        assert_eq!(kept, [0, 1, 2, 3, 4, 5]);
        let surface = 10.0 / 3.0;
        for (moved, expected) in moved.iter().zip([surface, surface, 0.0, 10.0, 20.0, 30.0]) {
            assert!((moved - expected).abs() < 1e-12, "{moved} for {expected}");
        }
        // Shares of two new rows: 1/r is 0.3 and 1/6, so 1.29 and 0.71, one each.
        assert_eq!(made.len(), 2);
        assert!(bases.contains(&2) && bases.contains(&4));
        for (value, base) in made.iter().zip(bases) {
            let (centre, radius) = if base == 2 { (0.0, surface) } else { (20.0, 6.0) };
            assert!((value - centre).abs() <= radius, "{value}");
        }
    }

    #[test]
    fn pushes_of_two_spheres_add_up() {
        // 24 around 0: 1 + 2 x 2 + 3 x 7 = 26 would reach the row at 10, so 19 are left at 3: 3 + 19/3 = 28/3. Around
        // 20: 10 to the rows at 10 and 30 at once, then 14 at 3: 10 + 14/3 = 44/3. They overlap the first no more.
        let (_, moved, _, _) = line(&Ccr::default().with_energy(24.0));
        let expected = [
            28.0 / 3.0,
            28.0 / 3.0,
            0.0,
            20.0 - 44.0 / 3.0,
            20.0,
            20.0 + 44.0 / 3.0,
        ];
        for (moved, expected) in moved.iter().zip(expected) {
            assert!((moved - expected).abs() < 1e-12, "{moved} for {expected}");
        }
    }

    #[test]
    fn rows_inside_are_removed_or_ignored_if_that_is_asked_for() {
        let removing = Ccr::default().with_energy(6.0).with_cleaning(Cleaning::Remove);
        let (kept, moved, made, _) = line(&removing);
        assert_eq!((kept, moved.len(), made.len()), (vec![2, 3, 4, 5], 0, 2));
        let ignoring = Ccr::default().with_energy(6.0).with_cleaning(Cleaning::Ignore);
        let (kept, moved, made, _) = line(&ignoring);
        assert_eq!((kept.len(), moved.len(), made.len()), (6, 0, 2));
    }

    #[test]
    fn a_class_that_cleaning_removes_is_told() {
        let numbers = [0.0, 1.0, 1.5];
        let labels = Labels::from_names(&["b", "a", "a"]);
        let data = Labeled::new(Features::from_rows(&numbers, 1), &labels);
        let method = Ccr::default().with_energy(99.0).with_cleaning(Cleaning::Remove);
        let result = method.resample(&data, &Run::new(3)).expect("rows are made");
        assert_eq!(result.kept, [0]);
        assert_eq!(result.warnings[0].code, "sampling.class-removed");
    }

    #[test]
    fn a_twin_of_another_class_is_pushed_somewhere() {
        let numbers = [0.0, 0.0, 50.0, 60.0];
        let labels = Labels::from_names(&["b", "a", "a", "a"]);
        let data = Labeled::new(Features::from_rows(&numbers, 1), &labels);
        let mut method = Ccr::default().with_energy(4.0);
        (method.scale, method.energy_scaling) = (Scale::None, 0.0);
        let result = method.resample(&data, &Run::new(3)).expect("rows are made");
        // The twin is inside at once: 4 at 2 a unit.
        let moved = result.replaced[0].values.as_f64().expect("numbers stay numbers");
        assert_eq!(moved[1].abs(), 2.0);
        assert_eq!((moved[0], moved[2], moved[3]), (0.0, 50.0, 60.0));
    }

    #[test]
    fn energy_is_above_nothing() {
        let labels = Labels::from_names(&["b", "a", "a"]);
        let data = Labeled::new(Features::from_rows(&[0.0, 1.0, 1.5], 1), &labels);
        let error = Ccr::default()
            .with_energy(0.0)
            .resample(&data, &Run::new(3))
            .expect_err("no energy");
        assert_eq!(
            error.to_string(),
            "`energy = 0` is out of range: a finite number above 0"
        );
    }
}
