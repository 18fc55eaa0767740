//! JSON lines: our own records, BEIR's, or whatever a column map names.

use serde_json::{Map, Value};

use super::columns::{self, ColumnMap, Resolved};
use super::draft::{Collector, Draft};
use super::frames::{Frames, text_of};
use super::input::Input;
use super::text::{apply, plain};
use crate::{Author, Error, Record};

/// Reads one object after the other. An object that has `ids`, or that has nothing but fields of [`Record`] and no `source`, is one of
/// ours; any other goes through the column map (`source` is a journal there).
pub(super) fn read(input: Input<'_>, map: &ColumnMap, out: &mut Collector<'_>) -> Result<(), Error> {
    let file = input.file;
    let mut untitled: Option<Error> = None;
    let mut known: (Vec<String>, Resolved) = (Vec::new(), map.guess(&[]));
    let read = Frames::new(input).each(out, |object: Map<String, Value>, line, out| {
        let ours =
            *map == ColumnMap::default() && (object.contains_key("ids") || !object.contains_key("source"));
        if ours && let Ok(mut record) = Record::deserialize_from(&object) {
            // What we wrote holds no markup; what others wrote in the same keys may.
            if !object.contains_key("ids") {
                apply(&mut record.title, plain);
                apply(&mut record.abstract_text, plain);
                if let Some(venue) = &mut record.venue {
                    apply(venue, plain);
                }
            }
            let place = out.place(line);
            let draft = Draft {
                record,
                ..Draft::default()
            };
            return out.take(draft, place);
        }
        if !object.keys().eq(known.0.iter()) {
            let names: Vec<String> = object.keys().cloned().collect();
            let resolved = map.guess(&names);
            if out.met == 0 && !resolved.has("title") && !resolved.has("abstract") {
                untitled = Some(Error::NoTitleColumn {
                    file: file.into(),
                    found: names.clone(),
                });
            }
            known = (names, resolved);
        }
        let mut draft = Draft::default();
        for (value, field) in object.values().zip(&known.1.columns) {
            if let Some(field) = *field {
                put(&mut draft, field, value);
            }
        }
        let place = out.place(line);
        out.take(draft, place)
    });
    read?;
    // One line without a title is left out; a file of such lines needs to be told where its titles are.
    match untitled {
        Some(error) if out.report.records == 0 => Err(error),
        _ => Ok(()),
    }
}

trait FromObject: Sized {
    fn deserialize_from(object: &Map<String, Value>) -> Result<Self, serde_json::Error>;
}

impl FromObject for Record {
    fn deserialize_from(object: &Map<String, Value>) -> Result<Self, serde_json::Error> {
        serde::Deserialize::deserialize(object)
    }
}

fn put(draft: &mut Draft, field: usize, value: &Value) {
    match value {
        Value::Array(list) => {
            for item in list {
                match item {
                    Value::Object(name) => {
                        let part = |keys: [&str; 3]| {
                            keys.iter()
                                .find_map(|key| name.get(*key))
                                .map(text_of)
                                .unwrap_or_default()
                        };
                        let family = part(["family", "last", "lastName"]);
                        if family.is_empty() {
                            columns::put(draft, field, &part(["name", "display_name", "label"]));
                        } else {
                            draft.author(Author::new(family, part(["given", "first", "firstName"])));
                        }
                    }
                    // A list that was a list stays one: no text of it is split again, but for one that holds `;`.
                    _ => put_item(draft, field, &text_of(item)),
                }
            }
        }
        _ => columns::put(draft, field, &text_of(value)),
    }
}

fn put_item(draft: &mut Draft, field: usize, text: &str) {
    match ColumnMap::fields().nth(field) {
        Some("keywords") => draft.keyword(text),
        Some("mesh") => draft.mesh(text),
        Some("authors") => draft.author(super::names::one(text)),
        // Sentences, as SciFact has them.
        Some("abstract") => {
            let whole = &mut draft.record.abstract_text;
            if !whole.is_empty() {
                whole.push(' ');
            }
            whole.push_str(plain(text).trim());
        }
        Some("title") if !draft.record.title.is_empty() => {}
        _ => columns::put(draft, field, text),
    }
}
