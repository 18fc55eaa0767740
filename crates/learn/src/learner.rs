use std::borrow::Cow;

use counterpoise_base::{Seed, Warning, choices, nearest_name};

use crate::{
    Design, Error, GaussianNaiveBayes, GradientBoosting, KNearestNeighbors, LinearSvm, LogisticRegression,
    RandomForest, RbfSvm,
};

/// What a learner is fitted on.
#[derive(Debug, Clone, Copy)]
pub struct Training<'a> {
    /// The rows.
    pub design: &'a Design,
    /// The class of every row.
    pub labels: &'a [u32],
    /// Names of all classes; those without a row get probability 0.
    pub classes: &'a [String],
    /// Weights of rows, 0 or more; rows of weight 0 are as good as absent.
    pub weights: Option<&'a [f64]>,
}

/// The same with classes counted without gaps: what each learner sees.
pub(crate) struct Task<'a> {
    pub(crate) design: &'a Design,
    pub(crate) labels: Cow<'a, [u32]>,
    /// Names of the classes that occur, two or more.
    pub(crate) classes: Vec<&'a str>,
    pub(crate) weights: Option<&'a [f64]>,
    pub(crate) seed: Seed,
}

impl Task<'_> {
    pub(crate) fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }
}

/// One learner: options in, something that predicts out.
pub(crate) trait Learn {
    /// Fails for an option outside its range.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    fn learn(&self, task: &Task<'_>) -> Result<Fitted, Error>;
}

/// What a learner made, and what looked odd on the way.
pub(crate) struct Fitted {
    pub(crate) predict: Box<dyn Predict>,
    pub(crate) warnings: Vec<Warning>,
}

impl Fitted {
    pub(crate) fn new(predict: impl Predict + 'static) -> Self {
        Self {
            predict: Box::new(predict),
            warnings: Vec::new(),
        }
    }
}

pub(crate) trait Predict: Send + Sync {
    /// `(n, c)` probabilities, row after row.
    fn predict(&self, design: &Design) -> Result<Vec<f64>, Error>;
}

/// A fitted model.
pub struct Model {
    fitted: Fitted,
    /// The class of each column that the learner knows.
    present: Vec<u32>,
    classes: usize,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("present", &self.present)
            .finish_non_exhaustive()
    }
}

impl Model {
    /// Probabilities of all classes for each row, `(n, c)`, row after row; each row sums to 1.
    ///
    /// # Panics
    ///
    /// If the design has other columns than the one it was fitted on.
    pub fn probabilities(&self, design: &Design) -> Result<Vec<f64>, Error> {
        if design.rows() == 0 {
            return Ok(Vec::new());
        }
        let known = self.fitted.predict.predict(design)?;
        if self.present.len() == self.classes {
            return Ok(known);
        }
        let mut all = vec![0.0; design.rows() * self.classes];
        for (to, from) in all
            .chunks_exact_mut(self.classes)
            .zip(known.chunks_exact(self.present.len()))
        {
            for (&class, &probability) in self.present.iter().zip(from) {
                to[class as usize] = probability;
            }
        }
        Ok(all)
    }

    /// What looked odd while it was fitted: that it did not converge, for one.
    pub fn warnings(&self) -> &[Warning] {
        &self.fitted.warnings
    }
}

choices! {
    /// Any learner, with its options: an entry of `compare.models`, told apart by `name`.
    pub enum Learner of dyn Learn, else unknown -> Error {
        Logistic(LogisticRegression) = "logistic" | "logistic-regression" | "lr",
        Forest(RandomForest) = "forest" | "random-forest" | "rf",
        Boosting(GradientBoosting) = "boosting" | "gradient-boosting" | "gbdt",
        LinearSvm(LinearSvm) = "linear-svm",
        RbfSvm(RbfSvm) = "rbf-svm" | "svm" | "svc",
        KNearestNeighbors(KNearestNeighbors) = "k-nearest-neighbors" | "knn" | "k-neighbors",
        NaiveBayes(GaussianNaiveBayes) = "naive-bayes" | "gaussian-nb" | "nb",
    }
}

impl Learner {
    /// Fails for an option outside its range, before any row is looked at.
    pub fn check(&self) -> Result<(), Error> {
        self.options().check()
    }

    /// Fits a model. The same data, options and seed give the same model, whatever the number of threads.
    ///
    /// # Panics
    ///
    /// If labels or weights have another length than the design has rows, or a label has no class.
    pub fn fit(&self, data: &Training<'_>, seed: &Seed) -> Result<Model, Error> {
        assert_eq!(data.design.rows(), data.labels.len(), "every row has a class");
        if let Some(weights) = data.weights {
            assert_eq!(weights.len(), data.labels.len(), "every row has a weight");
        }
        let mut counts = vec![0_usize; data.classes.len()];
        for (row, &label) in data.labels.iter().enumerate() {
            counts[label as usize] += usize::from(data.weights.is_none_or(|weights| weights[row] > 0.0));
        }
        let present: Vec<u32> = (0..counts.len() as u32)
            .filter(|&class| counts[class as usize] > 0)
            .collect();
        if present.len() < 2 {
            return Err(Error::OneClass {
                model: self.name(),
                class: present
                    .first()
                    .map_or(String::new(), |&class| data.classes[class as usize].clone()),
            });
        }
        let labels = if present.len() == counts.len() {
            Cow::Borrowed(data.labels)
        } else {
            let mut place = vec![0; counts.len()];
            present
                .iter()
                .enumerate()
                .for_each(|(to, &class)| place[class as usize] = to as u32);
            Cow::Owned(data.labels.iter().map(|&label| place[label as usize]).collect())
        };
        let task = Task {
            design: data.design,
            labels,
            classes: present
                .iter()
                .map(|&class| data.classes[class as usize].as_str())
                .collect(),
            weights: data.weights,
            seed: seed.child(self.name()),
        };
        Ok(Model {
            fitted: self.options().learn(&task)?,
            present,
            classes: counts.len(),
        })
    }

    /// Bytes that fitting needs beside a design of `rows` rows and `width` columns, roughly.
    pub fn bytes(&self, rows: usize, width: usize) -> u64 {
        let cells = (rows * width.max(1)) as u64;
        match self {
            Self::Forest(_) => 8 * cells + 400 * rows as u64,
            Self::Boosting(_) => 8 * cells,
            Self::LinearSvm(_) | Self::RbfSvm(_) => 16 * cells + (100 << 20),
            _ => 0,
        }
    }
}

fn unknown(name: &str) -> Error {
    let suggestion = match nearest_name(name, Learner::names().iter().copied()) {
        Some(model) => format!(
            "did you mean `{model}`? The models are `{}`",
            Learner::names().join("`, `")
        ),
        None => format!("the models are `{}`", Learner::names().join("`, `")),
    };
    Error::UnknownModel {
        name: name.into(),
        suggestion,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use counterpoise_base::Matrix;

    use super::*;

    /// Two or three clouds of points that overlap a little.
    pub(crate) fn clouds(rows: usize, classes: u32) -> (Design, Vec<u32>, Vec<String>) {
        let mut random = Seed::new(11).rng();
        let mut data = Vec::new();
        let labels: Vec<u32> = (0..rows as u32).map(|row| row % classes).collect();
        for &label in &labels {
            let angle = f64::from(label) * 2.0;
            data.extend([
                1.6 * angle.cos() + random.normal(),
                1.6 * angle.sin() + random.normal(),
            ]);
        }
        let names = (0..classes).map(|class| format!("c{class}")).collect();
        (Design::from_matrix(Matrix::new(rows, 2, data)), labels, names)
    }

    fn accuracy(probabilities: &[f64], labels: &[u32], classes: usize) -> f64 {
        let right = probabilities
            .chunks_exact(classes)
            .zip(labels)
            .filter(|(row, label)| {
                let best = row.iter().copied().fold(0.0, f64::max);
                row[**label as usize] == best
            });
        right.count() as f64 / labels.len() as f64
    }

    #[test]
    fn every_learner_tells_clouds_apart_with_probabilities_that_sum_to_1() {
        for classes in [2, 3] {
            let (design, labels, names) = clouds(300, classes);
            let data = Training {
                design: &design,
                labels: &labels,
                classes: &names,
                weights: None,
            };
            for name in Learner::names() {
                let learner = Learner::from_name(name).expect("a listed name");
                let fit = || learner.fit(&data, &Seed::new(1)).expect(name);
                let model = fit();
                let probabilities = model.probabilities(&design).expect(name);
                assert_eq!(probabilities.len(), 300 * classes as usize);
                for row in probabilities.chunks_exact(classes as usize) {
                    assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{name} {row:?}");
                    assert!(row.iter().all(|p| (0.0..=1.0).contains(p)), "{name} {row:?}");
                }
                let right = accuracy(&probabilities, &labels, classes as usize);
                assert!(right > 0.8, "{name} with {classes} classes: {right}");
                assert_eq!(probabilities, fit().probabilities(&design).expect(name), "{name}");
            }
        }
    }

    #[test]
    fn a_class_without_rows_gets_probability_0() {
        let (design, labels, _) = clouds(60, 2);
        let labels: Vec<u32> = labels.iter().map(|label| label * 2).collect();
        let names: Vec<String> = ["a", "lost", "b"].map(String::from).to_vec();
        for name in Learner::names() {
            let data = Training {
                design: &design,
                labels: &labels,
                classes: &names,
                weights: None,
            };
            let model = Learner::from_name(name)
                .and_then(|learner| learner.fit(&data, &Seed::new(1)))
                .expect(name);
            let probabilities = model.probabilities(&design).expect(name);
            assert!(probabilities.chunks_exact(3).all(|row| row[1] == 0.0), "{name}");
        }
    }

    #[test]
    fn one_class_is_refused_by_name() {
        let (design, labels, names) = clouds(20, 2);
        let data = Training {
            design: &design,
            labels: &vec![1; labels.len()],
            classes: &names,
            weights: None,
        };
        let error = Learner::from_name("forest").and_then(|learner| learner.fit(&data, &Seed::new(1)));
        assert_eq!(
            error.expect_err("one class").to_string(),
            "forest needs rows of two or more classes, and there is only `c1`"
        );
    }

    #[test]
    fn a_weight_of_2_is_a_second_copy() {
        let (design, labels, names) = clouds(120, 2);
        let twice: Vec<usize> = (0..120).chain((0..120).filter(|row| row % 2 == 1)).collect();
        let weights: Vec<f64> = (0..120).map(|row| if row % 2 == 1 { 2.0 } else { 1.0 }).collect();
        let copies = design.of_rows(&twice);
        let copied: Vec<u32> = twice.iter().map(|&row| labels[row]).collect();
        for name in ["logistic", "boosting", "naive-bayes", "linear-svm"] {
            let learner = Learner::from_name(name).expect("a listed name");
            let fit = |design: &Design, labels: &[u32], weights: Option<&[f64]>| {
                let data = Training {
                    design,
                    labels,
                    classes: &names,
                    weights,
                };
                learner.fit(&data, &Seed::new(1)).expect(name)
            };
            let weighted = fit(&design, &labels, Some(&weights))
                .probabilities(&design)
                .expect(name);
            let repeated = fit(&copies, &copied, None).probabilities(&design).expect(name);
            let most = weighted
                .iter()
                .zip(&repeated)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            // Platt's inner folds of the machine deal copies apart.
            let close = if name == "linear-svm" { 0.1 } else { 1e-3 };
            assert!(most < close, "{name}: {most}");
        }
    }

    #[test]
    fn every_learner_survives_its_text_and_is_described() {
        for name in Learner::names() {
            let learner = Learner::from_name(name).expect("a listed name");
            let json = serde_json::to_string(&learner).expect("options are plain data");
            assert_eq!(
                serde_json::from_str::<Learner>(&json).expect("it is read again"),
                learner
            );
            let description = Learner::describe(name).expect("a listed name");
            assert!(
                !description.idea.is_empty() && !description.source.is_empty(),
                "{name}"
            );
            assert!(
                description
                    .parameters
                    .iter()
                    .all(|option| !option.about.is_empty()),
                "{name}"
            );
        }
    }

    #[test]
    fn a_misspelt_name_is_guessed() {
        let error = Learner::from_name("logistik").expect_err("no such model");
        assert!(error.hint().is_some_and(|hint| hint.contains("`logistic`")));
        assert_eq!(Learner::from_name("RF").expect("an alias").name(), "forest");
    }
}
