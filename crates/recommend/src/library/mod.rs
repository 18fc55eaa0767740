//! A library: documents in a folder, indexed so that they can be searched and recommended.
//!
//! ```text
//! library.json          which index is in use
//! records/00000001…     what was ingested, in order; the index can be built from it again
//! index-1/              words (tantivy), vectors
//! ```
//!
//! A commit of the index holds the [`Manifest`], which names the files beside it: all changes at once or not at all.

mod directory;
mod embedder;
mod facts;
mod fields;
mod log;
mod manifest;
mod rows;
mod verify;
mod writer;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::RwLock;

use tantivy::directory::MmapDirectory;
use tantivy::query::Query;
use tantivy::schema::{IndexRecordOption, Value as _};
use tantivy::{DocAddress, Index, ReloadPolicy, Searcher, TantivyDocument, Term};

pub use embedder::DenseKind;
pub(crate) use embedder::{Embedder, to_unit};
pub use facts::LibraryFacts;
pub(crate) use fields::{Assessment, Fields, flag};
pub(crate) use manifest::{FORMAT, Manifest, Pointer, write_whole};
pub(crate) use rows::{NameColumn, Row, Rows};
pub use verify::Verified;
pub use writer::{Ingested, LibraryOptions, Writer, rebuild};

use crate::dense::Vectors;
use crate::{Error, Record};

/// Up to this size the sums of an index are checked whenever it is opened.
const CHECKED: u64 = 64 << 20;
/// Terms whose counts are kept.
const COUNTED: usize = 200_000;

/// A library, open for reading as it was at the last commit.
pub struct Library {
    folder: PathBuf,
    /// Folder of its index.
    index: PathBuf,
    pub(crate) manifest: Manifest,
    pub(crate) fields: Fields,
    pub(crate) searcher: Searcher,
    pub(crate) rows: Rows,
    pub(crate) statistics: Statistics,
    pub(crate) embedder: Embedder,
    pub(crate) vectors: Option<Vectors>,
    /// What documents have in common by being documents of this library.
    pub(crate) mean_vector: Vec<f32>,
    /// How many documents have a term, for terms that were asked for: each part of the index has a dictionary of its own.
    counts: RwLock<HashMap<String, u64>>,
    /// What was noticed when it was opened.
    pub(crate) notes: Vec<String>,
}

/// What BM25 asks of all documents.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statistics {
    /// Documents, and those that were replaced.
    pub(crate) documents: u64,
    /// Words of a document.
    pub(crate) mean_length: f32,
}

impl Statistics {
    fn read(searcher: &Searcher, fields: &Fields) -> tantivy::Result<Self> {
        use tantivy::query::Bm25StatisticsProvider as _;

        let documents = searcher.total_num_docs()?;
        let words = searcher.total_num_tokens(fields.text)?;
        Ok(Self {
            documents,
            mean_length: words as f32 / documents.max(1) as f32,
        })
    }
}

impl Library {
    /// Changes with what an index holds, so that copies of older versions are not taken for new ones.
    pub const MADE_BY: &'static str = "4";

    /// Opens it.
    ///
    /// # Errors
    ///
    /// If there is none, if a later version wrote it, and if its index is damaged.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let Some(mut pointer) = Pointer::read(folder)? else {
            return Err(match log::files(folder) {
                Ok(files) if !files.is_empty() => without_pointer(folder),
                _ => Error::NoLibrary {
                    library: folder.into(),
                },
            });
        };
        loop {
            let error = match Self::open_at(folder, &pointer) {
                Ok(library) => return Ok(library),
                Err(error) => error,
            };
            // Another process may have built the index anew, and removed this one meanwhile.
            match Pointer::read(folder)? {
                Some(now) if now != pointer => pointer = now,
                _ => return Err(error),
            }
        }
    }

    /// Opens the index that a pointer names.
    fn open_at(folder: &Path, pointer: &Pointer) -> Result<Self, Error> {
        let (index, fields, manifest) = open_index(folder, pointer)?;
        let failed = |error| Error::index(folder, &error);
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()
            .map_err(failed)?;
        let searcher = reader.searcher();
        // A count that is wrong is told of before memory is asked for.
        if u64::from(manifest.records) != searcher.num_docs() {
            let problem = format!(
                "{} of {} documents are there",
                searcher.num_docs(),
                manifest.records
            );
            return Err(Error::corrupt(folder, problem));
        }
        let place = pointer.index(folder);
        let kind = DenseKind::from_name(&manifest.dense)?;
        let lsa = manifest.lsa.as_ref().map(|name| place.join(name));
        // Each takes a good part of the time to the first answer.
        let ((rows, vectors), embedder) = rayon::join(
            || {
                rayon::join(
                    || Rows::read(&searcher, manifest.records),
                    || read_vectors(folder, &place, &manifest),
                )
            },
            || Embedder::open(&kind, lsa.as_deref()),
        );
        let (rows, vectors, embedder) = (rows.map_err(failed)?, vectors?, embedder?);
        if rows.len() != manifest.records as usize {
            let problem = format!("{} of {} documents are there", rows.len(), manifest.records);
            return Err(Error::corrupt(folder, problem));
        }
        let statistics = Statistics::read(&searcher, &fields).map_err(failed)?;
        fits(folder, vectors.as_ref(), &embedder, &manifest.dense)?;
        let notes = log::damages(folder, &manifest);
        let notes = notes.iter().map(|problem| {
            format!(
                "{problem}: the index is whole, but `counterpoise elsi index --rebuild` could not build it again; restore the file from a copy, or keep what the index holds: `{}`",
                crate::error::keeping(folder)
            )
        });
        Ok(Self {
            folder: folder.into(),
            index: place,
            notes: notes.collect(),
            manifest,
            fields,
            searcher,
            rows,
            statistics,
            embedder,
            mean_vector: vectors.as_ref().map_or_else(Vec::new, Self::mean_vector_of),
            vectors,
            counts: RwLock::default(),
        })
    }

    /// Where the meaning of a library's documents comes from; absent if there is no library yet, or nothing in it.
    ///
    /// # Errors
    ///
    /// If its index is damaged.
    pub fn dense_of(folder: &Path) -> Result<Option<DenseKind>, Error> {
        let Some(pointer) = Pointer::read(folder)? else {
            return Ok(None);
        };
        // What is damaged is told of by whoever opens it.
        match open_index(folder, &pointer) {
            Ok((_, _, manifest)) if manifest.records > 0 => DenseKind::from_name(&manifest.dense).map(Some),
            _ => Ok(None),
        }
    }

    /// Where meaning comes from.
    pub fn dense(&self) -> DenseKind {
        DenseKind::from_name(&self.manifest.dense).unwrap_or(DenseKind::Words)
    }

    /// P(ELSI) of every document, in the order of their numbers.
    pub fn chances(&self) -> Vec<f64> {
        self.rows.iter().map(|(_, row)| row.chance_of_elsi()).collect()
    }

    /// What it holds, in numbers.
    ///
    /// # Errors
    ///
    /// None now; a library that reads columns only when they are asked for would fail if its index is damaged.
    pub fn facts(&self) -> Result<LibraryFacts, Error> {
        Ok(LibraryFacts::of(self))
    }

    /// Documents in it.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds no document.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was noticed when it was opened, such as a file of records that is missing or shorter than it was.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The document with a number.
    ///
    /// # Panics
    ///
    /// If there is no such number.
    pub fn record(&self, number: u32) -> Result<Record, Error> {
        self.record_at(self.rows[number].address())
    }

    pub(crate) fn record_at(&self, address: DocAddress) -> Result<Record, Error> {
        record_at(&self.searcher, &self.fields, address)
            .map_err(|problem| Error::corrupt(&self.folder, problem))
    }

    /// The number of the document with an id: `doi:…`, `pmid:…`, `pmcid:…`, `openalex:…` or `local:…`.
    pub fn find(&self, id: &str) -> Result<Option<u32>, Error> {
        let found = first_with(
            &self.searcher,
            self.fields.number_of(),
            &Term::from_field_text(self.fields.id, id),
        );
        found.map_err(|error| Error::index(&self.folder, &error))
    }

    /// Documents that have a term in what is scored.
    pub(crate) fn documents_with(&self, term: &str) -> Result<u64, Error> {
        let known = self
            .counts
            .read()
            .ok()
            .and_then(|counts| counts.get(term).copied());
        if let Some(count) = known {
            return Ok(count);
        }
        let word = Term::from_field_text(self.fields.text, term);
        let count = self
            .searcher
            .doc_freq(&word)
            .map_err(|error| self.failed(&error))?;
        if let Ok(mut counts) = self.counts.write() {
            if counts.len() >= COUNTED {
                counts.clear();
            }
            counts.insert(term.to_owned(), count);
        }
        Ok(count)
    }

    pub(crate) fn failed(&self, error: &tantivy::TantivyError) -> Error {
        Error::index(&self.folder, error)
    }

    /// Numbers of the documents that match a query of words, without scores, in no order.
    pub(crate) fn matching(&self, query: &dyn Query) -> Result<Vec<u32>, Error> {
        let found = self.searcher.search(query, &Everyone);
        let found: Vec<(u32, Vec<u32>)> = found.map_err(|error| self.failed(&error))?;
        let numbers = found.into_iter().flat_map(|(segment, documents)| {
            let number = move |document| self.rows.number(segment, document);
            documents.into_iter().map(number)
        });
        // What was replaced has no number.
        Ok(numbers.filter(|number| *number != u32::MAX).collect())
    }

    /// Names of the aspects that bits of rows stand for.
    pub(crate) fn aspect_names(&self) -> Vec<String> {
        self.manifest.aspects.clone()
    }

    /// The number of the document with an id in any spelling, with a [`Record::title_id`], or with a key of the user's own.
    pub fn find_any(&self, id: &str) -> Result<Option<u32>, Error> {
        let id = id.trim();
        let named = |kind: &str, clean: Option<String>| clean.map(|id| format!("{kind}:{id}"));
        let digits = !id.is_empty() && id.bytes().all(|sign| sign.is_ascii_digit());
        let said_pmid = id
            .get(..4)
            .is_some_and(|front| front.eq_ignore_ascii_case("pmid"))
            || id.contains("pubmed");
        let local = id.strip_prefix("local:").unwrap_or(id);
        let spellings = [
            named("doi", crate::clean_doi(id)),
            named("pmcid", crate::clean_pmcid(id)),
            named(
                "openalex",
                crate::clean_openalex(id.strip_prefix("openalex:").unwrap_or(id)),
            ),
            (digits || said_pmid)
                .then(|| named("pmid", crate::clean_pmid(id)))
                .flatten(),
            local.starts_with("text:").then(|| local.to_owned()),
            Some(format!("local:{local}")),
        ];
        for spelling in spellings.into_iter().flatten() {
            if let Some(number) = self.find(&spelling)? {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Documents that cite an id, by number.
    pub(crate) fn citing(&self, id: &str) -> Result<Vec<u32>, Error> {
        let term = Term::from_field_text(self.fields.cites, id);
        let query = tantivy::query::TermQuery::new(term, tantivy::schema::IndexRecordOption::Basic);
        self.matching(&query)
    }
}

/// Records without the file that says which index is in use.
fn without_pointer(folder: &Path) -> Error {
    Error::corrupt(folder, "`library.json` is missing beside its records")
}

impl std::fmt::Debug for Library {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Library")
            .field("folder", &self.folder)
            .field("manifest", &self.manifest)
            .finish_non_exhaustive()
    }
}

/// The vectors that the last commit names.
fn read_vectors(folder: &Path, place: &Path, manifest: &Manifest) -> Result<Option<Vectors>, Error> {
    let Some(name) = &manifest.vectors else {
        return Ok(None);
    };
    let path = place.join(name);
    let bytes = std::fs::read(&path)
        .map_err(|error| Error::corrupt(folder, format!("`{name}` cannot be read ({error})")))?;
    let vectors =
        Vectors::from_bytes(&bytes, name).map_err(|error| Error::corrupt(folder, error.to_string()))?;
    if vectors.len() != manifest.records as usize {
        return Err(Error::corrupt(
            folder,
            format!(
                "`{name}` has {} vectors for {} documents",
                vectors.len(),
                manifest.records
            ),
        ));
    }
    Ok(Some(vectors))
}

/// Fails if a table of one's own was replaced by one with other dimensions.
fn fits(folder: &Path, vectors: Option<&Vectors>, embedder: &Embedder, dense: &str) -> Result<(), Error> {
    match vectors.map(Vectors::dims) {
        Some(has) if has != embedder.dims() => {
            let makes = embedder.dims();
            let problem = format!("its vectors have {has} numbers, and `{dense}` makes {makes}");
            Err(Error::corrupt(folder, problem))
        }
        _ => Ok(()),
    }
}

/// Opens the index that a library points to, and what its last commit says.
fn open_index(folder: &Path, pointer: &Pointer) -> Result<(Index, Fields, Manifest), Error> {
    let place = pointer.index(folder);
    let failed = |error| Error::index(folder, &error);
    let opened = MmapDirectory::open(&place)
        .map_err(tantivy::TantivyError::from)
        .and_then(|directory| Index::open(directory::ReadableDirectory(directory)));
    let index = opened.map_err(|error| match error {
        tantivy::TantivyError::OpenDirectoryError(_) => {
            Error::corrupt(folder, format!("`{}` is missing", pointer.index))
        }
        error => Error::corrupt(folder, error.to_string()),
    })?;
    Fields::register_analyzers(&index);
    let (schema, fields) = Fields::schema();
    if index.schema() != schema {
        return Err(Error::corrupt(folder, "its fields are those of another version"));
    }
    let metas = index.load_metas().map_err(failed)?;
    let payload = metas.payload.unwrap_or_default();
    let manifest = serde_json::from_str(&payload).map_err(|error| {
        Error::corrupt(
            folder,
            format!("its last commit does not say what it holds ({error})"),
        )
    })?;
    if size(&place) <= CHECKED {
        check(folder, &index)?;
    }
    Ok((index, fields, manifest))
}

/// Compares every file of an index with its sum.
fn check(folder: &Path, index: &Index) -> Result<(), Error> {
    let damaged = index
        .validate_checksum()
        .map_err(|error| Error::corrupt(folder, error.to_string()))?;
    let mut names: Vec<String> = damaged
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect();
    names.sort();
    match names.first() {
        None => Ok(()),
        Some(first) => Err(Error::corrupt(folder, format!("{first} does not match its sum"))),
    }
}

fn size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

fn record_at(searcher: &Searcher, fields: &Fields, address: DocAddress) -> Result<Record, String> {
    let document: TantivyDocument = searcher.doc(address).map_err(|error| error.to_string())?;
    let json = document.get_first(fields.record).and_then(|value| value.as_str());
    let json = json.ok_or_else(|| "a document without its record".to_owned())?;
    serde_json::from_str(json).map_err(|error| format!("a record cannot be read ({error})"))
}

/// Collects all documents of each segment.
struct Everyone;

/// Those of one segment.
struct OfSegment(u32, Vec<u32>);

impl tantivy::collector::Collector for Everyone {
    type Fruit = Vec<(u32, Vec<u32>)>;
    type Child = OfSegment;

    fn for_segment(&self, segment: u32, _: &tantivy::SegmentReader) -> tantivy::Result<OfSegment> {
        Ok(OfSegment(segment, Vec::new()))
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, found: Vec<(u32, Vec<u32>)>) -> tantivy::Result<Vec<(u32, Vec<u32>)>> {
        Ok(found)
    }
}

impl tantivy::collector::SegmentCollector for OfSegment {
    type Fruit = (u32, Vec<u32>);

    fn collect(&mut self, document: u32, _: f32) {
        self.1.push(document);
    }

    fn harvest(self) -> (u32, Vec<u32>) {
        (self.0, self.1)
    }
}

/// The number of the first living document with a term.
fn first_with(searcher: &Searcher, number: &str, term: &Term) -> tantivy::Result<Option<u32>> {
    use tantivy::DocSet as _;

    for segment in searcher.segment_readers() {
        let words = segment.inverted_index(term.field())?;
        let Some(mut found) = words.read_postings(term, IndexRecordOption::Basic)? else {
            continue;
        };
        while found.doc() != tantivy::TERMINATED {
            if !segment.is_deleted(found.doc()) {
                let numbers = segment.fast_fields().u64(number)?;
                return Ok(numbers.first(found.doc()).map(|number| number as u32));
            }
            found.advance();
        }
    }
    Ok(None)
}
