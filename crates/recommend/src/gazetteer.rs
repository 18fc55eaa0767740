//! Terms that lead from a technical text to what is written on ethics, law and society.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use crate::Error;
use crate::phrases::{Phrase, Phrases};
use crate::sheet::{At, Part, Sheet, shown};

/// What a bridge term names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum BridgeKind {
    /// A species or a group of them.
    Organism,
    /// What is built upon: a minimal genome, a recoded one, a probiotic.
    Chassis,
    /// How genes or organisms get there.
    Delivery,
    /// Where they end up.
    Release,
    /// Whom it concerns.
    Population,
    /// What it is for.
    Application,
}

impl BridgeKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Organism,
        Self::Chassis,
        Self::Delivery,
        Self::Release,
        Self::Population,
        Self::Application,
    ];

    /// The name that files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Organism => "organism",
            Self::Chassis => "chassis",
            Self::Delivery => "delivery",
            Self::Release => "release",
            Self::Population => "population",
            Self::Application => "application",
        }
    }
}

/// A term in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BridgeTerm<'g> {
    /// What it names.
    pub kind: BridgeKind,
    /// The first name of its entry: `escherichia coli`.
    pub name: &'g str,
    /// The name that was met, as the file writes it: `e. coli`.
    pub matched: &'g str,
    /// First byte in the text.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// What papers on ethics, law and society say of it.
    pub words: &'g [String],
    /// How much it says of what a work is for, above 0 and at most 1.
    pub weight: f64,
}

/// Terms below this say little: a usual chassis, a tool of every laboratory.
const TELLING: f64 = 0.5;

/// Terms of a file that people edit.
#[derive(Debug, Clone)]
pub struct Gazetteer {
    entries: Vec<Entry>,
    /// Of each name: the entry and the spelling.
    names: Vec<(usize, String)>,
    phrases: Phrases,
    genus: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
struct Entry {
    kind: BridgeKind,
    name: String,
    words: Vec<String>,
    weight: f64,
}

impl Gazetteer {
    /// The terms that come with the program.
    pub fn bundled() -> Self {
        Self::parse(Self::bundled_text(), "gazetteer.toml").expect("a test reads the file that is bundled")
    }

    /// The file behind [`Self::bundled`], to be copied and edited.
    pub fn bundled_text() -> &'static str {
        include_str!("../data/gazetteer.toml")
    }

    /// Reads a gazetteer. `file` is its name for messages.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] names the line: for unknown keys, a name that stands twice in a kind, and an abbreviation of a species that
    /// is none.
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        let sheet = Sheet::new(file, text);
        let mut keys = vec!["format", "genus"];
        keys.extend(BridgeKind::ALL.map(BridgeKind::name));
        let table = sheet.read(&keys)?;
        let whole = sheet.whole(&table);
        let mut out = Self {
            entries: Vec::new(),
            names: Vec::new(),
            phrases: Phrases::new(),
            genus: BTreeMap::new(),
        };
        let mut seen: BTreeMap<(BridgeKind, Phrase), usize> = BTreeMap::new();
        for kind in BridgeKind::ALL {
            for mut part in whole.parts(kind.name(), kind.name())? {
                out.entry(kind, &mut part, &mut seen)?;
            }
        }
        if out.entries.is_empty() {
            return Err(whole.fail(0, "it has no term", Some("begin one with `[[organism]]`")));
        }
        if let Some(part) = whole.part("genus")? {
            out.abbreviations(&part, &mut seen)?;
        }
        Ok(out)
    }

    fn entry(
        &mut self,
        kind: BridgeKind,
        part: &mut Part<'_, '_>,
        seen: &mut BTreeMap<(BridgeKind, Phrase), usize>,
    ) -> Result<(), Error> {
        part.only(&["names", "words", "weight"])?;
        let names = part.phrases("names")?;
        if let Some(first) = names.first() {
            part.place = format!("{} `{}`", kind.name(), shown(&first.value.0));
        }
        let words: Vec<String> = part.texts("words")?.into_iter().map(|word| word.value).collect();
        if words.is_empty() {
            return Err(part.fail(part.at, "`words` is missing or empty", None));
        }
        let weight = part.get("weight").map_or(Ok(1.0), |_| part.weight())?;
        let shown_name = names
            .first()
            .map(|first| first.value.0.trim_end_matches('*').to_owned());
        let number = self.entries.len();
        self.entries.push(Entry {
            kind,
            name: shown_name.unwrap_or_default(),
            words,
            weight,
        });
        for At {
            value: (written, phrase),
            at,
        } in names
        {
            if let Some(before) = seen.insert((kind, phrase.clone()), at) {
                return Err(part.fail(
                    at,
                    &format!(
                        "`{}` stands twice, first in line {}",
                        shown(&written),
                        part.line(before)
                    ),
                    Some("remove one of the two; a hyphen counts as a space"),
                ));
            }
            self.name(number, written, &phrase);
        }
        Ok(())
    }

    fn name(&mut self, entry: usize, written: String, phrase: &Phrase) {
        self.phrases.add(phrase, self.names.len() as u32);
        self.names.push((entry, written));
    }

    fn abbreviations(
        &mut self,
        part: &Part<'_, '_>,
        seen: &mut BTreeMap<(BridgeKind, Phrase), usize>,
    ) -> Result<(), Error> {
        for (key, value) in part.table {
            let at = key.span().start;
            let written: &str = key.get_ref();
            let genus = genus_of(value);
            let parts = written.split_once(". ").filter(|(initial, epithet)| {
                initial.chars().count() == 1
                    && epithet.chars().all(char::is_alphabetic)
                    && genus.is_some_and(|genus| genus.starts_with(*initial))
            });
            let (Some((_, epithet)), Some(genus), Ok(phrase)) = (parts, genus, Phrase::parse(written)) else {
                return Err(part.fail(
                    at,
                    &format!("`{}` is no abbreviation of a species", shown(written)),
                    Some("write `\"e. coli\" = \"escherichia\"`, all in lower case"),
                ));
            };
            let full = format!("{genus} {epithet}");
            self.genus.insert(written.to_owned(), full.clone());
            if seen.contains_key(&(BridgeKind::Organism, phrase.clone())) {
                continue;
            }
            let organism = |name: &str| {
                self.names
                    .iter()
                    .find(|(entry, spelling)| {
                        self.entries[*entry].kind == BridgeKind::Organism && spelling == name
                    })
                    .map(|(entry, _)| *entry)
            };
            let known = organism(&full).or_else(|| organism(genus));
            let entry = known.unwrap_or_else(|| {
                self.entries.push(Entry {
                    kind: BridgeKind::Organism,
                    name: full,
                    words: Vec::new(),
                    weight: 1.0,
                });
                self.entries.len() - 1
            });
            seen.insert((BridgeKind::Organism, phrase.clone()), at);
            self.name(entry, written.to_owned(), &phrase);
        }
        Ok(())
    }

    /// The full name of a species from its abbreviation: `e. coli` is `escherichia coli`.
    pub fn full_name(&self, abbreviation: &str) -> Option<&str> {
        self.genus.get(&abbreviation.to_lowercase()).map(String::as_str)
    }

    /// Every term in a text, in its order. Of two terms of one kind that overlap, the longer counts.
    pub fn find(&self, text: &str) -> Vec<BridgeTerm<'_>> {
        let found: Vec<BridgeTerm<'_>> = self
            .phrases
            .find(text)
            .iter()
            .map(|hit| {
                let (entry, matched) = &self.names[hit.value as usize];
                let entry = &self.entries[*entry];
                BridgeTerm {
                    kind: entry.kind,
                    name: &entry.name,
                    matched,
                    start: hit.start,
                    end: hit.end,
                    words: &entry.words,
                    weight: entry.weight,
                }
            })
            .collect();
        let hides = |hit: &BridgeTerm<'_>, other: &BridgeTerm<'_>| {
            other.kind == hit.kind
                && other.start <= hit.start
                && hit.end <= other.end
                && other.end - other.start > hit.end - hit.start
        };
        let kept = |(at, hit): &(usize, &BridgeTerm<'_>)| {
            let before = found[..*at]
                .iter()
                .rev()
                .take_while(|other| hit.start - other.start < 200);
            let after = found[at + 1..]
                .iter()
                .take_while(|other| other.start == hit.start);
            !before.chain(after).any(|other| hides(hit, other))
        };
        found
            .iter()
            .enumerate()
            .filter(kept)
            .map(|(_, hit)| *hit)
            .collect()
    }

    /// Names and words of the terms in a text, each once, in the order of the text. Words of terms that say little are among them
    /// only if the text has no other term.
    pub fn bridge_words(&self, text: &str) -> Vec<String> {
        self.weighed(text)
            .into_iter()
            .map(|(word, _)| word.to_owned())
            .collect()
    }

    /// The same, each with the weight of its term.
    pub(crate) fn weighed(&self, text: &str) -> Vec<(&str, f64)> {
        let terms = self.find(text);
        let telling = terms.iter().any(|term| term.weight >= TELLING);
        let mut met: BTreeMap<&str, usize> = BTreeMap::new();
        let mut out: Vec<(&str, f64)> = Vec::new();
        for term in &terms {
            let words = if telling && term.weight < TELLING {
                &[]
            } else {
                term.words
            };
            for word in std::iter::once(term.name).chain(words.iter().map(String::as_str)) {
                let at = *met.entry(word).or_insert_with(|| {
                    out.push((word, 0.0));
                    out.len() - 1
                });
                out[at].1 = out[at].1.max(term.weight);
            }
        }
        out
    }
}

fn genus_of<'v>(value: &'v Spanned<DeValue<'_>>) -> Option<&'v str> {
    value
        .get_ref()
        .as_str()
        .filter(|genus| !genus.is_empty() && genus.chars().all(char::is_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<String> {
        Gazetteer::bundled()
            .find(text)
            .iter()
            .map(|term| format!("{}:{}", term.kind.name(), term.name))
            .collect()
    }

    #[test]
    fn a_species_is_found_by_any_of_its_names() {
        for text in ["E. coli", "Escherichia coli", "e coli"] {
            assert_eq!(names(text), ["organism:escherichia coli"], "{text}");
        }
        assert_eq!(
            names("E. coli Nissle 1917")[0],
            "organism:escherichia coli nissle 1917"
        );
    }

    #[test]
    fn an_abbreviation_has_its_genus() {
        let gazetteer = Gazetteer::bundled();
        assert_eq!(gazetteer.full_name("E. coli"), Some("escherichia coli"));
        assert_eq!(gazetteer.full_name("a. gambiae"), Some("anopheles gambiae"));
        assert_eq!(gazetteer.full_name("x. nobody"), None);
    }

    #[test]
    fn a_gene_drive_in_mosquitoes_leads_to_malaria_and_release() {
        let words = Gazetteer::bundled().bridge_words("A gene drive in Anopheles gambiae mosquitoes");
        for wanted in [
            "malaria",
            "release",
            "island communities",
            "gene drive",
            "governance",
        ] {
            assert!(words.iter().any(|word| word == wanted), "{wanted} in {words:?}");
        }
    }

    #[test]
    fn a_usual_chassis_is_asked_for_only_where_a_text_says_no_more() {
        let gazetteer = Gazetteer::bundled();
        let alone = gazetteer.weighed("A metabolic pathway in Escherichia coli");
        assert!(alone.contains(&("containment", 0.25)), "{alone:?}");
        assert!(alone.iter().all(|(_, weight)| *weight < TELLING), "{alone:?}");
        let words = gazetteer.bridge_words("Escherichia coli that cleans contaminated soil");
        assert!(words.iter().any(|word| word == "bioremediation"), "{words:?}");
        assert!(!words.iter().any(|word| word.contains("modified")), "{words:?}");
    }

    #[test]
    fn a_weight_is_read_and_checked() {
        let text = |weight: &str| {
            format!("format = 1\n[[organism]]\nnames = [\"yeast\"]\nwords = [\"beer\"]\n{weight}")
        };
        let weight =
            |line: &str| Gazetteer::parse(&text(line), "mine.toml").map(|read| read.find("yeast")[0].weight);
        assert_eq!(weight("").expect("it is right"), 1.0);
        assert_eq!(weight("weight = 0.5\n").expect("it is right"), 0.5);
        let error = weight("weight = 2\n").expect_err("it is too much").to_string();
        assert!(error.contains("line 5") && error.contains("weight 2"), "{error}");
    }

    #[test]
    fn the_bundled_terms_have_every_kind() {
        let gazetteer = Gazetteer::bundled();
        for kind in BridgeKind::ALL {
            assert!(
                gazetteer.entries.iter().any(|entry| entry.kind == kind),
                "{}",
                kind.name()
            );
        }
        let organisms = gazetteer
            .entries
            .iter()
            .filter(|entry| entry.kind == BridgeKind::Organism);
        assert!(organisms.count() >= 120);
        let mute = gazetteer.entries.iter().find(|entry| entry.words.is_empty());
        assert!(mute.is_none(), "{mute:?}");
    }

    #[test]
    fn an_error_names_the_line_and_the_term() {
        let problem = |text: &str| {
            Gazetteer::parse(text, "mine.toml")
                .expect_err("it is wrong")
                .to_string()
        };
        let start = "format = 1\n[[organism]]\nnames = [\"yeast\"]\nwords = [\"beer\"]\n";
        assert_eq!(
            problem(&format!(
                "{start}[[organism]]\nnames = [\"Yeast\"]\nwords = [\"x\"]\n"
            )),
            "`mine.toml`, line 6, organism `Yeast`: `Yeast` stands twice, first in line 3"
        );
        assert!(problem(&format!("{start}colour = 1\n")).contains("`colour` means nothing here"));
        assert!(
            problem(&format!("{start}[genus]\n\"coli\" = \"escherichia\"\n")).contains("no abbreviation")
        );
        assert!(
            problem(&format!("{start}[genus]\n\"e. coli\" = \"bacillus\"\n")).contains("no abbreviation")
        );
        assert!(problem("format = 1\n").contains("no term"));
    }

    proptest! {
        #[test]
        fn no_file_panics(text in any::<String>()) {
            let _ = Gazetteer::parse(&text, "x");
        }
    }
}
