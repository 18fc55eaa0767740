use counterpoise_base::Warning;
use libsvm_rs::predict::predict_values;
use libsvm_rs::train::svm_train;
use libsvm_rs::{KernelType, SvmModel, SvmNode, SvmParameter, SvmProblem, SvmType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calibration::Curve;
use crate::decision::inner_folds;
use crate::forest::normalize;
use crate::learner::{Fitted, Learn, Predict, Task};
use crate::{Design, Error};

/// Support-vector machine with a linear kernel.
///
/// For tables of up to some ten thousand rows: time grows with the square of the rows.
///
/// # Source
///
/// LIBSVM's C-SVC (Chang and Lin 2011) in the crate libsvm-rs; one machine for each class against all others if there
/// are more than two. Probabilities are Platt's, fitted on decision values of five stratified inner folds of the seed,
/// as scikit-learn's `CalibratedClassifierCV(ensemble=False)` does; LIBSVM's own option shares one generator among
/// threads. Takes one weight a class. scikit-learn's `LinearSVC` is another machine: it squares the hinge loss and
/// penalises the intercept. Cost: `O(n² d)` to `O(n³)`, six times; once with `probability = "sign"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LinearSvm {
    /// Cost of a row on the wrong side, above 0.
    #[serde(rename = "C", alias = "c")]
    pub c: f64,
    /// Violation of the optimality conditions at which it stops.
    pub tol: f64,
    /// What probabilities are made of.
    pub probability: SvmProbability,
}

impl Default for LinearSvm {
    fn default() -> Self {
        Self {
            c: 1.0,
            tol: 1e-3,
            probability: SvmProbability::Platt,
        }
    }
}

/// Support-vector machine with a Gaussian kernel.
///
/// For tables of up to some ten thousand rows: time grows with the square of the rows.
///
/// # Source
///
/// As `linear-svm`, with the kernel `exp(-gamma |a - b|²)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RbfSvm {
    /// Cost of a row on the wrong side, above 0.
    #[serde(rename = "C", alias = "c")]
    pub c: f64,
    /// How quickly nearness fades: `scale` is one over columns times their variance, `auto` one over columns.
    pub gamma: Gamma,
    /// Violation of the optimality conditions at which it stops.
    pub tol: f64,
    /// What probabilities are made of.
    pub probability: SvmProbability,
}

/// What a machine's probabilities are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SvmProbability {
    /// Platt's curve over decision values of inner folds.
    #[default]
    Platt,
    /// The side alone, 0 or 1: what scikit-learn's `SVC` predicts by, and a sixth of the time. The class of the largest
    /// decision value where there are more than two.
    Sign,
}

/// How quickly nearness fades.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gamma {
    /// One over the number of columns times the variance of all cells.
    Scale,
    /// One over the number of columns.
    Auto,
    /// This number.
    #[serde(untagged)]
    Value(f64),
}

impl Default for RbfSvm {
    fn default() -> Self {
        Self {
            c: 1.0,
            gamma: Gamma::Scale,
            tol: 1e-3,
            probability: SvmProbability::Platt,
        }
    }
}

impl Learn for LinearSvm {
    fn check(&self) -> Result<(), Error> {
        above_zero("linear-svm", &[("C", self.c), ("tol", self.tol)])
    }

    fn learn(&self, task: &Task<'_>) -> Result<Fitted, Error> {
        let parameter = SvmParameter {
            kernel_type: KernelType::Linear,
            c: self.c,
            eps: self.tol,
            ..SvmParameter::default()
        };
        learn("linear-svm", parameter, self.probability, task)
    }
}

impl Learn for RbfSvm {
    fn check(&self) -> Result<(), Error> {
        above_zero("rbf-svm", &[("C", self.c), ("tol", self.tol)])
    }

    fn learn(&self, task: &Task<'_>) -> Result<Fitted, Error> {
        let columns = task.design.width().max(1) as f64;
        let gamma = match self.gamma {
            Gamma::Auto => 1.0 / columns,
            Gamma::Value(gamma) => gamma,
            Gamma::Scale => {
                let cells = task.design.rows() as f64 * columns;
                let all = || (0..task.design.rows()).flat_map(|row| task.design.sparse_row(row));
                let mean = all().map(|(_, value)| value).sum::<f64>() / cells;
                let variance = all().map(|(_, value)| value * value).sum::<f64>() / cells - mean * mean;
                if variance > 0.0 {
                    1.0 / (columns * variance)
                } else {
                    1.0
                }
            }
        };
        let parameter = SvmParameter {
            kernel_type: KernelType::Rbf,
            gamma,
            c: self.c,
            eps: self.tol,
            ..SvmParameter::default()
        };
        learn("rbf-svm", parameter, self.probability, task)
    }
}

fn above_zero(model: &'static str, options: &[(&'static str, f64)]) -> Result<(), Error> {
    match options
        .iter()
        .find(|(_, value)| !(*value > 0.0 && value.is_finite()))
    {
        None => Ok(()),
        Some((option, value)) => Err(Error::OutOfRange {
            model,
            option,
            value: value.to_string(),
            range: "a number above 0",
        }),
    }
}

const FOLDS: usize = 5;

fn learn(
    model: &'static str,
    parameter: SvmParameter,
    probability: SvmProbability,
    task: &Task<'_>,
) -> Result<Fitted, Error> {
    let parameter = SvmParameter {
        svm_type: SvmType::CSvc,
        cache_size: 200.0,
        ..parameter
    };
    parameter.validate().map_err(|error| Error::Library {
        model,
        problem: error.to_string(),
    })?;
    // It would write its log to stderr.
    libsvm_rs::set_quiet(true);
    let of_class = class_weights(model, task)?;
    let rows: Vec<usize> = (0..task.labels.len())
        .filter(|&row| task.weight(row) > 0.0)
        .collect();
    let nodes: Vec<Vec<SvmNode>> = rows.iter().map(|&row| nodes(task.design, row)).collect();
    let labels: Vec<u32> = rows.iter().map(|&row| task.labels[row]).collect();
    // With fewer rows than folds of a class, decision values of the rows themselves have to do.
    let smallest =
        (0..task.classes.len() as u32).map(|class| labels.iter().filter(|&&label| label == class).count());
    let folds = smallest.min().unwrap_or(0).min(FOLDS);
    let mut warnings = Vec::new();
    if folds < 2 && probability == SvmProbability::Platt {
        let message = format!(
            "{model} saw a class with one row: its probabilities are fitted on the rows it was trained on"
        );
        warnings.push(Warning::new("learn.no-inner-folds", message));
    }
    let parts = inner_folds(&labels, task.classes.len(), folds.max(1), &task.seed);
    let one_against_rest = |class: u32| {
        let weights = |own: bool| {
            // Of several classes on one side, the mean weight of their rows.
            let side = labels.iter().filter(|&&label| (label == class) == own);
            let (sum, count) = side.fold((0.0, 0.0), |(sum, count), &label| {
                (sum + of_class[label as usize], count + 1.0)
            });
            sum / count
        };
        let parameter = SvmParameter {
            weight: vec![(1, weights(true)), (-1, weights(false))],
            ..parameter.clone()
        };
        let sign: Vec<f64> = labels
            .iter()
            .map(|&label| if label == class { 1.0 } else { -1.0 })
            .collect();
        let train = |chosen: &[usize]| {
            let problem = SvmProblem {
                labels: chosen.iter().map(|&row| sign[row]).collect(),
                instances: chosen.iter().map(|&row| nodes[row].clone()).collect(),
            };
            svm_train(&problem, &parameter)
        };
        let all: Vec<usize> = (0..labels.len()).collect();
        let machine = train(&all);
        if probability == SvmProbability::Sign {
            return Ok((machine, None));
        }
        let mut values = vec![0.0; labels.len()];
        for fold in 0..folds.max(1) {
            let inside: Vec<usize> = all
                .iter()
                .copied()
                .filter(|&row| folds < 2 || parts[row] != fold)
                .collect();
            let part;
            let fitted = if folds < 2 {
                &machine
            } else {
                part = train(&inside);
                &part
            };
            for row in all.iter().copied().filter(|&row| folds < 2 || parts[row] == fold) {
                values[row] = decide(fitted, &nodes[row]);
            }
        }
        let positive: Vec<bool> = labels.iter().map(|&label| label == class).collect();
        let votes: Vec<f64> = labels.iter().map(|&label| of_class[label as usize]).collect();
        Ok((machine, Some(Curve::fit(&values, &positive, Some(&votes))?)))
    };
    let classes = task.classes.len() as u32;
    let machines = if classes == 2 {
        vec![one_against_rest(1)?]
    } else {
        (0..classes).map(one_against_rest).collect::<Result<_, Error>>()?
    };
    let machines = Machines {
        machines,
        classes: classes as usize,
    };
    Ok(Fitted::new(machines).warning(warnings))
}

/// The weight of each class, where rows of a class have the same.
fn class_weights(model: &'static str, task: &Task<'_>) -> Result<Vec<f64>, Error> {
    let mut weights = vec![None; task.classes.len()];
    for (row, &label) in task.labels.iter().enumerate() {
        let weight = task.weight(row);
        if weight == 0.0 {
            continue;
        }
        let known: &mut Option<f64> = &mut weights[label as usize];
        if known.is_some_and(|known| (known - weight).abs() > 1e-9 * known) {
            return Err(Error::UnequalWeights {
                model,
                class: task.classes[label as usize].into(),
            });
        }
        *known = Some(weight);
    }
    Ok(weights.into_iter().map(|weight| weight.unwrap_or(1.0)).collect())
}

fn nodes(design: &Design, row: usize) -> Vec<SvmNode> {
    let node = |(column, value): (usize, f64)| SvmNode {
        index: column as i32 + 1,
        value,
    };
    design.sparse_row(row).map(node).collect()
}

/// The decision value, positive for label 1, whichever label LIBSVM saw first.
fn decide(model: &SvmModel, row: &[SvmNode]) -> f64 {
    let mut value = [0.0];
    predict_values(model, row, &mut value);
    if model.labels().first() == Some(&1) {
        value[0]
    } else {
        -value[0]
    }
}

struct Machines {
    machines: Vec<(SvmModel, Option<Curve>)>,
    classes: usize,
}

impl Predict for Machines {
    fn predict(&self, design: &Design) -> Result<Vec<f64>, Error> {
        let mut probabilities = Vec::with_capacity(design.rows() * self.classes);
        for row in 0..design.rows() {
            let nodes = nodes(design, row);
            let of = |(machine, curve): &(SvmModel, Option<Curve>)| {
                let value = decide(machine, &nodes);
                curve.as_ref().map_or(value, |curve| curve.at(value))
            };
            let by_side = self.machines.iter().any(|(_, curve)| curve.is_none());
            let values: Vec<f64> = self.machines.iter().map(of).collect();
            match values.as_slice() {
                &[value] => {
                    let positive = if by_side {
                        f64::from(u8::from(value > 0.0))
                    } else {
                        value
                    };
                    probabilities.extend([1.0 - positive, positive]);
                }
                values if by_side => {
                    let first =
                        |best: usize, place: usize| if values[place] > values[best] { place } else { best };
                    let best = (1..values.len()).fold(0, first);
                    probabilities.extend((0..values.len()).map(|place| f64::from(u8::from(place == best))));
                }
                values => probabilities.extend(values),
            }
        }
        normalize(&mut probabilities, self.classes);
        Ok(probabilities)
    }
}

#[cfg(test)]
mod tests {
    use counterpoise_base::{Matrix, Seed};

    use super::*;
    use crate::{Learner, Training};

    #[test]
    fn the_side_alone_is_the_class_of_the_largest_decision_value() {
        let place = |row: usize, shift: f64| (row * 7 % 10) as f64 / 10.0 + shift;
        let cells = (0..60).flat_map(|row| [place(row, f64::from(row as u32 % 3)), place(3 * row, 0.0)]);
        let design = Design::from_matrix(Matrix::new(60, 2, cells.collect()));
        for classes in [2_u32, 3] {
            let labels: Vec<u32> = (0..60).map(|row| row % 3 % classes).collect();
            let names: Vec<String> = (0..classes).map(|class| class.to_string()).collect();
            let predicted = |probability| {
                let options = RbfSvm {
                    probability,
                    ..RbfSvm::default()
                };
                let data = Training {
                    design: &design,
                    labels: &labels,
                    classes: &names,
                    weights: None,
                    groups: None,
                };
                let model = Learner::RbfSvm(options)
                    .fit(&data, &Seed::new(1))
                    .expect("it is fitted");
                let probabilities = model.probabilities(&design).expect("it predicts");
                (
                    probabilities,
                    model.predict(&design, None, &Seed::new(1)).expect("it predicts"),
                )
            };
            let (sides, by_side) = predicted(SvmProbability::Sign);
            assert!(sides.iter().all(|&side| side == 0.0 || side == 1.0));
            let right = by_side.iter().zip(&labels).filter(|(a, b)| a == b).count();
            assert!(right >= 57, "{right} of 60 with {classes} classes");
            let alike = by_side
                .iter()
                .zip(predicted(SvmProbability::Platt).1)
                .filter(|(a, b)| **a == *b);
            assert!(alike.count() >= 54, "{classes} classes");
        }
    }
}
