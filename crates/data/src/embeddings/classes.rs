//! The same classes in several files.

use counterpoise_base::{Embeddings, Labels};

use crate::Error;

/// Gives embeddings the codes of other classes, found by their names.
///
/// A class without rows, predictions and shares is dropped if it is none of them; `file` is named in errors.
pub fn embeddings_in_classes(
    mut embeddings: Embeddings,
    classes: &[String],
    file: &str,
) -> Result<Embeddings, Error> {
    let known = embeddings.labels.classes();
    let places: Vec<Option<u32>> = known
        .iter()
        .map(|name| {
            classes
                .iter()
                .position(|class| class == name)
                .map(|place| place as u32)
        })
        .collect();
    let foreign = |code: u32| Error::ForeignClass {
        file: file.into(),
        class: known[code as usize].clone(),
        classes: classes.to_vec(),
    };
    let moved = |codes: &[u32]| -> Result<Vec<u32>, Error> {
        codes
            .iter()
            .map(|&code| places[code as usize].ok_or_else(|| foreign(code)))
            .collect()
    };
    let codes = moved(embeddings.labels.codes())?;
    let predictions = embeddings.predictions.as_deref().map(moved).transpose()?;
    let shares = match &embeddings.shares {
        None => None,
        Some(old) => {
            let mut shares = vec![0.0; embeddings.len() * classes.len()];
            for (place, &share) in old.iter().enumerate() {
                let (row, code) = (place / known.len(), place % known.len());
                match places[code] {
                    Some(new) => shares[row * classes.len() + new as usize] = share,
                    None if share > 0.0 => return Err(foreign(code as u32)),
                    None => {}
                }
            }
            Some(shares)
        }
    };
    embeddings.labels = Labels::from_codes(classes.to_vec(), codes);
    embeddings.predictions = predictions;
    embeddings.shares = shares;
    Ok(embeddings)
}

/// The classes of all files: those of the first, whose codes stay as they are, then those that the others add.
pub fn shared_classes(labels: &[&Labels]) -> Vec<String> {
    let mut classes: Vec<String> = Vec::new();
    for class in labels.iter().flat_map(|labels| labels.classes()) {
        if !classes.contains(class) {
            classes.push(class.clone());
        }
    }
    classes
}
