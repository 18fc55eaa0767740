//! Networks of phase one, and heads over what they see.

use std::cell::OnceCell;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use counterpoise_base::{Embeddings, Observer, Seed};
use counterpoise_deep::{DeviceKind, Loss, SavedClassifier};
use counterpoise_diagnose::{DiagnoseOptions, GapReport, Readout, Split, gap_change};
use counterpoise_sampling::{Eos, Method};
use serde::{Deserialize, Serialize};

use super::budget::EosBudget;
use super::data::{EosImages, Pictures, network_file};
use crate::Error;
use crate::eos::{EosOptions, Frozen, HeadMethod, embed, is_trained};
use crate::images::{ImageExperiment, train_images};
use crate::network_data::OpenedData;
use crate::reproduce::store::Store;

/// What all networks of one data set share.
pub(super) struct Bench<'a> {
    pub(super) set: EosImages,
    pub(super) folder: PathBuf,
    pub(super) budget: EosBudget,
    pub(super) pictures: Pictures,
    pub(super) fingerprint: u64,
    pub(super) store: &'a Store,
    /// Where networks are kept.
    pub(super) networks: PathBuf,
    pub(super) device: DeviceKind,
    pub(super) seed: u64,
    pub(super) observer: &'a dyn Observer,
}

/// A way to a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arm {
    /// One of those that `eos run` compares.
    Head(HeadMethod),
    /// EOS with so many neighbours.
    Neighbours(NonZeroUsize),
}

impl Arm {
    pub(super) fn name(self) -> String {
        match self {
            Self::Head(method) => method.name().to_owned(),
            Self::Neighbours(k) => format!("eos-k{k}"),
        }
    }
}

/// What a head says of the test rows, and what it took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct HeadFit {
    /// Predicted classes.
    pub(super) predictions: Vec<u32>,
    /// Numbers that were chosen, in words.
    pub(super) chosen: Option<String>,
    /// Synthetic rows.
    pub(super) synthetic: usize,
    /// Seconds, rows included.
    pub(super) seconds: f64,
    /// Lengths of rows of weights.
    pub(super) norms: Vec<f64>,
}

/// A head, or why there is none.
pub(super) type Outcome = Result<HeadFit, String>;

/// The generalization gap of every class, with the training rows alone, and with rows of a method beside them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct GapFit {
    /// With the training rows alone.
    pub(super) before: GapLine,
    /// With rows of SMOTE.
    pub(super) smote: GapLine,
    /// With rows of EOS.
    pub(super) eos: GapLine,
}

/// One gap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct GapLine {
    /// Mean over features, by class: all test rows, those that are found, those that are not.
    pub(super) classes: Vec<[Option<f64>; 3]>,
    /// Rank correlation with the size of classes.
    pub(super) with_size: Option<f64>,
    /// Rank correlation with recall.
    pub(super) with_recall: Option<f64>,
}

impl GapLine {
    fn of(report: &GapReport) -> Self {
        let mean = |numbers: Option<counterpoise_diagnose::GapNumbers>| numbers.map(|numbers| numbers.mean);
        Self {
            classes: report
                .classes
                .iter()
                .map(|class| [mean(class.all), mean(class.right), mean(class.wrong)])
                .collect(),
            with_size: report.with_size,
            with_recall: report.with_recall,
        }
    }
}

/// A network of phase one, trained when something is asked of it that is not kept.
pub(super) struct Network<'a> {
    bench: &'a Bench<'a>,
    training: ImageExperiment,
    path: PathBuf,
    seen: OnceCell<Seen>,
}

struct Seen {
    frozen: Frozen,
    test: Embeddings,
    options: EosOptions,
}

impl<'a> Bench<'a> {
    /// Root of everything random in heads over the network of a seed.
    pub(super) fn branch(&self, network: u64) -> Seed {
        Seed::new(self.seed).child("eos").child(network)
    }

    /// The network of a loss and a seed.
    pub(super) fn network(&'a self, loss: &Loss, seed: u64) -> Network<'a> {
        let mut training = self
            .set
            .experiment(&self.folder, self.budget, loss, seed, self.device);
        let path = self
            .networks
            .join(network_file(self.set, self.budget, &training.train, seed));
        training.output = Some(path.clone());
        // Judged below, on embeddings.
        training.test = None;
        Network {
            bench: self,
            training,
            path,
            seen: OnceCell::new(),
        }
    }
}

impl Network<'_> {
    /// Trains it if its file is not there.
    fn opened(&self) -> Result<SavedClassifier, Error> {
        let bench = self.bench;
        if !is_trained(&self.training, &self.path, bench.observer, &mut Vec::new())? {
            std::fs::create_dir_all(&bench.networks).map_err(|source| Error::Write {
                path: bench.networks.clone(),
                source,
            })?;
            let mut training = self.training.clone();
            training.overwrite = true;
            train_images(&training, bench.observer)?;
        }
        Ok(SavedClassifier::load(&self.path, bench.device)?)
    }

    /// All that a head depends on. A network is known by how it is trained: on a card, other bits may come out.
    fn settings(&self, what: &str) -> serde_json::Value {
        serde_json::json!({
            "what": what,
            "train": self.training.train,
            "augment": self.training.augment,
            "network_seed": self.training.seed,
            "pictures": format!("{:016x}", self.bench.fingerprint),
            "head": self.bench.budget.head(self.bench.set),
            "seed": self.bench.seed,
        })
    }

    fn name(&self, what: &str) -> String {
        let bench = self.bench;
        format!(
            "{}-{}-{}-{}-{what}",
            bench.set.name(),
            bench.budget.name(),
            self.training.train.loss.name(),
            self.training.seed
        )
    }

    /// What the network sees, looked at when it is first asked for.
    fn seen(&self) -> Result<&Seen, Error> {
        if let Some(seen) = self.seen.get() {
            return Ok(seen);
        }
        let bench = self.bench;
        let saved = self.opened()?;
        let of = |set: &counterpoise_base::LabeledImages| {
            embed(&saved, &OpenedData::Pictures(set.clone()), bench.observer)
        };
        let options =
            EosOptions::for_network(&saved.about).merged("reproduce eos", bench.budget.head(bench.set))?;
        let seen = Seen {
            frozen: Frozen {
                training: of(&bench.pictures.training)?,
                validation: Some(of(&bench.pictures.validation)?),
                before: Some(saved.classifier.linear_head()),
            },
            test: of(&bench.pictures.test)?,
            options,
        };
        Ok(self.seen.get_or_init(|| seen))
    }

    fn branch(&self) -> Seed {
        self.bench.branch(self.training.seed)
    }

    /// What a head says of the test rows; absent where the network's kind of head does not go that way.
    pub(super) fn fit(&self, arm: Arm) -> Result<Option<Outcome>, Error> {
        let (name, settings) = (self.name(&arm.name()), self.settings(&arm.name()));
        if let Some(fit) = self.bench.store.load::<Option<Outcome>>(&name, &settings) {
            return Ok(fit);
        }
        let found = match self.fit_now(arm) {
            Ok(found) => found.map(Ok),
            Err(error) if error.code().ends_with(".stopped") => return Err(error),
            Err(error) => Some(Err(error.to_string())),
        };
        self.bench.store.save(&name, &settings, &found);
        Ok(found)
    }

    fn fit_now(&self, arm: Arm) -> Result<Option<HeadFit>, Error> {
        let seen = self.seen()?;
        let bench = self.bench;
        let started = std::time::Instant::now();
        let (head, chosen, synthetic) = match arm {
            Arm::Head(method) => {
                let reached = seen.frozen.reach(
                    method,
                    &seen.options,
                    &self.branch(),
                    bench.device,
                    bench.observer,
                )?;
                let Some(reached) = reached else { return Ok(None) };
                (reached.head, reached.chosen, reached.synthetic)
            }
            Arm::Neighbours(k) => {
                let mut options = seen.options.clone();
                let mut eos = Eos::default();
                eos.k_neighbors = k;
                options.method = Method::Eos(eos);
                let seed = self.branch().child(HeadMethod::Eos.name());
                let fitted = seen.frozen.fit(&options, &seed, bench.device, bench.observer)?;
                (fitted.trained.head, None, fitted.balanced.synthetic)
            }
        };
        let rounded = |value: f64, scale: f64| (value * scale).round() / scale;
        Ok(Some(HeadFit {
            predictions: head.predict(seen.test.values()),
            chosen,
            synthetic,
            seconds: rounded(started.elapsed().as_secs_f64(), 1e3),
            norms: head.norms().into_iter().map(|norm| rounded(norm, 1e6)).collect(),
        }))
    }

    /// The generalization gap before and after synthetic rows join.
    pub(super) fn gap(&self) -> Result<GapFit, Error> {
        let (name, settings) = (self.name("gap"), self.settings("gap"));
        if let Some(fit) = self.bench.store.load(&name, &settings) {
            return Ok(fit);
        }
        let seen = self.seen()?;
        let observer = self.bench.observer;
        let head = seen.frozen.before.as_ref().expect("a network has a head");
        let options = DiagnoseOptions::default().with_draws(0);
        let test = Readout::new(Split::Test, &seen.test, head, observer)?;
        let change = |method: Method| {
            let mut with = seen.options.clone();
            with.method = method;
            let seed = self.branch().child("gap").child(with.method.name());
            let balanced = seen.frozen.balanced(&with, &seed, observer)?;
            let rows = &balanced.embeddings;
            let kept = rows.len() - balanced.synthetic;
            let synthetic = rows.select(&(kept..rows.len()).collect::<Vec<_>>());
            Ok::<_, Error>(gap_change(
                &seen.frozen.training,
                &synthetic,
                &test,
                &options,
                observer,
            )?)
        };
        let eos = change(Method::Eos(Eos::default()))?;
        let smote = change(Method::from_name("smote")?)?;
        let fit = GapFit {
            before: GapLine::of(&eos.before),
            smote: GapLine::of(&smote.after),
            eos: GapLine::of(&eos.after),
        };
        self.bench.store.save(&name, &settings, &fit);
        Ok(fit)
    }
}
