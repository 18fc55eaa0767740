//! What somebody brings to find literature for: a manuscript, a sequence record or a design.

mod docx;
mod genbank;
mod jats;
mod markdown;
mod prose;
mod rdf;
mod sbol;
mod terms;
mod turtle;
mod xml;

#[cfg(test)]
mod tests;

use crate::read::encoding::Encoding;
use crate::read::input::{
    PICTURE, SPREADSHEET, declared_encoding, is_picture, is_spreadsheet, lines_in, not_utf8,
};
use crate::{Error, Gazetteer, Ids};

/// Bytes of text that are read; what is longer is cut, and a note says so.
const MAX_TEXT: usize = 5_000_000;
/// Terms and references that are kept.
const MAX_LIST: usize = 2_000;

/// A document that a recommendation is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryDocument {
    /// Title; empty if there is none.
    pub title: String,
    /// Text, without title, markup and list of references.
    pub text: String,
    /// Names of parts, genes, products and roles; empty for a text.
    pub technical: Vec<String>,
    /// Names of organisms, settings, people and uses, and what papers on ethics, law and society say of them.
    pub bridge: Vec<String>,
    /// What it cites, each as an id of [`Ids::all`].
    pub references: Vec<String>,
    /// What it is known by itself.
    pub own_ids: Ids,
    /// One line: what was read.
    pub what: String,
    /// What was odd, or left out.
    pub notes: Vec<String>,
}

impl QueryDocument {
    /// Reads a document from the bytes of a file; its name and its content tell the format.
    ///
    /// Plain text, Markdown, `.docx`, JATS, GenBank flat files and SBOL 2 and 3 (RDF/XML, Turtle, N-Triples, JSON-LD) are read.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyQuery`] without a word to go by, [`Error::OnlySequence`] for FASTA and bare sequences, [`Error::CannotRead`] for
    /// PDF and other formats that hold no text to be read here, [`Error::UnknownFormat`] for lists of references, and
    /// [`Error::Malformed`] with the place for a broken file and for bytes that are not UTF-8.
    pub fn read(file: &str, bytes: &[u8], gazetteer: &Gazetteer) -> Result<Self, Error> {
        let mut document = read_form(file, bytes)?;
        document.finish(file, gazetteer)?;
        Ok(document)
    }

    /// Reads pasted text.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyQuery`] and [`Error::OnlySequence`].
    pub fn from_text(text: &str, gazetteer: &Gazetteer) -> Result<Self, Error> {
        Self::read("the text.txt", text.as_bytes(), gazetteer)
    }

    /// What all formats have in common at the end.
    fn finish(&mut self, file: &str, gazetteer: &Gazetteer) -> Result<(), Error> {
        let length = self.text.len();
        if cut(&mut self.text, MAX_TEXT) {
            self.notes.push(format!(
                "the text has {length} bytes; what follows the first {MAX_TEXT} was not read"
            ));
        }
        cut(&mut self.title, 2_000);
        let named = !self.technical.is_empty();
        let letters = |text: &str| text.chars().filter(|sign| sign.is_alphabetic()).take(3).count();
        if letters(&self.title) + letters(&self.text) < 3 && !named {
            return Err(Error::EmptyQuery { file: file.into() });
        }
        let whole = format!(
            "{}\n\n{}\n\n{}",
            self.title,
            self.text,
            self.technical.join("\n\n")
        );
        let mut bridge = std::mem::take(&mut self.bridge);
        bridge.extend(gazetteer.bridge_words(&whole));
        self.bridge = once(bridge);
        self.technical = once(std::mem::take(&mut self.technical));
        self.references = once(std::mem::take(&mut self.references));
        for (list, what) in [
            (&mut self.technical, "terms"),
            (&mut self.bridge, "bridge terms"),
            (&mut self.references, "references"),
        ] {
            if list.len() > MAX_LIST {
                self.notes.push(format!(
                    "it has {} {what}; the first {MAX_LIST} were kept",
                    list.len()
                ));
                list.truncate(MAX_LIST);
            }
        }
        Ok(())
    }
}

/// Each text once, in order, tidy; without empty ones.
fn once(list: Vec<String>) -> Vec<String> {
    let mut met = std::collections::BTreeSet::new();
    list.into_iter()
        .map(|text| tidy(&text))
        .filter(|text| !text.is_empty() && met.insert(text.to_lowercase()))
        .collect()
}

/// Shortens a text to at most so many bytes; says whether it did.
fn cut(text: &mut String, most: usize) -> bool {
    if text.len() <= most {
        return false;
    }
    let at = (0..=most)
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0);
    text.truncate(at);
    true
}

/// One line, with single spaces.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|sign: char| sign.is_whitespace() || sign.is_control()) {
        if !word.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    out
}

fn malformed(file: &str, place: String, problem: impl Into<String>, hint: Option<&str>) -> Error {
    Error::Malformed {
        file: file.into(),
        place,
        problem: problem.into(),
        hint: hint.map(Into::into),
    }
}

fn cannot_read(file: &str, what: &'static str, hint: &'static str) -> Error {
    Error::CannotRead {
        file: file.into(),
        what,
        hint,
    }
}

fn extension(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((_, extension)) => extension.to_lowercase(),
        None => String::new(),
    }
}

fn read_form(file: &str, bytes: &[u8]) -> Result<QueryDocument, Error> {
    if bytes.starts_with(b"%PDF") {
        return Err(cannot_read(
            file,
            "a PDF",
            "paste its text, or make text of it: `pdftotext FILE.pdf - > FILE.txt`",
        ));
    }
    if is_picture(bytes) {
        return Err(cannot_read(file, PICTURE.0, PICTURE.1));
    }
    if bytes.starts_with(b"PK\x03\x04") && is_spreadsheet(file) {
        return Err(cannot_read(file, SPREADSHEET.0, SPREADSHEET.1));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return docx::read(file, bytes);
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(cannot_read(file, "a document of an old Word", "save it as .docx"));
    }
    if bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Err(cannot_read(
            file,
            "a packed file",
            "unpack it first: `gunzip FILE` or `unzstd FILE`",
        ));
    }
    read_text_form(file, &decode(file, bytes)?)
}

fn read_text_form(file: &str, text: &str) -> Result<QueryDocument, Error> {
    let start = text.trim_start();
    if start.starts_with("{\\rtf") {
        return Err(cannot_read(file, "rich text", "save it as .docx or .txt"));
    }
    let first = start.lines().next().unwrap_or_default();
    match extension(file).as_str() {
        "gb" | "gbk" | "gbff" | "genbank" | "gp" => return genbank::read(file, text),
        "fa" | "fasta" | "fna" | "faa" | "ffn" | "fas" | "seq" | "fastq" | "fq" => {
            return Err(Error::OnlySequence { file: file.into() });
        }
        "md" | "markdown" | "rmd" | "qmd" => return Ok(markdown::read(text)),
        "ttl" | "turtle" | "nt" | "ntriples" => {
            return sbol::read_triples(file, "Turtle", &turtle::read(file, text)?);
        }
        "jsonld" | "json" => return sbol::read_triples(file, "JSON-LD", &rdf::read_json(file, text)?),
        "docx" | "docm" => {
            return Err(malformed(
                file,
                "byte 0".into(),
                "this is no .docx: it is not packed",
                None,
            ));
        }
        "ris" | "bib" | "bibtex" | "nbib" | "csv" | "tsv" | "jsonl" => {
            return Err(Error::UnknownFormat { file: file.into() });
        }
        _ => {}
    }
    if first.starts_with("LOCUS ") {
        return genbank::read(file, text);
    }
    let iri = [
        "<http:", "<https:", "<urn:", "<file:", "@prefix", "@base", "PREFIX ", "BASE ",
    ];
    if iri.iter().any(|begin| start.starts_with(begin)) {
        return sbol::read_triples(file, "Turtle", &turtle::read(file, text)?);
    }
    if start.starts_with('<') && looks_like_xml(start) {
        return read_xml(file, text);
    }
    if is_sequence(start) {
        return Err(Error::OnlySequence { file: file.into() });
    }
    Ok(prose::read(text))
}

/// Whether `<` begins XML and not a text like `<5 % of patients`.
fn looks_like_xml(start: &str) -> bool {
    start[1..].starts_with(|sign: char| sign.is_alphabetic() || sign == '?' || sign == '!')
}

fn read_xml(file: &str, text: &str) -> Result<QueryDocument, Error> {
    let tree = xml::Tree::read(file, text)?;
    let root = tree.root();
    match root.name() {
        "RDF" => sbol::read_triples(file, "RDF/XML", &rdf::read_xml(file, root)?),
        "html" => Err(cannot_read(
            file,
            "a web page",
            "paste its text, or save it as .txt",
        )),
        _ => match jats::read(&tree) {
            Some(document) => Ok(document),
            None => Err(malformed(
                file,
                "line 1".into(),
                format!(
                    "the root `<{}>` is neither an article (JATS) nor a design (SBOL)",
                    xml::shown(root.name())
                ),
                Some("paste the text instead; lists of references have formats of their own"),
            )),
        },
    }
}

/// Whether this is FASTA, or letters of a sequence and nothing else.
fn is_sequence(start: &str) -> bool {
    let mut lines = start.lines().map(str::trim).filter(|line| !line.is_empty());
    let fasta = start.starts_with('>');
    let mut letters = 0_usize;
    let mut nucleotides = 0_usize;
    let body: Vec<&str> = if fasta {
        lines.by_ref().skip(1).take(50).collect()
    } else {
        lines.by_ref().take(50).collect()
    };
    for line in &body {
        if line.starts_with('>') {
            continue;
        }
        let one_word = !line
            .trim_end_matches('*')
            .contains(|sign: char| !sign.is_ascii_alphabetic() && !sign.is_ascii_digit() && sign != ' ');
        // Blocks of ten with numbers in front are how sequences are printed.
        let long = line.split(' ').all(|word| {
            word.len() >= 10
                || word.bytes().all(|byte| byte.is_ascii_digit())
                || body.len() > 1 && line.ends_with(word)
        });
        if !one_word || !long {
            return false;
        }
        for byte in line.bytes().filter(u8::is_ascii_alphabetic) {
            letters += 1;
            nucleotides += usize::from(b"ACGTUNacgtun".contains(&byte));
        }
    }
    (fasta && letters > 0) || (letters >= 20 && nucleotides * 10 >= letters * 9)
}

/// Bytes as text. Which encoding other bytes have, nobody can tell for sure, so that what is neither UTF-8 nor marked is refused, as in
/// files of records.
fn decode(file: &str, bytes: &[u8]) -> Result<String, Error> {
    if let Some(encoding) = Encoding::of_mark(bytes) {
        return Ok(encoding.text(&bytes[2..]));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let head = &bytes[..bytes.len().min(65_536)];
    if head.contains(&0) {
        return Err(cannot_read(
            file,
            "no text: it holds zero bytes",
            "give a .txt, .md, .docx, JATS, GenBank or SBOL file, or paste the text",
        ));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        // The caller cut it in the middle of a character.
        Err(error) if error.error_len().is_none() && bytes.len() > MAX_TEXT => {
            Ok(String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned())
        }
        Err(error) => {
            if let Some(encoding) = declared_encoding(file, head)? {
                return Ok(encoding.text(bytes));
            }
            let line = lines_in(&bytes[..error.valid_up_to()]) + 1;
            Err(not_utf8(file, line, bytes))
        }
    }
}
