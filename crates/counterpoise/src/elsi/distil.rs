use std::path::Path;

use counterpoise_base::Observer;
use counterpoise_recommend::{DistillOptions, Library, distill_file};
use serde::Serialize;

use super::bundled::{TITLES, bundled_titles};
use crate::Error;

/// A table of words that was made.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DistilledTable {
    /// Words and pieces of words in it.
    pub words: usize,
    /// Numbers of a vector.
    pub dims: usize,
    /// Texts that they were read in.
    pub texts: usize,
}

/// Makes a table of words out of MiniLM, with words read in the documents of a library, or in the bundled titles, as the bundled table
/// was made; numbers may differ from it by rounding. Takes some minutes.
///
/// # Errors
///
/// If the network cannot be read or has other weights than are accepted, and if the table cannot be written.
pub fn distill_table(
    network: &Path,
    library: Option<&Library>,
    file: &Path,
    mut options: DistillOptions,
    observer: &dyn Observer,
) -> Result<DistilledTable, Error> {
    let mut texts = Vec::new();
    if let Some(library) = library {
        for number in 0..library.len() as u32 {
            let record = library.record(number)?;
            texts.push(format!("{}\n{}", record.title, record.abstract_text));
        }
        options.about_texts = "Pieces were read in the documents of a user's library.".into();
    } else {
        texts.extend(bundled_titles()?.into_iter().map(|record| record.title));
        options.about_texts = TITLES.read_for_table.into();
    }
    let table = distill_file(network, &texts, file, &options, observer)?;
    Ok(DistilledTable {
        words: table.pieces().len(),
        dims: table.dims(),
        texts: texts.len(),
    })
}
