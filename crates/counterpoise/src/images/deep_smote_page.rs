//! What DeepSMOTE made, as a page: sheet, latent codes in the plane, quality.

use std::num::NonZeroUsize;

use counterpoise_base::{Features, Observer, Seed, counted};
use counterpoise_deep::{ClassQuality, DecoderKind, DeepSmote, EpochLoss, Quality};
use counterpoise_neighbors::{Metric, MissingValues, Space};
use counterpoise_report::{Block, Curve, Curves, Page, Point, Scatter, Section, Sheet, TableBlock, Tone};

use super::deep_smote::{DeepSmoteExperiment, MadeImages, fit_and_make};
use crate::Error;
use crate::bundled::FASHION_MNIST;
use crate::pages::{footer, name_of};
use crate::picture::places;

/// Synthetic pictures in the plane, and real ones beside their parents.
const SHOWN: usize = 300;

/// The sheet of real, reconstructed and synthetic pictures.
fn sheet_block(made: &MadeImages, observer: &dyn Observer) -> Result<Block, Error> {
    let (lines, png) = made.sheet(observer)?;
    Ok(Block::Sheet(Sheet {
        caption: "Each line is a class. Left: real pictures, each beside its reconstruction. Right: synthetic pictures, framed, between the two real ones whose codes they lie between".into(),
        description: format!("contact sheet of real, reconstructed and synthetic pictures of {}", lines.join(", ")),
        lines,
        png,
    }))
}

/// The quality of synthetic pictures, class by class.
pub fn quality_table(quality: &Quality) -> TableBlock {
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.2}"));
    let share = |value: Option<f64>| value.map_or(String::new(), |value| format!("{:.0} %", 100.0 * value));
    let judged = quality.overall.as_intended.is_some();
    let row = |class: &ClassQuality| {
        let mut row = vec![
            class.class.clone(),
            class.real.to_string(),
            class.synthetic.to_string(),
            class.copies.to_string(),
            number(class.nearest_pixels),
            number(class.nearest_pixels_of_real),
            share(class.diversity_pixels),
            class
                .reconstruction
                .map_or(String::new(), |value| format!("{value:.3}")),
        ];
        if judged {
            row.extend([
                share(class.as_intended),
                share(class.real_as_intended),
                number(class.frechet),
                number(class.frechet_of_halves),
            ]);
        }
        row
    };
    let mut headers = vec![
        "class",
        "real",
        "synthetic",
        "copies",
        "to nearest real",
        "among real",
        "diversity",
        "reconstruction error",
    ];
    if judged {
        headers.extend([
            "taken for its class",
            "real ones",
            "Fréchet distance",
            "of real halves",
        ]);
    }
    TableBlock {
        caption: "Synthetic pictures against real ones of their class".into(),
        numeric: (0..headers.len()).map(|place| place > 0).collect(),
        headers: headers.into_iter().map(String::from).collect(),
        rows: quality
            .classes
            .iter()
            .chain([&quality.overall])
            .map(row)
            .collect(),
    }
}

/// What the columns of [`quality_table`] mean.
const READING: &str = "Copies lie nearer to a real picture than a quarter of what real neighbours are apart. Distances are those of pixels in `[-1, 1]`, medians over the class. Diversity is how far synthetic pictures are apart, as a share of real ones: near 0 they are all alike. The Fréchet distance is measured in the feature space of the classifier, so it compares methods under one classifier only; that of two halves of the real pictures is what chance alone does.";

/// The page of a model and what it makes.
pub fn deep_smote_page(
    experiment: &DeepSmoteExperiment,
    made: &MadeImages,
    quality: &Quality,
    history: &[EpochLoss],
    observer: &dyn Observer,
) -> Result<Page, Error> {
    let seed = experiment.draws.unwrap_or(experiment.seed);
    let name = name_of(&experiment.data.path);
    let mut sections = vec![Section {
        title: "Pictures".into(),
        lead: format!(
            "{} beside {} real.",
            counted(made.made.set.len(), "synthetic picture"),
            made.real.len()
        ),
        blocks: vec![if made.made.set.is_empty() {
            Block::Verdict {
                title: "Nothing was to be made".into(),
                text: "Every class has as many pictures as `sampling_strategy` asks for already: by default, as many as the largest class. What follows tells of real pictures alone.".into(),
                tone: Tone::Neutral,
            }
        } else {
            sheet_block(made, observer)?
        }],
    }];
    if !made.made.set.is_empty() {
        sections.push(Section {
            title: "Quality".into(),
            lead: READING.into(),
            blocks: vec![Block::Table(quality_table(quality))],
        });
    }
    if let (Some(last), true) = (
        sections.last_mut(),
        !made.warnings.is_empty() || !quality.warnings.is_empty(),
    ) {
        let warnings: Vec<_> = made.warnings.iter().chain(&quality.warnings).cloned().collect();
        last.blocks.push(Block::Warnings(crate::few_of_each(&warnings)));
    }
    sections.push(plane(made, seed, observer)?);
    if history.len() > 1 {
        sections.push(losses(history));
    }
    sections.push(Section {
        title: "Do it again".into(),
        lead: "Save this as a file and run it with `counterpoise run`, which takes this page too. Networks that are there are trained no further than it says.".into(),
        blocks: vec![Block::Code {
            title: "experiment.toml".into(),
            text: experiment.to_toml()?,
        }],
    });
    Ok(Page {
        title: format!("DeepSMOTE on {name}"),
        subtitle: format!("seed {seed}"),
        sections,
        footer: footer(),
    })
}

/// What DeepSMOTE makes of the bundled pictures: the part of the first look that needs a network.
#[derive(Debug, Clone)]
pub struct FirstPictures {
    /// Real and synthetic pictures.
    pub made: MadeImages,
    /// How good they are.
    pub quality: Quality,
    /// Epochs.
    pub epochs: usize,
    section: Section,
}

impl FirstPictures {
    /// The part of a page.
    pub fn section(&self) -> Section {
        self.section.clone()
    }
}

/// Trains a small DeepSMOTE on the bundled pictures and makes those that are missing: half a minute on two cores.
pub fn first_pictures(seed: u64, observer: &dyn Observer) -> Result<FirstPictures, Error> {
    let count = |number| NonZeroUsize::new(number).expect("the number is not 0");
    let mut how = DeepSmote::default();
    how.width = count(16);
    how.latent_size = Some(count(64));
    how.decoder = DecoderKind::Mirror;
    how.learning_rate = 1e-3;
    // Few pictures in the authors' batches of 100 would be few steps.
    how.batch_size = count(32);
    how.class_batch = count(32);
    how.epochs = count(15);
    let bundled = FASHION_MNIST;
    let (made, history) = fit_and_make(&how, bundled.read()?.set, seed, observer)?;
    let quality = made.quality(None, observer)?;
    let section = Section {
        title: format!("{}: pictures that were missing", bundled.name),
        lead: format!(
            "{}. DeepSMOTE, with small networks and {} epochs for a first look, made {} pictures, so that every class has as many as the largest.",
            bundled.about,
            history.len(),
            made.made.set.len()
        ),
        blocks: vec![
            sheet_block(&made, observer)?,
            Block::Table(quality_table(&quality)),
            Block::Text(format!("Source: {}.", bundled.origin)),
        ],
    };
    Ok(FirstPictures {
        made,
        quality,
        epochs: history.len(),
        section,
    })
}

/// Codes of real and synthetic pictures in the plane.
fn plane(made: &MadeImages, seed: u64, observer: &dyn Observer) -> Result<Section, Error> {
    let latent = made.latent();
    let seed = Seed::new(seed).child("plane");
    let some = |count: usize, what: &str| -> Vec<usize> {
        let mut rows = seed.child(what).shuffled(0..count);
        rows.truncate(SHOWN);
        rows.sort_unstable();
        rows
    };
    let new = some(made.made.set.len(), "made");
    // Parents of what is shown, then others.
    let mut real: Vec<usize> = new
        .iter()
        .flat_map(|&row| {
            [
                made.made.origins[row].base as usize,
                made.made.origins[row].neighbor as usize,
            ]
        })
        .collect();
    real.extend(some(made.real.len(), "real"));
    real.sort_unstable();
    real.dedup();
    let place_of = |row: u32| {
        real.binary_search(&(row as usize))
            .map_or(0, |place| place as u32)
    };
    let codes = made.real_codes(observer)?;
    let row = |codes: &[f32], row: usize| -> Vec<f64> {
        codes[row * latent..][..latent]
            .iter()
            .map(|&value| f64::from(value))
            .collect()
    };
    let values: Vec<f64> = real
        .iter()
        .flat_map(|&index| row(&codes, index))
        .chain(new.iter().flat_map(|&index| row(&made.made.codes, index)))
        .collect();
    let features = Features::from_rows(&values, latent);
    let space = Space::new(&features, Metric::Euclidean, MissingValues::Refuse)?;
    let (found, kept) = places(&space);
    let classes = made.real.labels.classes();
    let point = |(place, &(x, y)): (usize, &(f64, f64))| {
        let (class, label, parents) = match place.checked_sub(real.len()) {
            None => {
                let class = made.real.labels.codes()[real[place]];
                let label = format!("picture {}, {}", real[place] + 1, classes[class as usize]);
                (class, label, None)
            }
            Some(place) => {
                let class = made.made.set.labels.codes()[new[place]];
                let origin = made.made.origins[new[place]];
                let parents = (place_of(origin.base), place_of(origin.neighbor));
                (
                    class,
                    format!("synthetic, {}", classes[class as usize]),
                    Some(parents),
                )
            }
        };
        Point {
            x,
            y,
            class,
            label,
            parents,
        }
    };
    let kept = kept.map_or(String::new(), |kept| {
        format!(" The plane keeps {:.0} % of the squared distances, so that codes that look close may be far apart.", 100.0 * kept)
    });
    Ok(Section {
        title: "Latent codes".into(),
        lead: format!(
            "{} real and {} synthetic pictures, placed by the distances of their codes of {latent} numbers.{kept}",
            real.len(),
            new.len()
        ),
        blocks: vec![Block::Scatter(Scatter {
            caption: "Codes by class".into(),
            classes: classes.to_vec(),
            points: found.iter().enumerate().map(point).collect(),
        })],
    })
}

fn losses(history: &[EpochLoss]) -> Section {
    let line = |name: &str, of: &dyn Fn(&EpochLoss) -> Option<f64>| Curve {
        name: name.into(),
        points: history
            .iter()
            .enumerate()
            .filter_map(|(epoch, loss)| Some((epoch as f64 + 1.0, of(loss)?)))
            .collect(),
        ..Curve::default()
    };
    let most = history.iter().map(|loss| loss.total).fold(0.0, f64::max);
    let mut series = vec![
        line("total", &|loss| Some(loss.total)),
        line("reconstruction", &|loss| Some(loss.reconstruction)),
        line("penalty", &|loss| loss.penalty),
    ];
    series.retain(|line| !line.points.is_empty());
    let most = series
        .iter()
        .flat_map(|line| &line.points)
        .map(|&(_, loss)| loss)
        .fold(most, f64::max);
    Section {
        title: "Training".into(),
        lead: "Mean losses of every epoch; the networks of the lowest total are used.".into(),
        blocks: vec![Block::Curves(Curves {
            caption: "Losses by epoch".into(),
            x_label: "epoch".into(),
            y_label: "loss".into(),
            x_range: (1.0, history.len() as f64),
            y_range: (0.0, most.max(1e-9)),
            diagonal: false,
            step: false,
            points: true,
            series,
            horizontal: None,
        })],
    }
}
