//! What is not read although it is there: links that leave the given folder, and settings that are no regular files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Problem;
use super::load::{Candidate, read_file, shown_name};

/// What is read of a file with settings at most, by default: 16 MiB.
pub const MAX_SETTINGS_BYTES: u64 = 16 << 20;
/// What is read of a list of ignored files at most.
const MAX_IGNORE_BYTES: u64 = 1 << 20;
/// The lists of ignored files that folders may hold.
const IGNORE_FILES: &[&str] = &[".gitignore", ".ignore"];

/// Where links may lead: into a folder, and into the git repository that it is in.
pub(super) struct Bounds {
    tops: Vec<PathBuf>,
}

impl Bounds {
    /// Those of a folder.
    pub fn around(folder: &Path) -> Bounds {
        let Ok(real) = fs::canonicalize(folder) else { return Bounds { tops: Vec::new() } };
        let top = real.ancestors().find(|above| above.join(".git").exists()).map(Path::to_path_buf);
        Bounds { tops: std::iter::once(real).chain(top).collect() }
    }

    /// Whether a link stays inside.
    pub fn hold(&self, link: &Path) -> io::Result<bool> {
        let real = fs::canonicalize(link)?;
        Ok(self.tops.iter().any(|top| is_content(&real, top)))
    }
}

/// Folders and files outside of which nothing is read, whatever paths and links say. Without any there is no such limit.
#[derive(Clone, Debug, Default)]
pub struct Fence {
    /// Their paths without links.
    tops: Vec<PathBuf>,
}

impl Fence {
    /// A fence around some paths.
    ///
    /// # Errors
    ///
    /// If one of them is not there.
    pub fn around<'p>(paths: impl IntoIterator<Item = &'p Path>) -> io::Result<Fence> {
        Ok(Fence { tops: paths.into_iter().map(fs::canonicalize).collect::<io::Result<_>>()? })
    }

    /// Whether there is no limit.
    pub fn is_open(&self) -> bool {
        self.tops.is_empty()
    }

    /// Whether a path without links is inside.
    pub fn holds(&self, real: &Path) -> bool {
        self.is_open() || self.tops.iter().any(|top| is_content(real, top))
    }

    /// Whether a path leads to something outside. One that leads nowhere does not.
    pub fn refuses(&self, path: &Path) -> bool {
        !self.is_open() && fs::canonicalize(path).is_ok_and(|real| !self.holds(&real))
    }

    /// Whether a path leads to something inside.
    pub fn leads_inside(&self, path: &Path) -> bool {
        self.is_open() || fs::canonicalize(path).is_ok_and(|real| self.holds(&real))
    }
}

/// Whether a file is below a folder and is nothing that git keeps for itself, which may be credentials.
pub(super) fn is_content(real: &Path, top: &Path) -> bool {
    real.strip_prefix(top).is_ok_and(|below| below.components().all(|part| part.as_os_str() != ".git"))
}

/// Whether a file is a link that leads out of its folder and of the repository around that.
pub fn is_link_outwards(file: &Path) -> bool {
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    file.is_symlink() && !Bounds::around(folder).hold(file).unwrap_or(false)
}

/// Why a file with settings is not opened: opening a pipe waits for ever, and a device may have no end.
pub(super) fn unfit(path: &Path, limit: u64) -> Option<Problem> {
    let name = shown_name(path);
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Some(Problem::NotRegular { name }),
        Ok(metadata) if metadata.len() > limit => Some(Problem::TooLarge { name, limit }),
        Ok(_) => None,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Problem::Missing { name }),
        Err(error) => Some(Problem::Unreadable { name, error }),
    }
}

/// Reads a file with settings: a regular one of at most so many bytes.
///
/// # Errors
///
/// The reason why it is not read.
pub fn read_settings(path: &Path, limit: u64) -> Result<String, Problem> {
    if let Some(problem) = unfit(path, limit) {
        return Err(problem);
    }
    let file = read_file(&Candidate { name: shown_name(path), path: path.to_path_buf() }, limit)?;
    Ok(file.text().to_owned())
}

/// Why a folder is not walked through: its list of ignored files cannot be read.
pub(super) fn unfit_ignores(folder: &Path) -> Option<Problem> {
    let there = IGNORE_FILES.iter().map(|name| folder.join(name)).filter(|path| path.symlink_metadata().is_ok());
    // One that leads nowhere ignores nothing.
    there.filter(|path| path.exists()).find_map(|path| unfit(&path, MAX_IGNORE_BYTES))
}
