//! `cargo xtask pictures`: the pictures of the docs, taken from real pages.

use std::path::Path;
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
    take(&browser, &folder, &page, "quickstart", "1000,1500")?;
    let table = root().join("crates/counterpoise/data/german-credit.csv.gz");
    let page = folder.join("compare.html");
    run(
        cargo("run --release --quiet -- compare --quiet --target credit --report")
            .arg(&page)
            .arg(table)
            .stdout(Stdio::null()),
    )?;
    take(&browser, &folder, &page, "compare", "1000,1350")
}

fn take(browser: &Path, folder: &Path, page: &Path, name: &str, size: &str) -> Result<()> {
    let picture = root().join(format!("docs/pictures/{name}.png"));
    let mut command = Command::new(browser);
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        .arg(format!("--window-size={size}"))
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", page.display()))
        .stderr(Stdio::null());
    run(&mut command)?;
    println!("wrote docs/pictures/{name}.png");
    Ok(())
}
