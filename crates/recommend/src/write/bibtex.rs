//! BibTeX.

use std::collections::HashSet;
use std::io::{self, Write};

use unicode_normalization::UnicodeNormalization;

use super::RETRACTED;
use crate::read::text::{tidy, tidy_lines};
use crate::{Author, Kind, Record};

/// Writes records as BibTeX, in UTF-8, with the signs that TeX knows otherwise written as commands.
///
/// The format holds ids, title, abstract, year, venue, authors, kind (as `type`), language, keywords and whether it was retracted (as a
/// note). What has a journal and no known kind is an `article` of type `unknown`, since styles print no journal of others.
/// A keyword that holds `;` becomes two when it is read. It does not hold subject headings, references, licence and open access.
///
/// Keys are local ids where BibTeX can hold them, else family name, year and the first long word of the title. A key that was there
/// already gets a number, so each is unique, and the same list gives the same keys.
pub fn write_bibtex<'r>(
    out: &mut dyn Write,
    records: impl IntoIterator<Item = &'r Record>,
) -> io::Result<()> {
    let mut keys = HashSet::new();
    for record in records {
        let wanted = key(record);
        let mut key = wanted.clone();
        let mut number = 2;
        // Some programs do not tell keys by case.
        while !keys.insert(key.to_lowercase()) {
            key = format!("{wanted}-{number}");
            number += 1;
        }
        write_one(out, &key, record)?;
    }
    Ok(())
}

fn write_one(out: &mut dyn Write, key: &str, record: &Record) -> io::Result<()> {
    let (entry, precise) = entry(record);
    writeln!(out, "@{entry}{{{key},")?;
    let names: Vec<String> = record.authors.iter().map(name).collect();
    // Two braces keep capitals: `CRISPR`.
    let title = escape(&tidy(&record.title));
    if !title.is_empty() {
        field(out, "title", &format!("{{{title}}}"))?;
    }
    field(out, "author", &names.join(" and "))?;
    let venue = match record.kind {
        Kind::Article | Kind::Review | Kind::Editorial | Kind::Letter | Kind::Unknown | Kind::Other => {
            "journal"
        }
        Kind::Conference | Kind::Chapter => "booktitle",
        Kind::Thesis => "school",
        Kind::Report => "institution",
        _ => "publisher",
    };
    field(
        out,
        venue,
        &escape(&tidy(record.venue.as_deref().unwrap_or_default())),
    )?;
    if let Some(year) = record.year {
        field(out, "year", &year.to_string())?;
    }
    if precise {
        field(out, "type", record.kind.name())?;
    }
    let ids = &record.ids;
    for (name, id) in [
        ("doi", &ids.doi),
        ("pmid", &ids.pmid),
        ("pmcid", &ids.pmcid),
        ("openalex", &ids.openalex),
    ] {
        field(out, name, &verbatim(id.as_deref().unwrap_or_default()))?;
    }
    field(out, "langid", record.language.as_deref().unwrap_or_default())?;
    let mut keywords = record
        .keywords
        .iter()
        .map(|word| escape(&tidy(word)))
        .collect::<Vec<_>>()
        .join("; ");
    if record.keywords.len() == 1 {
        keywords.push(';');
    }
    field(out, "keywords", &keywords)?;
    if record.retracted {
        field(out, "note", RETRACTED)?;
    }
    // A blank line is a new paragraph in TeX.
    let lines: Vec<String> = tidy_lines(&record.abstract_text).lines().map(escape).collect();
    field(out, "abstract", &lines.join("\n\n"))?;
    writeln!(out, "}}\n")
}

fn field(out: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    if value.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {name} = {{{value}}},")
}

/// The kind of entry, and whether our kind must be said once more.
fn entry(record: &Record) -> (&'static str, bool) {
    match record.kind {
        // Styles print no journal of a `misc`.
        Kind::Unknown if record.venue.is_some() => ("article", true),
        Kind::Unknown => ("misc", false),
        Kind::Article => ("article", false),
        Kind::Review | Kind::Editorial | Kind::Letter => ("article", true),
        Kind::Conference => ("inproceedings", false),
        Kind::Book => ("book", false),
        Kind::Chapter => ("incollection", false),
        Kind::Report => ("techreport", false),
        Kind::Thesis => ("phdthesis", false),
        Kind::Preprint | Kind::Dataset | Kind::Legal | Kind::Other => ("misc", true),
    }
}

/// Text so that TeX prints it as it is. No brace, quotation mark or ligature of TeX is left in it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut before = '\0';
    for sign in text.chars() {
        match sign {
            '\\' => out.push_str("\\textbackslash{}"),
            // Escaped braces still count for BibTeX, and must have partners there.
            '{' => out.push_str("\\textbraceleft{}"),
            '}' => out.push_str("\\textbraceright{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '"' => out.push_str("\\textquotedbl{}"),
            '&' | '%' | '$' | '#' | '_' => {
                out.push('\\');
                out.push(sign);
            }
            '-' | '`' | '\'' if before == sign => {
                out.push_str("{}");
                out.push(sign);
            }
            _ => out.push(sign),
        }
        before = sign;
    }
    out
}

/// An id, which TeX does not read.
fn verbatim(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for sign in id.chars() {
        match sign {
            '%' => out.push_str("%25"),
            '{' => out.push_str("%7B"),
            '}' => out.push_str("%7D"),
            '\\' => out.push_str("%5C"),
            _ => out.push(sign),
        }
    }
    out
}

/// A name so that BibTeX takes it apart as we did.
fn name(author: &Author) -> String {
    let part = |text: &str| {
        let clean = escape(&tidy(text));
        let splits = clean.contains(',')
            || clean
                .split_whitespace()
                .any(|word| word.eq_ignore_ascii_case("and"));
        if splits { format!("{{{clean}}}") } else { clean }
    };
    if author.given.is_empty() {
        format!("{{{}}}", escape(&tidy(&author.family)))
    } else {
        format!("{}, {}", part(&author.family), part(&author.given))
    }
}

fn key(record: &Record) -> String {
    let fits = |text: &str| {
        !text.is_empty()
            && text.len() <= 100
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_:./+".contains(&byte))
    };
    if let Some(local) = record.ids.local.as_deref().filter(|local| fits(local)) {
        return local.to_owned();
    }
    let plain = |text: &str| -> String {
        text.nfkd()
            .filter(char::is_ascii_alphanumeric)
            .take(30)
            .collect::<String>()
            .to_ascii_lowercase()
    };
    let family = record
        .authors
        .first()
        .map(|author| plain(&author.family))
        .unwrap_or_default();
    let word = record
        .title
        .split(|sign: char| !sign.is_alphanumeric())
        .map(plain)
        .find(|word| word.len() > 3)
        .unwrap_or_default();
    let year = record.year.map(|year| year.to_string()).unwrap_or_default();
    let key = format!("{family}{year}{word}");
    if !key.is_empty() {
        return key;
    }
    let id: String = record.ids.all().next().unwrap_or_default();
    if fits(&id) { id } else { "record".to_owned() }
}
