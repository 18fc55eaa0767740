//! The floors of the house: a crate uses crates of lower floors only.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::shell::root;

/// Floor and folder of every crate there may be; a crate that is not named here has no place yet.
const FLOORS: [(u8, &str); 17] = [
    (0, "base"),
    (1, "neighbors"),
    (1, "metrics"),
    (1, "data"),
    (1, "kernels"),
    (2, "learn"),
    (2, "report"),
    (3, "sampling"),
    (4, "deep"),
    (4, "diagnose"),
    (4, "recommend"),
    (5, "counterpoise"),
    (6, "cli"),
    (6, "python"),
    (6, "server"),
    (7, "xtask"),
    (7, "bench"),
];

const DOORS: u8 = 6;
const ROOF: u8 = 5;

fn floor(name: &str) -> Option<u8> {
    let folder = name.strip_prefix("counterpoise-").unwrap_or(name);
    FLOORS
        .iter()
        .find(|(_, known)| *known == folder)
        .map(|(floor, _)| *floor)
}

/// Reads every manifest under `crates`.
pub(crate) fn check() -> Result<()> {
    let mut wrong = Vec::new();
    let mut arrows = 0;
    for entry in std::fs::read_dir(root().join("crates"))? {
        let path = entry?.path().join("Cargo.toml");
        let (name, uses) = manifest(&path).with_context(|| path.display().to_string())?;
        arrows += uses.len();
        wrong.extend(uses.iter().filter_map(|used| problem(&name, used)));
        if floor(&name).is_none() {
            wrong.push(format!(
                "`{name}` is on no floor; add it to `xtask/src/floors.rs`"
            ));
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    println!("{arrows} arrows between crates, all of them down");
    Ok(())
}

/// The name of a crate and the crates of this house that it uses, in tests too.
fn manifest(path: &Path) -> Result<(String, Vec<String>)> {
    let table: toml::Table = std::fs::read_to_string(path)?.parse()?;
    let name = table["package"]["name"]
        .as_str()
        .context("a package has a name")?
        .to_owned();
    let mut uses = Vec::new();
    for part in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let names = table
            .get(part)
            .and_then(toml::Value::as_table)
            .into_iter()
            .flat_map(toml::Table::keys);
        uses.extend(names.filter(|name| name.starts_with("counterpoise")).cloned());
    }
    Ok((name, uses))
}

/// What is wrong with an arrow, if anything.
fn problem(user: &str, used: &str) -> Option<String> {
    let (Some(from), Some(to)) = (floor(user), floor(used)) else {
        return Some(format!("`{user}` uses `{used}`, and one of them is on no floor"));
    };
    if from <= to {
        return Some(format!(
            "`{user}` (floor {from}) uses `{used}` (floor {to}): arrows go down only"
        ));
    }
    (from == DOORS && to < ROOF).then(|| format!("`{user}` is a door and sees the roof only, not `{used}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_stands() {
        check().expect("every arrow goes down");
    }

    #[test]
    fn arrows_up_and_sideways_are_found() {
        let wrong = |user, used| problem(user, used).is_some();
        assert!(!wrong("counterpoise-sampling", "counterpoise-neighbors"));
        assert!(!wrong("counterpoise-cli", "counterpoise"));
        assert!(wrong("counterpoise-neighbors", "counterpoise-sampling"));
        assert!(wrong("counterpoise-data", "counterpoise-neighbors"));
        assert!(wrong("counterpoise-cli", "counterpoise-sampling"));
        assert!(wrong("counterpoise-unheard", "counterpoise-base"));
    }
}
