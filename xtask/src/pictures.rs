//! `cargo xtask pictures`: the pictures of the docs, taken from real pages.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::shell::{cache, cargo, root, run};
use crate::tools;

/// Takes every picture anew.
pub(crate) fn all() -> Result<()> {
    let browser =
        tools::browser().context("pictures are taken in Chromium, and there is none in the path")?;
    let folder = cache()?.join("pictures");
    std::fs::create_dir_all(&folder)?;
    let page = folder.join("quickstart.html");
    run(cargo("run --release --quiet -- quickstart --quiet --output")
        .arg(&page)
        .stdout(Stdio::null()))?;
    let picture = root().join("docs/pictures/quickstart.png");
    let mut command = Command::new(browser);
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--window-size=1000,1500",
        ])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", page.display()))
        .stderr(Stdio::null());
    run(&mut command)?;
    println!("wrote docs/pictures/quickstart.png");
    Ok(())
}
