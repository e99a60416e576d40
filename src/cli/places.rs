//! What files are, whatever they are called: two outputs are not one file, and no output is an input.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::source::STDIN_NAME;
use crate::world::World;

/// The identity of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// One that is there: its device and its number on it, which links share.
    #[cfg(unix)]
    File(u64, u64),
    /// Another one: its path without links.
    Path(PathBuf),
}

impl Place {
    /// The place of a path. A link is where it leads to.
    pub fn of(path: &Path) -> Place {
        #[cfg(unix)]
        if let Ok(metadata) = fs::metadata(path)
            && metadata.is_file()
        {
            use std::os::unix::fs::MetadataExt as _;
            return Place::File(metadata.dev(), metadata.ino());
        }
        Place::Path(real(path))
    }
}

/// A path without links and steps; what is not there yet keeps its name in a folder without them.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    // What a link that leads nowhere would make is where it leads to.
    let target = fs::read_link(path).map(|to| path.parent().unwrap_or(Path::new("")).join(to));
    let path = target.unwrap_or_else(|_| path.to_owned());
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match (fs::canonicalize(folder), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => std::path::absolute(&path).unwrap_or(path),
    }
}

/// What is read, which nothing may be written over.
#[derive(Debug, Default)]
pub struct Inputs {
    files: Vec<PathBuf>,
    /// Where they are; looked up when an output is there already.
    places: OnceCell<BTreeSet<Place>>,
    /// Folders that other programs read.
    built: Vec<PathBuf>,
}

impl Inputs {
    /// The files of a World: those with objects or problems. A file without any, in a folder, is no manifest, and may
    /// well be an output of before.
    pub fn add_world(&mut self, world: &World) {
        let ignored: BTreeSet<_> = world.ignored_files().iter().collect();
        let sources = world.sources();
        let names = sources.ids().filter(|id| !ignored.contains(id)).map(|id| sources.name(id));
        let top = repository();
        for name in names {
            self.add(Path::new(name));
            // Files of a revision are named from the top of their repository.
            if let Some(top) = &top {
                self.add(&top.join(name));
            }
        }
    }

    /// A file that is named as input, or `-`.
    pub fn add(&mut self, path: &Path) {
        let is_stdin = path == Path::new("-") || path == Path::new(STDIN_NAME);
        self.files.push(if is_stdin { "/dev/stdin".into() } else { path.to_owned() });
        self.places.take();
    }

    /// A folder or a chart that another program reads.
    pub fn add_built(&mut self, path: &Path) {
        self.add(path);
        self.built.extend(fs::canonicalize(path).ok().filter(|p| p.is_dir()));
    }

    fn places(&self) -> &BTreeSet<Place> {
        self.places.get_or_init(|| self.files.iter().filter(|f| f.is_file()).map(|f| Place::of(f)).collect())
    }

    /// Refuses an output that is an input.
    pub fn refuse(&self, output: &Path) -> Result<()> {
        if !output.is_file() {
            return Ok(());
        }
        let real = real(output);
        let extension = real.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let is_built = ["yaml", "yml", "tpl"].contains(&extension) && self.built.iter().any(|b| real.starts_with(b));
        if is_built || self.places().contains(&Place::of(output)) {
            bail!("{} is read, and would be written over: name another output", output.display());
        }
        Ok(())
    }
}

/// The top of the repository around the current folder.
fn repository() -> Option<PathBuf> {
    let here = fs::canonicalize(".").ok()?;
    here.ancestors().find(|above| above.join(".git").exists()).map(Path::to_path_buf)
}
