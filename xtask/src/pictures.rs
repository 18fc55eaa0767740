//! `cargo xtask pictures` and `training`: the pictures of the docs, taken from real pages.

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

/// The training that docs/training.md tells about, which goes on where it was stopped, and its picture.
pub(crate) fn training() -> Result<()> {
    const CLASSES: &str = "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck";
    let browser =
        tools::browser().context("pictures are taken in Chromium, and there is none in the path")?;
    let data = std::env::var_os("COUNTERPOISE_DATA")
        .context("COUNTERPOISE_DATA has to name a folder with `cifar10-lt`")?;
    let data = Path::new(&data).join("cifar10-lt");
    let folder = cache()?.join("training");
    std::fs::create_dir_all(&folder)?;
    let (network, page) = (folder.join("net.safetensors"), folder.join("net.html"));
    if !page.exists() {
        run(cargo("run --release --quiet -- train")
            .arg(data.join("data_batch_lt100.bin.gz"))
            .args(["--class-names", CLASSES, "--test"])
            .arg(data.join("test_batch_first1000.bin.gz"))
            .args(["--choose-on", "test", "--network", "resnet32", "--epochs", "40"])
            .args(["--pad", "4", "--flip", "--output"])
            .arg(network)
            .arg("--report")
            .arg(&page))?;
    }
    let epochs = folder.join("epochs.html");
    std::fs::write(&epochs, section(&std::fs::read_to_string(&page)?, "Epochs")?)?;
    take(&browser, &folder, &epochs, "training", "1000,1370")
}

/// A page with one of its sections alone.
fn section(page: &str, title: &str) -> Result<String> {
    let parts = || {
        let (before, _) = page.split_once("<section")?;
        let place = page.find(&format!("<h2>{title}</h2>"))?;
        let begin = page[..place].rfind("<section")?;
        let end = place + page[place..].find("</section>")?;
        Some(format!(
            "{before}{}</section></main></body></html>",
            &page[begin..end]
        ))
    };
    parts().with_context(|| format!("the page has no section `{title}`"))
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
