//! JSON of works of OpenAlex.
//!
//! # Source
//!
//! <https://docs.openalex.org/api-entities/works/work-object>. Abstracts come as lists of places of each word.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::draft::{Collector, Draft};
use super::frames::{Frames, flag_of, text_of};
use super::input::Input;
use super::text::plain;
use super::{names, words};
use crate::{Error, clean_openalex};

/// Words of one abstract at most; a false place must not ask for all memory.
const MAX_WORDS: u32 = 200_000;

/// The fields that are read. Each may be of another type than documented, or null.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Work {
    id: Value,
    doi: Value,
    ids: Value,
    title: Value,
    display_name: Value,
    publication_year: Value,
    #[serde(rename = "type")]
    kind: Value,
    language: Value,
    is_retracted: Value,
    open_access: Value,
    primary_location: Value,
    host_venue: Value,
    best_oa_location: Value,
    authorships: Value,
    keywords: Value,
    mesh: Value,
    referenced_works: Value,
    abstract_inverted_index: Inverted,
    #[serde(rename = "abstract")]
    abstract_text: Value,
}

/// The words of an abstract with their places.
#[derive(Default)]
struct Inverted(Vec<(u32, String)>);

impl<'de> Deserialize<'de> for Inverted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InvertedVisitor)
    }
}

struct InvertedVisitor;

impl<'de> Visitor<'de> for InvertedVisitor {
    type Value = Inverted;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("words with their places")
    }

    fn visit_unit<E>(self) -> Result<Inverted, E> {
        Ok(Inverted::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Inverted, A::Error> {
        let mut words = Vec::new();
        while let Some((word, Places(places))) = map.next_entry::<String, Places>()? {
            words.extend(places.into_iter().map(|place| (place, word.clone())));
        }
        words.sort_by_key(|&(place, _)| place);
        Ok(Inverted(words))
    }

    // A string that holds the JSON of the index, as tables have it.
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Inverted, E> {
        serde_json::from_str::<serde_json::Map<String, Value>>(text)
            .map_err(E::custom)
            .and_then(|map| serde_json::from_value(Value::Object(map)).map_err(E::custom))
    }
}

struct Places(Vec<u32>);

impl<'de> Deserialize<'de> for Places {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PlacesVisitor;
        impl<'de> Visitor<'de> for PlacesVisitor {
            type Value = Places;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list of places")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Places, A::Error> {
                let mut places = Vec::new();
                while let Some(place) = list.next_element::<u32>()? {
                    if place < MAX_WORDS && places.len() < MAX_WORDS as usize {
                        places.push(place);
                    }
                }
                Ok(Places(places))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Places, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Places(Vec::new()))
            }
        }
        deserializer.deserialize_any(PlacesVisitor)
    }
}

pub(super) fn read(input: Input<'_>, out: &mut Collector<'_>) -> Result<(), Error> {
    Frames::new(input).each(out, |work: Work, line, out| {
        let place = out.place(line);
        out.take(record(&work), place)
    })
}

fn at(value: &Value, path: &[&str]) -> String {
    path.iter()
        .try_fold(value, |value, key| value.get(key))
        .map(text_of)
        .unwrap_or_default()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn record(work: &Work) -> Draft {
    let mut draft = Draft::default();
    draft.openalex(&text_of(&work.id));
    draft.doi(&text_of(&work.doi));
    draft.doi(&at(&work.ids, &["doi"]));
    draft.url(&at(&work.ids, &["pmid"]));
    if draft.record.ids.pmid.is_none() {
        draft.pmid(&at(&work.ids, &["pmid"]));
    }
    let pmcid = at(&work.ids, &["pmcid"]);
    let pmcid = pmcid.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    match pmcid.parse::<u64>() {
        Ok(number) => draft.pmcid(&format!("PMC{number}")),
        Err(_) => draft.pmcid(pmcid),
    }
    let title = text_of(&work.title);
    let title = if title.is_empty() {
        text_of(&work.display_name)
    } else {
        title
    };
    draft.record.title = plain(&title).into_owned();
    let mut text = String::new();
    for (_, word) in &work.abstract_inverted_index.0 {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    if text.is_empty() {
        text = text_of(&work.abstract_text);
    }
    draft.record.abstract_text = plain(&text).into_owned();
    draft.year(&text_of(&work.publication_year));
    draft.venue(&at(&work.primary_location, &["source", "display_name"]));
    draft.venue(&at(&work.host_venue, &["display_name"]));
    for authorship in items(&work.authorships) {
        let mut name = at(authorship, &["author", "display_name"]);
        if name.is_empty() {
            name = at(authorship, &["raw_author_name"]);
        }
        draft.author(names::one(&name));
    }
    draft.record.kind = words::kind(&text_of(&work.kind)).unwrap_or_default();
    draft.record.language = words::language(&text_of(&work.language));
    for word in items(&work.keywords) {
        let name = match word {
            Value::String(word) => word.clone(),
            _ => [at(word, &["display_name"]), at(word, &["keyword"])].concat(),
        };
        draft.keyword(&name);
    }
    for heading in items(&work.mesh) {
        draft.mesh(&at(heading, &["descriptor_name"]));
    }
    for cited in items(&work.referenced_works) {
        if let Some(id) = clean_openalex(&text_of(cited)) {
            draft.record.references.push(format!("openalex:{id}"));
        }
    }
    draft.record.open_access = flag_of(&at(&work.open_access, &["is_oa"]));
    let licence = [&work.primary_location, &work.best_oa_location]
        .into_iter()
        .map(|location| at(location, &["license"]))
        .find(|licence| !licence.is_empty());
    draft.record.licence = licence;
    draft.record.retracted = flag_of(&text_of(&work.is_retracted)) == Some(true);
    draft
}
