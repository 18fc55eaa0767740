//! How long a library takes to fill, to open and to answer, on documents made from a seed.
//!
//! ```text
//! cargo bench -p counterpoise-recommend --bench library
//! cargo bench -p counterpoise-recommend --bench library -- --documents 100000 --threads 2
//! cargo bench -p counterpoise-recommend --bench library -- --documents 1000000 --queries 1000 --folder DIR
//! ```
//!
//! A folder that is given stays, and is asked again and not filled again the next time. Where `COUNTERPOISE_DATA` is set, the titles of
//! `elsi/synbio-openalex` are asked with the abstracts of `elsi/synbio-ccby-abstracts` as well.
#![expect(clippy::print_stdout, reason = "a bench tells what it measured")]

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use counterpoise_base::{Random, Seed};
use counterpoise_recommend::{
    Author, Error, Kind, Library, LibraryOptions, Question, ReadRecords, RecommendOptions, Recommender,
    Record, SearchOptions, StaticTable, Writer, read_records,
};
use rayon::prelude::*;

/// Documents that are made at a time.
const BATCH: usize = 4096;
/// Words that no dictionary has: names of genes, of strains, of people.
const MADE_UP: usize = 300_000;
/// Subjects that documents are on.
const SUBJECTS: usize = 400;
/// Words that belong to a subject.
const OWN_WORDS: usize = 60;
/// Times that a process is started to see when its first answer comes.
const STARTS: usize = 7;

/// What makes a document one on ethics, law and society.
const ELSI: [&str; 24] = [
    "ethical questions of genome editing",
    "the ethics of gene drives",
    "biosafety regulation of engineered organisms",
    "dual use research of concern",
    "informed consent of patients",
    "public engagement and trust",
    "governance of synthetic biology",
    "intellectual property and patents",
    "benefit sharing under the Nagoya Protocol",
    "environmental release of modified mosquitoes",
    "risk assessment and the precautionary principle",
    "responsible research and innovation",
    "biosecurity policy for DNA synthesis",
    "moral status of synthetic life",
    "privacy of genomic data",
    "equitable access to gene therapy",
    "public perception of genetically modified food",
    "the Cartagena Protocol on Biosafety",
    "community biology and do-it-yourself laboratories",
    "social justice and indigenous peoples",
    "legal liability for harm",
    "stakeholder perspectives and societal implications",
    "human germline editing and bioethics",
    "ownership of biological parts and open source licences",
];

/// What technical texts name that papers on ethics, law and society name too.
const BRIDGES: [&str; 12] = [
    "Escherichia coli",
    "gene drive",
    "engineered probiotics",
    "Saccharomyces cerevisiae",
    "CRISPR-Cas9",
    "kill switch",
    "minimal genome",
    "cyanobacteria",
    "mosquitoes",
    "gut microbiome",
    "metabolic engineering",
    "cell-free biosensor",
];

/// What is asked for on the command line.
struct Wanted {
    documents: usize,
    queries: usize,
    folder: Option<PathBuf>,
    threads: usize,
}

fn main() -> Result<(), Error> {
    let mut wanted = Wanted {
        documents: 10_000,
        queries: 200,
        folder: None,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    let mut measured = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("a value follows");
        match argument.as_str() {
            "--documents" => wanted.documents = value().parse().expect("a number"),
            "--queries" => wanted.queries = value().parse().expect("a number"),
            "--threads" => wanted.threads = value().parse().expect("a number"),
            "--folder" => wanted.folder = Some(value().into()),
            "--first-answer" => return first_answer(Path::new(&value()), &value()),
            "--bench" => measured = true,
            other => panic!("`{other}` is none of --documents, --queries, --threads and --folder"),
        }
    }
    if !measured {
        // `cargo test --all-targets` only wants to see that it runs.
        (wanted.documents, wanted.queries) = (wanted.documents.min(200), wanted.queries.min(5));
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(wanted.threads)
        .build()
        .expect("threads can be started");
    pool.install(|| {
        generated(&wanted)?;
        match std::env::var_os("COUNTERPOISE_DATA").filter(|_| measured) {
            Some(data) => real(&wanted, &Path::new(&data).join("elsi"))?,
            None => println!("\nskipped: titles of papers, which stand where COUNTERPOISE_DATA says"),
        }
        Ok(())
    })
}

/// Wall-clock times, and their sum on the processor, which other programs do not lengthen by waiting.
#[derive(Default)]
struct Took {
    wall: Vec<Duration>,
    processor: Duration,
}

impl Took {
    fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (start, before) = (Instant::now(), on_processor());
        let done = work();
        self.wall.push(start.elapsed());
        if let (Some(before), Some(after)) = (before, on_processor()) {
            self.processor += after.saturating_sub(before);
        }
        done
    }

    fn told(mut self, wanted: &Wanted, name: &str) {
        row(wanted, name, &percentiles(&mut self.wall));
        // One thread does not see what others did for it. The system counts in steps, so that only sums are right.
        if wanted.threads == 1 && !self.processor.is_zero() {
            let mean = milliseconds(self.processor) / self.wall.len() as f64;
            row(wanted, "  on the processor", &format!("mean {mean:.1} ms"));
        }
    }
}

/// How long this thread ran, where the system says.
fn on_processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(
        told.split_whitespace().next()?.parse().ok()?,
    ))
}

fn generated(wanted: &Wanted) -> Result<(), Error> {
    let words = Vocabulary::new();
    let own = tempfile::tempdir().expect("a folder for a while");
    let folder = wanted.folder.as_deref().unwrap_or(own.path());
    println!("{} documents made from a seed", wanted.documents);
    if Library::dense_of(folder)?.is_none() {
        let mut adding = Duration::ZERO;
        let start = Instant::now();
        let mut writer = Writer::open(folder, LibraryOptions::default())?;
        adding += start.elapsed();
        for first in (0..wanted.documents).step_by(BATCH) {
            let numbers = first..wanted.documents.min(first + BATCH);
            let records: Vec<Record> = numbers
                .into_par_iter()
                .map(|number| words.record("documents", number))
                .collect();
            let start = Instant::now();
            for record in &records {
                writer.add(record)?;
            }
            adding += start.elapsed();
        }
        told_ingest(wanted, writer, adding)?;
    }
    let questions: Vec<Record> = (0..wanted.queries)
        .map(|number| words.record("questions", number))
        .collect();
    ask(wanted, folder, &questions, 1)
}

fn real(wanted: &Wanted, data: &Path) -> Result<(), Error> {
    println!("\ntitles of papers on synthetic biology, asked with abstracts");
    let folder = tempfile::tempdir().expect("a folder for a while");
    let read = |path: &str| {
        let path = data.join(path);
        let mut records = Vec::new();
        let bytes = std::fs::read(&path).expect("the data is there");
        read_records(
            &path.display().to_string(),
            Box::new(Cursor::new(bytes)),
            &ReadRecords::default(),
            &mut |record| {
                records.push(record);
                Ok(())
            },
        )?;
        Ok::<_, Error>(records)
    };
    let papers = read("synbio-openalex/papers.tsv")?;
    let start = Instant::now();
    let mut writer = Writer::open(folder.path(), LibraryOptions::default())?;
    for record in &papers {
        writer.add(record)?;
    }
    told_ingest(wanted, writer, start.elapsed())?;
    let abstracts = read("synbio-ccby-abstracts/abstracts.jsonl")?;
    ask(wanted, folder.path(), &abstracts, 4)
}

fn told_ingest(wanted: &Wanted, writer: Writer, adding: Duration) -> Result<(), Error> {
    let start = Instant::now();
    let done = writer.commit(&())?;
    let committing = start.elapsed();
    let all = adding + committing;
    row(
        wanted,
        "ingest",
        &format!(
            "{:.1} s: add {:.1} s, commit {:.1} s; {:.0} documents/s",
            all.as_secs_f64(),
            adding.as_secs_f64(),
            committing.as_secs_f64(),
            done.records as f64 / all.as_secs_f64()
        ),
    );
    Ok(())
}

/// Opens a library, asks it, and tells how long everything took.
fn ask(wanted: &Wanted, folder: &Path, questions: &[Record], times: usize) -> Result<(), Error> {
    let (records, all) = (size(&folder.join("records")), size(folder));
    let index = format!(
        "{:.1} MB, records beside it {:.1} MB",
        (all - records) as f64 / 1e6,
        records as f64 / 1e6
    );
    row(wanted, "index on disk", &index);
    let first = questions.first().map(|record| record.abstract_text.as_str());
    let mut starts: Vec<Duration> = (0..STARTS)
        .map(|_| started(folder, wanted.threads, first.unwrap_or("gene drives")))
        .collect();
    starts.sort_unstable();
    let starts = format!(
        "median {:.0} ms, most {:.0} ms of {STARTS} processes",
        milliseconds(starts[STARTS / 2]),
        milliseconds(starts[STARTS - 1])
    );
    row(wanted, "start to first answer", &starts);
    let start = Instant::now();
    let library = Library::open(folder)?;
    row(
        wanted,
        "open",
        &format!("{:.1} ms", milliseconds(start.elapsed())),
    );
    let recommender = Recommender::new(&library);
    let options = RecommendOptions::default();
    let mut items = 0;
    let mut passed = 0;
    let mut took = Took::default();
    for _ in 0..times {
        for record in questions {
            let text = format!("{}\n{}", record.title, record.abstract_text);
            let question = Question::from_text(&text, "bench")?;
            let answer = took.measure(|| recommender.recommend(&question, &options))?;
            items += answer.items.len();
            passed = answer.passed;
        }
    }
    let per_answer = items as f64 / took.wall.len().max(1) as f64;
    took.told(wanted, "recommend");
    println!(
        "  of {} documents, {passed} pass the filters; {per_answer:.1} documents with reasons in an answer",
        library.len()
    );
    let mut took = Took::default();
    let mut found = 0;
    for record in questions {
        for query in queries(record) {
            let answer = took.measure(|| library.search(&query, &SearchOptions::default()))?;
            found += answer.total;
        }
    }
    let per_answer = found as f64 / took.wall.len().max(1) as f64;
    took.told(wanted, "search");
    println!("  {per_answer:.0} documents match a search");
    if let Some(peak) = peak() {
        row(wanted, "peak memory", &peak);
    }
    Ok(())
}

/// Searches as people type them, from the words of a title.
fn queries(record: &Record) -> Vec<String> {
    let words: Vec<&str> = record
        .title
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| word.len() > 3 && !matches!(*word, "from" | "with" | "using"))
        .collect();
    match words.as_slice() {
        [one, two, three, four, ..] => vec![
            format!("{one} {two}"),
            format!("{one} OR {two} OR {three}"),
            format!("({one} OR {four}) year:>=2010"),
            format!("\"{two} {three}\" OR title:{four}"),
        ],
        [one, ..] => vec![(*one).to_owned()],
        [] => Vec::new(),
    }
}

/// From the start of a process to the end of one that answers a single question.
fn started(folder: &Path, threads: usize, text: &str) -> Duration {
    let program = std::env::current_exe().expect("a program that runs has a path");
    let start = Instant::now();
    let ended = Command::new(program)
        .arg("--first-answer")
        .arg(folder)
        .arg(text)
        .env("RAYON_NUM_THREADS", threads.to_string())
        .stdout(Stdio::null())
        .status()
        .expect("it runs");
    assert!(ended.success(), "the process that answers failed");
    start.elapsed()
}

fn first_answer(folder: &Path, text: &str) -> Result<(), Error> {
    let library = Library::open(folder)?;
    let question = Question::from_text(text, "bench")?;
    let answer = Recommender::new(&library).recommend(&question, &RecommendOptions::default())?;
    println!("{}", serde_json::to_string(&answer).expect("an answer is JSON"));
    Ok(())
}

fn row(wanted: &Wanted, name: &str, value: &str) {
    println!("  {name:<22} {value} ({} threads)", wanted.threads);
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn percentiles(took: &mut [Duration]) -> String {
    took.sort_unstable();
    let at = |share: f64| {
        let place = (took.len() as f64 * share).ceil() as usize;
        took.get(place.max(1) - 1).copied().map_or(0.0, milliseconds)
    };
    format!(
        "p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, most {:.1} ms of {}",
        at(0.5),
        at(0.95),
        at(0.99),
        at(1.0),
        took.len()
    )
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(facts) if facts.is_dir() => size(&entry.path()),
        Ok(facts) => facts.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

/// Most memory that this process had, where the system says.
fn peak() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(format!("{:.0} MB", kilobytes * 1024.0 / 1e6))
}

/// Words with how often they are drawn.
struct Vocabulary {
    words: Vec<String>,
    /// Sums of `1 / (rank + 3)`, the law of Zipf and Mandelbrot.
    sums: Vec<f64>,
    seed: Seed,
}

impl Vocabulary {
    fn new() -> Self {
        let seed = Seed::new(9).child("library");
        // The commonest come first.
        let pieces = StaticTable::bundled().pieces().vocabulary().iter();
        let mut words: Vec<String> = pieces
            .filter(|piece| piece.len() > 1 && piece.bytes().all(|sign| sign.is_ascii_lowercase()))
            .cloned()
            .collect();
        words.extend((0..MADE_UP).map(made_up));
        let mut sum = 0.0;
        let sums = (0..words.len())
            .map(|rank| {
                sum += 1.0 / (rank as f64 + 3.0);
                sum
            })
            .collect();
        Self { words, sums, seed }
    }

    /// A word, the first of them more often; `skip` words are too common.
    fn word(&self, random: &mut Random, skip: usize) -> &str {
        let least = if skip == 0 { 0.0 } else { self.sums[skip - 1] };
        let all = self.sums[self.sums.len() - 1];
        let at = least + random.fraction() * (all - least);
        let place = self.sums.partition_point(|sum| *sum < at);
        &self.words[place.min(self.words.len() - 1)]
    }

    /// A document, by its number and what it is for.
    fn record(&self, what: &str, number: usize) -> Record {
        let random = &mut self.seed.child(what).child(number as u64).rng();
        let subject = random.below(SUBJECTS);
        let elsi = random.fraction() < 0.12;
        let mut record = Record::default();
        record.ids.doi = Some(format!("10.{}/{what}.{number}", 1000 + number % 97));
        record.title = self.sentence(random, subject, 8, elsi);
        for _ in 0..8 {
            let length = 14 + random.below(15);
            let with = elsi && random.fraction() < 0.5;
            record
                .abstract_text
                .push_str(&self.sentence(random, subject, length, with));
            record.abstract_text.push_str(". ");
        }
        record.year = Some(2025 - (random.fraction().powi(2) * 40.0) as i32);
        record.venue = Some(format!("Journal of {}", self.words[2000 + random.below(300)]));
        record.kind = [Kind::Article, Kind::Article, Kind::Review, Kind::Preprint][random.below(4)];
        record.language = Some("en".into());
        record.open_access = Some(random.fraction() < 0.5);
        record.source = "bench".into();
        for _ in 0..=random.below(5) {
            record.authors.push(Author {
                family: self.words[random.below(self.words.len())].clone(),
                given: "A.".into(),
            });
        }
        for _ in 0..4 {
            let word = self.word(random, 300).to_owned();
            record.keywords.push(word);
        }
        for _ in 0..random.below(20) {
            let cited = (random.fraction().powi(3) * number as f64) as usize;
            record
                .references
                .push(format!("doi:10.{}/{what}.{cited}", 1000 + cited % 97));
        }
        record
    }

    fn sentence(&self, random: &mut Random, subject: usize, length: usize, elsi: bool) -> String {
        let mut text = String::new();
        for place in 0..length {
            if place > 0 {
                text.push(' ');
            }
            let chance = random.fraction();
            if elsi && place == length / 2 {
                text.push_str(ELSI[random.below(ELSI.len())]);
            } else if chance < 0.02 {
                text.push_str(BRIDGES[(subject + random.below(3)) % BRIDGES.len()]);
            } else if chance < 0.3 {
                // The words of a subject, the first of them more often.
                let own = (random.fraction().powi(2) * OWN_WORDS as f64) as usize;
                text.push_str(&self.words[300 + (subject * 7919 + own * 613) % 40_000]);
            } else {
                text.push_str(self.word(random, 0));
            }
        }
        if let Some(first) = text.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        text
    }
}

/// A name that no two numbers share.
fn made_up(number: usize) -> String {
    const FRONT: [&str; 16] = [
        "ba", "ce", "di", "fe", "gu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "xu", "zy",
    ];
    let mut word = String::new();
    let mut left = number + 4096;
    while left > 0 {
        word.push_str(FRONT[left % 16]);
        left /= 16;
    }
    if number.is_multiple_of(5) {
        word.push_str(&(number % 89).to_string());
    }
    word
}
