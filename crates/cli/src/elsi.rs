//! `counterpoise elsi`.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;

use anyhow::Result;
use counterpoise::elsi::{
    AcceptedWeights, AspectMeasures, Classifier, Coefficients, DenseKind, DistillOptions, ExportFormat,
    FETCH_WAITS, Feedback, FetchFolder, FileLock, IngestReport, LearnElsi, LearntElsi, Lexicon, Library,
    LibraryFacts, LibraryOptions, Question, RecommendError, RecommendOptions, Recommendation, Recommended,
    Recommender, Record, SearchOptions, Standing, TITLES, Weights, bundled_library, distill_table, export,
    fetch, ingest, learn_elsi, read_question, rebuild_library,
};
use counterpoise::{Error, Event, Observer, Warning, counted, write_bytes, write_text};

use crate::elsi_flags::{
    AskFlags, DistillFlags, ElsiCommand, ExplainDocumentFlags, ExportFlags, FetchFlags, HowIndexed,
    IndexFlags, IngestFlags, LearnFlags, LibraryFlag, RecommendFlags,
};
use crate::progress::Progress;
use crate::terminal::{self, table};
use crate::{elsi_eval, elsi_judge, elsi_search, elsi_watch};

pub(crate) fn run(command: ElsiCommand, json: bool, progress: &Progress) -> Result<()> {
    match command {
        ElsiCommand::Ingest(flags) => ingest_files(&flags, json, progress),
        ElsiCommand::Index(flags) => index(&flags, json, progress),
        ElsiCommand::Search(flags) => elsi_search::search(&flags, json, progress),
        ElsiCommand::Recommend(flags) => recommend(&flags, json, progress),
        ElsiCommand::Explain(flags) => explain(&flags, json, progress),
        ElsiCommand::Export(flags) => export_documents(&flags, json, progress),
        ElsiCommand::Eval(flags) => elsi_eval::eval(&flags, json, progress),
        ElsiCommand::Screen(flags) => elsi_judge::screen_documents(&flags, json, progress),
        ElsiCommand::Judge(flags) => elsi_judge::judge(&flags, json, progress),
        ElsiCommand::Watch { command } => elsi_watch::run(command, json, progress),
        ElsiCommand::Fetch(flags) => fetch_records(&flags, json, progress),
        ElsiCommand::Distill(flags) => distill(&flags, json, progress),
        ElsiCommand::Learn(flags) => learn(&flags, json, progress),
        ElsiCommand::Aspects { save, overwrite } => aspects(save.as_deref(), overwrite, json),
    }
}

pub(crate) fn open(flag: &LibraryFlag, progress: &Progress) -> Result<Library> {
    Ok(match &flag.library {
        Some(folder) => Library::open(folder).map_err(Error::from)?,
        None => bundled_library(progress).map_err(no_cache)?,
    })
}

/// What cannot be written there has another remedy than an output that a user named.
fn no_cache(error: Error) -> Error {
    match error {
        Error::Write { path, source } => RecommendError::NoCache { path, source }.into(),
        other => other,
    }
}

/// What a library is indexed with: what was said, or what it has.
fn indexed(how: &HowIndexed, library: &Path) -> Result<LibraryOptions> {
    // What is damaged is told of by who opens it, and mended by who builds it anew.
    let has = Library::dense_of(library).unwrap_or(None);
    let dense = how.dense()?.or(has).unwrap_or(DenseKind::Static);
    let mut options = LibraryOptions::default().with_dense(dense);
    let lexicon = match &how.lexicon {
        Some(path) => {
            Some(Lexicon::parse(&read_text(path)?, &path.display().to_string()).map_err(Error::from)?)
        }
        None => None,
    };
    let classifier = match (&how.classifier, lexicon) {
        (Some(path), lexicon) => {
            let coefficients =
                Coefficients::parse(&read_text(path)?, &path.display().to_string()).map_err(Error::from)?;
            Some(
                Classifier::new(lexicon.unwrap_or_else(Lexicon::bundled), coefficients)
                    .map_err(Error::from)?,
            )
        }
        (None, Some(lexicon)) => Some(Classifier::of_evidence(lexicon)),
        (None, None) => None,
    };
    if let Some(classifier) = classifier {
        options = options.with_classifier(classifier);
    }
    Ok(options)
}

fn read_text(path: &Path) -> Result<String> {
    let read = std::fs::read_to_string(path);
    Ok(read.map_err(|source| {
        Error::from(RecommendError::File {
            doing: "cannot read",
            path: path.into(),
            source,
        })
    })?)
}

pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<()> {
    terminal::print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

fn ingest_files(flags: &IngestFlags, json: bool, progress: &Progress) -> Result<()> {
    let options = indexed(&flags.how, &flags.library)?;
    let report = ingest(&flags.files()?, &flags.library, options, progress)?;
    progress.end();
    terminal::warn(&report.warnings, json);
    if json {
        return print_json(&report);
    }
    terminal::print(&ingested(&report, &flags.library))
}

fn ingested(report: &IngestReport, library: &Path) -> String {
    let rows = report.files.iter().map(|file| {
        vec![
            file.file.clone(),
            file.format.to_owned(),
            file.records.to_string(),
            file.left_out.to_string(),
        ]
    });
    let unread = report.unread.iter().map(|file| {
        let how = if file.records == 0 {
            "not read"
        } else {
            "read in part"
        };
        vec![
            file.file.clone(),
            how.into(),
            file.records.to_string(),
            "?".into(),
        ]
    });
    let mut text = table(
        &["file", "format", "records", "left out"],
        &[false, false, true, true],
        rows.chain(unread).collect(),
    );
    let _ = writeln!(
        text,
        "\n{}: {} new, {} completed; {} in `{}`",
        counted(report.ingested.records, "record"),
        counted(report.ingested.new, "document"),
        report.ingested.merged,
        counted(report.ingested.documents, "document"),
        library.display()
    );
    text
}

fn index(flags: &IndexFlags, json: bool, progress: &Progress) -> Result<()> {
    if let (true, Some(folder)) = (flags.rebuild, &flags.library.library) {
        let options = indexed(&flags.how, folder)?;
        let settings = || Library::open(folder).and_then(|library| library.facts()).ok();
        let before = settings();
        let done = rebuild_library(folder, &options, progress).map_err(Error::from)?;
        progress.end();
        if let Some(after) = settings() {
            let now = format!("meaning by {}, P(ELSI) by {}", after.dense, after.classifier);
            let same = |before: &LibraryFacts| {
                (&before.dense, &before.classifier) == (&after.dense, &after.classifier)
            };
            let message = match &before {
                Some(before) if same(before) || !flags.how.typed().is_empty() => None,
                Some(before) => Some(format!(
                    "the library is indexed otherwise than before, {now}; it was {} and {}",
                    before.dense, before.classifier
                )),
                None if flags.how.typed().is_empty() => Some(format!(
                    "what the library was indexed with could not be read; it is now {now}"
                )),
                None => None,
            };
            let hint = "if that is not what you want, build it again with `--dense`, `--lexicon` or `--classifier` as at first";
            let warning = message.map(|message| Warning::new("elsi.settings", message).with_hint(hint));
            terminal::warn(&warning.into_iter().collect::<Vec<_>>(), json);
        }
        if json {
            return print_json(&done);
        }
        return terminal::print(&format!(
            "{} from {}, indexed anew in `{}`\n",
            counted(done.documents, "document"),
            counted(done.records, "record"),
            folder.display()
        ));
    }
    let library = open(&flags.library, progress)?;
    let shown = flags
        .library
        .library
        .as_ref()
        .map(|folder| folder.display().to_string());
    let typed = flags.how.typed();
    if !typed.is_empty() {
        let hint = format!(
            "`counterpoise elsi index --library {} --rebuild{typed}` builds the index with it",
            shown.as_deref().unwrap_or("my-library")
        );
        let warning = Warning::new("elsi.not-rebuilt", format!("nothing was changed by{typed}"));
        terminal::warn(&[warning.with_hint(hint)], json);
    }
    if flags.verify {
        let whole = library.verify().map_err(Error::from)?;
        progress.end();
        if json {
            return print_json(&serde_json::json!({
                "documents": whole.documents, "records": whole.records, "files": whole.files,
            }));
        }
        return terminal::print(&format!(
            "`{}` is whole: {} from {} in {}\n",
            shown.as_deref().unwrap_or(TITLES.name),
            counted(whole.documents, "document"),
            counted(whole.records as usize, "record"),
            counted(whole.files, "file")
        ));
    }
    let facts = library.facts().map_err(Error::from)?;
    progress.end();
    let notes: Vec<Warning> = library
        .notes()
        .iter()
        .map(|note| Warning::new("elsi.damaged", note.clone()))
        .collect();
    terminal::warn(&notes, json);
    if json {
        return print_json(&facts);
    }
    let rows = facts
        .rows()
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value]);
    let about = match shown {
        Some(_) => String::new(),
        None => format!(
            "What comes with the program: {} ({}).\n\n",
            TITLES.about, TITLES.origin
        ),
    };
    terminal::print(&format!(
        "{about}{}",
        table(&["", ""], &[false, false], rows.collect())
    ))
}

/// A title, or that there is none.
pub(crate) fn titled(title: &str) -> &str {
    if title.is_empty() { "[no title]" } else { title }
}

/// Year, venue and id of a record.
pub(crate) fn about(record: &Record) -> String {
    let mut parts = Vec::new();
    if let Some(first) = record.authors.first() {
        parts.push(match record.authors.len() {
            1 => first.family.clone(),
            _ => format!("{} et al.", first.family),
        });
    }
    parts.extend(record.year.map(|year| year.to_string()));
    parts.extend(record.venue.clone());
    parts.push(record.id());
    if record.retracted {
        parts.push("RETRACTED".into());
    }
    parts.join(" · ")
}

fn asked(flags: &AskFlags, limit: u32, json: bool) -> Result<RecommendOptions> {
    let mut options = RecommendOptions::default();
    options.limit = limit as usize;
    options.filter = flags.filter.filter()?;
    options.lambda = flags.lambda;
    options.never_abstain = flags.never_abstain;
    options.feedback = feedback(flags, json)?;
    Ok(options)
}

/// What the session holds.
fn said_before(flags: &AskFlags) -> Result<Feedback> {
    let Some(path) = flags.session.as_ref().filter(|path| path.exists()) else {
        return Ok(Feedback::default());
    };
    Ok(serde_json::from_str(&read_text(path)?).map_err(|error| {
        Error::from(RecommendError::Malformed {
            file: path.display().to_string(),
            place: "session".into(),
            problem: error.to_string(),
            hint: Some("name another file; one that is not there yet is made".into()),
        })
    })?)
}

/// What was said before, and what is said now.
fn feedback(flags: &AskFlags, json: bool) -> Result<Feedback> {
    let mut feedback = said_before(flags)?;
    let mut warnings = Vec::new();
    if flags.undo {
        let message = match feedback.undo() {
            Some(id) => format!("taken back: what was said of `{id}` last"),
            None => "there is nothing to undo: nothing was liked or disliked before".into(),
        };
        warnings.push(Warning::new("elsi.undo", message));
    }
    for (now, ids, before) in [("liked", &flags.like, false), ("disliked", &flags.dislike, true)] {
        let before = feedback.that_are(before);
        for id in ids.iter().filter(|id| before.contains(&id.as_str())) {
            let message = format!("`{id}` is {now} from now on, the other way round than before");
            warnings.push(Warning::new("elsi.last-word", message));
        }
    }
    feedback.say(&flags.like, &flags.dislike).map_err(Error::from)?;
    terminal::warn(&warnings, json);
    Ok(feedback)
}

fn recommender<'a>(library: &'a Library, flags: &AskFlags) -> Result<Recommender<'a>> {
    let recommender = Recommender::new(library);
    Ok(match &flags.weights {
        None => recommender,
        Some(path) => {
            let text = read_text(path)?;
            let weights = Weights::parse(&text, &path.display().to_string()).map_err(Error::from)?;
            recommender.with_weights(weights)
        }
    })
}

/// What is asked with, by a command that does not show notes of it with its answer.
pub(crate) fn question(given: &str, library: &Library, json: bool) -> Result<Question> {
    let question = read_question(given, library)?;
    warn_of(&question.notes, json);
    Ok(question)
}

fn warn_of(notes: &[String], json: bool) {
    let notes: Vec<Warning> = notes
        .iter()
        .map(|note| Warning::new("elsi.note", note.clone()))
        .collect();
    terminal::warn(&notes, json);
}

/// Fails if a file would be replaced that nobody said may go.
fn free(path: &Path, overwrite: bool, flag: &str) -> Result<()> {
    if overwrite || !path.is_file() {
        return Ok(());
    }
    Err(Error::Config {
        place: path.display().to_string(),
        problem: "a file is there already".into(),
        hint: Some(format!(
            "name another one with `{flag}`, or let it be replaced: `--overwrite`"
        )),
    }
    .into())
}

fn recommend(flags: &RecommendFlags, json: bool, progress: &Progress) -> Result<()> {
    let library = open(&flags.ask.library, progress)?;
    let question = read_question(&flags.ask.question, &library)?;
    let recommender = recommender(&library, &flags.ask)?;
    let ask = || -> Result<(Recommended, RecommendOptions)> {
        let options = asked(&flags.ask, flags.limit, json)?;
        let done = recommender.recommend(&question, &options).map_err(Error::from)?;
        Ok((done, options))
    };
    let says_nothing = flags.ask.like.is_empty() && flags.ask.dislike.is_empty() && !flags.ask.undo;
    let done = match &flags.ask.session {
        None => ask()?.0,
        // A session that may only be read can be asked with.
        Some(path) if says_nothing && path.exists() => ask()?.0,
        Some(path) => {
            said_before(&flags.ask)?;
            // Held until what is said now is kept, which it is only if it can be answered.
            let _lock = FileLock::take(path)?;
            let (done, options) = ask()?;
            write_text(&serde_json::to_string_pretty(&options.feedback)?, path)?;
            done
        }
    };
    progress.end();
    if json {
        return print_json(&done);
    }
    terminal::print(&recommended(&done, flags.ask.library.library.is_none()))
}

/// A list for people.
pub(crate) fn recommended(done: &Recommended, bundled: bool) -> String {
    let mut text = format!("For {}", done.question);
    if bundled {
        let _ = write!(text, ", from {}", TITLES.about);
    }
    text.push('\n');
    for note in &done.notes {
        let _ = writeln!(text, "note: {note}");
    }
    if let Some(why) = &done.abstained {
        let _ = writeln!(text, "\nNothing is recommended: {why}.");
        let _ = writeln!(
            text,
            "{}",
            if done.passed == 0 {
                "Take a filter away, or add literature with `counterpoise elsi ingest`."
            } else {
                "That is an answer, and no error. See the best there is anyway with `--never-abstain`, or add literature with `counterpoise elsi ingest`."
            }
        );
    }
    for (place, item) in done.items.iter().enumerate() {
        let _ = write!(text, "\n{}", item_in_words(Some(place + 1), item));
    }
    if !done.coverage.is_empty() {
        let rows = done.coverage.iter().map(|covered| {
            vec![
                covered.title.clone(),
                format!("this work {} (\"{}\")", covered.why, covered.yours),
                match covered.documents {
                    0 => "nothing good found".into(),
                    count => count.to_string(),
                },
            ]
        });
        let rows = table(
            &["what this work calls for", "because", "documents that fit"],
            &[false, false, true],
            rows.collect(),
        );
        let _ = write!(text, "\n{rows}");
    }
    let _ = writeln!(
        text,
        "\nweights {}; {} passed the filters; in the order of scores, but for variety of aspects (`--lambda 1`: scores alone)",
        done.weights,
        counted(done.passed, "document")
    );
    text
}

pub(crate) fn item_in_words(place: Option<usize>, item: &Recommendation) -> String {
    let place = place.map_or(String::new(), |place| format!("{place}."));
    let mut text = format!(
        "{place:>4} {}\n     {}\n",
        titled(&item.record.title),
        about(&item.record)
    );
    let _ = writeln!(text, "     {}", bar(item));
    for (bridge, what) in [
        (false, "words in common, and their share"),
        (true, "bridge words, which such papers say of your subject"),
    ] {
        let shares = item.reasons.words.iter().filter(|share| share.bridge == bridge);
        let shown: Vec<String> = shares
            .take(5)
            .map(|share| format!("{} {:.0} %", share.word, 100.0 * share.share))
            .collect();
        if !shown.is_empty() {
            let _ = writeln!(text, "     {what}: {}", shown.join(", "));
        }
    }
    for reason in item.reasons.aspects.iter().take(3) {
        let theirs = reason
            .theirs
            .as_ref()
            .map_or(" (no cue; the classifier says so)".into(), |theirs| {
                format!(" (\"{theirs}\")")
            });
        let yours = match (&reason.why, &reason.yours) {
            (Some(why), Some(yours)) => format!("; your work {why} (\"{yours}\")"),
            _ => String::new(),
        };
        let _ = writeln!(text, "     {}{theirs}{yours}", reason.title);
    }
    if let Some(pair) = &item.reasons.sentences {
        let _ = writeln!(
            text,
            "{}",
            terminal::wrapped(&format!("yours: {}", short(&pair.yours)), "     ", 110)
        );
        if pair.theirs != item.record.title {
            let _ = writeln!(
                text,
                "{}",
                terminal::wrapped(&format!("theirs: {}", short(&pair.theirs)), "     ", 110)
            );
        }
    }
    for twin in &item.also {
        let mut said = vec![twin.id.clone()];
        said.extend(twin.year.map(|year| year.to_string()));
        said.extend(twin.venue.clone());
        let _ = writeln!(text, "     also as {}", said.join(" · "));
    }
    if !item.reasons.references.is_empty() {
        let _ = writeln!(text, "     both cite {}", item.reasons.references.join(", "));
    }
    text
}

fn short(sentence: &str) -> String {
    if sentence.chars().count() <= 240 {
        sentence.to_owned()
    } else {
        format!("{}…", sentence.chars().take(239).collect::<String>())
    }
}

/// Parts that add up.
fn bar(item: &Recommendation) -> String {
    let parts: Vec<String> = item
        .reasons
        .parts
        .iter()
        .filter(|part| part.value.abs() >= 0.0005)
        .map(|part| format!("{} {:+.3}", part.name.replace('_', " "), part.value))
        .collect();
    format!(
        "{:.3} = {}   P(ELSI) {:.2}",
        item.score,
        parts.join(" "),
        item.chance_of_elsi
    )
}

#[derive(serde::Serialize)]
struct Explained {
    #[serde(flatten)]
    item: Recommendation,
    #[serde(flatten)]
    standing: Standing,
}

fn explain(flags: &ExplainDocumentFlags, json: bool, progress: &Progress) -> Result<()> {
    let library = open(&flags.ask.library, progress)?;
    let question = question(&flags.ask.question, &library, json)?;
    let options = asked(&flags.ask, 1, json)?;
    let recommender = recommender(&library, &flags.ask)?;
    let item = recommender
        .explain(&question, &flags.document, &options)
        .map_err(Error::from)?;
    let standing = recommender
        .standing(&question, &flags.document, &options)
        .map_err(Error::from)?;
    progress.end();
    if json {
        return print_json(&Explained { item, standing });
    }
    let mut text = String::new();
    if let Some(why) = &standing.why_not {
        let _ = writeln!(text, "It is not recommended: {why}.\n");
    }
    if let Some(beside) = &standing.beside {
        let _ = writeln!(
            text,
            "It has nearly the title of `{beside}`, which has its place in the list.\n"
        );
    }
    text.push_str(&item_in_words(standing.place, &item));
    let rows = item.reasons.words.iter().map(|share| {
        vec![
            share.word.clone(),
            if share.bridge {
                "bridge".into()
            } else {
                String::new()
            },
            format!("{:.1} %", 100.0 * share.share),
        ]
    });
    let _ = write!(
        text,
        "\n{}",
        table(
            &["word in common", "", "share of the score"],
            &[false, false, true],
            rows.collect()
        )
    );
    terminal::print(&text)
}

fn export_documents(flags: &ExportFlags, json: bool, progress: &Progress) -> Result<()> {
    let name = flags
        .output
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let format = ExportFormat::from_name(&name)?;
    free(&flags.output, flags.overwrite, "--output")?;
    let library = open(&flags.ask.library, progress)?;
    let records: Vec<Record> = if flags.search {
        let options = SearchOptions::default().with_limit(flags.limit as usize);
        let found = library
            .search(&flags.ask.question, &options)
            .map_err(Error::from)?;
        warn_of(&found.notes, json);
        found.hits.into_iter().map(|hit| hit.record).collect()
    } else {
        let question = read_question(&flags.ask.question, &library)?;
        let options = asked(&flags.ask, flags.limit, json)?;
        let done = recommender(&library, &flags.ask)?
            .recommend(&question, &options)
            .map_err(Error::from)?;
        warn_of(&done.notes, json);
        done.items.into_iter().map(|item| item.record).collect()
    };
    if records.is_empty() {
        // An answer, as it is one of `recommend` and `search`.
        progress.end();
        let warning = Warning::new("elsi.nothing-found", "nothing was found, and no file was written");
        let hint = if flags.search {
            "look at it with `counterpoise elsi search`"
        } else {
            "take a filter away, or add `--never-abstain`"
        };
        terminal::warn(&[warning.with_hint(hint)], json);
        if json {
            return print_json(&serde_json::json!({"documents": 0, "output": null}));
        }
        return Ok(());
    }
    let mut bytes = Vec::new();
    export(&records, format, &mut bytes)?;
    write_bytes(&bytes, &flags.output)?;
    progress.end();
    if json {
        return print_json(&serde_json::json!({"documents": records.len(), "output": flags.output}));
    }
    terminal::print(&format!(
        "wrote {} to {}\n",
        counted(records.len(), "document"),
        flags.output.display()
    ))
}

/// Tells of every pause in a line, since bars are drawn on terminals only.
struct Waits<'a> {
    progress: &'a Progress,
    /// The pause that was told last.
    told: Mutex<String>,
}

impl Observer for Waits<'_> {
    fn observe(&self, event: &Event<'_>) -> ControlFlow<()> {
        if let Event::Progress { task, total, .. } = event
            && task.starts_with(FETCH_WAITS)
            && let Ok(mut told) = self.told.lock()
            && *told != *task
        {
            (*task).clone_into(&mut told);
            self.progress.say(&format!("{task}; next try in {total} s"));
        }
        self.progress.observe(event)
    }
}

fn fetch_records(flags: &FetchFlags, json: bool, progress: &Progress) -> Result<()> {
    let options = flags.options()?;
    let mut folder = FetchFolder::open(&flags.output).map_err(Error::from)?;
    let waits = Waits {
        progress,
        told: Mutex::default(),
    };
    let done = fetch(&options, &mut folder, &waits).map_err(Error::from)?;
    progress.end();
    if json {
        return print_json(&serde_json::json!({
            "source": done.source.name(), "pages": done.pages, "new_pages": done.new_pages, "documents": done.documents,
            "total": done.total, "finished": done.finished, "notes": done.notes, "output": flags.output,
        }));
    }
    let mut text = String::new();
    for note in &done.notes {
        let _ = writeln!(text, "note: {note}");
    }
    let of = done.total.map_or(String::new(), |total| format!(" of {total}"));
    let _ = writeln!(
        text,
        "{}{of} from {} in {}, {} of them new, in `{}`",
        counted(done.documents as usize, "record"),
        done.source.title(),
        counted(done.pages as usize, "page"),
        done.new_pages,
        flags.output.display()
    );
    let _ = writeln!(
        text,
        "next: counterpoise elsi ingest {} --library my-library",
        flags.output.display()
    );
    terminal::print(&text)
}

fn distill(flags: &DistillFlags, json: bool, progress: &Progress) -> Result<()> {
    let library = match &flags.library.library {
        Some(folder) => Some(Library::open(folder).map_err(Error::from)?),
        None => None,
    };
    let accepted = if flags.any_weights {
        AcceptedWeights::Any
    } else {
        AcceptedWeights::Checked
    };
    let mut options = DistillOptions::default().with_weights(accepted);
    options.dims = usize::from(flags.dims);
    let made = distill_table(&flags.network, library.as_ref(), &flags.output, options, progress)?;
    progress.end();
    if json {
        return print_json(&made);
    }
    terminal::print(&format!(
        "wrote {} of {} numbers, made with {}, to {}\nnext: counterpoise elsi index --library my-library --rebuild --dense table:{}\n",
        counted(made.words, "word"),
        made.dims,
        counted(made.texts, "text"),
        flags.output.display(),
        flags.output.display()
    ))
}

fn learn(flags: &LearnFlags, json: bool, progress: &Progress) -> Result<()> {
    let library = open(&flags.library, progress)?;
    let mut options = LearnElsi::default();
    options.judgements.clone_from(&flags.judgements);
    options.balance.clone_from(&flags.balance);
    options.seed = flags.seed;
    options.c = flags.c;
    let learnt = learn_elsi(&library, &options, progress)?;
    if let Some(path) = &flags.output {
        write_text(
            &format!("{}\n", serde_json::to_string_pretty(&learnt.coefficients)?),
            path,
        )?;
    }
    progress.end();
    terminal::warn(&learnt.warnings, json);
    if json {
        return print_json(&learnt);
    }
    let mut headers = vec!["rarity treated by"];
    headers.extend(learnt.measures.iter().map(|name| name.trim_end_matches(":elsi")));
    let rows = learnt.compared.iter().map(|balanced| {
        let mut row = vec![balanced.balance.clone()];
        row.extend(
            balanced
                .values
                .iter()
                .map(|value| value.map_or("-".into(), |value| format!("{value:.3}"))),
        );
        row
    });
    let numeric: Vec<bool> = (0..headers.len()).map(|place| place > 0).collect();
    let mut text = format!(
        "{}, {} of them on ethics, law and society; 5 folds, balanced and calibrated inside of them\n\n{}",
        counted(learnt.documents, "judged document"),
        learnt.elsi,
        table(&headers, &numeric, rows.collect())
    );
    let _ = write!(text, "\n{}", aspects_learnt(&learnt));
    if let Some(path) = &flags.output {
        let _ = writeln!(
            text,
            "\nwrote {} (rarity treated by: {})",
            path.display(),
            flags.balance
        );
    }
    terminal::print(&text)
}

/// How well each aspect is told, and by what.
fn aspects_learnt(learnt: &LearntElsi) -> String {
    let shown = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.3}"));
    let row = |name: String, measured: &AspectMeasures| {
        vec![
            name,
            measured.judged.to_string(),
            shown(measured.average_precision_lexicon),
            shown(measured.average_precision_both),
            shown(measured.f1_lexicon),
            shown(measured.f1_both),
        ]
    };
    let mut rows = Vec::new();
    for model in &learnt.coefficients.aspect_models {
        let by = if model.regression.is_some() { "" } else { " *" };
        rows.push(row(format!("{}{by}", model.measured.aspect), &model.measured));
    }
    let mean = &learnt.aspects_mean;
    rows.push(row(mean.aspect.clone(), mean));
    format!(
        "{}* cues of the lexicon alone decide: too few documents were judged to be about it, or the classifier was no better\n",
        table(
            &[
                "aspect",
                "judged",
                "AP lexicon",
                "AP both",
                "F1 lexicon",
                "F1 both"
            ],
            &[false, true, true, true, true, true],
            rows
        )
    )
}

fn aspects(save: Option<&Path>, overwrite: bool, json: bool) -> Result<()> {
    if let Some(path) = save {
        free(path, overwrite, "--save")?;
        write_text(Lexicon::bundled_text(), path)?;
    }
    let lexicon = Lexicon::bundled();
    if json {
        let list: Vec<_> = lexicon
            .aspects()
            .iter()
            .map(|aspect| serde_json::json!({"name": aspect.name, "title": aspect.title, "about": aspect.about, "mesh": aspect.mesh}))
            .collect();
        if let Some(path) = save {
            eprintln!(
                "{}",
                serde_json::json!({"event": "wrote", "what": "lexicon", "path": path})
            );
        }
        return print_json(&list);
    }
    let rows = lexicon
        .aspects()
        .iter()
        .map(|aspect| vec![aspect.name.clone(), aspect.title.clone(), aspect.about.clone()]);
    let mut text = table(&["aspect", "", "what it is"], &[false; 3], rows.collect());
    if let Some(path) = save {
        let _ = writeln!(
            text,
            "\nwrote the lexicon behind them to {}; `counterpoise elsi index --library my-library --rebuild --lexicon {}` uses it",
            path.display(),
            path.display()
        );
    }
    terminal::print(&text)
}
