//! Typical and misclassified rows, side by side.

use counterpoise_base::{ImageShape, counted};
use counterpoise_data::encode_png;
use counterpoise_report::{Block, PictureRow, PictureRows, PictureState, Section, SmallPicture, TableBlock};

use super::page::{by_recall, failing};
use super::{Explanation, plots};
use crate::Error;

/// Classes whose pictures are shown, and misclassified pictures of each.
const CLASSES: usize = 10;
const PICTURES: usize = 8;
/// Longest side of a picture on a page.
const SIDE: usize = 64;

/// How typical training rows are; with pictures, what they look like.
pub(super) fn typical(explanation: &Explanation) -> Result<Option<Section>, Error> {
    let mut blocks: Vec<Block> = plots::archetypes(explanation).into_iter().collect();
    if explanation.rows.pictures.is_some() {
        blocks.extend(pictures(explanation));
    } else {
        blocks.extend(medoids(explanation));
    }
    if blocks.is_empty() {
        return Ok(None);
    }
    Ok(Some(Section {
        title: "Typical and untypical rows".into(),
        lead: "Safe rows lie among their own class, border rows beside another; rare rows have one neighbour of their class, and outliers none. The row in the middle of each kind, its medoid, stands for it.".into(),
        blocks,
    }))
}

fn medoids(explanation: &Explanation) -> Option<Block> {
    let archetypes = explanation.diagnosis.archetypes.as_ref()?;
    let train = explanation.rows.train.as_ref()?;
    let classes = shown(explanation);
    let named = |row: usize| match &train.names {
        Some(names) => format!("{} ({})", row + 1, names[row]),
        None => (row + 1).to_string(),
    };
    let row = |&class: &usize| {
        let found = &archetypes.classes[class];
        let medoid = |rows: &counterpoise_diagnose::ArchetypeRows| {
            rows.medoid.map_or(String::new(), |medoid| named(medoid.row))
        };
        let mut row = vec![found.class.clone()];
        row.extend(found.archetypes.iter().map(medoid));
        row
    };
    Some(Block::Table(TableBlock {
        caption: "Training rows in the middle of each kind, counted from 1".into(),
        headers: ["class", "safe", "border", "rare", "outlier"]
            .map(String::from)
            .to_vec(),
        numeric: vec![false, true, true, true, true],
        rows: classes.iter().map(row).collect(),
    }))
}

/// All classes of a few, else those that fail, that with the lowest recall first.
fn shown(explanation: &Explanation) -> Vec<usize> {
    let diagnosis = &explanation.diagnosis;
    if diagnosis.classes.len() <= CLASSES {
        return by_recall(diagnosis);
    }
    let mut classes = failing(diagnosis);
    let others: Vec<usize> = by_recall(diagnosis)
        .into_iter()
        .filter(|class| !classes.contains(class))
        .collect();
    classes.extend(others);
    classes.truncate(CLASSES);
    classes
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

fn pictures(explanation: &Explanation) -> Option<Block> {
    let pictures = explanation.rows.pictures.as_ref()?;
    let train = explanation.rows.train.as_ref()?;
    let diagnosis = &explanation.diagnosis;
    let shape = pictures.test.shape();
    if !matches!(shape.channels, 1 | 3) || pictures.train.shape() != shape {
        return None;
    }
    let test = &explanation.rows.test;
    let predictions = test.predictions.as_deref().unwrap_or_default();
    let mut rows = Vec::new();
    for class in shown(explanation) {
        let line = &diagnosis.summaries[class];
        if let Some(archetypes) = &diagnosis.archetypes {
            let medoid = |rows: &counterpoise_diagnose::ArchetypeRows| {
                let row = rows.medoid?.row;
                let predicted = train.predictions.as_ref().map(|all| all[row] as usize);
                Some(SmallPicture {
                    png: png(shape, pictures.train.get(row)),
                    overlay: None,
                    caption: format!("{} ({})", rows.archetype.name(), rows.rows),
                    state: match predicted {
                        Some(predicted) if predicted == class => PictureState::Right,
                        Some(_) => PictureState::Wrong,
                        None => PictureState::Plain,
                    },
                })
            };
            rows.push(PictureRow {
                title: format!("{}: training", line.class),
                note: line.train_rows.map_or(String::new(), |rows| counted(rows, "row")),
                pictures: archetypes.classes[class]
                    .archetypes
                    .iter()
                    .filter_map(medoid)
                    .collect(),
            });
        }
        let wrong: Vec<usize> = (0..test.len())
            .filter(|&row| test.labels.codes()[row] as usize == class && predictions[row] as usize != class)
            .collect();
        // From everywhere in the file, since neighbours in it are often alike.
        let step = wrong.len().div_ceil(PICTURES).max(1);
        let picture = |&row: &usize| SmallPicture {
            png: png(shape, pictures.test.get(row)),
            overlay: None,
            caption: format!("as {}", diagnosis.classes[predictions[row] as usize]),
            state: PictureState::Wrong,
        };
        rows.push(PictureRow {
            title: format!("{}: misclassified in the test", line.class),
            note: format!("{} of {}", wrong.len(), counted(line.test_rows, "row")),
            pictures: wrong.iter().step_by(step).take(PICTURES).map(picture).collect(),
        });
    }
    let which = if diagnosis.classes.len() > CLASSES {
        format!("; the {CLASSES} classes that need it most")
    } else {
        String::new()
    };
    Some(Block::PictureRows(PictureRows {
        caption: format!(
            "Medoids of training rows, and misclassified test rows; the class with the lowest recall first{which}"
        ),
        rows,
    }))
}
