use std::fs::File;
use std::io::{Error as IoError, ErrorKind};
use std::path::Path;

use crate::Error;

/// The turn to read a file, change it and write it, which one process has at a time. It goes with the process, however that ends.
///
/// It is a lock on an empty file beside the other one, `.NAME.lock`, which stays: to remove it would let two have their turn at once.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

impl FileLock {
    /// Waits until no other process has the turn at a file, which need not be there yet.
    ///
    /// # Errors
    ///
    /// If nothing can be written beside it.
    pub fn take(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Write {
            path: path.into(),
            source,
        };
        // As files are written: a link stays, and what it names is changed.
        let whole = path.canonicalize().unwrap_or_else(|_| path.into());
        let folder = whole
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let message = format!("there is no folder `{}`", folder.display());
            return Err(failed(IoError::new(ErrorKind::NotFound, message)));
        }
        let name = whole.file_name().unwrap_or_default().to_string_lossy();
        let file = File::create(folder.join(format!(".{name}.lock"))).map_err(failed)?;
        match file.lock() {
            // Where the system knows no locks, all is as it was before there were any.
            Err(source) if source.kind() != ErrorKind::Unsupported => Err(failed(source)),
            _ => Ok(Self { _file: file }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_waits_for_the_other() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("list.json");
        let first = FileLock::take(&path).expect("nobody has it");
        let has_second = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _second = FileLock::take(&path).expect("it waits");
                has_second.store(true, Ordering::SeqCst);
            });
            std::thread::sleep(Duration::from_millis(100));
            assert!(!has_second.load(Ordering::SeqCst));
            drop(first);
        });
        assert!(has_second.load(Ordering::SeqCst));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let error = FileLock::take(&folder.path().join("none/list.json")).expect_err("there is no folder");
        let cause = std::error::Error::source(&error).expect("a cause").to_string();
        assert!(cause.contains("there is no folder"), "{cause}");
    }
}
