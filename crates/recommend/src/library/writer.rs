use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use counterpoise_base::{Event, Observer};
use rayon::prelude::*;
use tantivy::indexer::IndexWriterOptions;
use tantivy::schema::Schema;
use tantivy::store::{Compressor, ZstdCompressor};
use tantivy::{Index, IndexSettings, IndexWriter, Searcher, TantivyDocument, Term};

use super::fields::{Assessment, Fields};
use super::log::{self, LogReader, LogWriter};
use super::manifest::{Manifest, Pointer};
use super::{first_with, open_index, record_at};
use crate::{Error, Record};

const TASK: &str = "indexing documents";

/// Bytes of words that each indexing thread holds before it writes them.
const BUFFER: usize = 128 << 20;

/// Records that are prepared at a time.
const BATCH: usize = 2048;

/// What an ingest did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ingested {
    /// Records given.
    pub records: usize,
    /// Documents that are new.
    pub new: usize,
    /// Records that completed a document which was known before, or which came earlier in the same ingest.
    pub merged: usize,
    /// Documents in the library now.
    pub documents: usize,
}

/// Adds records to a library; nothing changes until [`commit`](Self::commit).
pub struct Writer {
    folder: PathBuf,
    /// Held until the end.
    _lock: File,
    pointer: Pointer,
    manifest: Manifest,
    fields: Fields,
    index: Index,
    searcher: Searcher,
    log: LogWriter,
    /// Keys of records that came in this ingest, as numbers.
    known: HashMap<u128, u32>,
    /// The first number of this ingest.
    first_new: u32,
    /// Numbers that more than one record is for.
    several: HashSet<u32>,
    done: Ingested,
}

impl Writer {
    /// Opens a library to add to it, and makes an empty one where there is none.
    ///
    /// # Errors
    ///
    /// If another process writes to it, if it is damaged, and if the folder holds something else.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let lock = lock(folder)?;
        let pointer = match Pointer::read(folder)? {
            Some(pointer) => pointer,
            None => begin(folder, 1)?,
        };
        Self::start(folder, lock, pointer)
    }

    fn start(folder: &Path, lock: File, pointer: Pointer) -> Result<Self, Error> {
        let (index, fields, manifest) = open_index(folder, &pointer)?;
        let reader = index.reader().map_err(|error| Error::index(folder, &error))?;
        Ok(Self {
            folder: folder.into(),
            _lock: lock,
            log: LogWriter::create(folder, manifest.logs + 1)?,
            first_new: manifest.records,
            searcher: reader.searcher(),
            pointer,
            manifest,
            fields,
            index,
            known: HashMap::new(),
            several: HashSet::new(),
            done: Ingested::default(),
        })
    }

    /// Adds a record: as a new document, or to the document that it is another record of.
    pub fn add(&mut self, record: &Record) -> Result<(), Error> {
        let keys: Vec<String> = record.ids.all().collect();
        let same = same_key(record);
        let number = match self.placed(&keys, &same)? {
            Some(number) => {
                self.several.insert(number);
                self.done.merged += 1;
                number
            }
            None => {
                let number = self.manifest.records;
                if number == u32::MAX {
                    return Err(Error::OutOfRange {
                        option: "documents",
                        value: number.to_string(),
                        range: "fewer in one library",
                    });
                }
                self.manifest.records += 1;
                self.done.new += 1;
                number
            }
        };
        for key in keys.iter().chain((!same.is_empty()).then_some(&same)) {
            self.known.entry(hash(key)).or_insert(number);
        }
        self.done.records += 1;
        self.log.write(number, record)
    }

    /// The number of the document that a record belongs to.
    fn placed(&self, keys: &[String], same: &str) -> Result<Option<u32>, Error> {
        for key in keys {
            if let Some(number) = self.known.get(&hash(key)) {
                return Ok(Some(*number));
            }
            if let Some(number) = self.indexed(Term::from_field_text(self.fields.id, key))? {
                return Ok(Some(number));
            }
        }
        if same.is_empty() {
            return Ok(None);
        }
        if let Some(number) = self.known.get(&hash(same)) {
            return Ok(Some(*number));
        }
        self.indexed(Term::from_field_text(self.fields.same, same))
    }

    fn indexed(&self, term: Term) -> Result<Option<u32>, Error> {
        if self.first_new == 0 {
            return Ok(None);
        }
        first_with(&self.searcher, self.fields.number_of(), term).map_err(|error| Error::index(&self.folder, &error))
    }

    /// Indexes what was added, all at once; on an error, or if the observer says stop, the library stays as it was.
    pub fn commit(self, observer: &dyn Observer) -> Result<Ingested, Error> {
        let Self {
            folder,
            pointer,
            mut manifest,
            fields,
            index,
            searcher,
            log,
            first_new,
            several,
            mut done,
            _lock,
            ..
        } = self;
        done.documents = manifest.records as usize;
        if done.records == 0 {
            return Ok(done);
        }
        let failed = |error: tantivy::TantivyError| Error::index(&folder, &error);
        let total = u64::from(log.records);
        let log = log.end()?;
        let mut build = Build {
            folder: &folder,
            fields,
            writer: writer(&index).map_err(failed)?,
            first_new,
            observer,
            total,
            done: 0,
            batch: Vec::new(),
        };
        let mut merged: BTreeMap<u32, Record> = BTreeMap::new();
        let mut read = log.read()?;
        while let Some((number, record)) = read.next()? {
            if !several.contains(&number) {
                build.push(number, record)?;
                continue;
            }
            let whole = match merged.entry(number) {
                std::collections::btree_map::Entry::Occupied(there) => there.into_mut(),
                std::collections::btree_map::Entry::Vacant(free) => {
                    let term = Term::from_field_u64(fields.number, u64::from(number));
                    free.insert(known(&folder, &searcher, &fields, term)?.unwrap_or_default())
                }
            };
            complete(whole, &record);
        }
        for (number, record) in merged {
            build.push(number, record)?;
        }
        let mut writer = build.end()?;
        log.keep()?;
        manifest.generation += 1;
        manifest.logs += 1;
        let payload = serde_json::to_string(&manifest).map_err(|error| Error::bug(&error))?;
        let mut prepared = writer.prepare_commit().map_err(failed)?;
        prepared.set_payload(&payload);
        prepared.commit().map_err(failed)?;
        writer.wait_merging_threads().map_err(failed)?;
        let _ = observer.observe(&Event::Finished { task: TASK });
        let _ = pointer;
        Ok(done)
    }
}

/// Builds the index of a library anew from what was ingested.
pub(crate) fn rebuild(folder: &Path, observer: &dyn Observer) -> Result<Ingested, Error> {
    let lock = lock(folder)?;
    let before = Pointer::read(folder).ok().flatten();
    let files = log::files(folder)?;
    if before.is_none() && files.is_empty() {
        return Err(Error::NoLibrary {
            library: folder.into(),
        });
    }
    let place = unused(folder);
    let _ = (lock, observer, place);
    Ok(Ingested::default())
}

fn unused(folder: &Path) -> u32 {
    (1..).find(|place| !folder.join(index_name(*place)).exists()).unwrap_or(u32::MAX)
}

fn index_name(place: u32) -> String {
    format!("index-{place}")
}

/// Makes an empty index, and points to it.
fn begin(folder: &Path, place: u32) -> Result<Pointer, Error> {
    let pointer = Pointer::to(index_name(place));
    let index = pointer.index(folder);
    std::fs::create_dir_all(&index).map_err(|source| Error::write(&index, source))?;
    let (schema, _) = Fields::schema();
    let index = create(&index, schema).map_err(|error| Error::index(folder, &error))?;
    let failed = |error| Error::index(folder, &error);
    let mut writer: IndexWriter<TantivyDocument> = writer(&index).map_err(failed)?;
    let payload = serde_json::to_string(&Manifest::default()).map_err(|error| Error::bug(&error))?;
    let mut prepared = writer.prepare_commit().map_err(failed)?;
    prepared.set_payload(&payload);
    prepared.commit().map_err(failed)?;
    pointer.write(folder)?;
    Ok(pointer)
}

fn create(folder: &Path, schema: Schema) -> tantivy::Result<Index> {
    let settings = IndexSettings {
        docstore_compression: Compressor::Zstd(ZstdCompressor {
            compression_level: Some(3),
        }),
        ..IndexSettings::default()
    };
    Index::builder().schema(schema).settings(settings).create_in_dir(folder)
}

fn writer(index: &Index) -> tantivy::Result<IndexWriter<TantivyDocument>> {
    let threads = rayon::current_num_threads().clamp(1, 4);
    let options = IndexWriterOptions::builder()
        .num_worker_threads(threads)
        .memory_budget_per_thread(BUFFER)
        .num_merge_threads(2)
        .build();
    index.writer_with_options(options)
}

/// Only one process writes. The lock goes with the process, however that ends.
fn lock(folder: &Path) -> Result<File, Error> {
    std::fs::create_dir_all(folder).map_err(|source| Error::write(folder, source))?;
    let path = folder.join("lock");
    let file = File::create(&path).map_err(|source| Error::write(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Busy {
            library: folder.into(),
        }),
        Err(std::fs::TryLockError::Error(source)) => Err(Error::write(&path, source)),
    }
}

/// The document with a number, as it is in the index.
fn known(folder: &Path, searcher: &Searcher, fields: &Fields, term: Term) -> Result<Option<Record>, Error> {
    use tantivy::collector::TopDocs;
    use tantivy::query::TermQuery;
    use tantivy::schema::IndexRecordOption;

    let query = TermQuery::new(term, IndexRecordOption::Basic);
    let found = searcher.search(&query, &TopDocs::with_limit(1).order_by_score());
    let found = found.map_err(|error| Error::index(folder, &error))?;
    found
        .first()
        .map(|(_, address)| record_at(searcher, fields, *address).map_err(|problem| Error::corrupt(folder, problem)))
        .transpose()
}

/// Documents on their way into an index.
struct Build<'a> {
    folder: &'a Path,
    fields: Fields,
    writer: IndexWriter<TantivyDocument>,
    first_new: u32,
    observer: &'a dyn Observer,
    total: u64,
    done: u64,
    batch: Vec<(u32, Record)>,
}

impl Build<'_> {
    fn push(&mut self, number: u32, record: Record) -> Result<(), Error> {
        self.batch.push((number, record));
        if self.batch.len() >= BATCH {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        let fields = self.fields;
        let documents: Vec<TantivyDocument> = self
            .batch
            .par_iter()
            .map(|(number, record)| fields.document(*number, record, &same_key(record), Assessment::default()))
            .collect::<Result<_, Error>>()?;
        let failed = |error| Error::index(self.folder, &error);
        for ((number, _), document) in self.batch.iter().zip(documents) {
            if *number < self.first_new {
                self.writer
                    .delete_term(Term::from_field_u64(fields.number, u64::from(*number)));
            }
            self.writer.add_document(document).map_err(failed)?;
        }
        self.done += self.batch.len() as u64;
        self.batch.clear();
        let event = Event::Progress {
            task: TASK,
            done: self.done,
            total: self.total,
        };
        if self.observer.observe(&event).is_break() {
            return Err(Error::Stopped { task: TASK });
        }
        Ok(())
    }

    fn end(mut self) -> Result<IndexWriter<TantivyDocument>, Error> {
        self.flush()?;
        Ok(self.writer)
    }
}

/// 128 bits of a key: two of a million keys meet with a chance of 1e-27.
fn hash(key: &str) -> u128 {
    use sha2::Digest as _;

    let sum = sha2::Sha256::digest(key.as_bytes());
    u128::from_le_bytes(std::array::from_fn(|place| sum[place]))
}

fn same_key(record: &Record) -> String {
    let mut words = String::new();
    crate::text::fold(&record.title, |word| words.push_str(&word.text));
    if words.len() < 8 {
        return String::new();
    }
    format!("{words}:{}", record.year.unwrap_or(0))
}

/// Adds to a document what another record of it says.
fn complete(whole: &mut Record, record: &Record) {
    if whole.title.is_empty() {
        *whole = record.clone();
    }
    whole.ids.complete(&record.ids);
}
