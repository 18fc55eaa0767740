//! The commands of the guides run as they stand, and what the guides say they print is printed. Those of a box that ends in
//! `card` need a graphics card, and a build for one.

mod folder;

use std::path::Path;

use folder::Folder;

/// Words of a command line; double quotes keep blanks.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().expect("there is a first").push(character),
        }
    }
    words
}

fn check(path: &Path) -> usize {
    let folder = Folder::new();
    folder.ok("quickstart --save-data --without-pictures");
    for entry in std::fs::read_dir(path.with_file_name("data")).expect("guides have data") {
        let file = entry.expect("it is there");
        std::fs::copy(file.path(), folder.path(&file.file_name().to_string_lossy()))
            .expect("the folder is ours");
    }
    let text = std::fs::read_to_string(path).expect("a guide");
    let (mut commands, mut printed) = (0, String::new());
    let mut parts = text.split("```");
    while let (Some(_), Some(block)) = (parts.next(), parts.next()) {
        let (kind, body) = block.split_once('\n').expect("a block has lines");
        let kind = match kind.strip_suffix(" card") {
            Some(_) if cfg!(not(feature = "wgpu")) => continue,
            Some(kind) => kind,
            None => kind,
        };
        let file = ["toml ", "csv "]
            .iter()
            .find_map(|format| kind.strip_prefix(format));
        if let Some(name) = file {
            folder.write(name, body);
        }
        if kind == "text printed" {
            said(path, body, &printed);
        }
        if !kind.starts_with("sh") {
            continue;
        }
        printed.clear();
        for line in body.lines() {
            let line = line
                .strip_prefix("counterpoise ")
                .unwrap_or_else(|| panic!("{line}"));
            let words = words(line);
            let ran = folder.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(
                ran.code == Some(0),
                kind != "sh fails",
                "{}: {line}\n{}",
                path.display(),
                ran.stderr
            );
            printed += &ran.stdout;
            printed += &ran.stderr;
            commands += 1;
        }
    }
    commands
}

/// Every line of an excerpt is part of a line of what the commands above it printed; `…` stands for what is left out.
fn said(path: &Path, excerpt: &str, printed: &str) {
    for line in excerpt.lines() {
        let line = line.trim_end_matches('…').trim_end();
        assert!(printed.contains(line), "{}: {line}\n{printed}", path.display());
    }
}

#[test]
fn commands_of_the_guides_run_as_they_stand() {
    let guides = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide");
    let mut commands = 0;
    for entry in std::fs::read_dir(guides).expect("there are guides") {
        let path = entry.expect("it is there").path();
        if path.is_file() {
            commands += check(&path);
        }
    }
    assert!(commands >= 10, "{commands} commands");
}

#[test]
#[cfg(feature = "wgpu")]
fn the_guide_to_a_graphics_card_runs_on_one() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/graphics-card.md");
    assert!(check(&guide) >= 5);
}
