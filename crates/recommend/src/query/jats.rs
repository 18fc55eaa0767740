//! JATS: an article as publishers and PubMed Central have it.

use super::xml::{Node, Tree};
use super::{QueryDocument, prose, tidy};
use crate::{clean_doi, clean_pmcid, clean_pmid};

/// What stands in an article and is not its prose.
const NOT_TEXT: [&str; 14] = [
    "tex-math",
    "math",
    "fn",
    "object-id",
    "label",
    "graphic",
    "xref",
    "table",
    "disp-formula",
    "inline-formula",
    "supplementary-material",
    "media",
    "ref-list",
    "code",
];

/// The first article in a file; `None` if there is none.
pub(super) fn read(tree: &Tree) -> Option<QueryDocument> {
    let root = tree.root();
    let article = if root.name() == "article" {
        root
    } else {
        root.deep("article").next()?
    };
    let meta = article.find(&["front", "article-meta"])?;
    let mut document = QueryDocument {
        title: meta
            .find(&["title-group", "article-title"])
            .map(|title| tidy(&title.text_without(&["fn", "xref"])))
            .unwrap_or_default(),
        ..QueryDocument::default()
    };
    own_ids(&mut document, meta);
    let mut parts: Vec<String> = meta
        .children()
        .filter(|node| node.name() == "abstract" && node.attribute("abstract-type") != Some("graphical"))
        .map(|node| node.text_without(&NOT_TEXT))
        .collect();
    let keywords: Vec<String> = meta.deep("kwd").map(|word| tidy(&word.text())).collect();
    if !keywords.is_empty() {
        parts.push(format!("Keywords: {}", keywords.join("; ")));
    }
    let has_body = article
        .find(&["body"])
        .map(|body| parts.push(body.text_without(&NOT_TEXT)));
    document.text = parts.join("\n\n");
    for reference in article.deep("ref") {
        references(&mut document, reference);
    }
    let own: Vec<String> = document.own_ids.all().collect();
    document.references.retain(|id| !own.contains(id));
    let others = if root.name() == "article" {
        0
    } else {
        root.deep("article").count() - 1
    };
    if others > 0 {
        document.notes.push(format!(
            "{} more in the file: only the first was read",
            prose::number(others, "article")
        ));
    }
    document.what = format!(
        "article (JATS): {}{}, {} with an id",
        prose::count(&document.text, "word"),
        if has_body.is_some() {
            ""
        } else {
            " of abstract and keywords"
        },
        prose::number(document.references.len(), "reference"),
    );
    Some(document)
}

fn own_ids(document: &mut QueryDocument, meta: Node<'_>) {
    for id in meta.children().filter(|node| node.name() == "article-id") {
        let text = id.text();
        let ids = &mut document.own_ids;
        match id.attribute("pub-id-type") {
            Some("doi") => ids.doi = clean_doi(&text),
            Some("pmid") => ids.pmid = clean_pmid(&text),
            Some("pmc" | "pmcid" | "pmcaid") => {
                let digits = text.trim().trim_start_matches("PMC").to_owned();
                if ids.pmcid.is_none() {
                    ids.pmcid = clean_pmcid(&format!("PMC{digits}"));
                }
            }
            _ => {}
        }
    }
}

fn references(document: &mut QueryDocument, reference: Node<'_>) {
    let mut found = Vec::new();
    for id in reference.deep("pub-id") {
        let text = id.text();
        found.extend(match id.attribute("pub-id-type") {
            Some("doi") => clean_doi(&text).map(|id| format!("doi:{id}")),
            Some("pmid") => clean_pmid(&text).map(|id| format!("pmid:{id}")),
            Some("pmc" | "pmcid") => clean_pmcid(&text).map(|id| format!("pmcid:{id}")),
            _ => None,
        });
    }
    if found.is_empty() {
        found = prose::ids_in(&reference.text());
    }
    document.references.extend(found);
}
