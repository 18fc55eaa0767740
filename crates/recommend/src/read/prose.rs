//! One document as plain text, as people paste it.

use std::io::BufRead;

use super::draft::{Collector, Draft};
use super::input::Input;
use crate::Error;

/// Characters of a title at most.
const LONG_TITLE: usize = 300;

pub(super) fn read(mut input: Input<'_>, out: &mut Collector<'_>) -> Result<(), Error> {
    let mut bytes = Vec::new();
    loop {
        let available = match input.fill_buf() {
            Ok(available) => available,
            Err(error) => return Err(input.error(error)),
        };
        if available.is_empty() {
            break;
        }
        let count = available.len();
        bytes.extend_from_slice(available);
        input.consume(count);
    }
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = &bytes[..error.valid_up_to()];
            let line = 1 + super::input::lines_in(before);
            return Err(super::input::not_utf8(input.file, line, &bytes));
        }
    };
    let mut draft = Draft::default();
    let (title, rest) = split(text);
    draft.record.title = title;
    draft.record.abstract_text = rest;
    let place = out.place(1);
    out.take(draft, place)
}

/// Title and text. Lines of one paragraph are one line.
fn split(text: &str) -> (String, String) {
    let mut paragraphs: Vec<Vec<&str>> = vec![Vec::new()];
    for line in text.lines().map(str::trim) {
        match paragraphs.last_mut() {
            Some(last) if !line.is_empty() => last.push(line),
            Some(last) if !last.is_empty() => paragraphs.push(Vec::new()),
            _ => {}
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    let Some(first) = paragraphs.first().and_then(|lines| lines.first().copied()) else {
        return (String::new(), String::new());
    };
    let heading = first.starts_with('#');
    let title = first.trim_start_matches('#').trim();
    let stands_alone = paragraphs[0].len() == 1 && paragraphs.len() > 1;
    let short = title.chars().count() <= LONG_TITLE;
    // A sentence inside has a full stop and a capital after it; `E. coli` has not.
    let sentences = title
        .match_indices(". ")
        .filter(|(at, _)| title[at + 2..].starts_with(char::is_uppercase))
        .count();
    let looks =
        heading || (short && sentences == 0 && (stands_alone || !title.ends_with(['.', ',', ';', ':', '-'])));
    let mut out = String::new();
    for (at, lines) in paragraphs.iter().enumerate() {
        let lines = if at == 0 && looks { &lines[1..] } else { &lines[..] };
        if !lines.is_empty() {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&lines.join(" "));
        }
    }
    (if looks { title.to_owned() } else { String::new() }, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_a_title_if_it_looks_like_one() {
        let check =
            |text, title: &str, rest: &str| assert_eq!(split(text), (title.into(), rest.into()), "{text}");
        check(
            "A switch in E. coli\n\nWe built it.\nIt works.\n\nMore.",
            "A switch in E. coli",
            "We built it. It works.\nMore.",
        );
        check(
            "We built a switch. It works in yeast.",
            "",
            "We built a switch. It works in yeast.",
        );
        check("We built a switch\nin yeast.", "We built a switch", "in yeast.");
        check("# Title. With a stop\ntext", "Title. With a stop", "text");
        check("A title.\n\nText.", "A title.", "Text.");
        check("Only a title", "Only a title", "");
        check("\n \n", "", "");
    }
}
