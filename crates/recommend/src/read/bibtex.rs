//! BibTeX and BibLaTeX.
//!
//! `biblatex` takes an entry apart; one entry is handed to it at a time, so that a broken one does not take the file with it.
//! Abbreviations and TeX are resolved here, without recursion: `@string{a = a # a}` would not end there.

use std::collections::HashMap;

use biblatex::{RawBibliography, RawChunk, RawEntry};

use super::draft::{Collector, Draft, shown};
use super::input::Input;
use super::text::plain;
use super::{names, words};
use crate::{Author, Error, Kind};

/// Bytes of one abbreviation, and of all of them.
const LONG_STRING: usize = 10_000;
const MANY_STRINGS: usize = 20_000;

pub(super) fn read(mut input: Input<'_>, out: &mut Collector<'_>) -> Result<(), Error> {
    let mut line = Vec::new();
    let mut entry = String::new();
    let mut begin = 0;
    // Braces that are open in the entry so far.
    let mut depth = 0;
    let mut strings = HashMap::new();
    let mut seen = false;
    loop {
        if entry.is_empty() {
            input.new_record();
        }
        let number = input.line;
        let more = input.next_line(&mut line)?;
        let text = input.text(number, &line)?;
        // An entry that is whole ends before any `@`; one that is not, before what can only be another.
        let starts = begins_entry(text) || (depth <= 0 && text.trim_start().starts_with('@'));
        if (starts || !more) && !entry.is_empty() {
            finish(&entry, begin, &mut strings, out)?;
            entry.clear();
            input.new_record();
        }
        if !more {
            break;
        }
        let text = input.text(number, &line)?;
        if starts {
            seen = true;
            begin = number;
            depth = 0;
        }
        if starts || !entry.is_empty() {
            depth += text.matches('{').count() as i64 - text.matches('}').count() as i64;
            // `@ article` is `@article` to BibTeX, but not to the parser.
            match text.trim_start().strip_prefix('@') {
                Some(rest) if starts => entry.extend(["@", rest.trim_start()]),
                _ => entry.push_str(text),
            }
            entry.push('\n');
        }
    }
    if !seen {
        return Err(input.malformed(
            1,
            "there is no entry such as `@article{…}` in it, so it is no BibTeX",
            Some("name its format with `--format`"),
        ));
    }
    Ok(())
}

/// `@article{key,` at the start of a line.
fn begins_entry(line: &str) -> bool {
    line.trim_start().strip_prefix('@').is_some_and(|rest| {
        let rest = rest.trim_start();
        let word = rest
            .find(|sign: char| !sign.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        word > 0 && rest[word..].trim_start().starts_with(['{', '('])
    })
}

fn finish(
    text: &str,
    line: u64,
    strings: &mut HashMap<String, String>,
    out: &mut Collector<'_>,
) -> Result<(), Error> {
    let word = text.trim_start()[1..]
        .split(['{', '('])
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if matches!(word.as_str(), "comment" | "preamble") {
        return Ok(());
    }
    let raw = match RawBibliography::parse(text) {
        Ok(raw) => raw,
        Err(error) => {
            let before = text.get(..error.span.start.min(text.len())).unwrap_or(text);
            let at = line + before.matches('\n').count() as u64;
            let place = out.place(line);
            let entry = shown(text.lines().next().unwrap_or_default());
            let what = if error.span.start >= text.trim_end().len() {
                format!(
                    "the entry `{entry}` has no end before line {at}: a `}}` or `\"` is missing; it was left out"
                )
            } else {
                format!("{} in line {at}; the entry `{entry}` was left out", error.kind)
            };
            out.leave_out(place, what);
            return Ok(());
        }
    };
    for pair in &raw.abbreviations {
        let value = resolve(&pair.value.v, strings, &mut Vec::new());
        if value.len() <= LONG_STRING && strings.len() < MANY_STRINGS {
            strings.insert(pair.key.v.to_ascii_lowercase(), value);
        } else {
            out.problem(
                format!("line {line}"),
                format!(
                    "the abbreviation `{}` is too long; it was left out",
                    shown(pair.key.v)
                ),
            );
        }
    }
    for entry in &raw.entries {
        let place = out.place(line);
        out.take(record(&entry.v, strings), place)?;
    }
    Ok(())
}

/// Names that every style knows.
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// The parts of a value in one text, with abbreviations in their place. Those that nothing defines are kept by name and listed.
fn resolve(
    field: &[biblatex::Spanned<RawChunk<'_>>],
    strings: &HashMap<String, String>,
    unknown: &mut Vec<String>,
) -> String {
    let mut out = String::new();
    for chunk in field {
        match chunk.v {
            RawChunk::Normal(text) => out.push_str(text),
            RawChunk::Abbreviation(name) => {
                if let Some(text) = strings.get(&name.to_ascii_lowercase()) {
                    out.push_str(text);
                } else {
                    out.push_str(name);
                    if !MONTHS.contains(&name.to_ascii_lowercase().as_str()) {
                        unknown.push(name.to_owned());
                    }
                }
            }
        }
    }
    out
}

fn record(entry: &RawEntry<'_>, strings: &HashMap<String, String>) -> Draft {
    let mut draft = Draft {
        // By `text` below.
        resolved: true,
        ..Draft::default()
    };
    let mut unknown = Vec::new();
    let mut fields: HashMap<String, String> = HashMap::new();
    for pair in &entry.fields {
        let value = resolve(&pair.value.v, strings, &mut unknown);
        fields.entry(pair.key.v.to_ascii_lowercase()).or_insert(value);
    }
    for name in unknown {
        draft.doubt(format!(
            "`{}` is no abbreviation that was defined before; it was taken as text",
            shown(&name)
        ));
    }
    let raw = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let text = |name: &str| plain(&tex(raw(name))).into_owned();
    let exact = |name: &str| verbatim(raw(name));
    draft.local(entry.key.v);
    draft.record.title = text("title");
    let subtitle = text("subtitle");
    if !subtitle.is_empty() && !draft.record.title.is_empty() {
        draft.record.title = format!("{}: {subtitle}", draft.record.title);
    }
    draft.record.abstract_text = text("abstract");
    draft.doi(&exact("doi"));
    draft.pmid(&exact("pmid"));
    draft.pmcid(&exact("pmcid"));
    draft.openalex(&exact("openalex"));
    draft.url(&exact("url"));
    if exact("eprinttype").eq_ignore_ascii_case("pubmed") {
        draft.pmid(&exact("eprint"));
    }
    draft.year(&text("year"));
    if draft.record.year.is_none() {
        draft.year(&text("date"));
    }
    for name in [
        "journal",
        "journaltitle",
        "booktitle",
        "publisher",
        "institution",
        "school",
        "howpublished",
    ] {
        draft.venue(&text(name));
    }
    people(
        &mut draft,
        if raw("author").is_empty() {
            raw("editor")
        } else {
            raw("author")
        },
    );
    let kind = entry.kind.v.to_ascii_lowercase();
    let archive = [exact("eprinttype"), exact("archiveprefix"), exact("publisher")]
        .concat()
        .to_lowercase();
    draft.record.kind = words::kind_of(&text("type"), &kind)
        .or_else(|| {
            ["arxiv", "biorxiv", "medrxiv"]
                .iter()
                .any(|name| archive.contains(name))
                .then_some(Kind::Preprint)
        })
        .unwrap_or_default();
    draft.record.language = words::language(&text("langid")).or_else(|| words::language(&text("language")));
    let list = text("keywords");
    let separator = if list.contains(';') { ';' } else { ',' };
    list.split(separator).for_each(|word| draft.keyword(word));
    draft.note(&text("note"));
    draft
}

/// Parts of a text at a separator that stands in no braces.
fn outside<'t>(text: &'t str, mut separates: impl FnMut(&'t str) -> Option<usize>) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut depth = 0_i32;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let sign = rest.chars().next().unwrap_or_default();
        match sign {
            '\\' => {
                at += 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth <= 0 => {
                if let Some(length) = separates(rest) {
                    parts.push(&text[start..at]);
                    at += length;
                    start = at;
                    continue;
                }
            }
            _ => {}
        }
        at += sign.len_utf8();
    }
    parts.push(&text[start..]);
    parts
}

fn people(draft: &mut Draft, raw: &str) {
    let and = |rest: &str| {
        let inner = rest.trim_start();
        let before = rest.len() - inner.len();
        let front = inner.get(..3).filter(|_| before > 0)?;
        let after = inner[3..].chars().next().is_some_and(char::is_whitespace);
        (front.eq_ignore_ascii_case("and") && after).then_some(before + 3)
    };
    for name in outside(raw, and) {
        let name = name.trim();
        if name.is_empty() || name.eq_ignore_ascii_case("others") {
            continue;
        }
        let parts: Vec<&str> = outside(name, |rest| rest.starts_with(',').then_some(1));
        let clean = |part: &str| tex(part).trim().to_owned();
        let author = match parts[..] {
            [family, given] => Author::new(clean(family), clean(given)),
            [family, suffix, given, ..] => Author::new(
                format!("{} {}", clean(family), clean(suffix)).trim(),
                clean(given),
            ),
            _ => {
                let words = outside(name, |rest| {
                    rest.starts_with(char::is_whitespace)
                        .then(|| rest.chars().next().map_or(1, char::len_utf8))
                });
                match words.iter().filter(|word| !word.is_empty()).count() {
                    1 => Author::new(clean(name), ""),
                    _ => match words.last() {
                        Some(family) if family.starts_with('{') => {
                            let given = name[..name.len() - family.len()].trim();
                            Author::new(clean(family), clean(given))
                        }
                        _ => names::one(&clean(name)),
                    },
                }
            }
        };
        draft.author(author);
    }
}

/// A value that TeX does not read: ids and links. Some programs escape signs there all the same, ours four of them.
fn verbatim(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut signs = raw.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '{' | '}' => {}
            '\\' if signs.peek().is_some_and(|next| "_&%#$~{}".contains(*next)) => out.extend(signs.next()),
            _ => out.push(sign),
        }
    }
    if out.contains('%') {
        for (code, sign) in [("%7B", "{"), ("%7D", "}"), ("%5C", "\\"), ("%25", "%")] {
            out = out.replace(code, sign);
        }
    }
    out.trim().to_owned()
}

/// The text that TeX would print. A blank line stays a new line.
fn tex(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut math = false;
    // A mark that waits for its letter: `\'{e}`.
    let mut mark: Option<char> = None;
    let mut rest = raw;
    while let Some(sign) = rest.chars().next() {
        let mut length = sign.len_utf8();
        match sign {
            '\\' => {
                let (meaning, used) = command(&rest[1..]);
                length += used;
                match meaning {
                    Meaning::Sign(sign) => put(&mut out, &mut mark, sign),
                    Meaning::Mark(combining) => mark = Some(combining),
                    Meaning::Nothing => {}
                    Meaning::Unknown(name) => {
                        out.push('\\');
                        out.push_str(name);
                    }
                }
            }
            '{' => {}
            '}' => {
                // `\'{}`: nothing to stand on.
                mark = None;
            }
            '$' => math = !math,
            '^' | '_' if math => {}
            '~' => put(&mut out, &mut mark, ' '),
            '-' if rest.starts_with("---") => {
                out.push('—');
                length = 3;
            }
            '-' if rest.starts_with("--") => {
                out.push('–');
                length = 2;
            }
            '`' if rest.starts_with("``") => {
                out.push('“');
                length = 2;
            }
            '\'' if rest.starts_with("''") => {
                out.push('”');
                length = 2;
            }
            _ if sign.is_whitespace() => {
                length = rest.len() - rest.trim_start().len();
                let blank_line = rest[..length].matches('\n').count() > 1;
                if mark.is_none() {
                    out.push(if blank_line { '\n' } else { ' ' });
                }
            }
            _ => put(&mut out, &mut mark, sign),
        }
        rest = &rest[length..];
    }
    out
}

fn put(out: &mut String, mark: &mut Option<char>, sign: char) {
    let Some(combining) = mark.take() else {
        out.push(sign);
        return;
    };
    let base = match sign {
        'ı' => 'i',
        'ȷ' => 'j',
        _ => sign,
    };
    match unicode_normalization::char::compose(base, combining) {
        Some(whole) => out.push(whole),
        None => out.extend([base, combining]),
    }
}

enum Meaning<'t> {
    Sign(char),
    Mark(char),
    Nothing,
    Unknown(&'t str),
}

/// What a command means, and how many bytes after the backslash it takes.
fn command(text: &str) -> (Meaning<'_>, usize) {
    let Some(first) = text.chars().next() else {
        return (Meaning::Sign('\\'), 0);
    };
    if !first.is_ascii_alphabetic() {
        let meaning = match first {
            '\'' => Meaning::Mark('\u{301}'),
            '`' => Meaning::Mark('\u{300}'),
            '^' => Meaning::Mark('\u{302}'),
            '"' => Meaning::Mark('\u{308}'),
            '~' => Meaning::Mark('\u{303}'),
            '=' => Meaning::Mark('\u{304}'),
            '.' => Meaning::Mark('\u{307}'),
            '-' | '/' | '(' | ')' | '!' => Meaning::Nothing,
            ',' | ';' | ':' | '\\' => Meaning::Sign(' '),
            _ if first.is_whitespace() => Meaning::Sign(' '),
            _ => Meaning::Sign(first),
        };
        return (meaning, first.len_utf8());
    }
    let end = text
        .find(|sign: char| !sign.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let name = &text[..end];
    // Spaces after a command are eaten, as is the empty group that protects them.
    let after = &text[end..];
    let used = match after.strip_prefix("{}") {
        Some(_) => end + 2,
        None => text.len() - after.trim_start_matches([' ', '\t']).len(),
    };
    if let Some(sign) = SIGNS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|&(_, sign)| sign)
    {
        return (Meaning::Sign(sign), used);
    }
    let meaning = match name {
        "u" => Meaning::Mark('\u{306}'),
        "v" => Meaning::Mark('\u{30c}'),
        "H" => Meaning::Mark('\u{30b}'),
        "c" => Meaning::Mark('\u{327}'),
        "d" => Meaning::Mark('\u{323}'),
        "b" => Meaning::Mark('\u{331}'),
        "k" => Meaning::Mark('\u{328}'),
        "r" => Meaning::Mark('\u{30a}'),
        "emph" | "textit" | "textbf" | "textrm" | "textsc" | "textsf" | "texttt" | "textup"
        | "textnormal" | "text" | "mathrm" | "mathit" | "mathbf" | "mathsf" | "it" | "bf" | "em" | "rm"
        | "sc" | "tt" | "sl" | "itshape" | "bfseries" | "ensuremath" | "textsubscript"
        | "textsuperscript" | "mbox" | "hbox" | "url" | "href" | "relax" | "protect" | "mkbibquote"
        | "mkbibemph" | "left" | "right" | "noopsort" => Meaning::Nothing,
        "newline" | "par" | "quad" | "space" => Meaning::Sign(' '),
        _ => Meaning::Unknown(name),
    };
    match meaning {
        Meaning::Unknown(_) => (meaning, end),
        _ => (meaning, used),
    }
}

/// Commands for one sign.
const SIGNS: [(&str, char); 81] = [
    ("textbackslash", '\\'),
    ("textbraceleft", '{'),
    ("textbraceright", '}'),
    ("textasciitilde", '~'),
    ("textasciicircum", '^'),
    ("textasciigrave", '`'),
    ("textquotesingle", '\''),
    ("textquotedbl", '"'),
    ("textless", '<'),
    ("textgreater", '>'),
    ("textbar", '|'),
    ("textunderscore", '_'),
    ("textdollar", '$'),
    ("textendash", '–'),
    ("textemdash", '—'),
    ("textquoteleft", '‘'),
    ("textquoteright", '’'),
    ("textquotedblleft", '“'),
    ("textquotedblright", '”'),
    ("textregistered", '®'),
    ("texttrademark", '™'),
    ("textdegree", '°'),
    ("textmu", 'µ'),
    ("ldots", '…'),
    ("dots", '…'),
    ("ss", 'ß'),
    ("ae", 'æ'),
    ("AE", 'Æ'),
    ("oe", 'œ'),
    ("OE", 'Œ'),
    ("o", 'ø'),
    ("O", 'Ø'),
    ("l", 'ł'),
    ("L", 'Ł'),
    ("aa", 'å'),
    ("AA", 'Å'),
    ("dh", 'ð'),
    ("DH", 'Ð'),
    ("dj", 'đ'),
    ("DJ", 'Đ'),
    ("th", 'þ'),
    ("TH", 'Þ'),
    ("i", 'ı'),
    ("j", 'ȷ'),
    ("alpha", 'α'),
    ("beta", 'β'),
    ("gamma", 'γ'),
    ("delta", 'δ'),
    ("epsilon", 'ε'),
    ("varepsilon", 'ε'),
    ("zeta", 'ζ'),
    ("eta", 'η'),
    ("theta", 'θ'),
    ("kappa", 'κ'),
    ("lambda", 'λ'),
    ("mu", 'μ'),
    ("nu", 'ν'),
    ("pi", 'π'),
    ("rho", 'ρ'),
    ("sigma", 'σ'),
    ("tau", 'τ'),
    ("phi", 'φ'),
    ("chi", 'χ'),
    ("psi", 'ψ'),
    ("omega", 'ω'),
    ("Gamma", 'Γ'),
    ("Delta", 'Δ'),
    ("Theta", 'Θ'),
    ("Lambda", 'Λ'),
    ("Sigma", 'Σ'),
    ("Phi", 'Φ'),
    ("Psi", 'Ψ'),
    ("Omega", 'Ω'),
    ("times", '×'),
    ("pm", '±'),
    ("leq", '≤'),
    ("geq", '≥'),
    ("sim", '∼'),
    ("rightarrow", '→'),
    ("copyright", '©'),
    ("pounds", '£'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tex_becomes_text() {
        let check = |raw: &str, wanted: &str| assert_eq!(tex(raw), wanted, "{raw}");
        check(
            r#"M{\"u}ller and Erd\H{o}s, \'{\i}, {\o}re, \c{c}a, na\"ive"#,
            "Müller and Erdős, í, øre, ça, naïve",
        );
        check(
            r"{CRISPR} in \emph{E. coli}: CO$_2$ \& 5\% of \alpha-globin",
            "CRISPR in E. coli: CO2 & 5% of α-globin",
        );
        check("pages 1--2 ``quoted'' a-{}-b~c", "pages 1–2 “quoted” a--b c");
        check("one\n  two\n\nthree", "one two\nthree");
        check(
            r"\textbraceleft{}x\textbraceright{} \unknown{y} \",
            r"{x} \unknowny \",
        );
        check(r"\'{}x", "x");
    }

    #[test]
    fn names_in_braces_stay_whole() {
        let mut draft = Draft::default();
        people(
            &mut draft,
            r"{World Health Organization} and Curie, Marie and Johanna van der Berg and {Barnes {and} Noble} and others",
        );
        let listed: Vec<String> = draft.record.authors.iter().map(Author::listed).collect();
        assert_eq!(
            listed,
            [
                "World Health Organization",
                "Curie, Marie",
                "van der Berg, Johanna",
                "Barnes and Noble"
            ]
        );
    }
}
