//! Files of every form, whole, broken and hostile.

use std::io::{Cursor, Write};
use std::sync::LazyLock;

use proptest::prelude::*;
use zip::write::SimpleFileOptions;

use super::*;

static GAZETTEER: LazyLock<Gazetteer> = LazyLock::new(Gazetteer::bundled);

macro_rules! sample {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("../../tests/queries/", $name)).as_slice(),
        )
    };
}

const SAMPLES: [(&str, &[u8]); 9] = [
    sample!("abstract.txt"),
    sample!("manuscript.md"),
    sample!("two-records.gb"),
    sample!("design-2.xml"),
    sample!("design-3.ttl"),
    sample!("design-3.nt"),
    sample!("design-3.jsonld"),
    sample!("article.xml"),
    sample!("open-quote.gb"),
];

fn read(name: &str, bytes: &[u8]) -> Result<QueryDocument, Error> {
    QueryDocument::read(name, bytes, &GAZETTEER)
}

fn good(sample: &str) -> QueryDocument {
    let (name, bytes) = SAMPLES
        .iter()
        .find(|(name, _)| *name == sample)
        .expect("it is a sample");
    read(name, bytes).expect("it is whole")
}

fn bad(name: &str, bytes: &[u8]) -> Error {
    read(name, bytes).expect_err("it cannot be read")
}

fn has(list: &[String], wanted: &[&str]) {
    for one in wanted {
        assert!(list.iter().any(|item| item == one), "{one} in {list:?}");
    }
}

fn docx(document: &str) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    out.start_file("[Content_Types].xml", options)
        .expect("memory takes it");
    out.write_all(b"<Types/>").expect("memory takes it");
    out.start_file("word/document.xml", options)
        .expect("memory takes it");
    out.write_all(document.as_bytes()).expect("memory takes it");
    out.finish().expect("memory takes it").into_inner()
}

fn word(paragraphs: &str) -> Vec<u8> {
    docx(&format!(
        "<?xml version=\"1.0\"?><w:document xmlns:w=\"w\" xmlns:mc=\"m\"><w:body>{paragraphs}</w:body></w:document>"
    ))
}

#[test]
fn plain_text_has_a_title_a_text_and_references() {
    let document = good("abstract.txt");
    assert_eq!(
        document.title,
        "An engineered probiotic that senses inflammation in the gut of patients"
    );
    assert!(document.text.starts_with("We built a strain"));
    assert!(
        document.text.ends_with("(doi:10.1000/earlier.work)."),
        "{}",
        document.text
    );
    assert_eq!(
        document.references,
        ["doi:10.1000/earlier.work", "pmid:12345678", "pmcid:PMC7654321"]
    );
    has(
        &document.bridge,
        &[
            "escherichia coli nissle 1917",
            "probiotic",
            "patients",
            "informed consent",
        ],
    );
    assert_eq!(document.what, "plain text: 48 words");
    assert!(document.notes[0].contains("3 lines"));
}

#[test]
fn a_manuscript_in_markdown_loses_its_markup_only() {
    let document = good("manuscript.md");
    assert_eq!(document.title, "Nitrogen for maize from an edited diazotroph");
    assert!(
        document
            .text
            .contains("We edited Pseudomonas so that it fixes nitrogen at roots of maize ."),
        "{}",
        document.text
    );
    assert!(document.text.contains("The gene nif_A stays as it is."));
    assert!(document.text.contains("A field trial is planned."));
    for gone in ["code is not", "never read", "Smith", "**", "|", "[^"] {
        assert!(!document.text.contains(gone), "{gone} in {}", document.text);
    }
    assert_eq!(
        document.references,
        ["doi:10.1000/roots(1)", "doi:10.1000/smith.2020"]
    );
    has(&document.bridge, &["maize", "field trial", "farmers"]);
}

#[test]
fn genbank_gives_names_sentences_and_references() {
    let document = good("two-records.gb");
    assert_eq!(
        document.title,
        "Nitrate sensor with a kill switch for a living medicine"
    );
    has(
        &document.technical,
        &[
            "kill switch",
            "biosensor",
            "PnarG",
            "ccdB",
            "toxin CcdB",
            "green fluorescent protein",
        ],
    );
    has(
        &document.bridge,
        &["Escherichia coli Nissle 1917", "Homo sapiens", "patients"],
    );
    assert_eq!(
        document.references,
        ["doi:10.1000/sensor.gut", "pmid:12345678", "pmid:23456789"]
    );
    assert!(
        document
            .text
            .contains("senses nitrate, as \"promoter 1\" of an earlier design"),
        "{}",
        document.text
    );
    assert!(document.text.contains("Second record"));
    assert!(
        !document.text.contains("acgt")
            && !document.text.contains("MKTAY")
            && !document.text.contains("Direct")
    );
    assert_eq!(
        document.what,
        "GenBank file: 2 records, 4 features, 3 references with an id"
    );
    assert!(document.notes.is_empty(), "{:?}", document.notes);
}

#[test]
fn a_genbank_file_of_a_design_tool_is_read_without_its_bookkeeping() {
    let text = "LOCUS       pTOOL   10 bp    DNA   circular            \nSOURCE      \n  ORGANISM  \n\
        COMMENT     This file is created by a tool\nCOMMENT     ORIGDB|GenBank\n\
        FEATURES             Location/Qualifiers\n     CDS             complement(1..9)\n\
        \x20                    /vntifkey=\"4\"\n                     /label=araC\\promoter\n\
        \x20                    /note=\"color: #ff0000\"\nBASE COUNT     1 a\nORIGIN\n        1 acgt\n//\n";
    let document = read("x.gb", text.as_bytes()).expect("it is whole");
    assert_eq!(document.title, "pTOOL");
    assert_eq!(document.technical, ["pTOOL", "araC promoter"]);
    assert!(
        !document.text.contains("ORIGDB") && !document.text.contains("color"),
        "{}",
        document.text
    );
}

#[test]
fn a_broken_genbank_file_is_told_with_its_line() {
    let check = |bytes: &[u8], wanted: &str| {
        let message = bad("x.gb", bytes).to_string();
        assert!(message.contains(wanted), "{message}");
    };
    check(SAMPLES[8].1, "line 5: the quote of `/note` is never closed");
    check(b"ORIGIN\n1 acgt\n//\n", "line 1");
    check(b"", "none begins with `LOCUS`");
    check(
        b"LOCUS       x\nDEFINITION  y\n",
        "line 2: the file ends in the head",
    );
    check(
        b"LOCUS       x\nDEFINITION  y\nsomething else\n//\n",
        "line 3: `something` is no keyword",
    );
    check(
        b"LOCUS       x\nDEFINITION  y\nLOCUS       z\n//\n",
        "line 3: a record begins before",
    );
    check(
        b"LOCUS  x\nFEATURES   y\n             /note=\"x\"\n//\n",
        "line 3: a qualifier stands before",
    );
    check(b"LOCUS  x\n//\n//\n", "line 3");
    let cut = String::from_utf8_lossy(SAMPLES[2].1);
    let cut = &cut[..cut.rfind("//").expect("it ends so")];
    let document = read("x.gb", cut.as_bytes()).expect("its text is whole");
    assert!(document.notes[0].contains("cut off"));
}

#[test]
fn sbol_2_gives_parts_roles_and_references() {
    let document = good("design-2.xml");
    assert_eq!(document.title, "Arsenic biosensor for drinking water");
    has(
        &document.technical,
        &[
            "arsenic_sensor",
            "BBa_J33201",
            "ars promoter",
            "promoter",
            "DNA",
            "BBa_J15301",
        ],
    );
    assert!(
        !document
            .technical
            .iter()
            .any(|name| name.starts_with("functionalComponent"))
    );
    has(
        &document.bridge,
        &["bacillus subtilis", "drinking water", "developing countries"],
    );
    assert_eq!(
        document.references,
        [
            "pmid:12345678",
            "doi:10.1000/ars.2006",
            "doi:10.1000/ars.promoter"
        ]
    );
    assert!(
        document
            .text
            .contains("Cells of Bacillus subtilis that show arsenic"),
        "{}",
        document.text
    );
    assert!(!document.text.contains("acgt"));
    assert_eq!(
        document.what,
        "SBOL 2 design (RDF/XML): 2 parts, 3 references with an id"
    );
}

#[test]
fn sbol_3_is_read_as_turtle_n_triples_and_json() {
    let turtle = good("design-3.ttl");
    assert_eq!(turtle.title, "Homing gene drive for Anopheles gambiae");
    has(
        &turtle.technical,
        &[
            "doublesex guide",
            "guide RNA",
            "non-coding RNA",
            "gene",
            "DNA",
            "RNA",
        ],
    );
    has(&turtle.bridge, &["anopheles gambiae", "gene drive", "malaria"]);
    assert_eq!(turtle.references, ["doi:10.1000/drive.1", "pmid:23456789"]);
    assert!(
        turtle.text.contains("Said to be \"self limiting\""),
        "{}",
        turtle.text
    );
    assert!(!turtle.text.contains("acgt"));
    assert_eq!(
        turtle.what,
        "SBOL 3 design (Turtle): 2 parts, 2 references with an id"
    );
    let triples = good("design-3.nt");
    assert_eq!(triples.title, "Spider silk in yeast – a fibre");
    has(&triples.technical, &["coding sequence"]);
    let json = good("design-3.jsonld");
    assert_eq!(json.title, "Vanillin pathway");
    has(&json.technical, &["gene"]);
    has(&json.bridge, &["saccharomyces cerevisiae", "livelihoods"]);
}

#[test]
fn an_article_gives_its_own_ids_apart_from_what_it_cites() {
    let document = good("article.xml");
    assert_eq!(document.title, "A phage that eats Pseudomonas aeruginosa");
    assert_eq!(document.own_ids.doi.as_deref(), Some("10.1000/own.1"));
    assert_eq!(document.own_ids.pmid.as_deref(), Some("11111111"));
    assert_eq!(document.own_ids.pmcid.as_deref(), Some("PMC2222222"));
    assert_eq!(
        document.references,
        ["doi:10.1000/one", "doi:10.1000/two", "pmid:33333333"]
    );
    assert!(document.text.contains("It is safe & cheap."), "{}", document.text);
    assert!(document.text.contains("It works."), "{}", document.text);
    assert!(document.text.contains("Keywords: phage therapy; resistance"));
    assert!(!document.text.contains("numbers"));
}

#[test]
fn a_word_document_is_read_as_it_stands_after_its_changes() {
    let bytes = word(
        "<w:p><w:pPr><w:pStyle w:val=\"Title\"/></w:pPr><w:r><w:t>A living </w:t></w:r><w:r><w:t>medicine</w:t></w:r></w:p>\
         <w:p><w:r><w:t xml:space=\"preserve\">It is </w:t></w:r><w:del><w:r><w:delText>never</w:delText><w:t>never</w:t></w:r></w:del>\
         <w:ins><w:r><w:t>given to patients &amp; mice</w:t></w:r></w:ins><w:r><w:tab/><w:instrText>ADDIN</w:instrText>\
         <w:footnoteReference w:id=\"1\"/><w:t>today, for the first time anywhere.</w:t></w:r></w:p>\
         <w:p><w:r><w:t>References</w:t></w:r></w:p><w:p><w:r><w:t>1. X, 10.1000/xyz</w:t></w:r></w:p>",
    );
    let document = read("paper.docx", &bytes).expect("it is whole");
    assert_eq!(document.title, "A living medicine");
    assert_eq!(
        document.text,
        "It is given to patients & mice today, for the first time anywhere."
    );
    assert_eq!(document.references, ["doi:10.1000/xyz"]);
    assert!(document.notes.iter().any(|note| note.contains("tracked changes")));
    has(&document.bridge, &["patients"]);
}

#[test]
fn a_hostile_word_document_is_refused() {
    let bomb = word(&" ".repeat(70 << 20));
    assert!(bomb.len() < 1 << 20);
    assert!(bad("x.docx", &bomb).to_string().contains("64 MiB"));
    let deep = word(&"<w:x>".repeat(1_000));
    assert!(bad("x.docx", &deep).to_string().contains("too deep"));
    let entities = docx("<!DOCTYPE x [<!ENTITY a \"b\">]><w:document><w:p><w:t>&a;</w:t></w:p></w:document>");
    assert!(bad("x.docx", &entities).to_string().contains("DOCTYPE"));
    let whole = word("<w:p><w:t>text</w:t></w:p>");
    assert!(matches!(
        bad("x.docx", &whole[..whole.len() / 2]),
        Error::Malformed { .. }
    ));
    assert!(matches!(bad("x.docx", b"plain text"), Error::Malformed { .. }));
}

#[test]
fn what_says_nothing_is_an_error_that_says_what_to_give() {
    for empty in ["", " \n\t", "12 34 !?", "...", "10.1000/12.34"] {
        let error = bad("x.txt", empty.as_bytes());
        assert!(matches!(error, Error::EmptyQuery { .. }), "{empty}: {error}");
        assert!(error.hint().is_some());
    }
    let fasta = include_bytes!("../../tests/queries/plasmid.fasta");
    for (name, bytes) in [
        ("plasmid.fasta", fasta.as_slice()),
        ("plasmid.txt", fasta),
        ("x.txt", b"ACGTACGTACGTACGTACGTACGTNNNN"),
        ("x.txt", b"acgtacgtacgtacgt\nacgtacgtacgtacgt\nacgt\n"),
    ] {
        assert!(matches!(bad(name, bytes), Error::OnlySequence { .. }), "{name}");
    }
    let hint = |name: &str, bytes: &[u8], wanted: &str| {
        let error = bad(name, bytes);
        let hint = error.hint().unwrap_or_default();
        assert!(hint.contains(wanted), "{error}: {hint}");
    };
    hint("x.pdf", b"%PDF-1.7", "pdftotext");
    hint("x.doc", &[0xd0, 0xcf, 0x11, 0xe0, 0xa1], "docx");
    hint("x.rtf", b"{\\rtf1 hello}", "docx");
    hint("x.bin", &[0, 1, 2, 3], "paste");
    hint("x.html", b"<html><body>text</body></html>", "paste");
    hint("x.txt.gz", &[0x1f, 0x8b, 8], "gunzip");
    assert!(matches!(bad("x.ris", b"TY  - JOUR"), Error::UnknownFormat { .. }));
}

#[test]
fn hostile_and_broken_xml_is_refused_with_its_line() {
    let check = |text: &str, wanted: &str| {
        let message = bad("x.xml", text.as_bytes()).to_string();
        assert!(message.contains(wanted), "{message}");
    };
    check(
        "<!DOCTYPE a [<!ENTITY x \"y\">\n]><article>&x;</article>",
        "declares entities",
    );
    check("<article>\n&lol;</article>", "line 2: the entity `&lol;`");
    check("<article>\n<front>", "middle of an element");
    check("<article>\n</front>", "line 2");
    check(&"<a>".repeat(300), "200 inside");
    check("<article/><article/>", "second root");
    check("<svg>text</svg>", "`<svg>` is neither");
    let rdf = |inner: &str| format!("<rdf:RDF xmlns:rdf=\"r\" xmlns:s=\"http://sbols.org/v{inner}</rdf:RDF>");
    check(
        &rdf("2#\"><s:Sequence rdf:about=\"x\"><s:elements>acgt</s:elements></s:Sequence>"),
        "no component",
    );
    check(
        &rdf("1#\"><s:DnaComponent><s:name>x</s:name></s:DnaComponent>"),
        "SBOL 1",
    );
    check("<rdf:RDF xmlns:rdf=\"r\"/>", "nothing in it is of SBOL");
}

#[test]
fn broken_turtle_and_json_are_refused_with_their_lines() {
    let check = |name: &str, text: &str, wanted: &str| {
        let message = bad(name, text.as_bytes()).to_string();
        assert!(message.contains(wanted), "{message}");
    };
    check("x.ttl", "\n<a> <b> \"c", "line 2: a quote is never closed");
    check(
        "x.ttl",
        "<a> <b> \"c\n\" .",
        "line 1: a quote is not closed in its line",
    );
    check("x.ttl", "<a> <b> <c>\n<d>", "line 2: `.` is expected");
    check("x.ttl", "<a> b:c <d> .", "the prefix `b:` is not declared");
    check("x.ttl", "<a> <b> \"\\uD800\" .", "number of a character");
    check("x.ttl", &format!("<a> <b> {}", "[ <b> ".repeat(1_000)), "64 deep");
    check("x.ttl", &format!("<a> <b> {}", "( ".repeat(100_000)), "64 deep");
    check("x.nt", "<a <b> <c> .", "not closed");
    check("x.jsonld", "{\n\"a\": ", "line 2");
    check("x.json", "{\"a\": 1}", "no JSON-LD");
    check("x.jsonld", &"[".repeat(100_000), "JSON");
}

#[test]
fn long_text_is_cut_at_a_letter_and_a_note_says_so() {
    let text = format!("Title of it\n\n{}", "é ".repeat(2_000_000));
    let document = QueryDocument::from_text(&text, &GAZETTEER).expect("it is text");
    assert!(document.text.len() <= MAX_TEXT);
    assert!(
        document.notes.iter().any(|note| note.contains("5000000")),
        "{:?}",
        document.notes
    );
}

#[test]
fn hostile_text_is_read_in_time_that_grows_with_its_length() {
    for piece in ["[", "<a", "-10.", "![](", "PMID", "\n#", "a|", "LOCUS "] {
        let text = format!("Some words first\n{}", piece.repeat(1_000_000 / piece.len()));
        for name in ["x.txt", "x.md"] {
            assert!(read(name, text.as_bytes()).is_ok(), "{piece}");
        }
    }
}

#[test]
fn other_encodings_are_read_where_they_are_known() {
    let wide = |big: bool| {
        let mut bytes = if big { vec![0xfe, 0xff] } else { vec![0xff, 0xfe] };
        for unit in "Bactéries probiotiques pour patients".encode_utf16() {
            bytes.extend(if big {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            });
        }
        bytes
    };
    for bytes in [wide(true), wide(false)] {
        let document = read("x.txt", &bytes).expect("it is text");
        assert!(document.text.contains("Bactéries"), "{}", document.text);
    }
    let error = read("x.txt", b"Pour patients\nBact\xe9ries \x93probiotiques\x94").expect_err("nobody knows");
    assert!(
        error.to_string().contains("line 2: the byte 0xe9 after `Bact`"),
        "{error}"
    );
    assert!(error.hint().expect("a hint").contains("iconv -f WINDOWS-1252"));
    let declared = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><article><front><article-meta><title-group><article-title>Caf\xe9s of yeast</article-title></title-group></article-meta></front></article>";
    assert_eq!(
        read("x.xml", declared).expect("it says so").title,
        "Cafés of yeast"
    );
}

#[test]
fn ids_are_found_in_running_text() {
    let check = |text: &str, wanted: &[&str]| assert_eq!(prose::ids_in(text), wanted, "{text}");
    check("(see https://doi.org/10.1000/a(b)c).", &["doi:10.1000/a(b)c"]);
    check(
        "(10.1000/abc), 10.1000/def;",
        &["doi:10.1000/abc", "doi:10.1000/def"],
    );
    check(
        "PMID:123 and PMID 456 and pmc12345",
        &["pmid:123", "pmid:456", "pmcid:PMC12345"],
    );
    check("a yield of 10.5/h and 110.1000/x", &[]);
    check("<https://pubmed.ncbi.nlm.nih.gov/789/>", &["pmid:789"]);
}

#[test]
fn an_id_alone_in_a_line_at_the_top_is_the_documents_own() {
    let text = "A title of it\ndoi: 10.1000/own\n\nWe did something. It builds on 10.1000/other.";
    let document = QueryDocument::from_text(text, &GAZETTEER).expect("it is text");
    assert_eq!(document.own_ids.doi.as_deref(), Some("10.1000/own"));
    assert_eq!(document.references, ["doi:10.1000/other"]);
}

#[test]
fn prose_is_no_sequence_and_signs_are_no_xml() {
    for text in [
        "A cat tag act",
        ">60 % of patients improved after therapy.",
        "<5 % of patients improved",
        "GATTACA was a film about eugenics and a gattaca",
    ] {
        assert!(QueryDocument::from_text(text, &GAZETTEER).is_ok(), "{text}");
    }
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "x.txt", "x.md", "x.docx", "x.gb", "x.xml", "x.ttl", "x.nt", "x.jsonld", "x", "x.fa",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn no_bytes_panic(name in name(), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&name, &bytes);
    }

    #[test]
    fn no_text_panics(name in name(), text in "[<>/&;:\"'@#.\\[\\](){}*_`\\\\ \nA-Za-z0-9é=,]{0,200}") {
        let _ = read(&name, text.as_bytes());
    }

    #[test]
    fn no_changed_file_panics(
        sample in 0..SAMPLES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..6),
    ) {
        let (name, bytes) = SAMPLES[sample];
        let mut bytes = bytes.to_vec();
        for (at, byte, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                _ => bytes.truncate(at),
            }
        }
        if let Ok(document) = read(name, &bytes) {
            prop_assert!(document.text.len() <= MAX_TEXT);
            prop_assert!(!document.what.is_empty());
        }
    }

    #[test]
    fn no_changed_word_document_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = word("<w:p><w:r><w:t>text of it</w:t></w:r></w:p>");
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = read("x.docx", &bytes);
    }

    #[test]
    fn the_same_bytes_give_the_same_document(sample in 0..8_usize) {
        let (name, bytes) = SAMPLES[sample];
        prop_assert_eq!(read(name, bytes).ok(), read(name, bytes).ok());
    }
}
