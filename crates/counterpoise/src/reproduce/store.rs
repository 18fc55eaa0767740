//! What a reproduction has done already, so that a run that was stopped goes on.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use counterpoise_base::Seed;
use counterpoise_data::WholeFile;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::user_cache::user_cache;

/// Finished fits in files, one a fit; each appears whole or not at all.
#[derive(Debug)]
pub(super) struct Store {
    folder: Option<PathBuf>,
}

/// What stands in a file.
#[derive(Debug, Serialize, Deserialize)]
struct Kept<T> {
    /// All that the fit depends on.
    settings: serde_json::Value,
    fit: T,
}

impl Store {
    /// Uses a folder, or the one of this name in the user's cache; without either nothing is kept.
    pub(super) fn open(folder: Option<&Path>, name: &str) -> Result<Self, Error> {
        let given = folder.is_some();
        let folder = folder.map(Path::to_owned).or_else(|| user_cache(name));
        if let Some(folder) = &folder
            && let Err(source) = std::fs::create_dir_all(folder)
            && given
        {
            return Err(Error::Write {
                path: folder.clone(),
                source,
            });
        }
        Ok(Self {
            folder: folder.filter(|folder| folder.is_dir()),
        })
    }

    fn path(&self, name: &str, settings: &serde_json::Value) -> Option<PathBuf> {
        let branch = Seed::new(0).child(settings.to_string().as_str());
        let name = format!("{name}-{:016x}.json", branch.number());
        self.folder.as_ref().map(|folder| folder.join(name))
    }

    /// The folder; absent where nothing is kept.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// A folder of a fit's own for what it needs until it is finished.
    pub(super) fn unfinished(&self, name: &str, settings: &serde_json::Value) -> Option<PathBuf> {
        Some(self.path(name, settings)?.with_extension("unfinished"))
    }

    /// A fit that was finished before with the same settings.
    pub(super) fn load<T: DeserializeOwned>(&self, name: &str, settings: &serde_json::Value) -> Option<T> {
        let bytes = std::fs::read(self.path(name, settings)?).ok()?;
        let kept: Kept<T> = serde_json::from_slice(&bytes).ok()?;
        (kept.settings == *settings).then_some(kept.fit)
    }

    /// Keeps a fit. A disk that is full costs the chance to go on later, not the run.
    pub(super) fn save<T: Serialize>(&self, name: &str, settings: &serde_json::Value, fit: &T) {
        let Some(path) = self.path(name, settings) else {
            return;
        };
        let kept = Kept {
            settings: settings.clone(),
            fit,
        };
        let Ok(bytes) = serde_json::to_vec(&kept) else {
            return;
        };
        let _ = WholeFile::create(&path).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.finish()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_is_found_by_its_settings_only_and_a_damaged_one_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(Some(folder.path()), "none").expect("it is ours");
        let settings = serde_json::json!({"fold": 1, "epochs": 2});
        let fit = (vec![0, 1], 1.5);
        store.save("mnist-none", &settings, &fit);
        assert_eq!(store.load("mnist-none", &settings), Some(fit));
        let other = serde_json::json!({"fold": 1, "epochs": 3});
        let load = |settings| store.load::<(Vec<u32>, f64)>("mnist-none", settings);
        assert_eq!(load(&other), None);
        let path = store.path("mnist-none", &settings).expect("a folder");
        std::fs::write(&path, b"{").expect("it is ours");
        assert_eq!(load(&settings), None);
    }
}
