//! One network: trained, or taken where it is there already.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use counterpoise_base::{Embeddings, LabeledImages, Observer};
use counterpoise_data::Augment;
use counterpoise_deep::{
    AboutClassifier, DeviceKind, Error as DeepError, Inputs, Rows, SavedClassifier, TrainOptions,
    other_options,
};

use super::budget::FragilityBudget;
use super::sets::{FragilityImages, Version};
use crate::Error;
use crate::networks::{ChooseOn, Encoded, Reads, Sets, Wanted, fingerprint_of};

/// Which network.
pub(super) struct Student<'a> {
    pub(super) set: FragilityImages,
    pub(super) version: Version,
    pub(super) loss: &'a str,
    /// Root of everything random in it: first weights, order of pictures.
    pub(super) seed: u64,
    pub(super) training: &'a LabeledImages,
    pub(super) budget: &'a FragilityBudget,
    pub(super) device: DeviceKind,
    /// Where networks are kept; nowhere if absent.
    pub(super) folder: Option<&'a Path>,
}

impl Student<'_> {
    /// What it is called, in the names of files.
    pub(super) fn name(&self) -> String {
        format!(
            "{}-{}-{}-seed{}",
            self.set.name(),
            self.set.version(self.version),
            self.loss,
            self.seed
        )
    }

    fn file(&self) -> Option<PathBuf> {
        Some(self.folder?.join(format!("{}.safetensors", self.name())))
    }

    /// Takes the network that is there, or trains it.
    pub(super) fn network(&self, observer: &dyn Observer) -> Result<SavedClassifier, Error> {
        let options = self.budget.training(self.set, self.loss)?;
        let augment = FragilityBudget::augment(self.set);
        let file = self.file();
        if let Some(file) = file.as_deref().filter(|file| file.exists()) {
            return self.taken(file, &options, &augment);
        }
        let labels = &self.training.labels;
        let wanted = Wanted {
            seed: self.seed,
            device: self.device,
            choose_on: ChooseOn::Nothing,
            train: &options,
            output: file.as_deref(),
            overwrite: false,
        };
        wanted.check(false, Reads::Pictures, observer)?;
        let sets = Sets {
            training: Rows {
                inputs: Inputs::Images(&self.training.images, &augment),
                labels,
            },
            held_out: None,
            test: None,
            fingerprint: fingerprint_of(self.seed, self.training.images.as_slice(), labels),
        };
        let encoded = Encoded {
            normalisation: augment.normalisation.clone(),
            augment: Some(augment.clone()),
            encoding: None,
        };
        let trained = RefCell::new(None);
        let keep = |saved: &SavedClassifier| {
            *trained.borrow_mut() = Some(saved.clone());
            Ok(None)
        };
        wanted.fit(&sets, encoded, &keep, observer)?;
        Ok(trained.into_inner().expect("what was trained was judged"))
    }

    /// A network of a file, if it is this one.
    fn taken(
        &self,
        file: &Path,
        options: &TrainOptions,
        augment: &Augment,
    ) -> Result<SavedClassifier, Error> {
        let saved = SavedClassifier::load(file, self.device)?;
        match self.differs(&saved.about, options, augment) {
            None => Ok(saved),
            Some(how) => Err(Error::Config {
                place: file.display().to_string(),
                problem: format!("it is not the network that is wanted: {how}"),
                hint: Some("give another folder with `--state`, or remove the file".into()),
            }),
        }
    }

    fn differs(&self, about: &AboutClassifier, options: &TrainOptions, augment: &Augment) -> Option<String> {
        let counts = self.training.labels.counts();
        if about.counts != counts {
            return Some(format!(
                "it was trained on {:?} pictures of each class, and not on {counts:?}",
                about.counts
            ));
        }
        if about.seed != self.seed {
            return Some(format!("its seed is {}, and not {}", about.seed, self.seed));
        }
        if about.options.as_ref() != Some(options) {
            let others = about.options.as_ref().map(|there| other_options(there, options));
            return Some(format!(
                "it was trained with other options{}",
                others.map_or(String::new(), |others| format!(" ({others})"))
            ));
        }
        if about.normalisation != augment.normalisation
            || about.augment.as_ref().is_some_and(|there| there != augment)
        {
            return Some("its pictures were normalised or changed in another way".into());
        }
        (!about.afterwards.is_empty())
            .then(|| format!("it was changed afterwards, by {}", about.afterwards.join(", ")))
    }
}

/// What a network sees of pictures as they are, and what it says of them.
pub(super) fn seen(
    saved: &SavedClassifier,
    pictures: &LabeledImages,
    observer: &dyn Observer,
) -> Result<Embeddings, DeepError> {
    let augment = Augment::default().with_normalisation(saved.about.normalisation.clone());
    let values = saved
        .classifier
        .embed(Inputs::Images(&pictures.images, &augment), observer)?;
    let predictions = saved.classifier.logits_of_embeddings(&values).predictions();
    let width = saved.classifier.linear_head().width();
    Ok(Embeddings::new(values, width, pictures.labels.clone()).with_predictions(predictions))
}
