//! `train`: a classifier of pictures.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use counterpoise_base::{Event, LabeledImages, Labels, Observer, Seed, Warning};
use counterpoise_data::hold_out;
use counterpoise_deep::{
    AboutClassifier, ChooseBy, Classifier, Inputs, Rows, SavedClassifier, Scores, TrainRun, train,
};
use counterpoise_report::{Bars, Block, Curve, Curves, Figure, Page, Section, Series, TableBlock};
use serde::Serialize;

use super::evaluate::{Evaluated, judge};
use super::sets::in_classes;
use super::{ChooseOn, ImageExperiment, ImagePart};
use crate::pages::footer;
use crate::{Error, check_text};

/// A trained classifier, how it came to be, and how good it is.
#[derive(Debug, Clone, Serialize)]
pub struct ImageTraining {
    /// What stands in its file.
    pub about: AboutClassifier,
    /// Pictures of every class that it was trained on, and that were held out.
    pub held_out: Vec<usize>,
    /// Epochs that an earlier run had done.
    pub resumed_from: usize,
    /// Whether an earlier run had begun, maybe without finishing an epoch.
    pub resumed: bool,
    /// On which pictures the epoch was chosen.
    pub chosen_on: ChooseOn,
    /// Scores on the pictures that the epoch was chosen on.
    pub chosen: Option<Scores>,
    /// Scores on the test pictures, with intervals.
    pub test: Option<Evaluated>,
    /// The file of the network.
    pub output: Option<PathBuf>,
    /// What looked odd.
    pub warnings: Vec<Warning>,
}

impl ImageTraining {
    /// Which pictures the scores beside the epoch are of, and whether they are too good.
    pub fn judged_on(&self) -> &'static str {
        let options = self.about.options.as_ref();
        let last = options.is_some_and(|options| options.choose_by == ChooseBy::Last);
        match self.chosen_on {
            ChooseOn::Test if !last => {
                "on the test pictures, which chose the epoch, so that all scores on them are too good"
            }
            ChooseOn::Test => "on the test pictures",
            _ if last => "on the pictures that were held out, which chose nothing",
            _ => "on the pictures that were held out, which chose the epoch",
        }
    }
}

/// Trains the classifier of a description, and writes it. A run that was stopped before is taken up again.
pub fn train_images(experiment: &ImageExperiment, observer: &dyn Observer) -> Result<ImageTraining, Error> {
    if let Some(path) = &experiment.output {
        check_text(path)?;
    }
    if experiment.choose_on == ChooseOn::Test && experiment.test.is_none() {
        return Err(Error::Config {
            place: "choose_on".into(),
            problem: "epochs are to be chosen on test pictures, and there are none".into(),
            hint: Some("name them with `--test`, or choose on `validation`".into()),
        });
    }
    let seed = Seed::new(experiment.seed);
    let mut warnings = Vec::new();
    let all = experiment.data.open(&seed, observer, &mut warnings)?;
    let classes = all.labels.classes().to_vec();
    let test = match &experiment.test {
        None => None,
        Some(part) => {
            let mut test = part.open(&seed.child("test"), observer, &mut warnings)?;
            test.labels = in_classes(&test.labels, &classes, &part.path.display().to_string())?;
            apart(&all, &test, experiment, part, &mut warnings)?;
            Some(test)
        }
    };
    let (training, held_out) = match experiment.choose_on {
        ChooseOn::Validation => {
            let (training, held_out) = part(&all.labels, experiment.validation, &seed, &mut warnings)?;
            (all.select(&training), Some(all.select(&held_out)))
        }
        ChooseOn::Test | ChooseOn::Nothing => (all.clone(), None),
    };
    let mut options = experiment.train.clone();
    if experiment.choose_on == ChooseOn::Nothing {
        options.choose_by = ChooseBy::Last;
    }
    if !experiment
        .augment
        .normalisation
        .suits(all.images.shape().channels)
    {
        return Err(Error::Config {
            place: "augment.normalisation".into(),
            problem: format!(
                "it needs one mean, and one deviation above 0, for each of {} channel(s)",
                all.images.shape().channels
            ),
            hint: Some("give as many numbers as there are channels, or one for all".into()),
        });
    }
    let chooser = match experiment.choose_on {
        ChooseOn::Validation => held_out.as_ref(),
        ChooseOn::Test => test.as_ref(),
        ChooseOn::Nothing => None,
    };
    let kept = experiment.output.as_deref().map(state_file);
    let run = TrainRun {
        seed: seed.child("train"),
        device: experiment.device,
        observer,
        checkpoint: kept.as_deref(),
        fingerprint: fingerprint(experiment.seed, &training),
    };
    let trained = train(
        set(&training, experiment),
        chooser.map(|chooser| set(chooser, experiment)),
        &options,
        &run,
    )
    .map_err(|error| Error::of_classes(error, &classes))?;
    let shape = training.images.shape();
    let about = AboutClassifier {
        network: options.network.clone(),
        head: options.head,
        picture: Some((shape.channels, shape.height, shape.width)),
        columns: None,
        normalisation: experiment.augment.normalisation.clone(),
        classes,
        counts: training.labels.counts(),
        options: Some(options),
        seed: experiment.seed,
        epoch: trained.epoch,
        history: trained.history,
        afterwards: Vec::new(),
    };
    let saved = SavedClassifier {
        classifier: trained.classifier,
        about,
    };
    let chosen = chooser
        .map(|chooser| scores(&saved.classifier, chooser, experiment, observer))
        .transpose()?;
    let test = test
        .map(|test| judge(&saved, &test, experiment.seed, observer))
        .transpose()?;
    if let Some(path) = &experiment.output {
        saved.save(path)?;
        // The network is whole; what it was taken up from is not needed any more.
        if let Some(kept) = kept {
            let _ = std::fs::remove_file(kept);
        }
    }
    let _ = observer.observe(&Event::Finished { task: "training" });
    Ok(ImageTraining {
        held_out: held_out.map_or_else(Vec::new, |held_out| held_out.labels.counts()),
        resumed_from: trained.resumed_from,
        resumed: trained.resumed,
        chosen_on: experiment.choose_on,
        chosen,
        test,
        output: experiment.output.clone(),
        about: saved.about,
        warnings,
    })
}

/// Refuses test pictures that are the training pictures, and tells of those that are among them.
fn apart(
    all: &LabeledImages,
    test: &LabeledImages,
    experiment: &ImageExperiment,
    part: &ImagePart,
    warnings: &mut Vec<Warning>,
) -> Result<(), Error> {
    if all.images.shape() != test.images.shape() {
        return Ok(());
    }
    let values = all.images.shape().values();
    let known: HashSet<&[u8]> = all.images.as_slice().chunks_exact(values).collect();
    let twice = test
        .images
        .as_slice()
        .chunks_exact(values)
        .filter(|picture| known.contains(picture))
        .count();
    let file = part.path.display().to_string();
    if twice == test.images.len() && part.path == experiment.data.path {
        return Err(Error::Config {
            place: file,
            problem: "it has no test part: every test picture is a training picture".into(),
            hint: Some("name other pictures with `--test`, or leave it out".into()),
        });
    }
    if twice > 0 {
        let message = format!(
            "{twice} of {} test pictures of `{file}` are among the training pictures: scores on them are too good",
            test.images.len()
        );
        warnings.push(Warning::new("images.test-in-training", message));
    }
    Ok(())
}

/// Where training keeps its state until it is done: beside the network that it makes.
fn state_file(output: &Path) -> PathBuf {
    let mut name = output.file_stem().unwrap_or_default().to_os_string();
    name.push(".training.safetensors");
    output.with_file_name(name)
}

/// Names what a training depends on besides its options.
pub(super) fn fingerprint(seed: u64, set: &LabeledImages) -> String {
    let codes: Vec<u8> = set
        .labels
        .codes()
        .iter()
        .flat_map(|code| code.to_le_bytes())
        .collect();
    let hash = Seed::new(seed)
        .child(set.images.as_slice())
        .child(codes.as_slice());
    format!("{:016x}", hash.number())
}

pub(super) fn set<'a>(set: &'a LabeledImages, experiment: &'a ImageExperiment) -> Rows<'a> {
    Rows {
        inputs: Inputs::Images(&set.images, &experiment.augment),
        labels: &set.labels,
    }
}

fn scores(
    classifier: &Classifier,
    set: &LabeledImages,
    experiment: &ImageExperiment,
    observer: &dyn Observer,
) -> Result<Scores, Error> {
    let logits = classifier.logits(Inputs::Images(&set.images, &experiment.augment), observer)?;
    Ok(Scores::of(&set.labels, &logits.predictions())?)
}

/// Parts the pictures; a class with a single picture stays in training, and a warning says so.
pub(super) fn part(
    labels: &Labels,
    share: f64,
    seed: &Seed,
    warnings: &mut Vec<Warning>,
) -> Result<(Vec<usize>, Vec<usize>), Error> {
    if !(share > 0.0 && share < 1.0) {
        return Err(Error::Config {
            place: "validation".into(),
            problem: format!("{share} is no share of every class that could be held out"),
            hint: Some("give a number between 0 and 1, such as `--validation 0.1`".into()),
        });
    }
    let counts = labels.counts();
    let single: Vec<&str> = labels
        .classes()
        .iter()
        .zip(&counts)
        .filter(|(_, count)| **count == 1)
        .map(|(class, _)| class.as_str())
        .collect();
    let several: Vec<usize> = (0..labels.len())
        .filter(|&row| counts[labels.codes()[row] as usize] > 1)
        .collect();
    if several.is_empty() {
        return Err(Error::Config {
            place: "validation".into(),
            problem: "no class has two pictures, one to train on and one to choose the epoch by".into(),
            hint: Some("train with `--choose-on nothing`".into()),
        });
    }
    // Only classes that can be parted: a class without pictures asks for none.
    let names: Vec<&str> = several
        .iter()
        .map(|&row| labels.classes()[labels.codes()[row] as usize].as_str())
        .collect();
    let (training, held_out) = hold_out(&Labels::from_names(&names), share, &seed.child("validation"))?;
    let of = |rows: Vec<usize>| rows.into_iter().map(|row| several[row]).collect::<Vec<_>>();
    let (mut training, held_out) = (of(training), of(held_out));
    if !single.is_empty() {
        let message = format!(
            "class(es) {} have one picture: they are trained on, and do not count when the epoch is chosen",
            single.join(", ")
        );
        warnings.push(Warning::new("images.single", message));
        training.extend((0..labels.len()).filter(|&row| counts[labels.codes()[row] as usize] == 1));
        training.sort_unstable();
    }
    Ok((training, held_out))
}

/// The page of [`train_images`].
pub fn training_page(experiment: &ImageExperiment, training: &ImageTraining) -> Result<Page, Error> {
    let about = &training.about;
    let percent =
        |value: Option<f64>| value.map_or("undefined".to_owned(), |value| format!("{:.1} %", 100.0 * value));
    let mut figures = vec![Figure {
        value: about.epoch.to_string(),
        label: "epoch kept".into(),
        note: format!("of {}", about.history.len()),
    }];
    if let Some(scores) = &training.chosen {
        figures.push(Figure {
            value: percent(scores.balanced_accuracy),
            label: "balanced accuracy".into(),
            note: training.judged_on().into(),
        });
    }
    let mut sections = vec![Section {
        title: "Result".into(),
        lead: format!(
            "`{}` with loss `{}`, {} pictures of {} classes.",
            about.network.name(),
            about.options.as_ref().map_or("", |options| options.loss.name()),
            about.counts.iter().sum::<usize>(),
            about.classes.len()
        ),
        blocks: vec![Block::Figures(figures)],
    }];
    if let Some(test) = &training.test {
        sections.push(test.section(training.chosen_on == ChooseOn::Test));
    }
    sections.push(classes(training));
    sections.push(history(training));
    sections.push(Section {
        title: "Do it again".into(),
        lead: "Save this as a file and run it with `counterpoise run`.".into(),
        blocks: vec![Block::Code {
            title: "experiment.toml".into(),
            text: experiment.to_toml()?,
        }],
    });
    Ok(Page {
        title: format!(
            "{} trained on {}",
            about.network.name(),
            experiment.data.path.display()
        ),
        subtitle: format!("seed {}, {} epochs", about.seed, about.history.len()),
        sections,
        footer: footer(),
    })
}

/// Size and recall of every class.
fn classes(training: &ImageTraining) -> Section {
    let about = &training.about;
    let recall = training
        .test
        .as_ref()
        .map(Evaluated::recalls)
        .or_else(|| training.chosen.as_ref().map(|scores| scores.recall.clone()));
    let series = |name: &str, values: Vec<Option<f64>>| Series {
        name: name.into(),
        values,
    };
    let mut blocks = vec![Block::Bars(Bars {
        caption: "Training pictures of every class".into(),
        categories: about.classes.clone(),
        series: vec![series(
            "pictures",
            about.counts.iter().map(|&count| Some(count as f64)).collect(),
        )],
        unit: "pictures".into(),
    })];
    if let Some(recall) = recall {
        let percent = recall
            .iter()
            .map(|value| value.map(|value| 100.0 * value))
            .collect();
        blocks.push(Block::Bars(Bars {
            caption: "Recall of every class, in percent".into(),
            categories: about.classes.clone(),
            series: vec![series("recall", percent)],
            unit: "%".into(),
        }));
    }
    Section {
        title: "Classes".into(),
        lead: "How many pictures of a class were trained on, and how many of those not trained on are found again.".into(),
        blocks,
    }
}

/// Loss and scores by epoch.
fn history(training: &ImageTraining) -> Section {
    let history = &training.about.history;
    let line = |value: &dyn Fn(&counterpoise_deep::EpochReport) -> Option<f64>| -> Vec<(f64, f64)> {
        history
            .iter()
            .filter_map(|report| Some((report.epoch as f64, value(report)?)))
            .collect()
    };
    let range = (1.0, history.len().max(2) as f64);
    let losses = line(&|report| Some(report.loss));
    let most = losses.iter().map(|&(_, loss)| loss).fold(0.0, f64::max);
    let curves = |caption: &str, label: &str, most: f64, name: &str, points: Vec<(f64, f64)>| {
        Block::Curves(Curves {
            caption: caption.into(),
            x_label: "epoch".into(),
            y_label: label.into(),
            x_range: range,
            y_range: (0.0, most),
            diagonal: false,
            step: false,
            points: true,
            series: vec![Curve {
                name: name.into(),
                points,
                ..Curve::default()
            }],
            horizontal: None,
        })
    };
    let mut blocks = vec![curves(
        "Mean loss of training batches",
        "loss",
        most.max(1e-9),
        "loss",
        losses,
    )];
    let scores = line(&|report| report.balanced_accuracy);
    if !scores.is_empty() {
        blocks.push(curves(
            "Balanced accuracy where the epoch is chosen",
            "balanced accuracy",
            1.0,
            "balanced accuracy",
            scores,
        ));
    }
    let row = |report: &counterpoise_deep::EpochReport| {
        let share = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.4}"));
        vec![
            report.epoch.to_string(),
            format!("{:.4}", report.loss),
            format!("{:.6}", report.rate),
            share(report.balanced_accuracy),
            share(report.macro_f1),
            report
                .seconds
                .map_or(String::new(), |seconds| format!("{seconds:.1}")),
        ]
    };
    blocks.push(Block::Table(TableBlock {
        caption: "Every epoch".into(),
        headers: [
            "epoch",
            "loss",
            "rate",
            "balanced accuracy",
            "macro F1",
            "seconds",
        ]
        .map(String::from)
        .to_vec(),
        numeric: vec![true; 6],
        rows: history.iter().map(row).collect(),
    }));
    Section {
        title: "Epochs".into(),
        lead: "How training went.".into(),
        blocks,
    }
}
