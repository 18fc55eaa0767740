//! A folder of its own for each test, and the binary run in it.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub(crate) struct Folder {
    dir: TempDir,
}

/// What a command said and did.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        Self { dir }
    }

    /// A folder with one file.
    pub(crate) fn with(name: &str, content: impl AsRef<[u8]>) -> Self {
        let folder = Self::new();
        folder.write(name, content);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect("the folder is ours");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect(name)
    }

    /// Names of all files, hidden ones too, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.dir.path())
            .expect("the folder is ours")
            .map(|entry| {
                entry
                    .expect("it is there")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command.current_dir(self.dir.path()).env_remove("NO_COLOR");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = self
            .command()
            .args(arguments)
            .output()
            .expect("the binary starts");
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is text"),
            stderr: String::from_utf8(output.stderr).expect("stderr is text"),
        }
    }

    /// Runs words that are separated by blanks, and expects success.
    pub(crate) fn ok(&self, words: &str) -> Ran {
        let ran = self.run(&words.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, Some(0), "{words}\n{}", ran.stderr);
        ran
    }

    /// Runs words that are separated by blanks, expects failure with no output and no new file, and returns the
    /// exit code with what was said.
    pub(crate) fn refused(&self, words: &str) -> String {
        let before = self.files();
        let ran = self.run(&words.split(' ').collect::<Vec<_>>());
        assert_eq!(self.files(), before, "{words} left a file");
        assert_eq!(ran.stdout, "", "{words} printed a result");
        let mut said = String::new();
        let _ = write!(said, "exit {}\n{}", ran.code.unwrap_or(-1), ran.stderr);
        said
    }
}

pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_counterpoise"))
}

/// 30 rows of `common` and 4 of `rare` in a ragged grid.
pub(crate) fn small_table() -> String {
    let mut text = "a,b,y\n".to_owned();
    for row in 0..34_u32 {
        let class = if row % 9 == 4 { "rare" } else { "common" };
        let _ = writeln!(text, "{}.5,{}.25,{class}", row * 7 % 11, row * 5 % 13);
    }
    text
}

/// 240 rows of predictions that serve women worse, in two towns; a score beside each.
pub(crate) fn predictions() -> String {
    let mut text = "id,sex,town,age,y,pred,score\n".to_owned();
    for row in 0..240_u32 {
        let (sex, town) = (
            ["f", "m"][row as usize % 2],
            ["a", "b", "c"][row as usize / 2 % 3],
        );
        let (age, chance) = (f64::from(18 + row * 37 % 60) + 0.5, row * 53 % 100);
        let truth = chance < if sex == "m" { 55 } else { 40 };
        let told = row * 71 % 97 < if sex == "m" { 85 } else { 60 };
        let chosen = truth == told;
        let word = |yes| if yes { "yes" } else { "no" };
        let score = if chosen { 50 + chance / 2 } else { chance / 3 };
        let _ = writeln!(
            text,
            "r{row},{sex},{town},{age},{},{},0.{score:02}",
            word(truth),
            word(chosen)
        );
    }
    text
}
