//! JATS: the XML of PubMed Central and of publishers.
//!
//! # Source
//!
//! <https://jats.nlm.nih.gov/archiving/tag-library/1.3/>. A notice of retraction (`article-type="retraction"`) is a document of kind
//! `other`; retracted is the paper that points forward to such a notice.

use super::draft::{Collector, Draft};
use super::input::Input;
use super::text::{tidy, without_tags};
use super::xml::{Node, Tree, XmlRecords};
use super::{names, words};
use crate::{Author, Error, Kind, clean_doi, clean_pmcid, clean_pmid};

/// What stands in titles and abstracts and is not their text.
const NOT_TEXT: [&str; 5] = ["tex-math", "fn", "object-id", "label", "graphic"];

pub(super) fn read(input: Input<'_>, out: &mut Collector<'_>) -> Result<(), Error> {
    let mut records = XmlRecords::new(
        input,
        &["article", "front"],
        &[
            "body",
            "sub-article",
            "response",
            "floats-group",
            "aff",
            "ack",
            "app-group",
        ],
    );
    let mut tree = Tree::default();
    while let Some(line) = records.next(&mut tree)? {
        let place = out.place(line);
        out.take(article(tree.draft(), tree.root()), place)?;
    }
    let sets = ["pmc-articleset", "articles", "OAI-PMH"];
    if out.met == 0 && !records.root.as_deref().is_some_and(|root| sets.contains(&root)) {
        return Err(records.nothing("`<article>`"));
    }
    Ok(())
}

fn article(mut draft: Draft, whole: Node<'_>) -> Draft {
    let front = if whole.name() == "front" {
        Some(whole)
    } else {
        whole.find(&["front"])
    };
    let kind = whole.attribute("article-type").unwrap_or_default();
    draft.record.kind = words::kind(&kind).unwrap_or_default();
    draft.record.retracted = kind == "retracted-article";
    draft.record.language = whole.attribute("lang").and_then(|text| words::language(&text));
    if let Some(front) = front {
        if let Some(journal) = front.find(&["journal-meta"]) {
            draft.venue(&journal.text_of(&["journal-title-group", "journal-title"]));
            draft.venue(&journal.text_of(&["journal-title"]));
            draft.venue(&journal.text_of(&["journal-id"]));
        }
        if let Some(meta) = front.find(&["article-meta"]) {
            about(&mut draft, meta);
        }
    }
    for list in whole
        .find(&["back"])
        .into_iter()
        .flat_map(|back| back.deep("ref-list"))
    {
        for entry in list.all("ref") {
            reference(&mut draft, entry);
        }
    }
    draft
}

fn about(draft: &mut Draft, meta: Node<'_>) {
    for id in meta.all("article-id") {
        let text = id.text();
        match id.attribute("pub-id-type").as_deref() {
            Some("doi") => draft.doi(&text),
            Some("pmid") => draft.pmid(&text),
            Some("pmcid") => draft.pmcid(&text),
            Some("pmc" | "pmcaid") => match text.trim().parse::<u64>() {
                Ok(number) => draft.pmcid(&format!("PMC{number}")),
                Err(_) => draft.pmcid(&text),
            },
            _ => {}
        }
    }
    if let Some(titles) = meta.find(&["title-group"]) {
        draft.record.title = titles
            .find(&["article-title"])
            .map(plain_text)
            .unwrap_or_default();
        let subtitle = titles.find(&["subtitle"]).map(plain_text).unwrap_or_default();
        if !subtitle.is_empty() {
            draft.record.title = format!("{}: {subtitle}", draft.record.title.trim_end_matches(':'));
        }
    }
    for group in meta.all("contrib-group") {
        for person in group.all("contrib") {
            if person
                .attribute("contrib-type")
                .is_none_or(|kind| kind == "author")
            {
                draft.author(author(person));
            }
        }
    }
    draft.year(&year(meta));
    let abstracts = || meta.all("abstract");
    let best = abstracts()
        .find(|node| node.attribute("abstract-type").is_none())
        .or_else(|| abstracts().find(|node| !node.is("abstract-type", "graphical")));
    if let Some(node) = best {
        abstract_parts(draft, node);
    }
    for group in meta.all("kwd-group") {
        if !group.is("kwd-group-type", "abbreviations") {
            group.all("kwd").for_each(|word| draft.keyword(&plain_text(word)));
        }
    }
    let licence = meta.find(&["permissions", "license"]);
    if let Some(licence) = licence {
        let link = licence
            .attribute("href")
            .map(std::borrow::Cow::into_owned)
            .or_else(|| licence.find(&["license_ref"]).map(Node::text))
            .or_else(|| {
                licence
                    .deep("ext-link")
                    .find_map(|node| node.attribute("href"))
                    .map(std::borrow::Cow::into_owned)
            });
        let text = link.unwrap_or_else(|| licence.text());
        if text.contains("creativecommons.org") || licence.is("license-type", "open-access") {
            draft.record.open_access = Some(true);
        }
        draft.record.licence = Some(text.chars().take(500).collect());
    }
    draft.record.retracted |= meta.all("related-article").any(|node| {
        matches!(
            node.attribute("related-article-type").as_deref(),
            Some("retraction-forward")
        )
    });
    if draft.record.kind == Kind::Unknown {
        let subjects = meta.deep("subject").filter_map(|node| words::kind(&node.text()));
        draft.record.kind = words::most_telling(subjects);
    }
}

fn plain_text(node: Node<'_>) -> String {
    text_of(node, &NOT_TEXT)
}

/// Text in one line, without elements of some names and without tags that were written as text.
fn text_of(node: Node<'_>, without: &[&str]) -> String {
    let text = node.text_without(without);
    tidy(&without_tags(text.into())).into_owned()
}

/// The year of the issue where there is one, as PubMed has it; else the first that is given.
fn year(meta: Node<'_>) -> String {
    let dates = || meta.all("pub-date").filter(|date| date.find(&["year"]).is_some());
    let of = |kind: &str| dates().find(|date| date.is("pub-type", kind) || date.is("date-type", kind));
    ["ppub", "collection", "epub-ppub", "epub", "pub"]
        .iter()
        .find_map(|kind| of(kind))
        .or_else(|| dates().next())
        .map(|date| date.text_of(&["year"]))
        .unwrap_or_default()
}

fn author(person: Node<'_>) -> Author {
    let name = person
        .find(&["name"])
        .or_else(|| person.find(&["name-alternatives", "name"]))
        .or_else(|| person.find(&["string-name"]));
    if let Some(name) = name {
        let mut family = name.text_of(&["surname"]);
        let suffix = name.text_of(&["suffix"]);
        if !suffix.is_empty() {
            family = format!("{family} {suffix}");
        }
        if !family.trim().is_empty() {
            return Author::new(family, name.text_of(&["given-names"]));
        }
        return names::one(&name.text());
    }
    // Members of a group are listed inside of its name.
    let group = person
        .find(&["collab"])
        .map(|node| node.text_without(&["contrib-group", "xref", "email"]));
    Author::new(group.unwrap_or_default(), "")
}

fn abstract_parts(draft: &mut Draft, node: Node<'_>) {
    for child in node.children() {
        match child.name() {
            "sec" => {
                let title = child.find(&["title"]).map(plain_text).unwrap_or_default();
                let text = text_of(child, &["title", "tex-math", "fn", "object-id", "label"]);
                draft.part(&title, &text);
            }
            "title" | "label" | "object-id" => {}
            _ => draft.part("", &plain_text(child)),
        }
    }
    if draft.record.abstract_text.is_empty() {
        draft.part("", &plain_text(node));
    }
}

fn reference(draft: &mut Draft, entry: Node<'_>) {
    for id in entry.deep("pub-id") {
        let text = id.text();
        let known = match id.attribute("pub-id-type").as_deref() {
            Some("doi") => clean_doi(&text).map(|id| format!("doi:{id}")),
            Some("pmid") => clean_pmid(&text).map(|id| format!("pmid:{id}")),
            Some("pmcid" | "pmc") => clean_pmcid(&text).map(|id| format!("pmcid:{id}")),
            _ => None,
        };
        if let Some(id) = known {
            draft.reference(id);
        }
    }
    for link in entry.deep("ext-link") {
        let target = link.attribute("href").unwrap_or_default();
        if (target.contains("doi.org/") || link.is("ext-link-type", "doi"))
            && let Some(doi) = clean_doi(&target)
        {
            draft.reference(format!("doi:{doi}"));
        }
    }
}
