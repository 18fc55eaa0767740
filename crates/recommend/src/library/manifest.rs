use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;

/// The form of what this version writes.
pub(crate) const FORMAT: u32 = 1;
const POINTER: &str = "library.json";

/// The file at the root of a library. It changes only when the index is built anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pointer {
    /// Always `counterpoise elsi`, so that no other `library.json` is taken for one.
    pub(crate) program: String,
    pub(crate) format: u32,
    /// Folder of the index.
    pub(crate) index: String,
}

const PROGRAM: &str = "counterpoise elsi";

impl Pointer {
    pub(crate) fn to(index: String) -> Self {
        Self {
            program: PROGRAM.into(),
            format: FORMAT,
            index,
        }
    }

    /// `None` if the folder is no library, or is not there.
    pub(crate) fn read(library: &Path) -> Result<Option<Self>, Error> {
        let path = library.join(POINTER);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(None);
            }
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(Error::corrupt(library, format!("`{POINTER}` is not UTF-8")));
            }
            Err(source) => return Err(Error::read(&path, source)),
        };
        let pointer: Self = serde_json::from_str(&text)
            .map_err(|error| Error::corrupt(library, format!("`{POINTER}` cannot be read ({error})")))?;
        if pointer.program != PROGRAM {
            return Err(Error::corrupt(
                library,
                format!("`{POINTER}` is of another program"),
            ));
        }
        if pointer.format > FORMAT {
            return Err(Error::NewerLibrary {
                library: library.into(),
                format: pointer.format,
            });
        }
        Ok(Some(pointer))
    }

    pub(crate) fn write(&self, library: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::bug(&error))?;
        write_whole(&library.join(POINTER), text.as_bytes())
    }

    pub(crate) fn index(&self, library: &Path) -> PathBuf {
        library.join(&self.index)
    }
}

/// What a commit of the index says of itself and of the files beside it. It stands inside of the commit, so that both change
/// at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Commits so far.
    pub(crate) generation: u64,
    /// Numbers given out; every number below has a record.
    pub(crate) records: u32,
    /// Files of records that are in the index.
    pub(crate) logs: u32,
    /// Bytes of each of them; 0 where a version wrote it that kept no sizes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) record_bytes: Vec<u64>,
    /// Where vectors come from.
    pub(crate) dense: String,
    /// The file of vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) vectors: Option<String>,
    /// What latent semantic analysis learnt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lsa: Option<String>,
    /// What the classifier learnt from that assessed the records.
    pub(crate) classifier: String,
    /// Names of the aspects that bits stand for.
    pub(crate) aspects: Vec<String>,
}

/// A file under a temporary name, which others may read as they may other files of the user.
pub(super) fn unnamed_in(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(permissions);
    builder.tempfile_in(folder)
}

/// Writes a file under a temporary name, and renames it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    use std::io::Write as _;

    let failed = |source| Error::write(path, source);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = unnamed_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
