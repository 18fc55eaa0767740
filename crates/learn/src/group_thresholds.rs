use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::constraint::Cells;
use crate::decision::inner_folds;
use crate::exponentiated_gradient::two_columns;
use crate::learner::{Fitted, GroupUse, Learn, PredictInGroups, Task};
use crate::{Constraint, Design, Error, Estimator, Model};

/// Gives each group a threshold of its own, so that groups are treated alike by one and the same model.
///
/// The cheapest repair, and the only one that leaves the model as it is; it needs the group of a row to predict, which
/// may not be lawful. Exact equality takes a draw between two thresholds of a group: `randomised = false` does without,
/// and comes as close as single thresholds can. Two classes only.
///
/// # Source
///
/// Hardt, Price, Srebro, "Equality of Opportunity in Supervised Learning" (NIPS 2016), sections 3 and 4, with the
/// arithmetic of Fairlearn 0.15's `ThresholdOptimizer`: thresholds in the middle between neighbouring scores, the upper
/// hull of the two rates that count, a grid of the one that must agree, and the best point of the grid. On the same
/// scores thresholds and probabilities are Fairlearn's to rounding. Single thresholds are ours: each group takes the
/// one whose rates are nearest to the point of the grid, and the point with the best objective wins. Scores are those of
/// training rows, as there with `prefit = false`, where a model that remembers them knows its answers: set
/// `scores = "inner-folds"` for such a one. Weights of rows count as copies. Cost: one fit, or six, and a sort.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct GroupThresholds {
    /// The model whose probabilities are cut.
    pub estimator: Estimator,
    /// What shall be alike in all groups; not `error-rate-parity`.
    #[serde(alias = "constraints")]
    pub constraint: Constraint,
    /// What is to be as large as possible.
    pub objective: Gain,
    /// Whether a group may draw between two thresholds.
    #[serde(alias = "randomized")]
    pub randomised: bool,
    /// Whether low scores may stand for the favourable class too.
    pub flip: bool,
    /// Steps of the grid of the rate that must agree.
    pub grid_size: NonZeroUsize,
    /// Which scores thresholds are chosen on.
    pub scores: Scores,
    /// The favourable class; the second one without it.
    #[serde(
        alias = "favourable_label",
        alias = "favourable",
        alias = "favorable",
        skip_serializing_if = "Option::is_none"
    )]
    pub favorable_label: Option<String>,
}

/// What thresholds are chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gain {
    /// The share of rows that are told.
    #[default]
    Accuracy,
    /// The mean of the rates at which rows of either class are told.
    BalancedAccuracy,
}

/// Which scores thresholds are chosen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scores {
    /// Those of the rows that the model is fitted on.
    #[default]
    Training,
    /// Those of five inner folds, each from a model that did not see them.
    InnerFolds,
}

impl Default for GroupThresholds {
    fn default() -> Self {
        Self {
            estimator: Estimator::default(),
            constraint: Constraint::default(),
            objective: Gain::default(),
            randomised: true,
            flip: false,
            grid_size: NonZeroUsize::new(1000).expect("1000 is not 0"),
            scores: Scores::default(),
            favorable_label: None,
        }
    }
}

const NAME: &str = "group-thresholds";
const FOLDS: usize = 5;

impl Learn for GroupThresholds {
    fn check(&self) -> Result<(), Error> {
        if self.constraint == Constraint::ErrorRateParity {
            return Err(Error::OutOfRange {
                model: NAME,
                option: "constraint",
                value: self.constraint.name().into(),
                range: "`demographic-parity`, `equalized-odds`, `true-positive-rate-parity` or \
                        `false-positive-rate-parity`",
            });
        }
        self.estimator.check(NAME)
    }

    fn group_use(&self) -> GroupUse {
        GroupUse::FitAndPredict
    }

    fn two_classes_only(&self) -> bool {
        true
    }

    fn randomised(&self) -> bool {
        self.randomised
    }

    fn learn(&self, task: &Task<'_>) -> Result<Fitted, Error> {
        self.check()?;
        let favourable = task.favourable(NAME, self.favorable_label.as_deref())?;
        let cells = Cells::new(task, favourable);
        // Balanced accuracy of a group is none without rows of either class.
        let needed = match self.objective {
            Gain::BalancedAccuracy => Constraint::EqualizedOdds,
            Gain::Accuracy => self.constraint,
        };
        needed.check_cells(NAME, task, &cells)?;
        let model = self
            .estimator
            .fit(task, task.design, &task.labels, task.weights, None)?;
        let scores = match self.scores {
            Scores::Training => positive(&model, task.design, favourable)?,
            Scores::InnerFolds => self.held_out(task, &cells)?,
        };
        let rules = self.choose(&scores, task, &cells);
        let warnings = model.warnings().to_vec();
        Ok(Fitted::in_groups(Thresholds {
            model,
            rules,
            favourable,
        })
        .warning(warnings))
    }
}

/// Probabilities of the favourable class.
fn positive(model: &Model, design: &Design, favourable: u32) -> Result<Vec<f64>, Error> {
    let probabilities = model.probabilities(design)?;
    Ok(probabilities
        .chunks_exact(2)
        .map(|row| row[favourable as usize])
        .collect())
}

impl GroupThresholds {
    /// Scores of rows by models that did not see them.
    fn held_out(&self, task: &Task<'_>, cells: &Cells) -> Result<Vec<f64>, Error> {
        let smallest = (0..2_u32)
            .map(|class| (class, task.labels.iter().filter(|&&label| label == class).count()))
            .min_by_key(|&(_, rows)| rows);
        if let Some((class, rows)) = smallest.filter(|&(_, rows)| rows < FOLDS) {
            return Err(Error::TooFewRows {
                class: task.classes[class as usize].into(),
                rows,
                folds: FOLDS,
                purpose: NAME,
            });
        }
        let parts = inner_folds(&cells.of_row, 2 * cells.groups(), FOLDS, &task.seed);
        let mut scores = vec![0.0; parts.len()];
        for fold in 0..FOLDS {
            let (out, inside): (Vec<usize>, Vec<usize>) =
                (0..parts.len()).partition(|&row| parts[row] == fold);
            let labels: Vec<u32> = inside.iter().map(|&row| task.labels[row]).collect();
            let weights: Option<Vec<f64>> = task
                .weights
                .map(|weights| inside.iter().map(|&row| weights[row]).collect());
            let design = task.design.of_rows(&inside);
            let model = self
                .estimator
                .fit(task, &design, &labels, weights.as_deref(), None)?;
            let of_part = positive(&model, &task.design.of_rows(&out), cells.favourable)?;
            out.iter()
                .zip(of_part)
                .for_each(|(&row, score)| scores[row] = score);
        }
        Ok(scores)
    }

    /// The rule of each group.
    fn choose(&self, scores: &[f64], task: &Task<'_>, cells: &Cells) -> Vec<Mix> {
        let groups: Vec<Group> = (0..cells.groups())
            .map(|group| {
                let rows: Vec<(f64, bool, f64)> = (0..scores.len())
                    .filter(|&row| cells.of_row[row] as usize / 2 == group && task.weight(row) > 0.0)
                    .map(|row| (scores[row], cells.of_row[row] % 2 == 1, task.weight(row)))
                    .collect();
                Group::new(rows, self)
            })
            .collect();
        let steps = self.grid_size.get();
        let mut grid: Vec<f64> = (0..steps)
            .map(|step| step as f64 * (1.0 / steps as f64))
            .collect();
        grid.push(1.0);
        if self.randomised {
            if self.constraint == Constraint::EqualizedOdds {
                self.mix_for_both_rates(&groups, &grid, cells)
            } else {
                mix_for_one_rate(&groups, &grid, cells)
            }
        } else {
            self.single(&groups, &grid, cells)
        }
    }

    /// A point of both rates that every group can reach: on the lowest hull, others fall back on a draw that does not
    /// look at the score.
    fn mix_for_both_rates(&self, groups: &[Group], grid: &[f64], cells: &Cells) -> Vec<Mix> {
        let curves: Vec<Vec<Between>> = groups.iter().map(|group| group.along(grid)).collect();
        let lowest = lowest(&curves, grid.len());
        let values = grid
            .iter()
            .zip(&lowest)
            .map(|(&x, &y)| rounded(self.of_rates(x, y, cells)));
        let best = first_largest(values);
        let (x, y) = (grid[best], lowest[best]);
        let of_group = |(group, curve): (&Group, &Vec<Between>)| {
            let here = &curve[best];
            let constant = if here.y == x {
                0.0
            } else {
                (here.y - y) / (here.y - x)
            };
            group.mix(here, constant, x)
        };
        groups.iter().zip(&curves).map(of_group).collect()
    }

    /// The objective where a share `x` of rows of the other class and `y` of the favourable one are chosen.
    fn of_rates(&self, x: f64, y: f64, cells: &Cells) -> f64 {
        let of_class = |positive: usize| {
            (0..cells.groups())
                .map(|group| cells.total(group, positive))
                .sum::<f64>()
        };
        let (negatives, positives) = (of_class(0), of_class(1));
        self.objective.of(&Counts {
            negatives,
            positives,
            false_positives: negatives * x,
            true_positives: positives * y,
        })
    }

    /// One threshold for each group.
    fn single(&self, groups: &[Group], grid: &[f64], cells: &Cells) -> Vec<Mix> {
        let curves: Vec<Vec<Between>> = groups.iter().map(|group| group.along(grid)).collect();
        let lowest = lowest(&curves, grid.len());
        let both = self.constraint == Constraint::EqualizedOdds;
        let whole = cells.whole;
        let at = |step: usize| -> (f64, Vec<usize>) {
            let nearest = groups.iter().map(|group| {
                let far = |point: &Point| {
                    let across = (point.x - grid[step]).abs();
                    if both {
                        across.max((point.y - lowest[step]).abs())
                    } else {
                        across
                    }
                };
                let order = |a: &usize, b: &usize| {
                    let (a, b) = (&group.points[*a], &group.points[*b]);
                    far(a).total_cmp(&far(b)).then(b.value.total_cmp(&a.value))
                };
                (0..group.points.len())
                    .min_by(order)
                    .expect("a group has a threshold")
            });
            let chosen: Vec<usize> = nearest.collect();
            let value = groups.iter().zip(&chosen);
            let value = value.map(|(group, &place)| group.weight / whole * group.points[place].value);
            (value.sum(), chosen)
        };
        let all: Vec<(f64, Vec<usize>)> = (0..grid.len()).map(at).collect();
        let best = first_largest(all.iter().map(|(value, _)| rounded(*value)));
        let cut = |(group, &place): (&Group, &usize)| Mix {
            constant: 0.0,
            constant_value: 0.0,
            first: (1.0, group.points[place].cut),
            second: (0.0, group.points[place].cut),
        };
        groups.iter().zip(&all[best].1).map(cut).collect()
    }
}

/// The same rate in every group, at its best.
fn mix_for_one_rate(groups: &[Group], grid: &[f64], cells: &Cells) -> Vec<Mix> {
    let curves: Vec<Vec<Between>> = groups.iter().map(|group| group.along(grid)).collect();
    let value = |step: usize| {
        let parts = groups.iter().zip(&curves);
        parts
            .map(|(group, curve)| group.weight / cells.whole * curve[step].y)
            .sum::<f64>()
    };
    let best = first_largest((0..grid.len()).map(value));
    groups
        .iter()
        .zip(&curves)
        .map(|(group, curve)| group.mix(&curve[best], 0.0, 0.0))
        .collect()
}

fn lowest(curves: &[Vec<Between>], steps: usize) -> Vec<f64> {
    let of = |step: usize| {
        curves
            .iter()
            .map(|curve| curve[step].y)
            .fold(f64::INFINITY, f64::min)
    };
    (0..steps).map(of).collect()
}

fn first_largest(values: impl Iterator<Item = f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (place, value) in values.enumerate() {
        if value > best.1 {
            best = (place, value);
        }
    }
    best.0
}

/// To 15 decimals, so that equal values that were summed otherwise are equal.
fn rounded(value: f64) -> f64 {
    (value * 1e15).round() / 1e15
}

struct Counts {
    negatives: f64,
    positives: f64,
    false_positives: f64,
    true_positives: f64,
}

impl Gain {
    fn of(self, counts: &Counts) -> f64 {
        let true_negatives = counts.negatives - counts.false_positives;
        match self {
            Self::Accuracy => {
                (counts.true_positives + true_negatives) / (counts.negatives + counts.positives)
            }
            Self::BalancedAccuracy => {
                0.5 * counts.true_positives / counts.positives + 0.5 * true_negatives / counts.negatives
            }
        }
    }
}

/// A threshold on scores.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cut {
    threshold: f64,
    /// Whether scores above it are chosen, or those below.
    above: bool,
}

impl Cut {
    fn chooses(self, score: f64) -> bool {
        if self.above {
            score > self.threshold
        } else {
            score < self.threshold
        }
    }
}

/// What a threshold does to a group.
#[derive(Debug, Clone, Copy)]
struct Point {
    /// The rate that must agree.
    x: f64,
    /// What is to be large at each rate: the objective, or the other rate.
    y: f64,
    value: f64,
    cut: Cut,
}

/// A place on a hull, between two of its corners.
#[derive(Debug, Clone, Copy)]
struct Between {
    y: f64,
    /// The corner at its left.
    corner: usize,
    share: f64,
}

/// All thresholds of a group.
struct Group {
    /// In order of `x`, then `y`.
    points: Vec<Point>,
    hull: Vec<Point>,
    weight: f64,
}

impl Group {
    /// From scores, whether a row is of the favourable class, and weights.
    fn new(mut rows: Vec<(f64, bool, f64)>, options: &GroupThresholds) -> Self {
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        let total = |favourable: bool| {
            rows.iter()
                .filter(|row| row.1 == favourable)
                .map(|row| row.2)
                .sum::<f64>()
        };
        let (negatives, positives) = (total(false), total(true));
        let point = |chosen: [f64; 2], cut: Cut| {
            let counts = Counts {
                negatives,
                positives,
                false_positives: chosen[0],
                true_positives: chosen[1],
            };
            let value = options.objective.of(&counts);
            let (x, y) = match options.constraint {
                Constraint::EqualizedOdds => (chosen[0] / negatives, chosen[1] / positives),
                Constraint::TruePositiveRateParity => (chosen[1] / positives, value),
                Constraint::FalsePositiveRateParity => (chosen[0] / negatives, value),
                _ => ((chosen[0] + chosen[1]) / (negatives + positives), value),
            };
            Point { x, y, value, cut }
        };
        let mut points = Vec::new();
        let mut add = |chosen: [f64; 2], threshold: f64| {
            let cut = |above| Cut { threshold, above };
            points.push(point(chosen, cut(true)));
            if options.flip {
                points.push(point([negatives - chosen[0], positives - chosen[1]], cut(false)));
            }
        };
        let mut chosen = [0.0; 2];
        add(chosen, f64::INFINITY);
        let mut place = 0;
        while place < rows.len() {
            let here = rows[place].0;
            while place < rows.len() && rows[place].0 == here {
                chosen[usize::from(rows[place].1)] += rows[place].2;
                place += 1;
            }
            let next = rows.get(place).map_or(f64::NEG_INFINITY, |row| row.0);
            add(chosen, here.midpoint(next));
        }
        points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
        let mut hull: Vec<Point> = Vec::new();
        for &point in &points {
            while let [.., first, second] = hull.as_slice() {
                let below =
                    (second.y - first.y) * (point.x - first.x) <= (point.y - first.y) * (second.x - first.x);
                if !below {
                    break;
                }
                hull.pop();
            }
            hull.push(point);
        }
        Self {
            points,
            hull,
            weight: negatives + positives,
        }
    }

    /// The hull at each rate of the grid; a rate that is that of a corner belongs to the side at its left.
    fn along(&self, grid: &[f64]) -> Vec<Between> {
        let at = |(step, &x): (usize, &f64)| {
            let mut corner = self.hull.partition_point(|point| point.x <= x) - 1;
            if step > 0 && self.hull[corner].x == x {
                corner -= 1;
            }
            let (left, right) = (&self.hull[corner], &self.hull[corner + 1]);
            let share = (right.x - x) / (right.x - left.x);
            Between {
                y: share * left.y + (1.0 - share) * right.y,
                corner,
                share,
            }
        };
        grid.iter().enumerate().map(at).collect()
    }

    fn mix(&self, here: &Between, constant: f64, constant_value: f64) -> Mix {
        Mix {
            constant,
            constant_value,
            first: (here.share, self.hull[here.corner].cut),
            second: (1.0 - here.share, self.hull[here.corner + 1].cut),
        }
    }
}

/// The rule of a group: one of two thresholds by chance, or, with a share of `constant`, the favourable class with a
/// probability that is the same for all.
#[derive(Debug, Clone, Copy)]
struct Mix {
    constant: f64,
    constant_value: f64,
    first: (f64, Cut),
    second: (f64, Cut),
}

impl Mix {
    fn probability(&self, score: f64) -> f64 {
        let of = |(share, cut): (f64, Cut)| if cut.chooses(score) { share } else { 0.0 };
        self.constant * self.constant_value + (1.0 - self.constant) * (of(self.first) + of(self.second))
    }
}

struct Thresholds {
    model: Model,
    rules: Vec<Mix>,
    favourable: u32,
}

impl PredictInGroups for Thresholds {
    fn predict(&self, design: &Design, groups: &[u32]) -> Result<Vec<f64>, Error> {
        let scores = positive(&self.model, design, self.favourable)?;
        let of_row = |(score, &group): (&f64, &u32)| self.rules[group as usize].probability(*score);
        let chosen: Vec<f64> = scores.iter().zip(groups).map(of_row).collect();
        Ok(two_columns(&chosen, self.favourable))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use counterpoise_base::{Groups, Matrix, Seed};
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::learner::InGroups;
    use crate::learner::tests::{clouds, halves};
    use crate::{Learner, Training};

    fn numbers(value: &Value) -> Vec<f64> {
        let list = value.as_array().expect("a list");
        list.iter()
            .map(|number| number.as_f64().expect("a number"))
            .collect()
    }

    fn codes(value: &Value) -> Vec<u32> {
        numbers(value).into_iter().map(|code| code as u32).collect()
    }

    /// The rules that options give for scores.
    fn rules(options: &GroupThresholds, scores: &[f64], labels: &[u32], groups: &[u32]) -> Vec<Mix> {
        let design = Design::from_matrix(Matrix::zeros(scores.len(), 0));
        let count = groups.iter().max().map_or(0, |&most| most as usize + 1);
        let task = Task {
            design: &design,
            labels: Cow::Borrowed(labels),
            classes: vec!["0", "1"],
            weights: None,
            groups: Some(InGroups {
                names: vec!["group"; count],
                codes: groups.to_vec(),
            }),
            seed: Seed::new(1),
            start: None,
        };
        let cells = Cells::new(&task, 1);
        options.choose(scores, &task, &cells)
    }

    /// Everything is counted and compared as there, so that thresholds are equal and shares differ by rounding alone.
    #[test]
    fn thresholds_on_the_same_scores_are_those_of_fairlearn() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/golden/fair_learners.json"
        );
        let text = std::fs::read_to_string(path).expect("it is recorded");
        let all: Value = serde_json::from_str(&text).expect("it is JSON");
        let mut compared = 0;
        for case in all["cases"].as_array().expect("cases") {
            let told = &case["group-thresholds"];
            let (scores, new) = (numbers(&told["scores"]), numbers(&told["new_scores"]));
            let (labels, groups) = (codes(&case["labels"]), codes(&case["groups"]));
            for rule in told["rules"].as_array().expect("rules") {
                let about = format!("{} {}", case["table"], rule["options"]);
                let options: GroupThresholds =
                    serde_json::from_value(rule["options"].clone()).expect("options");
                let ours = rules(&options, &scores, &labels, &groups);
                for (ours, theirs) in ours.iter().zip(rule["groups"].as_array().expect("groups")) {
                    for ((share, cut), theirs) in
                        [(ours.first, &theirs["first"]), (ours.second, &theirs["second"])]
                    {
                        let threshold = &theirs[1]["threshold"];
                        let threshold = threshold
                            .as_f64()
                            .or_else(|| threshold.as_str()?.parse().ok())
                            .expect("a number");
                        assert_eq!(cut.threshold, threshold, "{about}");
                        assert_eq!(cut.above, theirs[1]["above"] == true, "{about}");
                        assert!(
                            (share - theirs[0].as_f64().expect("a share")).abs() < 1e-12,
                            "{about}"
                        );
                    }
                    let constant = theirs["constant"].as_f64().expect("a share");
                    assert!((ours.constant - constant).abs() < 1e-12, "{about}");
                }
                let of_new = codes(&case["new_groups"]);
                let theirs = numbers(&rule["positive"]);
                for ((score, group), theirs) in new.iter().zip(of_new).zip(theirs) {
                    let ours = ours[group as usize].probability(*score);
                    assert!((ours - theirs).abs() < 1e-12, "{about}: {ours} and {theirs}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 5000, "{compared} numbers");
    }

    /// Rates at which the favourable class is given to rows of a class, or of both, in each group.
    fn rates(rules: &[Mix], scores: &[f64], labels: &[u32], groups: &[u32], class: Option<u32>) -> Vec<f64> {
        let of_group = |(group, rule): (usize, &Mix)| {
            let rows = (0..scores.len()).filter(|&row| {
                groups[row] as usize == group && class.is_none_or(|class| labels[row] == class)
            });
            let given: Vec<f64> = rows.map(|row| rule.probability(scores[row])).collect();
            given.iter().sum::<f64>() / given.len() as f64
        };
        rules.iter().enumerate().map(of_group).collect()
    }

    proptest! {
        #[test]
        fn draws_between_thresholds_make_rates_equal(seed in 0_u64..300, many in 2_u32..4) {
            let mut random = Seed::new(seed).rng();
            let rows = 60;
            let labels: Vec<u32> = (0..rows).map(|row| row / many % 2).collect();
            let groups: Vec<u32> = (0..rows).map(|row| row % many).collect();
            let scores: Vec<f64> = labels
                .iter()
                .map(|&label| (10.0 * (random.fraction() + 0.3 * f64::from(label))).round() / 13.0)
                .collect();
            for (constraint, classes) in [
                (Constraint::DemographicParity, vec![None]),
                (Constraint::TruePositiveRateParity, vec![Some(1)]),
                (Constraint::FalsePositiveRateParity, vec![Some(0)]),
                (Constraint::EqualizedOdds, vec![Some(0), Some(1)]),
            ] {
                let options = GroupThresholds { constraint, ..GroupThresholds::default() };
                let rules = rules(&options, &scores, &labels, &groups);
                for class in classes {
                    let rates = rates(&rules, &scores, &labels, &groups, class);
                    prop_assert!(
                        rates.iter().all(|rate| (rate - rates[0]).abs() < 1e-9),
                        "{constraint:?} {rates:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn single_thresholds_bring_rates_as_near_as_rows_allow() {
        let scores: Vec<f64> = (0..200).map(|row| f64::from(row) / 200.0).collect();
        let groups: Vec<u32> = (0..200).map(|row| u32::from(row >= 90)).collect();
        let labels: Vec<u32> = (0..200).map(|row| u32::from(row % 90 > 50)).collect();
        let options = GroupThresholds {
            randomised: false,
            ..GroupThresholds::default()
        };
        let rules = rules(&options, &scores, &labels, &groups);
        assert!(
            rules
                .iter()
                .all(|rule| rule.constant == 0.0 && rule.first.0 == 1.0)
        );
        let rates = rates(&rules, &scores, &labels, &groups, None);
        assert!((rates[0] - rates[1]).abs() <= 1.0 / 90.0, "{rates:?}");
    }

    fn learner(options: &str) -> Learner {
        Learner::GroupThresholds(serde_json::from_str(options).expect("options"))
    }

    #[test]
    fn a_group_without_a_class_that_counts_is_named() {
        let (design, labels, names) = clouds(60, 2);
        let codes = labels
            .iter()
            .enumerate()
            .map(|(row, &label)| u32::from(label == 0 && row % 3 == 0))
            .collect();
        let groups = Groups::from_codes(vec!["men".into(), "women".into()], codes);
        let data = Training {
            design: &design,
            labels: &labels,
            classes: &names,
            weights: None,
            groups: Some(&groups),
        };
        let learner = learner(r#"{ "constraint": "equal-opportunity" }"#);
        let error = learner
            .fit(&data, &Seed::new(1))
            .expect_err("no woman of class c1");
        assert_eq!(
            error.to_string(),
            "true-positive-rate-parity of group-thresholds compares rows of class `c1`, and group `women` has none"
        );
    }

    #[test]
    fn inner_folds_keep_a_model_that_remembers_its_rows_from_deciding() {
        let (design, labels, names) = clouds(400, 2);
        let groups = halves(400);
        let data = Training {
            design: &design,
            labels: &labels,
            classes: &names,
            weights: None,
            groups: Some(&groups),
        };
        let chosen = |scores: &str| {
            let options = format!(r#"{{ "estimator": "forest", "scores": "{scores}" }}"#);
            let model = learner(&options).fit(&data, &Seed::new(2)).expect("two groups");
            model
                .probabilities_in(&design, Some(&groups))
                .expect("groups are given")
        };
        assert_ne!(chosen("training"), chosen("inner-folds"));
    }

    #[test]
    fn the_favourable_class_may_be_the_first() {
        let (design, labels, names) = clouds(300, 2);
        let groups = halves(300);
        let data = Training {
            design: &design,
            labels: &labels,
            classes: &names,
            weights: None,
            groups: Some(&groups),
        };
        let rate = |favourable: &str| {
            let options =
                format!(r#"{{ "constraint": "true-positive-rate-parity", "favourable": "{favourable}" }}"#);
            let model = learner(&options).fit(&data, &Seed::new(2)).expect("two groups");
            let both = model
                .probabilities_in(&design, Some(&groups))
                .expect("groups are given");
            let class = usize::from(favourable == "c1");
            let told = |group: u32| {
                let rows: Vec<f64> = (0..300)
                    .filter(|&row| labels[row] as usize == class && groups.codes()[row] == group)
                    .map(|row| both[2 * row + class])
                    .collect();
                rows.iter().sum::<f64>() / rows.len() as f64
            };
            (told(0), told(1))
        };
        for favourable in ["c0", "c1"] {
            let (men, women) = rate(favourable);
            assert!((men - women).abs() < 1e-9, "{favourable}: {men} {women}");
        }
        let error = learner(r#"{ "favourable": "yes" }"#)
            .fit(&data, &Seed::new(2))
            .expect_err("no such class");
        assert_eq!(
            error.hint().expect("it says what to type"),
            "the classes are `c0`, `c1`"
        );
    }
}
