use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use counterpoise_base::nearest_name;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Confusion, ConfusionMatrix, Error, Evaluator, Predictions};

/// How the numbers of several classes become one.
///
/// A class without a true and without a predicted row is left out of every average. The average is absent if a class
/// that has true rows has no number; a class that was predicted and never true enters where its number is defined
/// (precision 0) and is left out where it is not (recall). scikit-learn puts 0 for both instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Average {
    /// Every class counts the same.
    Macro,
    /// Decisions of all classes are added up first.
    Micro,
    /// Every class counts by the weight of its true rows.
    Weighted,
    /// This class only, against the rest.
    Class(String),
}

/// Which number.
///
/// Written by its [`name`](Self::name), in files and on the command line: `balanced-accuracy`, `recall-macro`,
/// `recall:rare` for one class. A bare `recall` is `recall-macro`: there is no positive class unless you name one.
///
/// # Source
///
/// Definitions are those of scikit-learn 1.9 and imbalanced-learn 0.14 except where a variant says otherwise. What
/// they set to 0 or to 1 because it is not defined is absent here.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Measure {
    /// Share of rows that were told.
    Accuracy,
    /// Mean of recall over classes; the same as `recall-macro`.
    BalancedAccuracy,
    /// Share of predicted rows that are of the class.
    Precision(Average),
    /// Share of the class that was told.
    Recall(Average),
    /// Share of the rest that was told.
    Specificity(Average),
    /// Weighted harmonic mean of precision and recall.
    F {
        /// How many times as much recall counts.
        beta: f64,
        /// Over which classes.
        average: Average,
    },
    /// The c-th root of the product of recalls of the classes that have rows. imbalanced-learn takes a class that was
    /// only predicted for one with recall 0.
    GMean,
    /// Square root of macro recall times macro specificity: the form of the DeepSMOTE and EOS papers.
    GMeanMacro,
    /// Square root of recall times specificity of one class.
    GMeanOf(String),
    /// Matthews' correlation; absent if only one class is true, or only one predicted, where scikit-learn says 0.
    Mcc,
    /// Cohen's kappa; absent if truth and prediction are the same one class.
    Kappa,
    /// Index-balanced accuracy, [`Confusion::iba`]. Macro and weighted are means of it over classes, as in
    /// imbalanced-learn's report; its function with `average="macro"` instead takes the index of mean recall and mean
    /// specificity.
    Iba(Average),
    /// Mean over classes of the mean distance between predicted and true class, for classes that are numbers.
    MeanAbsoluteErrorMacro,
    /// Share of pairs of a row of the class and one of the rest that are in the right order, ties counting half.
    RocAuc(Average),
    /// Mean of precision over the rows of the class, by falling score, without interpolation.
    AveragePrecision(Average),
    /// Mean squared error of probabilities, summed over classes, halved for two classes as is usual.
    Brier,
    /// Mean squared error of the probability of one class.
    BrierOf(String),
    /// Mean negative logarithm of the probability of the true class, which is first clipped to 2⁻⁵² from 0 and 1 as
    /// in scikit-learn.
    LogLoss,
    /// Expected calibration error: mean gap, over 15 bins of equal width, between probability and share.
    ///
    /// Two classes: of the second class. More: of the likeliest class (ties: the first), whatever was predicted.
    /// Bins are open below and closed above, as in scikit-learn's `calibration_curve`.
    ///
    /// Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, equation 3.
    Ece,
}

/// What an average may be, for a measure.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Nothing,
    Class,
    MacroWeightedClass,
    All,
}

impl Takes {
    fn average(self, average: &Average) -> bool {
        match average {
            Average::Macro | Average::Weighted => matches!(self, Self::MacroWeightedClass | Self::All),
            Average::Micro => self == Self::All,
            Average::Class(_) => self != Self::Nothing,
        }
    }
}

/// First parts of all names, with what may follow and what the number is in words.
const STEMS: [(&str, Takes, &str); 19] = [
    ("accuracy", Takes::Nothing, "share of rows that were told"),
    ("balanced-accuracy", Takes::Nothing, "mean of recall over classes"),
    (
        "precision",
        Takes::All,
        "share of predicted rows that are of the class",
    ),
    ("recall", Takes::All, "share of the class that was told"),
    ("specificity", Takes::All, "share of the rest that was told"),
    ("f1", Takes::All, "harmonic mean of precision and recall"),
    (
        "f0.5",
        Takes::All,
        "harmonic mean of precision and recall, recall counting half",
    ),
    (
        "f2",
        Takes::All,
        "harmonic mean of precision and recall, recall counting twice",
    ),
    ("g-mean", Takes::Class, "geometric mean of recalls"),
    (
        "g-mean-macro",
        Takes::Nothing,
        "geometric mean of macro recall and macro specificity",
    ),
    (
        "mcc",
        Takes::Nothing,
        "Matthews' correlation of truth and prediction",
    ),
    ("kappa", Takes::Nothing, "agreement beyond chance"),
    (
        "iba",
        Takes::All,
        "recall times specificity, with a reward for recall",
    ),
    (
        "mean-absolute-error-macro",
        Takes::Nothing,
        "mean over classes of the distance between classes",
    ),
    (
        "roc-auc",
        Takes::MacroWeightedClass,
        "share of pairs of rows that the score puts in order",
    ),
    (
        "average-precision",
        Takes::MacroWeightedClass,
        "mean precision over the rows of the class, by falling score",
    ),
    ("brier", Takes::Class, "mean squared error of probabilities"),
    (
        "log-loss",
        Takes::Nothing,
        "mean negative logarithm of the true class's probability",
    ),
    (
        "ece",
        Takes::Nothing,
        "mean gap between probability and observed share",
    ),
];

impl Measure {
    /// The number for these rows; absent where it is not defined, or [`check`](Self::check) fails.
    pub fn value(&self, rows: &Predictions<'_>) -> Option<f64> {
        let evaluator = Evaluator::new(std::slice::from_ref(self), rows, None).ok()?;
        evaluator
            .original()
            .first()
            .copied()
            .filter(|value| !value.is_nan())
    }

    /// Tells what these rows lack for the measure: a class, probabilities, classes that are numbers.
    pub fn check(&self, rows: &Predictions<'_>) -> Result<(), Error> {
        if self.needs_probabilities() && rows.probabilities().is_none() {
            return Err(Error::NeedsProbabilities { measure: self.name() });
        }
        if let Some(class) = self.class()
            && !rows.classes().iter().any(|name| name == class)
        {
            return Err(Error::UnknownClass {
                measure: self.name(),
                class: class.into(),
                suggestion: suggest(class, rows.classes().iter().map(String::as_str)),
            });
        }
        if *self == Self::MeanAbsoluteErrorMacro
            && let Some(class) = rows.classes().iter().find(|class| number(class).is_none())
        {
            return Err(Error::NeedsNumbers {
                measure: self.name(),
                class: class.clone(),
            });
        }
        Ok(())
    }

    /// The name, as it is written in files: `f1-macro`, `recall:rare`.
    pub fn name(&self) -> String {
        let (stem, average) = self.parts();
        match average {
            None => stem.into(),
            Some(Average::Macro) => format!("{stem}-macro"),
            Some(Average::Micro) => format!("{stem}-micro"),
            Some(Average::Weighted) => format!("{stem}-weighted"),
            Some(Average::Class(class)) => format!("{stem}:{class}"),
        }
    }

    /// The number in words.
    pub fn describe(&self) -> String {
        let (stem, average) = self.parts();
        let words = STEMS.iter().find(|(name, ..)| *name == stem).map_or(
            "weighted harmonic mean of precision and recall",
            |(_, _, words)| *words,
        );
        match average {
            None => words.into(),
            Some(Average::Macro) => format!("{words}; every class counts the same"),
            Some(Average::Micro) => format!("{words}; decisions of all classes are added up first"),
            Some(Average::Weighted) => format!("{words}; every class counts by its rows"),
            Some(Average::Class(class)) => format!("{words}; class `{class}` against the rest"),
        }
    }

    /// First parts of all names, which `-macro`, `-micro`, `-weighted` or `:class` may follow.
    pub fn names() -> Vec<&'static str> {
        STEMS.iter().map(|(name, ..)| *name).collect()
    }

    /// Whether more is better; errors and losses are the other way.
    pub fn higher_is_better(&self) -> bool {
        !matches!(
            self,
            Self::MeanAbsoluteErrorMacro | Self::Brier | Self::BrierOf(_) | Self::LogLoss | Self::Ece
        )
    }

    /// Whether predicted classes are not enough.
    pub fn needs_probabilities(&self) -> bool {
        matches!(
            self,
            Self::RocAuc(_)
                | Self::AveragePrecision(_)
                | Self::Brier
                | Self::BrierOf(_)
                | Self::LogLoss
                | Self::Ece
        )
    }

    /// Whether the number depends on the order of rows by score; scores of different models, as those of the folds
    /// of a cross-validation, must then not be pooled.
    pub fn is_ranking(&self) -> bool {
        matches!(self, Self::RocAuc(_) | Self::AveragePrecision(_))
    }

    /// The one class that the measure is about, if it names one.
    pub fn class(&self) -> Option<&str> {
        match (self, self.average()) {
            (Self::GMeanOf(class) | Self::BrierOf(class), _) | (_, Some(Average::Class(class))) => {
                Some(class)
            }
            _ => None,
        }
    }

    fn average(&self) -> Option<&Average> {
        match self {
            Self::Precision(average)
            | Self::Recall(average)
            | Self::Specificity(average)
            | Self::F { average, .. }
            | Self::Iba(average)
            | Self::RocAuc(average)
            | Self::AveragePrecision(average) => Some(average),
            _ => None,
        }
    }

    fn parts(&self) -> (Cow<'static, str>, Option<Average>) {
        let stem = match self {
            Self::Accuracy => "accuracy",
            Self::BalancedAccuracy => "balanced-accuracy",
            Self::Precision(_) => "precision",
            Self::Recall(_) => "recall",
            Self::Specificity(_) => "specificity",
            Self::F { beta, average } => return (format!("f{beta}").into(), Some(average.clone())),
            Self::GMean => "g-mean",
            Self::GMeanOf(class) => return ("g-mean".into(), Some(Average::Class(class.clone()))),
            Self::GMeanMacro => "g-mean-macro",
            Self::Mcc => "mcc",
            Self::Kappa => "kappa",
            Self::Iba(_) => "iba",
            Self::MeanAbsoluteErrorMacro => "mean-absolute-error-macro",
            Self::RocAuc(_) => "roc-auc",
            Self::AveragePrecision(_) => "average-precision",
            Self::Brier => "brier",
            Self::BrierOf(class) => return ("brier".into(), Some(Average::Class(class.clone()))),
            Self::LogLoss => "log-loss",
            Self::Ece => "ece",
        };
        (stem.into(), self.average().cloned())
    }

    fn from_parts(stem: &str, average: Option<Average>) -> Option<Self> {
        let whole = average.is_none();
        let class = match &average {
            Some(Average::Class(class)) => Some(class.clone()),
            _ => None,
        };
        let average = average.unwrap_or(Average::Macro);
        Some(match stem {
            "accuracy" if whole => Self::Accuracy,
            "balanced-accuracy" if whole => Self::BalancedAccuracy,
            "precision" => Self::Precision(average),
            "recall" => Self::Recall(average),
            "specificity" => Self::Specificity(average),
            "g-mean" if whole => Self::GMean,
            "g-mean" if average == Average::Macro => Self::GMeanMacro,
            "g-mean" => Self::GMeanOf(class?),
            "mcc" if whole => Self::Mcc,
            "kappa" if whole => Self::Kappa,
            "iba" => Self::Iba(average),
            "mean-absolute-error" if average == Average::Macro => Self::MeanAbsoluteErrorMacro,
            "roc-auc" if average != Average::Micro => Self::RocAuc(average),
            "average-precision" if average != Average::Micro => Self::AveragePrecision(average),
            "brier" if whole => Self::Brier,
            "brier" => Self::BrierOf(class?),
            "log-loss" if whole => Self::LogLoss,
            "ece" if whole => Self::Ece,
            _ => {
                let beta: f64 = stem.strip_prefix('f')?.parse().ok()?;
                if !(beta.is_finite() && beta > 0.0) {
                    return None;
                }
                Self::F { beta, average }
            }
        })
    }
}

/// A class as a number, for distances between classes.
pub(crate) fn number(class: &str) -> Option<f64> {
    class.parse().ok().filter(|number: &f64| number.is_finite())
}

pub(crate) fn suggest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = candidates.collect();
    match nearest_name(name, all.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("there are: {}", all.join(", ")),
    }
}

impl FromStr for Measure {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (stem, average) = if let Some((stem, class)) = text.split_once(':') {
            (stem, Some(Average::Class(class.into())))
        } else if let Some(stem) = text.strip_suffix("-macro") {
            (stem, Some(Average::Macro))
        } else if let Some(stem) = text.strip_suffix("-micro") {
            (stem, Some(Average::Micro))
        } else if let Some(stem) = text.strip_suffix("-weighted") {
            (stem, Some(Average::Weighted))
        } else {
            (text, None)
        };
        Self::from_parts(stem, average.clone()).ok_or_else(|| Error::UnknownMeasure {
            name: text.into(),
            suggestion: suggestion(stem, average.as_ref()),
        })
    }
}

fn suggestion(stem: &str, average: Option<&Average>) -> String {
    if let Some((_, takes, _)) = STEMS.iter().find(|(name, ..)| *name == stem)
        && let Some(average) = average
        && !takes.average(average)
    {
        return match takes {
            Takes::Nothing => format!("write `{stem}` alone"),
            Takes::Class => format!("write `{stem}` alone, or `{stem}:` and the name of a class"),
            _ => format!("write `{stem}-macro`, `{stem}-weighted`, or `{stem}:` and the name of a class"),
        };
    }
    suggest(stem, STEMS.iter().map(|(name, ..)| *name))
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer)
    }
}

/// Reads a measure by its name; the hint of an error goes with it.
pub(crate) fn deserialize<'de, M, D>(deserializer: D) -> Result<M, D::Error>
where
    M: FromStr<Err = Error>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|error: Error| {
        let hint = error.hint().map_or_else(String::new, |hint| format!("; {hint}"));
        serde::de::Error::custom(format!("{error}{hint}"))
    })
}

impl JsonSchema for Measure {
    fn schema_name() -> Cow<'static, str> {
        "Measure".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-words": "balanced-accuracy, f1-macro, recall:class, …" })
    }
}

/// A measure with its class looked up, for a confusion matrix.
#[derive(Debug, Clone)]
pub(crate) enum OfMatrix {
    Accuracy,
    Mean(Mean, One),
    GMean,
    GMeanMacro,
    Mcc,
    Kappa,
    MeanAbsoluteErrorMacro(Vec<f64>),
}

/// An average with its class looked up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Mean {
    Macro,
    Micro,
    Weighted,
    Class(usize),
}

impl Mean {
    pub(crate) fn new(average: &Average, classes: &[String]) -> Option<Self> {
        Some(match average {
            Average::Macro => Self::Macro,
            Average::Micro => Self::Micro,
            Average::Weighted => Self::Weighted,
            Average::Class(class) => Self::Class(classes.iter().position(|name| name == class)?),
        })
    }

    /// One number of the numbers of classes. `needed` tells the classes without which a macro average says nothing.
    pub(crate) fn over(
        self,
        matrix: &ConfusionMatrix,
        needed: &[bool],
        of: impl Fn(usize) -> Option<f64>,
    ) -> Option<f64> {
        let truth = matrix.truth();
        let (mut sum, mut weight) = (0.0, 0.0);
        match self {
            Self::Class(class) => return of(class),
            Self::Macro | Self::Micro => {
                for class in 0..matrix.classes() {
                    if truth[class] > 0.0 {
                        sum += of(class)?;
                        weight += 1.0;
                    } else if needed[class] {
                        return None;
                    } else if let Some(value) = of(class).filter(|_| matrix.occurs(class)) {
                        sum += value;
                        weight += 1.0;
                    }
                }
            }
            Self::Weighted => {
                for class in (0..matrix.classes()).filter(|&class| truth[class] > 0.0) {
                    sum += truth[class] * of(class)?;
                    weight += truth[class];
                }
            }
        }
        (weight > 0.0).then(|| sum / weight)
    }
}

/// A number of one class against the rest.
#[derive(Debug, Clone, Copy)]
pub(crate) enum One {
    Precision,
    Recall,
    Specificity,
    F(f64),
    GMean,
    Iba,
}

impl One {
    fn of(self, confusion: &Confusion) -> Option<f64> {
        match self {
            Self::Precision => confusion.precision(),
            Self::Recall => confusion.recall(),
            Self::Specificity => confusion.specificity(),
            Self::F(beta) => confusion.f_beta(beta),
            Self::GMean => confusion.g_mean(),
            Self::Iba => confusion.iba(),
        }
    }

    fn mean(self, mean: Mean, matrix: &ConfusionMatrix, needed: &[bool]) -> Option<f64> {
        match mean {
            Mean::Micro => self.of(&matrix.pooled()),
            _ => mean.over(matrix, needed, |class| self.of(&matrix.of(class))),
        }
    }
}

impl OfMatrix {
    /// `None` for a measure of probabilities.
    pub(crate) fn new(measure: &Measure, classes: &[String]) -> Option<Self> {
        let mean = |average, one| Some(Self::Mean(Mean::new(average, classes)?, one));
        Some(match measure {
            Measure::Accuracy => Self::Accuracy,
            Measure::BalancedAccuracy => Self::Mean(Mean::Macro, One::Recall),
            Measure::Precision(average) => return mean(average, One::Precision),
            Measure::Recall(average) => return mean(average, One::Recall),
            Measure::Specificity(average) => return mean(average, One::Specificity),
            Measure::F { beta, average } => return mean(average, One::F(*beta)),
            Measure::GMeanOf(class) => return mean(&Average::Class(class.clone()), One::GMean),
            Measure::Iba(average) => return mean(average, One::Iba),
            Measure::GMean => Self::GMean,
            Measure::GMeanMacro => Self::GMeanMacro,
            Measure::Mcc => Self::Mcc,
            Measure::Kappa => Self::Kappa,
            Measure::MeanAbsoluteErrorMacro => Self::MeanAbsoluteErrorMacro(
                classes.iter().map(|class| number(class)).collect::<Option<_>>()?,
            ),
            _ => return None,
        })
    }

    pub(crate) fn value(&self, matrix: &ConfusionMatrix, needed: &[bool]) -> Option<f64> {
        let (truth, predicted) = (matrix.truth(), matrix.predicted());
        let total = matrix.total();
        match self {
            Self::Accuracy => (total > 0.0).then(|| matrix.correct() / total),
            Self::Mean(mean, one) => one.mean(*mean, matrix, needed),
            Self::GMean => {
                // A product of a thousand recalls would underflow.
                let log = Mean::Macro.over(matrix, needed, |class| matrix.of(class).recall().map(f64::ln))?;
                Some(log.exp())
            }
            Self::GMeanMacro => {
                let recall = One::Recall.mean(Mean::Macro, matrix, needed)?;
                let specificity = One::Specificity.mean(Mean::Macro, matrix, needed)?;
                Some((recall * specificity).sqrt())
            }
            Self::Mcc => {
                if single(truth).is_some() || single(predicted).is_some() || total <= 0.0 {
                    return None;
                }
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                let both = matrix.correct() * total - dot(truth, predicted);
                let square = total * total;
                let spread = (square - dot(truth, truth)) * (square - dot(predicted, predicted));
                (spread > 0.0).then(|| (both / spread.sqrt()).clamp(-1.0, 1.0))
            }
            Self::Kappa => {
                if total <= 0.0 || single(truth).is_some_and(|class| single(predicted) == Some(class)) {
                    return None;
                }
                let chance: f64 = truth.iter().zip(predicted).map(|(t, p)| t * (total - p)).sum();
                let wrong = total - matrix.correct();
                (chance > 0.0).then(|| 1.0 - wrong * total / chance)
            }
            Self::MeanAbsoluteErrorMacro(numbers) => Mean::Macro.over(matrix, needed, |class| {
                let distance = |to: usize| (numbers[class] - numbers[to]).abs() * matrix.cell(class, to);
                let weight = truth[class];
                (weight > 0.0).then(|| (0..numbers.len()).map(distance).sum::<f64>() / weight)
            }),
        }
    }
}

/// The only class with any weight, if there is just one.
fn single(weights: &[f64]) -> Option<usize> {
    let mut some = (0..weights.len()).filter(|&class| weights[class] > 0.0);
    some.next().filter(|_| some.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: &str) {
        let measure: Measure = text.parse().unwrap();
        assert_eq!(measure.name(), name);
        assert_eq!(name.parse::<Measure>().unwrap(), measure);
    }

    #[test]
    fn names_are_read_back() {
        for name in Measure::names() {
            let measure: Measure = name.parse().unwrap();
            assert_eq!(measure.name().parse::<Measure>().unwrap(), measure);
            assert!(!measure.describe().is_empty());
        }
        check("recall", "recall-macro");
        check("f1-weighted", "f1-weighted");
        check("f0.5:rare", "f0.5:rare");
        check("precision:a:b", "precision:a:b");
        check("g-mean:rare", "g-mean:rare");
        check("roc-auc", "roc-auc-macro");
    }

    fn refused(text: &str) -> String {
        text.parse::<Measure>().unwrap_err().hint().unwrap()
    }

    #[test]
    fn misspelt_names_are_told() {
        assert_eq!(refused("accuraxy"), "did you mean `accuracy`?");
        assert_eq!(refused("recallx-macro"), "did you mean `recall`?");
        assert_eq!(refused("mcc-macro"), "write `mcc` alone");
        assert_eq!(
            refused("roc-auc-micro"),
            "write `roc-auc-macro`, `roc-auc-weighted`, or `roc-auc:` and the name of a class"
        );
        assert!(refused("f-1").starts_with("did you mean"));
        assert!(refused("zebra").starts_with("there are: accuracy"));
    }

    #[test]
    fn a_class_the_data_lacks_is_told() {
        let classes = ["common".to_owned(), "rare".to_owned()];
        let rows = Predictions::new(&classes, &[0, 1], &[0, 1]).unwrap();
        let check = |name: &str| name.parse::<Measure>().unwrap().check(&rows).unwrap_err();
        assert_eq!(check("recall:rar").hint().unwrap(), "did you mean `rare`?");
        assert_eq!(check("brier").code(), "metrics.needs-probabilities");
        assert_eq!(
            check("mean-absolute-error-macro").to_string(),
            "`mean-absolute-error-macro` needs classes that are numbers, and `common` is none"
        );
    }

    fn value(name: &str, truth: &[u32], predicted: &[u32]) -> Option<f64> {
        let classes = ["0".to_owned(), "1".to_owned(), "2".to_owned()];
        let rows = Predictions::new(&classes, truth, predicted).unwrap();
        name.parse::<Measure>().unwrap().value(&rows)
    }

    #[test]
    fn undefined_numbers_are_absent() {
        assert_eq!(value("accuracy", &[], &[]), None);
        assert_eq!(value("precision:1", &[0, 1], &[0, 0]), None);
        assert_eq!(value("precision-macro", &[0, 1], &[0, 0]), None);
        assert_eq!(value("f1-macro", &[0, 1], &[0, 0]), Some(1.0 / 3.0));
        assert_eq!(value("recall:1", &[0, 0], &[0, 1]), None);
        assert_eq!(value("specificity:0", &[0, 0], &[0, 1]), None);
        assert_eq!(value("mcc", &[0, 1], &[0, 0]), None);
        assert_eq!(value("kappa", &[0, 1], &[0, 0]), Some(0.0));
        assert_eq!(value("kappa", &[0, 0], &[0, 0]), None);
    }

    #[test]
    fn classes_that_do_not_occur_are_left_out() {
        assert_eq!(value("recall-macro", &[0, 1], &[0, 1]), Some(1.0));
        assert_eq!(value("balanced-accuracy", &[0, 1], &[0, 2]), Some(0.5));
        assert_eq!(value("precision-macro", &[0, 1, 1], &[0, 1, 2]), Some(2.0 / 3.0));
        assert_eq!(value("g-mean", &[0, 1, 1], &[0, 1, 2]), Some(0.5_f64.sqrt()));
        assert_eq!(
            value("mean-absolute-error-macro", &[0, 2, 2], &[0, 0, 2]),
            Some(0.5)
        );
    }
}
