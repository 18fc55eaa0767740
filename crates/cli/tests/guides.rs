//! The commands of the guides run as they stand.

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
    folder.ok("quickstart --save-data");
    let text = std::fs::read_to_string(path).expect("a guide");
    let mut commands = 0;
    let mut parts = text.split("```");
    while let (Some(_), Some(block)) = (parts.next(), parts.next()) {
        let (kind, body) = block.split_once('\n').expect("a block has lines");
        let file = ["toml ", "csv "]
            .iter()
            .find_map(|format| kind.strip_prefix(format));
        if let Some(name) = file {
            folder.write(name, body);
        }
        if !kind.starts_with("sh") {
            continue;
        }
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
            commands += 1;
        }
    }
    commands
}

#[test]
fn commands_of_the_guides_run_as_they_stand() {
    let guides = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide");
    let mut commands = 0;
    for entry in std::fs::read_dir(guides).expect("there are guides") {
        commands += check(&entry.expect("it is there").path());
    }
    assert!(commands >= 10, "{commands} commands");
}
