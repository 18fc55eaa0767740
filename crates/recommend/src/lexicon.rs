//! Which words say that a document is on ethics, law and society, and on which aspect of them.

use std::collections::BTreeMap;

use crate::Error;
use crate::phrases::{Found, Phrase, Phrases};
use crate::sheet::{At, Part, Sheet, shown};

/// Aspects that a lexicon may have.
pub const MAX_ASPECTS: usize = 32;

/// An aspect of a [`Lexicon`]: its place in the lexicon's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Aspect(u8);

impl Aspect {
    /// From a place in the list, below [`MAX_ASPECTS`].
    pub fn new(index: usize) -> Option<Self> {
        (index < MAX_ASPECTS).then_some(Self(index as u8))
    }

    /// The place in [`Lexicon::aspects`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What an aspect is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AspectEntry {
    /// Short and stable, for files and flags: `biosafety`.
    pub name: String,
    /// For people: `Biosafety and containment`.
    pub title: String,
    /// One line.
    pub about: String,
    /// Where the aspect is described.
    pub sources: Vec<String>,
    /// Subject headings of MeSH.
    pub mesh: Vec<String>,
}

impl AspectEntry {
    /// The subject heading of a document that says that it is about the aspect.
    pub(crate) fn heading_of<'r>(&self, record: &'r crate::Record) -> Option<&'r String> {
        record
            .mesh
            .iter()
            .find(|heading| self.mesh.iter().any(|known| known.eq_ignore_ascii_case(heading)))
    }
}

/// A cue in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CueHit<'l> {
    /// What it speaks for; `None` if only for such matters at all.
    pub aspect: Option<Aspect>,
    /// The cue as the lexicon writes it: `gene drive*`.
    pub cue: &'l str,
    /// How much it says, above 0 and at most 1.
    pub weight: f64,
    /// First byte in the text.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// Something in a technical text that makes an aspect matter to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TriggerHit<'l> {
    /// What matters.
    pub aspect: Aspect,
    /// The trigger as the lexicon writes it.
    pub trigger: &'l str,
    /// Why, as the end of the sentence "this work …".
    pub why: &'l str,
    /// How much it says, above 0 and at most 1.
    pub weight: f64,
    /// First byte in the text.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// What a lexicon finds in a text, in the order of the text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scan<'l> {
    /// Signs that the text itself is on ethics, law and society.
    pub cues: Vec<CueHit<'l>>,
    /// Signs that it is a technical text which an aspect concerns.
    pub triggers: Vec<TriggerHit<'l>>,
}

/// Words and phrases of aspects, from a file that people edit.
#[derive(Debug, Clone)]
pub struct Lexicon {
    aspects: Vec<AspectEntry>,
    entries: Vec<Entry>,
    phrases: Phrases,
    paper: Phrases,
    paper_words: Vec<String>,
}

#[derive(Debug, Clone)]
struct Entry {
    written: String,
    role: Role,
    /// `None` for what concerns all aspects.
    aspect: Option<Aspect>,
    weight: f64,
}

#[derive(Debug, Clone, PartialEq)]
enum Role {
    Cue,
    Trigger { why: String },
    Not,
}

/// One phrase in one role: the places where it was met.
type Seen = BTreeMap<(u8, Option<Aspect>, Phrase), usize>;

impl Lexicon {
    /// The lexicon that comes with the program: 14 aspects.
    pub fn bundled() -> Self {
        Self::parse(Self::bundled_text(), "lexicon.toml").expect("a test reads the file that is bundled")
    }

    /// The file behind [`Self::bundled`], to be copied and edited.
    pub fn bundled_text() -> &'static str {
        include_str!("../data/lexicon.toml")
    }

    /// Reads a lexicon. `file` is its name for messages.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] names the line and the aspect: for unknown keys, a phrase that stands twice, a weight that is not above
    /// 0 and at most 1, two aspects of one name, and more aspects than [`MAX_ASPECTS`].
    pub fn parse(text: &str, file: &str) -> Result<Self, Error> {
        let sheet = Sheet::new(file, text);
        let table = sheet.read(&["format", "not", "elsi", "aspect"])?;
        let whole = sheet.whole(&table);
        let mut lexicon = Self {
            aspects: Vec::new(),
            entries: Vec::new(),
            phrases: Phrases::new(),
            paper: Phrases::new(),
            paper_words: Vec::new(),
        };
        let mut seen = Seen::new();
        lexicon.nots(&whole, None, &mut seen)?;
        if let Some(general) = whole.part("elsi")? {
            general.only(&["paper", "cues"])?;
            for At {
                value: (written, phrase),
                ..
            } in general.some_phrases("paper")?
            {
                lexicon.paper.add(&phrase, 0);
                lexicon.paper_words.push(written);
            }
            lexicon.cues(&general, None, &mut seen)?;
        }
        let parts = whole.parts("aspect", "")?;
        if parts.is_empty() {
            return Err(whole.fail(0, "it has no aspect", Some("begin one with `[[aspect]]`")));
        }
        for mut part in parts {
            lexicon.aspect_part(&mut part, &mut seen)?;
        }
        Ok(lexicon)
    }

    fn aspect_part(&mut self, part: &mut Part<'_, '_>, seen: &mut Seen) -> Result<(), Error> {
        let name = part.text("name")?;
        part.place = format!("aspect `{}`", shown(&name.value));
        part.only(&[
            "name", "title", "about", "sources", "mesh", "not", "cues", "triggers",
        ])?;
        let plain = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
        if !name.value.chars().all(plain) {
            return Err(part.fail(name.at, "a name has small letters, digits and hyphens only", None));
        }
        if self.aspects.iter().any(|other| other.name == name.value) {
            return Err(part.fail(
                name.at,
                "another aspect has this name",
                Some("join the two, or rename one"),
            ));
        }
        let Some(aspect) = Aspect::new(self.aspects.len()) else {
            return Err(part.fail(
                name.at,
                &format!("a lexicon has at most {MAX_ASPECTS} aspects"),
                None,
            ));
        };
        let values = |list: Vec<At<String>>| list.into_iter().map(|item| item.value).collect();
        self.aspects.push(AspectEntry {
            title: part.text("title")?.value,
            about: part.text("about")?.value,
            sources: values(part.texts("sources")?),
            mesh: values(part.texts("mesh")?),
            name: name.value,
        });
        self.nots(part, Some(aspect), seen)?;
        self.cues(part, Some(aspect), seen)?;
        for group in part.parts("triggers", &part.place)? {
            group.only(&["why", "weight", "words"])?;
            let why = group.text("why")?.value;
            let weight = group.weight()?;
            for At { value, at } in group.phrases("words")? {
                let role = Role::Trigger { why: why.clone() };
                self.entry(&group, value, at, role, Some(aspect), weight, seen)?;
            }
        }
        Ok(())
    }

    fn nots(&mut self, part: &Part<'_, '_>, aspect: Option<Aspect>, seen: &mut Seen) -> Result<(), Error> {
        for At { value, at } in part.some_phrases("not")? {
            self.entry(part, value, at, Role::Not, aspect, 0.0, seen)?;
        }
        Ok(())
    }

    fn cues(&mut self, part: &Part<'_, '_>, aspect: Option<Aspect>, seen: &mut Seen) -> Result<(), Error> {
        for group in part.parts("cues", &part.place)? {
            group.only(&["weight", "words"])?;
            let weight = group.weight()?;
            for At { value, at } in group.phrases("words")? {
                self.entry(&group, value, at, Role::Cue, aspect, weight, seen)?;
            }
        }
        Ok(())
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the fields of one entry and where it was read"
    )]
    fn entry(
        &mut self,
        part: &Part<'_, '_>,
        (written, phrase): (String, Phrase),
        at: usize,
        role: Role,
        aspect: Option<Aspect>,
        weight: f64,
        seen: &mut Seen,
    ) -> Result<(), Error> {
        let kind = match role {
            Role::Cue => 0,
            Role::Trigger { .. } => 1,
            Role::Not => 2,
        };
        if let Some(before) = seen.insert((kind, aspect, phrase.clone()), at) {
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
        self.phrases.add(&phrase, self.entries.len() as u32);
        self.entries.push(Entry {
            written,
            role,
            aspect,
            weight,
        });
        Ok(())
    }

    /// The aspects, in the order of the file.
    pub fn aspects(&self) -> &[AspectEntry] {
        &self.aspects
    }

    /// Every aspect, in the order of the file.
    pub fn all(&self) -> impl Iterator<Item = Aspect> + '_ {
        (0..self.aspects.len()).filter_map(Aspect::new)
    }

    /// The aspect of a name.
    pub fn aspect(&self, name: &str) -> Option<Aspect> {
        Aspect::new(self.aspects.iter().position(|entry| entry.name == name)?)
    }

    /// What an aspect is; `None` if it is of a lexicon with more aspects.
    pub fn entry_of(&self, aspect: Aspect) -> Option<&AspectEntry> {
        self.aspects.get(aspect.index())
    }

    /// Every cue and every trigger in a text, in one pass.
    ///
    /// A cue inside of a longer phrase under `not`, or inside of a longer cue of the same aspect, is left out.
    pub fn scan(&self, text: &str) -> Scan<'_> {
        let found = self.phrases.find(text);
        let mut out = Scan::default();
        for (at, hit) in found.iter().enumerate() {
            let entry = &self.entries[hit.value as usize];
            if entry.role == Role::Not || self.hidden(&found, at) {
                continue;
            }
            match (&entry.role, entry.aspect) {
                (Role::Trigger { why }, Some(aspect)) => out.triggers.push(TriggerHit {
                    aspect,
                    trigger: &entry.written,
                    why,
                    weight: entry.weight,
                    start: hit.start,
                    end: hit.end,
                }),
                _ => out.cues.push(CueHit {
                    aspect: entry.aspect,
                    cue: &entry.written,
                    weight: entry.weight,
                    start: hit.start,
                    end: hit.end,
                }),
            }
        }
        out
    }

    /// Whether a hit stands inside of another that takes it away.
    fn hidden(&self, found: &[Found], at: usize) -> bool {
        let hit = found[at];
        let entry = &self.entries[hit.value as usize];
        let hides = |other: &Found| {
            let inside = other.start <= hit.start && hit.end <= other.end;
            let longer = other.end - other.start > hit.end - hit.start;
            let by = &self.entries[other.value as usize];
            let same = match by.role {
                Role::Not => by.aspect.is_none() || by.aspect == entry.aspect,
                Role::Cue => by.aspect == entry.aspect && entry.role == Role::Cue,
                Role::Trigger { .. } => {
                    by.aspect == entry.aspect && matches!(entry.role, Role::Trigger { .. })
                }
            };
            inside && longer && same
        };
        // Hits are sorted by their beginning; a phrase has few words, so what can hide this one is near.
        found[..at]
            .iter()
            .rev()
            .take_while(|other| hit.start - other.start < 200)
            .any(hides)
            || found[at + 1..]
                .iter()
                .take_while(|other| other.start == hit.start)
                .any(hides)
    }

    /// Every cue in a text.
    pub fn cues_in(&self, text: &str) -> Vec<CueHit<'_>> {
        self.scan(text).cues
    }

    /// The words of [`paper_rule`](Self::paper_rule).
    pub fn paper_words(&self) -> &[String] {
        &self.paper_words
    }

    /// The keyword rule of the paper: whether an abstract holds one of its words, wherever and in whatever sense.
    ///
    /// # Source
    ///
    /// Dablain, Huang, Sepulvado, arXiv 2207.06360; the words are those of the authors' repository, `paper` in the file.
    pub fn paper_rule(&self, abstract_text: &str) -> bool {
        !self.paper.find(abstract_text).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMALL: &str = r#"
format = 1
not = ["power law"]
[elsi]
paper = ["policy"]
[[elsi.cues]]
weight = 1
words = ["ethic*"]
[[aspect]]
name = "law"
title = "Law"
about = "Rules."
not = ["control law"]
[[aspect.cues]]
weight = 0.5
words = ["law", "laws", "patent law"]
[[aspect.triggers]]
why = "is given to patients"
weight = 1.0
words = ["patients", "kill switch*"]
"#;

    fn small() -> Lexicon {
        Lexicon::parse(SMALL, "small.toml").expect("it is right")
    }

    fn problem(text: &str) -> String {
        Lexicon::parse(text, "mine.toml")
            .expect_err("it is wrong")
            .to_string()
    }

    #[test]
    fn the_bundled_lexicon_has_fourteen_aspects_with_words_and_headings() {
        let lexicon = Lexicon::bundled();
        let names: Vec<&str> = lexicon
            .aspects()
            .iter()
            .map(|aspect| aspect.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "biosafety",
                "biosecurity",
                "release",
                "law",
                "governance",
                "ownership",
                "justice",
                "public",
                "philosophy",
                "health",
                "economy",
                "responsibility",
                "data",
                "community"
            ]
        );
        for aspect in lexicon.all() {
            let count = |wanted: fn(&Role) -> bool| {
                lexicon
                    .entries
                    .iter()
                    .filter(|entry| entry.aspect == Some(aspect) && wanted(&entry.role))
                    .count()
            };
            let entry = lexicon.entry_of(aspect).expect("it is of this lexicon");
            assert!(count(|role| *role == Role::Cue) >= 30, "{}", entry.name);
            assert!(
                count(|role| matches!(role, Role::Trigger { .. })) >= 10,
                "{}",
                entry.name
            );
            assert!(
                !entry.mesh.is_empty() && !entry.sources.is_empty(),
                "{}",
                entry.name
            );
        }
    }

    #[test]
    fn cues_and_triggers_are_found_with_their_places() {
        let lexicon = small();
        let text = "Ethics and Patent Law: kill-switches for patients";
        let scan = lexicon.scan(text);
        let cues: Vec<_> = scan
            .cues
            .iter()
            .map(|hit| (hit.cue, &text[hit.start..hit.end]))
            .collect();
        assert_eq!(cues, [("ethic*", "Ethics"), ("patent law", "Patent Law")]);
        let triggers: Vec<_> = scan
            .triggers
            .iter()
            .map(|hit| &text[hit.start..hit.end])
            .collect();
        assert_eq!(triggers, ["kill-switches", "patients"]);
        assert_eq!(scan.triggers[1].why, "is given to patients");
    }

    /// A word tells that a text speaks of something, not what its authors do with it.
    #[test]
    fn a_reason_claims_no_more_than_its_words_show() {
        let lexicon = Lexicon::bundled();
        for entry in &lexicon.entries {
            if let Role::Trigger { why } = &entry.role {
                assert!(
                    why.starts_with("speaks of ") || why.starts_with("names "),
                    "{why}"
                );
            }
        }
    }

    #[test]
    fn words_with_another_meaning_trigger_nothing() {
        let lexicon = Lexicon::bundled();
        for text in [
            "the state of the art",
            "proteolysis targeting chimeras",
            "a genomic island",
            "in the course of evolution",
            "a phase I metabolite",
            "conjugation to a dye",
            "a gene driven by a promoter",
        ] {
            let scan = lexicon.scan(text);
            let met: Vec<&str> = scan.triggers.iter().map(|hit| hit.trigger).collect();
            assert!(met.is_empty(), "{text}: {met:?}");
        }
        let why = |text: &str| {
            let scan = lexicon.scan(text);
            let reasons = scan.triggers.iter().map(|hit| hit.why.to_owned());
            reasons.collect::<Vec<String>>().join("; ")
        };
        assert!(why("a plant pathogen").contains("some of which control lists name"));
        assert!(!why("a plant pathogen").contains("names an agent"));
        assert!(why("Bacillus anthracis").contains("names an agent that control lists name"));
    }

    #[test]
    fn what_stands_under_not_hides_a_cue() {
        let lexicon = small();
        assert!(lexicon.cues_in("a power law and a control law").is_empty());
        assert_eq!(lexicon.cues_in("laws of power").len(), 1);
    }

    #[test]
    fn laboratory_words_are_no_cues_of_the_bundled_lexicon() {
        let lexicon = Lexicon::bundled();
        for text in [
            "Ethical approval was given and informed consent was obtained.",
            "The governing equations follow the law of mass action.",
            "A logic gate with high fidelity, atom economy and an optimal control policy.",
            "A safety switch improves the regulatory network of the microbial community.",
        ] {
            let strong: Vec<_> = lexicon
                .cues_in(text)
                .into_iter()
                .filter(|hit| hit.weight >= 0.5)
                .collect();
            assert!(strong.is_empty(), "{text}: {strong:?}");
        }
    }

    #[test]
    fn real_titles_have_their_aspects() {
        let lexicon = Lexicon::bundled();
        let check = |title: &str, wanted: &str| {
            let aspect = lexicon.aspect(wanted);
            let hits = lexicon.cues_in(title);
            assert!(hits.iter().any(|hit| hit.aspect == aspect), "{title}: {hits:?}");
        };
        check(
            "Synthetic biology and intellectual property rights: Six recommendations",
            "ownership",
        );
        check(
            "The De Novo Synthesis of Horsepox Virus: Implications for Biosecurity",
            "biosecurity",
        );
        check(
            "From Citizen Science to DIYbio, or Science beyond the University?",
            "community",
        );
        check(
            "Should We Bring Back the Passenger Pigeon? The Ethics of De-Extinction",
            "release",
        );
        check(
            "Public Perceptions of Synthetic Biology Solutions for Environmental Problems",
            "public",
        );
        check(
            "iGEM as laboratory in responsible research and innovation",
            "responsibility",
        );
    }

    #[test]
    fn the_rule_of_the_paper_reads_its_fifteen_words() {
        let lexicon = Lexicon::bundled();
        assert!(
            lexicon.paper_rule("A control policy was learnt."),
            "the rule has no exceptions"
        );
        assert!(lexicon.paper_rule("We discuss bio-risk."));
        assert!(lexicon.paper_rule("Bioethicists differ."));
        assert!(!lexicon.paper_rule("Governing circuits; policies; regulation."));
    }

    #[test]
    fn an_error_names_the_line_the_aspect_and_the_fault() {
        let replaced = |from: &str, to: &str| problem(&SMALL.replace(from, to));
        assert_eq!(
            replaced("weight = 0.5", "weight = 1.5"),
            "`mine.toml`, line 15, aspect `law`: the weight 1.5 is not above 0 and at most 1"
        );
        assert_eq!(
            replaced("\"laws\"", "\"Law\""),
            "`mine.toml`, line 16, aspect `law`: `Law` stands twice, first in line 16"
        );
        assert_eq!(
            replaced("about = ", "abuot = "),
            "`mine.toml`, line 12, aspect `law`: `abuot` means nothing here"
        );
        assert!(replaced("words = [\"law\"", "words = [\"a*\"").contains("at least three letters"));
        assert!(replaced("format = 1", "format = 2").contains("`format` is not 1"));
        assert!(replaced("format = 1", "").contains("`format`"));
        assert!(replaced("name = \"law\"", "name = \"The Law\"").contains("small letters"));
        assert!(replaced("weight = 0.5", "weight = nan").contains("weight"));
        assert!(replaced("[[aspect.cues]]", "[[aspect.cues").contains("line 14"));
        assert!(problem("format = 1").contains("no aspect"));
        let twice = format!("{SMALL}\n[[aspect]]\nname = \"law\"\ntitle = \"x\"\nabout = \"y\"");
        assert!(problem(&twice).contains("another aspect has this name"));
        let many: Vec<String> = (0..33)
            .map(|number| format!("[[aspect]]\nname = \"a{number}\"\ntitle = \"x\"\nabout = \"y\"\n"))
            .collect();
        let many = many.concat();
        assert!(problem(&format!("format = 1\n{many}")).contains("at most 32"));
    }

    proptest! {
        #[test]
        fn no_file_panics(text in any::<String>()) {
            let _ = Lexicon::parse(&text, "x");
        }

        #[test]
        fn a_damaged_file_is_read_or_refused(at in 0_usize..SMALL.len(), sign in any::<char>()) {
            let mut text = SMALL.to_owned();
            text.replace_range(at..=at, sign.encode_utf8(&mut [0; 4]));
            let _ = Lexicon::parse(&text, "x");
        }

        #[test]
        fn hits_are_slices_of_the_text(text in "(patent|law|laws|ethics|power|kill|switch|patients|[ .,é-]){0,30}") {
            let lexicon = small();
            let scan = lexicon.scan(&text);
            for hit in &scan.cues {
                prop_assert!(text.get(hit.start..hit.end).is_some());
            }
            for hit in &scan.triggers {
                prop_assert!(text.get(hit.start..hit.end).is_some());
            }
        }
    }
}
