//! Text that is not UTF-8.

use std::io::{self, Read};

/// How bytes are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Windows-1252, which holds Latin-1.
    Western,
    /// Two bytes to a unit, the lower one first.
    Utf16Le,
    /// Two bytes to a unit, the higher one first.
    Utf16Be,
}

impl Encoding {
    /// The encoding of a text that begins with the mark of UTF-16, which is two bytes long.
    pub(crate) fn of_mark(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xfe, ..] => Some(Self::Utf16Le),
            [0xfe, 0xff, ..] => Some(Self::Utf16Be),
            _ => None,
        }
    }

    /// All of a text. What is no character becomes `�`.
    pub(crate) fn text(self, mut bytes: &[u8]) -> String {
        let mut text = String::new();
        self.decode(&mut bytes, true, &mut text);
        text
    }

    /// Adds the characters of bytes to a text, and leaves the bytes of half a character, unless nothing follows.
    fn decode(self, bytes: &mut &[u8], ends: bool, text: &mut String) {
        let number = match self {
            Self::Western => {
                text.extend(bytes.iter().map(|&byte| western(byte)));
                *bytes = &[];
                return;
            }
            Self::Utf16Le => u16::from_le_bytes,
            Self::Utf16Be => u16::from_be_bytes,
        };
        let mut units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|pair| number([pair[0], pair[1]]))
            .collect();
        if !ends && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            units.pop();
        }
        let signs = char::decode_utf16(units.iter().copied());
        text.extend(signs.map(|sign| sign.unwrap_or(char::REPLACEMENT_CHARACTER)));
        *bytes = &bytes[2 * units.len()..];
        if ends && !bytes.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// A byte of Windows-1252. The five that it leaves open keep their number, as browsers have it.
fn western(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// Bytes of some encoding as UTF-8.
pub(super) struct Recoded<R> {
    inner: R,
    encoding: Encoding,
    /// Bytes of half a character.
    half: Vec<u8>,
    ready: String,
    given: usize,
}

impl<R: Read> Recoded<R> {
    pub(super) fn new(inner: R, encoding: Encoding) -> Self {
        Self {
            inner,
            encoding,
            half: Vec::new(),
            ready: String::new(),
            given: 0,
        }
    }
}

impl<R: Read> Read for Recoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            let mut raw = [0; 8192];
            let count = self.inner.read(&mut raw)?;
            let ends = count == 0;
            if ends && self.half.is_empty() {
                return Ok(0);
            }
            self.half.extend_from_slice(&raw[..count]);
            self.ready.clear();
            self.given = 0;
            let mut rest = &self.half[..];
            self.encoding.decode(&mut rest, ends, &mut self.ready);
            self.half = if ends { Vec::new() } else { rest.to_vec() };
        }
        let left = &self.ready.as_bytes()[self.given..];
        let count = into.len().min(left.len());
        into[..count].copy_from_slice(&left[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives so many bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let most = into.len().min(self.1);
            self.0.read(&mut into[..most])
        }
    }

    #[test]
    fn halves_of_characters_are_told_apart() {
        let check = |bytes: &[u8], wanted| assert_eq!(Encoding::Utf16Be.text(bytes), wanted, "{bytes:?}");
        check(b"\0a\xd8\x3e\xdd\xeb", "a🧫");
        check(b"\0a\xd8\x3e", "a\u{fffd}");
        check(b"\xdd\xeb\0a", "\u{fffd}a");
        check(b"\0a\0", "a\u{fffd}");
        assert_eq!(Encoding::Western.text(b"caf\xe9 \x80"), "café €");
    }

    proptest! {
        #[test]
        fn a_stream_is_read_as_a_whole_text_is(bytes in prop::collection::vec(any::<u8>(), 0..40), step in 1..6_usize) {
            for encoding in [Encoding::Western, Encoding::Utf16Le, Encoding::Utf16Be] {
                let mut text = String::new();
                Recoded::new(Drops(&bytes, step), encoding).read_to_string(&mut text)?;
                prop_assert_eq!(text, encoding.text(&bytes));
            }
        }

        #[test]
        fn utf16_gives_back_every_text(text in "\\PC{0,20}") {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            prop_assert_eq!(Encoding::Utf16Le.text(&bytes), text);
        }
    }
}
