use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::{NamedTempFile, TempDir};

/// A file that appears whole or not at all.
///
/// What is written goes to a temporary file beside the target, which takes its name in [`finish`](Self::finish) only.
/// Dropped before, it leaves nothing. Devices and pipes are written to directly.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    target: Target,
    _listed: Option<Listed>,
}

/// Temporary files that have no name of their own yet.
static PARTIAL: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Keeps a temporary file on the list as long as it lives.
#[derive(Debug)]
struct Listed(PathBuf);

impl Listed {
    fn new(path: &Path) -> Self {
        if let Ok(mut partial) = PARTIAL.lock() {
            partial.insert(path.into());
        }
        Self(path.into())
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        if let Ok(mut partial) = PARTIAL.lock() {
            partial.remove(&self.0);
        }
    }
}

/// Removes every file that is being written: for a program that is about to end without unwinding.
pub fn remove_partial_files() {
    if let Ok(mut partial) = PARTIAL.lock() {
        for path in std::mem::take(&mut *partial) {
            let _ = if path.is_dir() {
                std::fs::remove_dir_all(path)
            } else {
                std::fs::remove_file(path)
            };
        }
    }
}

#[derive(Debug)]
enum Target {
    Beside(NamedTempFile),
    Directly(File),
}

impl WholeFile {
    /// Opens the temporary file; fails if there is no folder, or if the target may not be written to.
    pub fn create(path: &Path) -> io::Result<Self> {
        let metadata = path.metadata().ok();
        if metadata.as_ref().is_some_and(std::fs::Metadata::is_dir) {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        if metadata.is_some_and(|metadata| !metadata.is_file()) {
            let device = OpenOptions::new().write(true).open(path)?;
            return Ok(Self {
                path: path.into(),
                target: Target::Directly(device),
                _listed: None,
            });
        }
        // A link is followed, so that the file it names is replaced and the link stays.
        let path = path.canonicalize().unwrap_or_else(|_| path.into());
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let message = format!("there is no folder `{}`", folder.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        if path.is_file() {
            // A file that may not be written to is not replaced either.
            OpenOptions::new().write(true).open(&path)?;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let prefix = format!(".{name}.");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".partial");
        #[cfg(unix)]
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        #[cfg(unix)]
        builder.permissions(permissions);
        let file = builder.tempfile_in(folder)?;
        Ok(Self {
            path,
            _listed: Some(Listed::new(file.path())),
            target: Target::Beside(file),
        })
    }

    /// Gives the file its name.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        match self.target {
            Target::Directly(_) => Ok(()),
            Target::Beside(file) => {
                file.as_file().sync_all()?;
                file.persist(self.path).map(drop).map_err(|error| error.error)
            }
        }
    }
}

impl Write for WholeFile {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Beside(file) => file.write(buffer),
            Target::Directly(file) => file.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Beside(file) => file.flush(),
            Target::Directly(file) => file.flush(),
        }
    }
}

/// A folder that appears whole or not at all, as a [`WholeFile`] does.
#[derive(Debug)]
pub(crate) struct WholeFolder {
    path: PathBuf,
    folder: TempDir,
    _listed: Listed,
}

impl WholeFolder {
    /// Makes the temporary folder; fails if there is no folder to put it into.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let parent = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        if !parent.is_dir() {
            let message = format!("there is no folder `{}`", parent.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        let mut builder = tempfile::Builder::new();
        let prefix = format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy());
        builder.prefix(&prefix).suffix(".partial");
        #[cfg(unix)]
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        #[cfg(unix)]
        builder.permissions(permissions);
        let folder = builder.tempdir_in(parent)?;
        Ok(Self {
            path: path.into(),
            _listed: Listed::new(folder.path()),
            folder,
        })
    }

    /// Where to put files.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives the folder its name; what has that name already goes, if it may, once the new one stands there.
    pub(crate) fn finish(self, overwrite: bool) -> io::Result<()> {
        let Self { path, folder, .. } = self;
        if overwrite && path.symlink_metadata().is_ok() {
            let mut away = folder.path().as_os_str().to_owned();
            away.push(".old");
            let away = PathBuf::from(away);
            std::fs::rename(&path, &away)?;
            if let Err(error) = std::fs::rename(folder.path(), &path) {
                std::fs::rename(&away, &path)?;
                return Err(error);
            }
            let _ = folder.keep();
            return if away.is_dir() {
                std::fs::remove_dir_all(&away)
            } else {
                std::fs::remove_file(&away)
            };
        }
        // An empty folder would be replaced without a word.
        if path.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        std::fs::rename(folder.path(), &path)?;
        let _ = folder.keep();
        Ok(())
    }
}
