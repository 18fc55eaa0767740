//! Records from the servers of Europe PMC, OpenAlex and PubMed, when a user asks for them and only then.
//!
//! This is one of the few modules that open files, and the only one that talks to another machine: pages are kept as the
//! servers send them, in a folder that says how to go on.

mod client;
mod date;
mod folder;
mod options;
mod pages;
mod presets;
mod sources;
#[cfg(test)]
mod tests;

use counterpoise_base::{Event, Observer};

pub use client::{Clock, SystemClock, WAITING};
pub use folder::{FetchFolder, FetchState, Page, PageSink, Place};
pub use options::{ApiKey, BaseUrls, FetchOptions, FetchQuery, Source};
pub use presets::Preset;

use crate::Error;
use client::Client;
use sources::{Asker, Step};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchSummary {
    /// Where from.
    pub source: Source,
    /// Pages in the folder.
    pub pages: u64,
    /// Pages of this call.
    pub new_pages: u64,
    /// Records in all pages. A record may be in two of them.
    pub documents: u64,
    /// Records that the server says there are.
    pub total: Option<u64>,
    /// Whether there are no more.
    pub finished: bool,
    /// What else to know, in sentences: phrases that the server does not know, DOIs that cannot be asked for.
    pub notes: Vec<String>,
}

/// Fetches what a query finds, page by page, from where the sink's state says.
///
/// Call it again to go on after an error; a finished sink asks the server for nothing.
///
/// # Errors
///
/// Without a contact e-mail; if the sink holds another query; if the server refuses, or does not answer well after
/// [`FetchOptions::tries`]; and [`Error::Stopped`] if the observer wants it. What came before is kept.
pub fn fetch(
    options: &FetchOptions,
    sink: &mut dyn PageSink,
    observer: &dyn Observer,
) -> Result<FetchSummary, Error> {
    fetch_with(options, sink, &SystemClock::default(), observer)
}

/// As [`fetch`], with a clock of the caller's.
pub fn fetch_with(
    options: &FetchOptions,
    sink: &mut dyn PageSink,
    clock: &dyn Clock,
    observer: &dyn Observer,
) -> Result<FetchSummary, Error> {
    let source = options.source;
    let email = options.checked_email()?;
    let (query, mut notes) = options.asked()?;
    let identity = query.identity();
    let mut state = match sink.state() {
        Some(state) if state.source == source && state.query == identity => state.clone(),
        Some(state) => {
            return Err(Error::OtherQuery {
                source_before: state.source.title(),
                query_before: shortened(&state.query),
                source_now: source.title(),
                query_now: shortened(&identity),
            });
        }
        None => FetchState::new(source, identity, query.first_place()),
    };
    let before = state.pages;
    let mut client = Client::new(options, email, clock, observer);
    let mut asker = Asker::new(options, email, &query);
    let enough = |state: &FetchState| options.most.is_some_and(|most| state.documents >= most);
    while !state.finished && !enough(&state) {
        let Step {
            page,
            documents,
            place,
            total,
        } = asker.step(&mut client, &state)?;
        state.total = total.or(state.total);
        state.finished = place.is_none();
        state.place = place.unwrap_or(state.place);
        if page.is_some() {
            state.pages += 1;
            state.documents = state.documents.saturating_add(documents);
        }
        let page = page.as_deref().map(|bytes| Page {
            number: state.pages,
            extension: source.extension(),
            bytes,
        });
        sink.put(page, &state)?;
        let event = Event::Progress {
            task: source.task(),
            done: state.documents,
            total: state.total.unwrap_or(0),
        };
        if observer.observe(&event).is_break() {
            return Err(Error::Stopped { task: source.task() });
        }
    }
    let finished = Event::Finished { task: source.task() };
    if observer.observe(&finished).is_break() {
        return Err(Error::Stopped { task: source.task() });
    }
    notes.extend(asker.notes());
    Ok(FetchSummary {
        source,
        pages: state.pages,
        new_pages: state.pages - before,
        documents: state.documents,
        total: state.total,
        finished: state.finished,
        notes,
    })
}

/// The start of a long query, for messages.
fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
