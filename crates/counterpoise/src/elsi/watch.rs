use std::fmt::Write as _;
use std::path::Path;

use counterpoise_base::counted;
use counterpoise_recommend::{
    Error as RecommendError, Library, Question, RecommendOptions, Recommendation, Recommender,
};
use serde::{Deserialize, Serialize};

use crate::{Error, write_text};

/// Questions that are asked again and again of a library that grows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watches {
    /// Form of the file.
    format: u32,
    watches: Vec<Watch>,
}

/// A question that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// Its name.
    pub name: String,
    /// Title of what was asked with.
    pub title: String,
    /// Text of what was asked with.
    pub text: String,
    /// More technical words.
    #[serde(default)]
    pub technical: Vec<String>,
    /// More bridge words.
    #[serde(default)]
    pub bridge: Vec<String>,
    /// What it cites.
    #[serde(default)]
    pub references: Vec<String>,
    /// Its own ids.
    #[serde(default)]
    pub own: Vec<String>,
    /// Documents that the library held when it was asked last.
    pub seen: u32,
    /// Which library that was: its folder, or [`BUNDLED`](Watches::BUNDLED). Absent in files of older versions, which fit any.
    #[serde(default)]
    pub library: Option<String>,
}

/// What is new for a question.
#[derive(Debug, Clone, Serialize)]
pub struct News {
    /// Name of the question.
    pub name: String,
    /// Documents that came to the library since it was asked last.
    pub came: u32,
    /// How many of them fit.
    pub fit: usize,
    /// Those of them that fit, best first, as many as were asked for.
    pub items: Vec<Recommendation>,
}

impl Watch {
    /// Whether this library is asked: its folder, or [`BUNDLED`](Watches::BUNDLED).
    pub fn is_of(&self, library: &str) -> bool {
        self.library.as_deref().is_none_or(|known| known == library)
    }
}

/// What stands in the place of a title that nobody gave.
const NO_TITLE: &str = "[no title]";

const FORMAT: u32 = 1;
/// Documents that are looked through for one question.
const MOST: usize = 1000;

impl Watches {
    /// Reads a file; an empty list if there is none.
    ///
    /// # Errors
    ///
    /// If it is malformed.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self {
                    format: FORMAT,
                    watches: Vec::new(),
                });
            }
            Err(source) => return Err(super::ingest::cannot_read(path, source)),
        };
        let malformed = |problem: String| RecommendError::Malformed {
            file: path.display().to_string(),
            place: "questions".into(),
            problem,
            hint: Some("name another file; `counterpoise elsi watch` makes it".into()),
        };
        let read: Self = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        if read.format != FORMAT {
            return Err(malformed(format!("format {} instead of {FORMAT}", read.format)).into());
        }
        Ok(read)
    }

    /// Writes them.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        write_text(&format!("{text}\n"), path)
    }

    /// The questions.
    pub fn list(&self) -> &[Watch] {
        &self.watches
    }

    /// What stands in the place of a folder for the documents that come with the program.
    pub const BUNDLED: &'static str = "bundled";

    /// Keeps a question under a name. What the library holds now is not new to it. `of` is the folder of the library, or
    /// [`BUNDLED`](Self::BUNDLED).
    ///
    /// # Errors
    ///
    /// If the name is empty, or another question has it.
    pub fn keep(&mut self, name: &str, question: Question, library: &Library, of: &str) -> Result<(), Error> {
        let wrong = |problem: &str, hint: &str| Error::Config {
            place: format!("`{name}`"),
            problem: problem.into(),
            hint: Some(hint.into()),
        };
        if name.trim().is_empty() {
            return Err(wrong("a question needs a name", "write a word before the text"));
        }
        if self.watches.iter().any(|watch| watch.name == name) {
            return Err(wrong(
                "another question has this name",
                "take another name, or add `--replace` to forget that one",
            ));
        }
        self.watches.push(Watch {
            name: name.into(),
            title: question.title,
            text: question.text,
            technical: question.technical,
            bridge: question.bridge,
            references: question.references,
            own: question.own,
            seen: library.len() as u32,
            library: Some(of.into()),
        });
        Ok(())
    }

    /// Questions that another library was asked than this one.
    pub fn of_others<'a>(&'a self, of: &'a str) -> impl Iterator<Item = &'a Watch> {
        self.watches.iter().filter(move |watch| !watch.is_of(of))
    }

    /// Forgets a question. `false` if there was none of the name.
    pub fn forget(&mut self, name: &str) -> bool {
        let before = self.watches.len();
        self.watches.retain(|watch| watch.name != name);
        self.watches.len() < before
    }

    /// Asks every question of the library `of` what came to it since it was asked last, and takes note that it was. Questions of
    /// other libraries, which number other documents, are passed over.
    ///
    /// # Errors
    ///
    /// Those of [`Recommender::recommend`].
    pub fn ask(
        &mut self,
        library: &Library,
        of: &str,
        options: &RecommendOptions,
    ) -> Result<Vec<News>, Error> {
        let recommender = Recommender::new(library);
        let now = library.len() as u32;
        let mut news = Vec::new();
        for watch in self.watches.iter_mut().filter(|watch| watch.is_of(of)) {
            let mut question = Question::default();
            question.title.clone_from(&watch.title);
            question.text.clone_from(&watch.text);
            question.technical.clone_from(&watch.technical);
            question.bridge.clone_from(&watch.bridge);
            question.references.clone_from(&watch.references);
            question.own.clone_from(&watch.own);
            question.name.clone_from(&watch.name);
            // A library that was made anew is all new.
            let seen = if watch.seen > now { 0 } else { watch.seen };
            let mut options = options.clone();
            options.filter.from_number = seen;
            let limit = options.limit;
            options.limit = MOST;
            // Each has to fit by itself: the best of a handful of new ones may be far.
            options.least_field = f64::INFINITY;
            let mut items = if seen == now {
                Vec::new()
            } else {
                recommender.recommend(&question, &options)?.items
            };
            let fit = items.len();
            items.truncate(limit);
            news.push(News {
                name: watch.name.clone(),
                came: now - seen,
                fit,
                items,
            });
            watch.library = Some(of.into());
            // What was not shown is not known: it stays new.
            if fit <= limit {
                watch.seen = now;
            }
        }
        Ok(news)
    }
}

/// News as Markdown.
pub fn digest(news: &[News], when: &str) -> String {
    let mut text = format!("# New on the ethics of your work, {when}\n");
    for part in news {
        let _ = write!(text, "\n## {}\n\n", part.name);
        if part.items.is_empty() {
            let came = counted(part.came as usize, "new document");
            let _ = writeln!(text, "Nothing that fits among {came}.");
        }
        for item in &part.items {
            let record = &item.record;
            let link = record
                .ids
                .doi
                .as_ref()
                .map(|doi| format!("https://doi.org/{doi}"));
            let title = match record.title.replace(['[', ']'], "") {
                title if title.trim().is_empty() => NO_TITLE.into(),
                title => title,
            };
            let year = record.year.map_or(String::new(), |year| format!(", {year}"));
            let venue = record
                .venue
                .as_ref()
                .map_or(String::new(), |venue| format!(", {venue}"));
            match link {
                Some(link) => _ = writeln!(text, "- [{title}]({link}){venue}{year}"),
                None => _ = writeln!(text, "- {title}{venue}{year}"),
            }
            let words: Vec<&str> = item
                .reasons
                .words
                .iter()
                .take(5)
                .map(|share| share.word.as_str())
                .collect();
            if !words.is_empty() {
                let _ = writeln!(text, "  - in common: {}", words.join(", "));
            }
            for reason in item
                .reasons
                .aspects
                .iter()
                .filter(|reason| reason.why.is_some())
                .take(2)
            {
                let _ = writeln!(
                    text,
                    "  - {}: your work {}",
                    reason.title,
                    reason.why.as_deref().unwrap_or_default()
                );
            }
        }
    }
    text
}

/// News as an Atom feed (RFC 4287). `when` is the time of the feed, `2026-11-27T12:00:00Z`.
pub fn atom(news: &[News], when: &str) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n",
    );
    let _ = writeln!(
        text,
        "  <title>New on the ethics of your work</title>\n  <id>urn:counterpoise:elsi:watch</id>\n  <updated>{when}</updated>\n  <author><name>counterpoise elsi watch</name></author>"
    );
    for part in news {
        for item in &part.items {
            let id = item.record.id();
            let link = item.record.ids.doi.as_ref().map_or(String::new(), |doi| {
                format!("    <link href=\"https://doi.org/{}\"/>\n", escaped(doi))
            });
            let words: Vec<&str> = item
                .reasons
                .words
                .iter()
                .take(5)
                .map(|share| share.word.as_str())
                .collect();
            let _ = writeln!(
                text,
                "  <entry>\n    <title>{}</title>\n    <id>urn:counterpoise:elsi:{}</id>\n    <updated>{when}</updated>\n    <category term=\"{}\"/>\n{link}    <summary>{}</summary>\n  </entry>",
                escaped(match &item.record.title {
                    title if title.is_empty() => NO_TITLE,
                    title => title,
                }),
                escaped(&id),
                escaped(&part.name),
                escaped(&format!("For {}; in common: {}", part.name, words.join(", ")))
            );
        }
    }
    text.push_str("</feed>\n");
    text
}

/// Text inside of XML, without what XML cannot hold.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            sign if sign.is_control() && !matches!(sign, '\n' | '\t') => escaped.push(' '),
            sign => escaped.push(sign),
        }
    }
    escaped
}
