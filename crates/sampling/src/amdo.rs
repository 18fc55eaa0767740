use std::num::NonZeroUsize;

use counterpoise_base::{
    Domain, FeatureValues, Groups, Labeled, Labels, Matrix, Random, Resampled, SyntheticValues, Warning,
    agree, counted,
};
use counterpoise_neighbors::{Index, Metric, Rows, Space};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::around::Around;
use crate::axes::Axes;
use crate::interpolate::{Categories, Draw, append, interpolate};
use crate::native::{Turn, by_weight, order_of_rows};
use crate::points::{off_line, refuse_missing, warn_of_categories};
use crate::same_class::copies;
use crate::{Chooser, Direction, Error, FewRows, Plan, PlannedClass, Resample, Run, Strategy, Targets};

/// Makes rows as far from the centre of their class, in Mahalanobis distance, as a row that is there.
///
/// Keeps the shape of a class: new rows spread over the ellipsoid through their base instead of lying between
/// neighbours. Rows among too few of their own class are no bases. Numbers and categories take part alike: a new
/// category is the one that its place on the axes says most. By default classes are balanced in part only: the
/// smallest grows until it has the share it would have if the largest had half as many rows again as each other class.
/// One pixel-space method of the `DeepSMOTE` paper.
///
/// # Source
///
/// Yang, Kuang, Zhang and Zhang, "AMDO: An over-sampling technique for multi-class imbalanced problems", IEEE
/// Transactions on Knowledge and Data Engineering 30 (2018), which extends Abdi and Hashemi, "To combat multi-class
/// imbalanced problems by means of over-sampling techniques", ibid. 28 (2016), MDO. We found no code of the authors,
/// and we have their abstract and the start of somebody's port (prasad8mhatre/ML-Over-Sampling), not the paper: from
/// the port are the rule of partial balance (the smallest class gets its own number of rows once more, while its share
/// is below `2 / (3c - 1)` of `c` classes; that it stops at the largest class is ours) and columns of unit variance.
/// The generalised SVD of mixed rows is that of `PCAmix` (Chavent, Kuentz-Simonet and Saracco 2012): every category a
/// column, weighted by the inverse of its share. What the paper's better synthesis is, we read as what keeps the
/// distance: shares of it are drawn, one an axis, that sum to 1. `variant = "mdo"` is MDO as in multi-imbalance:
/// numbers are centred only, each axis but the last draws within its own bounds, and with many axes the sum of their
/// parts passes 1, so that rows come out `√(axes / 3)` times as far; variances are at least 0.001; categories are
/// their base's. Defaults of `k1` and `k2` are those of multi-imbalance and smote-variants; multi-imbalance counts the
/// row itself among `k2`. Bases are used in proportion to their weight, the share of their own class among their
/// neighbours, where those draw them. The distance of mixed rows is HEOM here; we believe the paper's to be HVDM.
/// Cost: `O(m n d)` for neighbours of `m` rows of a class among `n`, and `O(d³)`, or `O(m³)` if that is less, for the
/// axes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Amdo {
    /// Rows wanted per class; none for partial balance.
    pub sampling_strategy: Option<Strategy>,
    /// Neighbours of its own class that a base has at least, among its `k2` nearest.
    pub k1: usize,
    /// Neighbours of any class to look at.
    #[serde(alias = "k", alias = "k_neighbors")]
    pub k2: NonZeroUsize,
    /// Whose rule makes rows.
    pub variant: AmdoVariant,
    /// How far apart two rows are: `auto` is Euclidean distance of numbers as they stand, and HEOM, which divides each
    /// column by its range, as soon as there is a category.
    pub metric: Metric,
    /// What to do with a class in which no row may be a base: `shrink` takes all its rows, equally often.
    pub few_rows: FewRows,
}

/// Whose rule makes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AmdoVariant {
    /// Numbers of unit variance, categories on the same axes, and a new row exactly as far from the centre as its base.
    #[default]
    Amdo,
    /// Centred numbers; axis after axis draws its part within its own bounds, and the last takes what is left.
    Mdo,
}

impl Default for Amdo {
    fn default() -> Self {
        Self {
            sampling_strategy: None,
            k1: 2,
            k2: NonZeroUsize::new(5).expect("5 is not 0"),
            variant: AmdoVariant::Amdo,
            metric: Metric::Auto,
            few_rows: FewRows::Shrink,
        }
    }
}

/// The smallest variance that MDO reckons with.
const MDO_FLOOR: f64 = 0.001;

impl Amdo {
    /// Sets [`sampling_strategy`](Self::sampling_strategy).
    pub fn with_sampling_strategy(mut self, strategy: Strategy) -> Self {
        self.sampling_strategy = Some(strategy);
        self
    }

    /// Sets [`variant`](Self::variant).
    pub fn with_variant(mut self, variant: AmdoVariant) -> Self {
        self.variant = variant;
        self
    }

    fn targets(&self, labels: &Labels) -> Result<Targets, Error> {
        let strategy = self.sampling_strategy.clone().unwrap_or_default();
        let targets = strategy.targets(labels, Direction::Over)?;
        if self.sampling_strategy.is_some() {
            return Ok(targets);
        }
        let more = partly_balanced(&labels.counts());
        let rows = |(class, count): (u32, usize)| (count > 0).then_some((class, count));
        Ok(Targets {
            changes: (0..).zip(more).filter_map(rows).collect(),
        })
    }

    /// Rows that may be bases, with the share of their own class among their neighbours.
    fn bases(&self, around: &Around, rows: &[usize], class: u32, codes: &[u32]) -> (Vec<usize>, Vec<f64>) {
        let own = |row: usize| {
            let neighbors = around.neighbors(row).iter();
            neighbors.filter(|&&other| codes[other as usize] == class).count()
        };
        let chosen = |&row: &usize| {
            let own = own(row);
            (own >= self.k1).then(|| (row, own as f64 / self.k2.get() as f64))
        };
        let (bases, mut weights): (Vec<usize>, Vec<f64>) = rows.iter().filter_map(chosen).unzip();
        // With a `k1` of 0, rows without any neighbour of their class are bases, if seldom.
        if weights.iter().all(|&weight| weight == 0.0) {
            weights.fill(1.0);
        }
        weights.iter_mut().for_each(|weight| *weight = weight.max(1e-9));
        (bases, weights)
    }
}

/// How many rows each class gets until the smallest has its share.
///
/// If the largest class has one and a half times the rows of all others, which are equal, these have `2 / (3c - 1)` of
/// all.
fn partly_balanced(counts: &[usize]) -> Vec<usize> {
    let mut after = counts.to_vec();
    let classes = counts.iter().filter(|&&count| count > 0).count();
    let largest = counts.iter().copied().max().unwrap_or(0);
    loop {
        let total: usize = after.iter().sum();
        let present = (0..after.len()).filter(|&class| after[class] > 0);
        let Some(smallest) = present.min_by_key(|&class| after[class]) else {
            break;
        };
        // Exact: no share that is just reached is missed by rounding.
        if after[smallest] * (3 * classes - 1) >= 2 * total || after[smallest] == largest {
            break;
        }
        after[smallest] = (after[smallest] + counts[smallest]).min(largest);
    }
    after
        .iter()
        .zip(counts)
        .map(|(after, before)| after - before)
        .collect()
}

impl Resample for Amdo {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        if self.k1 > self.k2.get() {
            return Err(Error::OutOfRange {
                option: "k1",
                value: self.k1.to_string(),
                range: "a whole number from 0 to `k2`",
            });
        }
        if run.chooser == Chooser::Numpy {
            return Err(Error::NoReplay { method: "amdo" });
        }
        let targets = self.targets(data.labels)?;
        let mut result = Resampled::unchanged(data.rows());
        run.tell("making rows", 0, targets.changes.len())?;
        if targets.changes.iter().all(|&(_, count)| count == 0) {
            return Ok(result);
        }
        refuse_missing(&data.features, "amdo")?;
        if self.variant == AmdoVariant::Mdo {
            warn_of_categories(&data.features, "mdo", &mut result.warnings);
        }
        let codes = data.labels.codes();
        let space = Space::new(&data.features, self.metric, run.missing)?;
        let around = Around::search(data, &Index::new(&space, Rows::All), &targets, self.k2.get(), run)?;
        for (done, &(class, count)) in targets.changes.iter().enumerate() {
            run.tell("making rows", done, targets.changes.len())?;
            if count == 0 {
                continue;
            }
            let name = data.labels.classes()[class as usize].as_str();
            let seed = run.seed.child("amdo").child(name);
            let rows = data.labels.rows_of(class);
            let order = order_of_rows(data, &seed.child("order"), &rows);
            let rows: Vec<usize> = order.iter().map(|&place| rows[place as usize]).collect();
            let (bases, weights) = self.bases(&around, &rows, class, codes);
            let (bases, weights) = match bases.len() {
                0 => match self.nobody(name, rows.len(), &mut result.warnings)? {
                    Instead::All => (rows.clone(), vec![1.0; rows.len()]),
                    Instead::Copies => {
                        let (_, draws) = copies(data, &seed, &rows, count);
                        append(&mut result.synthetic, copied(data, &draws));
                        result
                            .origin
                            .extend(draws.iter().map(|draw| off_line(class, draw.base)));
                        continue;
                    }
                },
                _ => (bases, weights),
            };
            let cloud = Cloud::new(data, bases, self.variant);
            if cloud.axes.variances.is_empty() {
                let message = format!(
                    "class `{name}`: its {} {} not vary, so they are copied",
                    counted(cloud.bases.len(), "base row"),
                    agree(cloud.bases.len(), "does", "do")
                );
                result
                    .warnings
                    .push(Warning::new("sampling.rows-copied", message));
            }
            let turns = by_weight(data, &seed, &cloud.bases, &weights, count);
            let columns = cloud.rows(data, &turns, |row, parts| {
                self.variant.draw(&mut turns[row].rng(), parts);
            });
            append(&mut result.synthetic, columns);
            let origin = |turn: &Turn| off_line(class, cloud.bases[turn.place]);
            result.origin.extend(turns.iter().map(origin));
        }
        Ok(result)
    }

    fn plan(&self, labels: &Labels, _groups: Option<&Groups>) -> Result<Plan, Error> {
        let targets = self.targets(labels)?;
        let class = |(class, (name, before)): (usize, (&String, usize))| {
            let after = before + targets.count(class as u32);
            PlannedClass {
                class: name.clone(),
                before,
                after: Some(after),
                at_most: after,
            }
        };
        Ok(Plan {
            classes: labels
                .classes()
                .iter()
                .zip(labels.counts())
                .enumerate()
                .map(class)
                .collect(),
        })
    }
}

/// What a class does in which no row may be a base.
enum Instead {
    All,
    Copies,
}

impl Amdo {
    fn nobody(&self, class: &str, rows: usize, warnings: &mut Vec<Warning>) -> Result<Instead, Error> {
        let too_few = |needed| Error::TooFewRows {
            class: class.into(),
            rows,
            needed,
            method: "amdo",
        };
        let (k1, k2) = (self.k1, self.k2);
        match self.few_rows {
            _ if rows == 0 => Err(too_few(1)),
            FewRows::Shrink if rows == 1 => Err(too_few(2)),
            FewRows::Error => Err(Error::NoBase {
                class: class.into(),
                rows,
                needed: k1,
                k: k2.get(),
            }),
            FewRows::Shrink => {
                let message = format!(
                    "class `{class}`: none of its {rows} rows has {k1} of its own class among its {k2} nearest neighbors, so all are used"
                );
                let hint =
                    "set a smaller `k1` or a larger `k2`, or `few_rows = \"duplicate\"` to copy rows instead";
                warnings.push(Warning::new("sampling.all-are-bases", message).with_hint(hint));
                Ok(Instead::All)
            }
            FewRows::Duplicate => {
                let message = format!(
                    "class `{class}`: none of its {} has {k1} of its own class among its {k2} nearest neighbors: they are copied",
                    counted(rows, "row")
                );
                warnings.push(Warning::new("sampling.rows-copied", message));
                Ok(Instead::Copies)
            }
        }
    }
}

impl AmdoVariant {
    /// How much of the distance of its base a new row has along each axis: signed roots of shares.
    fn draw(self, random: &mut Random, parts: &mut [f64]) {
        let sign = |random: &mut Random| if random.below(2) == 0 { 1.0 } else { -1.0 };
        match self {
            Self::Amdo => {
                parts.iter_mut().for_each(|part| *part = random.fraction());
                let sum: f64 = parts.iter().sum();
                for part in parts.iter_mut() {
                    let share = if sum > 0.0 { *part / sum } else { 0.0 };
                    *part = sign(random) * share.sqrt();
                }
            }
            Self::Mdo => {
                let Some((last, others)) = parts.split_last_mut() else {
                    return;
                };
                others
                    .iter_mut()
                    .for_each(|part| *part = 2.0 * random.fraction() - 1.0);
                let left = 1.0 - others.iter().map(|part| *part * *part).sum::<f64>();
                *last = sign(random) * left.max(0.0).sqrt();
            }
        }
    }
}

/// Where the numbers of a column, or one of its categories, stand in the matrix of a class.
enum Slot {
    /// The number is `mean + unit * value`.
    Number { mean: f64, unit: f64 },
    /// Levels that occur, each with its share: a category says `share + value / weight`.
    Levels(Vec<(u32, f64)>),
    /// It is the base's.
    Base,
}

/// The bases of a class and the axes along which they vary.
struct Cloud {
    bases: Vec<usize>,
    /// What each feature is in the matrix, with its first column there.
    slots: Vec<(Slot, usize)>,
    axes: Axes,
    /// Variances as the variant reckons with them.
    variances: Vec<f64>,
    floor: f64,
}

impl Cloud {
    fn new(data: &Labeled<'_>, bases: Vec<usize>, variant: AmdoVariant) -> Self {
        let n = bases.len() as f64;
        let mut width = 0;
        let mut slots = Vec::new();
        for feature in data.features.columns() {
            let slot = match &feature.values {
                _ if feature.copied => Slot::Base,
                FeatureValues::Codes { .. } if variant == AmdoVariant::Mdo => Slot::Base,
                FeatureValues::Codes { codes, levels } => {
                    let mut counts = vec![0_usize; *levels];
                    bases.iter().for_each(|&row| counts[codes[row] as usize] += 1);
                    let occurs =
                        |(level, count): (u32, usize)| (count > 0).then(|| (level, count as f64 / n));
                    Slot::Levels((0..).zip(counts).filter_map(occurs).collect())
                }
                values => {
                    let at = |&row: &usize| values.number(row).expect("the column is numeric");
                    let mean = bases.iter().map(at).sum::<f64>() / n;
                    let square = |row| (at(row) - mean) * (at(row) - mean);
                    let deviation = (bases.iter().map(square).sum::<f64>() / n).sqrt();
                    let first = at(&bases[0]);
                    match variant {
                        _ if bases.iter().all(|row| at(row) == first) => Slot::Base,
                        AmdoVariant::Amdo if deviation > 0.0 => Slot::Number {
                            mean,
                            unit: deviation,
                        },
                        _ => Slot::Number { mean, unit: 1.0 },
                    }
                }
            };
            let start = width;
            width += match &slot {
                Slot::Number { .. } => 1,
                Slot::Levels(levels) => levels.len(),
                Slot::Base => 0,
            };
            slots.push((slot, start));
        }
        let mut matrix = Matrix::zeros(bases.len(), width);
        if width > 0 {
            matrix
                .as_mut_slice()
                .par_chunks_mut(width)
                .zip(&bases)
                .for_each(|(to, &row)| {
                    for ((slot, start), feature) in slots.iter().zip(data.features.columns()) {
                        match (slot, &feature.values) {
                            (Slot::Number { mean, unit }, values) => {
                                to[*start] =
                                    (values.number(row).expect("the column is numeric") - mean) / unit;
                            }
                            (Slot::Levels(levels), FeatureValues::Codes { codes, .. }) => {
                                for (to, &(level, share)) in to[*start..].iter_mut().zip(levels) {
                                    *to = (f64::from(codes[row] == level) - share) / share.sqrt();
                                }
                            }
                            _ => {}
                        }
                    }
                });
        }
        let axes = Axes::of(&matrix);
        let (floor, divisor) = match variant {
            AmdoVariant::Amdo => (0.0, 1.0),
            // The variance of a sample.
            AmdoVariant::Mdo => (MDO_FLOOR, n / (n - 1.0).max(1.0)),
        };
        Self {
            variances: axes
                .variances
                .iter()
                .map(|variance| (divisor * variance).max(floor))
                .collect(),
            bases,
            slots,
            axes,
            floor,
        }
    }

    /// New rows: `draw` fills in the part of each axis.
    fn rows(
        &self,
        data: &Labeled<'_>,
        turns: &[Turn],
        draw: impl Fn(usize, &mut [f64]) + Sync,
    ) -> Vec<SyntheticValues> {
        let (axes, width) = (self.variances.len(), self.axes.directions.columns());
        let draws: Vec<Draw> = turns
            .iter()
            .map(|turn| Draw::copy(self.bases[turn.place]))
            .collect();
        let mut columns = copied(data, &draws);
        if axes == 0 {
            return columns;
        }
        let mut made = Matrix::zeros(turns.len(), width);
        made.as_mut_slice()
            .par_chunks_mut(width)
            .zip(turns)
            .enumerate()
            .for_each(|(row, (to, turn))| {
                let mut parts = vec![0.0; axes];
                draw(row, &mut parts);
                let scores = self.axes.scores.row(turn.place);
                let far: f64 = scores
                    .iter()
                    .zip(&self.variances)
                    .map(|(score, variance)| score * score / variance)
                    .sum();
                for (axis, (part, variance)) in parts.iter().zip(&self.variances).enumerate() {
                    let along = part * (far * variance).max(self.floor).sqrt();
                    let direction = self.axes.directions.row(axis);
                    to.iter_mut()
                        .zip(direction)
                        .for_each(|(to, direction)| *to += along * direction);
                }
            });
        let new = |(feature, (slot, start)): (usize, &(Slot, usize))| {
            let feature = &data.features.columns()[feature];
            let values = (0..turns.len()).map(|row| &made.row(row)[*start..]);
            match (slot, &feature.values) {
                (Slot::Base, _) => None,
                (Slot::Levels(levels), _) => Some(SyntheticValues::Codes(
                    values.map(|row| likeliest(levels, row)).collect(),
                )),
                (Slot::Number { mean, unit }, kind) => {
                    let numbers = values.map(|row| {
                        let value = mean + unit * row[0];
                        match feature.domain {
                            Domain::Real => value,
                            Domain::Integer => value.round(),
                        }
                    });
                    Some(match kind {
                        FeatureValues::F32(_) => SyntheticValues::F32(numbers.map(|x| x as f32).collect()),
                        _ => SyntheticValues::F64(numbers.collect()),
                    })
                }
            }
        };
        let new: Vec<Option<SyntheticValues>> = self.slots.par_iter().enumerate().map(new).collect();
        for (column, new) in columns.iter_mut().zip(new) {
            if let Some(new) = new {
                *column = new;
            }
        }
        columns
    }
}

/// The level that stands highest; of equals the first.
fn likeliest(levels: &[(u32, f64)], values: &[f64]) -> u32 {
    let says = |(&(level, share), value): (&(u32, f64), &f64)| (level, share + value * share.sqrt());
    let best = levels
        .iter()
        .zip(values)
        .map(says)
        .reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.expect("a category occurs").0
}

fn copied(data: &Labeled<'_>, draws: &[Draw]) -> Vec<SyntheticValues> {
    interpolate(&data.features, draws, &Categories::Base, Chooser::Native)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Strategy;
    use counterpoise_base::{Feature, Features, Seed, Strided};
    use proptest::prelude::*;

    #[test]
    fn classes_grow_until_the_largest_has_half_as_many_rows_again() {
        // 60, 25, 9: a share of 2/8. 9 of 94, 18 of 103, 27 are more than 25; 25 of 112, 50 of 137; then 27 of 137, 36
        // of 146 (0.2466), 45 of 155 (0.29).
        assert_eq!(partly_balanced(&[60, 25, 9]), [0, 25, 36]);
        // 2 of 5 is enough for two classes, and no class passes the largest.
        assert_eq!(partly_balanced(&[60, 40]), [0, 0]);
        assert_eq!(partly_balanced(&[60, 39]), [0, 21]);
        assert_eq!(partly_balanced(&[0, 7, 1]), [0, 0, 4]);
    }

    #[test]
    fn rows_among_other_classes_are_no_bases() {
        // Three `b` together, and one among `a`.
        let numbers = [0.0, 0.1, 0.3, 10.0, 9.8, 9.9, 10.1, 10.2, 11.0];
        let labels = Labels::from_names(&["b", "b", "b", "b", "a", "a", "a", "a", "a"]);
        let data = Labeled::new(Features::from_rows(&numbers, 1), &labels);
        let mut amdo = Amdo::default().with_sampling_strategy(Strategy::default());
        amdo.k2 = NonZeroUsize::new(2).expect("2 is not 0");
        let result = amdo.resample(&data, &Run::new(1)).expect("rows are made");
        assert_eq!(result.origin.len(), 1);
        assert!(result.origin[0].base < 3);
        // Their mean is 0.4/3. With one axis, a row as far from it as its base is the base or its mirror image.
        let made = result.synthetic[0].as_f64().expect("numbers stay numbers")[0];
        let base = numbers[result.origin[0].base as usize];
        assert!(
            (made - base).abs() < 1e-12 || (made - (0.8 / 3.0 - base)).abs() < 1e-12,
            "{made}"
        );
    }

    #[test]
    fn categories_take_part() {
        // The number says the category: 0 is `x`, 1 is `y`. One axis, and mirror images change both.
        let numbers = [0.0, 0.0, 1.0, 1.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0];
        let labels = Labels::from_names(&["b", "b", "b", "b", "a", "a", "a", "a", "a", "a", "a", "a"]);
        let codes = vec![0, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1];
        let column = |name: &str, values| Feature {
            name: name.into(),
            values,
            domain: Domain::Real,
            copied: false,
        };
        let columns = vec![
            column("number", FeatureValues::F64(Strided::contiguous(&numbers[..]))),
            column(
                "category",
                FeatureValues::Codes {
                    codes: codes.into(),
                    levels: 2,
                },
            ),
        ];
        let data = Labeled::new(Features::new(12, columns), &labels);
        let amdo = Amdo::default().with_sampling_strategy(Strategy::default());
        let result = amdo.resample(&data, &Run::new(1)).expect("rows are made");
        let made = result.synthetic[0].as_f64().expect("numbers stay numbers");
        let codes = result.synthetic[1]
            .as_codes()
            .expect("categories stay categories");
        assert_eq!(made.len(), 4);
        for (number, code) in made.iter().zip(codes) {
            assert!((number - f64::from(*code)).abs() < 1e-9, "{number} is {code}");
        }
    }

    #[test]
    fn a_class_without_bases_uses_all_its_rows_or_copies_them_or_stops() {
        let numbers = [0.0, 1.0, 0.1, 0.9, 0.2, 1.1];
        let labels = Labels::from_names(&["b", "b", "a", "a", "a", "a"]);
        let data = Labeled::new(Features::from_rows(&numbers, 1), &labels);
        let mut amdo = Amdo::default().with_sampling_strategy(Strategy::default());
        let result = amdo.resample(&data, &Run::new(1)).expect("rows are made");
        assert_eq!(result.warnings[0].code, "sampling.all-are-bases");
        amdo.few_rows = FewRows::Duplicate;
        let result = amdo.resample(&data, &Run::new(1)).expect("rows are copied");
        assert_eq!(result.warnings[0].code, "sampling.rows-copied");
        amdo.few_rows = FewRows::Error;
        let error = amdo.resample(&data, &Run::new(1)).expect_err("no row is a base");
        assert_eq!(error.code(), "sampling.no-base");
    }

    #[test]
    fn mdo_makes_the_rows_of_multi_imbalance_from_its_draws() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/mdo.json");
        let text = std::fs::read_to_string(path).expect("the golden file is there");
        let golden: serde_json::Value = serde_json::from_str(&text).expect("a golden file is JSON");
        let tolerance = golden["tolerance"].as_f64().expect("a tolerance");
        let list = |value: &serde_json::Value| -> Vec<f64> {
            serde_json::from_value(value.clone()).expect("numbers")
        };
        let table = |value: &serde_json::Value| -> Vec<Vec<f64>> {
            serde_json::from_value(value.clone()).expect("rows")
        };
        let cases = golden["cases"].as_array().expect("cases");
        assert_eq!(cases.len(), 3);
        for case in cases {
            let columns = table(&case["columns"]);
            let names: Vec<String> = list(&case["classes"]).iter().map(ToString::to_string).collect();
            let labels = Labels::from_names(&names);
            let feature = |column: &Vec<f64>| Feature {
                name: "x".into(),
                values: FeatureValues::F64(Strided::contiguous(column.clone())),
                domain: Domain::Real,
                copied: false,
            };
            let features = Features::new(names.len(), columns.iter().map(feature).collect());
            let data = Labeled::new(features, &labels);
            let mut amdo = Amdo::default().with_variant(AmdoVariant::Mdo);
            amdo.k1 = case["k1"].as_u64().expect("a number") as usize;
            amdo.k2 = NonZeroUsize::new(case["k2"].as_u64().expect("a number") as usize).expect("not 0");
            let run = Run::new(1);
            let space = Space::new(&data.features, amdo.metric, run.missing).expect("no missing value");
            let targets = Targets {
                changes: vec![(1, 1)],
            };
            let around = Around::search(
                &data,
                &Index::new(&space, Rows::All),
                &targets,
                amdo.k2.get(),
                &run,
            )
            .expect("nobody stops it");
            let (bases, weights) = amdo.bases(&around, &labels.rows_of(1), 1, labels.codes());
            let chosen: Vec<usize> = serde_json::from_value(case["chosen"].clone()).expect("rows");
            assert_eq!(bases, chosen);
            let sum: f64 = weights.iter().sum();
            for (weight, expected) in weights.iter().zip(list(&case["weights"])) {
                assert!((weight / sum - expected).abs() < tolerance);
            }
            let cloud = Cloud::new(&data, bases, AmdoVariant::Mdo);
            let turns: Vec<Turn> = list(&case["bases"])
                .iter()
                .map(|&place| Turn::new(&run.seed, place as usize, 0))
                .collect();
            let parts = table(&case["parts"]);
            let made = cloud.rows(&data, &turns, |row, to| to.copy_from_slice(&parts[row]));
            let expected = table(&case["made"]);
            assert!(!expected.is_empty());
            for (place, column) in made.iter().enumerate() {
                for (value, row) in column.as_f64().expect("numbers").iter().zip(&expected) {
                    assert!(
                        (value - row[place]).abs() < tolerance * (1.0 + row[place].abs()),
                        "{value} {row:?}"
                    );
                }
            }
        }
    }

    proptest! {
        #[test]
        fn shares_of_the_distance_sum_to_all_of_it(seed: u64, axes in 1_usize..40) {
            let mut parts = vec![0.0; axes];
            AmdoVariant::Amdo.draw(&mut Seed::new(seed).rng(), &mut parts);
            let sum: f64 = parts.iter().map(|part| part * part).sum();
            prop_assert!((sum - 1.0).abs() < 1e-12);
            AmdoVariant::Mdo.draw(&mut Seed::new(seed).rng(), &mut parts);
            let sum: f64 = parts.iter().map(|part| part * part).sum();
            prop_assert!(sum >= 1.0 - 1e-12);
        }
    }
}
