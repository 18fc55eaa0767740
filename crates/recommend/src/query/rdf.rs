//! Statements of RDF, from RDF/XML and JSON-LD.

use serde_json::Value;

use super::malformed;
use super::xml::{Inside, Node, shown};
use crate::Error;

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
/// The predicate of a type.
pub(super) const TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
/// Statements of a file; a registry of parts has a million.
pub(super) const MAX_STATEMENTS: usize = 2_000_000;

/// Prefixes that are known at one place; what comes beyond them is not resolved.
pub(super) const MAX_PREFIXES: usize = 1_000;

/// Subject, predicate, object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) subject: String,
    pub(super) predicate: String,
    pub(super) object: Object,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Object {
    Iri(String),
    Text(String),
}

/// Statements, and names for things that have none.
#[derive(Debug, Default)]
pub(super) struct Statements {
    pub(super) all: Vec<Statement>,
    blank: usize,
}

impl Statements {
    pub(super) fn blank(&mut self) -> String {
        self.blank += 1;
        format!("_:here{}", self.blank)
    }

    /// Adds a statement; `false` when there are too many.
    pub(super) fn add(&mut self, subject: &str, predicate: &str, object: Object) -> bool {
        self.all.push(Statement {
            subject: subject.to_owned(),
            predicate: predicate.to_owned(),
            object,
        });
        self.all.len() <= MAX_STATEMENTS
    }
}

pub(super) fn too_many(file: &str, place: String) -> Error {
    malformed(
        file,
        place,
        format!("it has more than {MAX_STATEMENTS} statements"),
        Some("export the one design that you ask for"),
    )
}

/// Statements of a tree of RDF/XML.
pub(super) fn read_xml(file: &str, root: Node<'_>) -> Result<Vec<Statement>, Error> {
    let mut out = Statements::default();
    let mut scope = Scope::default();
    let added = scope.enter(root);
    let mut fine = true;
    for node in root.children() {
        fine &= subject(node, &mut scope, &mut out).is_some();
    }
    scope.leave(added);
    if fine && out.all.len() <= MAX_STATEMENTS {
        Ok(out.all)
    } else {
        Err(too_many(file, format!("`<{}>`", shown(root.full_name()))))
    }
}

/// Prefixes that are known at a place.
#[derive(Default)]
struct Scope {
    prefixes: Vec<(String, String)>,
}

impl Scope {
    fn enter(&mut self, node: Node<'_>) -> usize {
        let before = self.prefixes.len();
        for (name, value) in node.attributes() {
            if let Some(prefix) = name.strip_prefix("xmlns")
                && self.prefixes.len() < MAX_PREFIXES
            {
                self.prefixes
                    .push((prefix.trim_start_matches(':').to_owned(), value.clone()));
            }
        }
        self.prefixes.len() - before
    }

    fn leave(&mut self, added: usize) {
        self.prefixes.truncate(self.prefixes.len() - added);
    }

    fn resolve(&self, name: &str) -> String {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let space = self.prefixes.iter().rev().find(|(known, _)| known == prefix);
        format!("{}{local}", space.map_or("", |(_, space)| space))
    }
}

/// Reads an element that stands for a thing, and returns its name. The depth is that of the tree, which is limited.
fn subject(node: Node<'_>, scope: &mut Scope, out: &mut Statements) -> Option<String> {
    let added = scope.enter(node);
    let id = node
        .attribute("about")
        .or_else(|| node.attribute("ID"))
        .or_else(|| node.attribute("nodeID"))
        .map_or_else(|| out.blank(), str::to_owned);
    let class = scope.resolve(node.full_name());
    let mut fine = true;
    if class != format!("{RDF}Description") {
        fine &= out.add(&id, TYPE, Object::Iri(class));
    }
    for (name, value) in node.attributes() {
        let known = name.starts_with("xmlns") || name.starts_with("xml:") || name.starts_with("rdf:");
        if !known && name.contains(':') {
            fine &= out.add(&id, &scope.resolve(name), Object::Text(value.clone()));
        }
    }
    for property in node.children() {
        let inner = scope.enter(property);
        let predicate = scope.resolve(property.full_name());
        let target = property
            .attribute("resource")
            .or_else(|| property.attribute("nodeID"));
        if let Some(target) = target {
            fine &= out.add(&id, &predicate, Object::Iri(target.to_owned()));
        } else if property.children().next().is_some() {
            for thing in property.children() {
                let target = subject(thing, scope, out)?;
                fine &= out.add(&id, &predicate, Object::Iri(target));
            }
        } else {
            let text: String = property
                .inside()
                .filter_map(|inside| match inside {
                    Inside::Text(text) => Some(text),
                    Inside::Element(_) => None,
                })
                .collect();
            fine &= out.add(&id, &predicate, Object::Text(text));
        }
        scope.leave(inner);
    }
    scope.leave(added);
    fine.then_some(id)
}

/// Statements of JSON-LD as SBOL tools write it: objects with `@id`, and prefixes in `@context`.
pub(super) fn read_json(file: &str, text: &str) -> Result<Vec<Statement>, Error> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        malformed(
            file,
            format!("line {}, column {}", error.line(), error.column()),
            format!("this is not JSON: {error}"),
            Some("it may have been cut off: export it again"),
        )
    })?;
    let context = match &value {
        Value::Object(whole) => whole.get("@context"),
        _ => None,
    };
    let is_ld = context.is_some() || text.contains("\"@id\"") || text.contains("\"@graph\"");
    if !is_ld {
        return Err(malformed(
            file,
            "line 1".into(),
            "this JSON is no JSON-LD: it has no `@context`, `@graph` or `@id`",
            Some("lists of references in JSON are read with their own format"),
        ));
    }
    let context = Context::new(context);
    let mut out = Statements::default();
    if json_thing(&value, &context, &mut out).is_some() && out.all.len() <= MAX_STATEMENTS {
        Ok(out.all)
    } else {
        Err(too_many(file, "`@graph`".into()))
    }
}

/// Terms and prefixes of `@context`.
struct Context<'v> {
    terms: Vec<(&'v str, &'v str)>,
    vocabulary: &'v str,
}

impl<'v> Context<'v> {
    fn new(value: Option<&'v Value>) -> Self {
        let mut terms = Vec::new();
        let mut vocabulary = "";
        let objects = match value {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_object).collect(),
            Some(Value::Object(one)) => vec![one],
            _ => Vec::new(),
        };
        for (key, value) in objects.into_iter().flatten() {
            let target = value
                .as_str()
                .or_else(|| value.get("@id").and_then(Value::as_str));
            match (key.as_str(), target) {
                ("@vocab", Some(target)) => vocabulary = target,
                (_, Some(target)) if terms.len() < MAX_PREFIXES => terms.push((key.as_str(), target)),
                _ => {}
            }
        }
        Self { terms, vocabulary }
    }

    fn resolve(&self, name: &str) -> String {
        self.resolve_once(&self.resolve_once(name))
    }

    fn resolve_once(&self, name: &str) -> String {
        if let Some((_, target)) = self.terms.iter().find(|(term, _)| *term == name) {
            return (*target).to_owned();
        }
        match name.split_once(':') {
            Some((prefix, local)) if !local.starts_with("//") => {
                match self.terms.iter().find(|(term, _)| *term == prefix) {
                    Some((_, target)) => format!("{target}{local}"),
                    None => name.to_owned(),
                }
            }
            Some(_) => name.to_owned(),
            None => format!("{}{name}", self.vocabulary),
        }
    }
}

/// Reads an object that stands for a thing, and returns its name. `serde_json` limits the depth to 128.
fn json_thing(value: &Value, context: &Context<'_>, out: &mut Statements) -> Option<String> {
    if out.all.len() > MAX_STATEMENTS {
        return None;
    }
    match value {
        Value::Array(list) => {
            let mut last = String::new();
            for item in list {
                last = json_thing(item, context, out)?;
            }
            Some(last)
        }
        Value::Object(fields) => {
            let id = match fields.get("@id").and_then(Value::as_str) {
                Some(id) => context.resolve(id),
                None => out.blank(),
            };
            for (key, value) in fields {
                match key.as_str() {
                    "@id" | "@context" => {}
                    "@graph" | "@included" => {
                        json_thing(value, context, out)?;
                    }
                    "@type" => {
                        for class in items(value).iter().filter_map(|class| class.as_str()) {
                            out.add(&id, TYPE, Object::Iri(context.resolve(class)));
                        }
                    }
                    _ => {
                        let predicate = context.resolve(key);
                        for item in items(value) {
                            let object = match item {
                                Value::Object(inner) => match inner.get("@value") {
                                    Some(text) => Object::Text(scalar(text)),
                                    None => Object::Iri(json_thing(item, context, out)?),
                                },
                                Value::Array(_) => continue,
                                _ => Object::Text(scalar(item)),
                            };
                            out.add(&id, &predicate, object);
                        }
                    }
                }
            }
            Some(id)
        }
        _ => Some(String::new()),
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(list) => list,
        one => std::slice::from_ref(one),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
