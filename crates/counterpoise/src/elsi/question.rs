use std::io::{BufRead as _, Read as _};
use std::path::Path;

use counterpoise_base::counted;
use counterpoise_recommend::{
    Error as RecommendError, Format, Library, Question, ReadRecords, Record, read_records,
};

use super::ingest::{cannot_read, inside, not_looked_into, with_causes};
use crate::Error;

/// Most of a text that is read from standard input or a file of text, in bytes; the question keeps 5 MB of it.
const LONGEST: u64 = 64 << 20;

/// Problems of a list that are told in words.
const PROBLEMS: usize = 5;

/// Records of a list that are read; what the rest is about, the first ones say.
const RECORDS: usize = 500;

/// What a recommendation is asked for: `-` is standard input; then a file or a folder; then an id of a document of the library.
///
/// A manuscript (text, Markdown, docx, JATS), a GenBank record and an SBOL design are read for what they say; a list of references (RIS,
/// BibTeX, CSL-JSON, nbib, PubMed XML) is one question for the whole list, whose documents are not recommended again. Files of a
/// folder that cannot be read are left out, and so are records without a word; the notes of the question name each.
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
        return Ok(Question::from_text(pasted(&text)?, "standard input")?);
    }
    let path = Path::new(given);
    if path.is_dir() {
        return of_folder(path, given);
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

/// What was pasted, as text.
fn pasted(bytes: &[u8]) -> Result<&str, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).or_else(|error| {
        let whole = &bytes[..error.valid_up_to()];
        // Cut in the middle of a character, where reading ended.
        if error.error_len().is_none() && bytes.len() as u64 > LONGEST / 2 {
            return Ok(std::str::from_utf8(whole).unwrap_or_default());
        }
        Err(Error::Recommend(RecommendError::Malformed {
            file: "standard input".into(),
            place: format!("byte {}", whole.len()),
            problem: "this is not UTF-8".into(),
            hint: Some(
                "convert it, if it is from an older Windows: `iconv -f WINDOWS-1252 -t UTF-8 FILE | counterpoise elsi recommend -`"
                    .into(),
            ),
        }))
    })
}

/// All that can be read in a folder, as one question.
fn of_folder(folder: &Path, given: &str) -> Result<Question, Error> {
    let inside = inside(folder)?;
    let mut parts = Vec::new();
    let mut notes: Vec<String> = inside
        .folders
        .iter()
        .map(|folder| not_looked_into(folder))
        .collect();
    let mut failed = None;
    for path in &inside.files {
        match of_file(path) {
            Ok(part) => parts.push(part),
            Err(error) => {
                notes.push(format!("{}; the file was left out", with_causes(&error)));
                failed.get_or_insert(error);
            }
        }
    }
    if let (true, Some(error)) = (parts.is_empty(), failed) {
        return Err(error);
    }
    let count = counted(parts.len(), "file");
    let mut whole = together(parts);
    whole.name = format!("{given} ({count})");
    whole.notes.splice(0..0, notes);
    Ok(whole)
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
    let read = read_records(&name, Box::new(input), &options, &mut |record| {
        if records.len() < RECORDS {
            records.push(record);
        }
        Ok(())
    })?;
    let mut notes = Vec::new();
    for problem in read.problems.iter().take(PROBLEMS) {
        notes.push(format!("`{name}`, {}: {}", problem.place, problem.what));
    }
    let more = read.problems.len().saturating_sub(PROBLEMS) + read.more_problems as usize;
    if more > 0 {
        notes.push(format!("`{name}`: {} more", counted(more, "problem")));
    }
    if read.records > RECORDS as u64 {
        notes.push(format!(
            "`{name}` holds {} records; the first {RECORDS} are what is asked with",
            read.records
        ));
    }
    let mut parts = Vec::new();
    for record in &records {
        match Question::from_record(record, &name) {
            Ok(part) => parts.push(part),
            Err(RecommendError::NoWords { .. }) => {
                notes.push(format!(
                    "a record of `{name}` holds no words to look for: `{}`",
                    record.title
                ));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if parts.is_empty() {
        return Err(RecommendError::NoWords { what: name }.into());
    }
    let about = format!("{name} ({}: {})", read.format, counted(parts.len(), "record"));
    let mut whole = together(parts);
    whole.name = about;
    whole.notes.splice(0..0, notes);
    Ok(whole)
}

/// One question out of several, without a name.
fn together(mut parts: Vec<Question>) -> Question {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let mut whole = Question::default();
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
