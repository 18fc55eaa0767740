//! `counterpoise describe`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{Description, Error, Method};

use crate::terminal::{self, table};

pub(crate) fn run(method: Option<&str>, json: bool) -> Result<()> {
    let Some(name) = method else { return list(json) };
    let description = Method::describe(name).map_err(Error::from)?;
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&description)?));
    }
    terminal::print(&in_words(&description))
}

fn list(json: bool) -> Result<()> {
    let all: Vec<Description> = Method::names()
        .iter()
        .map(|name| Method::describe(name))
        .collect::<Result<_, _>>()
        .map_err(Error::from)?;
    if json {
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&all)?));
    }
    let rows = all
        .into_iter()
        .map(|description| vec![description.name, description.idea]);
    let text = table(&["method", "idea"], &[], rows.collect());
    terminal::print(&format!("{text}\n`counterpoise describe METHOD` tells more.\n"))
}

fn in_words(description: &Description) -> String {
    let mut text = format!("{}\n\n", description.name);
    for paragraph in [&description.idea, &description.when] {
        if !paragraph.is_empty() {
            let _ = writeln!(text, "{}\n", wrapped(paragraph, "", 96));
        }
    }
    text.push_str("Options, for `--set method.NAME=VALUE` or the table `[method]`:\n");
    for parameter in &description.parameters {
        let _ = writeln!(
            text,
            "\n  {}  [{}; default {}]",
            parameter.name, parameter.values, parameter.default
        );
        let _ = writeln!(text, "{}", wrapped(&parameter.about, "      ", 96));
    }
    let _ = writeln!(text, "\nSource\n{}", wrapped(description.source.trim(), "  ", 96));
    text
}

/// Breaks lines between words; paragraphs stay apart.
fn wrapped(text: &str, indent: &str, width: usize) -> String {
    let mut paragraphs = Vec::new();
    for paragraph in text.split("\n\n") {
        let mut lines = vec![String::from(indent)];
        for word in paragraph.split_whitespace() {
            let line = lines.last_mut().expect("there is a first line");
            if line.chars().count() + 1 + word.chars().count() > width && line.len() > indent.len() {
                lines.push(format!("{indent}{word}"));
            } else {
                if line.len() > indent.len() {
                    line.push(' ');
                }
                line.push_str(word);
            }
        }
        paragraphs.push(lines.join("\n"));
    }
    paragraphs.join("\n\n")
}
