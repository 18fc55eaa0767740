use std::io::Write as _;
use std::path::{Path, PathBuf};

use counterpoise_base::Seed;
use counterpoise_data::WholeFile;
use serde::{Deserialize, Serialize};

use super::bench::{Fitted, Unfinished};
use crate::Error;
use crate::user_cache::user_cache;

/// Finished fits in files, one a fit; each appears whole or not at all.
#[derive(Debug)]
pub(super) struct Store {
    folder: Option<PathBuf>,
}

/// What stands in a file.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// All that the fit depends on.
    settings: serde_json::Value,
    fit: Fitted,
}

impl Store {
    /// Uses a folder, or that of the user's cache; without either nothing is kept.
    pub(super) fn open(folder: Option<&Path>) -> Result<Self, Error> {
        let given = folder.is_some();
        let folder = folder
            .map(Path::to_owned)
            .or_else(|| user_cache("reproduce-deepsmote"));
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

    /// Where networks of a fit are kept until it is finished.
    pub(super) fn unfinished(&self, name: &str, settings: &serde_json::Value) -> Unfinished {
        Unfinished {
            folder: self
                .path(name, settings)
                .map(|path| path.with_extension("unfinished")),
        }
    }

    /// A fit that was finished before with the same settings.
    pub(super) fn load(&self, name: &str, settings: &serde_json::Value) -> Option<Fitted> {
        let bytes = std::fs::read(self.path(name, settings)?).ok()?;
        let kept: Kept = serde_json::from_slice(&bytes).ok()?;
        (kept.settings == *settings).then_some(kept.fit)
    }

    /// Keeps a fit. A disk that is full costs the chance to go on later, not the run.
    pub(super) fn save(&self, name: &str, settings: &serde_json::Value, fit: &Fitted) {
        let Some(path) = self.path(name, settings) else {
            return;
        };
        let kept = Kept {
            settings: settings.clone(),
            fit: fit.clone(),
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
        let store = Store::open(Some(folder.path())).expect("it is ours");
        let settings = serde_json::json!({"fold": 1, "epochs": 2});
        let fit = Fitted {
            balanced: vec![0, 1],
            training_seconds: 1.5,
            ..Fitted::default()
        };
        store.save("mnist-none", &settings, &fit);
        assert_eq!(store.load("mnist-none", &settings), Some(fit));
        let other = serde_json::json!({"fold": 1, "epochs": 3});
        assert_eq!(store.load("mnist-none", &other), None);
        let path = store.path("mnist-none", &settings).expect("a folder");
        std::fs::write(&path, b"{").expect("it is ours");
        assert_eq!(store.load("mnist-none", &settings), None);
    }
}
