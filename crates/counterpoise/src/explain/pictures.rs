//! Typical and misclassified rows, side by side.

use std::collections::BTreeMap;

use counterpoise_base::{Embeddings, ImageShape, counted};
use counterpoise_data::encode_png;
use counterpoise_diagnose::{Archetype, Diagnosis};
use counterpoise_report::{Block, PictureRow, PictureRows, PictureState, Section, SmallPicture, TableBlock};

use super::looks::{Looks, overlay};
use super::page::{archetypes_in_words, by_recall, failing};
use super::{Explanation, plots};

/// Classes whose pictures are shown, and misclassified pictures of each.
const CLASSES: usize = 10;
const PICTURES: usize = 5;
/// Longest side of a picture on a page.
const SIDE: usize = 64;

/// Rows that stand for a class.
pub(super) struct Shown {
    class: usize,
    /// Training rows in the middle of each archetype.
    pub(super) medoids: Vec<(Archetype, usize)>,
    /// Test rows that are taken for another class: some of them.
    pub(super) misclassified: Vec<usize>,
    /// How many of them there are.
    errors: usize,
}

/// The rows that are shown: of all classes of a few, else of those that fail, that with the lowest recall first.
pub(super) fn shown(diagnosis: &Diagnosis, test: &Embeddings) -> Vec<Shown> {
    let mut classes = by_recall(diagnosis);
    if classes.len() > CLASSES {
        let failing = failing(diagnosis);
        classes.sort_by_key(|class| !failing.contains(class));
        classes.truncate(CLASSES);
    }
    let predictions = test.predictions.as_deref().unwrap_or_default();
    let of_class = |class: usize| {
        let archetypes = diagnosis
            .archetypes
            .as_ref()
            .map(|all| &all.classes[class].archetypes);
        let medoids = archetypes.into_iter().flatten();
        let wrong: Vec<usize> = (0..test.len())
            .filter(|&row| test.labels.codes()[row] as usize == class && predictions[row] as usize != class)
            .collect();
        // From everywhere in the file, since neighbours in it are often alike.
        let step = wrong.len().div_ceil(PICTURES).max(1);
        Shown {
            class,
            medoids: medoids
                .filter_map(|rows| Some((rows.archetype, rows.medoid?.row)))
                .collect(),
            errors: wrong.len(),
            misclassified: wrong.into_iter().step_by(step).take(PICTURES).collect(),
        }
    };
    classes.into_iter().map(of_class).collect()
}

/// How typical training rows are; with pictures, what they look like.
pub(super) fn typical(explanation: &Explanation) -> Option<Section> {
    let shown = shown(&explanation.diagnosis, &explanation.rows.test);
    let mut blocks: Vec<Block> = plots::archetypes(explanation).into_iter().collect();
    if explanation.rows.pictures.is_some() {
        blocks.extend(pictures(explanation, &shown));
    } else {
        blocks.extend(medoids(explanation, &shown));
    }
    if blocks.is_empty() {
        return None;
    }
    let archetypes = explanation.diagnosis.archetypes.as_ref();
    let kinds = archetypes.map_or(String::new(), |archetypes| {
        format!(
            " (by how many neighbours are of their class, {})",
            archetypes_in_words(archetypes.k)
        )
    });
    Some(Section {
        title: "Typical and untypical rows".into(),
        lead: format!(
            "Safe rows lie among their own class, border rows beside another; rare rows have hardly a neighbour of their class, and outliers none{kinds}. The row in the middle of each kind, its medoid, stands for it."
        ),
        blocks,
    })
}

fn medoids(explanation: &Explanation, shown: &[Shown]) -> Option<Block> {
    explanation.diagnosis.archetypes.as_ref()?;
    let train = explanation.rows.train.as_ref()?;
    let named = |row: usize| match &train.names {
        Some(names) => format!("{} ({})", row + 1, names[row]),
        None => (row + 1).to_string(),
    };
    let row = |class: &Shown| {
        let medoid = |archetype: Archetype| {
            let found = class.medoids.iter().find(|(of, _)| *of == archetype);
            found.map_or(String::new(), |&(_, row)| named(row))
        };
        let mut row = vec![explanation.diagnosis.classes[class.class].clone()];
        row.extend(Archetype::ALL.map(medoid));
        row
    };
    Some(Block::Table(TableBlock {
        caption: "Training rows in the middle of each kind, counted from 1".into(),
        headers: ["class", "safe", "border", "rare", "outlier"]
            .map(String::from)
            .to_vec(),
        numeric: vec![false, true, true, true, true],
        rows: shown.iter().map(row).collect(),
    }))
}

/// A picture as PNG, made smaller by leaving pixels out where it is large.
fn png(shape: ImageShape, values: &[u8]) -> Vec<u8> {
    let step = shape.height.max(shape.width).div_ceil(SIDE);
    if step == 1 {
        return encode_png(shape, values);
    }
    let small = ImageShape::new(
        shape.channels,
        shape.height.div_ceil(step),
        shape.width.div_ceil(step),
    );
    let pixel = |place: usize| {
        let (channel, rest) = (
            place / (small.height * small.width),
            place % (small.height * small.width),
        );
        let (line, column) = (rest / small.width * step, rest % small.width * step);
        values[(channel * shape.height + line) * shape.width + column]
    };
    let values: Vec<u8> = (0..small.values()).map(pixel).collect();
    encode_png(small, &values)
}

fn pictures(explanation: &Explanation, shown: &[Shown]) -> Option<Block> {
    let pictures = explanation.rows.pictures.as_ref()?;
    let train = explanation.rows.train.as_ref()?;
    let diagnosis = &explanation.diagnosis;
    let shape = pictures.test.shape();
    if !matches!(shape.channels, 1 | 3) || pictures.train.shape() != shape {
        return None;
    }
    let predictions = explanation.rows.test.predictions.as_deref().unwrap_or_default();
    let looks = explanation.looks.as_ref();
    let seen = |of: fn(&Looks) -> &BTreeMap<usize, Vec<f32>>, row: usize, values: &[u8]| {
        Some(overlay(shape, values, of(looks?).get(&row)?))
    };
    let mut rows = Vec::new();
    for Shown {
        class,
        medoids,
        misclassified,
        errors,
    } in shown
    {
        let (class, line) = (*class, &diagnosis.summaries[*class]);
        if let Some(archetypes) = &diagnosis.archetypes {
            let counts = &archetypes.classes[class].archetypes;
            let medoid = |&(archetype, row): &(Archetype, usize)| {
                let predicted = train.predictions.as_ref().map(|all| all[row] as usize);
                SmallPicture {
                    png: png(shape, pictures.train.get(row)),
                    overlay: seen(|looks| &looks.train, row, pictures.train.get(row)),
                    caption: format!("{} ({})", archetype.name(), counts[archetype as usize].rows),
                    state: match predicted {
                        Some(predicted) if predicted == class => PictureState::Right,
                        Some(_) => PictureState::Wrong,
                        None => PictureState::Plain,
                    },
                }
            };
            rows.push(PictureRow {
                title: format!("{}: training", line.class),
                note: line.train_rows.map_or(String::new(), |rows| counted(rows, "row")),
                pictures: medoids.iter().map(medoid).collect(),
            });
        }
        let picture = |&row: &usize| SmallPicture {
            png: png(shape, pictures.test.get(row)),
            overlay: seen(|looks| &looks.test, row, pictures.test.get(row)),
            caption: format!("as {}", diagnosis.classes[predictions[row] as usize]),
            state: PictureState::Wrong,
        };
        rows.push(PictureRow {
            title: format!("{}: misclassified in the test", line.class),
            note: format!("{errors} of {}", counted(line.test_rows, "row")),
            pictures: misclassified.iter().map(picture).collect(),
        });
    }
    let which = if diagnosis.classes.len() > CLASSES {
        format!("; the {CLASSES} classes that need it most")
    } else {
        String::new()
    };
    Some(Block::PictureRows(PictureRows {
        caption: format!(
            "Medoids of training rows, and misclassified test rows; the class with the lowest recall first{which}{}",
            if looks.is_some() {
                ". Beside each picture: pixels that change the logit of the predicted class most, bright"
            } else {
                ""
            }
        ),
        rows,
    }))
}
