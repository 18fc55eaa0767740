use std::io;
use std::path::Path;
use std::sync::Arc;

use tantivy::Directory;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    DirectoryLock, FileHandle, Lock, META_LOCK, MmapDirectory, WatchCallback, WatchHandle, WritePtr,
};

/// The folder of an index, read also where nothing can be written: on a read-only disk, or in a folder of somebody else.
///
/// Readers lock the list of files of an index while they open them, so that a writer removes none meanwhile. The lock is a file.
/// Where no file can be made, no writer of this user can be at work either. One of another user can: should it remove a file at
/// that moment, opening fails, and works the next time.
#[derive(Debug, Clone)]
pub(super) struct ReadableDirectory(pub(super) MmapDirectory);

impl Directory for ReadableDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.0.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.0.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.0.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        self.0.open_write(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.0.atomic_read(path)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        self.0.atomic_write(path, data)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.0.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        let asked = self.0.acquire_lock(lock);
        if lock.filepath == META_LOCK.filepath {
            or_none(asked)
        } else {
            asked
        }
    }

    fn watch(&self, watch_callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.0.watch(watch_callback)
    }
}

/// A lock that locks nothing, where none can be had because nothing can be written.
fn or_none(asked: Result<DirectoryLock, LockError>) -> Result<DirectoryLock, LockError> {
    match asked {
        Err(LockError::IoError(error))
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            Ok(DirectoryLock::from(Box::new(())))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lock_that_cannot_be_written_is_done_without() {
        let check = |error: LockError, fine: bool| assert_eq!(or_none(Err(error)).is_ok(), fine);
        let failed = |kind: io::ErrorKind| LockError::IoError(Arc::new(kind.into()));
        check(failed(io::ErrorKind::PermissionDenied), true);
        check(failed(io::ErrorKind::ReadOnlyFilesystem), true);
        check(failed(io::ErrorKind::StorageFull), false);
        check(LockError::LockBusy, false);
    }
}
