//! Errors: two lines on stderr and an exit code.

use std::io::IsTerminal as _;

use counterpoise::Error;

/// What was typed is wrong.
const USAGE: i32 = 2;
/// The data cannot be used as asked, or a file, a folder or a library that was named is not there.
const DATA: i32 = 3;
/// An audit found a leak.
const LEAKAGE: i32 = 4;
/// A paper's numbers did not come out again.
const NOT_REPRODUCED: i32 = 5;
/// Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Nothing went wrong, but what was found is to stop whoever called.
#[derive(Debug)]
pub(crate) struct LeakageFound;

impl std::fmt::Display for LeakageFound {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a leak was found")
    }
}

impl std::error::Error for LeakageFound {}

/// Nothing went wrong, but a number that has to come out did not.
#[derive(Debug)]
pub(crate) struct NotReproduced;

impl std::fmt::Display for NotReproduced {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a number that has to come out again did not")
    }
}

impl std::error::Error for NotReproduced {}

/// Exit code of an error, by its stable name.
pub(crate) fn exit_code(code: &str) -> i32 {
    match code {
        "data.stopped" | "neighbors.stopped" | "sampling.stopped" | "metrics.stopped" | "deep.stopped"
        | "diagnose.stopped" | "recommend.stopped" | "run.stopped" => INTERRUPTED,
        "config.invalid"
        | "data.unknown-format"
        | "data.unknown-column"
        | "data.role-conflict"
        | "data.not-ascii"
        | "data.names-count"
        | "data.out-of-range"
        | "data.counts"
        | "data.mark-taken"
        | "data.group-threshold"
        | "data.no-common-class"
        | "data.not-a-score"
        | "data.unknown-image-format"
        | "data.unknown-embeddings"
        | "data.no-split"
        | "data.no-parts"
        | "data.no-arrays"
        | "data.no-label-column"
        | "data.counts-misfit"
        | "data.shape-misfit"
        | "data.exists"
        | "deep.no-such-device"
        | "deep.no-such-vectors"
        | "deep.no-card"
        | "deep.wrong-input"
        | "deep.unknown-loss"
        | "deep.out-of-range"
        | "deep.weights-per-class"
        | "deep.needs-cosines"
        | "recommend.unknown-format"
        | "recommend.unknown-field"
        | "recommend.no-column"
        | "recommend.no-title-column"
        | "recommend.other-dense"
        | "recommend.query"
        | "recommend.no-email"
        | "recommend.unknown-choice"
        | "recommend.nothing-asked"
        | "recommend.dois-of-other"
        | "recommend.other-query"
        | "recommend.unknown-id"
        | "recommend.out-of-range"
        | "data.score-class"
        | "diagnose.out-of-range"
        | "learn.unknown-model"
        | "learn.out-of-range"
        | "learn.no-such-class"
        | "learn.no-groups"
        | "metrics.unknown-measure"
        | "metrics.unknown-class"
        | "metrics.needs-probabilities"
        | "metrics.needs-numbers"
        | "metrics.out-of-range"
        | "sampling.unknown-method"
        | "sampling.unknown-class"
        | "sampling.wrong-direction"
        | "sampling.strategy-misfit"
        | "sampling.unknown-name"
        | "sampling.needs-favorable"
        | "sampling.out-of-range"
        | "sampling.needs-groups"
        | "sampling.no-replay" => USAGE,
        "data.write" | "recommend.write" | "recommend.busy" | "report.write" | "deep.file" => 1,
        code if [
            "data.",
            "neighbors.",
            "sampling.",
            "learn.",
            "metrics.",
            "compare.",
            "deep.",
            "diagnose.",
            "recommend.",
        ]
        .iter()
        .any(|part| code.starts_with(part)) =>
        {
            DATA
        }
        _ => 1,
    }
}

/// Tells of a panic, which is a mistake of ours, and returns the exit code.
pub(crate) fn tell_bug(said: &str, json: bool) -> i32 {
    let said = said.replace('\n', " ");
    if json {
        eprintln!(
            "{}",
            serde_json::json!({"event": "error", "code": "bug", "message": said, "hint": null})
        );
    } else {
        eprintln!("error: this is a bug in counterpoise: {said}");
        eprintln!("hint: no output was written; please report it with the command that you typed");
    }
    101
}

/// Tells in a line of JSON what cannot be understood of what was typed, and returns the exit code.
pub(crate) fn tell_usage(error: &clap::Error) -> i32 {
    let said = error.render().to_string();
    let mut parts = said
        .split("\n\n")
        .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|part| !part.is_empty());
    let message = parts.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let hint = parts.collect::<Vec<_>>().join("; ");
    eprintln!(
        "{}",
        serde_json::json!({"event": "error", "code": "usage.invalid", "message": message, "hint": hint})
    );
    error.exit_code()
}

/// Tells of an error and returns the exit code. A reader that hung up is no error.
pub(crate) fn tell(error: &anyhow::Error, json: bool) -> i32 {
    if error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    {
        return 0;
    }
    if error.is::<LeakageFound>() {
        // The result says it.
        return LEAKAGE;
    }
    if error.is::<NotReproduced>() {
        return NOT_REPRODUCED;
    }
    let known = error.downcast_ref::<Error>();
    let hint = known.and_then(Error::hint);
    let code = known.map_or("unknown", Error::code);
    let mut message = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Transparent errors repeat what was said.
        if !message.ends_with(&cause) {
            message = format!("{message}: {cause}");
        }
    }
    if json {
        let line = serde_json::json!({"event": "error", "code": code, "message": message, "hint": hint});
        eprintln!("{line}");
    } else {
        let color = std::io::stderr().is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let (red, bold, plain) = if color {
            ("\x1b[1;31m", "\x1b[1m", "\x1b[0m")
        } else {
            ("", "", "")
        };
        eprintln!("{red}error:{plain} {message}");
        if let Some(hint) = hint {
            eprintln!("{bold}hint:{plain} {hint}");
        }
    }
    exit_code(code)
}
