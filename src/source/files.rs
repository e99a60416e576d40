//! Files that are read when something else asks for them, from a folder or from a state of a repository.

use std::fs;
use std::path::{Path, PathBuf};

use super::bounds::{Fence, is_content};
use super::load::list;
use super::problem::Problem;

/// A tree of files. Paths have `/` between their parts and may begin with `../` or `/`.
pub trait Files: Sync {
    /// The content of a file; `None` if there is none, or none that may be read.
    fn read(&self, path: &str) -> Option<Vec<u8>>;
    /// Whether there is a folder.
    fn is_folder(&self, path: &str) -> bool;
    /// Where a program can read a path.
    ///
    /// # Errors
    ///
    /// If it cannot be brought there.
    fn on_disk(&self, path: &str) -> Result<PathBuf, Problem>;
    /// Where a path leads, through all links; the same for all paths that lead there. `None` if it leads nowhere.
    fn real(&self, path: &str) -> Option<String> {
        let _ = path;
        None
    }
    /// All files below a folder that are neither hidden nor ignored, in path order.
    fn list(&self, folder: &str) -> Vec<String>;
}

/// The files on disk, by their paths from the current folder.
#[derive(Clone, Debug)]
pub struct Disk {
    limit: u64,
    follow_links: bool,
    /// The repository that links may not leave.
    top: Option<PathBuf>,
    fence: Fence,
}

impl Disk {
    /// Files of at most so many bytes. Links lead nowhere that is not in the repository around a folder, or in the
    /// link's own folder if there is none, unless they are followed.
    pub fn around(folder: &Path, limit: u64, follow_links: bool) -> Disk {
        let real = fs::canonicalize(folder).ok();
        let top = real.as_ref().and_then(|real| real.ancestors().find(|above| above.join(".git").exists()));
        Disk { limit, follow_links, top: top.map(Path::to_path_buf), fence: Fence::default() }
    }

    /// The same files, without those outside of a fence.
    pub fn inside(self, fence: Fence) -> Disk {
        Disk { fence, ..self }
    }
}

impl Files for Disk {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        let path = Path::new(path);
        let metadata = fs::metadata(path).ok()?;
        // Opening a pipe would wait for its writer.
        if !metadata.is_file() || metadata.len() > self.limit || !self.fence.leads_inside(path) {
            return None;
        }
        let inside = match &self.top {
            _ if self.follow_links => true,
            Some(top) => fs::canonicalize(path).is_ok_and(|real| is_content(&real, top)),
            None => stays_in_its_folder(path),
        };
        inside.then(|| fs::read(path).ok()).flatten()
    }

    fn is_folder(&self, path: &str) -> bool {
        Path::new(path).is_dir() && self.fence.leads_inside(Path::new(path))
    }

    fn on_disk(&self, path: &str) -> Result<PathBuf, Problem> {
        Ok(PathBuf::from(path))
    }

    fn real(&self, path: &str) -> Option<String> {
        fs::canonicalize(path).ok()?.to_str().map(str::to_owned)
    }

    fn list(&self, folder: &str) -> Vec<String> {
        if self.fence.leads_inside(Path::new(folder)) { list(Path::new(folder)) } else { Vec::new() }
    }
}

/// Whether a file is no link that leads out of its folder.
fn stays_in_its_folder(path: &Path) -> bool {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (fs::canonicalize(path), fs::canonicalize(folder)) {
        (Ok(real), Ok(folder)) => is_content(&real, &folder),
        _ => false,
    }
}
