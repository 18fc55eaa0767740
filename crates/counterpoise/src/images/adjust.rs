//! `adjust`: what can be done for rare classes after training, with the features as they are.

use std::path::{Path, PathBuf};

use counterpoise_base::{Embeddings, Labels, Observer, Seed, Warning};
use counterpoise_data::Augment;
use counterpoise_deep::{
    AboutClassifier, DeviceKind, HeadKind, HeadRows, HeadTraining, LinearHead, Sampler, SavedClassifier,
    Scores, logit_adjusted, logit_adjusted_by_validation, tau_normalised, tau_normalised_by_validation, taus,
};
use serde::Serialize;

use super::ForeignNetwork;
use crate::device::look_for;
use crate::network_data::{NetworkData, OpenedData};
use crate::networks::{Reads, other_than_trained_on, part, would_replace};
use crate::pages::check_network;
use crate::{Error, check_apart, check_text};

/// What is done to the last layer.
///
/// # Source
///
/// Logit adjustment: Menon and others, ICLR 2021, section 4.1. The others: Kang and others, ICLR 2020, section 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adjustment {
    /// Subtracts `tau` times the logarithm of each class's share.
    LogitAdjustment,
    /// Divides each class's row of weights by its length to the power of `tau`.
    TauNorm,
    /// Trains a fresh layer on class-balanced batches of embeddings.
    Crt,
    /// Learns one factor for each class on class-balanced batches of embeddings.
    Lws,
}

impl Adjustment {
    /// All of them, by name.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("logit-adjustment", Self::LogitAdjustment),
        ("tau-norm", Self::TauNorm),
        ("crt", Self::Crt),
        ("lws", Self::Lws),
    ];

    /// What it does, in one sentence.
    pub fn idea(self) -> &'static str {
        match self {
            Self::LogitAdjustment => {
                "Subtracts `tau` times the logarithm of each class's share of the training pictures, so that rare classes are no less likely for being rare."
            }
            Self::TauNorm => {
                "Divides the weights of each class by their length to the power of `tau`, for those of large classes grow longer, and drops the biases, as its authors do: a `tau` of 0 changes predictions too."
            }
            Self::Crt => "Trains a fresh last layer on batches with as many pictures of every class.",
            Self::Lws => {
                "Learns one factor for the weights of each class on batches with as many pictures of every class."
            }
        }
    }

    /// The name that a user types.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("", |(name, _)| name)
    }
}

/// Which network is adjusted, by what.
#[derive(Debug, Clone)]
pub struct AdjustOptions {
    /// The file of the network.
    pub network: PathBuf,
    /// What the file is of, where another program wrote it: a network that held nothing out here.
    pub foreign: Option<ForeignNetwork>,
    /// What is done.
    pub adjustment: Adjustment,
    /// Its strength; chosen on held-out pictures if not given. The last two have none.
    pub tau: Option<f64>,
    /// What the network was trained on; logit adjustment with a given `tau` does without.
    pub data: Option<NetworkData>,
    /// Share of every class that is held out to choose `tau` by: the part that training held out, with the same seed.
    pub validation: f64,
    /// Where tensors live.
    pub device: DeviceKind,
    /// The file to write.
    pub output: PathBuf,
    /// Replaces another network there.
    pub overwrite: bool,
}

/// What was done to a network.
#[derive(Debug, Clone, Serialize)]
pub struct Adjusted {
    /// What was done.
    pub adjustment: Adjustment,
    /// Its strength, where it has one.
    pub tau: Option<f64>,
    /// Scores on held-out pictures before.
    pub before: Option<Scores>,
    /// Scores on held-out pictures after; where `tau` was chosen on them, they are too good.
    pub after: Option<Scores>,
    /// Lengths of the rows of weights before.
    pub norms_before: Vec<f64>,
    /// Lengths of the rows of weights after.
    pub norms_after: Vec<f64>,
    /// Names of classes.
    pub classes: Vec<String>,
    /// What the network reads.
    #[serde(skip)]
    pub reads: Reads,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

impl AdjustOptions {
    /// Fails for a strength that is none, or that nothing would use.
    fn check(&self) -> Result<(), Error> {
        let Some(tau) = self.tau else { return Ok(()) };
        let name = self.adjustment.name();
        let (problem, hint) = match self.adjustment {
            Adjustment::Crt | Adjustment::Lws => (format!("{name} has no strength"), "leave `--tau` out"),
            _ if !(tau.is_finite() && tau >= 0.0) => (
                format!("{tau} is no strength of {name}"),
                "give a number of 0 or more, such as `--tau 1`",
            ),
            _ => return Ok(()),
        };
        Err(Error::Config {
            place: "--tau".into(),
            problem,
            hint: Some(hint.into()),
        })
    }
}

/// The network, and what it was trained on with its codes of classes.
fn open(
    options: &AdjustOptions,
    observer: &dyn Observer,
    warnings: &mut Vec<Warning>,
) -> Result<(SavedClassifier, Option<OpenedData>), Error> {
    let Some(foreign) = &options.foreign else {
        let saved = SavedClassifier::load(&options.network, options.device)?;
        let seed = Seed::new(saved.about.seed);
        let data = options.data.as_ref();
        let opened =
            data.map(|data| OpenedData::new(data, &options.network, &saved, &seed, observer, warnings));
        let opened = opened.transpose()?;
        return Ok((saved, opened));
    };
    let Some(NetworkData::Pictures(data)) = &options.data else {
        return Err(Error::Config {
            place: "--data".into(),
            problem: "weights of another program come without classes and their counts".into(),
            hint: Some("name the pictures that the network was trained on with `--data`".into()),
        });
    };
    let set = data.open(&Seed::new(ForeignNetwork::SEED), observer, warnings)?;
    let saved = foreign.open(&options.network, &set, options.device, warnings)?;
    Ok((saved, Some(OpenedData::Pictures(set))))
}

/// Tells of a network whose training made up for the shares of classes.
fn balanced_already(about: &AboutClassifier) -> Option<Warning> {
    let options = about.options.as_ref()?;
    let mut by = Vec::new();
    if options.loss.favours_rare_classes() {
        by.push(format!("the loss `{}`", options.loss.name()));
    }
    if options.sampler != Sampler::InstanceBalanced {
        by.push(format!("the sampler `{}`", options.sampler.name()));
    }
    if by.is_empty() {
        return None;
    }
    let message = format!(
        "the network was trained with {}, which makes up for the shares of classes: logit adjustment does so again, and may favour rare classes too much",
        by.join(" and ")
    );
    let hint = "adjust a network that was trained with plain cross-entropy, or compare both with `counterpoise evaluate`";
    Some(Warning::new("images.balanced-twice", message).with_hint(hint))
}

/// Fails if a network stands where an adjusted one is to be written, and cannot be the same one; before long work.
fn check_other(output: &Path, name: &str, saved: &SavedClassifier) -> Result<(), Error> {
    let Ok(there) = AboutClassifier::load(output) else {
        return Ok(());
    };
    let Some((last, before)) = there.afterwards.split_last() else {
        return Err(would_replace(output, "one that was not adjusted"));
    };
    let alike = AboutClassifier {
        afterwards: before.to_vec(),
        ..there.clone()
    };
    if alike != saved.about {
        return Err(would_replace(output, "made of another one"));
    }
    if last.split(' ').next() != Some(name) {
        return Err(would_replace(output, &format!("one that was adjusted by {last}")));
    }
    Ok(())
}

/// Embeddings that an adjustment cannot do without.
fn needed<'a>(seen: Option<&'a Embeddings>, name: &str, reads: Reads) -> Result<&'a Embeddings, Error> {
    seen.ok_or_else(|| Error::Config {
        place: "--data".into(),
        problem: format!(
            "{name} needs the {} that the network was trained on",
            reads.many()
        ),
        hint: Some("name them with `--data`, or give `--tau` to logit-adjustment or tau-norm".into()),
    })
}

/// Changes the last layer of a saved network and writes it anew.
pub fn adjust_classifier(options: &AdjustOptions, observer: &dyn Observer) -> Result<Adjusted, Error> {
    check_text(&options.output)?;
    check_apart(&options.output, &[("the network to adjust", &options.network)])?;
    check_network(&options.output)?;
    options.check()?;
    look_for(options.device, observer)?;
    let name = options.adjustment.name();
    let mut warnings = Vec::new();
    let (mut saved, opened) = open(options, observer, &mut warnings)?;
    let head = saved.classifier.linear_head();
    if head.kind() == HeadKind::Cosine {
        return Err(Error::Config {
            place: options.network.display().to_string(),
            problem: format!("{name} changes linear heads, and this network takes cosines, as LDAM wants it"),
            hint: Some(
                "train with another loss than `ldam`; its margins favour rare classes by themselves".into(),
            ),
        });
    }
    let reads = Reads::of(&saved.about);
    if let Some(before) = saved.about.afterwards.last() {
        let message = format!("the network was adjusted before, by {before}: this comes on top of it");
        let hint = "adjust the network that `train` wrote, if it should not";
        warnings.push(Warning::new("images.adjusted-twice", message).with_hint(hint));
    }
    if options.adjustment == Adjustment::LogitAdjustment {
        warnings.extend(balanced_already(&saved.about));
    }
    if !options.overwrite {
        check_other(&options.output, name, &saved)?;
    }
    let seed = Seed::new(saved.about.seed);
    let (training, held_out) = match opened {
        None => (None, None),
        Some(all) => {
            let (training, held_out) = part(all.labels(), reads, options.validation, &seed, &mut warnings)?;
            let mut counts = vec![0; saved.about.classes.len()];
            for &row in &training {
                counts[all.labels().codes()[row] as usize] += 1;
            }
            if options.foreign.is_some() {
                let message = "whether the network knows the pictures that are held out here, only those who trained it can say: scores on them may be too good";
                warnings.push(Warning::new("images.other-training", message));
            }
            let (training, held_out) = (all.select(&training), all.select(&held_out));
            let augment = Augment::default().with_normalisation(saved.about.normalisation.clone());
            let (learnt, judged) = (training.inputs(&augment), held_out.inputs(&augment));
            if options.foreign.is_none() {
                let file = options.data.as_ref().map_or(Path::new(""), NetworkData::path);
                let everything = all.labels().counts() == saved.about.counts;
                let other = counts != saved.about.counts;
                warnings.extend(other_than_trained_on(
                    &saved, learnt, judged, file, everything, other,
                ));
            }
            if matches!(options.adjustment, Adjustment::Crt | Adjustment::Lws) {
                saved.trained_on = saved.trained_on.map(|marks| marks.with(learnt));
            }
            let seen = |inputs, labels: &Labels| -> Result<Embeddings, Error> {
                let values = saved.classifier.embed(inputs, observer)?;
                Ok(Embeddings::new(values, head.width(), labels.clone()))
            };
            (
                Some(seen(learnt, training.labels())?),
                Some(seen(judged, held_out.labels())?),
            )
        }
    };
    let counts = &saved.about.counts;
    let named = |error| {
        match Error::of_classes(error, &saved.about.classes) {
        Error::ClassWithoutPictures { class, .. } => Error::Config {
            place: options.network.display().to_string(),
            problem: format!(
                "class `{class}` has no {} to count, and {name} divides by those of each class",
                reads.one()
            ),
            hint: Some("use `--method tau-norm`, which counts none, or train on all classes that the network is to know".into()),
        },
        error => error,
    }
    };
    let (tau, adjusted) = match (options.adjustment, options.tau) {
        (Adjustment::LogitAdjustment, Some(tau)) => {
            (Some(tau), logit_adjusted(&head, counts, tau).map_err(named)?)
        }
        (Adjustment::TauNorm, Some(tau)) => (Some(tau), tau_normalised(&head, tau)),
        (Adjustment::LogitAdjustment | Adjustment::TauNorm, None) => {
            let validation = needed(held_out.as_ref(), name, reads)?;
            let chosen = if options.adjustment == Adjustment::TauNorm {
                tau_normalised_by_validation(&head, &taus(), validation)?
            } else {
                logit_adjusted_by_validation(&head, counts, &taus(), validation).map_err(named)?
            };
            (Some(chosen.tau), chosen.head)
        }
        (Adjustment::Crt | Adjustment::Lws, _) => {
            let training = needed(training.as_ref(), name, reads)?;
            let seed = seed.child(name);
            let how = HeadTraining::class_balanced();
            let adjusted = if options.adjustment == Adjustment::Crt {
                how.train(HeadRows::new(training), &seed, options.device, observer)
                    .map_err(named)?
                    .head
            } else {
                how.rescale(&head, training, &seed, options.device, observer)
                    .map_err(named)?
            };
            (None, adjusted)
        }
    };
    let scores = |head: &LinearHead| -> Result<Option<Scores>, Error> {
        let Some(seen) = &held_out else { return Ok(None) };
        Ok(Some(Scores::of(&seen.labels, &head.predict(seen.values()))?))
    };
    let result = Adjusted {
        adjustment: options.adjustment,
        tau,
        before: scores(&head)?,
        after: scores(&adjusted)?,
        norms_before: head.norms(),
        norms_after: adjusted.norms(),
        classes: saved.about.classes.clone(),
        reads,
        warnings,
    };
    saved.classifier = saved.classifier.with_linear_head(&adjusted)?;
    saved.about.afterwards.push(match tau {
        Some(tau) => format!("{name} with tau {tau}"),
        None => name.to_owned(),
    });
    if !options.overwrite
        && let Ok(there) = SavedClassifier::load(&options.output, options.device)
        && there.classifier.weights() != saved.classifier.weights()
    {
        return Err(would_replace(&options.output, "one that was adjusted otherwise"));
    }
    saved.save(&options.output)?;
    Ok(result)
}
