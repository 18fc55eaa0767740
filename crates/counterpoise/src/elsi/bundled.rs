use std::path::PathBuf;

use counterpoise_base::Observer;
use counterpoise_recommend::{Format, Library, LibraryOptions, ReadRecords, Record, read_records};
use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::user_cache::user_cache;

/// Titles that come with the program.
#[derive(Debug, Clone, Copy)]
pub struct BundledTitles {
    /// What people call them.
    pub name: &'static str,
    /// File name.
    pub file: &'static str,
    /// What they are.
    pub about: &'static str,
    /// Who made them, and their licence.
    pub origin: &'static str,
    /// The packed file.
    pub bytes: &'static [u8],
}

/// 15,185 articles that a query for synthetic biology finds in OpenAlex, 1950 to 2025: ids, titles, years and journals, all of
/// them, chosen by nobody. `crates/counterpoise/examples/bundle_titles.rs` made the file.
pub const TITLES: BundledTitles = BundledTitles {
    name: "Synthetic biology in OpenAlex",
    file: "synbio-openalex.csv.zst",
    about: "15,185 articles on synthetic biology and on what it means: titles, journals and years, without abstracts",
    origin: "OpenAlex, CC0 1.0; the query of Shapira, Kwon and Youtie (2017)",
    bytes: include_bytes!("../../data/elsi/synbio-openalex.csv.zst"),
};

/// Reads the records of [`TITLES`].
pub fn bundled_titles() -> Result<Vec<Record>, Error> {
    let mut records = Vec::new();
    let options = ReadRecords {
        format: Some(Format::Csv),
        ..ReadRecords::default()
    };
    read_records(TITLES.file, Box::new(TITLES.bytes), &options, &mut |mut record| {
        record.source = "openalex".into();
        records.push(record);
        Ok(())
    })?;
    Ok(records)
}

/// The library of [`TITLES`], from the user's cache; it is indexed there the first time, which takes some seconds.
///
/// # Errors
///
/// If it can be written nowhere.
pub fn bundled_library(observer: &dyn Observer) -> Result<Library, Error> {
    let options = LibraryOptions::default();
    let folder = place(&options);
    if let Ok(library) = Library::open(&folder)
        && !library.is_empty()
    {
        return Ok(library);
    }
    // What is damaged, or of another version, is only a copy.
    let _ = std::fs::remove_dir_all(&folder);
    let mut writer = counterpoise_recommend::Writer::open(&folder, options)?;
    for record in bundled_titles()? {
        writer.add(&record)?;
    }
    writer.commit(observer)?;
    Ok(Library::open(&folder)?)
}

/// Named after all that it depends on.
fn place(options: &LibraryOptions) -> PathBuf {
    let mut sum = Sha256::new();
    sum.update(TITLES.bytes);
    sum.update(env!("CARGO_PKG_VERSION"));
    sum.update(Library::MADE_BY);
    sum.update(serde_json::to_vec(options.classifier.coefficients()).unwrap_or_default());
    sum.update(counterpoise_recommend::Lexicon::bundled_text());
    let sum = sum.finalize();
    let name: String = sum.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let cache = user_cache("elsi").unwrap_or_else(|| std::env::temp_dir().join("counterpoise-elsi"));
    cache.join(format!("bundled-{name}"))
}
