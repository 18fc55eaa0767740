use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use counterpoise_base::{Seed, Warning};
use counterpoise_data::WholeFile;
use serde::{Deserialize, Serialize};

use super::{Setting, State, Times};
use crate::Error;
use crate::user_cache::user_cache;

/// What one model with one method predicted on the test rows of one fold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fit {
    /// One class a test row, in the order of the fold.
    pub(crate) predicted: Vec<u32>,
    /// `(test rows, c)`.
    pub(crate) probabilities: Vec<f64>,
    /// Weight of each class among the rows that the model was trained on.
    pub(crate) trained: Vec<f64>,
    pub(crate) times: Times,
    pub(crate) warnings: Vec<Warning>,
}

/// Finished fits in files, one a fit; each appears whole or not at all.
pub(crate) struct Store {
    folder: Option<PathBuf>,
    /// Whether the files are removed when all is done.
    passing: bool,
    /// What every fit depends on.
    root: Seed,
    used: Mutex<Vec<PathBuf>>,
}

/// The first line of a file, before the numbers.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: u32,
    /// Stands for the bytes that follow, so that damage is found.
    sum: String,
    rows: usize,
    classes: usize,
    method_seconds: f64,
    model_seconds: f64,
    warnings: Vec<(String, String, Option<String>)>,
}

const FORMAT: u32 = 2;

fn sum_of(body: &[u8]) -> String {
    format!("{:016x}", Seed::new(0).child(body).number())
}

impl Store {
    /// Fits are found again if table, roles, seed, folds and program are the same.
    pub(crate) fn open(setting: &Setting<'_>, state: &State) -> Result<Self, Error> {
        let (folder, passing) = match state {
            State::Nowhere => (None, true),
            State::Folder(folder) => (Some(folder.clone()), false),
            State::Cache => (user_cache("compare"), true),
        };
        if let Some(folder) = &folder {
            let made = std::fs::create_dir_all(folder);
            if let (Err(source), false) = (made, passing) {
                return Err(Error::Write {
                    path: folder.clone(),
                    source,
                });
            }
        }
        let data = toml::to_string(&setting.experiment.data).unwrap_or_default();
        let first = setting.compare.measures(&setting.prepared.labels)?[0].name();
        let root = Seed::new(setting.experiment.seed)
            .child(env!("CARGO_PKG_VERSION"))
            .child(data.as_str())
            .child(format!("{:?}", setting.experiment.chooser).as_str())
            .child(first.as_str())
            .child(setting.compare.favorable_label.as_deref().unwrap_or_default())
            .child(setting.compare.folds as u64)
            .child(fingerprint(setting).as_str());
        let folder = folder.filter(|folder| folder.is_dir());
        Ok(Self {
            folder,
            passing,
            root,
            used: Mutex::default(),
        })
    }

    fn path(&self, key: &Key<'_>) -> Option<PathBuf> {
        let branch = self
            .root
            .child(key.method)
            .child(key.model)
            .child(key.repeat as u64)
            .child(key.fold as u64);
        let name = format!(
            "{:016x}{:016x}.fit",
            branch.number(),
            branch.child("again").number()
        );
        self.folder.as_ref().map(|folder| folder.join(name))
    }

    /// A fit that was finished before.
    pub(crate) fn load(&self, key: &Key<'_>) -> Option<Fit> {
        let path = self.path(key)?;
        let fit = read(&path)?;
        self.note(path);
        Some(fit)
    }

    /// Keeps a fit. A disk that is full costs the chance to go on later, not the run.
    pub(crate) fn save(&self, key: &Key<'_>, fit: &Fit) {
        let Some(path) = self.path(key) else { return };
        if write(&path, fit).is_ok() {
            self.note(path);
        }
    }

    fn note(&self, path: PathBuf) {
        if let Ok(mut used) = self.used.lock() {
            used.push(path);
        }
    }

    /// Removes what only an interrupted run would need.
    pub(crate) fn done(self) {
        if self.passing {
            for path in self.used.into_inner().unwrap_or_default() {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

/// Which fit.
pub(crate) struct Key<'a> {
    /// Method with its options.
    pub(crate) method: &'a str,
    /// Model with its options.
    pub(crate) model: &'a str,
    pub(crate) repeat: usize,
    pub(crate) fold: usize,
}

/// Every value that a fit may depend on.
fn fingerprint(setting: &Setting<'_>) -> String {
    let prepared = setting.prepared;
    let mut branch = Seed::new(0);
    let mut bits: Vec<u8> = Vec::new();
    let features = prepared.features();
    for column in features.columns() {
        bits.clear();
        bits.extend(column.name.as_bytes());
        for row in 0..features.rows() {
            match &column.values {
                counterpoise_base::FeatureValues::Codes { codes, .. } => {
                    bits.extend(codes[row].to_le_bytes());
                }
                numbers => bits.extend(numbers.number(row).unwrap_or(f64::NAN).to_bits().to_le_bytes()),
            }
        }
        branch = branch.child(bits.as_slice());
    }
    bits.clear();
    prepared
        .labels
        .codes()
        .iter()
        .for_each(|code| bits.extend(code.to_le_bytes()));
    prepared
        .labels
        .classes()
        .iter()
        .for_each(|class| bits.extend(class.as_bytes()));
    prepared
        .weights()
        .into_iter()
        .flatten()
        .for_each(|weight| bits.extend(weight.to_bits().to_le_bytes()));
    let branch = branch.child(bits.as_slice());
    format!("{:016x}{:016x}", branch.number(), branch.child("again").number())
}

fn write(path: &Path, fit: &Fit) -> std::io::Result<()> {
    let mut body = Vec::new();
    fit.predicted
        .iter()
        .for_each(|class| body.extend(class.to_le_bytes()));
    fit.probabilities
        .iter()
        .chain(&fit.trained)
        .for_each(|number| body.extend(number.to_bits().to_le_bytes()));
    let head = Head {
        format: FORMAT,
        sum: sum_of(&body),
        rows: fit.predicted.len(),
        classes: fit.trained.len(),
        method_seconds: fit.times.method.as_secs_f64(),
        model_seconds: fit.times.model.as_secs_f64(),
        warnings: fit
            .warnings
            .iter()
            .map(|warning| {
                (
                    warning.code.to_owned(),
                    warning.message.clone(),
                    warning.hint.clone(),
                )
            })
            .collect(),
    };
    let mut bytes = serde_json::to_vec(&head)?;
    bytes.push(b'\n');
    bytes.extend(body);
    let mut file = WholeFile::create(path)?;
    file.write_all(&bytes)?;
    file.finish()
}

/// What stands in a file; nothing if it is no such file, damaged, or of another version.
fn read(path: &Path) -> Option<Fit> {
    let bytes = std::fs::read(path).ok()?;
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
    let body = &bytes[end + 1..];
    let (rows, classes) = (head.rows, head.classes);
    if head.format != FORMAT
        || head.sum != sum_of(body)
        || body.len() != 4 * rows + 8 * (rows * classes + classes)
    {
        return None;
    }
    let (predicted, numbers) = body.split_at(4 * rows);
    let predicted: Vec<u32> = predicted
        .as_chunks::<4>()
        .0
        .iter()
        .map(|&bytes| u32::from_le_bytes(bytes))
        .collect();
    let mut numbers: Vec<f64> = numbers
        .as_chunks::<8>()
        .0
        .iter()
        .map(|&bytes| f64::from_bits(u64::from_le_bytes(bytes)))
        .collect();
    let trained = numbers.split_off(rows * classes);
    let warning = |(code, message, hint): (String, String, Option<String>)| Warning {
        code: known_code(&code),
        message,
        hint,
    };
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    Some(Fit {
        predicted,
        probabilities: numbers,
        trained,
        times: Times {
            method: seconds(head.method_seconds),
            model: seconds(head.model_seconds),
        },
        warnings: head.warnings.into_iter().map(warning).collect(),
    })
}

/// Codes are names in the program; those of fits are few.
fn known_code(code: &str) -> &'static str {
    [
        "learn.not-converged",
        "learn.no-inner-folds",
        "compare.lost-class",
        "sampling.neighbors-shrunk",
        "sampling.rows-copied",
        "sampling.no-danger",
        "sampling.far-enemies",
    ]
    .into_iter()
    .find(|known| *known == code)
    .unwrap_or("compare.fold")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_is_read_as_it_was_written_and_a_damaged_one_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.fit");
        let fit = Fit {
            predicted: vec![0, 1, 1],
            probabilities: vec![0.25, 0.75, 0.1, 0.9, f64::MIN_POSITIVE, 1.0],
            trained: vec![2.0, 2.0],
            times: Times {
                method: Duration::from_millis(5),
                model: Duration::from_millis(7),
            },
            warnings: vec![Warning::new("learn.not-converged", "said")],
        };
        write(&path, &fit).expect("there is room");
        assert_eq!(read(&path), Some(fit));
        let bytes = std::fs::read(&path).expect("it is there");
        std::fs::write(&path, &bytes[..bytes.len() - 1]).expect("it is ours");
        assert_eq!(read(&path), None);
        let mut flipped = bytes.clone();
        *flipped.last_mut().expect("it is not empty") ^= 1;
        std::fs::write(&path, &flipped).expect("it is ours");
        assert_eq!(read(&path), None);
    }
}
