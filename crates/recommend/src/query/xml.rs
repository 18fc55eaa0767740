//! XML as a tree, with limits and without entities.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::malformed;
use crate::Error;
use crate::sheet::line_of;

/// Elements inside of elements; real files have about 20.
const MAX_DEPTH: usize = 200;
/// Elements and pieces of text of a file.
const MAX_PIECES: usize = 3_000_000;

/// A file of XML.
pub(super) struct Tree {
    pieces: Vec<Piece>,
}

enum Piece {
    Open {
        name: String,
        attributes: Vec<(String, String)>,
        /// The piece that closes it.
        close: usize,
    },
    Text(String),
    Close,
}

/// An element of a tree.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Tree,
    at: usize,
}

/// What stands directly inside of an element.
pub(super) enum Inside<'t> {
    Element(Node<'t>),
    Text(&'t str),
}

impl Tree {
    pub(super) fn read(file: &str, text: &str) -> Result<Self, Error> {
        let mut reader = Reader::from_str(text);
        let mut pieces: Vec<Piece> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let mut rooted = false;
        loop {
            let place = |reader: &Reader<&[u8]>| {
                let at = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
                format!("line {}", line_of(text, at))
            };
            let event = reader.read_event().map_err(|error| {
                malformed(
                    file,
                    place(&reader),
                    format!("this is not well-formed XML: {error}"),
                    Some("it may have been cut off or edited: export or copy it again"),
                )
            })?;
            if pieces.len() > MAX_PIECES || open.len() > MAX_DEPTH {
                return Err(malformed(
                    file,
                    place(&reader),
                    format!(
                        "it has more than {MAX_PIECES} elements, or more than {MAX_DEPTH} inside of one another"
                    ),
                    Some("this is no article and no design; leave the file out"),
                ));
            }
            match event {
                Event::Start(tag) => {
                    if open.is_empty() && rooted {
                        return Err(malformed(file, place(&reader), "a second root begins", None));
                    }
                    rooted = true;
                    open.push(pieces.len());
                    pieces.push(opened(&tag));
                }
                Event::Empty(tag) => {
                    if open.is_empty() && rooted {
                        return Err(malformed(file, place(&reader), "a second root begins", None));
                    }
                    rooted = true;
                    let close = pieces.len() + 1;
                    let mut piece = opened(&tag);
                    if let Piece::Open { close: end, .. } = &mut piece {
                        *end = close;
                    }
                    pieces.push(piece);
                    pieces.push(Piece::Close);
                }
                Event::End(_) => {
                    let here = pieces.len();
                    if let Some(at) = open.pop()
                        && let Some(Piece::Open { close, .. }) = pieces.get_mut(at)
                    {
                        *close = here;
                    }
                    pieces.push(Piece::Close);
                }
                Event::Text(text) if !open.is_empty() => push_text(&mut pieces, &text),
                Event::CData(text) if !open.is_empty() => push_text(&mut pieces, &text),
                Event::GeneralRef(reference) if !open.is_empty() => match entity(&reference) {
                    Some(sign) => push_text(&mut pieces, sign.encode_utf8(&mut [0; 4])),
                    None => {
                        return Err(malformed(
                            file,
                            place(&reader),
                            format!(
                                "the entity `&{};` is not known here, and entities are never expanded",
                                shown(&reference)
                            ),
                            Some("write the character itself, or its number: `&#946;`"),
                        ));
                    }
                },
                Event::DocType(text) if text.to_ascii_uppercase().contains("<!ENTITY") => {
                    return Err(malformed(
                        file,
                        place(&reader),
                        "the DOCTYPE declares entities, which are never expanded here",
                        Some("remove the declarations between `[` and `]`, or leave the file out"),
                    ));
                }
                Event::Eof => {
                    if !open.is_empty() {
                        return Err(malformed(
                            file,
                            place(&reader),
                            "the file ends in the middle of an element",
                            Some("it was cut off: export or copy it again"),
                        ));
                    }
                    if !rooted {
                        return Err(malformed(
                            file,
                            "line 1".into(),
                            "there is no element in it",
                            None,
                        ));
                    }
                    break;
                }
                _ => {}
            }
        }
        Ok(Self { pieces })
    }

    /// The first element.
    pub(super) fn root(&self) -> Node<'_> {
        let at = self
            .pieces
            .iter()
            .position(|piece| matches!(piece, Piece::Open { .. }))
            .unwrap_or(0);
        Node { tree: self, at }
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    // Text around an entity is one text.
    if let Some(Piece::Text(last)) = pieces.last_mut() {
        last.push_str(text);
    } else {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

fn opened(tag: &BytesStart<'_>) -> Piece {
    let attributes = tag
        .attributes()
        .with_checks(false)
        .flatten()
        .map(|attribute| (attribute.key.as_ref().to_owned(), plain(&attribute.value)))
        .collect();
    Piece::Open {
        name: tag.name().as_ref().to_owned(),
        attributes,
        close: usize::MAX,
    }
}

/// The value of an attribute with its references resolved; unknown ones stay as they are.
fn plain(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest
            .char_indices()
            .take(12)
            .find(|(_, sign)| *sign == ';')
            .map(|(end, _)| end);
        if let Some((end, sign)) = end.and_then(|end| Some((end, entity(&rest[1..end])?))) {
            out.push(sign);
            rest = &rest[end + 1..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

/// A name of a file, short enough for a message.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(40).collect()
}

impl<'t> Node<'t> {
    /// The name with its prefix.
    pub(super) fn full_name(self) -> &'t str {
        match self.tree.pieces.get(self.at) {
            Some(Piece::Open { name, .. }) => name,
            _ => "",
        }
    }

    /// The name without its prefix.
    pub(super) fn name(self) -> &'t str {
        let name = self.full_name();
        name.rsplit(':').next().unwrap_or(name)
    }

    /// Attributes with their full names.
    pub(super) fn attributes(self) -> &'t [(String, String)] {
        match self.tree.pieces.get(self.at) {
            Some(Piece::Open { attributes, .. }) => attributes,
            _ => &[],
        }
    }

    /// The value of an attribute, whatever its prefix.
    pub(super) fn attribute(self, wanted: &str) -> Option<&'t str> {
        self.attributes()
            .iter()
            .find(|(name, _)| name.rsplit(':').next() == Some(wanted))
            .map(|(_, value)| value.as_str())
    }

    fn end(self) -> usize {
        match self.tree.pieces.get(self.at) {
            Some(Piece::Open { close, .. }) => (*close).min(self.tree.pieces.len()),
            _ => self.at,
        }
    }

    /// Elements and texts directly inside.
    pub(super) fn inside(self) -> impl Iterator<Item = Inside<'t>> {
        let end = self.end();
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            while at < end {
                let here = at;
                match &self.tree.pieces[at] {
                    Piece::Open { .. } => {
                        let node = Node {
                            tree: self.tree,
                            at: here,
                        };
                        at = node.end() + 1;
                        return Some(Inside::Element(node));
                    }
                    Piece::Text(text) => {
                        at += 1;
                        return Some(Inside::Text(text));
                    }
                    Piece::Close => at += 1,
                }
            }
            None
        })
    }

    /// Elements directly inside.
    pub(super) fn children(self) -> impl Iterator<Item = Node<'t>> {
        self.inside().filter_map(|inside| match inside {
            Inside::Element(node) => Some(node),
            Inside::Text(_) => None,
        })
    }

    /// The first element on a path.
    pub(super) fn find(self, path: &[&str]) -> Option<Node<'t>> {
        path.iter().try_fold(self, |node, name| {
            node.children().find(|child| child.name() == *name)
        })
    }

    /// Elements at any depth that have a name.
    pub(super) fn deep(self, name: &'t str) -> impl Iterator<Item = Node<'t>> {
        (self.at + 1..self.end())
            .map(move |at| Node { tree: self.tree, at })
            .filter(move |node| {
                matches!(self.tree.pieces[node.at], Piece::Open { .. }) && node.name() == name
            })
    }

    /// All text inside, but for elements of some names; paragraphs are lines.
    pub(super) fn text_without(self, names: &[&str]) -> String {
        let mut out = String::new();
        let mut at = self.at + 1;
        let end = self.end();
        while at < end {
            match &self.tree.pieces[at] {
                Piece::Text(text) => {
                    for sign in text.chars() {
                        let sign = if sign.is_whitespace() || sign.is_control() {
                            ' '
                        } else {
                            sign
                        };
                        if sign != ' ' || !out.ends_with([' ', '\n']) {
                            out.push(sign);
                        }
                    }
                }
                Piece::Open { name, close, .. } => {
                    let name = name.rsplit(':').next().unwrap_or(name);
                    if names.contains(&name) {
                        at = (*close).max(at);
                    } else if matches!(name, "p" | "break" | "list-item" | "sec" | "title") && !out.is_empty()
                    {
                        out.truncate(out.trim_end().len());
                        out.push('\n');
                    }
                }
                Piece::Close => {}
            }
            at += 1;
        }
        out.trim().to_owned()
    }

    /// All text inside.
    pub(super) fn text(self) -> String {
        self.text_without(&[])
    }
}
