//! Sample files of every format, round trips, and bytes that are none.

use std::io::{Cursor, Read, Write};

use proptest::prelude::*;

use super::text::{plain, tidy, tidy_lines};
use super::*;
use crate::{
    Author, Ids, Kind, Merger, Met, merge, write_bibtex, write_csl_json, write_csv, write_jsonl, write_ris,
};

const SAMPLES: [(&str, &[u8]); 12] = [
    (
        "sample.pubmed.xml",
        include_bytes!("../../tests/records/sample.pubmed.xml"),
    ),
    ("sample.nbib", include_bytes!("../../tests/records/sample.nbib")),
    (
        "sample.jats.xml",
        include_bytes!("../../tests/records/sample.jats.xml"),
    ),
    (
        "sample.europe-pmc.json",
        include_bytes!("../../tests/records/sample.europe-pmc.json"),
    ),
    (
        "sample.openalex.json",
        include_bytes!("../../tests/records/sample.openalex.json"),
    ),
    ("sample.ris", include_bytes!("../../tests/records/sample.ris")),
    ("sample.bib", include_bytes!("../../tests/records/sample.bib")),
    (
        "sample.csl.json",
        include_bytes!("../../tests/records/sample.csl.json"),
    ),
    ("sample.csv", include_bytes!("../../tests/records/sample.csv")),
    ("sample.tsv", include_bytes!("../../tests/records/sample.tsv")),
    ("sample.jsonl", include_bytes!("../../tests/records/sample.jsonl")),
    ("sample.txt", include_bytes!("../../tests/records/sample.txt")),
];

fn read_as(file: &str, bytes: &[u8], options: &ReadRecords) -> Result<(Vec<Record>, ReadReport), Error> {
    let mut records = Vec::new();
    let report = read_records(file, Box::new(Cursor::new(bytes)), options, &mut |record| {
        records.push(record);
        Ok(())
    })?;
    assert_eq!(report.records, records.len() as u64);
    Ok((records, report))
}

fn read(file: &str, bytes: &[u8]) -> (Vec<Record>, ReadReport) {
    read_as(file, bytes, &ReadRecords::default()).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn sample(format: &str) -> (Vec<Record>, ReadReport) {
    let (file, bytes) = SAMPLES
        .iter()
        .find(|(file, _)| file.contains(&format!(".{format}")))
        .expect("every format has one");
    read(file, bytes)
}

fn fails(file: &str, bytes: &[u8]) -> String {
    let error = read_as(file, bytes, &ReadRecords::default()).expect_err("it is broken");
    format!("{error} | {}", error.hint().unwrap_or_default())
}

/// What most of the samples say of their first document.
fn checks_first(records: &[Record], authors: &[&str]) {
    let first = &records[0];
    assert_eq!(
        first.title,
        "Gene drives in Anopheles and CO2: who decides & why?"
    );
    assert_eq!(first.year, Some(2021));
    assert_eq!(first.venue.as_deref(), Some("Journal of Imagined Biology"));
    assert_eq!(first.ids.doi.as_deref(), Some("10.5555/imag.2021.1"));
    let listed: Vec<String> = first.authors.iter().map(Author::listed).collect();
    assert_eq!(listed, authors);
    assert!(!first.retracted);
}

const THREE: [&str; 3] = ["Okafor, Adaeze N", "Lindqvist, P", "Imagined Consortium"];
const TWO_PARTS: &str =
    "BACKGROUND: Releases cross borders.\nRESULTS: Consent of communities (p < 0.05) and β-carotene.";

/// What is left out, and how it is told.
fn left_out(file: &str, text: &str, titles: &[&str], told: &[&str]) {
    assert_eq!(odd(file, text, titles, told), told.len() as u64, "{text}");
}

/// What is odd, and how it is told; gives how many records were left out.
fn odd(file: &str, text: &str, titles: &[&str], told: &[&str]) -> u64 {
    let (records, report) = read(file, text.as_bytes());
    let found: Vec<&str> = records.iter().map(|record| record.title.as_str()).collect();
    assert_eq!(found, titles, "{text}");
    let problems: Vec<String> = report
        .problems
        .iter()
        .map(|problem| format!("{}: {}", problem.place, problem.what))
        .collect();
    assert_eq!(problems.len(), told.len(), "{problems:?}");
    for (problem, told) in problems.iter().zip(told) {
        assert!(problem.contains(told), "{problem}");
    }
    report.left_out
}

#[test]
fn a_bad_line_of_json_is_told_and_the_others_are_read() {
    let check = |bad: &str, told: &[&str]| {
        let text = format!("{{\"title\": \"One\"}}\n{bad}\n{{\"title\": \"Two\"}}\n");
        left_out("x.jsonl", &text, &["One", "Two"], told);
    };
    check(
        "oops",
        &["record 2 (line 2): a JSON object, `{…}`, should begin here"],
    );
    check("{\"title\": oops}", &["record 2 (line 2): this is no JSON"]);
    check(
        "{\"title\": \"cut o",
        &["record 2 (line 2): a text in it has no end"],
    );
    check("{\"title\": \"cut off\", ", &["record 2 (line 2): it has no end"]);
    check("{\"title\": 1]}", &["record 2 (line 2): this is no JSON"]);
    check("[]]", &["should begin here"]);
    check(
        "{\"note\": \"no title\"}",
        &["record 2 (line 2): no title and no abstract"],
    );
    check(
        "{}\nnull\n{",
        &["no title", "(line 3)", "(line 4): it has no end"],
    );
    left_out(
        "x.jsonl",
        "{\"note\": 1}\n{\n  \"title\":\n \"Over lines\"\n}\n",
        &["Over lines"],
        &["no title"],
    );
}

#[test]
fn a_bad_item_of_a_list_is_told_and_the_others_are_read() {
    let check = |bad: &str, told: &[&str]| {
        let text = format!(
            "[{{\"id\": \"a\", \"title\": \"One\"}},\n{bad},\n{{\"id\": \"b\", \"title\": \"Two\"}}]"
        );
        left_out("x.csl.json", &text, &["One", "Two"], told);
    };
    check(
        "null",
        &["record 2 (line 2): a JSON object, `{…}`, should begin here"],
    );
    check("\"a, b]\"", &["should begin here"]);
    check("[{\"title\": \"x\"}, 2]", &["should begin here"]);
    check("{\"title\": oops}", &["this is no JSON"]);
    check("{\"note\": 1}", &["no title"]);
}

#[test]
fn a_bad_record_of_ris_is_told_and_the_others_are_read() {
    left_out(
        "x.ris",
        "T1  - Lost\nAU  - Nobody\nER  - \nTY  - JOUR\nTI  - One\nER  - \nTI  - Lost too\nPY  - 2000\n\nTY  - JOUR\nTI  - Two\nER  - \n",
        &["One", "Two"],
        &[
            "record 1 (line 1): `T1` stands outside of a record",
            "record 3 (line 7): `TI` stands",
        ],
    );
}

#[test]
fn a_bad_record_of_xml_is_told_and_the_others_are_read() {
    let article = |id: &str, inside: &str| {
        format!(
            "<PubmedArticle><MedlineCitation><PMID>{id}</PMID><Article>{inside}</Article></MedlineCitation></PubmedArticle>"
        )
    };
    let check = |bad: &str, titles: &[&str], told: &[&str]| {
        let one = article("1", "<ArticleTitle>One</ArticleTitle>");
        let two = article("2", "<ArticleTitle>Two</ArticleTitle>");
        let text = format!("<PubmedArticleSet>\n{one}\n{bad}\n{two}\n</PubmedArticleSet>");
        odd("x.xml", &text, titles, told)
    };
    let no_title = ["record 2 (line 3): no title and no abstract"];
    assert_eq!(check("<PubmedArticle/>", &["One", "Two"], &no_title), 1);
    assert_eq!(
        check("<PubmedArticle></PubmedArticle>", &["One", "Two"], &no_title),
        1
    );
    assert_eq!(
        check(
            &article("9", ""),
            &["One", "Two"],
            &["(pmid:9); the record was left out"]
        ),
        1
    );
    let year = "<Journal><JournalIssue><PubDate><Year>soon</Year></PubDate></JournalIssue></Journal>";
    let bad = article("abc", &format!("{year}<ArticleTitle>Bad</ArticleTitle>"));
    let told = ["record 2 (line 3): `abc` is no PMID", "`soon` holds no year"];
    assert_eq!(check(&bad, &["One", "Bad", "Two"], &told), 0);
    let unknown = article("9", "<ArticleTitle>A &boom; of &#0; and &amp;</ArticleTitle>");
    let told = ["record 2 (line 3): the entity `&boom;` is not known here"];
    assert_eq!(
        check(&unknown, &["One", "A &boom; of &#0; and &", "Two"], &told),
        0
    );
    let text = "<articles>\n<article/>\n<article><front><article-meta><article-id pub-id-type='pmid'>x</article-id><title-group><article-title>One &boom;</article-title></title-group></article-meta></front></article></articles>";
    let told = [
        "record 1 (line 2): no title",
        "record 2 (line 3): the entity `&boom;`",
        "`x` is no PMID",
    ];
    assert_eq!(odd("x.xml", text, &["One &boom;"], &told), 1);
}

#[test]
fn a_bad_work_of_a_server_is_told_and_the_others_are_read() {
    let check = |text: &str, titles: &[&str], told: &[&str]| odd("x.json", text, titles, told);
    let works = "{\"results\": [{\"title\": \"One\", \"authorships\": null},\n{\"abstract_inverted_index\": 7, \"title\": \"Lost\"},\n{\"title\": \"Two\", \"publication_year\": \"soon\"}]}";
    let told = [
        "record 2 (line 2): it is not as its format says",
        "record 3 (line 3): `soon` holds no year",
    ];
    assert_eq!(check(works, &["One", "Two"], &told), 1);
    let results =
        "{\"resultList\": {\"result\": [{\"title\": \"One\"},\n3,\n{\"title\": \"Two\", \"pmid\": \"x\"}]}}";
    let told = [
        "record 2 (line 2): a JSON object",
        "record 3 (line 3): `x` is no PMID",
    ];
    assert_eq!(check(results, &["One", "Two"], &told), 1);
    // Without an id they have none in common.
    assert!(
        read("x.json", results.as_bytes())
            .0
            .iter()
            .all(|record| record.ids.is_empty())
    );
}

#[test]
fn an_entry_of_bibtex_that_does_not_end_is_told_and_the_next_is_read() {
    let check = |text: &str, titles: &[&str], told: &[&str]| left_out("x.bib", text, titles, told);
    let two = "@misc{b, title = {Two}}\n";
    let unclosed = ["record 1 (line 1): the entry `@misc{a,` has no end before line 3"];
    check(&format!("@misc{{a,\n title = {{One\n{two}"), &["Two"], &unclosed);
    check(
        &format!("@misc{{a,\n title = {{One}}\n{two}"),
        &["Two"],
        &unclosed,
    );
    check(
        &format!("@misc{{a,\n title = {{One}},\n  {two}"),
        &["Two"],
        &unclosed,
    );
    check(&format!("@misc{{a,\n title = \"One,\n{two}"), &["Two"], &unclosed);
    check(
        "@misc{a,\n title = {One},\n@ misc {b, title = {Two}}\n",
        &["Two"],
        &unclosed,
    );
    check(
        "@misc{a, title = {One}}\n@misc{b, title = {T",
        &["One"],
        &["record 2 (line 2): the entry"],
    );
    // An entry that is whole is read whatever follows.
    check(
        "@misc{a, title = {One}}\n@misc b, title = {Lost}}\n@misc{c, title = {Two}}\n",
        &["One", "Two"],
        &["record 2 (line 2): expected opening brace"],
    );
    check(
        "@misc\n{a, title = {One}}\n@misc\n{b, title = {Two}}\n@misc{c, title = {Three\n@home}}\n",
        &["One", "Two", "Three @home"],
        &[],
    );
}

#[test]
fn a_record_of_nbib_without_its_first_line_is_told() {
    let check = |text: &str, told: &[&str]| assert_eq!(odd("x.nbib", text, &["One", "Two"], told), 0);
    let kept = |place| [place];
    check(
        "PMID- 1\nTI  - One\n\nFAU - A, B\nTI  - Two\n",
        &kept("record 2 (line 4): `PMID- ` is missing"),
    );
    check(
        "PMID- 1\nTI  - One\nTI  - Two\nFAU - A, B\n",
        &kept("record 2 (line 3): `PMID- ` is missing"),
    );
    check(
        "PMID- 1\n\nTI  - One\nOWN - NLM\nOWN - NLM\nTI  - Two\n",
        &kept("record 2 (line 5): `PMID- ` is missing"),
    );
    check(
        "TI  - One\n\nPMID- 2\nTI  - Two\n",
        &kept("record 1 (line 1): `PMID- ` is missing"),
    );
    // Edited, and still known.
    for id in ["PMID- 2", "PMID-2", " PMID- 2", "pmid- 2", "PMID - 2"] {
        let text = format!("PMID- 1\nTI  - One\n{id}\nTI  - Two\n");
        check(&text, &[]);
        assert_eq!(
            read("x.nbib", text.as_bytes()).0[1].ids.pmid.as_deref(),
            Some("2")
        );
    }
    let (records, _) = read("x.nbib", b"PMID- 1\nTI  - One\n      PMID- 2\n");
    assert_eq!((records.len(), records[0].title.as_str()), (1, "One PMID- 2"));
}

#[test]
fn entities_are_resolved_once_in_every_format() {
    let text = "A &amp; B &lt;i&gt;E. coli&lt;/i&gt; &#x2019; &amp;lt;";
    let wanted = "A & B E. coli ’ &lt;";
    let json = |title: &str, text_key: &str, venue: &str| {
        format!("{{\"{title}\":\"{text}\",\"{text_key}\":\"{text}\",{venue}}}")
    };
    let venue = |key: &str| format!("\"{key}\":\"{text}\"");
    let files = [
        (
            "x.ris",
            format!("TY  - JOUR\nTI  - {text}\nAB  - {text}\nJO  - {text}\nKW  - {text}\nER  - \n"),
        ),
        (
            "x.nbib",
            format!("PMID- 1\nTI  - {text}\nAB  - {text}\nJT  - {text}\n"),
        ),
        (
            "x.bib",
            format!("@misc{{a, title={{{text}}}, abstract={{{text}}}, journal={{{text}}}}}"),
        ),
        ("x.csv", format!("title,abstract,journal\n{text},{text},{text}\n")),
        (
            "x.tsv",
            format!("title\tabstract\tjournal\n{text}\t{text}\t{text}\n"),
        ),
        ("x.jsonl", json("title", "text", &venue("journal"))),
        ("x.jsonl", json("title", "abstract", &venue("venue"))),
        (
            "x.jsonl",
            format!(
                "{{\"title\":\"{text}\",\"text\":[\"{text}\"],{}}}",
                venue("journal")
            ),
        ),
        (
            "x.json",
            format!("[{}]", json("title", "abstract", &venue("container-title"))),
        ),
        ("x.json", json("title", "abstractText", &venue("journalTitle"))),
        (
            "x.json",
            json(
                "title",
                "abstract",
                &format!("\"authorships\":[],\"host_venue\":{{\"display_name\":\"{text}\"}}"),
            ),
        ),
        (
            "x.xml",
            format!(
                "<PubmedArticle><MedlineCitation><Article><Journal><Title>{text}</Title></Journal><ArticleTitle>{text}</ArticleTitle><Abstract><AbstractText>{text}</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>"
            ),
        ),
        (
            "x.xml",
            format!(
                "<article><front><journal-meta><journal-title>{text}</journal-title></journal-meta><article-meta><title-group><article-title>{text}</article-title></title-group><abstract><sec><p>{text}</p></sec></abstract></article-meta></front></article>"
            ),
        ),
    ];
    for (file, bytes) in files {
        let record = read(file, bytes.as_bytes()).0.remove(0);
        let found = [
            &record.title,
            &record.abstract_text,
            record.venue.as_ref().expect("it has one"),
        ];
        assert_eq!(found, [wanted; 3], "{bytes}");
    }
    // What we wrote holds no markup.
    let ours = "{\"ids\":{},\"title\":\"&lt;\"}";
    assert_eq!(read("x.jsonl", ours.as_bytes()).0[0].title, "&lt;");
}

#[test]
fn all_that_is_left_out_is_counted() {
    let text = "{\"title\": \"One\"}\n".to_owned() + &"oops\n".repeat(2345);
    let report = read("x.jsonl", text.as_bytes()).1;
    assert_eq!(
        (report.left_out, report.problems.len(), report.more_problems),
        (2345, 1000, 1345)
    );
}

#[test]
fn a_file_without_one_good_record_is_an_error() {
    let check = |file: &str, text: &str, told: &str| {
        let error = fails(file, text.as_bytes());
        assert!(error.contains(told), "{error}");
    };
    check("x.jsonl", "oops\nno\n", "should begin here");
    check("x.jsonl", "{\"title\": oops}\n", "this is no JSON");
    check("x.jsonl", "{\"note\": 1}\n{\"note\": 2}\n", "title");
    check(
        "x.jsonl",
        "{\"title\": \"One\"}\n{\"title\": \"cut of",
        "ends in the middle",
    );
    check(
        "x.csl.json",
        "[{\"id\": \"a\", \"title\": \"One\"}, {\"id",
        "ends in the middle",
    );
    check("x.ris", "T1  - Lost\nER  - \n", "`TY  -` is missing");
}

#[test]
fn every_sample_shows_its_format() {
    for ((file, bytes), format) in SAMPLES.iter().zip(Format::ALL) {
        assert_eq!(read(file, bytes).1.format, format, "{file}");
    }
}

#[test]
fn xml_of_pubmed_is_read() {
    let (records, report) = sample("pubmed");
    checks_first(&records, &THREE);
    let first = &records[0];
    assert_eq!(first.abstract_text, TWO_PARTS);
    assert_eq!(first.ids.pmcid.as_deref(), Some("PMC9900001"));
    assert_eq!(first.kind, Kind::Review);
    assert_eq!(first.language.as_deref(), Some("en"));
    assert_eq!(
        first.mesh,
        ["Gene Drive Technology", "Organisms, Genetically Modified"]
    );
    assert_eq!(first.keywords, ["gene drive", "consent"]);
    assert_eq!(first.references, ["pmid:90000009", "doi:10.5555/old.9"]);
    assert_eq!(first.source, "pubmed");
    assert!(records[1].retracted);
    assert_eq!(records[1].language.as_deref(), Some("de"));
    assert_eq!(
        (records[2].kind, records[2].title.as_str()),
        (Kind::Chapter, "Law of cells")
    );
    assert_eq!(records[2].venue.as_deref(), Some("Handbook of Cells"));
    assert_eq!(report.deleted, ["pmid:90000005"]);
    assert_eq!(report.left_out, 1);
    assert_eq!(report.problems[0].place, "record 3 (line 56)");
    assert!(report.problems[0].what.contains("pmid:90000003"));
}

#[test]
fn nbib_is_read() {
    let (records, _) = sample("nbib");
    checks_first(&records, &THREE);
    assert_eq!(records[0].abstract_text, TWO_PARTS);
    assert_eq!(records[0].ids.pmcid.as_deref(), Some("PMC9900001"));
    assert_eq!(
        records[0].mesh,
        ["Gene Drive Technology", "Organisms, Genetically Modified"]
    );
    assert_eq!(records[0].kind, Kind::Review);
    assert!(records[1].retracted);
}

#[test]
fn jats_is_read() {
    let (records, _) = sample("jats");
    checks_first(&records, &THREE);
    let first = &records[0];
    assert_eq!(
        first.abstract_text,
        TWO_PARTS
            .replace("BACKGROUND", "Background")
            .replace("RESULTS", "Results")
    );
    assert_eq!(first.kind, Kind::Review);
    assert_eq!(
        first.licence.as_deref(),
        Some("https://creativecommons.org/licenses/by/4.0/")
    );
    assert_eq!(first.open_access, Some(true));
    assert_eq!(
        first.references,
        ["doi:10.5555/old.9", "pmid:90000009", "doi:10.5555/old.10"]
    );
    assert_eq!(records.len(), 2);
    assert!(records[1].retracted);
    let bare = b"<front xmlns:j='x'><j:article-meta><j:title-group><j:article-title>A title</j:article-title></j:title-group></j:article-meta></front>";
    assert_eq!(read("a.xml", bare).0[0].title, "A title");
}

#[test]
fn json_of_europe_pmc_is_read() {
    let (records, _) = sample("europe-pmc");
    checks_first(&records, &THREE);
    assert_eq!(
        records[0].abstract_text,
        TWO_PARTS
            .replace("BACKGROUND", "Background")
            .replace("RESULTS", "Results")
    );
    assert_eq!(records[0].mesh.len(), 2);
    assert_eq!(records[0].open_access, Some(true));
    assert_eq!(records[0].licence.as_deref(), Some("cc by"));
    assert_eq!(records[1].kind, Kind::Preprint);
    assert_eq!(records[1].authors, [Author::new("Sato", "Y")]);
    assert!(records[1].retracted);
}

#[test]
fn json_of_openalex_is_read() {
    let (records, _) = sample("openalex");
    checks_first(
        &records,
        &["Okafor, Adaeze N.", "Lindqvist, P.", "Imagined Consortium"],
    );
    let first = &records[0];
    assert_eq!(first.abstract_text, "Releases cross borders. Genes cross too.");
    assert_eq!(first.ids.openalex.as_deref(), Some("W9000000001"));
    assert_eq!(first.ids.pmid.as_deref(), Some("90000001"));
    assert_eq!(first.ids.pmcid.as_deref(), Some("PMC9900001"));
    assert_eq!(first.references, ["openalex:W9000000009"]);
    assert_eq!(first.keywords, ["gene drive", "consent"]);
    assert!(records[1].retracted);
    let page = SAMPLES[4].1;
    // Pages of a server, one in a line.
    let one: String = String::from_utf8_lossy(page).replace('\n', "");
    let pages = format!("{one}\n{one}\n");
    assert_eq!(read("pages.jsonl", pages.as_bytes()).0.len(), 4);
    let works = r#"{"id":"https://openalex.org/W1","title":"One","authorships":[]}
{"id":"https://openalex.org/W2","title":"Two","results":"none"}"#;
    assert_eq!(read("works.jsonl", works.as_bytes()).0.len(), 2);
}

#[test]
fn ris_is_read() {
    let (records, report) = sample("ris");
    checks_first(&records, &THREE);
    assert_eq!(records[0].abstract_text, TWO_PARTS);
    assert_eq!(records[0].kind, Kind::Review);
    assert_eq!(records[0].ids.pmid.as_deref(), Some("90000001"));
    assert_eq!(records[0].ids.pmcid.as_deref(), Some("PMC9900001"));
    assert!(records[1].retracted);
    assert_eq!(records[1].venue.as_deref(), Some("Handbook of Cells"));
    assert_eq!(records[1].kind, Kind::Chapter);
    assert!(report.problems.is_empty());
}

#[test]
fn bibtex_is_read() {
    let (records, report) = sample("bib");
    checks_first(&records, &THREE);
    assert_eq!(
        records[0].abstract_text,
        "Releases cross borders.\nConsent of communitíes."
    );
    assert_eq!(records[0].kind, Kind::Review);
    assert_eq!(records[0].keywords, ["gene drive", "consent"]);
    assert_eq!(records[0].ids.local.as_deref(), Some("okafor2021"));
    assert_eq!(records[1].authors, [Author::new("Satō", "Yuki")]);
    assert_eq!(records[1].year, Some(2018));
    assert!(records[1].retracted);
    assert_eq!(report.left_out, 1);
    assert!(
        report.problems[0].place.contains("line 23"),
        "{:?}",
        report.problems
    );
}

#[test]
fn abbreviations_of_bibtex_end() {
    let (records, report) = read(
        "a.bib",
        b"@string{a = a # a}\n@string{b = a # b}\n@misc{x, title = b # { and more}}\n",
    );
    assert_eq!(records[0].title, "aab and more");
    assert!(report.problems.is_empty());
}

#[test]
fn csl_json_is_read() {
    let (records, _) = sample("csl");
    checks_first(&records, &THREE);
    assert_eq!(records[0].kind, Kind::Review);
    assert_eq!(records[0].language.as_deref(), Some("en"));
    assert_eq!(records[1].authors, [Author::new("van der Berg", "J")]);
    assert_eq!(records[1].year, Some(2018));
    assert!(records[1].retracted);
}

#[test]
fn tables_are_read() {
    let (records, report) = sample("csv");
    checks_first(&records, &["Okafor, AN", "Lindqvist, P"]);
    assert_eq!(
        records[0].abstract_text,
        "Releases cross borders, \"all\" of them.\nSecond line."
    );
    assert_eq!(records[0].ids.local.as_deref(), Some("okafor2021"));
    assert_eq!(records[1].title, "A toggle switch that never was");
    assert_eq!(report.left_out, 1);
    let problems: Vec<&str> = report
        .problems
        .iter()
        .map(|problem| problem.place.as_str())
        .collect();
    assert_eq!(problems, ["record 2 (line 4)", "record 3 (line 5)"]);
    let (records, _) = sample("tsv");
    checks_first(&records, &[]);
    assert_eq!(records[0].ids.openalex.as_deref(), Some("W9000000001"));
}

#[test]
fn a_table_without_titles_names_its_columns() {
    let told = fails("a.csv", b"Name;Words\nx;y\n");
    assert_eq!(
        told,
        "`a.csv` has no column with titles; its columns are `Name`, `Words` | name the column that holds titles, with `--columns title=NAME`"
    );
    let options = ReadRecords {
        columns: ColumnMap::parse(["title=Name", "abstract=Words"]).expect("fields"),
        ..ReadRecords::default()
    };
    let (records, _) = read_as("a.csv", b"Name;Words\nx;y\n", &options).expect("it is a table");
    assert_eq!(
        (records[0].title.as_str(), records[0].abstract_text.as_str()),
        ("x", "y")
    );
    assert!(fails("a.jsonl", br#"{"name":"x"}"#).contains("`name`"));
}

#[test]
fn json_lines_are_read() {
    let (records, _) = sample("jsonl");
    assert_eq!(records[0].ids.local.as_deref(), Some("4983"));
    assert_eq!(records[0].abstract_text, "Releases cross borders.");
    assert_eq!(
        records[0].authors,
        [Author::new("Okafor", "Adaeze N"), Author::new("Lindqvist", "P")]
    );
    assert_eq!(
        (records[1].kind, records[1].source.as_str()),
        (Kind::Chapter, "somewhere")
    );
    assert!(records[1].retracted);
}

#[test]
fn plain_text_is_one_document() {
    let (records, _) = sample("txt");
    assert_eq!(
        records[0].title,
        "Gene drives in Anopheles and CO2: who decides & why?"
    );
    assert_eq!(
        records[0].abstract_text,
        "Releases cross borders. Communities are asked too late."
    );
    let (records, report) = read("empty.txt", b" \n");
    assert!(records.is_empty());
    assert_eq!(report.left_out, 1);
}

#[test]
fn packed_files_are_unpacked_by_content() {
    for (file, bytes) in SAMPLES {
        let wanted = read(file, bytes).0;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).expect("memory");
        assert_eq!(read(file, &gzip.finish().expect("memory")).0, wanted, "{file}");
        let zstd = zstd::stream::encode_all(bytes, 1).expect("memory");
        assert_eq!(read(file, &zstd).0, wanted, "{file}");
        assert!(fails(file, &zstd[..zstd.len() / 2]).contains("cut off"), "{file}");
        let with_mark = [b"\xef\xbb\xbf", bytes].concat();
        assert_eq!(read(file, &with_mark).0, wanted, "{file}");
    }
}

#[test]
fn a_small_file_that_unpacks_to_a_large_one_is_refused() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::copy(&mut std::io::repeat(b' ').take(1 << 20), &mut gzip).expect("memory");
    let packed = gzip.finish().expect("memory");
    let options = ReadRecords {
        format: Some(Format::Text),
        max_bytes: 100_000,
        ..ReadRecords::default()
    };
    let error = read_as("a", &packed, &options).expect_err("it is too large");
    assert_eq!(error.code(), "recommend.too-large");
    for (format, (file, bytes)) in Format::ALL.into_iter().zip(SAMPLES) {
        // One record is held at a time, and one record has a limit of its own.
        let options = ReadRecords {
            format: Some(format),
            max_record_bytes: 20,
            ..ReadRecords::default()
        };
        let long: Vec<u8> = bytes
            .iter()
            .copied()
            .chain(std::iter::repeat_n(b'x', 600_000))
            .collect();
        let _ = read_as(file, &long, &options);
    }
}

#[test]
fn broken_xml_says_where() {
    assert!(fails("a.xml", b"<PubmedArticleSet>\n<PubmedArticle>").contains("line 2: the file ends"));
    assert!(fails("a.xml", b"<article>\n</front>").contains("line 2: this is not well-formed"));
    let bomb =
        "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><article>&b;</article>";
    assert!(fails("a.xml", bomb.as_bytes()).contains("declares entities"));
    let deep = "<article>".to_owned() + &"<a>".repeat(100_000);
    assert!(fails("a.xml", deep.as_bytes()).contains("256 deep"));
    let options = ReadRecords {
        format: Some(Format::PubmedXml),
        ..ReadRecords::default()
    };
    let error = read_as("a.xml", b"<html></html>", &options).expect_err("another root");
    assert!(error.to_string().contains("`<html>`"));
    assert_eq!(
        fails("a.bin", b"\x00\x01").split(" | ").next(),
        Some("`a.bin` has no format that is known here")
    );
}

#[test]
fn other_encodings_are_read_or_named() {
    let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><front><article-meta><title-group><article-title>Caf\xe9</article-title></title-group></article-meta></front>";
    assert_eq!(read("a.xml", latin).0[0].title, "Café");
    let latin = |file: &str, bytes: &[u8], told: &str| {
        let error = fails(file, bytes);
        assert!(error.contains(told), "{error}");
        assert!(
            error.contains("iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW"),
            "{error}"
        );
    };
    latin(
        "a.csv",
        b"title,year\ncaf\xe9,2000\n",
        "line 2: the byte 0xe9 after `caf` is not UTF-8",
    );
    latin(
        "a.csv",
        b"title,caf\xe9\nx,y\n",
        "line 1: the byte 0xe9 after `caf`",
    );
    latin(
        "a.ris",
        b"TY  - JOUR\nTI  - caf\xe9\n",
        "line 2: the byte 0xe9 after `TI - caf`",
    );
    latin(
        "a.bib",
        b"@misc{x,\n title = {caf\xe9}}\n",
        "line 2: the byte 0xe9 after",
    );
    latin("a.txt", b"One\n\xe9t\xe9\n", "line 2: the byte 0xe9 is not UTF-8");
    latin(
        "a.xml",
        b"<article>\n<p>caf\xe9</p></article>",
        "line 2: the byte 0xe9 after `caf`",
    );
    latin(
        "a.jsonl",
        b"\n{\"title\": \"caf\xe9\"}",
        "record 1 (line 2): the byte 0xe9 after",
    );
    let other = b"<?xml version='1.0' encoding='EUC-JP'?><article/>";
    assert!(fails("a.xml", other).contains("iconv -f EUC-JP"));
}

#[test]
fn utf16_is_read_where_its_mark_says_so() {
    for (file, bytes) in SAMPLES {
        let wanted = read(file, bytes).0;
        let text = std::str::from_utf8(bytes).expect("samples are UTF-8");
        let text = text.replace("encoding=\"UTF-8\"", "encoding=\"UTF-16\"");
        let little: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let big: Vec<u8> = little.chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect();
        for wide in [little, big] {
            assert_eq!(read(file, &wide).0, wanted, "{file}");
            assert_eq!(
                Format::detect("a.txt", &wide),
                Format::detect("a.txt", bytes),
                "{file}"
            );
        }
    }
}

#[test]
fn broken_json_says_where() {
    assert!(fails("a.jsonl", b"{\"title\":\"x\"}\n{\"title\":").contains("line 2"));
    assert!(fails("a.jsonl", b"\n{\"title\" 1}").contains("record 1 (line 2)"));
    assert!(fails("a.jsonl", b"[3]").contains("should begin here"));
    let deep = format!("{{\"title\":{}", "[".repeat(1_000_000));
    assert!(fails("a.jsonl", deep.as_bytes()).contains("line 1"));
    let deep = format!("{{\"title\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(fails("a.jsonl", deep.as_bytes()).contains("recursion limit"));
}

#[test]
fn a_sink_can_stop_the_reading() {
    let mut count = 0;
    let stopped = read_records(
        "a.ris",
        Box::new(Cursor::new(SAMPLES[5].1)),
        &ReadRecords::default(),
        &mut |_| {
            count += 1;
            Err(Error::Stopped { task: "reading" })
        },
    );
    assert!(matches!(stopped, Err(Error::Stopped { .. })));
    assert_eq!(count, 1);
}

/// Text that has no markup and one form of spaces: what all readers make of it.
fn clean(text: &str) -> String {
    let mut text = tidy(text).into_owned();
    loop {
        let again = tidy(&plain(&text)).into_owned();
        if again == text {
            return text;
        }
        text = again;
    }
}

/// Words that trouble formats, among others.
fn words() -> impl Strategy<Value = String> {
    let trouble = prop::sample::select(vec![
        "TY  - JOUR",
        "ER  - ",
        "AB  -",
        "{",
        "}",
        "%",
        "&",
        "\\",
        "$",
        "#",
        "_",
        "^",
        "~",
        "\"",
        "'",
        "``",
        "--",
        "---",
        "@article{x,",
        "E. coli",
        "CO2",
        "Müller",
        "β",
        "日本語",
        "=1+1",
        "RETRACTED:",
        "and",
        ",",
        "\t",
        "\u{0}",
        "\r\n",
        "\u{2028}",
        "<b",
        "p < 0.05",
        "\\'{e}",
        "|",
    ])
    .prop_map(str::to_owned);
    prop::collection::vec(
        prop_oneof![2 => trouble, 1 => "\\PC{0,12}", 2 => "[a-zA-Z]{1,8}"],
        0..8,
    )
    .prop_map(|parts| parts.join(" "))
}

fn id(shape: &str) -> impl Strategy<Value = Option<String>> + use<> {
    prop::option::of(proptest::string::string_regex(shape).expect("a pattern"))
}

/// Records as the formats can hold them.
fn records() -> impl Strategy<Value = Record> {
    let ids = (
        id("10\\.[0-9]{4}/[a-z0-9()_{}%;:<>#&-]{0,12}[a-z0-9]"),
        id("[1-9][0-9]{0,7}"),
        id("PMC[1-9][0-9]{0,6}"),
        id("W[1-9][0-9]{0,9}"),
        id("[a-z][a-zA-Z0-9:_-]{0,10}"),
    );
    let name = "[A-ZÄÉ][a-zäéß]{1,8}( [a-z]{2,3})?(-[A-Z][a-z]{1,4})?";
    let author = (name, prop::option::of("[A-ZÉ][a-zé]{0,8}( [A-Z]\\.)?"))
        .prop_map(|(family, given)| Author::new(family, given.unwrap_or_default()));
    let text = (
        words(),
        prop::collection::vec(words(), 0..3),
        prop::option::of(words()),
        prop::collection::vec(words(), 0..3),
    );
    let rest = (
        prop::option::of(1000..2200_i32),
        prop::collection::vec(author, 0..3),
        prop::sample::select(Kind::ALL.to_vec()),
        prop::option::of(prop::sample::select(vec!["en".to_owned(), "de".into()])),
        any::<bool>(),
        prop::option::of(any::<bool>()),
    );
    (ids, text, rest).prop_map(
        |((doi, pmid, pmcid, openalex, local), (title, lines, venue, keywords), rest)| {
            let (year, authors, kind, language, retracted, open_access) = rest;
            let mut list: Vec<String> = Vec::new();
            for keyword in keywords {
                // These signs part keywords in some format.
                let keyword = clean(&keyword.replace([';', ','], " "));
                if !keyword.is_empty() && !list.contains(&keyword) {
                    list.push(keyword);
                }
            }
            let title = format!("T{}", clean(&title));
            let lines: Vec<String> = lines
                .iter()
                .map(|line| clean(line))
                .filter(|line| !line.is_empty())
                .collect();
            let mut abstract_text = lines.join("\n");
            // A tag may begin in one line and end in the next.
            if tidy_lines(&plain(&abstract_text)) != abstract_text {
                abstract_text = abstract_text.replace('<', "");
            }
            Record {
                retracted: retracted || super::draft::marks_retraction(&title),
                title,
                ids: Ids {
                    doi: doi.and_then(|doi| crate::clean_doi(&clean(&doi))),
                    pmid,
                    pmcid,
                    openalex,
                    local: Some(local.unwrap_or_else(|| "key".into())),
                },
                abstract_text,
                year,
                venue: venue.map(|venue| clean(&venue)).filter(|venue| !venue.is_empty()),
                authors,
                kind,
                language,
                keywords: list,
                mesh: vec!["Organisms, Genetically Modified".into()],
                references: vec!["doi:10.1/x".into(), "openalex:W1".into()],
                licence: Some("CC BY".into()),
                open_access,
                source: "somewhere".into(),
            }
        },
    )
}

/// A record without the fields that RIS, BibTeX and CSL-JSON do not hold.
fn without_rest(record: &Record, source: &str) -> Record {
    Record {
        mesh: Vec::new(),
        references: Vec::new(),
        licence: None,
        open_access: None,
        source: source.into(),
        ..record.clone()
    }
}

/// What any file may do: fail with an error or give records, but no more.
fn survives(bytes: &[u8]) {
    for format in Format::ALL {
        let options = ReadRecords {
            format: Some(format),
            max_bytes: 1 << 22,
            ..ReadRecords::default()
        };
        let mut merger = Merger::new();
        let mut first: Option<Record> = None;
        let read = read_records("any", Box::new(Cursor::new(bytes)), &options, &mut |record| {
            assert!(!record.title.is_empty() || !record.abstract_text.is_empty());
            assert_eq!(tidy(&record.title), record.title);
            assert_eq!(tidy_lines(&record.abstract_text), record.abstract_text);
            let met = merger.meet(&record);
            assert_eq!(met == Met::New, first.is_none() || met == Met::New);
            match &mut first {
                Some(first) => drop(merge(first, &record)),
                None => first = Some(record),
            }
            Ok(())
        });
        if let Err(error) = read {
            assert!(!error.to_string().is_empty());
        }
    }
    let _ = Format::detect("any", bytes);
}

#[test]
fn a_paper_of_no_known_kind_is_an_article_for_others_and_unknown_for_us() {
    let mut record = Record {
        title: "A title".into(),
        venue: Some("Science".into()),
        ..Record::default()
    };
    record.ids.doi = Some("10.1/x".into());
    let written = |record: &Record| {
        let (mut ris, mut bib, mut csl) = (Vec::new(), Vec::new(), Vec::new());
        write_ris(&mut ris, [record]).expect("memory");
        write_bibtex(&mut bib, [record]).expect("memory");
        write_csl_json(&mut csl, [record]).expect("memory");
        [("a.ris", ris), ("a.bib", bib), ("a.json", csl)]
    };
    let check = |record: &Record, wanted: [&str; 3]| {
        for ((file, bytes), wanted) in written(record).into_iter().zip(wanted) {
            let text = String::from_utf8_lossy(&bytes);
            assert!(text.contains(wanted), "{text}");
            assert_eq!(read(file, &bytes).0[0].kind, record.kind, "{text}");
        }
    };
    check(&record, ["TY  - JOUR", "@article{", "\"article-journal\""]);
    record.venue = None;
    check(&record, ["TY  - JOUR", "@misc{", "\"article-journal\""]);
    record.ids.doi = None;
    record.year = Some(2020);
    record.authors = vec![crate::Author::new("Curie", "Marie")];
    for ((_, bytes), wanted) in written(&record)
        .into_iter()
        .zip(["TY  - GEN", "@misc{", "\"document\""])
    {
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains(wanted) && !text.contains("unknown"), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn json_lines_give_back_every_field(record in records()) {
        let mut bytes = Vec::new();
        write_jsonl(&mut bytes, [&record]).expect("memory");
        prop_assert_eq!(&read("a.jsonl", &bytes).0[0], &record);
    }

    #[test]
    fn csv_gives_back_every_field(list in prop::collection::vec(records(), 1..3)) {
        let mut bytes = Vec::new();
        write_csv(&mut bytes, &list).expect("memory");
        prop_assert_eq!(read("a.csv", &bytes).0, list);
    }

    #[test]
    fn ris_gives_back_what_it_holds(list in prop::collection::vec(records(), 1..3)) {
        let mut bytes = Vec::new();
        write_ris(&mut bytes, &list).expect("memory");
        let wanted: Vec<Record> = list.iter().map(|record| without_rest(record, "a.ris")).collect();
        prop_assert_eq!(read("a.ris", &bytes).0, wanted, "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn csl_json_gives_back_what_it_holds(list in prop::collection::vec(records(), 1..3)) {
        let mut bytes = Vec::new();
        write_csl_json(&mut bytes, &list).expect("memory");
        let wanted: Vec<Record> = list.iter().map(|record| without_rest(record, "a.json")).collect();
        let options = ReadRecords { format: Some(Format::CslJson), ..ReadRecords::default() };
        let found = read_as("a.json", &bytes, &options).expect("it was written so").0;
        prop_assert_eq!(found, wanted);
    }

    #[test]
    fn bibtex_gives_back_what_it_holds(record in records()) {
        let mut bytes = Vec::new();
        write_bibtex(&mut bytes, [&record, &record]).expect("memory");
        let wanted = without_rest(&record, "a.bib");
        let found = read("a.bib", &bytes).0;
        prop_assert_eq!(&found[0], &wanted, "{}", String::from_utf8_lossy(&bytes));
        // The same key does not come twice.
        prop_assert_ne!(&found[0].ids.local, &found[1].ids.local);
    }

    #[test]
    fn no_reader_panics_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes);
    }

    #[test]
    fn no_reader_panics_on_any_text(text in words()) {
        survives(text.as_bytes());
    }

    #[test]
    fn no_reader_panics_on_a_damaged_file(
        which in 0..SAMPLES.len(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), 0..4), 1..6),
    ) {
        let mut bytes = SAMPLES[which].1.to_vec();
        for (at, to, byte, how) in cuts {
            if bytes.is_empty() {
                break;
            }
            let (at, to) = (at.index(bytes.len()), to.index(bytes.len()));
            match how {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at.max(1)),
                2 => bytes.insert(at, byte),
                _ => {
                    let part = bytes[at.min(to)..at.max(to)].to_vec();
                    bytes.splice(at..at, part.into_iter().take(2000));
                }
            }
        }
        survives(&bytes);
    }
}
