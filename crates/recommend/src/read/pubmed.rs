//! XML of PubMed and MEDLINE.
//!
//! # Source
//!
//! The document type of NLM, <https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd>.

use super::draft::{Collector, Draft};
use super::input::Input;
use super::words;
use super::xml::{Node, Tree, XmlRecords};
use crate::{Author, Error, Kind, clean_doi, clean_pmcid, clean_pmid};

pub(super) fn read(input: Input<'_>, out: &mut Collector<'_>) -> Result<(), Error> {
    let mut records = XmlRecords::new(
        input,
        &[
            "PubmedArticle",
            "PubmedBookArticle",
            "MedlineCitation",
            "DeleteCitation",
            "DeleteDocument",
        ],
        &[
            "AffiliationInfo",
            "ChemicalList",
            "GrantList",
            "DataBankList",
            "History",
            "Citation",
            "Sections",
        ],
    );
    let mut tree = Tree::default();
    while let Some(line) = records.next(&mut tree)? {
        let node = tree.root();
        let draft = match node.name() {
            "PubmedArticle" => article(
                tree.draft(),
                node,
                node.find(&["MedlineCitation"]).unwrap_or(node),
            ),
            "MedlineCitation" => article(tree.draft(), node, node),
            "PubmedBookArticle" => book(tree.draft(), node),
            _ => {
                let deleted = node.all("PMID").filter_map(|id| clean_pmid(&id.text()));
                out.report.deleted.extend(deleted.map(|id| format!("pmid:{id}")));
                continue;
            }
        };
        let place = out.place(line);
        out.take(draft, place)?;
    }
    let sets = [
        "PubmedArticleSet",
        "PubmedBookArticleSet",
        "MedlineCitationSet",
        "DeleteCitation",
    ];
    if out.met == 0
        && out.report.deleted.is_empty()
        && !records.root.as_deref().is_some_and(|root| sets.contains(&root))
    {
        return Err(records.nothing("`<PubmedArticle>`"));
    }
    Ok(())
}

fn article(mut draft: Draft, whole: Node<'_>, citation: Node<'_>) -> Draft {
    draft.pmid(&citation.text_of(&["PMID"]));
    if let Some(article) = citation.find(&["Article"]) {
        let mut title = article.text_of(&["ArticleTitle"]);
        if title.trim().is_empty() {
            title = article.text_of(&["VernacularTitle"]);
        }
        draft.record.title = draft.plain(&title).into_owned();
        parts(&mut draft, article.find(&["Abstract"]));
        draft.venue(&article.text_of(&["Journal", "Title"]));
        draft.venue(&article.text_of(&["Journal", "ISOAbbreviation"]));
        if let Some(date) = article.find(&["Journal", "JournalIssue", "PubDate"]) {
            draft.year(&date.text_of(&["Year"]));
            if draft.record.year.is_none() {
                draft.year(&date.text_of(&["MedlineDate"]));
            }
        }
        if draft.record.year.is_none() {
            draft.year(&article.text_of(&["ArticleDate", "Year"]));
        }
        authors(&mut draft, article);
        kinds(&mut draft, article.find(&["PublicationTypeList"]));
        draft.record.language = words::language(&article.text_of(&["Language"]));
        for id in article.all("ELocationID") {
            if id.is("EIdType", "doi") && !id.is("ValidYN", "N") {
                draft.doi(&id.text());
            }
        }
    }
    parts_if_none(&mut draft, citation);
    for heading in citation
        .find(&["MeshHeadingList"])
        .into_iter()
        .flat_map(|list| list.all("MeshHeading"))
    {
        draft.mesh(&heading.text_of(&["DescriptorName"]));
    }
    for list in citation.all("KeywordList") {
        list.all("Keyword").for_each(|word| draft.keyword(&word.text()));
    }
    for note in citation
        .find(&["CommentsCorrectionsList"])
        .into_iter()
        .flat_map(|list| list.all("CommentsCorrections"))
    {
        draft.record.retracted |= note.is("RefType", "RetractionIn");
    }
    if let Some(data) = whole.find(&["PubmedData"]) {
        ids(&mut draft, data.find(&["ArticleIdList"]));
        // Lists of references stand in one another, and in older files in lists of their own.
        for reference in data.deep("Reference") {
            let mut known: Vec<String> = Vec::new();
            for id in reference
                .find(&["ArticleIdList"])
                .into_iter()
                .flat_map(|list| list.all("ArticleId"))
            {
                let text = id.text();
                match id.attribute("IdType").as_deref() {
                    Some("doi") => known.extend(clean_doi(&text).map(|id| format!("doi:{id}"))),
                    Some("pubmed") => known.extend(clean_pmid(&text).map(|id| format!("pmid:{id}"))),
                    Some("pmc") => known.extend(clean_pmcid(&text).map(|id| format!("pmcid:{id}"))),
                    _ => {}
                }
            }
            known.into_iter().for_each(|id| draft.reference(id));
        }
    }
    draft
}

fn book(mut draft: Draft, whole: Node<'_>) -> Draft {
    let Some(document) = whole.find(&["BookDocument"]) else {
        return draft;
    };
    draft.pmid(&document.text_of(&["PMID"]));
    ids(&mut draft, document.find(&["ArticleIdList"]));
    let title = document.text_of(&["Book", "BookTitle"]);
    let chapter = document.text_of(&["ArticleTitle"]);
    if chapter.trim().is_empty() {
        draft.record.title = draft.plain(&title).into_owned();
        draft.record.kind = Kind::Book;
        draft.venue(&document.text_of(&["Book", "Publisher", "PublisherName"]));
    } else {
        draft.record.title = draft.plain(&chapter).into_owned();
        draft.record.kind = Kind::Chapter;
        draft.venue(&title);
    }
    draft.year(&document.text_of(&["Book", "PubDate", "Year"]));
    if draft.record.year.is_none() {
        draft.year(&document.text_of(&["Book", "PubDate", "MedlineDate"]));
    }
    parts(&mut draft, document.find(&["Abstract"]));
    authors(&mut draft, document);
    if draft.record.authors.is_empty()
        && let Some(book) = document.find(&["Book"])
    {
        authors(&mut draft, book);
    }
    draft.record.language = words::language(&document.text_of(&["Language"]));
    for kind in document.all("PublicationType") {
        draft.record.retracted |= kind.text().trim() == "Retracted Publication";
        if words::kind(&kind.text()) == Some(Kind::Review) && draft.record.kind == Kind::Unknown {
            draft.record.kind = Kind::Review;
        }
    }
    for list in document.all("KeywordList") {
        list.all("Keyword").for_each(|word| draft.keyword(&word.text()));
    }
    draft
}

fn parts(draft: &mut Draft, abstracts: Option<Node<'_>>) {
    for part in abstracts.into_iter().flat_map(|node| node.all("AbstractText")) {
        let label = part.attribute("Label").unwrap_or_default();
        // A label that only says so is none.
        let label = if label.eq_ignore_ascii_case("unlabelled") {
            ""
        } else {
            &label
        };
        let text = super::text::tidy(&part.text()).into_owned();
        draft.part(label, &draft.plain(&text));
    }
}

/// Some articles have an abstract of their publisher, or in another language, and no other.
fn parts_if_none(draft: &mut Draft, citation: Node<'_>) {
    if draft.record.abstract_text.is_empty() {
        let others = || citation.all("OtherAbstract");
        let best = others()
            .find(|node| node.is("Language", "eng"))
            .or_else(|| others().next());
        parts(draft, best);
    }
}

fn ids(draft: &mut Draft, list: Option<Node<'_>>) {
    for id in list.into_iter().flat_map(|list| list.all("ArticleId")) {
        let text = id.text();
        match id.attribute("IdType").as_deref() {
            Some("doi") => draft.doi(&text),
            Some("pubmed") => draft.pmid(&text),
            Some("pmc") => draft.pmcid(&text),
            _ => {}
        }
    }
}

fn authors(draft: &mut Draft, article: Node<'_>) {
    let lists = || article.all("AuthorList");
    let list = lists()
        .find(|list| !list.is("Type", "editors"))
        .or_else(|| lists().next());
    for author in list.into_iter().flat_map(|list| list.all("Author")) {
        if author.is("ValidYN", "N") {
            continue;
        }
        let mut family = author.text_of(&["LastName"]);
        let suffix = author.text_of(&["Suffix"]);
        if !suffix.is_empty() {
            family = format!("{family} {suffix}");
        }
        let mut given = author.text_of(&["ForeName"]);
        if given.is_empty() {
            given = author.text_of(&["Initials"]);
        }
        if family.is_empty() {
            family = author.text_of(&["CollectiveName"]);
            given.clear();
        }
        draft.author(Author::new(family, given));
    }
}

fn kinds(draft: &mut Draft, list: Option<Node<'_>>) {
    let mut found = Vec::new();
    for kind in list.into_iter().flat_map(|list| list.all("PublicationType")) {
        let text = kind.text();
        draft.record.retracted |= text.trim() == "Retracted Publication";
        found.extend(words::kind(&text));
    }
    draft.record.kind = words::most_telling(found.into_iter());
}
