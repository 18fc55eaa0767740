//! `cargo xtask TASK`: everything that is longer than one command.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a door")]

mod check;
mod flame;
mod floors;
mod heavy;
mod peer;
mod pictures;
mod shell;
mod tools;

use std::process::ExitCode;

use anyhow::{Result, bail};

const TASKS: &str = "\
tasks of `cargo xtask`:
  check               everything that must hold before a commit
  check --heavy [--all]
                      the stages that bring gigabytes: those whose files have changed since they passed, or all
  floors              which crate may use which
  golden              record the golden files anew from imbalanced-learn, scikit-learn, Fairlearn, AIF360, scipy, PyTorch (5 GB) and others;
                      COUNTERPOISE_DATA names the folder of `adult`
  pictures            take the pictures of the docs anew
  training            train ResNet-32 on long-tailed CIFAR-10 for docs/training.md, half an hour on two cores, and take a picture
                      of its page; COUNTERPOISE_DATA names the folder of `cifar10-lt`
  bench [--quick]     time counterpoise and imbalanced-learn side by side, and write docs/benchmarks.md
  bench-compare [--quick] [--data DIR]
                      run `compare` and its protocol in scikit-learn side by side, and write docs/benchmarks-compare.md
  bench-audit [--quick]
                      time the intervals of an audit here and in Fairlearn side by side
  bench-fair [--quick] [--data DIR]
                      run methods of groups and those of scikit-fair side by side, and write docs/benchmarks-fair.md
  bench-deep [--quick] [--threads N] [--device gpu|cuda]
                      time training and inference of networks here and in PyTorch in turn, and write docs/benchmarks-deep.md;
                      on a graphics card, print only; brings PyTorch, 5 GB
  flame               draw where the time of training goes, into docs/pictures; needs `perf`
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    match words {
        [] | ["help" | "--help" | "-h"] => {
            print!("{TASKS}");
            Ok(())
        }
        ["check"] => check::all(),
        ["check", "--heavy"] => heavy::all(false),
        ["check", "--heavy", "--all"] => heavy::all(true),
        ["floors"] => floors::check(),
        ["golden"] => peer::golden(),
        ["pictures"] => pictures::all(),
        ["training"] => pictures::training(),
        ["bench", rest @ ..] => peer::bench(rest),
        ["bench-compare", rest @ ..] => peer::bench_compare(rest),
        ["bench-audit", rest @ ..] => peer::bench_audit(rest),
        ["bench-fair", rest @ ..] => peer::bench_fair(rest),
        ["flame"] => flame::all(),
        ["bench-deep", rest @ ..] => peer::bench_deep(rest),
        other => bail!("there is no task `{}`\n{TASKS}", other.join(" ")),
    }
}
