//! Queries for synthetic biology and for what is ethical, legal or social about it, once for all sources.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::options::{Source, named};
use crate::Error;

/// A query that is kept here, for every source.
///
/// # Source
///
/// Shapira, Kwon and Youtie, "Tracking the Emergence of Synthetic Biology", Scientometrics 112 (2017), PMC5533824, as
/// Dablain, Huang and Sepulvado use it for arXiv 2207.06360, with their words for what is ethical, legal or social. They
/// ask for keywords of authors and for abstracts; here titles and abstracts are asked for. Where they cut words off by `*`
/// and a source cannot do so within phrases, the forms are spelt out. What speaks against artificial and synthetic cells,
/// such as a fuel cell or a cell culture, is held against them only, not against the other terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Preset {
    /// Synthetic biology.
    Synbio,
    /// Synthetic biology, with a word in title or abstract for what is ethical, legal or social, or where the source has
    /// them, a subject heading or the bioethics subset of PubMed.
    Elsi,
}

/// A word or phrase.
struct Term {
    /// Its forms, without signs.
    forms: &'static [&'static str],
    /// How it begins, for sources that let words be cut off.
    stem: Option<&'static str>,
}

const fn exact(forms: &'static [&'static str]) -> Term {
    Term { forms, stem: None }
}

const fn stem(stem: &'static str, forms: &'static [&'static str]) -> Term {
    Term {
        forms,
        stem: Some(stem),
    }
}

/// Any of these is synthetic biology.
const TERMS: [Term; 11] = [
    stem(
        "synthetic biolog",
        &[
            "synthetic biology",
            "synthetic biologist",
            "synthetic biologists",
            "synthetic biological",
        ],
    ),
    exact(&["synthetic DNA"]),
    stem(
        "synthetic genom",
        &[
            "synthetic genome",
            "synthetic genomes",
            "synthetic genomic",
            "synthetic genomics",
        ],
    ),
    stem(
        "synthetic nucleotide",
        &["synthetic nucleotide", "synthetic nucleotides"],
    ),
    exact(&[
        "synthetic oligonucleotide",
        "synthetic oligonucleotides",
        "synthetic polynucleotide",
        "synthetic polynucleotides",
    ]),
    stem(
        "synthetic promoter",
        &["synthetic promoter", "synthetic promoters"],
    ),
    exact(&[
        "synthetic gene cluster",
        "synthetic gene clusters",
        "synthetic genetic cluster",
    ]),
    exact(&[
        "artificial gene network",
        "artificial gene networks",
        "artificial genetic network",
        "artificial genetic networks",
    ]),
    stem(
        "artificial nucleic acid",
        &["artificial nucleic acid", "artificial nucleic acids"],
    ),
    exact(&[
        "artificial nucleotide",
        "artificial nucleotides",
        "artificial oligonucleotide",
        "artificial oligonucleotides",
        "artificial polynucleotide",
    ]),
    exact(&[
        "biobrick",
        "biobricks",
        "bio-brick",
        "bio-bricks",
        "bio brick",
        "bio bricks",
    ]),
];

/// The first with the second is synthetic biology.
const PAIRS: [(Term, Term); 2] = [
    (
        exact(&[
            "synthetic mammalian gene",
            "synthetic mammalian genes",
            "synthetic mammalian genetic",
        ]),
        exact(&["mammalian cell", "mammalian cells"]),
    ),
    (
        exact(&[
            "artificial gene circuit",
            "artificial gene circuits",
            "artificial genetic circuit",
            "artificial genetic circuits",
        ]),
        exact(&["biological system", "biological systems"]),
    ),
];

const GENES: Term = exact(&[
    "synthetic gene",
    "synthetic genes",
    "synthetic genetic",
    "synthetic genetics",
]);

/// What speaks against [`GENES`].
const NO_GENES: Term = stem(
    "synthetic gener",
    &[
        "synthetic generation",
        "synthetic generator",
        "synthetic generators",
        "synthetic generic",
    ],
);

const CELLS: Term = exact(&[
    "artificial cell",
    "artificial cells",
    "synthetic cell",
    "synthetic cells",
]);

/// What speaks against [`CELLS`].
const NO_CELLS: [Term; 10] = [
    exact(&["cell phone", "cell phones", "cellular phone", "cell telephone"]),
    exact(&["cell culture", "cell cultures", "cellular culture"]),
    exact(&["logic cell", "logic cells"]),
    exact(&["fuel cell", "fuel cells"]),
    exact(&["battery cell", "battery cells"]),
    exact(&["load cell", "load cells"]),
    exact(&["memory cell", "memory cells"]),
    exact(&["cellular network", "cellular networks"]),
    exact(&["electrochemical cell", "electrochemical cells"]),
    exact(&["solar cell", "solar cells"]),
];

/// What speaks against everything.
const NOTHING: Term = stem(
    "photosynthe",
    &[
        "photosynthesis",
        "photosynthetic",
        "photosynthesizing",
        "photosynthetically",
    ],
);

/// Words for what is ethical, legal or social.
const WORDS: [Term; 15] = [
    exact(&["ethical"]),
    exact(&["ethics"]),
    stem(
        "bioethic",
        &["bioethics", "bioethical", "bioethicist", "bioethicists"],
    ),
    exact(&["policy"]),
    exact(&["governance"]),
    exact(&["public perception"]),
    exact(&["bio-risk"]),
    exact(&["biosafety"]),
    exact(&["social issues"]),
    exact(&["social impact"]),
    exact(&["social implications"]),
    exact(&["societal impact"]),
    exact(&["societal implications"]),
    exact(&["environmental impact"]),
    exact(&["environmental issues"]),
];

/// Subject headings of MeSH for the same.
const HEADINGS: [&str; 6] = [
    "Bioethical Issues",
    "Biosafety",
    "Containment of Biohazards",
    "Dual Use Research",
    "Public Policy",
    "Intellectual Property",
];

impl Preset {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Synbio, Self::Elsi];

    /// The name that flags use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Synbio => "synbio",
            Self::Elsi => "elsi",
        }
    }

    /// The query, in the language of a source.
    pub fn query(self, source: Source) -> String {
        match self {
            Self::Synbio => synbio(source),
            Self::Elsi => format!("{} AND {}", synbio(source), elsi(source)),
        }
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        named(text, "preset", &Self::ALL, Self::name)
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Term {
    /// Its forms, each as a source takes them.
    fn written(&self, source: Source) -> Vec<String> {
        let field = |text: String| match source {
            Source::EuropePmc => format!("TITLE_ABS:{text}"),
            Source::OpenAlex => text,
            Source::Pubmed => format!("{text}[tiab]"),
        };
        match (self.stem, source) {
            (Some(stem), Source::Pubmed | Source::EuropePmc) if !stem.contains(' ') => {
                vec![field(format!("{stem}*"))]
            }
            (Some(stem), Source::Pubmed) => vec![field(format!("\"{stem}*\""))],
            _ => self
                .forms
                .iter()
                .map(|form| field(format!("\"{form}\"")))
                .collect(),
        }
    }
}

fn any<'a>(source: Source, terms: impl IntoIterator<Item = &'a Term>) -> String {
    let forms: Vec<String> = terms.into_iter().flat_map(|term| term.written(source)).collect();
    format!("({})", forms.join(" OR "))
}

fn synbio(source: Source) -> String {
    let any = |terms: &[&Term]| any(source, terms.iter().copied());
    let mut parts = vec![any(&TERMS.iter().collect::<Vec<_>>())];
    parts.extend(
        PAIRS
            .iter()
            .map(|(first, second)| format!("({} AND {})", any(&[first]), any(&[second]))),
    );
    parts.push(format!("({} NOT {})", any(&[&GENES]), any(&[&NO_GENES])));
    parts.push(format!(
        "({} NOT {})",
        any(&[&CELLS]),
        any(&NO_CELLS.iter().collect::<Vec<_>>())
    ));
    match source {
        Source::Pubmed => parts.push("\"Synthetic Biology\"[Mesh]".into()),
        Source::EuropePmc => parts.push("MESH:\"Synthetic Biology\"".into()),
        Source::OpenAlex => {}
    }
    format!("(({}) NOT {})", parts.join(" OR "), any(&[&NOTHING]))
}

fn elsi(source: Source) -> String {
    let mut parts = vec![any(source, &WORDS)];
    match source {
        Source::Pubmed => {
            parts.push("bioethics[sb]".into());
            parts.extend(HEADINGS.iter().map(|heading| format!("\"{heading}\"[Mesh]")));
        }
        Source::EuropePmc => parts.extend(HEADINGS.iter().map(|heading| format!("MESH:\"{heading}\""))),
        Source::OpenAlex => {}
    }
    format!("({})", parts.join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_quotes_close() {
        for (preset, source) in Preset::ALL
            .into_iter()
            .flat_map(|preset| Source::ALL.map(|source| (preset, source)))
        {
            let query = preset.query(source);
            let mut open = 0;
            for sign in query.chars() {
                open += i32::from(sign == '(') - i32::from(sign == ')');
                assert!(open >= 0, "{query}");
            }
            assert_eq!((open, query.matches('"').count() % 2), (0, 0), "{query}");
            // A comma or a stroke would end a filter of OpenAlex.
            assert!(!query.contains([',', '|', '#', '&']), "{query}");
            assert!(
                query.len() < 6_000,
                "{} bytes are much for an address",
                query.len()
            );
        }
    }

    #[test]
    fn each_source_is_asked_in_its_language() {
        let pubmed = Preset::Elsi.query(Source::Pubmed);
        for part in [
            "\"synthetic biolog*\"[tiab]",
            "bioethic*[tiab]",
            "bioethics[sb]",
            "\"Dual Use Research\"[Mesh]",
        ] {
            assert!(pubmed.contains(part), "{part}: {pubmed}");
        }
        let europe = Preset::Elsi.query(Source::EuropePmc);
        for part in [
            "TITLE_ABS:\"synthetic biology\"",
            "TITLE_ABS:bioethic*",
            "MESH:\"Bioethical Issues\"",
        ] {
            assert!(europe.contains(part), "{part}: {europe}");
        }
        let openalex = Preset::Elsi.query(Source::OpenAlex);
        assert!(
            openalex.contains("\"bioethics\" OR \"bioethical\"") && !openalex.contains('*'),
            "{openalex}"
        );
        assert!(!Preset::Synbio.query(Source::Pubmed).contains("ethic"));
    }

    #[test]
    fn names_are_read_back() {
        for preset in Preset::ALL {
            assert_eq!(preset.name().parse::<Preset>().unwrap(), preset);
        }
        let error = "synthbio".parse::<Preset>().unwrap_err();
        assert!(error.hint().unwrap().contains("`synbio`"));
    }
}
