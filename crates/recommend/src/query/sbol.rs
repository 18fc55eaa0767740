//! SBOL 2 and 3: what a design says of itself.
//!
//! # Source
//!
//! <https://sbolstandard.org>; SynBioHub's own properties where it writes them. Sequences are left out.

use std::collections::{BTreeMap, BTreeSet};

use super::prose::{ids_in, number};
use super::rdf::{Object, Statement, TYPE};
use super::{QueryDocument, malformed, terms, tidy};
use crate::{Error, clean_doi, clean_pmid};

const SBOL1: &str = "http://sbols.org/v1#";
const SBOL2: &str = "http://sbols.org/v2#";
const SBOL3: &str = "http://sbols.org/v3#";

/// Classes that are designs or parts of one, without their namespace.
const DESIGNS: [&str; 12] = [
    "ComponentDefinition",
    "ModuleDefinition",
    "Component",
    "CombinatorialDerivation",
    "Collection",
    "Experiment",
    "Implementation",
    "Model",
    "SequenceAnnotation",
    "SequenceFeature",
    "Interaction",
    "LocalSubComponent",
];

/// What is known of one thing.
#[derive(Default)]
struct Thing<'s> {
    classes: Vec<&'s str>,
    texts: Vec<(&'s str, &'s str)>,
    links: Vec<(&'s str, &'s str)>,
}

pub(super) fn read_triples(file: &str, form: &str, statements: &[Statement]) -> Result<QueryDocument, Error> {
    let version = version(statements).ok_or_else(|| {
        let old = statements.iter().any(|one| one.predicate.starts_with(SBOL1));
        malformed(
            file,
            "the whole file".into(),
            if old {
                "this is SBOL 1"
            } else {
                "nothing in it is of SBOL 2 or 3"
            },
            Some(if old {
                "convert it to SBOL 2 or 3, or export GenBank"
            } else {
                "export the design as SBOL 2, SBOL 3 or GenBank"
            }),
        )
    })?;
    let (things, order) = collect(statements);
    let designs: Vec<&str> = order
        .into_iter()
        .filter(|id| {
            things[id]
                .classes
                .iter()
                .any(|class| DESIGNS.contains(&local(class)))
        })
        .collect();
    if designs.is_empty() {
        return Err(malformed(
            file,
            "the whole file".into(),
            "it has no component: a sequence alone says nothing to go by",
            Some("export the design with its components, their names and descriptions"),
        ));
    }
    let mut document = QueryDocument::default();
    let used = used(&things);
    let mut lines = Vec::new();
    let mut titles: Vec<(u8, &str, String)> = Vec::new();
    for &id in &designs {
        describe(&things[id], &mut document, &mut lines);
        if let Some(title) = human_title(&things[id]) {
            titles.push((rank(&things[id], used.contains(id)), id, title));
        }
    }
    titles.sort_by_key(|(rank, _, _)| *rank);
    document.title = titles
        .into_iter()
        .next()
        .map(|(_, _, title)| title)
        .unwrap_or_default();
    let title = document.title.clone();
    lines.retain(|line| *line != title);
    let mut text = super::once(lines).join(".\n");
    let names = super::once(document.technical.clone());
    if !names.is_empty() {
        text = format!("{text}\n{}.", names.join(", "));
    }
    text.trim().clone_into(&mut document.text);
    let cited = super::once(document.references.clone()).len();
    document.what = format!(
        "SBOL {version} design ({form}): {}, {} with an id",
        number(designs.len(), "part"),
        number(cited, "reference"),
    );
    Ok(document)
}

/// 2 or 3, whichever has more statements.
fn version(statements: &[Statement]) -> Option<u8> {
    let of = |space: &str| {
        let is = |one: &&Statement| {
            one.predicate.starts_with(space)
                || (one.predicate == TYPE
                    && matches!(&one.object, Object::Iri(iri) if iri.starts_with(space)))
        };
        statements.iter().filter(is).count()
    };
    match (of(SBOL2), of(SBOL3)) {
        (0, 0) => None,
        (two, three) => Some(if two >= three { 2 } else { 3 }),
    }
}

/// Statements by subject, and the subjects in the order of the file.
fn collect(statements: &[Statement]) -> (BTreeMap<&str, Thing<'_>>, Vec<&str>) {
    let mut things: BTreeMap<&str, Thing<'_>> = BTreeMap::new();
    let mut order = Vec::new();
    for one in statements {
        let thing = things.entry(one.subject.as_str()).or_insert_with(|| {
            order.push(one.subject.as_str());
            Thing::default()
        });
        match &one.object {
            Object::Iri(class) if one.predicate == TYPE => {
                if class.starts_with(SBOL2) || class.starts_with(SBOL3) {
                    thing.classes.push(class);
                }
            }
            Object::Iri(iri) => thing.links.push((&one.predicate, iri)),
            Object::Text(text) => thing.texts.push((&one.predicate, text)),
        }
    }
    (things, order)
}

/// Things that are parts of others.
fn used<'s>(things: &BTreeMap<&'s str, Thing<'s>>) -> BTreeSet<&'s str> {
    let links = things.values().flat_map(|thing| &thing.links);
    links
        .filter(|(predicate, _)| {
            matches!(
                local(predicate),
                "definition" | "instanceOf" | "member" | "template"
            )
        })
        .map(|(_, iri)| *iri)
        .collect()
}

fn rank(thing: &Thing<'_>, used: bool) -> u8 {
    let is = |name: &str| thing.classes.iter().any(|class| local(class) == name);
    let class = if is("ModuleDefinition") {
        0
    } else if is("ComponentDefinition") || is("Component") {
        1
    } else if is("Collection") {
        2
    } else {
        4
    };
    class + if used { 5 } else { 0 }
}

fn human_title(thing: &Thing<'_>) -> Option<String> {
    let named = |wanted: &[&str]| {
        thing
            .texts
            .iter()
            .find(|(predicate, text)| {
                wanted.contains(&local(predicate)) && text.contains(char::is_alphabetic)
            })
            .map(|(_, text)| tidy(text))
    };
    named(&["title", "name"]).or_else(|| named(&["displayId"]))
}

fn describe(thing: &Thing<'_>, document: &mut QueryDocument, lines: &mut Vec<String>) {
    for (predicate, text) in &thing.texts {
        match local(predicate) {
            "title" | "name" | "displayId" => {
                let name = tidy(text);
                // Numbers that tools give to annotations name nothing.
                if name.len() <= 200
                    && name.chars().filter(|sign| sign.is_alphabetic()).count() >= 2
                    && !made_up(&name)
                {
                    document.technical.push(name);
                }
            }
            "description" | "mutableDescription" | "mutableNotes" | "comment" | "mutableProvenance" => {
                let plain = tidy(&without_tags(text));
                document.references.extend(ids_in(&plain));
                if !plain.is_empty() {
                    lines.push(plain);
                }
            }
            // The property in which SynBioHub keeps PMIDs.
            "OBI_0001617" | "pubmed" | "pmid" => {
                if let Some(pmid) = clean_pmid(text) {
                    document.references.push(format!("pmid:{pmid}"));
                }
            }
            "doi" | "references" | "citation" | "bibliographicCitation" | "seeAlso" | "source" => {
                cite(text, document);
            }
            _ => {}
        }
    }
    for (predicate, iri) in &thing.links {
        match local(predicate) {
            "role" | "type" => {
                if let Some(words) = terms::words(iri) {
                    document.technical.push(words.to_owned());
                }
            }
            "wasDerivedFrom"
            | "references"
            | "seeAlso"
            | "source"
            | "citation"
            | "bibliographicCitation"
            | "isDescribedBy" => {
                cite(iri, document);
                if let Some(part) = part_name(iri) {
                    document.technical.push(part);
                }
            }
            _ => {}
        }
    }
}

fn cite(text: &str, document: &mut QueryDocument) {
    let pubmed = ["identifiers.org/pubmed/", "identifiers.org/pubmed:"];
    for mark in pubmed {
        if let Some((_, id)) = text.split_once(mark)
            && let Some(pmid) = clean_pmid(id)
        {
            document.references.push(format!("pmid:{pmid}"));
        }
    }
    match clean_doi(text) {
        Some(doi) => document.references.push(format!("doi:{doi}")),
        None => document.references.extend(ids_in(text)),
    }
}

/// `BBa_K1234` from an address of the registry of parts.
fn part_name(iri: &str) -> Option<String> {
    let at = iri.find("BBa_")?;
    let rest = &iri[at..];
    let end = rest
        .find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_')
        .unwrap_or(rest.len());
    (end > 4).then(|| rest[..end].to_owned())
}

/// `annotation2`, `Sequence1_range`: ids of tools.
fn made_up(name: &str) -> bool {
    let letters = name
        .trim_end_matches(|sign: char| sign.is_ascii_digit() || sign == '_')
        .to_lowercase();
    matches!(
        letters.as_str(),
        "annotation"
            | "sequenceannotation"
            | "range"
            | "component"
            | "subcomponent"
            | "location"
            | "sequence"
            | "interaction"
            | "participation"
            | "constraint"
            | "sequencefeature"
            | "functionalcomponent"
            | "module"
    )
}

fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let tag = rest[at + 1..].starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '/');
        let end = if tag {
            rest[at..].char_indices().take(500).find(|(_, sign)| *sign == '>')
        } else {
            None
        };
        if let Some((end, _)) = end {
            out.push(' ');
            rest = &rest[at + end + 1..];
        } else {
            out.push('<');
            rest = &rest[at + 1..];
        }
    }
    out.push_str(rest);
    out
}

/// The last part of an address.
fn local(iri: &str) -> &str {
    iri.rsplit(['#', '/', ':']).next().unwrap_or(iri)
}
