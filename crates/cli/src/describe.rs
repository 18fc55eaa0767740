//! `counterpoise describe`.

use std::fmt::Write as _;

use anyhow::Result;
use counterpoise::{Candidate, Compare, DeepSmote, Description, Error, Learner, Method};

use crate::terminal::{self, table, wrapped};

pub(crate) fn run(name: Option<&str>, json: bool) -> Result<()> {
    let Some(name) = name else { return list(json) };
    if let Some((name, about)) = Candidate::cheap().find(|(cheap, _)| *cheap == name) {
        return if json {
            terminal::print(&format!("{}\n", serde_json::json!({"name": name, "idea": about})))
        } else {
            terminal::print(&format!("{name}\n\n{}\n", wrapped(about, "", 96)))
        };
    }
    let description = if name == "compare" {
        Description::of::<Compare>("compare")
    } else if ["deepsmote", "deep-smote"].contains(&name) {
        Description::of::<DeepSmote>("deepsmote")
    } else if let Ok(model) = Learner::describe(name) {
        model
    } else {
        Method::describe(name).map_err(Error::from)?
    };
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
    let row = |description: Description| vec![description.name, description.idea];
    let methods = table(&["method", "idea"], &[], all.into_iter().map(row).collect());
    let models: Vec<Description> = Learner::names()
        .iter()
        .map(|name| Learner::describe(name))
        .collect::<Result<_, _>>()
        .map_err(Error::from)?;
    let models = table(&["model", "idea"], &[], models.into_iter().map(row).collect());
    let cheap = Candidate::cheap().map(|(name, about)| vec![name.to_owned(), about.to_owned()]);
    let cheap = table(&["beside them", "idea"], &[], cheap.collect());
    terminal::print(&format!(
        "{methods}\nModels, for `counterpoise compare`:\n\n{models}\nWhat `compare` takes besides methods:\n\n{cheap}\n`counterpoise describe NAME` tells more; `counterpoise describe compare` tells how they are compared.\n"
    ))
}

fn in_words(description: &Description) -> String {
    let mut text = format!("{}\n\n", description.name);
    for paragraph in [&description.idea, &description.when] {
        if !paragraph.is_empty() {
            let _ = writeln!(text, "{}\n", wrapped(paragraph, "", 96));
        }
    }
    text.push_str("Options:\n");
    for parameter in &description.parameters {
        let _ = writeln!(
            text,
            "\n  {}  [{}; default {}]",
            parameter.name, parameter.values, parameter.default
        );
        let _ = writeln!(text, "{}", wrapped(&parameter.about, "      ", 96));
        for (word, about) in &parameter.words {
            let line = wrapped(&format!("{word}: {about}"), "          ", 96);
            let _ = writeln!(text, "{}", line.replacen("          ", "        - ", 1));
        }
    }
    let _ = writeln!(text, "\nSource\n{}", wrapped(description.source.trim(), "  ", 96));
    text
}
