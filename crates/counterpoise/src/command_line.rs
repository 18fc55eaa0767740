//! What to type, as a line that a shell takes.

use std::path::Path;

use counterpoise_deep::DeviceKind;

/// A command that is put together word by word.
#[derive(Debug, Clone)]
pub(crate) struct CommandLine(Vec<String>);

impl CommandLine {
    /// A subcommand of ours, such as `eos run`.
    pub(crate) fn new(words: &str) -> Self {
        let words = words.split(' ').map(str::to_owned);
        Self(std::iter::once("counterpoise".to_owned()).chain(words).collect())
    }

    pub(crate) fn word(mut self, word: impl AsRef<str>) -> Self {
        self.0.push(quoted(word.as_ref()));
        self
    }

    pub(crate) fn path(self, path: &Path) -> Self {
        self.word(path.display().to_string())
    }

    pub(crate) fn words(mut self, words: &[String]) -> Self {
        self.0.extend(words.iter().map(|word| quoted(word)));
        self
    }

    pub(crate) fn with(self, flag: &str, value: &(impl ToString + ?Sized)) -> Self {
        self.word(flag).word(value.to_string())
    }

    /// A flag that takes a list; left out if the list is empty.
    pub(crate) fn list<T: ToString>(self, flag: &str, values: &[T]) -> Self {
        if values.is_empty() {
            return self;
        }
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        self.with(flag, &values.join(","))
    }

    /// Where networks compute, if that is not the processor.
    pub(crate) fn device(self, device: DeviceKind) -> Self {
        match device {
            DeviceKind::Cpu => self,
            other => self.with("--device", other.name()),
        }
    }

    pub(crate) fn end(self) -> String {
        self.0.join(" ")
    }
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:=,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_words_that_were_meant() {
        let line = CommandLine::new("eos run")
            .path(Path::new("my pictures/it's.npz"))
            .list("--heads", &["crt", "eos"])
            .list::<&str>("--losses", &[])
            .with("--seed", &42)
            .device(DeviceKind::Cpu)
            .word("")
            .end();
        assert_eq!(
            line,
            r"counterpoise eos run 'my pictures/it'\''s.npz' --heads crt,eos --seed 42 ''"
        );
    }

    #[test]
    fn words_with_blanks_are_quoted() {
        for (word, typed) in [
            ("net.safetensors", "net.safetensors"),
            ("training:0.3", "training:0.3"),
            ("my data/x.csv", "'my data/x.csv'"),
            ("it's", "'it'\\''s'"),
            ("<=50K.=><=50K", "'<=50K.=><=50K'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), typed);
        }
    }
}
