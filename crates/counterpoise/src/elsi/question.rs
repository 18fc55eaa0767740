use std::io::{BufRead as _, Read as _};
use std::path::Path;

use counterpoise_recommend::{
    Error as RecommendError, Format, Library, Question, ReadRecords, Record, read_records,
};

use super::ingest::{cannot_read, files_of};
use crate::Error;

/// Most of a text that is read from standard input or a file of text, in bytes; the question keeps 5 MB of it.
const LONGEST: u64 = 64 << 20;

/// Records of a list that are read; what the rest is about, the first ones say.
const RECORDS: usize = 500;

/// What a recommendation is asked for: `-` is standard input; then a file or a folder; then an id of a document of the library.
///
/// A manuscript (text, Markdown, docx, JATS), a GenBank record and an SBOL design are read for what they say; a list of references (RIS,
/// BibTeX, CSL-JSON, nbib, PubMed XML) is one question for the whole list, whose documents are not recommended again.
///
/// # Errors
///
/// If it is none of these, or if there is no word in it.
pub fn read_question(given: &str, library: &Library) -> Result<Question, Error> {
    if given == "-" {
        let mut text = Vec::new();
        let read = std::io::stdin().lock().take(LONGEST).read_to_end(&mut text);
        read.map_err(|source| cannot_read(Path::new("standard input"), source))?;
        if text.is_empty() {
            return Err(empty("standard input".into()));
        }
        return Ok(Question::from_text(
            &String::from_utf8_lossy(&text),
            "standard input",
        )?);
    }
    let path = Path::new(given);
    if path.is_dir() {
        let parts: Vec<Question> = files_of(path)?
            .iter()
            .map(|path| of_file(path))
            .collect::<Result<_, _>>()?;
        return Ok(together(parts, given));
    }
    if path.exists() {
        return of_file(path);
    }
    if let Some(number) = library.find_any(given)? {
        let record = library.record(number)?;
        return Ok(Question::from_record(&record, given)?);
    }
    // A text of several words is a text; one word without a file is more likely a name that was misspelt.
    if given.split_whitespace().count() >= 4 {
        return Ok(Question::from_text(given, "the text given")?);
    }
    let id = counterpoise_recommend::clean_doi(given).is_some()
        || counterpoise_recommend::clean_pmid(given).is_some()
        || counterpoise_recommend::clean_pmcid(given).is_some()
        || counterpoise_recommend::clean_openalex(given).is_some();
    if id {
        return Err(RecommendError::UnknownId { id: given.into() }.into());
    }
    Err(RecommendError::NotThere {
        path: given.into(),
        more: ", and no document of the library has this id",
        hint: "give a file, an id such as doi:10.1000/182, or `-` and paste the text",
    }
    .into())
}

fn empty(file: String) -> Error {
    RecommendError::EmptyFile { file }.into()
}

fn of_file(path: &Path) -> Result<Question, Error> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|source| cannot_read(path, source))?;
    let mut input = std::io::BufReader::with_capacity(1 << 16, file);
    let head = input
        .fill_buf()
        .map_err(|source| cannot_read(path, source))?
        .to_vec();
    if head.is_empty() {
        return Err(empty(name));
    }
    let list = match Format::detect(&name, &head) {
        Some(Format::Text | Format::Jats) | None => None,
        format => format,
    };
    if list.is_none() {
        let mut bytes = Vec::new();
        input
            .take(LONGEST)
            .read_to_end(&mut bytes)
            .map_err(|source| cannot_read(path, source))?;
        return Ok(Question::from_document(&name, &bytes)?);
    }
    let mut records: Vec<Record> = Vec::new();
    let options = ReadRecords {
        format: list,
        ..ReadRecords::default()
    };
    read_records(&name, Box::new(input), &options, &mut |record| {
        if records.len() < RECORDS {
            records.push(record);
        }
        Ok(())
    })?;
    let parts = records
        .iter()
        .map(|record| Question::from_record(record, &name))
        .collect::<Result<Vec<_>, _>>()?;
    if parts.is_empty() {
        return Err(RecommendError::NoWords { what: name }.into());
    }
    Ok(together(parts, &name))
}

/// One question out of several.
fn together(mut parts: Vec<Question>, name: &str) -> Question {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let mut whole = Question::default();
    whole.name = format!("{name} ({} documents)", parts.len());
    for part in parts {
        whole.text.push_str(&part.title);
        whole.text.push('\n');
        whole.text.push_str(&part.text);
        whole.text.push('\n');
        whole.technical.extend(part.technical);
        whole.bridge.extend(part.bridge);
        whole.references.extend(part.references);
        whole.own.extend(part.own);
        for note in part.notes {
            if !whole.notes.contains(&note) {
                whole.notes.push(note);
            }
        }
    }
    whole
}
