//! `counterpoise elsi search`.

use std::ffi::OsString;
use std::fmt::Write as _;

use anyhow::Result;
use clap::Parser as _;
use clap::error::ErrorKind;
use counterpoise::elsi::{Found, Library, SearchOptions, Snippet};
use counterpoise::{Error, counted};

use crate::elsi::{about, open, print_json, titled};
use crate::elsi_flags::SearchFlags;
use crate::flags::Arguments;
use crate::progress::Progress;
use crate::terminal;

/// Parts of a query that are asked one by one at most.
const MOST_PARTS: usize = 16;

pub(crate) fn search(flags: &SearchFlags, json: bool, progress: &Progress) -> Result<()> {
    let library = open(&flags.library, progress)?;
    let options = SearchOptions::default()
        .with_limit(flags.limit as usize)
        .with_offset(flags.offset as usize);
    let mut found = library.search(&flags.query, &options).map_err(Error::from)?;
    if found.total == 0 {
        found.notes.extend(why_nothing(&library, &flags.query));
    }
    progress.end();
    if json {
        return print_json(&found);
    }
    terminal::print(&found_in_words(&found, flags))
}

fn found_in_words(found: &Found, flags: &SearchFlags) -> String {
    let mut text = format!("{}\n", counted(found.total, "document"));
    for note in &found.notes {
        let _ = writeln!(text, "note: {note}");
    }
    if found.total == 0 {
        let _ = writeln!(
            text,
            "\nAll words have to be found. Try OR between them, a beginning (`ethic*`), or a near spelling (`governence~`)."
        );
    }
    for (place, hit) in found.hits.iter().enumerate() {
        let _ = writeln!(
            text,
            "\n{:>3}. {}",
            place + 1 + flags.offset as usize,
            titled(&marked(&hit.title))
        );
        let _ = writeln!(text, "     {}", about(&hit.record));
        for snippet in &hit.snippets {
            let _ = writeln!(text, "{}", terminal::wrapped(&marked(snippet), "     ", 100));
        }
    }
    let facets = [
        ("year", &found.facets.year),
        ("type", &found.facets.kind),
        ("venue", &found.facets.venue),
        ("aspect", &found.facets.aspect),
        ("language", &found.facets.language),
        ("source", &found.facets.source),
    ];
    let mut counts = String::new();
    for (name, values) in facets {
        if !values.is_empty() {
            let values: Vec<String> = values
                .iter()
                .map(|facet| format!("{} {}", facet.value, facet.count))
                .collect();
            let _ = writeln!(
                counts,
                "{}",
                terminal::wrapped(&format!("{name}: {}", values.join(", ")), "  ", 110)
            );
        }
    }
    if found.total > 0 {
        let _ = writeln!(counts, "  on ethics, law and society: {}", found.facets.elsi);
        let _ = write!(text, "\nOf all {}:\n{counts}", counted(found.total, "document"));
    }
    text
}

/// Bold on a terminal, plain elsewhere.
fn marked(snippet: &Snippet) -> String {
    if !terminal::styled() {
        return snippet.text.clone();
    }
    let mut text = String::new();
    let mut at = 0;
    for mark in &snippet.marks {
        let _ = write!(
            text,
            "{}\x1b[1m{}\x1b[0m",
            &snippet.text[at..mark.start],
            &snippet.text[mark.clone()]
        );
        at = mark.end;
    }
    text.push_str(&snippet.text[at..]);
    text
}

/// Which part of a query finds nothing by itself, or that only all of them together find nothing.
fn why_nothing(library: &Library, query: &str) -> Option<String> {
    let parts = parts(query);
    if !(2..=MOST_PARTS).contains(&parts.len()) {
        return None;
    }
    let options = SearchOptions::default().with_limit(1).with_facets(0);
    let mut counts = Vec::new();
    for part in parts {
        let found = library.search(&part, &options).ok()?;
        counts.push((part, found.total));
    }
    let nothing: Vec<String> = counts
        .iter()
        .filter(|(_, count)| *count == 0)
        .map(|(part, _)| format!("`{part}`"))
        .collect();
    if !nothing.is_empty() {
        return Some(format!(
            "nothing is found for {} alone",
            nothing.join(", nor for ")
        ));
    }
    let each: Vec<String> = counts
        .iter()
        .map(|(part, count)| format!("`{part}` in {}", counted(*count, "document")))
        .collect();
    Some(format!("each is found, but not together: {}", each.join(", ")))
}

/// Parts of a query that all have to be found: words, tests, phrases and groups. Empty where `OR` stands between some.
fn parts(query: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut quoted) = (0_u32, false);
    for sign in query.chars() {
        match sign {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if sign.is_whitespace() && depth == 0 && !quoted {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(sign);
        }
    }
    let mut found: Vec<String> = Vec::new();
    let mut words = parts.into_iter().filter(|part| !part.is_empty());
    while let Some(word) = words.next() {
        match &*word {
            "OR" => return Vec::new(),
            "AND" => {}
            "NOT" => drop(words.next()),
            _ if word.starts_with('-') => {}
            // `E. coli` is one name.
            _ if found
                .last()
                .is_some_and(|last| last.trim_end_matches('.').chars().count() == 1) =>
            {
                if let Some(last) = found.last_mut() {
                    let _ = write!(last, " {word}");
                }
            }
            _ => found.push(word),
        }
    }
    found
}

/// What was typed, if it is a search whose query begins with `-`: what looked like a flag is the query then.
pub(crate) fn without_a_word(words: &[OsString], error: &clap::Error) -> Option<Arguments> {
    if !matches!(
        error.kind(),
        ErrorKind::UnknownArgument | ErrorKind::ValueValidation
    ) {
        return None;
    }
    let text: Vec<&str> = words
        .iter()
        .map(|word| word.to_str().unwrap_or_default())
        .collect();
    let elsi = text.iter().position(|word| *word == "elsi")?;
    let search = text[elsi..].iter().position(|word| *word == "search")?;
    if text.contains(&"--") {
        return None;
    }
    let like_a_flag = |word: &str| {
        let mut signs = word.chars();
        signs.next() == Some('-')
            && signs
                .next()
                .is_some_and(|sign| sign.is_alphabetic() || matches!(sign, '"' | '('))
            && signs.next().is_some()
    };
    // A flag that is one, such as `-n5`, leaves the query where it cannot be understood.
    (elsi + search + 1..text.len())
        .filter(|&place| like_a_flag(text[place]))
        .find_map(|place| {
            let mut again = words.to_vec();
            let query = again.remove(place);
            again.extend(["--".into(), query]);
            Arguments::try_parse_from(again).ok()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_taken_apart_where_all_has_to_be_found() {
        let check = |query: &str, wanted: &[&str]| assert_eq!(parts(query), wanted, "{query}");
        check("gene drive", &["gene", "drive"]);
        check(
            "gene AND \"side by side\" (a OR b)",
            &["gene", "\"side by side\"", "(a OR b)"],
        );
        check("gene NOT yeast -coli title:(a b)", &["gene", "title:(a b)"]);
        check("gene OR drive", &[]);
        check("E. coli ethics", &["E. coli", "ethics"]);
        check("", &[]);
    }
}
