//! Temporary files and folders. All of them are known, so that a program that a signal ends can leave none behind.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::{Builder, NamedTempFile, TempDir};

static ALIVE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn alive() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // What a thread that panicked has left in it is as good as before.
    ALIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A folder that goes when this does.
#[derive(Debug)]
pub struct TemporaryFolder {
    path: PathBuf,
    folder: Option<TempDir>,
}

impl TemporaryFolder {
    /// A new folder where the system keeps temporary ones.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn new() -> io::Result<TemporaryFolder> {
        let mut alive = alive();
        let folder = Builder::new().prefix("kubesketch-").tempdir()?;
        alive.insert(folder.path().to_owned());
        Ok(TemporaryFolder { path: folder.path().to_owned(), folder: Some(folder) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        drop(self.folder.take());
        alive().remove(&self.path);
    }
}

/// A file that goes when this does, unless it takes the place of another one.
#[derive(Debug)]
pub struct TemporaryFile {
    path: PathBuf,
    file: Option<NamedTempFile>,
}

impl TemporaryFile {
    /// A new file in a folder, with the permissions that new files have.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn beside(folder: &Path) -> io::Result<TemporaryFile> {
        let mut builder = Builder::new();
        builder.prefix(".kubesketch-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let mut alive = alive();
        let file = builder.tempfile_in(folder)?;
        alive.insert(file.path().to_owned());
        Ok(TemporaryFile { path: file.path().to_owned(), file: Some(file) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file.
    pub fn file(&mut self) -> Option<&mut File> {
        self.file.as_mut().map(NamedTempFile::as_file_mut)
    }

    /// Puts it in the place of another file, in one step.
    ///
    /// # Errors
    ///
    /// When it cannot be moved there.
    pub fn persist(mut self, target: &Path) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        file.persist(target).map(|_| ()).map_err(|e| e.error)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        drop(self.file.take());
        alive().remove(&self.path);
    }
}

/// Removes every temporary file and folder there is, and lets no other come into being: for a program that ends.
pub fn remove_temporaries() {
    let mut alive = alive();
    for path in std::mem::take(&mut *alive) {
        let _ = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
    }
    std::mem::forget(alive);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_is_forgotten_and_what_was_moved_stays() {
        let folder = TemporaryFolder::new().unwrap();
        let path = folder.path().to_owned();
        assert!(alive().contains(&path));
        let file = TemporaryFile::beside(&path).unwrap();
        let other = TemporaryFile::beside(&path).unwrap();
        let (first, second) = (file.path().to_owned(), other.path().to_owned());
        assert!(alive().contains(&first) && alive().contains(&second));
        file.persist(&path.join("x")).unwrap();
        drop(other);
        assert!(!alive().contains(&first) && !alive().contains(&second));
        assert_eq!(std::fs::read_dir(&path).unwrap().count(), 1);
        drop(folder);
        assert!(!alive().contains(&path) && !path.exists());
    }
}
