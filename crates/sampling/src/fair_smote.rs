use counterpoise_base::{
    Domain, Feature, FeatureValues, Features, Groups, Labeled, Labels, MISSING, Origin, Replaced, Resampled,
    SyntheticValues, Warning,
};
use counterpoise_learn::{Encoder, Learner, LogisticRegression, Training};
use counterpoise_neighbors::{Metric, Rows, Search, Space};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cells::{Cell, Cells};
use crate::interpolate::append;
use crate::native::{Turn, round_robin};
use crate::{Chooser, Error, FewRows, Kind, MissingCell, Plan, Resample, Run};

/// Makes all cells, class x group, as large as the largest, then drops rows whose class seems to hang on their group.
///
/// Equal classes and equal groups at once, for any number of both. A new row is a row of its cell, moved by the
/// difference of its two nearest neighbours there. Situation testing then fits logistic regression to all rows, asks it
/// about every row as if it were in each other group, and drops those for which its answer changes, new and old ones. It
/// needs the protected columns among the features.
///
/// # Source
///
/// Chakraborty, Majumder and Menzies, "Bias in machine learning software: why? how? what to do?", ESEC/FSE 2021, sections
/// 4.1 and 4.2 (Fair-SMOTE). With probability `crossover` a number becomes `row + step (first - second)`, and a yes-or-no
/// value one of the three rows'; a category is always one of the three rows'; all else stays. The authors' code differs:
/// it moves every number (`crossover = 1`) and takes its absolute value (`outside = "absolute"`), which suits columns
/// scaled from 0 to 1; it draws the row to start from anew each time, where here each has its turn. In both, rows are made
/// first and tested second, by one model fitted on all of them (LIBLINEAR, `C = 1`; here on standardised columns, so that
/// its penalty is another). Flipping two values is generalised: a row is dropped if any other group changes the answer. A
/// protected number, `age<=25` for one, becomes the middle one of the other group. Several protected columns make one
/// group each combination. Cost: `O(m² d)` for a cell of `m` rows, less where a tree helps, and one logistic regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FairSmote {
    /// Probability that a value of a new row is not that of the row it starts from, from 0 to 1; categories always may
    /// change.
    #[serde(alias = "cr")]
    pub crossover: f64,
    /// How much of the neighbours' difference is added to a number, from 0.
    #[serde(alias = "f")]
    pub step: f64,
    /// What happens to numbers outside the range of their column.
    pub outside: Outside,
    /// Whether rows are dropped that logistic regression would put into another class if they were in another group.
    pub situation_testing: bool,
    /// Protected columns that situation testing changes; all of them if none is named.
    pub flip: Vec<String>,
    /// How far apart two rows are: `auto` is Euclidean distance of numbers as they stand, and HEOM, which divides each
    /// column by its range, as soon as there is a category.
    pub metric: Metric,
    /// What to do with a cell of less than three rows: `shrink` makes rows between two and copies a single one.
    pub few_rows: FewRows,
    /// What to do about a group that lacks a class.
    pub empty_cell: MissingCell,
}

/// What happens to a number that leaves the range of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outside {
    /// It becomes the smallest or the largest number of the column.
    #[default]
    Clamp,
    /// It stays: ages may become negative.
    Keep,
    /// It becomes its absolute value, in range or not, as in the authors' code.
    Absolute,
}

impl Default for FairSmote {
    fn default() -> Self {
        Self {
            crossover: 0.8,
            step: 0.8,
            outside: Outside::default(),
            situation_testing: true,
            flip: Vec::new(),
            metric: Metric::Auto,
            few_rows: FewRows::Shrink,
            empty_cell: MissingCell::default(),
        }
    }
}

impl FairSmote {
    /// Sets [`situation_testing`](Self::situation_testing).
    pub fn with_situation_testing(mut self, situation_testing: bool) -> Self {
        self.situation_testing = situation_testing;
        self
    }

    /// Sets [`flip`](Self::flip).
    pub fn with_flip<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.flip = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Sets [`crossover`](Self::crossover).
    pub fn with_crossover(mut self, crossover: f64) -> Self {
        self.crossover = crossover;
        self
    }

    /// Sets [`step`](Self::step).
    pub fn with_step(mut self, step: f64) -> Self {
        self.step = step;
        self
    }

    /// Sets [`outside`](Self::outside).
    pub fn with_outside(mut self, outside: Outside) -> Self {
        self.outside = outside;
        self
    }

    /// Sets [`few_rows`](Self::few_rows).
    pub fn with_few_rows(mut self, few_rows: FewRows) -> Self {
        self.few_rows = few_rows;
        self
    }

    /// Sets [`empty_cell`](Self::empty_cell).
    pub fn with_empty_cell(mut self, empty_cell: MissingCell) -> Self {
        self.empty_cell = empty_cell;
        self
    }

    fn check(&self) -> Result<(), Error> {
        let out_of_range = |option, value: f64, range| Error::OutOfRange {
            option,
            value: value.to_string(),
            range,
        };
        if !(0.0..=1.0).contains(&self.crossover) {
            return Err(out_of_range("crossover", self.crossover, "a number from 0 to 1"));
        }
        if !(self.step >= 0.0 && self.step.is_finite()) {
            return Err(out_of_range("step", self.step, "a finite number from 0"));
        }
        Ok(())
    }

    /// How many rows each cell gets.
    fn wanted(&self, cells: &Cells<'_>, warnings: &mut Vec<Warning>) -> Result<Vec<(Cell, usize)>, Error> {
        warnings.extend(cells.lacking(self.empty_cell)?);
        let most = cells.largest();
        let wanted = cells.all().map(|cell| (cell, cells.count(cell)));
        let wanted: Vec<(Cell, usize)> = wanted
            .filter(|&(_, count)| (1..most).contains(&count))
            .map(|(cell, count)| (cell, most - count))
            .collect();
        cells.check_total(&wanted)?;
        self.tell_small(cells, &wanted, warnings)?;
        Ok(wanted)
    }

    /// Tells of cells in which a row has no two others, or stops at them.
    fn tell_small(
        &self,
        cells: &Cells<'_>,
        wanted: &[(Cell, usize)],
        warnings: &mut Vec<Warning>,
    ) -> Result<(), Error> {
        let small = wanted
            .iter()
            .map(|pair| pair.0)
            .filter(|&cell| cells.count(cell) < 3);
        let (copied, pairs): (Vec<Cell>, Vec<Cell>) =
            small.partition(|&cell| self.few_rows == FewRows::Duplicate || cells.count(cell) < 2);
        if let (FewRows::Error, Some(&cell)) = (self.few_rows, copied.iter().chain(&pairs).min()) {
            return Err(cells.too_small(cell, cells.count(cell), 3));
        }
        cells.tell_copied(copied, warnings);
        if !pairs.is_empty() {
            let message = format!(
                "new rows lie between the only two rows there are: {}",
                cells.list(&pairs)
            );
            warnings.push(
                Warning::new("sampling.small-cells", message)
                    .with_hint("merge small groups, or name fewer protected columns"),
            );
        }
        Ok(())
    }

    /// The parents of each new row of a cell, and what each column takes from them.
    fn choose(
        &self,
        data: &Labeled<'_>,
        cells: &Cells<'_>,
        (cell, count): (Cell, usize),
        space: &Space,
        shapes: &[Shape],
        run: &Run<'_>,
    ) -> Result<Vec<Draw>, Error> {
        let rows = cells.rows_of(&[cell]).concat();
        let (class_name, group_name) = (cells.class_name(cell), cells.group_name(cell));
        let seed = run.seed.child(NAME).child(class_name).child(group_name);
        let turns = round_robin(data, &seed, &rows, count);
        let k = match (self.few_rows, rows.len()) {
            (_, 3..) => 2,
            (FewRows::Shrink, 2) => 1,
            _ => {
                let copy = |turn: &Turn| {
                    let row = rows[turn.place];
                    Draw::of([row, row, row], vec![Take::Base; shapes.len()])
                };
                return Ok(turns.iter().map(copy).collect());
            }
        };
        let inside = Rows::Some(&rows);
        let graph = Search::new(k).neighbors(space, inside, inside, run.observer)?;
        let draw = |turn: &Turn| {
            let mut random = turn.rng();
            let neighbors = graph.neighbors(turn.place);
            let base = rows[turn.place];
            let at = |rank: usize| neighbors.get(rank).map_or(base, |&row| row as usize);
            let mut take = |shape: &Shape| match shape {
                Shape::Number if random.fraction() < self.crossover => Take::Moved,
                Shape::YesOrNo if random.fraction() < self.crossover => Take::of(random.below(3)),
                Shape::Protected | Shape::Number | Shape::YesOrNo => Take::Base,
                Shape::Category => Take::of(random.below(3)),
            };
            let takes = shapes.iter().map(&mut take).collect();
            Draw::of([base, at(0), at(1)], takes)
        };
        Ok(turns.par_iter().map(draw).collect())
    }

    /// Values of all columns for all draws.
    fn values(&self, features: &Features<'_>, draws: &[Draw]) -> Vec<SyntheticValues> {
        let of_column = |(place, feature): (usize, &Feature<'_>)| match &feature.values {
            FeatureValues::Codes { codes, .. } => {
                let code = |draw: &Draw| {
                    let chosen = codes[draw.chosen(place)];
                    let mut others = draw.parents.iter().map(|&row| codes[row]);
                    match chosen {
                        MISSING => others.find(|&code| code != MISSING).unwrap_or(MISSING),
                        code => code,
                    }
                };
                SyntheticValues::Codes(draws.par_iter().map(code).collect())
            }
            numbers => {
                let range = range(numbers);
                let number = |draw: &Draw| self.number(feature, place, draw, range);
                match numbers {
                    FeatureValues::F32(_) => {
                        SyntheticValues::F32(draws.par_iter().map(|draw| number(draw) as f32).collect())
                    }
                    _ => SyntheticValues::F64(draws.par_iter().map(number).collect()),
                }
            }
        };
        features.columns().iter().enumerate().map(of_column).collect()
    }

    fn number(&self, feature: &Feature<'_>, place: usize, draw: &Draw, (low, high): (f64, f64)) -> f64 {
        let at = |row: usize| feature.values.number(row).unwrap_or(f64::NAN);
        let [base, first, second] = draw.parents.map(at);
        let moved = base + self.step * (first - second);
        if draw.takes[place] != Take::Moved || moved.is_nan() {
            let chosen = at(draw.chosen(place));
            let present = [chosen, base, first, second]
                .into_iter()
                .find(|value| !value.is_nan());
            return present.unwrap_or(f64::NAN);
        }
        let moved = match feature.domain {
            Domain::Real => moved,
            Domain::Integer => moved.round(),
        };
        match self.outside {
            Outside::Clamp => moved.clamp(low, high),
            Outside::Keep => moved,
            Outside::Absolute => moved.abs(),
        }
    }

    /// What is left after situation testing.
    fn tested(
        &self,
        data: &Labeled<'_>,
        cells: &Cells<'_>,
        mut result: Resampled,
        run: &Run<'_>,
    ) -> Result<Resampled, Error> {
        if !self.situation_testing {
            return Ok(result);
        }
        match self.unmoved(data, cells, &result, run)? {
            None => result.warnings.push(
                Warning::new(
                    "sampling.no-situation",
                    "situation testing looked at no row: no protected column is among the features",
                )
                .with_hint("leave protected columns among the features, or set `situation_testing = false`"),
            ),
            Some(stays) => {
                let dropped = stays.iter().filter(|&&stays| !stays).count();
                if dropped > 0 {
                    let inputs = stays[..data.rows()].iter().filter(|&&stays| !stays).count();
                    let message = format!(
                        "situation testing dropped {dropped} of {} rows ({:.1} %), {inputs} of them input rows: in another group, logistic regression would put them into another class",
                        stays.len(),
                        100.0 * dropped as f64 / stays.len() as f64
                    );
                    result.warnings.push(
                        Warning::new("sampling.situation-testing", message)
                            .with_hint("set `situation_testing = false` to keep them"),
                    );
                    without(&mut result, &stays);
                }
            }
        }
        Ok(result)
    }

    /// Which rows, input rows first, stay in their class whatever their group; none is looked at without a protected
    /// column among the features.
    fn unmoved(
        &self,
        data: &Labeled<'_>,
        cells: &Cells<'_>,
        made: &Resampled,
        run: &Run<'_>,
    ) -> Result<Option<Vec<bool>>, Error> {
        run.tell("testing situations", 0, 1)?;
        let features = data.features.extended(&made.synthetic);
        let codes = data.labels.codes().iter().copied();
        let labels: Vec<u32> = codes
            .chain(made.origin.iter().map(|origin| origin.class))
            .collect();
        let inputs = cells.groups.codes().iter().copied();
        let bases = made
            .origin
            .iter()
            .map(|origin| cells.groups.codes()[origin.base as usize]);
        let groups: Vec<u32> = inputs.chain(bases).collect();
        let flipped = self.flipped_columns(&data.features)?;
        if flipped.is_empty() {
            return Ok(None);
        }
        let encoder = Encoder::fit(&features);
        let mut model = LogisticRegression::default();
        (model.penalize_intercept, model.tol) = (true, 1e-4);
        let design = encoder.encode(&features);
        let training = Training {
            design: &design,
            labels: &labels,
            classes: data.labels.classes(),
            weights: None,
            groups: None,
        };
        let model =
            Learner::Logistic(model).fit(&training, &run.seed.child(NAME).child("situation testing"))?;
        let classes = data.labels.classes().len();
        let answers = |probabilities: Vec<f64>| -> Vec<usize> {
            probabilities.chunks_exact(classes).map(most_likely).collect()
        };
        let answer = answers(model.probabilities(&design)?);
        let mut stays = vec![true; labels.len()];
        let present = &cells.with_rows;
        let usual = usual_values(&data.features, &flipped, cells);
        for shift in 1..present.len() {
            let other = |group: u32| {
                let place = present.partition_point(|&known| known < group);
                present[(place + shift) % present.len()]
            };
            let replaced: Vec<Replaced> = flipped
                .par_iter()
                .zip(&usual)
                .map(|(&feature, usual)| Replaced {
                    feature,
                    values: in_other_groups(&features.columns()[feature].values, usual, &groups, &other),
                })
                .collect();
            let asked = encoder.encode(&features.replaced(&replaced));
            let again = answers(model.probabilities(&asked)?);
            for (stays, (again, answer)) in stays.iter_mut().zip(again.iter().zip(&answer)) {
                *stays &= again == answer;
            }
            run.tell("testing situations", shift, present.len() - 1)?;
        }
        Ok(Some(stays))
    }

    /// Places of the protected columns that situation testing changes.
    fn flipped_columns(&self, features: &Features<'_>) -> Result<Vec<usize>, Error> {
        let protected: Vec<(usize, &str)> = features
            .columns()
            .iter()
            .enumerate()
            .filter(|(_, feature)| feature.copied)
            .map(|(place, feature)| (place, feature.name.as_str()))
            .collect();
        if let Some(name) = self
            .flip
            .iter()
            .find(|name| protected.iter().all(|known| known.1 != *name))
        {
            let names: Vec<&str> = protected.iter().map(|known| known.1).collect();
            return Err(Error::UnknownName {
                option: "flip",
                what: "protected column",
                name: name.clone(),
                suggestion: format!(
                    "the protected columns among the features are `{}`",
                    names.join("`, `")
                ),
            });
        }
        let wanted = |name: &str| self.flip.is_empty() || self.flip.iter().any(|flip| flip == name);
        Ok(protected
            .into_iter()
            .filter(|(_, name)| wanted(name))
            .map(|(place, _)| place)
            .collect())
    }
}

/// What a column holds, as far as new rows are concerned.
enum Shape {
    Protected,
    Number,
    YesOrNo,
    Category,
}

impl Shape {
    fn of(feature: &Feature<'_>) -> Self {
        match &feature.values {
            _ if feature.copied => Self::Protected,
            FeatureValues::Codes { levels: ..=2, .. } => Self::YesOrNo,
            FeatureValues::Codes { .. } => Self::Category,
            numbers => {
                let (low, high) = range(numbers);
                let values = (0..numbers.len()).filter_map(|row| numbers.number(row));
                let between = |value: f64| value > low && value < high;
                if values.into_iter().any(between) {
                    Self::Number
                } else {
                    Self::YesOrNo
                }
            }
        }
    }
}

/// The smallest and the largest number; 0 without any.
fn range(values: &FeatureValues<'_>) -> (f64, f64) {
    let numbers = (0..values.len())
        .filter_map(|row| values.number(row))
        .filter(|number| !number.is_nan());
    let range = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), number| {
        (low.min(number), high.max(number))
    });
    if range.0 <= range.1 { range } else { (0.0, 0.0) }
}

/// Where a value of a new row comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Take {
    Base,
    First,
    Second,
    /// The base's number, moved by the difference of the neighbours'.
    Moved,
}

impl Take {
    fn of(parent: usize) -> Self {
        [Self::Base, Self::First, Self::Second][parent]
    }
}

/// How one new row is made.
struct Draw {
    /// Base, nearest and second nearest row.
    parents: [usize; 3],
    /// One for each column.
    takes: Vec<Take>,
}

impl Draw {
    fn of(parents: [usize; 3], takes: Vec<Take>) -> Self {
        Self { parents, takes }
    }

    /// The row whose value a column takes; the base where the value is moved.
    fn chosen(&self, place: usize) -> usize {
        match self.takes[place] {
            Take::Base | Take::Moved => self.parents[0],
            Take::First => self.parents[1],
            Take::Second => self.parents[2],
        }
    }

    fn origin(&self, class: u32, step: f64) -> Origin {
        let [base, first, second] = self.parents.map(|row| row as u32);
        Origin {
            class,
            base,
            neighbor: first,
            away_from: if first == base { base } else { second },
            step: if first == base { 0.0 } else { step },
        }
    }
}

/// Place of the largest, of equals the first.
fn most_likely(probabilities: &[f64]) -> usize {
    let mut best = 0;
    for (class, &probability) in probabilities.iter().enumerate() {
        if probability > probabilities[best] {
            best = class;
        }
    }
    best
}

/// What stands in protected columns of the rows of a group.
enum Usual {
    Numbers(Vec<f64>),
    Codes(Vec<u32>),
}

/// The middle number or the most frequent category of each group in some columns.
fn usual_values(features: &Features<'_>, columns: &[usize], cells: &Cells<'_>) -> Vec<Usual> {
    let groups = cells.groups.classes().len() as u32;
    let members: Vec<Vec<usize>> = (0..groups).map(|group| cells.groups.rows_of(group)).collect();
    let of_column = |&column: &usize| match &features.columns()[column].values {
        FeatureValues::Codes { codes, levels } => {
            let most = |rows: &Vec<usize>| {
                let mut counts = vec![0_usize; *levels];
                rows.iter()
                    .filter(|&&row| codes[row] != MISSING)
                    .for_each(|&row| counts[codes[row] as usize] += 1);
                let best = counts.iter().copied().max().unwrap_or(0);
                counts
                    .iter()
                    .position(|&count| count == best)
                    .map_or(MISSING, |code| code as u32)
            };
            Usual::Codes(members.iter().map(most).collect())
        }
        numbers => {
            let middle = |rows: &Vec<usize>| {
                let values = rows.iter().filter_map(|&row| numbers.number(row));
                let mut values: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
                let middle = values.len().saturating_sub(1) / 2;
                values.sort_unstable_by(f64::total_cmp);
                values.get(middle).copied().unwrap_or(f64::NAN)
            };
            Usual::Numbers(members.iter().map(middle).collect())
        }
    };
    columns.iter().map(of_column).collect()
}

/// A protected column as if rows were in other groups; a value that both groups share stays.
fn in_other_groups(
    values: &FeatureValues<'_>,
    usual: &Usual,
    groups: &[u32],
    other: &(impl Fn(u32) -> u32 + Sync),
) -> SyntheticValues {
    let number = |usual: &[f64], row: usize, own: f64| {
        let (here, there) = (usual[groups[row] as usize], usual[other(groups[row]) as usize]);
        if here == there || there.is_nan() {
            own
        } else {
            there
        }
    };
    match (values, usual) {
        (FeatureValues::F64(own), Usual::Numbers(usual)) => {
            let rows = 0..groups.len();
            SyntheticValues::F64(rows.map(|row| number(usual, row, own.get(row))).collect())
        }
        (FeatureValues::F32(own), Usual::Numbers(usual)) => {
            let rows = 0..groups.len();
            let single = |row| number(usual, row, f64::from(own.get(row))) as f32;
            SyntheticValues::F32(rows.map(single).collect())
        }
        (FeatureValues::Codes { codes, .. }, Usual::Codes(usual)) => {
            let code = |(row, &own): (usize, &u32)| {
                let (here, there) = (usual[groups[row] as usize], usual[other(groups[row]) as usize]);
                if here == there || there == MISSING {
                    own
                } else {
                    there
                }
            };
            SyntheticValues::Codes(codes.iter().enumerate().map(code).collect())
        }
        _ => unreachable!("usual values are of the type of their column"),
    }
}

/// Leaves out values of which `stays` says so.
fn retain<T>(values: &mut Vec<T>, stays: &[bool]) {
    let mut stays = stays.iter();
    values.retain(|_| stays.next().copied().unwrap_or(true));
}

/// Leaves out rows; `stays` has the input rows first.
fn without(result: &mut Resampled, stays: &[bool]) {
    let (inputs, made) = stays.split_at(result.kept.len());
    result.kept.retain(|&row| inputs[row]);
    retain(&mut result.origin, made);
    for column in &mut result.synthetic {
        match column {
            SyntheticValues::F64(values) => retain(values, made),
            SyntheticValues::F32(values) => retain(values, made),
            SyntheticValues::Codes(codes) => retain(codes, made),
        }
    }
}

impl Resample for FairSmote {
    fn resample(&self, data: &Labeled<'_>, run: &Run<'_>) -> Result<Resampled, Error> {
        let cells = Cells::new(data.labels, data.groups, NAME)?;
        self.check()?;
        if run.chooser == Chooser::Numpy {
            return Err(Error::NoReplay { method: NAME });
        }
        let mut result = Resampled::unchanged(data.rows());
        let wanted = self.wanted(&cells, &mut result.warnings)?;
        run.tell("making rows", 0, wanted.len())?;
        if wanted.is_empty() {
            return self.tested(data, &cells, result, run);
        }
        let space = Space::new(&data.features, self.metric, run.missing)?;
        let shapes: Vec<Shape> = data.features.columns().iter().map(Shape::of).collect();
        for (done, &pair) in wanted.iter().enumerate() {
            let draws = self.choose(data, &cells, pair, &space, &shapes, run)?;
            append(&mut result.synthetic, self.values(&data.features, &draws));
            let origin = |draw: &Draw| draw.origin(pair.0.class, self.step);
            result.origin.extend(draws.iter().map(origin));
            run.tell("making rows", done + 1, wanted.len())?;
        }
        self.tested(data, &cells, result, run)
    }

    fn kind(&self) -> Kind {
        Kind::RowsOfThree
    }

    fn plan(&self, labels: &Labels, groups: Option<&Groups>) -> Result<Plan, Error> {
        self.check()?;
        let cells = Cells::new(labels, groups, NAME)?;
        let mut plan = cells.plan(&self.wanted(&cells, &mut Vec::new())?);
        if self.situation_testing {
            plan.classes.iter_mut().for_each(|class| class.after = None);
        }
        Ok(plan)
    }
}

const NAME: &str = "fair-smote";

#[cfg(test)]
mod tests {
    use counterpoise_base::Strided;
    use proptest::prelude::*;

    use super::*;
    use crate::MissingCell;

    /// Rows of a number, a whole number, a flag, a category and the group.
    struct Table {
        number: Vec<f64>,
        whole: Vec<f64>,
        flag: Vec<f64>,
        city: Vec<u32>,
        group: Vec<u32>,
        class: Vec<u32>,
    }

    impl Table {
        /// `cells[class][group]` rows; the number depends on both.
        fn of_cells(cells: &[&[usize]]) -> Self {
            let mut random = counterpoise_base::Seed::new(5).rng();
            let mut table = Table {
                number: Vec::new(),
                whole: Vec::new(),
                flag: Vec::new(),
                city: Vec::new(),
                group: Vec::new(),
                class: Vec::new(),
            };
            for (class, groups) in (0..).zip(cells) {
                for (group, &count) in (0..).zip(groups.iter()) {
                    for _ in 0..count {
                        table
                            .number
                            .push(f64::from(class) + 0.3 * f64::from(group) + random.normal());
                        table.whole.push((5.0 * random.normal()).round());
                        table.flag.push(random.below(2) as f64);
                        table.city.push(random.below(4) as u32);
                        table.group.push(group);
                        table.class.push(class);
                    }
                }
            }
            table
        }

        fn features(&self) -> Features<'_> {
            let numbers = |values: &'_ [f64]| FeatureValues::F64(Strided::contiguous(values.to_vec()));
            let codes = |codes: &[u32], levels| FeatureValues::Codes {
                codes: codes.to_vec().into(),
                levels,
            };
            let column = |name: &str, values, domain, copied| Feature {
                name: name.into(),
                values,
                domain,
                copied,
            };
            let groups = self.group.iter().max().map_or(0, |&most| most as usize + 1);
            let columns = vec![
                column("number", numbers(&self.number), Domain::Real, false),
                column("whole", numbers(&self.whole), Domain::Integer, false),
                column("flag", numbers(&self.flag), Domain::Real, false),
                column("city", codes(&self.city, 4), Domain::Real, false),
                column("sex", codes(&self.group, groups), Domain::Real, true),
            ];
            Features::new(self.class.len(), columns)
        }

        fn resampled(
            &self,
            method: &FairSmote,
            features: Features<'_>,
        ) -> Result<(Resampled, Vec<usize>), Error> {
            let names = |codes: &[u32], name: &str| {
                let most = codes.iter().max().map_or(0, |&code| code + 1);
                Labels::from_codes(
                    (0..most).map(|code| format!("{name}{code}")).collect(),
                    codes.to_vec(),
                )
            };
            let (labels, groups) = (names(&self.class, "c"), names(&self.group, "g"));
            let mut data = Labeled::new(features, &labels);
            data.groups = Some(&groups);
            let result = method.resample(&data, &Run::new(3))?;
            let mut cells = vec![0; labels.classes().len() * groups.classes().len()];
            for row in result.rows() {
                let (class, base) = match row {
                    counterpoise_base::OutputRow::Kept(row) => (labels.codes()[row], row),
                    counterpoise_base::OutputRow::Synthetic(made) => {
                        (result.origin[made].class, result.origin[made].base as usize)
                    }
                };
                cells[class as usize * groups.classes().len() + groups.codes()[base] as usize] += 1;
            }
            Ok((result, cells))
        }
    }

    fn plain() -> FairSmote {
        FairSmote::default().with_situation_testing(false)
    }

    #[test]
    fn a_moved_number_is_where_its_origin_says_and_other_values_are_a_parents() {
        let table = Table::of_cells(&[&[40, 9], &[5, 17]]);
        let method = plain().with_crossover(1.0).with_outside(Outside::Keep);
        let (result, _) = table.resampled(&method, table.features()).expect("four cells");
        let number = result.synthetic[0].as_f64().expect("numbers");
        let whole = result.synthetic[1].as_f64().expect("numbers");
        let flag = result.synthetic[2].as_f64().expect("numbers");
        let city = result.synthetic[3].as_codes().expect("categories");
        let sex = result.synthetic[4].as_codes().expect("categories");
        for (made, origin) in result.origin.iter().enumerate() {
            let [base, first, second] =
                [origin.base, origin.neighbor, origin.away_from].map(|row| row as usize);
            assert!(base != first && first != second && base != second);
            let moved = |of: &[f64]| of[base] + 0.8 * (of[first] - of[second]);
            assert!((number[made] - moved(&table.number)).abs() < 1e-12);
            assert_eq!(whole[made], moved(&table.whole).round());
            assert!(
                [base, first, second]
                    .iter()
                    .any(|&row| table.flag[row] == flag[made])
            );
            assert!(
                [base, first, second]
                    .iter()
                    .any(|&row| table.city[row] == city[made])
            );
            for row in [base, first, second] {
                assert_eq!(table.class[row], origin.class);
                assert_eq!(table.group[row], sex[made]);
            }
        }
    }

    #[test]
    fn without_crossover_only_categories_change() {
        let table = Table::of_cells(&[&[20, 6], &[8, 10]]);
        let (result, _) = table
            .resampled(&plain().with_crossover(0.0), table.features())
            .expect("four cells");
        let number = result.synthetic[0].as_f64().expect("numbers");
        let city = result.synthetic[3].as_codes().expect("categories");
        let bases = result.origin.iter().map(|origin| origin.base as usize);
        assert!(
            bases
                .clone()
                .zip(number)
                .all(|(base, &made)| table.number[base] == made)
        );
        assert!(bases.zip(city).any(|(base, &made)| table.city[base] != made));
    }

    #[test]
    fn numbers_stay_in_their_column_unless_told_otherwise() {
        let table = Table::of_cells(&[&[60, 4], &[4, 4]]);
        let made = |outside| {
            let method = plain().with_step(9.0).with_crossover(1.0).with_outside(outside);
            let (result, _) = table.resampled(&method, table.features()).expect("four cells");
            result.synthetic[0].as_f64().expect("numbers").to_vec()
        };
        let low = table.number.iter().copied().fold(f64::INFINITY, f64::min);
        let high = table.number.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!(
            made(Outside::Clamp)
                .iter()
                .all(|value| (low..=high).contains(value))
        );
        assert!(
            made(Outside::Keep)
                .iter()
                .any(|value| *value > high || *value < low)
        );
        assert!(made(Outside::Absolute).iter().all(|value| *value >= 0.0));
    }

    #[test]
    fn small_cells_use_what_there_is_or_are_refused() {
        let table = Table::of_cells(&[&[9, 2], &[9, 9]]);
        let (result, cells) = table
            .resampled(&plain(), table.features())
            .expect("two rows are parents");
        assert_eq!(cells, [9; 4]);
        assert!(result.origin.iter().all(|origin| origin.away_from == origin.base));
        assert_eq!(
            result.warnings[0].message,
            "new rows lie between the only two rows there are: class `c0` of group `g1` (2 rows)"
        );
        let table = Table::of_cells(&[&[9, 1], &[9, 9]]);
        let strict = plain().with_few_rows(FewRows::Error);
        let error = table.resampled(&strict, table.features()).expect_err("one row");
        assert_eq!(
            error.to_string(),
            "class `c0` of group `g1` has 1 row to choose from, but fair-smote needs at least 3"
        );
        let (result, cells) = table.resampled(&plain(), table.features()).expect("it is copied");
        assert_eq!(cells, [9; 4]);
        assert_eq!(result.warnings[0].code, "sampling.rows-copied");
        assert!(
            result
                .origin
                .iter()
                .all(|origin| origin.neighbor == origin.base && origin.step == 0.0)
        );
    }

    #[test]
    fn an_empty_cell_is_named_or_stays_empty() {
        let table = Table::of_cells(&[&[9, 3], &[5, 0]]);
        let error = table
            .resampled(&plain(), table.features())
            .expect_err("an empty cell");
        assert_eq!(
            error.to_string(),
            "group `g1` has no row of class `c1`, and fair-smote needs one at least"
        );
        let skipping = plain().with_empty_cell(MissingCell::Skip);
        let (result, cells) = table
            .resampled(&skipping, table.features())
            .expect("it may be empty");
        assert_eq!(cells, [9, 9, 9, 0]);
        assert_eq!(result.warnings[0].code, "sampling.empty-cell-skipped");
    }

    #[test]
    fn rows_whose_class_hangs_on_the_group_are_dropped() {
        // A group without a class never becomes equal to the other, and the flag says nothing.
        let table = Table::of_cells(&[&[50, 0], &[20, 50]]);
        let features = table.features();
        let only = Features::new(
            120,
            vec![features.columns()[2].clone(), features.columns()[4].clone()],
        );
        let method = FairSmote::default().with_empty_cell(MissingCell::Skip);
        let (result, _) = table.resampled(&method, only).expect("three cells");
        let told = result
            .warnings
            .iter()
            .find(|warning| warning.code == "sampling.situation-testing");
        assert!(
            told.is_some_and(|told| told.message.contains(" of 150 rows")),
            "{:?}",
            result.warnings
        );
        assert!(result.len() < 150);
        assert_eq!(
            result.origin.len(),
            result.synthetic[0].as_f64().expect("numbers").len()
        );
    }

    #[test]
    fn situation_testing_without_a_protected_column_says_that_it_tests_nothing() {
        let table = Table::of_cells(&[&[9, 3], &[5, 4]]);
        let only = Features::new(21, table.features().columns()[..2].to_vec());
        let (result, cells) = table
            .resampled(&FairSmote::default(), only.clone())
            .expect("four cells");
        assert_eq!(cells, [9; 4]);
        assert_eq!(result.warnings[0].code, "sampling.no-situation");
        let method = FairSmote::default().with_flip(["race"]);
        let error = table
            .resampled(&method, table.features())
            .expect_err("no such column");
        assert_eq!(
            error.hint().as_deref(),
            Some("the protected columns among the features are `sex`")
        );
    }

    #[test]
    fn rows_are_asked_about_as_if_they_were_in_each_other_group() {
        let ages = [20.0, 60.0, 24.0, 50.0, 70.0];
        let groups = Labels::from_names(&["young", "old", "young", "old", "old"]);
        let labels = Labels::from_names(&["0", "1", "0", "1", "0"]);
        let cells = Cells::new(&labels, Some(&groups), NAME).expect("two groups");
        let features = Features::from_rows(&ages, 1);
        let usual = usual_values(&features, &[0], &cells);
        let asked = in_other_groups(
            &features.columns()[0].values,
            &usual[0],
            groups.codes(),
            &|group| 1 - group,
        );
        // The middle age of the old is 60, of the young the lower one of 20 and 24.
        assert_eq!(asked.as_f64(), Some(&[60.0, 20.0, 60.0, 20.0, 20.0][..]));
    }

    proptest! {
        #[test]
        fn all_cells_become_as_large_as_the_largest(
            sizes in prop::collection::vec(3_usize..25, 6)
        ) {
            let table = Table::of_cells(&[&sizes[..3], &sizes[3..]]);
            let (result, cells) = table.resampled(&plain(), table.features()).expect("six cells");
            let largest = sizes.iter().copied().max().expect("six cells");
            prop_assert_eq!(cells, vec![largest; 6]);
            prop_assert_eq!(result.origin.len(), 6 * largest - sizes.iter().sum::<usize>());
        }
    }
}
