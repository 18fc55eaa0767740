//! XML, one record at a time.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::draft::Draft;
use super::input::{Input, malformed, shared_error};
use super::text::entity;
use crate::Error;

/// Elements inside of elements; real records have about 20.
const MAX_DEPTH: usize = 256;

/// A record: its elements and its text, one after the other.
#[derive(Default)]
pub(super) struct Tree {
    text: String,
    items: Vec<Item>,
    /// The first entity that nothing here knows.
    unknown: Option<String>,
}

enum Item {
    /// Name and attributes stand in the text; `close` is the place of the end.
    Open {
        content: Range<usize>,
        name: usize,
        close: usize,
    },
    Text(Range<usize>),
    Close,
}

/// An element of a tree.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Tree,
    at: usize,
}

impl Tree {
    fn open(&mut self, tag: &BytesStart<'_>) -> usize {
        let start = self.text.len();
        self.text.push_str(tag);
        self.items.push(Item::Open {
            content: start..self.text.len(),
            name: tag.name().as_ref().len(),
            close: usize::MAX,
        });
        self.items.len() - 1
    }

    fn close(&mut self, opened: usize) {
        let here = self.items.len();
        if let Some(Item::Open { close, .. }) = self.items.get_mut(opened) {
            *close = here;
        }
        self.items.push(Item::Close);
    }

    fn push_text(&mut self, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        // Text around an entity is one text.
        if let Some(Item::Text(last)) = self.items.last_mut()
            && last.end == start
        {
            last.end = self.text.len();
            return;
        }
        self.items.push(Item::Text(start..self.text.len()));
    }

    pub(super) fn root(&self) -> Node<'_> {
        Node { tree: self, at: 0 }
    }

    /// A record that is read from this tree, with what is odd in its text.
    pub(super) fn draft(&self) -> Draft {
        let mut draft = Draft {
            resolved: true,
            ..Draft::default()
        };
        if let Some(name) = &self.unknown {
            draft.doubt(format!(
                "the entity `&{name};` is not known here, and entities are never expanded; it stands as it is"
            ));
        }
        draft
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

impl<'t> Node<'t> {
    fn parts(self) -> (&'t str, usize, usize) {
        match &self.tree.items[self.at] {
            Item::Open { content, name, close } => (&self.tree.text[content.clone()], *name, *close),
            Item::Text(_) | Item::Close => ("", 0, self.at),
        }
    }

    /// The name without its namespace.
    pub(super) fn name(self) -> &'t str {
        let (content, name, _) = self.parts();
        local(&content[..name])
    }

    /// The value of an attribute, whatever its namespace.
    pub(super) fn attribute(self, wanted: &str) -> Option<Cow<'t, str>> {
        let (content, name, _) = self.parts();
        if content.len() == name {
            return None;
        }
        let tag = BytesStart::from_content(content, name);
        tag.attributes()
            .with_checks(false)
            .flatten()
            .find(|attribute| local(attribute.key.as_ref()) == wanted)
            .map(|attribute| Cow::Owned(super::text::plain(&attribute.value).into_owned()))
    }

    /// Whether an attribute has a value.
    pub(super) fn is(self, attribute: &str, value: &str) -> bool {
        self.attribute(attribute).is_some_and(|found| found == value)
    }

    /// The elements directly inside.
    pub(super) fn children(self) -> impl Iterator<Item = Node<'t>> {
        let (_, _, end) = self.parts();
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            while at < end {
                let here = at;
                match &self.tree.items[at] {
                    Item::Open { close, .. } => {
                        at = close + 1;
                        return Some(Node {
                            tree: self.tree,
                            at: here,
                        });
                    }
                    Item::Text(_) | Item::Close => at += 1,
                }
            }
            None
        })
    }

    /// The elements directly inside that have a name.
    pub(super) fn all(self, name: &'t str) -> impl Iterator<Item = Node<'t>> {
        self.children().filter(move |node| node.name() == name)
    }

    /// The first element on a path.
    pub(super) fn find(self, path: &[&str]) -> Option<Node<'t>> {
        path.iter().try_fold(self, |node, name| {
            node.children().find(|child| child.name() == *name)
        })
    }

    /// The elements inside, at any depth, that have a name.
    pub(super) fn deep(self, name: &'t str) -> impl Iterator<Item = Node<'t>> {
        let (_, _, end) = self.parts();
        (self.at + 1..end)
            .map(move |at| Node { tree: self.tree, at })
            .filter(move |node| matches!(self.tree.items[node.at], Item::Open { .. }) && node.name() == name)
    }

    /// All text inside, but for elements of some names.
    pub(super) fn text_without(self, names: &[&str]) -> String {
        let (_, _, end) = self.parts();
        let mut out = String::new();
        let mut at = self.at + 1;
        while at < end {
            match &self.tree.items[at] {
                Item::Text(range) => out.push_str(&self.tree.text[range.clone()]),
                Item::Open { content, name, close } => {
                    let name = local(&self.tree.text[content.start..content.start + name]);
                    if names.contains(&name) {
                        at = *close;
                    } else if matches!(name, "p" | "break" | "list-item" | "sec") && !out.is_empty() {
                        out.push(' ');
                    }
                }
                Item::Close => {}
            }
            at += 1;
        }
        out
    }

    /// All text inside.
    pub(super) fn text(self) -> String {
        self.text_without(&[])
    }

    /// The text on a path; empty where there is none.
    pub(super) fn text_of(self, path: &[&str]) -> String {
        self.find(path).map(Self::text).unwrap_or_default()
    }
}

/// The records of an XML file.
pub(super) struct XmlRecords<'a> {
    reader: Reader<Input<'a>>,
    file: &'a str,
    buffer: Vec<u8>,
    depth: usize,
    /// The first element of the file.
    pub(super) root: Option<String>,
    wanted: &'static [&'static str],
    /// Elements of a record that nobody asks for.
    skipped: &'static [&'static str],
}

impl<'a> XmlRecords<'a> {
    pub(super) fn new(
        input: Input<'a>,
        wanted: &'static [&'static str],
        skipped: &'static [&'static str],
    ) -> Self {
        Self {
            file: input.file,
            reader: Reader::from_reader(input),
            buffer: Vec::new(),
            depth: 0,
            root: None,
            wanted,
            skipped,
        }
    }

    fn line(&self) -> u64 {
        self.reader.get_ref().line
    }

    fn broken(&self, problem: impl Into<String>, hint: &str) -> Error {
        malformed(self.file, format!("line {}", self.line()), problem, Some(hint))
    }

    /// Reads the next record into an emptied tree, and says in which line it begins.
    pub(super) fn next(&mut self, tree: &mut Tree) -> Result<Option<u64>, Error> {
        tree.text.clear();
        tree.items.clear();
        tree.unknown = None;
        self.reader.get_mut().new_record();
        let mut buffer = std::mem::take(&mut self.buffer);
        let found = self.fill(tree, &mut buffer);
        self.buffer = buffer;
        found
    }

    fn fill(&mut self, tree: &mut Tree, buffer: &mut Vec<u8>) -> Result<Option<u64>, Error> {
        // The places of the elements that are open inside of the record.
        let mut open: Vec<usize> = Vec::new();
        let mut begin = 0;
        let mut skipping = 0;
        loop {
            buffer.clear();
            let event = match self.reader.read_event_into(buffer) {
                Ok(event) => event,
                Err(quick_xml::Error::Io(error)) => return Err(shared_error(self.file, self.line(), &error)),
                Err(quick_xml::Error::Encoding(_)) => {
                    return Err(super::input::not_utf8(self.file, self.line(), buffer));
                }
                Err(error) => {
                    return Err(self.broken(
                        format!("this is not well-formed XML: {error}"),
                        "it may have been cut off or edited: fetch it again",
                    ));
                }
            };
            match event {
                Event::Start(tag) => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(self.broken(
                            format!("elements stand in one another more than {MAX_DEPTH} deep"),
                            "this is no bibliographic record; leave the file out",
                        ));
                    }
                    let name = tag.local_name();
                    let name: &str = name.as_ref();
                    if self.root.is_none() {
                        self.root = Some(name.to_owned());
                    }
                    if skipping > 0 {
                        skipping += 1;
                    } else if open.is_empty() {
                        if self.wanted.contains(&name) {
                            begin = self.line();
                            open.push(tree.open(&tag));
                        } else {
                            // What stands between records counts for none of them.
                            self.reader.get_mut().new_record();
                        }
                    } else if self.skipped.contains(&name) {
                        skipping = 1;
                    } else {
                        open.push(tree.open(&tag));
                    }
                }
                Event::Empty(tag) => {
                    if self.root.is_none() {
                        self.root = Some(tag.local_name().as_ref().to_owned());
                    }
                    let wanted = open.is_empty() && self.wanted.contains(&tag.local_name().as_ref());
                    if skipping == 0 && (wanted || !open.is_empty()) {
                        let at = tree.open(&tag);
                        tree.close(at);
                    }
                    if wanted {
                        return Ok(Some(self.line()));
                    }
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    if skipping > 0 {
                        skipping -= 1;
                    } else if let Some(at) = open.pop() {
                        tree.close(at);
                        if open.is_empty() {
                            return Ok(Some(begin));
                        }
                    }
                }
                Event::Text(text) => {
                    if skipping == 0 && !open.is_empty() {
                        tree.push_text(&text);
                    }
                }
                Event::CData(text) => {
                    if skipping == 0 && !open.is_empty() {
                        tree.push_text(&text);
                    }
                }
                Event::GeneralRef(reference) => {
                    if skipping > 0 || open.is_empty() {
                        continue;
                    }
                    if let Some(sign) = entity(&reference) {
                        tree.push_text(sign.encode_utf8(&mut [0; 4]));
                    } else {
                        tree.push_text(&format!("&{};", &*reference));
                        tree.unknown
                            .get_or_insert_with(|| super::draft::shown(&reference));
                    }
                }
                Event::DocType(text) => {
                    if text.to_ascii_uppercase().contains("<!ENTITY") {
                        return Err(self.broken(
                            "the DOCTYPE declares entities, which are never expanded here",
                            "remove the declarations between `[` and `]`, or leave the file out",
                        ));
                    }
                }
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
                Event::Eof => {
                    if self.depth > 0 {
                        return Err(self.broken(
                            "the file ends in the middle of an element",
                            "it was cut off: fetch or copy it again",
                        ));
                    }
                    return Ok(None);
                }
            }
        }
    }

    /// Nothing was found: says what the file is instead.
    pub(super) fn nothing(&self, wanted: &str) -> Error {
        let problem = match &self.root {
            Some(root) => format!(
                "there is no {wanted} in it; its root is `<{}>`",
                super::draft::shown(root)
            ),
            None => format!("there is no {wanted} in it, and no XML at all"),
        };
        malformed(
            self.file,
            "line 1".into(),
            problem,
            Some("name its format with `--format`"),
        )
    }
}
