//! Markdown: text without its markup.

use super::{QueryDocument, prose, tidy};

pub(super) fn read(text: &str) -> QueryDocument {
    let mut document = QueryDocument {
        // Addresses of links vanish with the markup, and DOIs stand in them.
        references: prose::ids_in(text),
        ..QueryDocument::default()
    };
    let (front, body) = front_matter(text);
    let mut title = front.and_then(front_title);
    let mut lines = Vec::new();
    let mut fence: Option<char> = None;
    let mut comment = false;
    for line in body.lines() {
        let trimmed = line.trim();
        let mark = trimmed.chars().next().filter(|sign| matches!(sign, '`' | '~'));
        if let Some(sign) = mark
            && trimmed.chars().take_while(|other| *other == sign).count() >= 3
        {
            fence = match fence {
                None => Some(sign),
                Some(open) if open == sign => None,
                open => open,
            };
            continue;
        }
        if fence.is_some() {
            continue;
        }
        if comment {
            comment = !trimmed.contains("-->");
            continue;
        }
        if trimmed.starts_with("<!--") {
            comment = !trimmed.contains("-->");
            continue;
        }
        // The text of a footnote.
        if trimmed.starts_with("[^") && trimmed.contains("]:") {
            continue;
        }
        let heading = trimmed.chars().take_while(|sign| *sign == '#').count();
        let bare = inline(block(trimmed));
        if (1..=6).contains(&heading) && trimmed[heading..].starts_with([' ', '\t']) {
            if heading == 1 && title.is_none() {
                title = Some(bare);
                continue;
            }
            lines.push(String::new());
            lines.push(bare);
            lines.push(String::new());
            continue;
        }
        lines.push(bare);
    }
    let untitled = title.is_none();
    prose::fill(&mut document, lines, title);
    if untitled {
        document.notes.push("no heading `# …` names the title".into());
    }
    document.what = format!("Markdown: {}", prose::count(&document.text, "word"));
    document
}

/// The part between two lines `---` at the top, and what follows it.
fn front_matter(text: &str) -> (Option<&str>, &str) {
    let Some(rest) = text.trim_start().strip_prefix("---\n") else {
        return (None, text);
    };
    match rest.find("\n---") {
        Some(end) => {
            let after = &rest[end + 4..];
            (
                Some(&rest[..end]),
                after.split_once('\n').map_or("", |(_, body)| body),
            )
        }
        None => (None, text),
    }
}

fn front_title(front: &str) -> Option<String> {
    let line = front.lines().find_map(|line| line.strip_prefix("title:"))?;
    let title = line.trim().trim_matches(['"', '\'']).trim();
    (!title.is_empty() && !matches!(title, "|" | ">")).then(|| inline(title))
}

/// A line without the marks of quotes, lists, headings, rules and tables.
fn block(line: &str) -> &str {
    let rule = line.len() >= 3
        && line
            .chars()
            .all(|sign| matches!(sign, '-' | '*' | '_' | '=' | '|' | ':' | ' ' | '+'));
    if rule {
        return "";
    }
    let line = line.trim_start_matches(['>', ' ']);
    let line = line.trim_start_matches('#').trim_start();
    for mark in ["- [ ] ", "- [x] ", "- ", "* ", "+ "] {
        if let Some(rest) = line.strip_prefix(mark) {
            return rest;
        }
    }
    line
}

/// A line without emphasis, links, pictures, notes and tags.
fn inline(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    // A bracket that never closes is looked for once in a line.
    let (mut brackets, mut tags) = (true, true);
    while let Some(sign) = rest.chars().next() {
        let after = &rest[sign.len_utf8()..];
        match sign {
            '\\' if after.starts_with(|next: char| next.is_ascii_punctuation()) => {
                out.extend(after.chars().next());
                rest = &after[1..];
                continue;
            }
            '*' | '`' | '~' => {}
            '|' => out.push(' '),
            '_' => {
                let inner = out.ends_with(char::is_alphanumeric) && after.starts_with(char::is_alphanumeric);
                if inner {
                    out.push('_');
                }
            }
            '!' if after.starts_with('[') => {}
            '[' if brackets => {
                if let Some(end) = bracket(after) {
                    let inside = &after[..end];
                    // Notes and citations say nothing that can be read here.
                    if !inside.starts_with(['^', '@']) {
                        out.push_str(&inside.replace(['*', '`'], ""));
                    }
                    rest = skip_target(&after[end + 1..]);
                    continue;
                }
                brackets = false;
                out.push('[');
            }
            '<' if tags => {
                let tag =
                    after.starts_with(|next: char| next.is_ascii_alphabetic() || next == '/' || next == '!');
                if tag {
                    if let Some(end) = after.find('>') {
                        rest = &after[end + 1..];
                        continue;
                    }
                    tags = false;
                }
                out.push('<');
            }
            _ => out.push(sign),
        }
        rest = after;
    }
    tidy(&out)
}

/// The end of a bracket that is open; inner ones are passed over.
fn bracket(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    // Links are short; a bracket that never closes must not be looked for again and again.
    for (at, sign) in text.char_indices().take(2_000) {
        match sign {
            '[' => depth += 1,
            ']' if depth == 0 => return Some(at),
            ']' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// What follows a link's text: without `(address)` or `[label]`. Addresses may hold pairs of parentheses.
fn skip_target(text: &str) -> &str {
    let (open, close) = match text.chars().next() {
        Some('(') => ('(', ')'),
        Some('[') => ('[', ']'),
        _ => return text,
    };
    let mut depth = 0_usize;
    for (at, sign) in text.char_indices().take(2_000) {
        if sign == open {
            depth += 1;
        } else if sign == close {
            depth -= 1;
            if depth == 0 {
                return &text[at + 1..];
            }
        }
    }
    text
}
