//! All three phases, one after the other.

use std::path::{Path, PathBuf};
use std::time::Instant;

use counterpoise_base::{Embeddings, LabeledImages, Observer, Seed, Warning};
use counterpoise_data::Augment;
use counterpoise_deep::{AboutClassifier, DeviceKind, Inputs, Marks, SavedClassifier};
use counterpoise_diagnose::{DiagnoseOptions, GapChange, Readout, Split, gap_change};
use serde::Serialize;
use toml::Value;

use super::assemble::with_head;
use super::extract::embed;
use super::frozen::{Frozen, Tried, in_words};
use super::rivals::{ComparedHead, HeadMethod, Reached, Way, compared};
use super::{EosOptions, FittedHead};
use crate::images::{
    ForeignNetwork, ImageExperiment, ImagePart, Parts, in_classes, judge, parts, train_images,
};
use crate::network_data::OpenedData;
use crate::networks::{Evaluated, known_rows, strangers};
use crate::pages::check_network;
use crate::{Error, check_apart, check_text};

/// What all three phases are about.
#[derive(Debug, Clone)]
pub struct EosRun {
    /// Pictures, what is held out of them, pictures to judge by, and phase one, whose network is written to `output` of
    /// it; a network that is there already and was trained in the same way is taken as it is.
    pub training: ImageExperiment,
    /// The file of a network that stands for phase one.
    pub from: Option<PathBuf>,
    /// What that file is of, where another program wrote it.
    pub foreign: Option<ForeignNetwork>,
    /// Pictures to choose numbers on, instead of those that training held out.
    pub validation: Option<ImagePart>,
    /// Settings of phases two and three by their path; see [`EosOptions`].
    pub settings: Vec<(String, Value)>,
    /// Heads to compare with, over the same embeddings.
    pub compare: Vec<HeadMethod>,
    /// The file of the network with its new head.
    pub output: PathBuf,
    /// Replaces what is there.
    pub overwrite: bool,
}

/// What all three phases brought.
#[derive(Debug, Clone, Serialize)]
pub struct EosOutcome {
    /// Names of classes.
    pub classes: Vec<String>,
    /// Training rows of each class.
    pub counts: Vec<usize>,
    /// Rows of each class after balancing.
    pub balanced: Vec<usize>,
    /// Rows of each class to choose numbers on.
    pub validation: Vec<usize>,
    /// The method with its numbers, in words.
    pub method: String,
    /// What was tried on validation rows.
    pub tried: Vec<Tried>,
    /// Epochs of the head.
    pub epochs: usize,
    /// The chosen epoch of the head, from 1.
    pub epoch: usize,
    /// Lengths of the rows of weights before.
    pub norms_before: Vec<f64>,
    /// Lengths of the rows of weights after.
    pub norms_after: Vec<f64>,
    /// The network on the test pictures before, end to end.
    pub before: Option<Evaluated>,
    /// The network on the test pictures after, end to end.
    pub after: Option<Evaluated>,
    /// Heads over the same embeddings; the first is that of this run.
    pub heads: Vec<ComparedHead>,
    /// How far test rows reach beyond training rows, before and after synthetic rows joined.
    pub gap: Option<GapChange>,
    /// Seconds of each phase: training, embedding, making rows and training heads.
    pub seconds: [f64; 3],
    /// The file of the first network.
    pub first: PathBuf,
    /// The file of the network with its new head.
    pub output: PathBuf,
    /// What looked odd.
    pub warnings: Vec<Warning>,
    /// What the network sees, for reports.
    #[serde(skip)]
    pub seen: Seen,
}

/// Embeddings of all parts, and the heads.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Training and validation rows, with the head of the first network.
    pub frozen: Frozen,
    /// Test rows.
    pub test: Option<Embeddings>,
    /// The new head and what it was trained on.
    pub fitted: FittedHead,
}

impl EosRun {
    fn check(&self) -> Result<PathBuf, Error> {
        check_text(&self.output)?;
        check_network(&self.output)?;
        crate::pages::check_new(&self.output, self.overwrite)?;
        let first = self.from.clone().or_else(|| self.training.output.clone());
        let first = first.ok_or_else(|| Error::Config {
            place: "--from".into(),
            problem: "phase one has neither a network to begin with nor a file to write one to".into(),
            hint: Some("name a network with `--from`".into()),
        })?;
        check_apart(&self.output, &[("the first network", &first)])?;
        Ok(first)
    }

    /// The network of phase one, trained if it is not there, and its pictures.
    fn first(
        &self,
        path: &Path,
        observer: &dyn Observer,
        warnings: &mut Vec<Warning>,
    ) -> Result<(SavedClassifier, Parts), Error> {
        let device = self.training.device;
        if self.from.is_none() {
            if !is_trained(&self.training, path, observer, warnings)? {
                let trained = train_images(&self.training, observer)?;
                warnings.extend(trained.warnings);
            }
            let saved = SavedClassifier::load(path, device)?;
            return Ok((saved, parts(&self.training, observer, &mut Vec::new())?));
        }
        let mut description = self.training.clone();
        description.test = None;
        if let Some(foreign) = &self.foreign {
            let found = parts(&description, observer, warnings)?;
            let saved = foreign.open(path, &found.training, device, warnings)?;
            let test = self.test(&saved, observer, warnings)?;
            return Ok((saved, Parts { test, ..found }));
        }
        let saved = SavedClassifier::load(path, device)?;
        description.seed = saved.about.seed;
        let mut found = parts(&description, observer, warnings)?;
        let place = self.training.data.path.display().to_string();
        let classes = &saved.about.classes;
        found.training.labels = in_classes(&found.training.labels, classes, &place)?;
        if let Some(held_out) = &mut found.held_out {
            held_out.labels = in_classes(&held_out.labels, classes, &place)?;
        }
        let test = self.test(&saved, observer, warnings)?;
        if found.training.labels.counts() == saved.about.counts {
            let inputs = Inputs::Images(&found.training.images, &description.augment);
            warnings.extend(strangers(&saved, inputs, &self.training.data.path));
        } else {
            let message =
                format!("`{place}` has other pictures of each class than the network was trained on");
            let hint =
                "give the data, `--imbalance`, `--choose-on` and `--validation` that it was trained with";
            warnings.push(Warning::new("eos.other-training", message).with_hint(hint));
        }
        Ok((saved, Parts { test, ..found }))
    }

    /// Pictures to judge by, where a network is given.
    fn test(
        &self,
        saved: &SavedClassifier,
        observer: &dyn Observer,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<LabeledImages>, Error> {
        let Some(part) = &self.training.test else {
            return Ok(None);
        };
        self.other(part, "test", saved, observer, warnings).map(Some)
    }

    /// Other pictures, with the codes of classes that the network has; those that it knows are told of.
    fn other(
        &self,
        part: &ImagePart,
        what: &str,
        saved: &SavedClassifier,
        observer: &dyn Observer,
        warnings: &mut Vec<Warning>,
    ) -> Result<LabeledImages, Error> {
        let seed = Seed::new(self.training.seed).child(what);
        let mut set = part.open_beside(&self.training.data.path, &seed, observer, warnings)?;
        set.labels = in_classes(
            &set.labels,
            &saved.about.classes,
            &part.path.display().to_string(),
        )?;
        let some = format!("{what} pictures");
        warnings.extend(known_rows(
            saved,
            Inputs::Images(&set.images, &Augment::default()),
            &some,
            &part.path,
        ));
        Ok(set)
    }
}

/// Whether the network of this very training is there already.
pub(crate) fn is_trained(
    training: &ImageExperiment,
    path: &Path,
    observer: &dyn Observer,
    warnings: &mut Vec<Warning>,
) -> Result<bool, Error> {
    if !path.exists() {
        return Ok(false);
    }
    let Ok(about) = AboutClassifier::load(path) else {
        return Ok(false);
    };
    let wanted = training.wanted_options();
    let alike = about.options.as_ref() == Some(&wanted)
        && about.seed == training.seed
        && about.normalisation == training.augment.normalisation
        && about.augment.as_ref() == Some(&training.augment)
        && about.afterwards.is_empty();
    if !alike {
        return Ok(false);
    }
    let found = parts(training, observer, &mut Vec::new())?;
    let inputs = Inputs::Images(&found.training.images, &training.augment);
    let marks = SavedClassifier::load(path, DeviceKind::Cpu)?.trained_on;
    let same = found.training.labels.counts() == about.counts
        && found.training.labels.classes() == about.classes
        && marks.is_none_or(|marks| marks == Marks::of(inputs));
    if same {
        let message = format!(
            "`{}` was trained in this way already, and is taken as it is",
            path.display()
        );
        warnings.push(Warning::new("eos.first-network-there", message));
    }
    Ok(same)
}

/// Runs all three phases, and compares heads over the same embeddings.
///
/// # Errors
///
/// Those of each phase; a file that is there already.
pub fn run_eos(run: &EosRun, observer: &dyn Observer) -> Result<EosOutcome, Error> {
    let first = run.check()?;
    let mut warnings = Vec::new();
    let clock = Instant::now();
    let (mut saved, pictures) = run.first(&first, observer, &mut warnings)?;
    let training_took = clock.elapsed();
    // Refused before the network looks at anything.
    let options = EosOptions::for_network(&saved.about).merged("the command line", run.settings.clone())?;

    if pictures.test.is_none() {
        let message = "there are no pictures to judge by: heads are not compared";
        let hint = "name some with `--test DATA`, or `--test same` for the test part of the same data";
        warnings.push(Warning::new("eos.not-judged", message).with_hint(hint));
    }

    let clock = Instant::now();
    let validation = match &run.validation {
        None => pictures.held_out,
        Some(part) => Some(run.other(part, "validation", &saved, observer, &mut warnings)?),
    };
    let of = |set: LabeledImages| embed(&saved, &OpenedData::Pictures(set), observer);
    let test_pictures = pictures.test;
    let test = test_pictures.clone().map(of).transpose()?;
    let frozen = Frozen {
        training: of(pictures.training)?,
        validation: validation.map(of).transpose()?,
        before: Some(saved.classifier.linear_head()),
    };
    let embedding_took = clock.elapsed();

    let clock = Instant::now();
    let device = run.training.device;
    let root = Seed::new(run.training.seed).child("eos");
    let seed = root.child(HeadMethod::Eos.name());
    let fitted = frozen.fit(&options, &seed, device, observer)?;
    warnings.extend(fitted.warnings.iter().cloned());
    let heads = match &test {
        None => Vec::new(),
        Some(test) => {
            let main = Reached {
                head: fitted.trained.head.clone(),
                chosen: None,
                synthetic: fitted.balanced.synthetic,
                took: clock.elapsed(),
            };
            let name = in_words(&fitted.method);
            let mut ways = vec![Way {
                name: name.clone(),
                method: None,
                reached: main,
            }];
            for &method in run.compare.iter().filter(|method| method.name() != name) {
                ways.extend(frozen.reach_if_possible(
                    method,
                    &options,
                    &root,
                    device,
                    observer,
                    &mut warnings,
                )?);
            }
            compared(&ways, test, run.training.seed, observer)?
        }
    };
    let heads_took = clock.elapsed();

    let gap = match &test {
        None => None,
        Some(test) => Some(widened(&frozen, test, &fitted, observer)?),
    };
    let judged = |saved: &SavedClassifier| -> Result<Option<Evaluated>, Error> {
        let of = |test: &LabeledImages| judge(saved, test, run.training.seed, observer);
        test_pictures.as_ref().map(of).transpose()
    };
    let before = judged(&saved)?;
    let norms_before = saved.classifier.linear_head().norms();
    let method = in_words(&fitted.method);
    let how = format!("a head trained after {method}");
    with_head(&mut saved, &fitted.trained.head, how)?;
    let after = judged(&saved)?;
    saved.save(&run.output)?;
    Ok(EosOutcome {
        classes: saved.about.classes,
        counts: frozen.training.labels.counts(),
        balanced: fitted.balanced.embeddings.labels.counts(),
        validation: frozen
            .validation
            .as_ref()
            .map_or(Vec::new(), |rows| rows.labels.counts()),
        method,
        tried: fitted.tried.clone(),
        epochs: fitted.trained.losses.len(),
        epoch: fitted.trained.epoch,
        norms_before,
        norms_after: fitted.trained.head.norms(),
        before,
        after,
        heads,
        gap,
        seconds: [training_took, embedding_took, heads_took].map(|took| took.as_secs_f64()),
        first,
        output: run.output.clone(),
        warnings,
        seen: Seen { frozen, test, fitted },
    })
}

/// The generalization gap before and after synthetic rows joined.
fn widened(
    frozen: &Frozen,
    test: &Embeddings,
    fitted: &FittedHead,
    observer: &dyn Observer,
) -> Result<GapChange, Error> {
    let head = frozen.before.as_ref().unwrap_or(&fitted.trained.head);
    let options = DiagnoseOptions::default().with_draws(0);
    let readout = Readout::new(Split::Test, test, head, observer)?;
    let rows = &fitted.balanced.embeddings;
    let kept = rows.len() - fitted.balanced.synthetic;
    let synthetic = rows.select(&(kept..rows.len()).collect::<Vec<_>>());
    Ok(gap_change(
        &frozen.training,
        &synthetic,
        &readout,
        &options,
        observer,
    )?)
}
