//! `counterpoise quickstart`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use counterpoise::bundled::{Bundled, FASHION_MNIST, GERMAN_CREDIT, YEAST};
use counterpoise::elsi::{QUICKSTART_TEXT, TITLES, first_reading};
use counterpoise::{
    Error, Experiment, Outcome, Profile, check_page, first_pictures, profile, quality_table, quickstart_page,
    write_page,
};

use crate::flags::QuickstartFlags;
use crate::profile::in_words;
use crate::progress::Progress;
use crate::resample::counts;
use crate::terminal;

struct Part {
    bundled: Bundled,
    experiment: Experiment,
    profile: Profile,
    outcome: Outcome,
}

pub(crate) fn run(flags: &QuickstartFlags, json: bool, progress: &Progress) -> Result<()> {
    check_page(&flags.output)?;
    let data: Vec<(&str, &[u8])> = [GERMAN_CREDIT, YEAST]
        .iter()
        .map(|bundled| (bundled.file, bundled.bytes))
        .chain(FASHION_MNIST.files())
        .collect();
    if flags.save_data {
        data.iter().try_for_each(|(file, bytes)| check(file, bytes))?;
    }
    let parts: Vec<Part> = [GERMAN_CREDIT, YEAST]
        .into_iter()
        .map(|bundled| part(bundled, progress))
        .collect::<Result<_>>()?;
    let shown: Vec<_> = parts
        .iter()
        .map(|part| (&part.bundled, &part.experiment, &part.profile, &part.outcome))
        .collect();
    let pictures = if flags.without_pictures {
        None
    } else {
        Some(first_pictures(42, progress)?)
    };
    write_page(&quickstart_page(&shown, pictures.as_ref())?, &flags.output)?;
    if flags.save_data {
        data.iter().try_for_each(|(file, bytes)| save(file, bytes))?;
    }
    let reading = first_reading(progress)?;
    progress.end();
    if json {
        let profiles: Vec<&Profile> = parts.iter().map(|part| &part.profile).collect();
        let value = serde_json::json!({"profiles": profiles, "report": flags.output, "reading": reading});
        return terminal::print(&format!("{}\n", serde_json::to_string_pretty(&value)?));
    }
    let mut text = String::new();
    for part in &parts {
        let _ = writeln!(text, "== {}: {}\n", part.bundled.file, part.bundled.about);
        let _ = writeln!(text, "{}", in_words(&part.profile));
        let _ = writeln!(
            text,
            "After SMOTE with seed {}:\n\n{}",
            part.experiment.seed,
            counts(&part.outcome)
        );
    }
    if let Some(pictures) = &pictures {
        let _ = writeln!(
            text,
            "== {}: {}\n\nDeepSMOTE, small networks and {} epochs, made {} pictures; the page shows them:\n\n{}",
            FASHION_MNIST.name,
            FASHION_MNIST.about,
            pictures.epochs,
            pictures.made.made.set.len(),
            terminal::block(&quality_table(&pictures.quality))
        );
    }
    let _ = writeln!(
        text,
        "== {}: {}\n\nA text, and what to read on its ethical, legal and social side:\n\n  {}\n\n{}",
        TITLES.name,
        TITLES.about,
        QUICKSTART_TEXT,
        crate::elsi::recommended(&reading, true)
    );
    let _ = writeln!(text, "wrote {}: open it in a browser\n", flags.output.display());
    if flags.save_data {
        let _ = writeln!(
            text,
            "wrote {} and {}, and pictures of clothes: {}\n",
            GERMAN_CREDIT.file,
            YEAST.file,
            FASHION_MNIST.files().map(|(file, _)| file).join(", ")
        );
    }
    text.push_str(NEXT);
    terminal::print(&text)
}

const NEXT: &str = "\
Next, with your own data, or with that of `counterpoise quickstart --save-data`:
  counterpoise profile german-credit.csv.gz --target credit --group sex
  counterpoise compare german-credit.csv.gz --target credit --methods weights,threshold,smote --model logistic --report compare.html
  counterpoise resample german-credit.csv.gz --target credit --method smote --seed 42 --output balanced.parquet
  counterpoise train train-images-idx3-ubyte.gz --network lenet --loss balanced-softmax --optimizer adam --epochs 20 --output net.safetensors
  counterpoise elsi recommend doi:10.3389/fbioe.2024.1426107
  counterpoise describe
";

fn part(bundled: Bundled, progress: &Progress) -> Result<Part> {
    let prepared = bundled.prepared()?;
    let settings = vec![
        ("data.path".to_owned(), bundled.file.into()),
        ("data.target".to_owned(), bundled.target.into()),
        ("data.groups".to_owned(), bundled.groups.to_vec().into()),
        ("method.name".to_owned(), "smote".into()),
        (
            "output.path".to_owned(),
            bundled.file.replace(".csv.gz", "-balanced.csv").into(),
        ),
    ];
    let experiment = Experiment::merged("quickstart", "", settings)?;
    let profile = profile(&prepared, experiment.seed, progress)?;
    let outcome = experiment.resample(prepared, progress)?;
    Ok(Part {
        bundled,
        experiment,
        profile,
        outcome,
    })
}

/// Puts a bundled file into the current folder; a file that is there and differs stays as it is.
/// Fails for a file of this name that holds something else.
fn check(file: &str, bytes: &[u8]) -> Result<()> {
    if std::fs::read(file).is_ok_and(|there| there != bytes) {
        return Err(Error::Config {
            place: "--save-data".into(),
            problem: format!("there is another `{file}` in this folder already"),
            hint: Some("move it away first".into()),
        }
        .into());
    }
    Ok(())
}

fn save(file: &str, bytes: &[u8]) -> Result<()> {
    check(file, bytes)?;
    let path = Path::new(file);
    if !path.exists() {
        std::fs::write(path, bytes).map_err(|source| Error::Write {
            path: path.into(),
            source,
        })?;
    }
    Ok(())
}
