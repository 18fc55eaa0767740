//! `cargo xtask check`: what continuous integration runs, cheapest first.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, run, words};
use crate::{floors, tools};

#[derive(Default)]
struct Report {
    times: Vec<(&'static str, Duration)>,
    passed: usize,
    failed: usize,
    skipped: Vec<String>,
}

impl Report {
    fn phase(&mut self, name: &'static str, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        println!("== {name}");
        let start = Instant::now();
        let done = work(self).with_context(|| format!("phase `{name}`"));
        self.times.push((name, start.elapsed()));
        done
    }

    fn print(&self) {
        println!("\nphase times");
        for (name, time) in &self.times {
            println!("  {name:<22}{:>7.1} s", time.as_secs_f64());
        }
        let total: Duration = self.times.iter().map(|(_, time)| *time).sum();
        println!("  {:<22}{:>7.1} s", "in all", total.as_secs_f64());
        for reason in &self.skipped {
            println!("{reason}");
        }
        println!("{} passed, {} failed", self.passed, self.failed);
    }
}

/// Runs every phase; the first failure ends it, and the times so far are printed in any case.
pub(crate) fn all() -> Result<()> {
    let mut report = Report::default();
    let result = phases(&mut report);
    if result.is_err() && report.failed == 0 {
        report.failed = 1;
    }
    report.print();
    result
}

fn phases(report: &mut Report) -> Result<()> {
    report.phase("format", |_| run(&mut cargo("fmt --all --check")))?;
    report.phase("floors", |_| floors::check())?;
    report.phase("tools", |report| {
        for tool in tools::ALL {
            tool.install()?;
        }
        if let Some(reason) = tools::chromium()? {
            report.skipped.push(reason);
        }
        Ok(())
    })?;
    report.phase("spelling", |_| run(&mut tools::TYPOS.command("")?))?;
    report.phase("licences", |_| {
        run(&mut tools::DENY.command("--log-level warn check licenses bans sources")?)
    })?;
    report.phase("binary", |_| run(&mut cargo("build --release")))?;
    report.phase("clippy", |_| {
        run(&mut cargo(
            "clippy --release --workspace --all-targets --quiet -- --deny warnings",
        ))
    })?;
    report.phase("tests, built", |_| {
        run(&mut cargo(
            "test --release --workspace --lib --bins --tests --examples --no-run --quiet",
        ))
    })?;
    report.phase("tests", |report| {
        test(
            report,
            "test --release --workspace --lib --bins --tests --examples -- --nocapture",
        )
    })?;
    report.phase("doc tests", |report| {
        test(report, "test --release --workspace --doc")
    })?;
    report.phase("docs", |_| {
        run(cargo("doc --release --workspace --no-deps --quiet").env("RUSTDOCFLAGS", "--deny warnings"))
    })?;
    report.phase("quickstart", |_| {
        let folder = crate::shell::cache()?.join("quickstart");
        std::fs::create_dir_all(&folder)?;
        let page = folder.join("counterpoise-quickstart.html");
        run(cargo("run --release --quiet -- quickstart --quiet --output")
            .arg(&page)
            .stdout(Stdio::null()))
    })
}

/// Runs tests, shows failures and reasons for skipping, and adds up the results.
fn test(report: &mut Report, arguments: &str) -> Result<()> {
    let mut command = cargo(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let stderr = child.stderr.take().context("it was asked for")?;
    // Both pipes are drained at once, or a full one would stop the tests.
    let told = std::thread::spawn(move || {
        let lines = BufReader::new(stderr).lines().map_while(Result::ok);
        lines.collect::<Vec<String>>()
    });
    let stdout = child.stdout.take().context("it was asked for")?;
    let mut all = Vec::new();
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        if let Some(counts) = line.strip_prefix("test result: ") {
            let count = |word: &str| {
                let part = counts.split([';', '.']).find(|part| part.trim().ends_with(word));
                part.and_then(|part| part.split_whitespace().next()?.parse::<usize>().ok())
                    .unwrap_or(0)
            };
            report.passed += count("passed");
            report.failed += count("failed");
        }
        all.push(line);
    }
    let status = child.wait()?;
    let told = told.join().unwrap_or_default();
    report
        .skipped
        .extend(told.iter().filter(|line| line.starts_with("skipped: ")).cloned());
    if !status.success() {
        for line in told.iter().chain(&all) {
            println!("{line}");
        }
        bail!("`{}` failed", words(&command));
    }
    println!("{} passed so far", report.passed);
    Ok(())
}
