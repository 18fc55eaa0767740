use counterpoise_base::{
    Domain, Feature, FeatureValues, Features, Groups, Labeled, Labels, Replaced, Resampled, SyntheticValues,
    Warning, agree, counted,
};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cells::Cells;
use crate::{Chooser, Error, Kind, Plan, Resample, Run, Transform};

/// Changes numbers so that every group has the same distribution of them, and rows of a group keep their order.
///
/// For a model that should not be able to guess the group from the features. No row is made or dropped and no class
/// changes. Rows of a test table go through the repair that was fitted on the training rows. Missing values stay
/// missing. Categories stay as they are, which a warning says: there is no order to keep, and no repair of them but by
/// chance. So do rows of a test table whose group has no training row. Rows of a group that share a value stay together:
/// where many do, groups cannot become equal, and warnings name such columns.
///
/// # Source
///
/// Feldman, Friedler, Moeller, Scheidegger and Venkatasubramanian, "Certifying and removing disparate impact", KDD 2015,
/// section 5: a value at quantile `q` of its group moves towards the median over groups of their values at `q`. Of an
/// even number of groups the lower median is taken, so that a repaired value is one that occurs. `geometric` is section
/// 5.3; a value has the middle of the quantiles that rows with this value share. `combinatorial` is what the authors'
/// BlackBoxAuditing does, and AIF360's `DisparateImpactRemover` with it, to the digit: quantiles of the different values
/// of each group, however many rows have them, as many as the group with the fewest has; a part of the way is counted in
/// values that occur. These repair the rows they are fitted on only; a value of a test row that its group lacks is
/// treated there as the nearest one that it has. Cost: `O(n log n)` a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DisparateImpactRemover {
    /// How much of the way a value goes, from 0 (stays) to 1 (all groups become equal).
    pub repair_level: f64,
    /// How quantiles are counted and where a part of the way ends.
    pub repair: Repair,
}

/// How quantiles are counted and where a part of the way ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Repair {
    /// Quantiles of rows; a part of the way is a number in between.
    #[default]
    Geometric,
    /// Quantiles of different values; a part of the way ends at a value that occurs. As AIF360 does.
    Combinatorial,
}

impl Default for DisparateImpactRemover {
    fn default() -> Self {
        Self {
            repair_level: 1.0,
            repair: Repair::default(),
        }
    }
}

impl DisparateImpactRemover {
    /// Sets [`repair_level`](Self::repair_level).
    pub fn with_repair_level(mut self, level: f64) -> Self {
        self.repair_level = level;
        self
    }

    /// Sets [`repair`](Self::repair).
    pub fn with_repair(mut self, repair: Repair) -> Self {
        self.repair = repair;
        self
    }

    fn check(&self) -> Result<(), Error> {
        if (0.0..=1.0).contains(&self.repair_level) {
            return Ok(());
        }
        Err(Error::OutOfRange {
            option: "repair_level",
            value: self.repair_level.to_string(),
            range: "a number from 0 to 1",
        })
    }

    fn fit(&self, features: &Features<'_>, groups: &Groups) -> Fitted {
        let members: Vec<Vec<usize>> = (0..groups.classes().len() as u32)
            .map(|group| groups.rows_of(group))
            .collect();
        let repaired = |(place, feature): (usize, &Feature<'_>)| {
            (is_repaired(feature)).then(|| Column {
                feature: place,
                curves: self.curves(&feature.values, &members),
            })
        };
        let columns = features.columns().par_iter().enumerate().filter_map(repaired);
        Fitted {
            groups: groups.classes().to_vec(),
            columns: columns.collect(),
        }
    }

    /// What becomes of the values of each group.
    fn curves(&self, values: &FeatureValues<'_>, members: &[Vec<usize>]) -> Vec<Curve> {
        let sorted = |rows: &Vec<usize>| {
            let numbers = rows.iter().filter_map(|&row| values.number(row));
            let mut numbers: Vec<f64> = numbers.filter(|number| !number.is_nan()).collect();
            numbers.sort_unstable_by(f64::total_cmp);
            numbers
        };
        let sorted: Vec<Vec<f64>> = members.iter().map(sorted).collect();
        match self.repair {
            Repair::Geometric => geometric(&sorted, self.repair_level),
            Repair::Combinatorial => combinatorial(&sorted, self.repair_level),
        }
    }
}

/// Whether a column is one that is repaired.
fn is_repaired(feature: &Feature<'_>) -> bool {
    !feature.copied && !feature.values.is_categorical()
}

/// The different values of a group, growing, and what becomes of each.
struct Curve {
    from: Vec<f64>,
    to: Vec<f64>,
    /// Between two values a number moves along the line between what becomes of them, or as the nearer one does.
    bent: bool,
}

impl Curve {
    fn of(&self, value: f64) -> f64 {
        if value.is_nan() || self.from.is_empty() {
            return value;
        }
        let above = self.from.partition_point(|&known| known < value);
        let last = self.from.len() - 1;
        if above <= last && self.from[above] == value {
            return self.to[above];
        }
        if above == 0 || above > last {
            return self.to[above.min(last)];
        }
        let (low, high) = (self.from[above - 1], self.from[above]);
        let share = (value - low) / (high - low);
        let (from, to) = (self.to[above - 1], self.to[above]);
        match self.bent {
            true if share.is_finite() && (to - from).is_finite() => from + share * (to - from),
            _ if value - low <= high - value => from,
            _ => to,
        }
    }
}

/// Part of the way from a value to another; never leaves what a number is.
fn part_of_the_way(from: f64, to: f64, level: f64) -> f64 {
    let value = from + level * (to - from);
    if level >= 1.0 || value.is_nan() { to } else { value }
}

/// The value at the middle of the tied rows `low..high` of a group of `n` rows, in another group.
fn at_same_quantile(sorted: &[f64], low: usize, high: usize, n: usize) -> f64 {
    // ⌈q m⌉ - 1 with q = (low + high) / 2n, in whole numbers.
    let (twice, n, m) = ((low + high) as u128, n as u128, sorted.len() as u128);
    let place = (twice * m).div_ceil(2 * n).max(1) - 1;
    sorted[place as usize]
}

/// The middle one, of two the lower one.
fn lower_median(values: &mut [f64]) -> f64 {
    let middle = (values.len() - 1) / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

fn geometric(sorted: &[Vec<f64>], level: f64) -> Vec<Curve> {
    let curve = |own: &Vec<f64>| {
        let (mut from, mut to) = (Vec::new(), Vec::new());
        let mut low = 0;
        while low < own.len() {
            let value = own[low];
            let high = low + own[low..].partition_point(|&other| other <= value);
            let others = sorted.iter().filter(|other| !other.is_empty());
            let mut at_quantile: Vec<f64> = others
                .map(|other| at_same_quantile(other, low, high, own.len()))
                .collect();
            from.push(value);
            to.push(part_of_the_way(value, lower_median(&mut at_quantile), level));
            low = high;
        }
        Curve { from, to, bent: true }
    };
    sorted.par_iter().map(curve).collect()
}

fn combinatorial(sorted: &[Vec<f64>], level: f64) -> Vec<Curve> {
    let different = |values: &[f64]| {
        let mut values = values.to_vec();
        values.dedup();
        values
    };
    let own: Vec<Vec<f64>> = sorted.iter().map(|values| different(values)).collect();
    let mut all: Vec<f64> = own.concat();
    all.sort_unstable_by(f64::total_cmp);
    all.dedup();
    let place = |value: f64| all.partition_point(|&known| known < value);
    let mut curves: Vec<Curve> = own
        .iter()
        .map(|values| Curve {
            from: values.clone(),
            to: values.clone(),
            bent: false,
        })
        .collect();
    let occupied = own.iter().filter(|values| !values.is_empty());
    let quantiles = occupied.map(Vec::len).min().unwrap_or(0);
    let unit = 1.0 / quantiles as f64;
    // Adding up rounds as BlackBoxAuditing does.
    let mut start = 0.0;
    for _ in 0..quantiles {
        let end = start + unit;
        let part = |values: &Vec<f64>| {
            let cut = |at: f64| ((at * values.len() as f64).round_ties_even() as usize).min(values.len());
            cut(start)..cut(end)
        };
        let mut medians: Vec<f64> = own
            .iter()
            .filter_map(|values| {
                let part = &values[part(values)];
                (!part.is_empty()).then(|| part[(part.len() - 1) / 2])
            })
            .collect();
        if !medians.is_empty() {
            let goal = place(lower_median(&mut medians)) as f64;
            for (values, curve) in own.iter().zip(&mut curves) {
                for index in part(values) {
                    let here = place(values[index]) as f64;
                    let moved = here + ((goal - here) * level).round_ties_even();
                    curve.to[index] = all[moved as usize];
                }
            }
        }
        start = end;
    }
    curves
}

/// One column that is repaired.
struct Column {
    feature: usize,
    /// One for each group.
    curves: Vec<Curve>,
}

/// A repair, ready for rows.
struct Fitted {
    groups: Vec<String>,
    columns: Vec<Column>,
}

impl Transform for Fitted {
    fn apply(&self, features: &Features<'_>, groups: &Groups) -> Result<Vec<Replaced>, Error> {
        let known: Vec<Option<usize>> = groups
            .classes()
            .iter()
            .map(|name| self.groups.iter().position(|group| group == name))
            .collect();
        let of_row = |column: &Column, row: usize, value: f64| match known[groups.codes()[row] as usize] {
            Some(group) => column.curves[group].of(value),
            None => value,
        };
        let replaced = |column: &Column| {
            let feature = &features.columns()[column.feature];
            let whole = feature.domain == Domain::Integer;
            let new = |row: usize, value: f64| {
                let new = of_row(column, row, value);
                if whole { new.round() } else { new }
            };
            let rows = 0..features.rows();
            let values = match &feature.values {
                FeatureValues::F32(values) => {
                    let new = |row| new(row, f64::from(values.get(row))) as f32;
                    SyntheticValues::F32(rows.map(new).collect())
                }
                FeatureValues::F64(values) => {
                    SyntheticValues::F64(rows.map(|row| new(row, values.get(row))).collect())
                }
                FeatureValues::Codes { .. } => unreachable!("only numbers are repaired"),
            };
            Replaced {
                feature: column.feature,
                values,
            }
        };
        Ok(self.columns.par_iter().map(replaced).collect())
    }
}

impl Resample for DisparateImpactRemover {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let groups = Cells::new(data.labels, data.groups, NAME)?.groups;
        self.check()?;
        if run.chooser == Chooser::Numpy {
            return Err(Error::NoReplay { method: NAME });
        }
        run.tell("repairing columns", 0, data.features.columns().len())?;
        let mut result = Resampled::unchanged(data.rows());
        result.replaced = self.fit(&data.features, groups).apply(&data.features, groups)?;
        self.tell(&data.features, groups, &result.replaced, &mut result.warnings);
        Ok(result)
    }

    fn transform(&self, data: &Labeled<'_>, _run: &Run<'_>) -> Result<Option<Box<dyn Transform>>, Error> {
        let groups = Cells::new(data.labels, data.groups, NAME)?.groups;
        self.check()?;
        Ok(Some(Box::new(self.fit(&data.features, groups))))
    }

    fn kind(&self) -> Kind {
        Kind::Values
    }

    fn plan(&self, labels: &Labels, groups: Option<&Groups>) -> Result<Plan, Error> {
        self.check()?;
        Ok(Cells::new(labels, groups, NAME)?.plan(&[]))
    }
}

const NAME: &str = "disparate-impact-remover";

/// Groups that differ by more of their rows than this after a whole repair are told.
const WORTH_TELLING: f64 = 0.1;

impl DisparateImpactRemover {
    /// Says what stayed as it was and where groups still differ.
    fn tell(
        &self,
        features: &Features<'_>,
        groups: &Groups,
        replaced: &[Replaced],
        warnings: &mut Vec<Warning>,
    ) {
        let categories: Vec<&str> = features
            .categorical()
            .filter(|feature| !feature.copied)
            .map(|feature| feature.name.as_str())
            .collect();
        if !categories.is_empty() {
            let message = format!(
                "{} {}, because categories have no order to keep: {}",
                counted(categories.len(), "categorical column"),
                agree(categories.len(), "stays as it is", "stay as they are"),
                some_of(&categories)
            );
            warnings.push(Warning::new("sampling.categories-left", message).with_hint(
                "leave them out with `--ignore`, or store them as numbers where they have an order",
            ));
        }
        let number = |values: &SyntheticValues, row: usize| match values {
            SyntheticValues::F64(values) => values[row],
            SyntheticValues::F32(values) => f64::from(values[row]),
            SyntheticValues::Codes(_) => f64::NAN,
        };
        let changed = |column: &Replaced| {
            let before = &features.columns()[column.feature].values;
            (0..features.rows()).any(|row| {
                let after = number(&column.values, row);
                !after.is_nan() && before.number(row) != Some(after)
            })
        };
        if !replaced.iter().any(changed) {
            let why = if replaced.is_empty() {
                "there is no numeric column besides the protected ones"
            } else if self.repair_level == 0.0 {
                "`repair_level` is 0"
            } else {
                "groups have equal distributions already, or values so few that none lies between"
            };
            warnings.push(Warning::new(
                "sampling.nothing-repaired",
                format!("no value changed: {why}"),
            ));
            return;
        }
        if self.repair_level < 1.0 {
            return;
        }
        let apart: Vec<(f64, &str)> = replaced
            .par_iter()
            .filter_map(|column| {
                let gap = largest_gap(groups, |row| number(&column.values, row));
                (gap > WORTH_TELLING).then(|| (gap, features.columns()[column.feature].name.as_str()))
            })
            .collect();
        if let Some(&(gap, _)) = apart.iter().max_by(|a, b| a.0.total_cmp(&b.0)) {
            let names: Vec<&str> = apart.iter().map(|&(_, name)| name).collect();
            let message = format!(
                "groups still differ in {} of {}, by up to {:.0} % of their rows, because rows that share a value stay together: {}",
                names.len(),
                counted(replaced.len(), "repaired column"),
                100.0 * gap,
                some_of(&names)
            );
            warnings.push(
                Warning::new("sampling.groups-still-differ", message)
                    .with_hint("leave such columns out with `--ignore` if they must not tell groups apart"),
            );
        }
    }
}

/// The first few names, and how many more there are.
fn some_of(names: &[&str]) -> String {
    const SHOWN: usize = 4;
    let shown = names[..names.len().min(SHOWN)].join("`, `");
    match names.len().checked_sub(SHOWN + 1) {
        None => format!("`{shown}`"),
        Some(more) => format!("`{shown}` and {} more", more + 1),
    }
}

/// How much two groups differ at most in their share of rows at or below any value.
fn largest_gap(groups: &Groups, number: impl Fn(usize) -> f64) -> f64 {
    let mut rows: Vec<(f64, u32)> = (0..groups.len())
        .map(|row| (number(row), groups.codes()[row]))
        .filter(|(number, _)| !number.is_nan())
        .collect();
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut sizes = vec![0.0; groups.classes().len()];
    rows.iter().for_each(|&(_, group)| sizes[group as usize] += 1.0);
    let mut seen = vec![0.0; sizes.len()];
    let mut largest = 0.0_f64;
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        tied.iter().for_each(|&(_, group)| seen[group as usize] += 1.0);
        let shares = seen.iter().zip(&sizes).filter(|(_, size)| **size > 0.0);
        let (low, high) = shares
            .map(|(seen, size)| seen / size)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), share| {
                (low.min(share), high.max(share))
            });
        largest = largest.max(high - low);
    }
    largest
}

#[cfg(test)]
mod tests {
    use counterpoise_base::Strided;
    use proptest::prelude::*;

    use super::*;

    /// One column, repaired.
    fn repaired(
        method: &DisparateImpactRemover,
        values: &[f64],
        groups: &[&str],
        domain: Domain,
    ) -> (Vec<f64>, Vec<Warning>) {
        let mut features = Features::from_rows(values, 1).columns()[0].clone();
        features.domain = domain;
        let classes: Vec<&str> = (0..values.len()).map(|row| ["no", "yes"][row % 2]).collect();
        let (labels, groups) = (Labels::from_names(&classes), Labels::from_names(groups));
        let mut data = Labeled::new(Features::new(values.len(), vec![features]), &labels);
        data.groups = Some(&groups);
        let result = method.resample(&data, &Run::new(1)).expect("two groups");
        let SyntheticValues::F64(values) = &result.replaced[0].values else {
            panic!("numbers stay numbers")
        };
        (values.clone(), result.warnings)
    }

    fn check(level: f64, repair: Repair, expected: [f64; 6]) {
        let method = DisparateImpactRemover::default()
            .with_repair_level(level)
            .with_repair(repair);
        let (values, _) = repaired(
            &method,
            &[1.0, 5.0, 3.0, 2.0, 8.0, 9.0],
            &["a", "a", "a", "b", "b", "b"],
            Domain::Real,
        );
        assert_eq!(values, expected, "{repair:?}, {level}");
    }

    #[test]
    fn values_move_to_the_lower_median_at_their_quantile() {
        for repair in [Repair::Geometric, Repair::Combinatorial] {
            check(1.0, repair, [1.0, 5.0, 3.0, 1.0, 3.0, 5.0]);
            check(0.0, repair, [1.0, 5.0, 3.0, 2.0, 8.0, 9.0]);
        }
        check(0.5, Repair::Geometric, [1.0, 5.0, 3.0, 1.5, 5.5, 7.0]);
        // Half of two places down from 8 among 1, 2, 3, 5, 8, 9 is 5; half of one, rounded to even, is none.
        check(0.5, Repair::Combinatorial, [1.0, 5.0, 3.0, 2.0, 5.0, 8.0]);
    }

    #[test]
    fn whole_numbers_stay_whole() {
        let method = DisparateImpactRemover::default().with_repair_level(0.3);
        let (values, _) = repaired(
            &method,
            &[1.0, 4.0, 10.0, 21.0],
            &["a", "a", "b", "b"],
            Domain::Integer,
        );
        assert_eq!(values, [1.0, 4.0, 7.0, 16.0]);
    }

    #[test]
    fn missing_values_stay_missing_and_constants_constant() {
        let groups = ["a", "a", "b", "b", "b"];
        let (values, _) = repaired(
            &DisparateImpactRemover::default(),
            &[f64::NAN, 4.0, 10.0, 21.0, f64::NAN],
            &groups,
            Domain::Real,
        );
        assert!(values[0].is_nan() && values[4].is_nan());
        assert_eq!(values[1..4], [4.0, 4.0, 4.0]);
        let (values, warnings) = repaired(
            &DisparateImpactRemover::default(),
            &[7.0; 5],
            &groups,
            Domain::Real,
        );
        assert_eq!(values, [7.0; 5]);
        assert_eq!(warnings[0].code, "sampling.nothing-repaired");
    }

    #[test]
    fn a_repair_that_changes_nothing_says_so() {
        // A third and a half of two groups are ones.
        let values = [0.0, 0.0, 1.0, 0.0, 1.0];
        let groups = ["a", "a", "a", "b", "b"];
        for repair in [Repair::Geometric, Repair::Combinatorial] {
            let method = DisparateImpactRemover::default().with_repair(repair);
            let (repaired, warnings) = repaired(&method, &values, &groups, Domain::Real);
            assert_eq!(repaired, values);
            assert_eq!(warnings[0].code, "sampling.nothing-repaired");
        }
    }

    #[test]
    fn infinite_values_do_not_become_undefined() {
        for level in [0.0, 0.4, 1.0] {
            let method = DisparateImpactRemover::default().with_repair_level(level);
            let values = [1.0, f64::INFINITY, f64::NEG_INFINITY, 2.0];
            let (values, _) = repaired(&method, &values, &["a", "a", "b", "b"], Domain::Real);
            assert!(values.iter().all(|value| !value.is_nan()), "{level}: {values:?}");
        }
    }

    #[test]
    fn rows_of_a_test_table_go_through_the_repair_of_the_training_rows() {
        let seen = [1.0, 3.0, 5.0, 11.0, 13.0, 15.0];
        let labels = Labels::from_names(&["0", "1", "0", "1", "0", "1"]);
        let groups = Labels::from_names(&["a", "a", "a", "b", "b", "b"]);
        let mut data = Labeled::new(Features::from_rows(&seen, 1), &labels);
        data.groups = Some(&groups);
        let check = |repair, expected: &[f64]| {
            let method = DisparateImpactRemover::default().with_repair(repair);
            let transform = method
                .transform(&data, &Run::new(1))
                .expect("two groups")
                .expect("it changes features");
            // Groups are known by name: their codes differ here, and `c` was not seen.
            let new = [11.0, 14.5, 99.0, 3.0, 7.0];
            let of_new = Labels::from_names(&["b", "b", "b", "a", "c"]);
            let of_new = Labels::from_codes(
                vec!["c".into(), "b".into(), "a".into()],
                of_new
                    .codes()
                    .iter()
                    .map(|code| 2 - code)
                    .map(|code| [0, 1, 2][code as usize])
                    .collect(),
            );
            let replaced = transform
                .apply(&Features::from_rows(&new, 1), &of_new)
                .expect("the same columns");
            assert_eq!(replaced[0].values.as_f64(), Some(expected), "{repair:?}");
        };
        check(Repair::Geometric, &[1.0, 4.5, 5.0, 3.0, 7.0]);
        check(Repair::Combinatorial, &[1.0, 5.0, 5.0, 3.0, 7.0]);
    }

    #[test]
    fn a_level_outside_its_range_is_refused() {
        let labels = Labels::from_names(&["0", "1"]);
        let groups = Labels::from_names(&["a", "b"]);
        for level in [-0.1, 1.5, f64::NAN] {
            let method = DisparateImpactRemover::default().with_repair_level(level);
            let error = method.plan(&labels, Some(&groups)).expect_err("out of range");
            assert_eq!(error.code(), "sampling.out-of-range");
        }
    }

    #[test]
    fn single_precision_stays_single() {
        let singles = [1.0_f32, 2.0, 5.0, 6.0];
        let feature = Feature {
            name: "x".into(),
            values: FeatureValues::F32(Strided::contiguous(&singles[..])),
            domain: Domain::Real,
            copied: false,
        };
        let labels = Labels::from_names(&["0", "1", "0", "1"]);
        let groups = Labels::from_names(&["a", "a", "b", "b"]);
        let mut data = Labeled::new(Features::new(4, vec![feature]), &labels);
        data.groups = Some(&groups);
        let result = DisparateImpactRemover::default()
            .resample(&data, &Run::new(1))
            .expect("two groups");
        assert_eq!(
            result.replaced[0].values.as_f32(),
            Some(&[1.0, 2.0, 1.0, 2.0][..])
        );
    }

    proptest! {
        #[test]
        fn a_whole_repair_makes_distributions_equal_and_keeps_the_order_of_a_group(
            rows in prop::collection::vec((-1e3..1e3, 0_usize..3), 9..80)
        ) {
            let values: Vec<f64> = rows.iter().map(|row| row.0).collect();
            // Three rows of each group at least.
            let groups: Vec<&str> = rows
                .iter()
                .enumerate()
                .map(|(place, row)| ["a", "b", "c"][if place < 9 { place % 3 } else { row.1 }])
                .collect();
            let (new, _) = repaired(&DisparateImpactRemover::default(), &values, &groups, Domain::Real);
            let named = Labels::from_names(&groups);
            let smallest = named.counts().into_iter().min().expect("three groups");
            // Without ties a group misses a quantile by one row at most.
            prop_assert!(largest_gap(&named, |row| new[row]) <= 2.0 / smallest as f64 + 1e-12);
            for a in 0..rows.len() {
                for b in 0..rows.len() {
                    if groups[a] == groups[b] && values[a] < values[b] {
                        prop_assert!(new[a] <= new[b]);
                    }
                }
            }
        }

        #[test]
        fn a_repair_ends_at_values_that_occur(
            rows in prop::collection::vec((0_i32..20, 0_usize..3), 9..60), level in 0.0..=1.0
        ) {
            let values: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let groups: Vec<&str> = rows.iter().enumerate()
                .map(|(place, row)| ["a", "b", "c"][if place < 9 { place % 3 } else { row.1 }]).collect();
            let method = DisparateImpactRemover::default()
                .with_repair(Repair::Combinatorial).with_repair_level(level);
            let (new, _) = repaired(&method, &values, &groups, Domain::Real);
            prop_assert!(new.iter().all(|value| values.contains(value)));
        }
    }
}
