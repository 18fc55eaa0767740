//! Tagged text: RIS, and the `.nbib` of PubMed.
//!
//! # Source
//!
//! RIS: <https://en.wikipedia.org/wiki/RIS_(file_format)> and what EndNote, Zotero and publishers write. MEDLINE:
//! <https://www.nlm.nih.gov/bsd/mms/medlineelements.html>.

use super::draft::{Collector, Draft, Place, shown};
use super::input::Input;
use super::text::plain;
use super::{names, words};
use crate::{Error, Kind, clean_doi, clean_pmid};

/// A line of RIS that begins a field: `AU  - Curie, Marie`.
pub(crate) fn ris_tag(line: &str) -> Option<(&str, &str)> {
    let bytes = line.as_bytes();
    let tag = bytes.first()?.is_ascii_uppercase()
        && (bytes.get(1)?.is_ascii_uppercase() || bytes[1].is_ascii_digit());
    let rest = tag.then(|| line.get(2..))??;
    // `ER  -` often lacks its last space, and some programs write one space before the hyphen.
    let value = rest.strip_prefix("  -").or_else(|| rest.strip_prefix(" -"))?;
    (value.is_empty() || value.starts_with(' ')).then(|| (&line[..2], value.trim()))
}

/// A line of MEDLINE that begins a field: `PMID- 1`, `TI  - Title`.
fn medline_tag(line: &str) -> Option<(&str, &str)> {
    // Where a record begins is known by this line alone, however it was edited. Six spaces are of the line before.
    let start = line.trim_start();
    if line.len() - start.len() < 6
        && let Some((tag, value)) = start.split_once('-')
        && tag.trim_end().eq_ignore_ascii_case("PMID")
        && value.trim().bytes().all(|byte| byte.is_ascii_digit())
    {
        return Some(("PMID", value.trim()));
    }
    let (tag, value) = (line.get(..4)?, line.get(4..)?);
    let name = tag.trim_end();
    let fine = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let value = value.strip_prefix('-')?;
    (fine && (value.is_empty() || value.starts_with(' '))).then(|| (name, value.trim()))
}

/// The fields of a record: tag, value, each after the other.
#[derive(Default)]
struct Fields {
    list: Vec<(String, String)>,
    line: u64,
    open: bool,
}

impl Fields {
    fn all<'f>(&'f self, tags: &'f [&str]) -> impl Iterator<Item = &'f str> {
        self.list
            .iter()
            .filter(|(tag, _)| tags.contains(&tag.as_str()))
            .map(|(_, value)| value.as_str())
    }

    /// The first value that is not empty, by the order of tags.
    fn first(&self, tags: &[&str]) -> &str {
        tags.iter()
            .find_map(|tag| {
                self.list
                    .iter()
                    .find(|(known, value)| known == tag && !value.is_empty())
                    .map(|(_, value)| value.as_str())
            })
            .unwrap_or_default()
    }
}

pub(super) fn read_ris(mut input: Input<'_>, out: &mut Collector<'_>) -> Result<(), Error> {
    let mut line = Vec::new();
    let mut fields = Fields::default();
    let mut seen = false;
    let mut stray: Option<Error> = None;
    let mut outside = false;
    loop {
        if !fields.open {
            input.new_record();
        }
        let number = input.line;
        if !input.next_line(&mut line)? {
            break;
        }
        let text = input.text(number, &line)?;
        match ris_tag(text.trim_start_matches('\u{feff}')) {
            Some(("TY", kind)) => {
                seen = true;
                outside = false;
                if fields.open {
                    let place = finish(&mut fields, out, ris)?;
                    out.problem(place, "`ER  -` is missing at its end; the record is kept");
                    input.new_record();
                }
                fields.open = true;
                fields.line = number;
                fields.list.push(("TY".into(), kind.into()));
            }
            Some(("ER", _)) => {
                outside = false;
                if fields.open {
                    finish(&mut fields, out, ris)?;
                }
            }
            Some((tag, value)) if fields.open => fields.list.push((tag.into(), value.into())),
            Some((tag, _)) => {
                // The lines that follow are of the same record.
                if !outside {
                    outside = true;
                    let text = format!("`{tag}` stands outside of a record; `TY  -` is missing");
                    let place = out.place(number);
                    out.leave_out(place, format!("{text}; what stands here was left out"));
                    stray.get_or_insert_with(|| {
                        let hint = "a record of RIS begins with `TY  - ` and ends with `ER  - `";
                        input.malformed(number, text, Some(hint))
                    });
                }
            }
            None if text.trim().is_empty() => {}
            None if fields.open => {
                if let Some((tag, value)) = fields.list.last_mut() {
                    value.push(if matches!(tag.as_str(), "AB" | "N2" | "N1") {
                        '\n'
                    } else {
                        ' '
                    });
                    value.push_str(text.trim());
                }
            }
            None => {
                // Some exports begin with lines of their own.
                if seen {
                    out.problem(
                        format!("line {number}"),
                        format!("`{}` stands outside of a record", shown(text)),
                    );
                }
            }
        }
    }
    if fields.open {
        let place = finish(&mut fields, out, ris)?;
        out.problem(place, "`ER  -` is missing at its end; the record is kept");
    }
    if let (false, Some(error)) = (seen, stray) {
        return Err(error);
    }
    if !seen {
        return Err(input.malformed(
            1,
            "there is no `TY  - ` in it, so it is no RIS",
            Some("name its format with `--format`"),
        ));
    }
    Ok(())
}

/// Tags that a record of PubMed has once.
const ONCE: [&str; 6] = ["OWN", "STAT", "TI", "AB", "JT", "DP"];

pub(super) fn read_nbib(mut input: Input<'_>, out: &mut Collector<'_>) -> Result<(), Error> {
    let mut line = Vec::new();
    let mut fields = Fields::default();
    // The first field after the last empty line, and the line that it stands in.
    let mut gap = (0, 0);
    loop {
        if !fields.open {
            input.new_record();
        }
        let number = input.line;
        if !input.next_line(&mut line)? {
            break;
        }
        let text = input.text(number, &line)?;
        match medline_tag(text) {
            Some((tag, value)) => {
                let before = if ONCE.contains(&tag) {
                    fields.list.iter().position(|(known, _)| known == tag)
                } else {
                    None
                };
                if tag == "PMID" && fields.open {
                    finish(&mut fields, out, medline)?;
                    input.new_record();
                } else if let Some(before) = before {
                    // Another record, though its `PMID-` is missing: it begins at an empty line, if there was one since.
                    let (at, line) = if before < gap.0 {
                        gap
                    } else {
                        (fields.list.len(), number)
                    };
                    let rest = fields.list.split_off(at);
                    finish(&mut fields, out, medline)?;
                    input.new_record();
                    fields = Fields {
                        list: rest,
                        line,
                        open: true,
                    };
                    gap = (0, line);
                }
                if !fields.open {
                    fields.open = true;
                    fields.line = number;
                    gap = (0, number);
                }
                fields.list.push((tag.into(), value.into()));
            }
            // PubMed puts an empty line between records, and some programs inside of them.
            None if text.trim().is_empty() => gap = (fields.list.len(), number + 1),
            None => match fields.list.last_mut() {
                Some((_, value)) => {
                    value.push(' ');
                    value.push_str(text.trim());
                }
                None => {
                    return Err(input.malformed(
                        number,
                        "a tag such as `PMID- ` should stand here, so it is no `.nbib`",
                        Some("name its format with `--format`"),
                    ));
                }
            },
        }
    }
    if fields.open {
        finish(&mut fields, out, medline)?;
    }
    Ok(())
}

fn finish(fields: &mut Fields, out: &mut Collector<'_>, make: fn(&Fields) -> Draft) -> Result<Place, Error> {
    let place = out.place(fields.line);
    let draft = make(fields);
    fields.list.clear();
    fields.open = false;
    out.take(draft, place)?;
    Ok(place)
}

fn ris(fields: &Fields) -> Draft {
    let mut draft = Draft::default();
    draft.record.title = plain(fields.first(&["TI", "T1", "CT"])).into_owned();
    draft.record.abstract_text = plain(fields.first(&["AB", "N2"])).into_owned();
    let code = fields.first(&["TY"]);
    let chapter = matches!(code, "CHAP" | "ECHAP" | "CONF" | "CPAPER");
    if draft.record.title.is_empty() {
        // `BT` and `T2` are the title of a whole book in old files.
        draft.record.title = plain(fields.first(if chapter { &["T3"] } else { &["BT", "T2"] })).into_owned();
    } else {
        draft.venue(fields.first(&["T2", "JF", "JO", "JA", "J2", "BT", "T3", "PB"]));
    }
    draft.doi(fields.first(&["DO"]));
    for link in fields.all(&["UR", "L1", "L2", "LK", "M3"]) {
        draft.url(link);
    }
    let database = fields.first(&["DB", "DP"]).to_lowercase();
    let accession = fields.first(&["AN"]);
    let of_pubmed = ["pubmed", "medline", "nlm"]
        .iter()
        .any(|name| database.contains(name));
    if (of_pubmed || accession.starts_with("PMID"))
        && let Some(pmid) = clean_pmid(accession)
    {
        draft.record.ids.pmid.get_or_insert(pmid);
    }
    for custom in fields.all(&["C2", "C1", "N1", "M1"]) {
        let custom = custom.trim();
        if custom.len() > 3
            && custom.is_char_boundary(3)
            && custom[..3].eq_ignore_ascii_case("pmc")
            && custom.len() < 16
        {
            if let Some(pmcid) = crate::clean_pmcid(custom) {
                draft.record.ids.pmcid.get_or_insert(pmcid);
            }
        } else if let Some(pmid) = custom
            .get(..5)
            .filter(|front| front.eq_ignore_ascii_case("pmid:"))
            .and(clean_pmid(custom))
        {
            draft.record.ids.pmid.get_or_insert(pmid);
        }
    }
    draft.local(fields.first(&["ID"]));
    draft.year(fields.first(&["PY", "Y1", "YR", "DA"]));
    for name in fields.all(&["AU", "A1"]) {
        let author = match name {
            // RIS wants `Family, Given`; without a comma it is an organisation, or initials give it away.
            name if name.contains(',') => names::one(name),
            name => match names::one(name) {
                author if author.given.chars().any(char::is_lowercase) => crate::Author::new(name, ""),
                author => author,
            },
        };
        draft.author(author);
    }
    draft.record.kind = words::kind_of(fields.first(&["M3"]), code).unwrap_or_default();
    draft.record.language = words::language(fields.first(&["LA"]));
    fields.all(&["KW"]).for_each(|word| draft.keyword(word));
    fields.all(&["N1", "RN", "C8"]).for_each(|note| draft.note(note));
    draft
}

fn medline(fields: &Fields) -> Draft {
    let mut draft = Draft::default();
    draft.record.title = plain(fields.first(&["TI", "BTI", "TT"])).into_owned();
    if fields.first(&["TI"]).is_empty() || fields.first(&["BTI"]).is_empty() {
        draft.venue(fields.first(&["JT", "TA", "PB"]));
    } else {
        draft.venue(fields.first(&["BTI", "JT", "TA"]));
    }
    draft.record.abstract_text = structured(&plain(fields.first(&["AB", "OAB"])));
    draft.pmid(fields.first(&["PMID"]));
    if fields.all(&["PMID"]).next().is_none() {
        draft.doubt("`PMID- ` is missing at its start; the record is kept");
    }
    draft.pmcid(fields.first(&["PMC"]));
    for id in fields.all(&["AID", "LID", "SO"]) {
        if let Some(doi) = id.strip_suffix("[doi]").and_then(clean_doi) {
            draft.record.ids.doi.get_or_insert(doi);
        }
    }
    draft.year(fields.first(&["DP", "DEP", "EDAT"]));
    // Full names stand before the short ones, and organisations between them.
    let full = fields.all(&["FAU"]).next().is_some();
    for (tag, value) in &fields.list {
        match tag.as_str() {
            "FAU" => draft.author(names::one(value)),
            "AU" if !full => draft.author(names::one(value)),
            "CN" => draft.author(crate::Author::new(value.as_str(), "")),
            _ => {}
        }
    }
    let mut kinds: Vec<Kind> = Vec::new();
    for kind in fields.all(&["PT"]) {
        draft.record.retracted |= kind.eq_ignore_ascii_case("retracted publication");
        kinds.extend(words::kind(kind));
    }
    draft.record.retracted |= fields.all(&["RIN"]).next().is_some();
    draft.record.kind = words::most_telling(kinds.into_iter());
    draft.record.language = words::language(fields.first(&["LA"]));
    for heading in fields.all(&["MH"]) {
        // `*Synthetic Biology/ethics/*methods`: a star marks the main topic, a slash a qualifier.
        let name = heading.split('/').next().unwrap_or_default();
        draft.mesh(name.trim_start_matches('*'));
    }
    for word in fields.all(&["OT"]) {
        draft.keyword(word.trim_start_matches('*'));
    }
    draft
}

/// Puts the headings of a structured abstract, `METHODS: `, into lines of their own.
fn structured(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(": ") {
        let front = &rest[..at];
        let start = front.rfind(['.', '?', '!', ')']).map_or(0, |at| at + 1);
        let label = front[start..].trim();
        let heading = start > 0
            && label.len() > 2
            && label.len() < 60
            && label.chars().any(char::is_uppercase)
            && label
                .chars()
                .all(|sign| sign.is_uppercase() || matches!(sign, ' ' | '/' | '&' | ',' | '-'));
        if heading {
            out.push_str(front[..start].trim_end());
            out.push('\n');
            out.push_str(label);
        } else {
            out.push_str(front);
        }
        out.push_str(": ");
        rest = &rest[at + 2..];
    }
    out.push_str(rest);
    out
}
