//! The generalization gap while a network learns.

use std::cell::RefCell;

use counterpoise_base::{LabeledImages, Seed};
use counterpoise_deep::{Classifier, Inputs, Loss, Rows, TrainRun, train};
use counterpoise_diagnose::{DiagnoseOptions, Readout, Split, gap};
use serde::{Deserialize, Serialize};

use super::bench::Bench;
use crate::Error;
use crate::eos::{embed_with, recalls};
use crate::network_data::OpenedData;

/// The generalization gap of one network while it learns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapCurve {
    /// The loss.
    pub loss: String,
    /// Some epochs, the last among them.
    pub moments: Vec<GapMoment>,
}

/// The generalization gap after an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GapMoment {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Gap of every class, mean over features.
    pub gap: Vec<Option<f64>>,
    /// Spread of features: standard deviation of training rows, mean over features. Gaps grow with it.
    pub spread: f64,
    /// Recall of every class on the test rows.
    pub recall: Vec<Option<f64>>,
    /// Rank correlation of gap and size of classes.
    pub with_size: Option<f64>,
    /// Rank correlation of gap and recall.
    pub with_recall: Option<f64>,
}

/// Epochs to look at, of so many: all of the first, fewer later, and the last.
fn moments(epochs: usize) -> Vec<usize> {
    let mut chosen: Vec<usize> = [1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 60, 80, 100, 130, 160, 170, 180]
        .into_iter()
        .filter(|&epoch| epoch < epochs)
        .collect();
    chosen.push(epochs);
    chosen
}

/// Trains the first network of each loss again, and looks at it on the way.
pub(super) fn curves(bench: &Bench<'_>, losses: &[Loss]) -> Result<Vec<GapCurve>, Error> {
    losses.iter().map(|loss| curve(bench, loss)).collect()
}

fn curve(bench: &Bench<'_>, loss: &Loss) -> Result<GapCurve, Error> {
    let experiment = bench
        .set
        .experiment(&bench.folder, bench.budget, loss, 1, bench.device);
    let wanted = moments(experiment.train.epochs.get());
    let settings = |epoch: usize| {
        serde_json::json!({
            "what": "curve",
            "epoch": epoch,
            "train": experiment.train,
            "augment": experiment.augment,
            "pictures": format!("{:016x}", bench.fingerprint),
            "device": bench.device.name(),
        })
    };
    let name = format!(
        "{}-{}-{}-curve",
        bench.set.name(),
        bench.budget.name(),
        loss.name()
    );
    let kept = |epoch: usize| bench.store.load::<GapMoment>(&name, &settings(epoch));
    let all = || -> Option<Vec<GapMoment>> { wanted.iter().map(|&epoch| kept(epoch)).collect() };
    if all().is_none() {
        let folder = bench.store.unfinished(&name, &settings(0));
        let failed = RefCell::new(None);
        let look = |epoch: usize, classifier: &Classifier| {
            if wanted.contains(&epoch) && kept(epoch).is_none() {
                match moment(bench, &experiment.augment.normalisation, epoch, classifier) {
                    Ok(moment) => bench.store.save(&name, &settings(epoch), &moment),
                    Err(error) => {
                        *failed.borrow_mut() = Some(error);
                        return Err(counterpoise_deep::Error::Stopped);
                    }
                }
            }
            Ok(())
        };
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder).map_err(|source| Error::Write {
                path: folder.clone(),
                source,
            })?;
        }
        let checkpoint = folder.as_ref().map(|folder| folder.join("network.part"));
        let rows = Rows {
            inputs: Inputs::Images(&bench.pictures.training.images, &experiment.augment),
            labels: &bench.pictures.training.labels,
        };
        let run = TrainRun {
            seed: Seed::new(1).child("train"),
            device: bench.device,
            observer: bench.observer,
            checkpoint: checkpoint.as_deref(),
            fingerprint: String::new(),
            each_epoch: Some(&look),
        };
        let trained = train(rows, None, &experiment.train, &run);
        if let Some(error) = failed.into_inner() {
            return Err(error);
        }
        trained?;
        if let Some(folder) = folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
    Ok(GapCurve {
        loss: loss.name().to_owned(),
        moments: all().unwrap_or_default(),
    })
}

fn moment(
    bench: &Bench<'_>,
    normalisation: &counterpoise_data::Normalisation,
    epoch: usize,
    classifier: &Classifier,
) -> Result<GapMoment, Error> {
    let of = |set: &LabeledImages| {
        let rows = OpenedData::Pictures(set.clone());
        embed_with(classifier, normalisation, &rows, bench.observer)
    };
    let (train, test) = (of(&bench.pictures.training)?, of(&bench.pictures.test)?);
    let head = classifier.linear_head();
    let readout = Readout::new(Split::Test, &test, &head, bench.observer)?;
    let options = DiagnoseOptions::default().with_draws(0);
    let report = gap(&train, &readout, &options, bench.observer)?;
    Ok(GapMoment {
        epoch,
        gap: report
            .classes
            .iter()
            .map(|class| class.all.map(|numbers| numbers.mean))
            .collect(),
        spread: spread(train.values(), train.width()),
        recall: recalls(&test.labels, test.predictions.as_deref().unwrap_or_default()),
        with_size: report.with_size,
        with_recall: report.with_recall,
    })
}

/// Standard deviation of each feature, mean over features.
fn spread(values: &[f32], width: usize) -> f64 {
    let rows = (values.len() / width.max(1)).max(1) as f64;
    let (mut sums, mut squares) = (vec![0.0; width], vec![0.0; width]);
    for row in values.chunks_exact(width) {
        for (feature, &value) in row.iter().enumerate() {
            sums[feature] += f64::from(value);
            squares[feature] += f64::from(value).powi(2);
        }
    }
    let deviation = |(sum, square): (&f64, &f64)| (square / rows - (sum / rows).powi(2)).max(0.0).sqrt();
    sums.iter().zip(&squares).map(deviation).sum::<f64>() / width.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_epoch_is_looked_at_once() {
        assert_eq!(moments(1), [1]);
        assert_eq!(moments(10), [1, 2, 3, 5, 7, 10]);
        assert_eq!(*moments(200).last().expect("the last"), 200);
    }

    #[test]
    fn spread_is_a_mean_over_features() {
        assert!((spread(&[0.0, 1.0, 2.0, 1.0], 2) - 0.5).abs() < 1e-12);
    }
}
