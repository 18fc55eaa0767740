use std::borrow::Cow;

use counterpoise_base::{Groups, Seed, Warning, choices, nearest_name};

use crate::{
    Decision, Design, Error, ExponentiatedGradient, GaussianNaiveBayes, GradientBoosting, GridSearch,
    GroupThresholds, KNearestNeighbors, LinearSvm, LogisticRegression, PrejudiceRemover, RandomForest,
    RbfSvm, SensitiveSubspace,
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
    /// The group of every row, for learners that compare groups ([`Learner::needs_groups`]); others do not look.
    pub groups: Option<&'a Groups>,
}

/// The same with classes and groups counted without gaps: what each learner sees.
pub(crate) struct Task<'a> {
    pub(crate) design: &'a Design,
    pub(crate) labels: Cow<'a, [u32]>,
    /// Names of the classes that occur, two or more.
    pub(crate) classes: Vec<&'a str>,
    pub(crate) weights: Option<&'a [f64]>,
    /// Two groups or more; for learners that use them only.
    pub(crate) groups: Option<InGroups<'a>>,
    pub(crate) seed: Seed,
    /// Where a walk downhill may begin: the end of an earlier one.
    pub(crate) start: Option<&'a [f64]>,
}

/// The group of every row.
pub(crate) struct InGroups<'a> {
    /// Names of the groups that occur.
    pub(crate) names: Vec<&'a str>,
    /// The place of each row's group among them; 0 for rows of weight 0 whose group has no other.
    pub(crate) codes: Vec<u32>,
}

impl<'a> InGroups<'a> {
    fn new(model: &'static str, groups: &'a Groups, weights: Option<&[f64]>) -> Result<Self, Error> {
        let mut occurs = vec![false; groups.classes().len()];
        for (row, &code) in groups.codes().iter().enumerate() {
            occurs[code as usize] |= weights.is_none_or(|weights| weights[row] > 0.0);
        }
        let (mut names, mut place) = (Vec::new(), vec![0; occurs.len()]);
        for (code, name) in groups
            .classes()
            .iter()
            .enumerate()
            .filter(|(code, _)| occurs[*code])
        {
            place[code] = names.len() as u32;
            names.push(name.as_str());
        }
        if names.len() < 2 {
            return Err(Error::OneGroup {
                model,
                group: names.first().map_or(String::new(), |&name| name.to_owned()),
            });
        }
        Ok(Self {
            names,
            codes: groups.codes().iter().map(|&code| place[code as usize]).collect(),
        })
    }
}

impl<'a> Task<'a> {
    pub(crate) fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// The groups of a learner that uses them.
    ///
    /// # Panics
    ///
    /// If its options say that it does not.
    pub(crate) fn in_groups(&self) -> &InGroups<'a> {
        self.groups.as_ref().expect("a learner that uses groups has them")
    }

    /// Which of two classes counts as the good one: the one of this name, else the second.
    pub(crate) fn favourable(&self, model: &'static str, name: Option<&str>) -> Result<u32, Error> {
        let Some(name) = name else { return Ok(1) };
        match self.classes.iter().position(|&class| class == name) {
            Some(place) => Ok(place as u32),
            None => Err(Error::NoSuchClass {
                model,
                class: name.into(),
                classes: self.classes.iter().map(|&class| class.to_owned()).collect(),
            }),
        }
    }
}

/// What a learner does with the groups of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupUse {
    Never,
    /// While it is fitted.
    Fit,
    /// While it is fitted and when it predicts.
    FitAndPredict,
}

/// One learner: options in, something that predicts out.
pub(crate) trait Learn {
    /// Fails for an option outside its range.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    fn group_use(&self) -> GroupUse {
        GroupUse::Never
    }

    /// Whether it tells no more than two classes apart.
    fn two_classes_only(&self) -> bool {
        false
    }

    /// Whether what it predicts is drawn.
    fn randomised(&self) -> bool {
        false
    }

    fn learn(&self, task: &Task<'_>) -> Result<Fitted, Error>;
}

/// What a learner made, and what looked odd on the way.
pub(crate) struct Fitted {
    rule: Rule,
    warnings: Vec<Warning>,
    end: Option<Vec<f64>>,
}

enum Rule {
    OfRows(Box<dyn Predict>),
    OfRowsInGroups(Box<dyn PredictInGroups>),
}

impl Fitted {
    pub(crate) fn new(predict: impl Predict + 'static) -> Self {
        Self::with(Rule::OfRows(Box::new(predict)))
    }

    pub(crate) fn in_groups(predict: impl PredictInGroups + 'static) -> Self {
        Self::with(Rule::OfRowsInGroups(Box::new(predict)))
    }

    fn with(rule: Rule) -> Self {
        Self {
            rule,
            warnings: Vec::new(),
            end: None,
        }
    }

    pub(crate) fn warning(mut self, warnings: impl IntoIterator<Item = Warning>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// Where a walk downhill ended.
    pub(crate) fn ended_at(mut self, place: Vec<f64>) -> Self {
        self.end = Some(place);
        self
    }
}

pub(crate) trait Predict: Send + Sync {
    /// `(n, c)` probabilities, row after row.
    fn predict(&self, design: &Design) -> Result<Vec<f64>, Error>;
}

pub(crate) trait PredictInGroups: Send + Sync {
    /// `(n, c)` probabilities, row after row; groups are counted as in [`InGroups::names`].
    fn predict(&self, design: &Design, groups: &[u32]) -> Result<Vec<f64>, Error>;
}

/// A fitted model.
pub struct Model {
    name: &'static str,
    fitted: Fitted,
    /// The class of each column that the learner knows.
    present: Vec<u32>,
    classes: usize,
    /// Names of the groups that it knows, if it needs them to predict.
    groups: Vec<String>,
    randomised: bool,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("name", &self.name)
            .field("present", &self.present)
            .finish_non_exhaustive()
    }
}

impl Model {
    /// Probabilities of all classes for each row, `(n, c)`, row after row; each row sums to 1.
    ///
    /// Of a randomised model they are the probabilities that it predicts a class.
    ///
    /// # Errors
    ///
    /// If the model needs the groups of rows: see [`probabilities_in`](Self::probabilities_in).
    ///
    /// # Panics
    ///
    /// If the design has other columns than the one it was fitted on.
    pub fn probabilities(&self, design: &Design) -> Result<Vec<f64>, Error> {
        self.probabilities_in(design, None)
    }

    /// The same for any model: one that [needs groups](Self::needs_groups) looks up the group of each row by its name,
    /// others do not look.
    ///
    /// # Panics
    ///
    /// If the design has other columns than the one it was fitted on, or another number of rows than `groups`.
    pub fn probabilities_in(&self, design: &Design, groups: Option<&Groups>) -> Result<Vec<f64>, Error> {
        if design.rows() == 0 {
            return Ok(Vec::new());
        }
        let known = match &self.fitted.rule {
            Rule::OfRows(rule) => rule.predict(design)?,
            Rule::OfRowsInGroups(rule) => rule.predict(design, &self.codes(design, groups)?)?,
        };
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

    /// The predicted class of each row: the most probable one, ties to the first; of a randomised model a class drawn
    /// with its probability from the branch of `seed` that belongs to the place of the row.
    ///
    /// # Panics
    ///
    /// As [`probabilities_in`](Self::probabilities_in).
    pub fn predict(&self, design: &Design, groups: Option<&Groups>, seed: &Seed) -> Result<Vec<u32>, Error> {
        let probabilities = self.probabilities_in(design, groups)?;
        if !self.randomised {
            return Ok(Decision::plain(self.classes).decide(&probabilities));
        }
        let seed = seed.child("predict");
        let draw = |(row, probabilities): (usize, &[f64])| {
            let (drawn, mut below) = (seed.child(row as u64).rng().fraction(), 0.0);
            let reached = probabilities.iter().position(|probability| {
                below += probability;
                drawn < below
            });
            // Rounding may leave the sum a hair below 1.
            let last = || probabilities.iter().rposition(|&probability| probability > 0.0);
            reached.or_else(last).unwrap_or(0) as u32
        };
        Ok(probabilities
            .chunks_exact(self.classes)
            .enumerate()
            .map(draw)
            .collect())
    }

    /// Whether the group of a row is part of its prediction.
    pub fn needs_groups(&self) -> bool {
        matches!(self.fitted.rule, Rule::OfRowsInGroups(_))
    }

    /// Whether predicted classes are drawn, with the probabilities that the model gives.
    pub fn is_randomised(&self) -> bool {
        self.randomised
    }

    /// What looked odd while it was fitted: that it did not converge, for one.
    pub fn warnings(&self) -> &[Warning] {
        &self.fitted.warnings
    }

    /// Where a walk downhill ended, for the next one to begin at.
    pub fn end(&self) -> Option<&[f64]> {
        self.fitted.end.as_deref()
    }

    fn codes(&self, design: &Design, groups: Option<&Groups>) -> Result<Vec<u32>, Error> {
        let groups = groups.ok_or(Error::NoGroups { model: self.name })?;
        assert_eq!(design.rows(), groups.len(), "every row has a group");
        let place = |name: &String| self.groups.iter().position(|known| known == name);
        let places: Vec<Option<usize>> = groups.classes().iter().map(place).collect();
        let code = |&code: &u32| {
            places[code as usize]
                .map(|place| place as u32)
                .ok_or_else(|| Error::UnknownGroup {
                    model: self.name,
                    group: groups.classes()[code as usize].clone(),
                    known: self.groups.clone(),
                })
        };
        groups.codes().iter().map(code).collect()
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
        ExponentiatedGradient(ExponentiatedGradient) = "exponentiated-gradient" | "egr",
        GridSearch(GridSearch) = "grid-search",
        GroupThresholds(GroupThresholds) = "group-thresholds" | "threshold-optimizer",
        PrejudiceRemover(PrejudiceRemover) = "prejudice-remover",
        SensitiveSubspace(SensitiveSubspace) = "sensitive-subspace" | "sensr" | "ssr",
    }
}

impl Learner {
    /// Fails for an option outside its range, before any row is looked at.
    pub fn check(&self) -> Result<(), Error> {
        self.options().check()
    }

    /// Says which class is the favourable one, where the options name none; other learners do not ask.
    pub fn set_favorable(&mut self, class: &str) {
        let label = match self {
            Self::ExponentiatedGradient(options) => &mut options.favorable_label,
            Self::GridSearch(options) => &mut options.favorable_label,
            Self::GroupThresholds(options) => &mut options.favorable_label,
            _ => return,
        };
        label.get_or_insert_with(|| class.to_owned());
    }

    /// Whether it is fitted with the group of every row.
    pub fn needs_groups(&self) -> bool {
        self.options().group_use() != GroupUse::Never
    }

    /// Whether its models need the group of a row to predict too.
    pub fn needs_groups_to_predict(&self) -> bool {
        self.options().group_use() == GroupUse::FitAndPredict
    }

    /// Whether predictions of its models are drawn.
    pub fn is_randomised(&self) -> bool {
        self.options().randomised()
    }

    /// Whether it tells no more than two classes apart.
    pub fn is_for_two_classes_only(&self) -> bool {
        self.options().two_classes_only()
    }

    /// Fits a model. The same data, options and seed give the same model, whatever the number of threads.
    ///
    /// # Panics
    ///
    /// If labels, weights or groups have another length than the design has rows, or a label has no class.
    pub fn fit(&self, data: &Training<'_>, seed: &Seed) -> Result<Model, Error> {
        self.fit_from(data, seed, None)
    }

    /// The same, where a walk downhill may begin at the end of an earlier one.
    pub(crate) fn fit_from(
        &self,
        data: &Training<'_>,
        seed: &Seed,
        start: Option<&[f64]>,
    ) -> Result<Model, Error> {
        let name = self.name();
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
                model: name,
                class: present
                    .first()
                    .map_or(String::new(), |&class| data.classes[class as usize].clone()),
            });
        }
        if present.len() > 2 && self.is_for_two_classes_only() {
            return Err(Error::TwoClassesOnly {
                model: name,
                classes: present.len(),
            });
        }
        let groups = if self.needs_groups() {
            let groups = data.groups.ok_or(Error::NoGroups { model: name })?;
            assert_eq!(groups.len(), data.labels.len(), "every row has a group");
            Some(InGroups::new(name, groups, data.weights)?)
        } else {
            None
        };
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
            groups,
            seed: seed.child(name),
            start,
        };
        let fitted = self.options().learn(&task)?;
        let groups = task.groups.as_ref();
        Ok(Model {
            name,
            fitted,
            present,
            classes: counts.len(),
            groups: groups.map_or(Vec::new(), |groups| {
                groups.names.iter().map(|&name| name.to_owned()).collect()
            }),
            randomised: self.is_randomised(),
        })
    }

    /// Bytes that fitting needs beside a design of `rows` rows and `width` columns, roughly.
    pub fn bytes(&self, rows: usize, width: usize) -> u64 {
        let cells = (rows * width.max(1)) as u64;
        match self {
            Self::Forest(_) => 8 * cells + 400 * rows as u64,
            Self::Boosting(_) => 8 * cells,
            Self::LinearSvm(_) | Self::RbfSvm(_) => 16 * cells + (100 << 20),
            Self::ExponentiatedGradient(options) => options.estimator.0.bytes(rows, width) + 40 * rows as u64,
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

    /// Two groups that have nothing to do with classes.
    pub(crate) fn halves(rows: usize) -> Groups {
        let codes = (0..rows as u32).map(|row| row / 3 % 2).collect();
        Groups::from_codes(vec!["men".into(), "women".into()], codes)
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
            let groups = halves(300);
            let data = Training {
                design: &design,
                labels: &labels,
                classes: &names,
                weights: None,
                groups: Some(&groups),
            };
            for name in Learner::names() {
                let learner = Learner::from_name(name).expect("a listed name");
                if classes > 2 && learner.is_for_two_classes_only() {
                    let error = learner.fit(&data, &Seed::new(1)).expect_err(name);
                    assert_eq!(error.code(), "learn.two-classes-only", "{name}");
                    continue;
                }
                let fit = || learner.fit(&data, &Seed::new(1)).expect(name);
                let model = fit();
                let probabilities = model.probabilities_in(&design, Some(&groups)).expect(name);
                assert_eq!(probabilities.len(), 300 * classes as usize);
                for row in probabilities.chunks_exact(classes as usize) {
                    assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{name} {row:?}");
                    assert!(row.iter().all(|p| (0.0..=1.0).contains(p)), "{name} {row:?}");
                }
                let right = accuracy(&probabilities, &labels, classes as usize);
                // Being alike in both groups costs a little.
                let enough = if learner.needs_groups() { 0.65 } else { 0.8 };
                assert!(right > enough, "{name} with {classes} classes: {right}");
                assert_eq!(
                    probabilities,
                    fit().probabilities_in(&design, Some(&groups)).expect(name),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn a_class_without_rows_gets_probability_0() {
        let (design, labels, _) = clouds(60, 2);
        let groups = halves(60);
        let labels: Vec<u32> = labels.iter().map(|label| label * 2).collect();
        let names: Vec<String> = ["a", "lost", "b"].map(String::from).to_vec();
        for name in Learner::names() {
            let data = Training {
                design: &design,
                labels: &labels,
                classes: &names,
                weights: None,
                groups: Some(&groups),
            };
            let model = Learner::from_name(name)
                .and_then(|learner| learner.fit(&data, &Seed::new(1)))
                .expect(name);
            let probabilities = model.probabilities_in(&design, Some(&groups)).expect(name);
            assert!(probabilities.chunks_exact(3).all(|row| row[1] == 0.0), "{name}");
        }
    }

    #[test]
    fn what_needs_groups_says_so_and_one_group_is_too_few() {
        let (design, labels, names) = clouds(60, 2);
        let one = Groups::from_codes(vec!["men".into(), "women".into()], vec![0; 60]);
        let two = halves(60);
        for name in Learner::names() {
            let learner = Learner::from_name(name).expect("a listed name");
            let fit = |groups: Option<&Groups>| {
                let data = Training {
                    design: &design,
                    labels: &labels,
                    classes: &names,
                    weights: None,
                    groups,
                };
                learner.fit(&data, &Seed::new(1))
            };
            if !learner.needs_groups() {
                assert!(!fit(None).expect(name).needs_groups(), "{name}");
                continue;
            }
            let none = fit(None).expect_err(name);
            assert!(none.hint().is_some_and(|hint| hint.contains("--group")), "{name}");
            let error = fit(Some(&one)).expect_err(name).to_string();
            assert!(error.contains("all rows are of group `men`"), "{error}");
            let model = fit(Some(&two)).expect(name);
            assert_eq!(model.needs_groups(), learner.needs_groups_to_predict(), "{name}");
            if model.needs_groups() {
                let error = model.probabilities(&design).expect_err(name);
                assert_eq!(error.code(), "learn.no-groups", "{name}");
                let other = Groups::from_codes(vec!["women".into(), "others".into()], vec![1; 60]);
                let error = model.probabilities_in(&design, Some(&other)).expect_err(name);
                assert!(error.to_string().contains("`others`"), "{error}");
                // Names count, codes do not.
                let swapped = two.codes().iter().map(|code| 1 - code).collect();
                let swapped = Groups::from_codes(vec!["women".into(), "men".into()], swapped);
                assert_eq!(
                    model.probabilities_in(&design, Some(&swapped)).expect(name),
                    model.probabilities_in(&design, Some(&two)).expect(name)
                );
            }
        }
    }

    #[test]
    fn a_randomised_model_draws_row_by_row_with_its_probabilities() {
        let (design, labels, names) = clouds(400, 2);
        let groups = Groups::from_codes(vec!["a".into(), "b".into()], labels.clone());
        let data = Training {
            design: &design,
            labels: &labels,
            classes: &names,
            weights: None,
            groups: Some(&groups),
        };
        let learner = Learner::from_name("exponentiated-gradient").expect("a listed name");
        let model = learner.fit(&data, &Seed::new(1)).expect("two groups");
        assert!(model.is_randomised());
        let (all, first): (Vec<usize>, Vec<usize>) = ((0..400).collect(), (0..100).collect());
        let predict = |rows: &[usize], seed: u64| {
            model
                .predict(&design.of_rows(rows), None, &Seed::new(seed))
                .expect("it needs no groups")
        };
        // A row's draw is its own, whatever rows come after it.
        assert_eq!(predict(&all, 3)[..100], predict(&first, 3));
        let probabilities = model.probabilities(&design).expect("it needs no groups");
        let expected: f64 = probabilities.chunks_exact(2).map(|row| row[1]).sum();
        let drawn = (0..50)
            .map(|seed| predict(&all, seed).iter().sum::<u32>())
            .sum::<u32>();
        assert!(
            (f64::from(drawn) / 50.0 - expected).abs() < 5.0,
            "{drawn} and {expected}"
        );
    }

    #[test]
    fn one_class_is_refused_by_name() {
        let (design, labels, names) = clouds(20, 2);
        let data = Training {
            design: &design,
            labels: &vec![1; labels.len()],
            classes: &names,
            weights: None,
            groups: None,
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
                    groups: None,
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
