//! Tasks with imbalanced-learn beside us: it is installed for them and never a part of the product.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{cache, cargo, root, run};
use crate::tools::is_there;

/// A Python with the packages of a requirements file, made once for its content.
fn python(requirements: &str) -> Result<PathBuf> {
    if !is_there("python3") {
        bail!("imbalanced-learn needs a `python3` in the path");
    }
    let file = root().join(requirements);
    let wanted = std::fs::read_to_string(&file)?;
    let folder = cache()?.join(format!("python/{}", requirements.replace(['/', '.'], "-")));
    let (python, mark) = (folder.join("bin/python"), folder.join("installed.txt"));
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    println!("installing what {requirements} names, once");
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--requirement"])
        .arg(&file))?;
    std::fs::write(mark, wanted)?;
    Ok(python)
}

/// Records the golden files anew: rows that imbalanced-learn makes, and numbers that it and scikit-learn measure.
pub(crate) fn golden() -> Result<()> {
    let python = python("tools/golden/requirements.txt")?;
    for recorder in [
        "tools/golden/record.py",
        "tools/golden/record_metrics.py",
        "tools/golden/record_learn.py",
    ] {
        run(Command::new(&python)
            .args([recorder, "tests/golden"])
            .current_dir(root()))?;
    }
    Ok(())
}

/// Times both in turn and prints ratios.
pub(crate) fn bench(words: &[&str]) -> Result<()> {
    beside(
        "bench/requirements.txt",
        "bench/against_imbalanced_learn.py",
        &["counterpoise-bench", "counterpoise-cli"],
        "counterpoise-bench",
        words,
    )
}

/// Compares scores and times of `compare` with those of the same protocol in scikit-learn.
pub(crate) fn bench_compare(words: &[&str]) -> Result<()> {
    beside(
        "bench/requirements.txt",
        "bench/compare_against_scikit_learn.py",
        &["counterpoise-cli"],
        "counterpoise",
        words,
    )
}

/// Compares cells, times and scores of methods of groups with those of scikit-fair.
pub(crate) fn bench_fair(words: &[&str]) -> Result<()> {
    beside(
        "bench/requirements-fair.txt",
        "bench/fair_against_scikit_fair.py",
        &["counterpoise-bench"],
        "counterpoise-bench",
        words,
    )
}

/// Runs a script of ours with a program of ours as its first argument, and with the packages that `requirements` names.
fn beside(requirements: &str, script: &str, packages: &[&str], program: &str, words: &[&str]) -> Result<()> {
    let python = python(requirements)?;
    let mut build = cargo("build --release");
    packages.iter().for_each(|package| {
        build.args(["--package", package]);
    });
    run(&mut build)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    run(Command::new(python)
        .arg(script)
        .arg(target.join("release").join(program))
        .args(words)
        .current_dir(root()))
}
