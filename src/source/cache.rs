//! What programs rendered, kept under the user's cache folder and found again by its content. Guarantees: only the user
//! can read it, it never grows beyond a bound, and without it everything works as well.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

/// How many results are kept; one more, and all of them go.
const MOST: usize = 1_000;

/// The place of what was rendered.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    folder: Option<PathBuf>,
}

/// What a result depends on, put together piece by piece.
#[derive(Clone, Debug)]
pub struct CacheKey(Sha256);

impl CacheKey {
    /// The beginning, of a kind of result.
    pub fn new(kind: &str) -> CacheKey {
        let mut key = CacheKey(Sha256::new());
        key.add(env!("CARGO_PKG_VERSION").as_bytes());
        key.add(kind.as_bytes());
        key
    }

    /// Adds something. No two pieces look like one.
    pub fn add(&mut self, piece: &[u8]) {
        self.0.update((piece.len() as u64).to_le_bytes());
        self.0.update(piece);
    }

    fn name(&self) -> String {
        self.0.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Cache {
    /// The cache of this user; none if there is no place for it.
    pub fn of_user() -> Cache {
        let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let home = || {
            variable("HOME").map(|home| home.join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }))
        };
        let base = variable("XDG_CACHE_HOME").or_else(|| variable("LOCALAPPDATA")).or_else(home);
        Cache { folder: base.filter(|base| base.is_absolute()).map(|base| base.join("kubesketch")) }
    }

    /// What was kept under a key.
    pub fn get(&self, key: &CacheKey) -> Option<String> {
        fs::read_to_string(self.folder.as_ref()?.join(key.name())).ok()
    }

    /// Keeps a text. That it cannot be kept is no problem.
    pub fn put(&self, key: &CacheKey, text: &str) {
        let Some(folder) = &self.folder else { return };
        if fs::create_dir_all(folder).is_err() {
            return;
        }
        if let Ok(entries) = fs::read_dir(folder).map(|entries| entries.flatten().collect::<Vec<_>>())
            && entries.len() > MOST
        {
            entries.iter().for_each(|entry| drop(fs::remove_file(entry.path())));
        }
        // Such a file is readable for its owner alone.
        let written =
            tempfile::NamedTempFile::new_in(folder).and_then(|mut file| file.write_all(text.as_bytes()).map(|()| file));
        if let Ok(file) = written {
            let _ = file.persist(folder.join(key.name()));
        }
    }
}
