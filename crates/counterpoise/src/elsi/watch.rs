use std::fmt::Write as _;
use std::path::Path;

use counterpoise_base::counted;
use counterpoise_recommend::{
    Error as RecommendError, Library, Question, RecommendOptions, Recommendation, Recommender,
};
use serde::{Deserialize, Serialize};

use super::lock::FileLock;
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

    /// Whether both ask the same, whatever was told already.
    fn asks_like(&self, other: &Self) -> bool {
        let asked = |watch: &Self| Self {
            seen: 0,
            library: None,
            ..watch.clone()
        };
        asked(self) == asked(other)
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

    /// Reads a file, changes what it holds and writes it, while nobody else does. A change that fails leaves the file as it is.
    ///
    /// # Errors
    ///
    /// That of the change, and if the file is malformed or cannot be written.
    pub fn change<T>(path: &Path, change: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        let _lock = FileLock::take(path)?;
        let mut watches = Self::read(path)?;
        let done = change(&mut watches)?;
        let text = serde_json::to_string_pretty(&watches).unwrap_or_default();
        write_text(&format!("{text}\n"), path)?;
        Ok(done)
    }

    /// The questions.
    pub fn list(&self) -> &[Watch] {
        &self.watches
    }

    /// What stands in the place of a folder for the documents that come with the program.
    pub const BUNDLED: &'static str = "bundled";

    /// Fails if no question can be kept under a name.
    ///
    /// # Errors
    ///
    /// If the name is empty, or another question has it.
    pub fn can_keep(&self, name: &str) -> Result<(), Error> {
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
        Ok(())
    }

    /// Keeps a question under a name. What the library holds now is not new to it. `of` is the folder of the library, or
    /// [`BUNDLED`](Self::BUNDLED).
    ///
    /// # Errors
    ///
    /// If the name is [not free](Self::can_keep).
    pub fn keep(&mut self, name: &str, question: Question, library: &Library, of: &str) -> Result<(), Error> {
        self.can_keep(name)?;
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

    /// Asks every question of the library `of` what came to it since it was asked last. Questions of other libraries, which number
    /// other documents, are passed over.
    ///
    /// # Errors
    ///
    /// Those of [`Recommender::recommend`].
    pub fn ask(&self, library: &Library, of: &str, options: &RecommendOptions) -> Result<Vec<News>, Error> {
        let recommender = Recommender::new(library);
        let now = library.len() as u32;
        let mut news = Vec::new();
        for watch in self.watches.iter().filter(|watch| watch.is_of(of)) {
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
        }
        Ok(news)
    }

    /// Takes note that the news of `asked` were told. Questions that were forgotten, or replaced, since they were asked stay so.
    pub fn told(&mut self, asked: &Self, news: &[News], library: &Library, of: &str) {
        let now = library.len() as u32;
        for part in news {
            let Some(asked) = asked.watches.iter().find(|watch| watch.name == part.name) else {
                continue;
            };
            let there = self.watches.iter_mut();
            for watch in there.filter(|watch| watch.is_of(of) && watch.asks_like(asked)) {
                watch.library = Some(of.into());
                // What was not shown is not known: it stays new.
                if part.fit > part.items.len() {
                    continue;
                }
                watch.seen = if watch.seen == asked.seen {
                    now
                } else {
                    // Somebody else asked meanwhile, of a library that may have been larger then.
                    watch.seen.max(now)
                };
            }
        }
    }
}

/// What every digest begins with.
const HEADING: &str = "# New on the ethics of your work, ";

/// News as Markdown, under one heading with a time.
pub fn digest(news: &[News], when: &str) -> String {
    let mut text = format!("{HEADING}{when}\n");
    for part in news {
        let _ = write!(text, "\n## {}\n\n", plain(&part.name));
        if part.items.is_empty() {
            let came = counted(part.came as usize, "new document");
            let _ = writeln!(text, "Nothing that fits among {came}.");
        }
        for item in &part.items {
            let record = &item.record;
            let title = match plain(&record.title) {
                title if title.is_empty() => plain(NO_TITLE),
                title => title,
            };
            let year = record.year.map_or(String::new(), |year| format!(", {year}"));
            let venue = record
                .venue
                .as_ref()
                .map_or(String::new(), |venue| format!(", {}", plain(venue)));
            match &record.ids.doi {
                Some(doi) => _ = writeln!(text, "- [{title}]({}){venue}{year}", link(doi)),
                None => _ = writeln!(text, "- {title}{venue}{year}"),
            }
            let words = in_common(item);
            if !words.is_empty() {
                let _ = writeln!(text, "  - in common: {}", plain(&words.join(", ")));
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
                    plain(&reason.title),
                    plain(reason.why.as_deref().unwrap_or_default())
                );
            }
        }
        if part.fit > part.items.len() {
            let _ = writeln!(
                text,
                "\nThe first {} of {} are listed, and all stay new.",
                part.items.len(),
                part.fit
            );
        }
    }
    text
}

/// Writes a digest above what an earlier run wrote into the same file. `false` if nothing is new, and the file stays as it is.
///
/// # Errors
///
/// If the file cannot be read or written.
pub fn write_digest(news: &[News], when: &str, path: &Path) -> Result<bool, Error> {
    // What is no file, such as a terminal, keeps nothing.
    if !path.is_file() {
        write_text(&digest(news, when), path)?;
        return Ok(true);
    }
    if news.iter().all(|part| part.items.is_empty()) {
        return Ok(false);
    }
    let there = std::fs::read_to_string(path).map_err(|source| super::ingest::cannot_read(path, source))?;
    write_text(&above(&digest(news, when), &there), path)?;
    Ok(true)
}

/// A digest above others. If its news stand on top already, because they stayed new, they get the new time.
fn above(new: &str, there: &str) -> String {
    let below_heading = |text: &str| text.split_once('\n').map(|(_, rest)| rest.to_owned());
    let rest = below_heading(there).filter(|rest| {
        there.starts_with(HEADING) && below_heading(new).is_some_and(|news| rest.starts_with(&news))
    });
    match (rest, new.split_once('\n')) {
        (Some(rest), Some((heading, _))) => format!("{heading}\n{rest}"),
        _ if there.trim().is_empty() => new.into(),
        _ => format!("{new}\n{there}"),
    }
}

/// Words that a document shares with what was asked, each once: as a word of the text and as a bridge word it is still one.
fn in_common(item: &Recommendation) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    for share in &item.reasons.words {
        if !words.contains(&share.word.as_str()) {
            words.push(&share.word);
        }
    }
    words.truncate(5);
    words
}

/// Text in one line of Markdown that is read as text and nothing else, wherever HTML counts in it or not.
fn plain(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut plain = String::new();
    let after_digits = line.trim_start_matches(|sign: char| sign.is_ascii_digit());
    // What begins a heading, a list or a line below a heading.
    if line.starts_with(['#', '+', '-', '=']) {
        plain.push('\\');
    }
    for (place, sign) in line.char_indices() {
        match sign {
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '\\' | '*' | '_' | '`' | '[' | ']' | '~' | '|' | '$' => plain.extend(['\\', sign]),
            // A number and one of these begin a list too.
            '.' | ')' if place > 0 && place + after_digits.len() == line.len() => plain.extend(['\\', sign]),
            sign if sign.is_control() => plain.push(' '),
            sign => plain.push(sign),
        }
    }
    plain
}

/// Address of a DOI. Old ones hold brackets, which would end a link in Markdown.
fn link(doi: &str) -> String {
    let mut link = String::from("https://doi.org/");
    for byte in doi.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._/:;".contains(&byte) {
            link.push(byte.into());
        } else {
            let _ = write!(link, "%{byte:02X}");
        }
    }
    link
}

/// What every feed of ours holds.
const FEED: &str = "<id>urn:counterpoise:elsi:watch</id>";
const ENTRY: &str = "  <entry>\n";
const ENTRY_ENDS: &str = "  </entry>\n";
const FEED_ENDS: &str = "</feed>\n";
/// Entries that a feed keeps: what readers have not fetched yet.
const MOST_ENTRIES: usize = 200;

/// Writes news as an Atom feed, above the entries of earlier runs, of which the last 200 stay. A feed without news stays as it is.
///
/// # Errors
///
/// If the file is there and is no feed of ours, and if it cannot be read or written.
pub fn write_feed(news: &[News], when: &str, path: &Path) -> Result<(), Error> {
    let new = atom(news, when);
    // What is no file, such as a terminal, keeps nothing.
    if !path.is_file() {
        return write_text(&new, path);
    }
    let there = std::fs::read_to_string(path).map_err(|source| super::ingest::cannot_read(path, source))?;
    if !there.contains(FEED) && !there.trim().is_empty() {
        return Err(Error::Config {
            place: path.display().to_string(),
            problem: "a file is there already, and is no feed of `counterpoise elsi watch`".into(),
            hint: Some("name another file with `--atom`".into()),
        });
    }
    if !there.trim().is_empty() && news.iter().all(|part| part.items.is_empty()) {
        return Ok(());
    }
    write_text(&with_earlier(&new, &there), path)
}

/// A feed, with the entries of another one that it does not hold.
fn with_earlier(new: &str, there: &str) -> String {
    fn entries(feed: &str) -> impl Iterator<Item = &str> {
        let start = feed.find(ENTRY).unwrap_or(feed.len());
        let all = feed[start..].split_inclusive(ENTRY_ENDS);
        all.filter(|entry| entry.starts_with(ENTRY) && entry.ends_with(ENTRY_ENDS))
    }
    // The document, and the question that it is news for.
    let about = |entry: &str| {
        let lines = entry.lines().map(str::trim_start);
        let names = lines.filter(|line| line.starts_with("<id>") || line.starts_with("<category "));
        names.collect::<Vec<_>>().concat()
    };
    let known: Vec<String> = entries(new).map(about).collect();
    let earlier = entries(there).filter(|entry| !known.contains(&about(entry)));
    let mut text = new.trim_end_matches(FEED_ENDS).to_owned();
    text.extend(earlier.take(MOST_ENTRIES.saturating_sub(known.len())));
    text.push_str(FEED_ENDS);
    text
}

/// News as an Atom feed (RFC 4287). `when` is the time of the feed, `2026-11-27T12:00:00Z`.
pub fn atom(news: &[News], when: &str) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n",
    );
    let _ = writeln!(
        text,
        "  <title>New on the ethics of your work</title>\n  {FEED}\n  <updated>{when}</updated>\n  <author><name>counterpoise elsi watch</name></author>"
    );
    for part in news {
        for item in &part.items {
            let id = item.record.id();
            let address = item.record.ids.doi.as_ref().map_or(String::new(), |doi| {
                format!("    <link href=\"{}\"/>\n", link(doi))
            });
            let mut summary = format!("For {}", part.name);
            let words = in_common(item);
            if !words.is_empty() {
                let _ = write!(summary, "; in common: {}", words.join(", "));
            }
            let _ = writeln!(
                text,
                "  <entry>\n    <title>{}</title>\n    <id>urn:counterpoise:elsi:{}</id>\n    <updated>{when}</updated>\n    <category term=\"{}\"/>\n{address}    <summary>{}</summary>\n  </entry>",
                escaped(match &item.record.title {
                    title if title.is_empty() => NO_TITLE,
                    title => title,
                }),
                escaped(&id),
                escaped(&part.name),
                escaped(&summary)
            );
        }
    }
    text.push_str(FEED_ENDS);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_no_markup() {
        let check = |text: &str, wanted: &str| assert_eq!(plain(text), wanted);
        check("Gene drives: who decides?", "Gene drives: who decides?");
        check(
            "<b>CRISPR</b> & *law*",
            "&lt;b&gt;CRISPR&lt;/b&gt; &amp; \\*law\\*",
        );
        check("`GFP_1`\n[x](y)", "\\`GFP\\_1\\` \\[x\\](y)");
        check("# 1984", "\\# 1984");
        check("1984. On law. And more", "1984\\. On law. And more");
        check("- a", "\\- a");
        check(" ", "");
    }

    #[test]
    fn an_address_holds_no_brackets() {
        assert_eq!(link("10.5555/a.1"), "https://doi.org/10.5555/a.1");
        assert_eq!(
            link("10.1002/(sici)1<89::aid>3"),
            "https://doi.org/10.1002/%28sici%291%3C89::aid%3E3"
        );
    }

    #[test]
    fn news_stand_above_older_ones_and_the_same_ones_once() {
        let text = |when: &str, what: &str| format!("{HEADING}{when}\n\n## gut\n\n- {what}\n");
        let first = text("Monday", "a");
        let second = above(&text("Tuesday", "b"), &first);
        assert_eq!(second, format!("{}\n{first}", text("Tuesday", "b")));
        assert_eq!(
            above(&text("Friday", "b"), &second),
            format!("{}\n{first}", text("Friday", "b"))
        );
        assert_eq!(above(&first, "my notes\n"), format!("{first}\nmy notes\n"));
        assert_eq!(above(&first, ""), first);
    }

    fn watch(name: &str, text: &str, seen: u32) -> Watch {
        Watch {
            name: name.into(),
            title: String::new(),
            text: text.into(),
            technical: Vec::new(),
            bridge: Vec::new(),
            references: Vec::new(),
            own: Vec::new(),
            seen,
            library: None,
        }
    }

    #[test]
    fn only_the_same_question_was_asked() {
        assert!(watch("gut", "a", 1).asks_like(&watch("gut", "a", 2)));
        assert!(!watch("gut", "a", 1).asks_like(&watch("gut", "b", 1)));
        assert!(!watch("gut", "a", 1).asks_like(&watch("nose", "a", 1)));
    }
}
