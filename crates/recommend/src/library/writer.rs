use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::path::Path;

use counterpoise_base::{Event, Observer, Seed};
use rayon::prelude::*;
use tantivy::indexer::IndexWriterOptions;
use tantivy::schema::Schema;
use tantivy::store::{Compressor, ZstdCompressor};
use tantivy::{Index, IndexSettings, IndexWriter, Searcher, TantivyDocument, Term};

use super::embedder::{DenseKind, Embedder};
use super::fields::Fields;
use super::log::{self, LogReader, LogWriter};
use super::manifest::{Manifest, Pointer, write_whole};
use super::{first_with, fits, open_index, read_vectors, record_at, without_pointer};
use crate::dense::{Lsa, LsaOptions, Vectors};
use crate::elsi::Classifier;
use crate::text::{Analyzer, Form};
use crate::{Error, Merger, Met, Record, merge, merge_key};

const TASK: &str = "indexing documents";
/// The file that whoever writes holds.
const LOCK: &str = "lock";

/// Bytes of words that each indexing thread holds before it writes them.
const BUFFER: usize = 128 << 20;

/// Records that are prepared at a time.
const BATCH: usize = 2048;

/// Most documents that latent semantic analysis learns from.
const LEARNT: usize = 50_000;

/// How documents are indexed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LibraryOptions {
    /// Where meaning comes from. Chosen when a library is made, or built anew.
    pub dense: DenseKind,
    /// What says whether a document is on ethics, law and society.
    pub classifier: Classifier,
}

impl Default for LibraryOptions {
    fn default() -> Self {
        Self {
            dense: DenseKind::default(),
            classifier: Classifier::bundled(),
        }
    }
}

impl LibraryOptions {
    /// Sets [`dense`](Self::dense).
    pub fn with_dense(mut self, dense: DenseKind) -> Self {
        self.dense = dense;
        self
    }

    /// Sets [`classifier`](Self::classifier).
    pub fn with_classifier(mut self, classifier: Classifier) -> Self {
        self.classifier = classifier;
        self
    }
}

/// What an ingest did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
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
    /// What two records of one document say differently; what came first stays.
    pub conflicts: Vec<String>,
    /// Documents with the title and the year of another, but with other ids: they stay apart.
    pub possible_duplicates: usize,
}

/// Conflicts that are told in words; all are counted.
const TOLD: usize = 20;

/// Adds records to a library; nothing changes until [`commit`](Self::commit).
pub struct Writer {
    folder: std::path::PathBuf,
    options: LibraryOptions,
    /// Held until the end.
    _lock: File,
    pointer: Pointer,
    manifest: Manifest,
    fields: Fields,
    index: Index,
    searcher: Searcher,
    log: LogWriter,
    merger: Merger,
    /// The number of the document of every record that the merger met.
    met: Vec<u32>,
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
    /// If another process writes to it, if it is damaged, and if it was made with another dense leg.
    pub fn open(folder: &Path, options: LibraryOptions) -> Result<Self, Error> {
        let lock = lock(folder)?;
        let pointer = if let Some(pointer) = Pointer::read(folder)? {
            pointer
        } else {
            if !log::files(folder)?.is_empty() {
                return Err(without_pointer(folder));
            }
            let pointer = begin(folder, 1, &options)?;
            pointer.write(folder)?;
            pointer
        };
        let (index, fields, manifest) = open_index(folder, &pointer)?;
        log::sweep(folder);
        sweep(folder, &pointer);
        let there = log::files(folder)?.len();
        let too_few = (there < manifest.logs as usize)
            .then(|| format!("{} of {} files of records are there", there, manifest.logs));
        let damages = log::damages(folder, &manifest).into_iter().next();
        if let Some(problem) = damages.or(too_few).or_else(|| log::changed(folder, &manifest)) {
            return Err(Error::DamagedRecords {
                library: folder.into(),
                problem,
            });
        }
        if manifest.records > 0 && manifest.dense != options.dense.name() {
            return Err(Error::OtherDense {
                library: folder.into(),
                has: manifest.dense,
                asked: options.dense.name(),
            });
        }
        let reader = index.reader().map_err(|error| Error::index(folder, &error))?;
        Ok(Self {
            folder: folder.into(),
            options,
            _lock: lock,
            log: LogWriter::create(folder, manifest.logs + 1)?,
            first_new: manifest.records,
            searcher: reader.searcher(),
            pointer,
            manifest,
            fields,
            index,
            merger: Merger::default(),
            met: Vec::new(),
            several: HashSet::new(),
            done: Ingested::default(),
        })
    }

    /// Adds a record: as a new document, or to the document that it is another record of.
    pub fn add(&mut self, record: &Record) -> Result<(), Error> {
        let met = self.merger.meet(record);
        let earlier = match met {
            Met::Same(place) => Some(self.met[place]),
            Met::New | Met::PossibleDuplicate(_) => self.indexed(record)?,
        };
        let number = if let Some(number) = earlier {
            self.several.insert(number);
            self.done.merged += 1;
            number
        } else {
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
            self.done.possible_duplicates += usize::from(matches!(met, Met::PossibleDuplicate(_)));
            number
        };
        self.met.push(number);
        self.done.records += 1;
        self.log.write(number, record)
    }

    /// The number of the document of the index that a record belongs to.
    fn indexed(&self, record: &Record) -> Result<Option<u32>, Error> {
        if self.first_new == 0 {
            return Ok(None);
        }
        for id in record.ids.all() {
            if let Some(number) = self.with(&Term::from_field_text(self.fields.id, &id))? {
                return Ok(Some(number));
            }
        }
        let Some(same) = merge_key(&record.title, record.year) else {
            return Ok(None);
        };
        let Some(number) = self.with(&Term::from_field_text(self.fields.same, &same))? else {
            return Ok(None);
        };
        // A title alone decides only where no ids disagree.
        let term = Term::from_field_u64(self.fields.number, u64::from(number));
        let there = known(&self.folder, &self.searcher, &self.fields, term)?;
        Ok(there.filter(|there| !disagree(there, record)).map(|_| number))
    }

    fn with(&self, term: &Term) -> Result<Option<u32>, Error> {
        first_with(&self.searcher, self.fields.number_of(), term)
            .map_err(|error| Error::index(&self.folder, &error))
    }

    /// Indexes what was added, all at once; on an error, or if the observer says stop, the library stays as it was.
    pub fn commit(self, observer: &dyn Observer) -> Result<Ingested, Error> {
        let Self {
            folder,
            options,
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
        let total = u64::from(log.records);
        let log = log.end()?;
        let bytes = log.bytes()?;
        let mut build = Build::begin(
            &folder, &pointer, &options, fields, &index, &manifest, first_new, total, observer,
        )?;
        if first_new == 0 {
            build.learn(&mut manifest, || log.read())?;
        }
        let mut merged: BTreeMap<u32, Record> = BTreeMap::new();
        let mut conflicts = 0;
        let mut read = log.read()?;
        while let Some((number, record)) = read.next()? {
            if !several.contains(&number) {
                build.push(number, record)?;
                continue;
            }
            match merged.entry(number) {
                std::collections::btree_map::Entry::Occupied(mut there) => {
                    conflicts += note(&mut done.conflicts, conflicts, there.get_mut(), &record);
                }
                std::collections::btree_map::Entry::Vacant(free) => {
                    let term = Term::from_field_u64(fields.number, u64::from(number));
                    match known(&folder, &searcher, &fields, term)? {
                        Some(there) => {
                            conflicts += note(&mut done.conflicts, conflicts, free.insert(there), &record);
                        }
                        None => drop(free.insert(record)),
                    }
                }
            }
        }
        if conflicts > TOLD {
            done.conflicts.push(format!("and {} more", conflicts - TOLD));
        }
        for (number, record) in merged {
            build.push(number, record)?;
        }
        manifest.record_bytes.resize(manifest.logs as usize, 0);
        manifest.record_bytes.push(bytes);
        manifest.logs += 1;
        build.commit(manifest, || log.keep())?;
        Ok(done)
    }
}

/// Merges, and tells what two records say differently. Returns how much.
fn note(told: &mut Vec<String>, before: usize, whole: &mut Record, record: &Record) -> usize {
    let conflicts = merge(whole, record);
    for conflict in conflicts.iter().take(TOLD.saturating_sub(before)) {
        told.push(format!(
            "`{}`: {} {} stays, another record says {}",
            whole.title.chars().take(60).collect::<String>(),
            conflict.field,
            conflict.kept,
            conflict.other
        ));
    }
    conflicts.len()
}

/// Whether two records have an id of one kind that differs.
fn disagree(a: &Record, b: &Record) -> bool {
    let (a, b) = (&a.ids, &b.ids);
    [
        (&a.doi, &b.doi),
        (&a.pmid, &b.pmid),
        (&a.pmcid, &b.pmcid),
        (&a.openalex, &b.openalex),
        (&a.local, &b.local),
    ]
    .into_iter()
    .any(|(a, b)| a.is_some() && b.is_some() && a != b)
}

/// Builds the index of a library anew from what was ingested, with other options if wished. The old index stays in use until
/// the new one is whole.
///
/// # Errors
///
/// If there is no library, if another process writes to it, and if a file of records is damaged.
pub fn rebuild(folder: &Path, options: &LibraryOptions, observer: &dyn Observer) -> Result<Ingested, Error> {
    let no_library = || Error::NoLibrary {
        library: folder.into(),
    };
    if !folder.is_dir() {
        return Err(no_library());
    }
    let files = log::files(folder)?;
    if files.is_empty() && Pointer::read(folder)?.is_none() {
        return Err(no_library());
    }
    if files.is_empty() {
        return Err(Error::DamagedRecords {
            library: folder.into(),
            problem: format!("`{}` holds no file", folder.join("records").display()),
        });
    }
    let _lock = lock(folder)?;
    // The first reading counts what several records are for.
    let mut counts: Vec<u8> = Vec::new();
    let mut done = Ingested::default();
    for file in &files {
        let mut read = LogReader::open(file)?;
        while let Some((number, _)) = read.next()? {
            let place = number as usize;
            if counts.len() <= place {
                counts.resize(place + 1, 0);
            }
            counts[place] = counts[place].saturating_add(1);
            done.records += 1;
        }
    }
    if let Some(missing) = counts.iter().position(|count| *count == 0) {
        return Err(Error::Malformed {
            file: folder.join("records").display().to_string(),
            place: format!("document {missing}"),
            problem: "no file has a record of it".into(),
            hint: Some("a file is missing here; restore it from a copy, or ingest into a new library".into()),
        });
    }
    done.documents = counts.len();
    done.new = counts.len();
    done.merged = done.records - done.new;
    let place = (1..u32::MAX)
        .find(|place| !folder.join(index_name(*place)).exists())
        .unwrap_or(u32::MAX);
    let pointer = begin(folder, place, options)?;
    let built = build_from(folder, &pointer, options, &files, &counts, &mut done, observer);
    if built.is_err() {
        let _ = std::fs::remove_dir_all(pointer.index(folder));
    }
    built?;
    pointer.write(folder)?;
    sweep(folder, &pointer);
    Ok(done)
}

/// Removes indexes that are not in use: the one before, and what rebuilds left that were killed. Who reads one keeps it open; what
/// cannot be removed is only in the way. The library has to be locked.
fn sweep(folder: &Path, used: &Pointer) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let place = name
            .strip_prefix(INDEX)
            .and_then(|place| place.parse::<u32>().ok());
        if place.is_some() && path != used.index(folder) {
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

fn build_from(
    folder: &Path,
    pointer: &Pointer,
    options: &LibraryOptions,
    files: &[std::path::PathBuf],
    counts: &[u8],
    done: &mut Ingested,
    observer: &dyn Observer,
) -> Result<(), Error> {
    let (index, fields, mut manifest) = open_index(folder, pointer)?;
    manifest.records = counts.len() as u32;
    manifest.logs = files.len() as u32;
    let sizes = files.iter().map(|file| log::size_of(file));
    manifest.record_bytes = sizes.collect::<Result<_, Error>>()?;
    let total = done.records as u64;
    let mut build = Build::begin(
        folder, pointer, options, fields, &index, &manifest, 0, total, observer,
    )?;
    build.learn(&mut manifest, || LogReader::all(files))?;
    let mut merged: BTreeMap<u32, Record> = BTreeMap::new();
    let mut read = LogReader::all(files)?;
    while let Some((number, record)) = read.next()? {
        if counts[number as usize] == 1 {
            build.push(number, record)?;
            continue;
        }
        match merged.get_mut(&number) {
            Some(whole) => drop(merge(whole, &record)),
            None => drop(merged.insert(number, record)),
        }
    }
    for (number, record) in merged {
        build.push(number, record)?;
    }
    build.commit(manifest, || Ok(()))
}

const INDEX: &str = "index-";

fn index_name(place: u32) -> String {
    format!("{INDEX}{place}")
}

/// Makes an empty index that nothing points to yet.
fn begin(folder: &Path, place: u32, options: &LibraryOptions) -> Result<Pointer, Error> {
    let pointer = Pointer::to(index_name(place));
    let path = pointer.index(folder);
    std::fs::create_dir_all(&path).map_err(|source| Error::write(&path, source))?;
    let failed = |error| Error::index(folder, &error);
    let (schema, _) = Fields::schema();
    let index = match Index::open_in_dir(&path) {
        // An ingest that was killed at its very beginning leaves an index without a pointer.
        Ok(index) => index,
        Err(_) => create(&path, schema).map_err(failed)?,
    };
    let lexicon = options.classifier.lexicon();
    let manifest = Manifest {
        dense: options.dense.name(),
        classifier: options.classifier.coefficients().about.clone(),
        aspects: lexicon
            .aspects()
            .iter()
            .map(|aspect| aspect.name.clone())
            .collect(),
        ..Manifest::default()
    };
    let mut writer: IndexWriter<TantivyDocument> =
        index.writer_with_num_threads(1, 15 << 20).map_err(failed)?;
    let payload = serde_json::to_string(&manifest).map_err(|error| Error::bug(&error))?;
    let mut prepared = writer.prepare_commit().map_err(failed)?;
    prepared.set_payload(&payload);
    prepared.commit().map_err(failed)?;
    as_readable_as_the_rest(folder, &pointer.index(folder));
    Ok(pointer)
}

/// tantivy makes these two files for their owner alone, and a library that others may read has to be readable whole. A system that
/// does not let us leaves them as they are.
fn as_readable_as_the_rest(folder: &Path, index: &Path) {
    let Ok(lock) = std::fs::metadata(folder.join(LOCK)) else {
        return;
    };
    for name in ["meta.json", ".managed.json"] {
        let _ = std::fs::set_permissions(index.join(name), lock.permissions());
    }
}

fn create(folder: &Path, schema: Schema) -> tantivy::Result<Index> {
    let settings = IndexSettings {
        docstore_compression: Compressor::Zstd(ZstdCompressor {
            compression_level: Some(3),
        }),
        // An answer reads some twenty records, each with its whole block.
        docstore_blocksize: 4096,
        ..IndexSettings::default()
    };
    Index::builder()
        .schema(schema)
        .settings(settings)
        .create_in_dir(folder)
}

/// Only one process writes. The lock goes with the process, however that ends.
fn lock(folder: &Path) -> Result<File, Error> {
    std::fs::create_dir_all(folder).map_err(|source| Error::write(folder, source))?;
    let path = folder.join(LOCK);
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
        .map(|(_, address)| {
            record_at(searcher, fields, *address).map_err(|problem| Error::corrupt(folder, problem))
        })
        .transpose()
}

/// Documents on their way into an index.
struct Build<'a> {
    folder: &'a Path,
    place: std::path::PathBuf,
    options: &'a LibraryOptions,
    fields: Fields,
    writer: IndexWriter<TantivyDocument>,
    embedder: Embedder,
    vectors: Option<Vectors>,
    first_new: u32,
    observer: &'a dyn Observer,
    total: u64,
    done: u64,
    batch: Vec<(u32, Record)>,
}

impl<'a> Build<'a> {
    #[expect(clippy::too_many_arguments, reason = "they are made ready by two callers")]
    fn begin(
        folder: &'a Path,
        pointer: &Pointer,
        options: &'a LibraryOptions,
        fields: Fields,
        index: &Index,
        manifest: &Manifest,
        first_new: u32,
        total: u64,
        observer: &'a dyn Observer,
    ) -> Result<Self, Error> {
        let place = pointer.index(folder);
        options.classifier.suits(&options.dense)?;
        let lsa = manifest.lsa.as_ref().map(|name| place.join(name));
        let embedder = Embedder::open(&options.dense, lsa.as_deref())?;
        let before = Manifest {
            records: first_new,
            ..manifest.clone()
        };
        let mut vectors = read_vectors(folder, &place, &before)?;
        fits(folder, vectors.as_ref(), &embedder, &before.dense)?;
        if vectors.is_none() && embedder.dims() > 0 {
            vectors = Some(Vectors::new(embedder.dims()));
        }
        let threads = rayon::current_num_threads().clamp(1, 4);
        let how = IndexWriterOptions::builder()
            .num_worker_threads(threads)
            .memory_budget_per_thread(BUFFER)
            .num_merge_threads(2)
            .build();
        Ok(Self {
            folder,
            place,
            options,
            fields,
            writer: index
                .writer_with_options(how)
                .map_err(|error| Error::index(folder, &error))?,
            embedder,
            vectors,
            first_new,
            observer,
            total,
            done: 0,
            batch: Vec::new(),
        })
    }

    /// Lets latent semantic analysis learn from what is about to be indexed, if that is what was chosen.
    fn learn(
        &mut self,
        manifest: &mut Manifest,
        read: impl FnOnce() -> Result<LogReader, Error>,
    ) -> Result<(), Error> {
        if self.options.dense != DenseKind::Lsa {
            return Ok(());
        }
        let step = (self.total as usize).div_ceil(LEARNT).max(1);
        let analyzer = Analyzer::new(Form::Scored);
        let mut documents: Vec<Vec<String>> = Vec::new();
        let mut read = read()?;
        let mut place = 0;
        while let Some((_, record)) = read.next()? {
            if place % step == 0 {
                documents.push(analyzer.list(&format!("{}. {}", record.title, record.abstract_text)));
            }
            place += 1;
        }
        let words = documents.iter().map(|words| words.iter().map(String::as_str));
        let lsa = Lsa::learn(words, &LsaOptions::default(), &Seed::new(42), self.observer)?;
        let name = format!("lsa-{}.bin", manifest.generation + 1);
        write_whole(&self.place.join(&name), &lsa.to_bytes())?;
        manifest.lsa = Some(name);
        self.vectors = Some(Vectors::new(lsa.dims()));
        self.embedder = Embedder::Lsa(Box::new(lsa));
        Ok(())
    }

    fn push(&mut self, number: u32, record: Record) -> Result<(), Error> {
        self.batch.push((number, record));
        if self.batch.len() >= BATCH {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        let (fields, embedder, classifier) = (self.fields, &self.embedder, &self.options.classifier);
        let dense = self.options.dense.name();
        let records: Vec<&Record> = self.batch.iter().map(|(_, record)| record).collect();
        let vectors = embedder.embed_records(&records, self.observer)?;
        let prepared: Vec<(Option<Vec<f32>>, TantivyDocument)> = self
            .batch
            .par_iter()
            .zip(vectors)
            .map(|((number, record), vector)| {
                let assessment = classifier.assess(record, vector.as_deref(), &dense);
                let same = merge_key(&record.title, record.year).unwrap_or_default();
                Ok((vector, fields.document(*number, record, &same, assessment)?))
            })
            .collect::<Result<_, Error>>()?;
        let failed = |error| Error::index(self.folder, &error);
        for ((number, _), (vector, document)) in self.batch.iter().zip(prepared) {
            if *number < self.first_new {
                self.writer
                    .delete_term(Term::from_field_u64(fields.number, u64::from(*number)));
            }
            self.writer.add_document(document).map_err(failed)?;
            if let (Some(vectors), Some(vector)) = (self.vectors.as_mut(), vector) {
                vectors.set(*number as usize, &vector);
            }
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

    /// Makes all of it visible at once. `last` is what is left to do when nothing else can fail but the commit.
    fn commit(
        mut self,
        mut manifest: Manifest,
        last: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.flush()?;
        let before = manifest.vectors.take();
        manifest.generation += 1;
        if let Some(vectors) = &self.vectors {
            let name = format!("vectors-{}.bin", manifest.generation);
            write_whole(&self.place.join(&name), &vectors.to_bytes())?;
            manifest.vectors = Some(name);
        }
        let failed = |error| Error::index(self.folder, &error);
        let payload = serde_json::to_string(&manifest).map_err(|error| Error::bug(&error))?;
        let mut prepared = self.writer.prepare_commit().map_err(failed)?;
        prepared.set_payload(&payload);
        last()?;
        prepared.commit().map_err(failed)?;
        self.writer.wait_merging_threads().map_err(failed)?;
        as_readable_as_the_rest(self.folder, &self.place);
        if let Some(before) = before {
            let _ = std::fs::remove_file(self.place.join(before));
        }
        let _ = self.observer.observe(&Event::Finished { task: TASK });
        Ok(())
    }
}
