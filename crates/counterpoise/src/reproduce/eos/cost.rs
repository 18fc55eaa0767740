//! What EOS and pictures made before training cost, beside what they bring.

use std::time::Instant;

use counterpoise_base::{LabeledImages, Seed};
use counterpoise_deep::{Inputs, Loss, Penalty, Permutation, Rows, TrainRun, train};
use counterpoise_metrics::Bootstrap;
use serde::{Deserialize, Serialize};

use super::bench::Bench;
use super::budget::EosBudget;
use crate::Error;
use crate::eos::{EosOptions, Frozen, HeadMethod, PairedScores, Said, embed_with, paired};
use crate::memory::PeakMemory;
use crate::network_data::OpenedData;
use crate::reproduce::deep_smote::{Budget, Remedy, make_pictures};

/// What is done about rare classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CostWay {
    /// Nothing.
    None,
    /// A head on rows that EOS made.
    Eos,
    /// SMOTE of pixels before training.
    SmotePixels,
    /// Pictures of DeepSMOTE before training.
    Deepsmote,
    /// Pictures of a GAN before training.
    Gan,
}

impl CostWay {
    /// All of them, the leanest first: memory that one gave back may be held when the next begins.
    const ALL: [Self; 5] = [
        Self::None,
        Self::Eos,
        Self::SmotePixels,
        Self::Deepsmote,
        Self::Gan,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Eos => "eos",
            Self::SmotePixels => "smote of pixels",
            Self::Deepsmote => "deepsmote",
            Self::Gan => "gan",
        }
    }
}

/// Parameters, time and memory beside quality, of one network.
#[derive(Debug, Clone, Serialize)]
pub struct CostRow {
    /// What is done.
    pub way: CostWay,
    /// Weights that are learnt besides the classifier's.
    pub extra_parameters: usize,
    /// Pictures that the classifier is trained on.
    pub pictures: usize,
    /// Seconds to make pictures, or rows of features.
    pub making_seconds: f64,
    /// Seconds to train the classifier, and its head again.
    pub training_seconds: f64,
    /// The most memory that the process held meanwhile, in bytes; absent where the system does not tell.
    pub peak_bytes: Option<u64>,
    /// Scores, with what they add to `none`, and to `eos`.
    pub scores: PairedScores,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct CostFit {
    predictions: Vec<u32>,
    extra_parameters: usize,
    pictures: usize,
    making_seconds: f64,
    training_seconds: f64,
    peak_bytes: Option<u64>,
}

/// Fits all ways with cross-entropy, one network each.
pub(super) fn costs(bench: &Bench<'_>, draws: usize) -> Result<Vec<CostRow>, Error> {
    let mut fits = Vec::new();
    for way in CostWay::ALL {
        fits.push(kept(bench, way)?);
    }
    let said: Vec<Said> = fits
        .iter()
        .map(|fit| Said {
            predictions: vec![fit.predictions.clone()],
        })
        .collect();
    let bootstrap = Bootstrap::new(bench.seed).with_draws(draws);
    let labels = &bench.pictures.test.labels;
    let scores = paired(labels, &said, &[0, 1], &bootstrap, bench.observer)?;
    let rows = CostWay::ALL.into_iter().zip(fits).zip(scores);
    Ok(rows
        .map(|((way, fit), scores)| CostRow {
            way,
            extra_parameters: fit.extra_parameters,
            pictures: fit.pictures,
            making_seconds: fit.making_seconds,
            training_seconds: fit.training_seconds,
            peak_bytes: fit.peak_bytes,
            scores,
        })
        .collect())
}

/// How pictures are made at this budget.
fn making(budget: EosBudget) -> Budget {
    match budget {
        EosBudget::Quick => Budget::quick(),
        EosBudget::Usual => Budget::usual(),
        EosBudget::Full => Budget::full(),
    }
}

fn kept(bench: &Bench<'_>, way: CostWay) -> Result<CostFit, Error> {
    let experiment = bench
        .set
        .experiment(&bench.folder, bench.budget, &Loss::default(), 1, bench.device);
    let name = format!("{}-{}-cost-{}", bench.set.name(), bench.budget.name(), way.name()).replace(' ', "-");
    let mut settings = serde_json::json!({
        "what": "cost",
        "way": way,
        "train": experiment.train,
        "augment": experiment.augment,
        "making": making(bench.budget),
        "head": bench.budget.head(bench.set),
        "pictures": format!("{:016x}", bench.fingerprint),
        "device": bench.device.name(),
        "seed": bench.seed,
    });
    if way == CostWay::Eos {
        // Its rows and its head are those of the table.
        settings["head_seed"] = "table".into();
    }
    if let Some(fit) = bench.store.load(&name, &settings) {
        return Ok(fit);
    }
    let peak = PeakMemory::start();
    let mut fit = fitted(bench, way, &experiment)?;
    fit.peak_bytes = peak.and_then(|peak| peak.bytes());
    let rounded = |value: f64| (value * 1e3).round() / 1e3;
    fit.making_seconds = rounded(fit.making_seconds);
    fit.training_seconds = rounded(fit.training_seconds);
    bench.store.save(&name, &settings, &fit);
    Ok(fit)
}

fn fitted(
    bench: &Bench<'_>,
    way: CostWay,
    experiment: &crate::images::ImageExperiment,
) -> Result<CostFit, Error> {
    let seed = Seed::new(bench.seed).child("cost");
    let remedy = match way {
        CostWay::None | CostWay::Eos => None,
        CostWay::SmotePixels => Some(Remedy::Smote),
        CostWay::Deepsmote => Some(Remedy::DeepSmote {
            penalty: Penalty::Reference,
            permutation: Permutation::CyclicShift,
        }),
        CostWay::Gan => Some(Remedy::Gan),
    };
    let clock = Instant::now();
    let own = &bench.pictures.training;
    let made = remedy
        .map(|remedy| {
            let budget = making(bench.budget);
            make_pictures(
                own,
                remedy,
                &budget,
                seed.clone(),
                bench.device,
                bench.observer,
                None,
            )
        })
        .transpose()?;
    let mut making_seconds = clock.elapsed().as_secs_f64();
    let (set, mut extra_parameters) = match &made {
        Some((set, parameters)) => (set, *parameters),
        None => (own, 0),
    };
    let clock = Instant::now();
    let rows = Rows {
        inputs: Inputs::Images(&set.images, &experiment.augment),
        labels: &set.labels,
    };
    let run = TrainRun {
        seed: Seed::new(1).child("train"),
        device: bench.device,
        observer: bench.observer,
        checkpoint: None,
        fingerprint: String::new(),
        each_epoch: None,
    };
    let trained = train(rows, None, &experiment.train, &run)?;
    let mut training_seconds = clock.elapsed().as_secs_f64();
    let classifier = trained.classifier;
    let of = |set: &LabeledImages| {
        let rows = OpenedData::Pictures(set.clone());
        embed_with(
            &classifier,
            &experiment.augment.normalisation,
            &rows,
            bench.observer,
        )
    };
    let mut head = classifier.linear_head();
    if way == CostWay::Eos {
        let clock = Instant::now();
        let frozen = Frozen {
            training: of(own)?,
            validation: None,
            before: Some(head),
        };
        let options = EosOptions::default().merged("reproduce eos", bench.budget.head(bench.set))?;
        let seed = bench.branch(1).child(HeadMethod::Eos.name());
        let rows_clock = Instant::now();
        let balanced = frozen.balanced(&options, &seed, bench.observer)?;
        drop(balanced);
        making_seconds = rows_clock.elapsed().as_secs_f64();
        let fitted = frozen.fit(&options, &seed, bench.device, bench.observer)?;
        head = fitted.trained.head;
        // Rows were made twice, to know how long it takes.
        training_seconds += clock.elapsed().as_secs_f64() - 2.0 * making_seconds;
        extra_parameters = 0;
    }
    let test = of(&bench.pictures.test)?;
    Ok(CostFit {
        predictions: head.predict(test.values()),
        extra_parameters,
        pictures: set.labels.len(),
        making_seconds: if remedy.is_none() && way == CostWay::None {
            0.0
        } else {
            making_seconds
        },
        training_seconds,
        peak_bytes: None,
    })
}
