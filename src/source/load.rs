//! Reads files, folders and standard input.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder};
use rayon::prelude::*;

use super::bounds::{Bounds, Fence, unfit_ignores};
use super::problem::Problem;
use super::text;
use super::{SourceFile, Sources};

/// What is read of one file at most, by default: 256 MiB.
pub const DEFAULT_MAX_FILE_BYTES: u64 = 256 << 20;

/// The name under which standard input is shown.
pub const STDIN_NAME: &str = "<stdin>";

/// So much is read at a time.
const PIECE_BYTES: u64 = 8 << 20;

/// Places in a text are counted in 32 bits, so no limit can be above this.
const ADDRESSABLE_BYTES: u64 = u32::MAX as u64 - 1;

/// Input to read.
#[derive(Clone, Debug)]
pub struct Request {
    /// Files, folders, and `-` for standard input.
    pub paths: Vec<PathBuf>,
    /// The most that is read of one file, in bytes. A larger file is a [`Problem`].
    pub max_file_bytes: u64,
    /// Whether links in folders are followed that lead out of the folder and of the git repository around it.
    pub follow_links: bool,
    /// What reading may not leave.
    pub fence: Fence,
}

impl Request {
    /// The given paths with the usual limit.
    pub fn new<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        let paths = paths.into_iter().map(Into::into).collect();
        Request { paths, max_file_bytes: DEFAULT_MAX_FILE_BYTES, follow_links: false, fence: Fence::default() }
    }

    fn limit(&self) -> u64 {
        possible_limit(self.max_file_bytes)
    }
}

/// The limit that holds where another one is asked for.
pub(super) fn possible_limit(bytes: u64) -> u64 {
    bytes.min(ADDRESSABLE_BYTES)
}

/// What was left out on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Files in folders whose name does not end in `.yaml`, `.yml` or `.json`.
    pub other_files: usize,
    /// Paths that name a file which is read already.
    pub repeated: usize,
    /// Files that only change objects of others, as patches of a kustomization do.
    pub patches: usize,
}

/// The result of reading.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The texts.
    pub sources: Sources,
    /// Problems of inputs that could not be read, in path order.
    pub problems: Vec<Problem>,
    /// Files that were left out.
    pub skipped: Skipped,
}

impl Loaded {
    /// Adds what programs made, or the reasons why they did not.
    pub fn add(&mut self, made: impl Iterator<Item = Result<SourceFile, Problem>>) {
        let mut files = Vec::new();
        for outcome in made {
            match outcome {
                Ok(file) => files.push(file),
                Err(problem) => self.problems.push(problem),
            }
        }
        self.sources = std::mem::take(&mut self.sources).merge(Sources::from_files(files));
    }
}

/// A file to be read.
pub(super) struct Candidate {
    /// The name under which it is shown.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Reads files and folders as [`load`] does; standard input is empty.
pub fn load_files(request: &Request) -> Loaded {
    load(request, &mut io::empty())
}

/// Reads everything that is asked for. Files named outright are read whatever their name; in folders `.yaml`, `.yml`
/// and `.json` files are, except hidden ones and those that a `.gitignore` names. No file is read twice.
pub fn load(request: &Request, stdin: &mut dyn Read) -> Loaded {
    let mut loaded = Loaded::default();
    let mut candidates = Vec::new();
    let mut texts = Vec::new();
    let mut stdin_taken = false;
    for path in &request.paths {
        if path.as_os_str() == "-" {
            if stdin_taken {
                loaded.skipped.repeated += 1;
                continue;
            }
            stdin_taken = true;
            texts.push(read_text(STDIN_NAME, stdin, 0, request.limit()));
        } else {
            collect(path, request, &mut candidates, &mut loaded);
        }
    }

    let candidates = without_repeats(candidates, &mut loaded.skipped);
    texts.par_extend(candidates.into_par_iter().map(|c| read_file(&c, request.limit())));

    loaded.sources = collected(texts, &mut loaded.problems);
    loaded
}

/// All that could be read as one set, each file under a name of its own.
pub(super) fn collected(
    texts: impl IntoIterator<Item = Result<SourceFile, Problem>>,
    problems: &mut Vec<Problem>,
) -> Sources {
    let mut files: BTreeMap<String, SourceFile> = BTreeMap::new();
    for text in texts {
        match text {
            Ok(mut file) => {
                // Paths that are not UTF-8 can look alike; neither may hide the other.
                let plain = file.name.clone();
                for count in 2.. {
                    if !files.contains_key(&file.name) {
                        break;
                    }
                    file.name = format!("{plain} ({count})");
                }
                files.insert(file.name.clone(), file);
            }
            Err(problem) => problems.push(problem),
        }
    }
    Sources::from_files(files.into_values())
}

/// Finds the files that a path names.
fn collect(path: &Path, request: &Request, candidates: &mut Vec<Candidate>, loaded: &mut Loaded) {
    let name = shown_name(path);
    if request.fence.refuses(path) {
        loaded.problems.push(Problem::OutsideFence { name });
        return;
    }
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let before = (candidates.len(), loaded.problems.len());
            walk(path, request, candidates, loaded);
            if before == (candidates.len(), loaded.problems.len()) {
                loaded.problems.push(Problem::NoManifests { name });
            }
        }
        Ok(_) => candidates.push(Candidate { name, path: path.to_path_buf() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => loaded.problems.push(Problem::Missing { name }),
        Err(error) => loaded.problems.push(Problem::Unreadable { name, error }),
    }
}

/// Folders that are left out because their lists of ignored files cannot be read.
type Unfit = Arc<Mutex<Vec<Problem>>>;

/// The way through a folder.
fn walker(folder: &Path, unfit: &Unfit) -> impl Iterator<Item = Result<DirEntry, ignore::Error>> + use<> {
    let tell = |unfit: &Unfit, problem: Option<Problem>| {
        let is_fit = problem.is_none();
        unfit.lock().unwrap_or_else(PoisonError::into_inner).extend(problem);
        is_fit
    };
    let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    let is_fit = tell(unfit, real.ancestors().find_map(unfit_ignores));
    let mut walker = WalkBuilder::new(folder);
    // A `.gitignore` counts outside of a repository too: an exported tree should give the same picture as its clone.
    // The user's own global one does not, because the picture would depend on whose machine it is. Links to folders are
    // not followed, which also keeps loops out.
    walker.require_git(false).git_global(false).follow_links(false).sort_by_file_name(|a, b| a.cmp(b));
    let unfit = unfit.clone();
    // The lists are read where a folder is entered, which comes after this.
    walker.filter_entry(move |entry| {
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        !is_folder || tell(&unfit, unfit_ignores(entry.path()))
    });
    is_fit.then(|| walker.build()).into_iter().flatten()
}

/// Where everything is that is read, for those who wait until it changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The files.
    pub files: BTreeSet<PathBuf>,
    /// The folders in which a new file would be read.
    pub folders: BTreeSet<PathBuf>,
}

/// The places that [`load`] looks at for some paths. What is not there has none.
pub fn places<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Places {
    let mut places = Places::default();
    for path in paths.into_iter().filter(|p| p.as_os_str() != "-") {
        if !path.is_dir() {
            places.files.insert(path.to_path_buf());
            continue;
        }
        for entry in walker(path, &Unfit::default()).flatten() {
            match entry.file_type() {
                // What is named outright may be a link to a folder.
                Some(kind) if kind.is_dir() || entry.depth() == 0 => places.folders.insert(entry.into_path()),
                Some(_) if is_manifest_name(entry.path()) => places.files.insert(entry.into_path()),
                _ => false,
            };
        }
    }
    places
}

/// All files below a folder, by their names.
pub(super) fn list(folder: &Path) -> Vec<String> {
    let entries = walker(folder, &Unfit::default()).flatten();
    let files = entries.filter(|entry| entry.file_type().is_some_and(|kind| !kind.is_dir()));
    let mut names: Vec<String> = files.map(|entry| shown_name(entry.path())).collect();
    names.sort();
    names
}

fn walk(folder: &Path, request: &Request, candidates: &mut Vec<Candidate>, loaded: &mut Loaded) {
    let bounds = (!request.follow_links).then(|| Bounds::around(folder));
    let unfit = Unfit::default();
    for entry in walker(folder, &unfit) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                loaded.problems.push(Problem::Walk { name: shown_name(folder), error: error.to_string() });
                continue;
            }
        };
        let Some(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            continue;
        }
        let path = entry.path();
        if !is_manifest_name(path) {
            loaded.skipped.other_files += 1;
            continue;
        }
        let name = shown_name(path);
        if kind.is_symlink() && bounds.as_ref().is_some_and(|bounds| bounds.hold(path).is_ok_and(|inside| !inside)) {
            loaded.problems.push(Problem::LinkOutwards { name });
            continue;
        }
        if kind.is_symlink() && request.fence.refuses(path) {
            loaded.problems.push(Problem::OutsideFence { name });
            continue;
        }
        // Only what a link leads to has to be looked at once more.
        let kind = if kind.is_symlink() { fs::metadata(path).map(|m| m.file_type()) } else { Ok(kind) };
        match kind {
            Ok(kind) if kind.is_file() => candidates.push(Candidate { name, path: path.to_path_buf() }),
            Ok(kind) if kind.is_dir() => loaded.skipped.other_files += 1,
            // Opening a pipe would wait for its writer.
            Ok(_) => loaded.problems.push(Problem::NotAFile { name }),
            Err(error) => loaded.problems.push(Problem::Unreadable { name, error }),
        }
    }
    loaded.problems.append(&mut unfit.lock().unwrap_or_else(PoisonError::into_inner));
}

/// True if a file of a folder is read.
pub fn is_manifest_name(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    matches!(extension.as_deref(), Some("yaml" | "yml" | "json"))
        || path.file_name().is_some_and(|n| is_kubectl_name(&n.to_string_lossy()))
}

/// True if a file is called as `kubectl diff` calls those that it hands to a program for comparing:
/// `apps.v1.Deployment.shop.web`, that is
/// `[GROUP.]VERSION.KIND.NAMESPACE.NAME` (<https://kubernetes.io/docs/reference/kubectl/generated/kubectl_diff/>).
fn is_kubectl_name(name: &str) -> bool {
    let parts: Vec<&str> = name.split('.').collect();
    let is_version =
        |part: &str| part.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_kind = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let version = parts.iter().position(|p| is_version(p));
    version.is_some_and(|v| parts.len() >= v + 4 && is_kind(parts[v + 1]))
}

/// Keeps one candidate per file: the one whose name sorts first.
pub(super) fn without_repeats(mut candidates: Vec<Candidate>, skipped: &mut Skipped) -> Vec<Candidate> {
    candidates.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    let file = |c: &Candidate| fs::canonicalize(&c.path).unwrap_or_else(|_| c.path.clone());
    let mut files = candidates.par_iter().map(file).collect::<Vec<_>>().into_iter();
    let mut seen = BTreeSet::new();
    candidates.retain(|_| {
        let new = files.next().is_some_and(|file| seen.insert(file));
        skipped.repeated += usize::from(!new);
        new
    });
    candidates
}

/// Reads a file, or says why not.
pub(super) fn read_file(candidate: &Candidate, limit: u64) -> Result<SourceFile, Problem> {
    let unreadable = |error| Problem::Unreadable { name: candidate.name.clone(), error };
    let metadata = fs::metadata(&candidate.path).map_err(unreadable)?;
    if metadata.is_file() && metadata.len() > limit {
        return Err(Problem::TooLarge { name: candidate.name.clone(), limit });
    }
    let mut file = File::open(&candidate.path).map_err(unreadable)?;
    read_text(&candidate.name, &mut file, metadata.len(), limit)
}

/// Reads a text to its end, or to the limit. It is probably as long as expected, in bytes.
pub(super) fn read_text(name: &str, from: &mut dyn Read, expected: u64, limit: u64) -> Result<SourceFile, Problem> {
    let unreadable = |error| Problem::Unreadable { name: name.to_owned(), error };
    // Pieces are put together only when all are there, so that a text without end costs no more than the limit.
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    let mut total = 0;
    loop {
        // Its end shows where there is room for more.
        let mut piece = Vec::with_capacity(expected.saturating_sub(total).min(PIECE_BYTES) as usize + 1);
        (&mut *from).take(PIECE_BYTES).read_to_end(&mut piece).map_err(unreadable)?;
        total += piece.len() as u64;
        if total > limit {
            return Err(Problem::TooLarge { name: name.to_owned(), limit });
        }
        let last = (piece.len() as u64) < PIECE_BYTES;
        pieces.push(piece);
        if last {
            break;
        }
    }
    let bytes = if pieces.len() == 1 { pieces.swap_remove(0) } else { pieces.concat() };
    named_text(name, bytes)
}

/// Makes a source file of bytes.
pub(super) fn named_text(name: &str, bytes: Vec<u8>) -> Result<SourceFile, Problem> {
    match text::decode(bytes) {
        Ok(text) => Ok(SourceFile { name: name.to_owned(), text: Arc::new(text.into()) }),
        Err(at) => {
            Err(Problem::NotText { name: name.to_owned(), encoding: at.encoding, line: at.line, column: at.column })
        }
    }
}

/// A path as it is shown: as given, with `/` between its parts and no `./` before it.
pub(super) fn shown_name(path: &Path) -> String {
    let text = path.to_string_lossy();
    let text =
        if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") };
    let mut rest = text.as_str();
    while let Some(shorter) = rest.strip_prefix("./") {
        rest = shorter.trim_start_matches('/');
    }
    if rest.is_empty() { ".".to_owned() } else { rest.to_owned() }
}
