//! The command `counterpoise`.
//!
//! Flags become settings of an experiment, events become progress on stderr, errors become exit codes. Nothing is
//! computed here.
#![allow(clippy::print_stderr, clippy::exit, reason = "this is a door")]

mod describe;
mod failure;
mod flags;
mod profile;
mod progress;
mod quickstart;
mod resample;
mod terminal;

use clap::{CommandFactory as _, Parser as _};

use crate::flags::{Arguments, Command};

fn main() {
    let arguments = Arguments::parse();
    let json = arguments.json;
    if let Some(threads) = arguments.threads {
        // Fails only if a pool exists, and this is the first thing that happens.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.get())
            .build_global();
    }
    #[cfg(unix)]
    outlive_file_limits();
    let progress = progress::Progress::start(json, arguments.quiet);
    let done = match arguments.command {
        Command::Profile(flags) => profile::from_flags(&flags, json, &progress),
        Command::Resample(flags) => resample::from_flags(&flags, json, &progress),
        Command::Run(flags) => resample::from_file(&flags, json, &progress),
        Command::Describe { method } => describe::run(method.as_deref(), json),
        Command::Quickstart(flags) => quickstart::run(&flags, json, &progress),
        Command::Completions { shell } => completions(shell),
    };
    progress.end();
    if let Err(error) = done {
        std::process::exit(failure::tell(&error, json));
    }
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
