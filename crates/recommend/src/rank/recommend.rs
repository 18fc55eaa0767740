use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;
use serde::Serialize;

use super::diversity::diverse;
use super::engineered::is_engineered;
use super::feedback::{DISLIKED, Feedback, LIKED};
use super::measured::Measured;
use super::reasons::{AspectReason, Reasons, WordShare};
use super::sentence_pairs::Sentences;
use super::terms::rarity;
use super::twins::{Title, Twin};
use super::{Filter, PhraseTerms, QueryTerm, Question, Weights, Words, query_terms, telling, terms_of};
use crate::gazetteer::Gazetteer;
use crate::lexicon::{Lexicon, Scan};
use crate::library::{DenseKind, Library, Row};
use crate::search::Numbers;
use crate::text::{fold, is_general};
use crate::{Error, Record, merge_key};

/// Words of a text that are asked for.
const TERMS: usize = 40;
/// Documents that each way of looking brings.
const CANDIDATES: usize = 500;
/// Candidates that are put into an order of many aspects.
const DIVERSE: usize = 100;
/// Years from the newest document back to where nothing is recent.
const RECENT: f64 = 20.0;
/// Share of a text's words, each found once in a document of usual length, that counts as a full match at least.
const LITTLE: f64 = 0.1;
/// Bytes of a text that may be its title.
const TITLE: usize = 400;
/// Bytes of two abstracts that are compared to see whether they are one.
const COMPARED: usize = 2000;
/// Bytes of folded text below which two texts that are alike may still be of two papers.
const TELLING: usize = 80;
/// Words by which the record of a pasted abstract is looked for.
const OWN_TERMS: usize = 12;
/// Likeness of meaning that a document needs beside words, or beside an aspect, where a text is of another field.
const NEAR: f64 = 0.25;
/// Sum of the calls of aspects from which a text is about such matters, whatever it names: three that are called for strongly.
const MUCH: f64 = 3.0;
/// How much nearer to the library's field a text has to be that names nothing that calls for an aspect.
const UNNAMED: f64 = 0.06;
/// Share of a text's words, by rarity, from which a document fits however far meaning is.
const WHOLE: f64 = 0.5;
/// Share of a text's words, by rarity, that the library has to know before its meaning says anything: signs at random mean something too.
const KNOWN: f64 = 0.1;
/// Terms that no title has.
const TITLE_TERMS: usize = 15;
/// Documents of which the mean says what their field is; without a field, likeness of meaning says little.
const FIELD: usize = 100;
/// References that are looked up.
const REFERENCES: usize = 2000;

/// What to recommend, and how much.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RecommendOptions {
    /// Documents wanted.
    pub limit: usize,
    /// What documents have to be.
    pub filter: Filter,
    /// What was liked and what not.
    pub feedback: Feedback,
    /// How much a list follows scores and not variety, in `[0, 1]`: 1 is scores alone.
    pub lambda: f64,
    /// How near a text has to be to the mean of all documents, a cosine, to be of the library's own field: documents that have anything
    /// in common with it are then recommended. It is looked at with tables of words only, where abstracts of synthetic biology have
    /// 0.91 or more, abstracts of finance or astronomy 0.75 to 0.91, and news, recipes and contracts 0.2 to 0.8. An abstract that
    /// calls for no aspect has to be nearer by 0.06, and to say that something living is engineered. For other texts a document has
    /// to fit by one of what follows, or to have half of the text's words.
    pub least_field: f64,
    /// Least share of the text's words, by rarity, that one document has to have where meaning is far as well, and where it is not
    /// about an aspect that the text calls for, with bridge words in common. Half of it is enough in libraries of fewer than 100
    /// documents, which know few words, and in those without meanings.
    pub least_words: f64,
    /// Least likeness of meaning that is enough where words are few: a cosine, after what all documents have in common is taken away.
    pub least_meaning: f64,
    /// Recommend whatever is best, even if nothing fits.
    pub never_abstain: bool,
}

impl Default for RecommendOptions {
    fn default() -> Self {
        Self {
            limit: 10,
            filter: Filter {
                elsi: 0.2,
                ..Filter::default()
            },
            feedback: Feedback::default(),
            lambda: 0.9,
            least_field: 0.85,
            least_words: 0.12,
            least_meaning: 0.55,
            never_abstain: false,
        }
    }
}

/// A list of documents for a text.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Recommended {
    /// What was asked.
    pub question: String,
    /// The documents, best first.
    pub items: Vec<Recommendation>,
    /// Aspects that the text calls for, and what there is on each.
    pub coverage: Vec<Covered>,
    /// Why nothing is recommended, if nothing is.
    pub abstained: Option<String>,
    /// What was noticed on the way.
    pub notes: Vec<String>,
    /// Words that were looked for.
    pub words: Vec<String>,
    /// Bridge words that were looked for.
    pub bridge: Vec<String>,
    /// Which weights ranked.
    pub weights: String,
    /// Documents that passed the filters.
    pub passed: usize,
}

/// A document, recommended.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Recommendation {
    /// Its number in the library.
    pub number: u32,
    /// The sum of its parts.
    pub score: f64,
    /// P(ELSI).
    pub chance_of_elsi: f64,
    /// Aspects that it is about.
    pub aspects: Vec<String>,
    /// Why.
    pub reasons: Reasons,
    /// All that is known of it.
    pub record: Record,
    /// Documents of nearly the same title that would have come next to it: preprints, reprints, copies.
    pub also: Vec<Twin>,
}

/// An aspect that a text calls for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Covered {
    /// Its name in the lexicon.
    pub aspect: String,
    /// For people.
    pub title: String,
    /// The words of the text that make it matter.
    pub yours: String,
    /// Why they do: the end of the sentence "this work …".
    pub why: String,
    /// Documents that are about it and fit well enough.
    pub documents: usize,
    /// The best of them.
    pub best: Option<u32>,
}

/// Everything that a recommendation needs beside a library.
#[derive(Debug)]
pub struct Recommender<'a> {
    library: &'a Library,
    lexicon: Lexicon,
    /// The bit of each aspect of the lexicon in rows of the library, which may have been indexed with another; 0 where it has none.
    bits: Vec<u32>,
    gazetteer: Gazetteer,
    weights: Weights,
}

/// A document of the list, before its reasons.
struct Chosen {
    number: u32,
    measured: Measured,
    score: f64,
    record: Record,
    twins: Vec<Twin>,
}

/// Documents that are liked and those that are not, in the order in which they were first named.
struct Heard {
    liked: Vec<u32>,
    disliked: Vec<u32>,
}

/// A text, made ready to be compared.
struct Asked<'a> {
    whole: String,
    terms: Vec<QueryTerm>,
    /// Share of the text's words, by rarity, that the library knows.
    known_share: f64,
    bridge: PhraseTerms,
    vector: Option<Vec<f32>>,
    scan: Scan<'a>,
    /// How strongly each aspect is called for.
    calls: Vec<f64>,
    /// How many references each document shares.
    shared: HashMap<u32, u32>,
}

impl<'a> Recommender<'a> {
    /// With the lexicon, the gazetteer and the weights that come with the program.
    pub fn new(library: &'a Library) -> Self {
        let lexicon = Lexicon::bundled();
        Self {
            library,
            bits: bits(&lexicon, library),
            lexicon,
            gazetteer: Gazetteer::bundled(),
            weights: Weights::bundled(),
        }
    }

    /// Another lexicon. It should be the one that the library was indexed with.
    pub fn with_lexicon(mut self, lexicon: Lexicon) -> Self {
        self.bits = bits(&lexicon, self.library);
        self.lexicon = lexicon;
        self
    }

    /// Other weights.
    pub fn with_weights(mut self, weights: Weights) -> Self {
        self.weights = weights;
        self
    }

    /// The weights in use.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Documents that fit a text, best first, each with its reasons; none if nothing fits.
    ///
    /// Candidates are the best by words, by bridge words and by meaning, and what shares references. The text's own record is
    /// never among them. The same library, text and options give the same list, for any number of threads.
    ///
    /// # Errors
    ///
    /// If an option is out of its range, if feedback names a document that is not there, and if the index is damaged.
    pub fn recommend(&self, question: &Question, options: &RecommendOptions) -> Result<Recommended, Error> {
        if !(0.0..=1.0).contains(&options.lambda) {
            return Err(Error::OutOfRange {
                option: "lambda",
                value: options.lambda.to_string(),
                range: "between 0 (variety) and 1 (scores)",
            });
        }
        let mut notes = question.notes.clone();
        notes.extend_from_slice(self.library.notes());
        let mut passing = options.filter.passing(self.library, &mut notes)?;
        let retracted = self.library.rows.iter().filter(|(_, row)| row.retracted());
        if let (false, gone @ 1..) = (options.filter.retracted, retracted.count()) {
            notes.push(format!(
                "{} left out (`--retracted` takes them too)",
                match gone {
                    1 => "1 retracted document of this library is".to_owned(),
                    _ => format!("{gone} retracted documents of this library are"),
                }
            ));
        }
        let heard = self.heard(&options.feedback, &mut notes)?;
        let asked = self.ask(question, &heard)?;
        let mut never = self.own(question, &asked)?;
        for number in heard.liked.iter().chain(&heard.disliked) {
            never.insert(*number);
        }
        never.not();
        passing.and(&never);
        let candidates = self.candidates(&asked, &passing)?;
        let measured = self.measure(&asked, &candidates)?;
        let mut ranked: Vec<(u32, Measured, f64)> = candidates
            .iter()
            .zip(measured)
            .map(|(&number, measured)| (number, measured, measured.score(&self.weights)))
            .collect();
        ranked.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
        let other_language = crate::text::other_language(&asked.whole).is_some();
        let of_field = !other_language && self.is_of_field(&asked, options.least_field);
        // Small words of another language are in no list of stop words, and match a few documents well.
        let (near, least_words) = match (&asked.vector, other_language) {
            (_, true) => (options.least_meaning, options.least_words),
            (Some(_), false) if self.library.len() >= FIELD => (NEAR, options.least_words),
            _ => (f64::NEG_INFINITY, options.least_words / 2.0),
        };
        let calls_for_much = asked.calls.iter().sum::<f64>() >= MUCH;
        let is_known =
            asked.known_share >= KNOWN || !asked.bridge.terms.is_empty() || !asked.scan.triggers.is_empty();
        let fits = |measured: &Measured, score: f64| {
            let is_near = measured.references > 0.0
                || (is_known && of_field && measured.has_something(NEAR))
                || (is_known && measured.meaning >= options.least_meaning)
                || measured.covered >= WHOLE
                || (measured.meaning >= near && measured.covered >= least_words)
                || (measured.meaning >= near
                    && measured.aspects > 0.0
                    && (measured.bridge > 0.0 || calls_for_much));
            options.never_abstain || (is_near && score > 0.0)
        };
        let coverage = self.coverage(
            &asked,
            ranked
                .iter()
                .filter(|(_, measured, score)| fits(measured, *score))
                .map(|(number, _, _)| *number),
        );
        ranked.retain(|(_, measured, score)| fits(measured, *score));
        let abstained = ranked
            .is_empty()
            .then(|| self.why_nothing(&asked, &passing, &options.filter, candidates.len()));
        ranked.truncate(DIVERSE.max(options.limit));
        let chosen = self.chosen(&ranked, options)?;
        let items = self.explained(&asked, question, chosen)?;
        Ok(Recommended {
            question: question.name.clone(),
            items,
            coverage,
            abstained,
            notes,
            words: asked.terms.iter().map(|term| term.word.clone()).collect(),
            bridge: asked.bridge.terms.iter().map(|term| term.word.clone()).collect(),
            weights: self.weights.version.clone(),
            passed: passing.count(),
        })
    }

    /// Candidates for a text and their parts before weights, in the order of [`Weights::list`]: what weights are tuned on.
    /// Candidates come by number; what does not fit at all is among them.
    ///
    /// # Errors
    ///
    /// Those of [`recommend`](Self::recommend).
    pub fn parts(
        &self,
        question: &Question,
        options: &RecommendOptions,
    ) -> Result<Vec<(u32, [f64; 8])>, Error> {
        let mut passing = options.filter.passing(self.library, &mut Vec::new())?;
        let asked = self.ask(question, &self.heard(&options.feedback, &mut Vec::new())?)?;
        let mut own = self.own(question, &asked)?;
        own.not();
        passing.and(&own);
        let candidates = self.candidates(&asked, &passing)?;
        let measured = self.measure(&asked, &candidates)?;
        Ok(candidates
            .into_iter()
            .zip(measured.iter().map(Measured::values))
            .collect())
    }

    /// Why a document would be recommended for a text, whether or not it is in the list.
    ///
    /// # Errors
    ///
    /// If the library has no such document.
    pub fn explain(
        &self,
        question: &Question,
        id: &str,
        options: &RecommendOptions,
    ) -> Result<Recommendation, Error> {
        let number = self.known(id)?;
        let mut notes = Vec::new();
        let asked = self.ask(question, &self.heard(&options.feedback, &mut notes)?)?;
        let passing = options.filter.passing(self.library, &mut notes)?;
        // Shares are those among the candidates that it competes with.
        let mut candidates = self.candidates(&asked, &passing)?;
        if !candidates.contains(&number) {
            candidates.push(number);
        }
        let measured = self.measure(&asked, &candidates)?;
        let place = candidates.iter().position(|other| *other == number).unwrap_or(0);
        let score = measured[place].score(&self.weights);
        let chosen = Chosen {
            number,
            measured: measured[place],
            score,
            record: self.library.record(number)?,
            twins: Vec::new(),
        };
        let mut explained = self.explained(&asked, question, vec![chosen])?;
        Ok(explained.remove(0))
    }

    /// The library that is recommended from.
    pub(super) fn library(&self) -> &Library {
        self.library
    }

    /// Whether a document is a record of the very text.
    pub(super) fn is_own(&self, question: &Question, number: u32) -> Result<bool, Error> {
        let heard = Heard {
            liked: Vec::new(),
            disliked: Vec::new(),
        };
        let asked = self.ask(question, &heard)?;
        Ok(self.own(question, &asked)?.contains(number))
    }

    /// The number behind an id as people write it: `doi:…`, `10.1000/x`, `PMID 123`, `PMC12`, `W12`, or a key of their own file.
    ///
    /// # Errors
    ///
    /// If the library has no such document.
    pub fn known(&self, id: &str) -> Result<u32, Error> {
        self.library
            .find_any(id)?
            .ok_or_else(|| Error::UnknownId { id: id.into() })
    }

    /// What is liked and what not, as documents. Of two words on one document the last counts, whatever its ids are.
    fn heard(&self, feedback: &Feedback, notes: &mut Vec<String>) -> Result<Heard, Error> {
        let mut said: Vec<(u32, &str, bool)> = Vec::new();
        for (id, liked) in feedback.each() {
            let number = self.known(id)?;
            if let Some(before) = said.iter_mut().find(|(other, _, _)| *other == number) {
                if before.2 != liked && before.1 != id {
                    notes.push(format!(
                        "`{}` and `{id}` are one document; what was said of it last counts",
                        before.1
                    ));
                }
                before.2 = liked;
            } else {
                said.push((number, id, liked));
            }
        }
        let those = |wanted: bool| {
            let those = said.iter().filter(|(_, _, liked)| *liked == wanted);
            those.map(|(number, _, _)| *number).collect()
        };
        Ok(Heard {
            liked: those(true),
            disliked: those(false),
        })
    }

    fn ask(&self, question: &Question, heard: &Heard) -> Result<Asked<'_>, Error> {
        let whole = question.whole();
        let scan = self.lexicon.scan(&whole);
        let mut calls = vec![0.0; self.lexicon.aspects().len()];
        let mut seen = HashSet::new();
        for hit in &scan.triggers {
            if seen.insert((hit.aspect, hit.trigger)) {
                let call = &mut calls[hit.aspect.index()];
                *call = 1.0 - (1.0 - *call) * (1.0 - hit.weight);
            }
        }
        let technical = format!("{whole}\n{}", question.technical.join("\n"));
        let (mut terms, known_share) = terms_of(self.library, &technical, TERMS)?;
        let mut phrases: Vec<(String, f64)> =
            question.bridge.iter().map(|word| (word.clone(), 1.0)).collect();
        if self.weights.bridge > 0.0 {
            let named = format!("{whole}\n{}", question.bridge.join("\n"));
            let met = self.gazetteer.weighed(&named).into_iter();
            phrases.extend(met.map(|(word, weight)| (word.to_owned(), weight)));
        }
        let bridge = PhraseTerms::of(self.library, &phrases, TERMS)?;
        let mut vector = self.library.embedder.embed(&whole);
        self.follow(heard, &mut terms, &mut vector)?;
        Ok(Asked {
            shared: self.shared_references(question)?,
            whole,
            terms,
            known_share,
            bridge,
            vector,
            scan,
            calls,
        })
    }

    /// Moves a query towards what was liked, and away from what was not.
    fn follow(
        &self,
        heard: &Heard,
        terms: &mut Vec<QueryTerm>,
        vector: &mut Option<Vec<f32>>,
    ) -> Result<(), Error> {
        if heard.liked.is_empty() && heard.disliked.is_empty() {
            return Ok(());
        }
        let mut weights: BTreeMap<String, QueryTerm> = BTreeMap::new();
        for term in terms.drain(..) {
            weights.insert(term.term.clone(), term);
        }
        for (numbers, weight) in [(&heard.liked, LIKED), (&heard.disliked, -DISLIKED)] {
            for &number in numbers {
                let share = weight / numbers.len() as f32;
                let record = self.library.record(number)?;
                for term in query_terms(
                    self.library,
                    &format!("{}\n{}", record.title, record.abstract_text),
                    TERMS,
                )? {
                    match weights.get_mut(&term.term) {
                        Some(there) => there.weight += share * term.weight,
                        None if share > 0.0 => {
                            weights.insert(
                                term.term.clone(),
                                QueryTerm {
                                    weight: share * term.weight,
                                    ..term
                                },
                            );
                        }
                        None => {}
                    }
                }
                if let (Some(vector), Some(theirs)) = (vector.as_mut(), self.library.vector(number)) {
                    vector
                        .iter_mut()
                        .zip(&theirs)
                        .for_each(|(mine, theirs)| *mine += share * theirs);
                }
            }
        }
        *terms = weights.into_values().filter(|term| term.weight > 0.0).collect();
        terms.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.term.cmp(&b.term)));
        terms.truncate(2 * TERMS);
        if let Some(vector) = vector {
            crate::library::to_unit(vector);
        }
        Ok(())
    }

    /// Documents that cite what the text cites, that it cites, or that cite it.
    fn shared_references(&self, question: &Question) -> Result<HashMap<u32, u32>, Error> {
        let mut shared = HashMap::new();
        for id in question.references.iter().take(REFERENCES) {
            for number in self.library.citing(id)? {
                *shared.entry(number).or_default() += 1;
            }
            if let Some(number) = self.library.find(id)? {
                *shared.entry(number).or_default() += 2;
            }
        }
        for id in &question.own {
            for number in self.library.citing(id)? {
                *shared.entry(number).or_default() += 2;
            }
        }
        Ok(shared)
    }

    /// Records of the very text: by id, because it begins with their title, or because it and their abstract begin alike.
    fn own(&self, question: &Question, asked: &Asked<'_>) -> Result<Numbers, Error> {
        let mut own = Numbers::none(self.library.manifest.records);
        for id in &question.own {
            if let Some(number) = self.library.find(id)? {
                own.insert(number);
            }
        }
        let first = asked
            .whole
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        let first = &first[..first.floor_char_boundary(TITLE.min(first.len()))];
        let begins = folded(&asked.whole, TITLE);
        let second = Some(first).filter(|first| *first != question.title);
        for title in std::iter::once(question.title.as_str()).chain(second) {
            if merge_key(title, None).is_none() {
                continue;
            }
            for hit in
                Words::new(self.library, &query_terms(self.library, title, TERMS)?).top(5, &|_| true)?
            {
                let theirs = folded(&self.library.record(hit.number)?.title, usize::MAX);
                if theirs.split(' ').count() >= 3
                    && (begins == theirs || begins.starts_with(&format!("{theirs} ")))
                {
                    own.insert(hit.number);
                }
            }
        }
        let text = if question.text.is_empty() {
            &asked.whole
        } else {
            &question.text
        };
        let mine = abstract_of(text);
        if mine.len() >= TELLING && self.library.rows.iter().any(|(_, row)| row.has_abstract()) {
            let begins = &text[..text.floor_char_boundary(COMPARED.min(text.len()))];
            let terms = query_terms(self.library, begins, OWN_TERMS)?;
            for hit in Words::new(self.library, &terms).top(5, &|_| true)? {
                let theirs = abstract_of(&self.library.record(hit.number)?.abstract_text);
                let both = mine.len().min(theirs.len());
                if both >= TELLING && mine.as_bytes()[..both] == theirs.as_bytes()[..both] {
                    own.insert(hit.number);
                }
            }
        }
        Ok(own)
    }

    fn candidates(&self, asked: &Asked<'_>, passing: &Numbers) -> Result<Vec<u32>, Error> {
        let passes = |number: u32| passing.contains(number);
        let by_words = |terms: &[QueryTerm]| Words::new(self.library, terms).top(CANDIDATES, &passes);
        let by_meaning = || match &asked.vector {
            Some(vector) if self.weights.meaning > 0.0 => self.library.nearest(vector, CANDIDATES, &passes),
            _ => Vec::new(),
        };
        let (by_term, (by_bridge, mut numbers)) = rayon::join(
            || by_words(&asked.terms),
            || rayon::join(|| by_words(&asked.bridge.terms), by_meaning),
        );
        numbers.extend(by_term?.iter().chain(&by_bridge?).map(|hit| hit.number));
        numbers.extend(asked.shared.keys().copied().filter(|number| passes(*number)));
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    fn measure(&self, asked: &Asked<'_>, candidates: &[u32]) -> Result<Vec<Measured>, Error> {
        let mut measured = vec![Measured::default(); candidates.len()];
        let (parts, bridge_parts) = rayon::join(
            || Words::new(self.library, &asked.terms).parts(candidates),
            || self.bridge_parts(&asked.bridge, candidates),
        );
        let (parts, bridge_parts) = (parts?, bridge_parts?);
        let rarities: Vec<f64> = asked
            .terms
            .iter()
            .map(|term| telling(self.library, &term.term) * self.rarity(term))
            .collect();
        let all: f64 = rarities.iter().sum();
        let width = asked.terms.len().max(1);
        for (measured, parts) in measured.iter_mut().zip(parts.chunks(width)) {
            measured.words = parts.iter().map(|part| f64::from(*part)).sum();
            let has = parts
                .iter()
                .zip(&rarities)
                .filter(|(part, _)| **part > 0.0)
                .map(|(_, rarity)| rarity);
            let subject = |place: usize| !is_general(&asked.terms[place].term);
            let in_common = (0..parts.len()).filter(|place| parts[*place] > 0.0 && subject(*place));
            let several = in_common.count() >= 2.min(asked.terms.len());
            measured.covered = if several && all > 0.0 {
                asked.known_share * has.sum::<f64>() / all
            } else {
                0.0
            };
        }
        let width = asked.bridge.terms.len().max(1);
        for (measured, parts) in measured.iter_mut().zip(bridge_parts.chunks(width)) {
            measured.bridge = parts.iter().map(|part| f64::from(*part)).sum();
        }
        let most = |value: fn(&Measured) -> f64| measured.iter().map(value).fold(0.0, f64::max);
        // Where even the best has little in common, it is not made to look like much.
        let little = |terms: &[QueryTerm]| {
            let once = |term: &QueryTerm| f64::from(term.weight) * self.rarity(term);
            LITTLE * terms.iter().map(once).sum::<f64>()
        };
        let best_words = most(|measured| measured.words).max(little(&asked.terms));
        let best_bridge = most(|measured| measured.bridge).max(little(&asked.bridge.terms));
        let likeness = asked
            .vector
            .as_ref()
            .map(|vector| self.library.likeness(vector, candidates));
        let newest = self.library.rows.newest;
        let calls: f64 = asked.calls.iter().sum();
        for (place, measured) in measured.iter_mut().enumerate() {
            let number = candidates[place];
            let row = &self.library.rows[number];
            let share = |value: f64, best: f64| if best > 0.0 { value / best } else { 0.0 };
            measured.words = share(measured.words, best_words);
            measured.bridge = asked.bridge.weight * share(measured.bridge, best_bridge);
            measured.meaning = likeness.as_ref().map_or(0.0, |likeness| likeness[place]);
            measured.elsi = (f64::from(row.elsi) / 6.0).clamp(-1.0, 1.0);
            let about = asked
                .calls
                .iter()
                .enumerate()
                .filter(|(aspect, _)| row.aspects & self.bits[*aspect] != 0);
            measured.aspects = share(about.map(|(_, call)| call).sum(), calls);
            let shared = f64::from(asked.shared.get(&number).copied().unwrap_or(0));
            measured.references = shared / (shared + 2.0);
            measured.recent = row.year().map_or(0.0, |year| {
                (1.0 - f64::from(newest - year) / RECENT).clamp(0.0, 1.0)
            });
            measured.open_access = f64::from(u8::from(row.open_access()));
        }
        Ok(measured)
    }

    fn is_of_field(&self, asked: &Asked<'_>, least: f64) -> bool {
        let by_table = matches!(self.library.dense(), DenseKind::Static | DenseKind::Table(_));
        let vector = asked.vector.as_ref().filter(|_| by_table);
        // Papers of any life science have much in common with those of the field, and name organisms.
        let short = asked.terms.len() < TITLE_TERMS;
        let least = match short || !asked.scan.triggers.is_empty() {
            true => least,
            false if is_engineered(&asked.whole) => least + UNNAMED,
            false => return false,
        };
        vector.is_some_and(|vector| self.library.likeness_to_field(vector) >= least)
    }

    /// What each bridge word adds, with regard to its phrase.
    fn bridge_parts(&self, bridge: &PhraseTerms, numbers: &[u32]) -> Result<Vec<f32>, Error> {
        let mut parts = Words::new(self.library, &bridge.terms).parts(numbers)?;
        for parts in parts.chunks_mut(bridge.terms.len().max(1)) {
            bridge.count_whole_phrases(parts);
        }
        Ok(parts)
    }

    fn rarity(&self, term: &QueryTerm) -> f64 {
        rarity(self.library.statistics.documents as f64, term.documents as f64)
    }

    fn coverage(&self, asked: &Asked<'_>, fitting: impl Iterator<Item = u32>) -> Vec<Covered> {
        let mut documents = vec![0; asked.calls.len()];
        let mut best = vec![None; asked.calls.len()];
        for number in fitting {
            for (aspect, count) in documents.iter_mut().enumerate() {
                if self.library.rows[number].aspects & self.bits[aspect] != 0 {
                    *count += 1;
                    best[aspect] = best[aspect].or(Some(number));
                }
            }
        }
        let mut called: Vec<usize> = (0..asked.calls.len())
            .filter(|aspect| asked.calls[*aspect] > 0.0)
            .collect();
        called.sort_by(|a, b| asked.calls[*b].total_cmp(&asked.calls[*a]).then(a.cmp(b)));
        let covered = |aspect: usize| {
            let entry = &self.lexicon.aspects()[aspect];
            let hits = asked
                .scan
                .triggers
                .iter()
                .filter(|hit| hit.aspect.index() == aspect);
            let hit = hits.max_by(|a, b| a.weight.total_cmp(&b.weight).then(b.start.cmp(&a.start)))?;
            Some(Covered {
                aspect: entry.name.clone(),
                title: entry.title.clone(),
                yours: asked.whole[hit.start..hit.end].to_owned(),
                why: hit.why.to_owned(),
                documents: documents[aspect],
                best: best[aspect],
            })
        };
        called.into_iter().filter_map(covered).collect()
    }

    fn why_nothing(
        &self,
        asked: &Asked<'_>,
        passing: &Numbers,
        filter: &Filter,
        candidates: usize,
    ) -> String {
        if self.library.is_empty() {
            "the library holds no document".into()
        } else if passing.count() == 0 {
            match filter.elsi {
                elsi if elsi > 0.0 => format!(
                    "no other document passes the filters, one of which is a P(ELSI) of {elsi} or more (`--elsi 0` takes all)"
                ),
                _ => "no other document passes the filters".into(),
            }
        } else if asked.terms.is_empty() {
            "no document has any word of this text".into()
        } else if candidates == 0 {
            "no document that passes the filters has a word of this text".into()
        } else {
            "no document is close enough to this text to be worth your time".into()
        }
    }

    /// The list, in its order. A document that is published twice takes one place.
    fn chosen(
        &self,
        ranked: &[(u32, Measured, f64)],
        options: &RecommendOptions,
    ) -> Result<Vec<Chosen>, Error> {
        let rows: Vec<Row> = ranked
            .iter()
            .map(|(number, _, _)| self.library.rows[*number])
            .collect();
        let scores: Vec<f64> = ranked.iter().map(|(_, _, score)| *score).collect();
        let mut chosen: Vec<Chosen> = Vec::new();
        let mut titles: Vec<Title> = Vec::new();
        for place in diverse(&scores, &rows, options.lambda, ranked.len()) {
            if chosen.len() == options.limit {
                break;
            }
            let (number, measured, score) = ranked[place];
            let record = self.library.record(number)?;
            let title = Title::of(&record);
            if let Some(first) = titles.iter().position(|first| first.is_twin(&title)) {
                chosen[first].twins.push(Twin::of(number, &record));
                continue;
            }
            titles.push(title);
            chosen.push(Chosen {
                number,
                measured,
                score,
                record,
                twins: Vec::new(),
            });
        }
        Ok(chosen)
    }

    fn explained(
        &self,
        asked: &Asked<'_>,
        question: &Question,
        chosen: Vec<Chosen>,
    ) -> Result<Vec<Recommendation>, Error> {
        let numbers: Vec<u32> = chosen.iter().map(|chosen| chosen.number).collect();
        let words = Words::new(self.library, &asked.terms).parts(&numbers)?;
        let bridge = self.bridge_parts(&asked.bridge, &numbers)?;
        let yours = Sentences::of(&asked.whole, self.library);
        let explain = |(place, chosen): (usize, Chosen)| {
            let Chosen {
                number,
                measured,
                score,
                record,
                twins,
            } = chosen;
            let row = &self.library.rows[number];
            let mut shares = Vec::new();
            for (terms, parts, weight, is_bridge) in [
                (&asked.terms, &words, self.weights.words * measured.words, false),
                (
                    &asked.bridge.terms,
                    &bridge,
                    self.weights.bridge * measured.bridge,
                    true,
                ),
            ] {
                let parts = &parts[place * terms.len()..][..terms.len()];
                let sum: f64 = parts.iter().map(|part| f64::from(*part)).sum();
                for (term, part) in terms.iter().zip(parts).filter(|(_, part)| **part > 0.0) {
                    shares.push(WordShare {
                        word: term.word.clone(),
                        share: if score > 0.0 {
                            weight * f64::from(*part) / sum / score
                        } else {
                            0.0
                        },
                        bridge: is_bridge,
                    });
                }
            }
            shares.sort_by(|a, b| b.share.total_cmp(&a.share).then_with(|| a.word.cmp(&b.word)));
            let references = question
                .references
                .iter()
                .filter(|id| record.references.contains(id))
                .cloned()
                .collect();
            Recommendation {
                number,
                score,
                chance_of_elsi: row.chance_of_elsi(),
                aspects: self.aspects_of(row),
                reasons: Reasons {
                    parts: measured.parts(&self.weights),
                    words: shares,
                    sentences: yours.closest(&record, self.library),
                    aspects: self.aspect_reasons(asked, &record, row),
                    references,
                },
                also: twins,
                record,
            }
        };
        Ok(chosen.into_par_iter().enumerate().map(explain).collect())
    }

    fn aspects_of(&self, row: &Row) -> Vec<String> {
        let names = self.library.aspect_names().into_iter().enumerate();
        names
            .filter(|(place, _)| row.aspects & (1 << place) != 0)
            .map(|(_, name)| name)
            .collect()
    }

    fn aspect_reasons(&self, asked: &Asked<'_>, record: &Record, row: &Row) -> Vec<AspectReason> {
        let text = format!(
            "{}\n{}\n{}\n{}",
            record.title,
            record.abstract_text,
            record.keywords.join("\n"),
            record.mesh.join("\n")
        );
        let cues = self.lexicon.cues_in(&text);
        let mut reasons: Vec<(f64, AspectReason)> = Vec::new();
        for (place, entry) in self.lexicon.aspects().iter().enumerate() {
            if row.aspects & self.bits[place] == 0 {
                continue;
            }
            let theirs = cues
                .iter()
                .filter(|cue| cue.aspect.is_some_and(|aspect| aspect.index() == place));
            let theirs = theirs.max_by(|a, b| a.weight.total_cmp(&b.weight).then(b.start.cmp(&a.start)));
            let yours = asked
                .scan
                .triggers
                .iter()
                .filter(|hit| hit.aspect.index() == place);
            let yours = yours.max_by(|a, b| a.weight.total_cmp(&b.weight).then(b.start.cmp(&a.start)));
            reasons.push((
                asked.calls[place],
                AspectReason {
                    aspect: entry.name.clone(),
                    title: entry.title.clone(),
                    theirs: theirs
                        .map(|cue| text[cue.start..cue.end].to_owned())
                        .or_else(|| entry.heading_of(record).cloned()),
                    yours: yours.map(|hit| asked.whole[hit.start..hit.end].to_owned()),
                    why: yours.map(|hit| hit.why.to_owned()),
                },
            ));
        }
        reasons.sort_by(|a, b| b.0.total_cmp(&a.0));
        reasons.into_iter().map(|(_, reason)| reason).collect()
    }
}

/// The bit that each aspect of a lexicon has in a library, by name.
fn bits(lexicon: &Lexicon, library: &Library) -> Vec<u32> {
    let names = library.aspect_names();
    let bit = |name: &str| {
        names
            .iter()
            .position(|known| known == name)
            .map_or(0, |place| 1 << place)
    };
    lexicon.aspects().iter().map(|aspect| bit(&aspect.name)).collect()
}

/// The beginning of an abstract, folded, without the heading that people copy along.
fn abstract_of(text: &str) -> String {
    let words = folded(text, COMPARED);
    match words.strip_prefix("abstract ") {
        Some(rest) => rest.to_owned(),
        None => words,
    }
}

/// Words of a text side by side, the first bytes of them.
fn folded(text: &str, bytes: usize) -> String {
    let mut words = String::new();
    fold(&text[..text.floor_char_boundary(bytes.min(text.len()))], |word| {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&word.text);
    });
    words
}
