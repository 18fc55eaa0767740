use std::fmt::Write as _;
use std::path::PathBuf;

use counterpoise_base::Observer;
use counterpoise_recommend::{
    Format, Library, LibraryOptions, Question, ReadRecords, RecommendOptions, Recommended, Recommender,
    Record, read_records,
};
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
    /// What the bundled table of words says of them.
    pub read_for_table: &'static str,
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
    read_for_table: "Pieces were read in 15,185 titles of works on synthetic biology from OpenAlex (CC0 1.0).",
    bytes: include_bytes!("../../data/elsi/synbio-openalex.csv.zst"),
};

/// Reads the records of [`TITLES`].
pub fn bundled_titles() -> Result<Vec<Record>, Error> {
    let mut records = Vec::new();
    let options = ReadRecords {
        format: Some(Format::Csv),
        ..ReadRecords::default()
    };
    read_records(
        TITLES.file,
        Box::new(TITLES.bytes),
        &options,
        &mut |mut record| {
            record.source = "openalex".into();
            record.title = counterpoise_recommend::without_entities(&record.title);
            records.push(record);
            Ok(())
        },
    )?;
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
    // It is made beside its place, and put there when it is whole: others may do the same at the same time.
    let failed = |source| Error::Write {
        path: folder.clone(),
        source,
    };
    let parent = folder.parent().unwrap_or(&folder);
    std::fs::create_dir_all(parent).map_err(failed)?;
    let fresh = tempfile::tempdir_in(parent).map_err(failed)?;
    let place = fresh.path().join("library");
    let mut writer = counterpoise_recommend::Writer::open(&place, options)?;
    for record in bundled_titles()? {
        writer.add(&record)?;
    }
    writer.commit(observer)?;
    if std::fs::rename(&place, &folder).is_err() {
        if let Ok(library) = Library::open(&folder)
            && !library.is_empty()
        {
            return Ok(library);
        }
        // What is damaged is only a copy.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::rename(&place, &folder).map_err(failed)?;
    }
    Ok(Library::open(&folder)?)
}

/// What `quickstart` asks for: written for it, not a real abstract.
pub const QUICKSTART_TEXT: &str = "An engineered probiotic strain of E. coli senses inflammation in the gut and releases a therapeutic \
protein; a kill switch ends it outside of the patient.";

/// One document for [`QUICKSTART_TEXT`].
///
/// # Errors
///
/// Those of [`bundled_library`].
pub fn first_reading(observer: &dyn Observer) -> Result<Recommended, Error> {
    let library = bundled_library(observer)?;
    let question = Question::from_text(QUICKSTART_TEXT, "this text")?;
    let mut options = RecommendOptions::default();
    options.limit = 1;
    Ok(Recommender::new(&library).recommend(&question, &options)?)
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
    let name = sum.iter().take(6).fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    });
    let cache = user_cache("elsi").unwrap_or_else(|| std::env::temp_dir().join("counterpoise-elsi"));
    cache.join(format!("bundled-{name}"))
}
