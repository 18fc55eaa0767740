//! The command `counterpoise`.
//!
//! Flags become settings of an experiment, events become progress on stderr, errors become exit codes. Nothing is
//! computed here.
#![allow(clippy::print_stderr, clippy::exit, reason = "this is a door")]

mod adjust;
mod advise;
mod audit;
mod audit_leakage;
mod compare;
mod deepsmote;
mod describe;
mod elsi;
mod elsi_eval;
mod elsi_flags;
mod elsi_judge;
mod elsi_search;
mod elsi_watch;
mod eos;
mod eos_flags;
mod evaluate;
mod explain;
mod explain_flags;
mod failure;
mod flags;
mod image_flags;
mod look_flags;
mod metrics;
mod profile;
mod progress;
mod quickstart;
mod reproduce;
mod reproduce_flags;
mod reproduce_words;
mod resample;
mod settings;
mod table_flags;
mod terminal;
mod train;

use std::ffi::OsString;
use std::sync::Mutex;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser as _};

use crate::flags::{Arguments, Command};

fn main() {
    // Readers of damaged files may panic on purpose of nobody; what is caught is told as an error, not by the hook.
    static PANIC: Mutex<String> = Mutex::new(String::new());
    let arguments = typed(&std::env::args_os().collect::<Vec<_>>());
    let json = arguments.json;
    std::panic::set_hook(Box::new(|panic| {
        if let Ok(mut said) = PANIC.lock() {
            *said = panic.to_string();
        }
    }));
    let code = std::panic::catch_unwind(|| match run(arguments) {
        Ok(()) => 0,
        Err(error) => failure::tell(&error, json),
    });
    std::process::exit(code.unwrap_or_else(|_| {
        let said = PANIC.lock().map(|said| said.clone()).unwrap_or_default();
        failure::tell_bug(&said, json)
    }));
}

/// What was typed; ends the program where it cannot be understood, or asks for help.
fn typed(words: &[OsString]) -> Arguments {
    let error = match Arguments::try_parse_from(words) {
        Ok(arguments) => return arguments,
        Err(error) => error,
    };
    if let Some(arguments) = elsi_search::without_a_word(words, &error) {
        return arguments;
    }
    let json = words
        .iter()
        .take_while(|word| *word != "--")
        .any(|word| word == "--json");
    if json && error.use_stderr() {
        std::process::exit(failure::tell_usage(&error));
    }
    error.exit()
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let json = arguments.json;
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.into())
            .build_global()
            .context("cannot start so many threads")?;
    }
    #[cfg(unix)]
    outlive_file_limits();
    let progress = progress::Progress::start(json, arguments.quiet);
    let done = match arguments.command {
        Command::Profile(flags) => profile::from_flags(&flags, json, &progress),
        Command::Resample(flags) => resample::from_flags(&flags, json, &progress),
        Command::Run(flags) => resample::from_file(&flags, json, &progress),
        Command::Compare(flags) => compare::from_flags(&flags, json, &progress),
        Command::Advise(flags) => advise::run(&flags, json, &progress),
        Command::Audit(flags) => audit::run(&flags, json, &progress),
        Command::Metrics(flags) => metrics::run(&flags, json, &progress),
        Command::Describe { name } => describe::run(name.as_deref(), json),
        Command::AuditLeakage(flags) => audit_leakage::from_flags(&flags, json, &progress),
        Command::Deepsmote { command } => deepsmote::run(&command, json, &progress),
        Command::Eos { command } => eos::run(command, json, &progress),
        Command::Elsi { command } => elsi::run(command, json, &progress),
        Command::Train(flags) => train::from_flags(&flags, json, &progress),
        Command::Adjust(flags) => adjust::run(&flags, json, &progress),
        Command::Evaluate(flags) => evaluate::run(&flags, json, &progress),
        Command::Explain(flags) => explain::run(&flags, json, &progress),
        Command::Quickstart(flags) => quickstart::run(&flags, json, &progress),
        Command::Reproduce { paper } => reproduce::from_flags(&paper, json, &progress),
        Command::Completions { shell } => completions(shell),
    };
    progress.end();
    done
}

/// Beyond `ulimit -f` a write fails, and the partial file is removed, where the default is to die with it.
#[cfg(unix)]
fn outlive_file_limits() {
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "counterpoise", &mut script);
    terminal::print(&String::from_utf8_lossy(&script))
}
