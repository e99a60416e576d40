//! The folders to watch, and the changes in them that matter.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Args;
use crate::cli::revisions;
use crate::kustomize;
use crate::source::{self, Places};

/// The most files that are looked for in a kustomization or a chart.
const MOST: usize = 20_000;

/// The longest kustomization file that is looked through for other places, in bytes.
const LONGEST: u64 = 1 << 20;

/// The paths of the command line. They are absolute, as in events of the watcher.
#[derive(Debug)]
pub struct Roots {
    /// Files and folders of manifests.
    paths: Vec<PathBuf>,
    /// Kustomizations.
    kustomizations: Vec<PathBuf>,
    /// Charts.
    charts: Vec<PathBuf>,
    /// The folders of the repository itself.
    git: Vec<PathBuf>,
}

/// The paths that exist now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The files that are read, and the folders in which a new one would be.
    places: Places,
    /// Folders in which every file counts.
    whole: BTreeSet<PathBuf>,
    /// Folders that are watched for what else is in them: the named files, the named folders themselves, references of
    /// git.
    beside: BTreeSet<PathBuf>,
}

impl Look {
    /// The folders to be watched.
    pub fn watched(&self) -> BTreeSet<PathBuf> {
        self.places.folders.iter().chain(&self.whole).chain(&self.beside).cloned().collect()
    }
}

impl Roots {
    /// The roots of a command.
    pub fn new(args: &Args) -> anyhow::Result<Roots> {
        let input = &args.input;
        let absolute = |path: &PathBuf| std::path::absolute(path);
        let (chart, values) = input.chart();
        let named = input.paths().filter(|p| p.as_os_str() != "-").chain(values);
        let mut paths = named.map(absolute).collect::<Result<Vec<_>, _>>()?;
        let kustomizations = input.kustomizations().iter().map(absolute).collect::<Result<Vec<_>, _>>()?;
        let charts = chart.into_iter().map(absolute).collect::<Result<Vec<_>, _>>()?;
        let mut git = Vec::new();
        if let Some(range) = &args.git {
            if paths.is_empty() && kustomizations.is_empty() {
                paths.push(std::env::current_dir()?);
            }
            git = source::git_folders(&revisions::request(range, &[], &[], input.reading()))?.to_vec();
        }
        Ok(Roots { paths, kustomizations, charts, git })
    }

    /// Everything that was named.
    pub fn named(&self) -> impl Iterator<Item = &PathBuf> {
        self.paths.iter().chain(&self.kustomizations).chain(&self.charts)
    }

    /// Lists the paths that exist now.
    pub fn look(&self) -> Look {
        let mut look = Look { places: source::places(self.paths.iter().map(PathBuf::as_path)), ..Look::default() };
        // A link is another file when what it leads to is changed.
        let linked: Vec<PathBuf> = (look.places.files.iter())
            .filter(|file| fs::symlink_metadata(file).is_ok_and(|m| m.is_symlink()))
            .filter_map(|file| fs::canonicalize(file).ok())
            .collect();
        look.places.files.extend(linked);
        look.beside.extend(look.places.files.iter().filter_map(|f| nearest_folder(f)));
        let mut seen = BTreeSet::new();
        let with_one = |path: &&PathBuf| kustomize::FILE_NAMES.iter().any(|name| path.join(name).is_file());
        for folder in self.kustomizations.iter().chain(self.paths.iter().filter(with_one)) {
            follow_kustomization(folder, &mut seen, &mut look);
        }
        for chart in &self.charts {
            everything_below(chart, &mut look);
        }
        // What goes away comes back in the folder above it.
        look.beside.extend(self.named().filter_map(|path| nearest_folder(path)));
        for folder in &self.git {
            look.beside.extend(["", "reftable"].map(|name| folder.join(name)).into_iter().filter(|f| f.is_dir()));
            folders_below(&folder.join("refs"), &mut look.beside);
        }
        look
    }

    /// True if only a look at the path shows whether it matters.
    pub fn may_matter(&self, path: &Path, look: &Look) -> bool {
        self.matters(path, [look, look]) || source::is_manifest_name(path) || path.is_dir()
    }

    /// True if a change at a path may require a redraw.
    pub fn matters(&self, path: &Path, looks: [&Look; 2]) -> bool {
        if self.git.iter().any(|git| is_reference(git, path)) || self.named().any(|named| named.starts_with(path)) {
            return true;
        }
        let name = path.file_name().unwrap_or_default();
        let parent = path.parent().unwrap_or(path);
        looks.into_iter().any(|look| {
            let folders = &look.places.folders;
            look.places.files.contains(path)
                || folders.contains(path)
                || look.whole.contains(parent)
                || (name == ".gitignore" || name == ".ignore") && folders.contains(parent)
        })
    }
}

/// True if a path of a repository defines a reference. Our own look at the repository changes nothing of it.
fn is_reference(git: &Path, path: &Path) -> bool {
    let Ok(below) = path.strip_prefix(git) else { return false };
    let is_lock = path.extension().is_some_and(|e| e == "lock");
    let is_head = below == Path::new("HEAD") || below == Path::new("packed-refs");
    !is_lock && (is_head || below.starts_with("refs") || below.starts_with("reftable"))
}

/// The folder above a path, or the nearest one that there is.
fn nearest_folder(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).find(|p| p.is_dir()).map(Path::to_path_buf)
}

/// A folder and all below it. Links are not followed.
fn folders_below(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    let mut heap = vec![folder.to_path_buf()];
    while let Some(folder) = heap.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        if found.len() > MOST || !found.insert(folder) {
            continue;
        }
        let below = entries.flatten().filter(|e| e.file_type().is_ok_and(|t| t.is_dir()));
        heap.extend(below.filter(|e| e.file_name() != ".git").map(|e| e.path()));
    }
}

/// A folder in which every file counts, or a file.
fn everything_below(path: &Path, look: &mut Look) {
    if path.is_dir() {
        folders_below(path, &mut look.whole);
    } else {
        look.places.files.insert(path.to_path_buf());
        look.beside.extend(nearest_folder(path));
    }
}

/// A kustomization, and what it names outside of its folder. Every word that is a path counts: that some are none costs
/// nothing.
fn follow_kustomization(folder: &Path, seen: &mut BTreeSet<PathBuf>, look: &mut Look) {
    if !seen.insert(folder.to_path_buf()) || seen.len() > MOST {
        return;
    }
    everything_below(folder, look);
    for name in ["kustomization.yaml", "kustomization.yml", "Kustomization"] {
        let file = folder.join(name);
        if !fs::metadata(&file).is_ok_and(|m| m.is_file() && m.len() <= LONGEST) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap_or_default();
        let words = text.split(|c: char| c.is_whitespace() || "\"',[]{}".contains(c));
        for word in words.filter(|w| !w.is_empty() && !w.starts_with('/') && !w.contains("://")) {
            let path = plain(&folder.join(word));
            if path.is_dir() {
                // A folder above this one names no more than this one.
                if !folder.starts_with(&path) {
                    follow_kustomization(&path, seen, look);
                }
            } else if path.is_file() && !path.starts_with(folder) {
                everything_below(&path, look);
            }
        }
    }
}

/// A path with its `..` worked out, as in events of the watcher.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                plain.pop();
            }
            std::path::Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kustomization_leads_to_its_base() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        for (name, text) in [
            ("overlays/live/kustomization.yaml", "resources: [../../base]\npatches:\n- path: ../patch.yaml\n"),
            ("overlays/patch.yaml", ""),
            ("base/kustomization.yaml", "resources:\n- web.yaml\n"),
            ("base/web.yaml", ""),
            ("other/web.yaml", ""),
        ] {
            let path = top.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let roots = Roots {
            paths: Vec::new(),
            kustomizations: vec![top.join("overlays/live")],
            charts: Vec::new(),
            git: Vec::new(),
        };
        let look = roots.look();
        let matters = |name: &str| roots.matters(&top.join(name), [&look, &look]);
        assert!(matters("base/web.yaml") && matters("base/values.env") && matters("overlays/patch.yaml"));
        assert!(!matters("other/web.yaml") && !matters("overlays/other.yaml"));
    }

    #[test]
    fn of_a_repository_only_names_matter() {
        let git = Path::new("/r/.git");
        for (path, matters) in [
            ("/r/.git/HEAD", true),
            ("/r/.git/refs/heads/main", true),
            ("/r/.git/refs/heads/main.lock", false),
            ("/r/.git/index", false),
            ("/r/web.yaml", false),
        ] {
            assert_eq!(is_reference(git, Path::new(path)), matters, "{path}");
        }
    }
}
