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
use crate::{Design, Error, weighted_svm};

/// Support-vector machine with a linear kernel.
///
/// For tables of up to some ten thousand rows: time grows with the square of the rows.
///
/// # Source
///
/// LIBSVM's C-SVC (Chang and Lin 2011) in the crate libsvm-rs; one machine for each class against all others if there
/// are more than two. Probabilities are Platt's, fitted on decision values of five stratified inner folds of the seed,
/// as scikit-learn's `CalibratedClassifierCV(ensemble=False)` does; LIBSVM's own option shares one generator among
/// threads. Where rows of a class differ in weight, which libsvm-rs does not take, its steps are taken here with a bound for
/// each row, as by scikit-learn's `sample_weight`. scikit-learn's `LinearSVC` is another machine: it squares the hinge loss and
/// penalises the intercept. Cost: `O(n² d)` to `O(n³)`, six times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LinearSvm {
    /// Cost of a row on the wrong side, above 0.
    #[serde(rename = "C", alias = "c")]
    pub c: f64,
    /// Violation of the optimality conditions at which it stops.
    pub tol: f64,
    /// How decision values become probabilities.
    pub probabilities: Probabilities,
}

impl Default for LinearSvm {
    fn default() -> Self {
        Self {
            c: 1.0,
            tol: 1e-3,
            probabilities: Probabilities::default(),
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
    /// How decision values become probabilities.
    pub probabilities: Probabilities,
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

/// How decision values become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Probabilities {
    /// By Platt's curve, fitted on inner folds: calibrated, at six times the cost.
    #[default]
    Platt,
    /// By the logistic curve as it is: not calibrated, and the class is that of the sign, as scikit-learn's `SVC` predicts.
    Margin,
}

impl Default for RbfSvm {
    fn default() -> Self {
        Self {
            c: 1.0,
            gamma: Gamma::Scale,
            tol: 1e-3,
            probabilities: Probabilities::default(),
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
        learn("linear-svm", parameter, self.probabilities, task)
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
        learn("rbf-svm", parameter, self.probabilities, task)
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
    probabilities: Probabilities,
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
    let rows: Vec<usize> = (0..task.labels.len())
        .filter(|&row| task.weight(row) > 0.0)
        .collect();
    let nodes: Vec<Vec<SvmNode>> = rows.iter().map(|&row| nodes(task.design, row)).collect();
    let labels: Vec<u32> = rows.iter().map(|&row| task.labels[row]).collect();
    let weights: Vec<f64> = rows.iter().map(|&row| task.weight(row)).collect();
    let of_class = class_weights(&labels, &weights, task.classes.len());
    // With fewer rows than folds of a class, decision values of the rows themselves have to do.
    let smallest =
        (0..task.classes.len() as u32).map(|class| labels.iter().filter(|&&label| label == class).count());
    let folds = smallest.min().unwrap_or(0).min(FOLDS);
    let mut warnings = Vec::new();
    if folds < 2 && probabilities == Probabilities::Platt {
        let message = format!(
            "{model} saw a class with one row: its probabilities are fitted on the rows it was trained on"
        );
        warnings.push(Warning::new("learn.no-inner-folds", message));
    }
    let parts = inner_folds(&labels, task.classes.len(), folds.max(1), &task.seed);
    let one_against_rest = |class: u32| {
        let train = |chosen: &[usize]| {
            train(
                class,
                chosen,
                &nodes,
                &labels,
                &weights,
                of_class.as_deref(),
                &parameter,
            )
        };
        let all: Vec<usize> = (0..labels.len()).collect();
        let machine = train(&all);
        if probabilities == Probabilities::Margin {
            return Ok((machine, Curve::PLAIN));
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
        Ok((machine, Curve::fit(&values, &positive, Some(&weights))?))
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

/// The machine of a class against all others on some rows.
fn train(
    class: u32,
    chosen: &[usize],
    nodes: &[Vec<SvmNode>],
    labels: &[u32],
    weights: &[f64],
    of_class: Option<&[f64]>,
    parameter: &SvmParameter,
) -> SvmModel {
    let instances: Vec<Vec<SvmNode>> = chosen.iter().map(|&row| nodes[row].clone()).collect();
    let own = |row: &usize| labels[*row] == class;
    let Some(of_class) = of_class else {
        let signs: Vec<i8> = chosen.iter().map(|row| if own(row) { 1 } else { -1 }).collect();
        let bounds: Vec<f64> = chosen.iter().map(|&row| parameter.c * weights[row]).collect();
        return weighted_svm::train(&instances, &signs, &bounds, parameter);
    };
    // Of several classes on one side, the mean weight of their rows.
    let side = |own: bool| {
        let rows = labels.iter().filter(|&&label| (label == class) == own);
        let (sum, count) = rows.fold((0.0, 0.0), |(sum, count), &label| {
            (sum + of_class[label as usize], count + 1.0)
        });
        sum / count
    };
    let parameter = SvmParameter {
        weight: vec![(1, side(true)), (-1, side(false))],
        ..parameter.clone()
    };
    let labels = chosen
        .iter()
        .map(|row| if own(row) { 1.0 } else { -1.0 })
        .collect();
    svm_train(&SvmProblem { labels, instances }, &parameter)
}

/// The weight of each class, if rows of a class have the same.
fn class_weights(labels: &[u32], weights: &[f64], classes: usize) -> Option<Vec<f64>> {
    let mut of_class = vec![None; classes];
    for (&label, &weight) in labels.iter().zip(weights) {
        let known: &mut Option<f64> = &mut of_class[label as usize];
        if known.is_some_and(|known| (known - weight).abs() > 1e-9 * known) {
            return None;
        }
        *known = Some(weight);
    }
    Some(of_class.into_iter().map(|weight| weight.unwrap_or(1.0)).collect())
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
    machines: Vec<(SvmModel, Curve)>,
    classes: usize,
}

impl Predict for Machines {
    fn predict(&self, design: &Design) -> Result<Vec<f64>, Error> {
        let mut probabilities = Vec::with_capacity(design.rows() * self.classes);
        for row in 0..design.rows() {
            let nodes = nodes(design, row);
            let of = |(machine, curve): &(SvmModel, Curve)| curve.at(decide(machine, &nodes));
            if let [only] = self.machines.as_slice() {
                let positive = of(only);
                probabilities.extend([1.0 - positive, positive]);
            } else {
                probabilities.extend(self.machines.iter().map(of));
            }
        }
        normalize(&mut probabilities, self.classes);
        Ok(probabilities)
    }
}
