//! Whether diversity matters as much as count, and who raises it: heads over features that stay as they are.

use counterpoise_base::{Embeddings, LabeledImages, Labels, LinearHead, Observer, Seed, agree};
use counterpoise_deep::{DeepSmoteTraining, DeviceKind, HeadRows, HeadTraining, Sampler, SavedClassifier};
use counterpoise_diagnose::{ClassDiversity, Readout, Split, diversity, profile};
use counterpoise_neighbors::MissingValues;
use counterpoise_sampling::{Chooser, Method, RowLabels, Run, resample_embeddings};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::budget::FragilityBudget;
use super::network::seen;
use super::numbers::{MeanAndDeviation, options};
use super::sets::Pictures;
use super::subsets::{Choice, TIMES};
use crate::Error;

/// The experiment on one set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DiversityStudy {
    /// Which set.
    pub set: super::FragilityImages,
    /// Training pictures of each class of the network whose features are used.
    pub counts: Vec<usize>,
    /// One entry a rare class.
    pub chosen: Vec<ChosenClass>,
    /// One entry a way to make rows.
    pub raised: Vec<Raised>,
    /// What is to be known.
    pub notes: Vec<String>,
}

/// A rare class of which few rows were kept, in several ways.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChosenClass {
    /// Name of the class.
    pub class: String,
    /// Rows that were kept.
    pub kept: usize,
    /// Rows that they were chosen from.
    pub pool: usize,
    /// One entry a choice.
    pub choices: Vec<ChosenRows>,
}

/// What a choice of rows brought, over repeats.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChosenRows {
    /// The choice.
    pub choice: Choice,
    /// Rows of the class that heads learnt from.
    pub rows: usize,
    /// Directions in which they vary.
    pub effective_rank: Option<MeanAndDeviation>,
    /// Mean distance of all pairs.
    pub mean_distance: Option<MeanAndDeviation>,
    /// Recall of the class on test pictures, of heads that learn from rows as often as they are there.
    pub recall: Option<MeanAndDeviation>,
    /// The same, of heads that learn from as many rows of every class.
    pub balanced_recall: Option<MeanAndDeviation>,
}

/// What a way to make rows does to diversity and recall of rare classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Raised {
    /// The way.
    pub method: String,
    /// One entry a rare class, in class order.
    pub classes: Vec<RaisedClass>,
    /// Mean recall over all classes of a head that learns from these rows.
    pub balanced_accuracy: Option<f64>,
}

/// Diversity of the rows of a rare class, made ones included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RaisedClass {
    /// Name of the class.
    pub class: String,
    /// Its rows.
    pub rows: usize,
    /// Directions in which they vary.
    pub effective_rank: Option<f64>,
    /// Mean distance of all pairs.
    pub mean_distance: Option<f64>,
    /// Mean range of the features that stand for the class.
    pub mean_range: Option<f64>,
    /// As many features are used equally often.
    pub effective_features: Option<f64>,
    /// Share of test pictures that a head tells which learns from these rows.
    pub recall: Option<f64>,
}

/// One repeat of one choice, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Repeat {
    rows: usize,
    effective_rank: Option<f64>,
    mean_distance: Option<f64>,
    recalls: [Option<f64>; 2],
}

/// Features of one network, and what heads over them are told.
pub(super) struct Frozen<'a> {
    pub(super) saved: &'a SavedClassifier,
    pub(super) training: Embeddings,
    pub(super) test: Embeddings,
    pub(super) pictures: &'a Pictures,
    pub(super) imbalanced: &'a LabeledImages,
    pub(super) head: HeadTraining,
    pub(super) budget: &'a FragilityBudget,
    pub(super) seed: Seed,
    pub(super) device: DeviceKind,
    pub(super) observer: &'a dyn Observer,
}

/// Rows that are kept of a rare class.
const KEPT: usize = 50;
/// Rare classes that rows are chosen of.
const RARE: usize = 3;

/// Classes with the fewest rows, at most so many and fewer than half of all, in class order.
pub(super) fn rarest(counts: &[usize], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|&class| (counts[class], class));
    order.truncate(most.min((counts.len() / 2).max(1)));
    order.sort_unstable();
    order
}

/// Ways to make rows, in the order of the table.
pub(super) const WAYS: [&str; 6] = ["none", "random", "smote", "eos", "remix", "deepsmote"];

impl Frozen<'_> {
    pub(super) fn of<'a>(
        saved: &'a SavedClassifier,
        pictures: &'a Pictures,
        imbalanced: &'a LabeledImages,
        budget: &'a FragilityBudget,
        seed: Seed,
        device: DeviceKind,
        observer: &'a dyn Observer,
    ) -> Result<Frozen<'a>, Error> {
        Ok(Frozen {
            training: seen(saved, imbalanced, observer)?,
            test: seen(saved, &pictures.test, observer)?,
            head: budget.head(pictures.set),
            saved,
            pictures,
            imbalanced,
            budget,
            seed,
            device,
            observer,
        })
    }

    /// Classes that rows are chosen of.
    pub(super) fn classes(&self) -> Vec<usize> {
        rarest(&self.training.labels.counts(), RARE)
    }

    /// All rows of a class that the set has, most of which the network never saw, and how many of them are kept.
    pub(super) fn pool(&self, class: usize) -> Result<(Embeddings, usize), Error> {
        let rows = self.pictures.all.labels.rows_of(class as u32);
        let pool = seen(self.saved, &self.pictures.all.select(&rows), self.observer)?;
        // So that several times as many can be drawn.
        let kept = KEPT.min(pool.len() / (TIMES + 1)).max(1);
        Ok((pool, kept))
    }

    /// All choices of rows of a class, each several times.
    pub(super) fn repeats(
        &self,
        class: usize,
        pool: &Embeddings,
        kept: usize,
    ) -> Result<Vec<Vec<Repeat>>, Error> {
        let others: Vec<usize> = (0..self.training.len())
            .filter(|&row| self.training.labels.codes()[row] as usize != class)
            .collect();
        let others = self.training.select(&others);
        let name = self.training.labels.classes()[class].as_str();
        let jobs: Vec<(Choice, usize)> = Choice::ALL
            .into_iter()
            .flat_map(|choice| (0..self.budget.repeats).map(move |repeat| (choice, repeat)))
            .collect();
        let done: Vec<Repeat> = jobs
            .par_iter()
            .map(|&(choice, repeat)| {
                let seed = self.seed.child("choice").child(name).child(repeat as u64);
                let rows = choice.rows(pool, kept, &seed);
                let count = rows.len() / pool.width();
                let own = of_class(rows, class, &self.training);
                let found = self.diversity(&own, class)?;
                let all = together(&others, &own);
                let recall = |sampler: Sampler| -> Result<Option<f64>, Error> {
                    let training = self.head.clone().with_sampler(sampler);
                    let head = self.trained(&training, &all, &seed)?;
                    Ok(recalls(&head, &self.test)[class])
                };
                Ok(Repeat {
                    rows: count,
                    effective_rank: found.effective_rank,
                    mean_distance: found.mean_distance,
                    recalls: [recall(Sampler::default())?, recall(Sampler::ClassBalanced)?],
                })
            })
            .collect::<Result<_, Error>>()?;
        Ok(done
            .chunks(self.budget.repeats.max(1))
            .map(<[Repeat]>::to_vec)
            .collect())
    }

    fn trained(&self, training: &HeadTraining, rows: &Embeddings, seed: &Seed) -> Result<LinearHead, Error> {
        let trained = training
            .train(
                HeadRows::new(rows),
                &seed.child("head"),
                self.device,
                self.observer,
            )
            .map_err(|error| Error::of_classes(error, rows.labels.classes()))?;
        Ok(trained.head)
    }

    /// How varied the rows of a class are, as the network's own head reads them.
    fn diversity(&self, rows: &Embeddings, class: usize) -> Result<ClassDiversity, Error> {
        let head = self.saved.classifier.linear_head();
        let readout = Readout::new(Split::Train, rows, &head, self.observer)?;
        let profile = profile(&readout, &options(), self.observer)?;
        let mut found = diversity(&readout, &profile, &options(), self.observer)?;
        Ok(found.classes.swap_remove(class))
    }

    /// What one way to make rows brings.
    pub(super) fn raised(&self, way: &str) -> Result<Raised, Error> {
        let rows = self.balanced(way)?;
        let head = self.trained(&self.head, &rows, &self.seed.child("raised").child(way))?;
        let recalls = recalls(&head, &self.test);
        let counts = self.training.labels.counts();
        let class = |class: usize| -> Result<RaisedClass, Error> {
            let own = rows.select(&rows.labels.rows_of(class as u32));
            let found = self.diversity(&own, class)?;
            Ok(RaisedClass {
                class: found.class,
                rows: found.rows,
                effective_rank: found.effective_rank,
                mean_distance: found.mean_distance,
                mean_range: found.mean_range,
                effective_features: found.effective_features,
                recall: recalls[class],
            })
        };
        let present: Vec<f64> = recalls.iter().copied().flatten().collect();
        Ok(Raised {
            method: way.to_owned(),
            classes: rarest(&counts, counts.len() / 2)
                .into_iter()
                .map(class)
                .collect::<Result<_, _>>()?,
            balanced_accuracy: (!present.is_empty())
                .then(|| present.iter().sum::<f64>() / present.len() as f64),
        })
    }

    fn balanced(&self, way: &str) -> Result<Embeddings, Error> {
        let seed = self.seed.child("making").child(way);
        let run = Run {
            numpy_seed: seed.number() as u32,
            seed: seed.clone(),
            chooser: Chooser::Native,
            missing: MissingValues::Refuse,
            observer: self.observer,
        };
        let plain = || {
            let labels = self.training.labels.clone();
            Embeddings::new(self.training.values().to_vec(), self.training.width(), labels)
        };
        Ok(match way {
            "none" => plain(),
            "remix" => mixed(&plain(), &seed),
            "deepsmote" => {
                let options = self.budget.deep_smote();
                let mut training = DeepSmoteTraining::new(&options, self.imbalanced, &seed, self.device)?;
                training.run(self.observer, |_| Ok(()))?;
                let made = options.generate(&training.best(), self.imbalanced, &run)?;
                together(&plain(), &seen(self.saved, &made.set, self.observer)?)
            }
            _ => {
                let name = if way == "random" {
                    "random-over-sampler"
                } else {
                    way
                };
                let method = Method::from_name(name)?;
                resample_embeddings(&plain(), &method, RowLabels::Hard, &run)?.embeddings
            }
        })
    }
}

/// Rows mixed with rows of other classes as Remix would label them as the rare class, until all classes are as large as the
/// largest: the other class has three times as many rows at least, and its share is drawn below a half.
fn mixed(rows: &Embeddings, seed: &Seed) -> Embeddings {
    const LARGER: usize = 3;
    let counts = rows.labels.counts();
    let most = counts.iter().copied().max().unwrap_or(0);
    let (mut values, mut codes) = (rows.values().to_vec(), rows.labels.codes().to_vec());
    for (class, &count) in counts.iter().enumerate() {
        let own = rows.labels.rows_of(class as u32);
        let others: Vec<usize> = (0..rows.len())
            .filter(|&row| counts[rows.labels.codes()[row] as usize] >= LARGER * count)
            .collect();
        if own.is_empty() || others.is_empty() {
            continue;
        }
        let mut random = seed.child(rows.labels.classes()[class].as_str()).rng();
        for _ in count..most {
            let first = rows.row(own[random.below(own.len())]);
            let second = rows.row(others[random.below(others.len())]);
            let share = (0.5 * random.fraction()) as f32;
            values.extend(first.iter().zip(second).map(|(a, b)| a + share * (b - a)));
            codes.push(class as u32);
        }
    }
    let labels = Labels::from_codes(rows.labels.classes().to_vec(), codes);
    Embeddings::new(values, rows.width(), labels)
}

fn of_class(values: Vec<f32>, class: usize, like: &Embeddings) -> Embeddings {
    let codes = vec![class as u32; values.len() / like.width()];
    let labels = Labels::from_codes(like.labels.classes().to_vec(), codes);
    Embeddings::new(values, like.width(), labels)
}

fn together(first: &Embeddings, second: &Embeddings) -> Embeddings {
    let values = [first.values(), second.values()].concat();
    let codes = [first.labels.codes(), second.labels.codes()].concat();
    let labels = Labels::from_codes(first.labels.classes().to_vec(), codes);
    Embeddings::new(values, first.width(), labels)
}

fn recalls(head: &LinearHead, test: &Embeddings) -> Vec<Option<f64>> {
    let counts = test.labels.counts();
    let mut right = vec![0_usize; counts.len()];
    for (&truth, said) in test.labels.codes().iter().zip(head.predict(test.values())) {
        right[truth as usize] += usize::from(truth == said);
    }
    let share = |(&right, &count): (&usize, &usize)| (count > 0).then(|| right as f64 / count as f64);
    right.iter().zip(&counts).map(share).collect()
}

/// Repeats of all choices of a class, in the order of [`Choice::ALL`].
pub(super) fn chosen_class(class: &str, kept: usize, pool: usize, repeats: &[Vec<Repeat>]) -> ChosenClass {
    let choice = |(&choice, repeats): (&Choice, &Vec<Repeat>)| {
        let of = |number: &dyn Fn(&Repeat) -> Option<f64>| MeanAndDeviation::of(repeats.iter().map(number));
        ChosenRows {
            choice,
            rows: repeats.first().map_or(0, |repeat| repeat.rows),
            effective_rank: of(&|repeat| repeat.effective_rank),
            mean_distance: of(&|repeat| repeat.mean_distance),
            recall: of(&|repeat| repeat.recalls[0]),
            balanced_recall: of(&|repeat| repeat.recalls[1]),
        }
    };
    ChosenClass {
        class: class.to_owned(),
        kept,
        pool,
        choices: Choice::ALL.iter().zip(repeats).map(choice).collect(),
    }
}

impl ChosenClass {
    fn recall(&self, choice: Choice, balanced: bool) -> Option<MeanAndDeviation> {
        let found = self.choices.iter().find(|rows| rows.choice == choice)?;
        if balanced {
            found.balanced_recall
        } else {
            found.recall
        }
    }
}

/// The first is larger by more than both deviations together.
fn surely_larger(first: MeanAndDeviation, second: MeanAndDeviation) -> bool {
    first.mean - second.mean > first.deviation.unwrap_or(0.0) + second.deviation.unwrap_or(0.0)
}

impl DiversityStudy {
    /// What came out, in sentences.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        for (balanced, how) in [
            (false, "with rows as often as they are there"),
            (true, "with as many rows of every class in a batch"),
        ] {
            sentences.extend(
                [
                    self.versus(
                        Choice::MostDiverse,
                        Choice::LeastDiverse,
                        balanced,
                        how,
                        "Same count, more diversity",
                    ),
                    self.versus(
                        Choice::MostDiverse,
                        Choice::Random,
                        balanced,
                        how,
                        "Same count, more diversity than chance has",
                    ),
                    self.versus(
                        Choice::Repeated,
                        Choice::Random,
                        balanced,
                        how,
                        "Same diversity, more rows",
                    ),
                    self.versus(
                        Choice::Between,
                        Choice::Random,
                        balanced,
                        how,
                        "Same range, more rows",
                    ),
                    self.versus(Choice::More, Choice::Random, balanced, how, "More of both"),
                ]
                .into_iter()
                .flatten(),
            );
        }
        sentences.extend(self.raised_sentences());
        sentences
    }

    fn versus(&self, first: Choice, second: Choice, balanced: bool, how: &str, what: &str) -> Option<String> {
        let pairs: Vec<(MeanAndDeviation, MeanAndDeviation)> = self
            .chosen
            .iter()
            .filter_map(|class| class.recall(first, balanced).zip(class.recall(second, balanced)))
            .collect();
        if pairs.is_empty() {
            return None;
        }
        let mean = |of: &dyn Fn(&(MeanAndDeviation, MeanAndDeviation)) -> f64| {
            100.0 * pairs.iter().map(of).sum::<f64>() / pairs.len() as f64
        };
        let (a, b) = (mean(&|pair| pair.0.mean), mean(&|pair| pair.1.mean));
        let up = pairs.iter().filter(|pair| surely_larger(pair.0, pair.1)).count();
        let down = pairs.iter().filter(|pair| surely_larger(pair.1, pair.0)).count();
        Some(format!(
            "{what} ({} against {}), {how}: recall {a:.1} % against {b:.1} %, {:+.1} points as a mean over {} rare {}; up by more than both deviations in {up}, down in {down}.",
            first.words(),
            second.words(),
            a - b,
            pairs.len(),
            agree(pairs.len(), "class", "classes"),
        ))
    }

    fn raised_sentences(&self) -> Vec<String> {
        let Some((none, others)) = self.raised.split_first() else {
            return Vec::new();
        };
        let change =
            |way: &Raised, of: &dyn Fn(&RaisedClass) -> Option<f64>| -> Option<(f64, usize, usize)> {
                let ratios: Vec<f64> = way
                    .classes
                    .iter()
                    .zip(&none.classes)
                    .filter_map(|(after, before)| Some(of(after)? / of(before)?))
                    .filter(|ratio| ratio.is_finite() && *ratio > 0.0)
                    .collect();
                let product: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
                let up = ratios.iter().filter(|ratio| **ratio > 1.0).count();
                (!ratios.is_empty()).then(|| ((product / ratios.len() as f64).exp(), up, ratios.len()))
            };
        others
            .iter()
            .filter_map(|way| {
                let (rank, rank_up, of) = change(way, &|class| class.effective_rank)?;
                let (distance, distance_up, _) = change(way, &|class| class.mean_distance)?;
                let recalls = |way: &Raised| MeanAndDeviation::of(way.classes.iter().map(|class| class.recall));
                let (before, after) = (recalls(none)?, recalls(way)?);
                Some(format!(
                    "{} multiplies the directions of rare classes by {rank:.2} (up in {rank_up} of {of} classes) and their mean distance by {distance:.2} (up in {distance_up}); their mean recall with a new head goes from {:.1} % to {:.1} %.",
                    way.method,
                    100.0 * before.mean,
                    100.0 * after.mean,
                ))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarest_are_fewer_than_half() {
        assert_eq!(rarest(&[50, 3, 9, 1, 7], 3), [1, 3]);
        assert_eq!(rarest(&[5, 3], 3), [1]);
        assert_eq!(rarest(&[9, 8, 7, 6, 5, 4, 3, 2, 1, 1], 3), [7, 8, 9]);
    }

    #[test]
    fn mixed_rows_lie_nearer_to_the_rare_class() {
        let labels = Labels::from_names(&["a", "a", "a", "a", "b"]);
        let rows = Embeddings::new(vec![0.0, 0.0, 0.0, 0.0, 1.0], 1, labels);
        let all = mixed(&rows, &Seed::new(5));
        assert_eq!(all.labels.counts(), [4, 4]);
        assert!(all.values()[5..].iter().all(|value| (0.5..=1.0).contains(value)));
        // A class that is nearly as large is not mixed with.
        let labels = Labels::from_names(&["a", "a", "b"]);
        let rows = Embeddings::new(vec![0.0, 0.0, 1.0], 1, labels);
        assert_eq!(mixed(&rows, &Seed::new(5)).len(), 3);
    }

    #[test]
    fn a_difference_counts_beyond_both_deviations() {
        let of = |mean: f64| MeanAndDeviation {
            mean,
            deviation: Some(0.1),
            of: 3,
        };
        assert!(surely_larger(of(0.9), of(0.6)));
        assert!(!surely_larger(of(0.7), of(0.6)));
    }
}
