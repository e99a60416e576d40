//! Where text comes from. Guarantees: files are in path order with no path twice, their text is UTF-8 without a byte
//! order mark, and every place in them can be named as `file:line`. With `cli`, the only room that touches the system.

mod bounds;
mod cache;
mod files;
mod git;
mod live;
mod load;
mod problem;
mod render;
mod secrecy;
mod span;
mod template;
mod temporary;
mod text;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

pub use bounds::{Fence, MAX_SETTINGS_BYTES, is_link_outwards, read_settings};
pub use cache::{Cache, CacheKey};
pub use files::{Disk, Files};
pub use git::{GitError, GitRange, GitRequest, GitState, Side, changed_files, git_folders, load_range, states};
pub use git::{answer_length, tree_names};
pub use live::{ClusterRequest, LiveCluster, NotRead, read_cluster};
pub use load::{
    DEFAULT_MAX_FILE_BYTES, Loaded, Places, Request, STDIN_NAME, Skipped, files_read, is_manifest_name, load,
    load_files, places,
};
pub use problem::Problem;
pub use render::{Copied, HelmChart, Inflate, Programs, helm_template, kustomize_as, kustomize_build, kustomize_with};
pub use span::{FileId, Span};
pub use template::template_of;
pub use temporary::{TemporaryFile, TemporaryFolder, remove_temporaries};

/// One input text and the name it is shown under. Copies share the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    name: String,
    text: Arc<Text>,
}

/// A text, and what of it is not shown, once somebody has asked.
#[derive(Clone, Debug, Default)]
struct Text {
    text: String,
    hidden: OnceLock<Vec<Range<usize>>>,
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.text == other.text
    }
}

impl Eq for Text {}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text { text, hidden: OnceLock::new() }
    }
}

impl SourceFile {
    /// A text under a name. A byte order mark is dropped.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        SourceFile { name: name.into(), text: Arc::new(text.into()) }
    }

    /// The name it is shown under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text.text
    }
}

/// All input texts, in path order.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// A set from `(name, text)` pairs, in any order. Of two texts with one name the first is kept.
    pub fn from_texts<N: Into<String>, T: Into<String>>(texts: impl IntoIterator<Item = (N, T)>) -> Self {
        Sources::from_files(texts.into_iter().map(|(name, text)| SourceFile::new(name, text)))
    }

    /// A set from files, in any order. Of two files with one name the first is kept.
    pub fn from_files(files: impl IntoIterator<Item = SourceFile>) -> Self {
        let mut files: Vec<SourceFile> = files.into_iter().collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        files.dedup_by(|b, a| a.name == b.name);
        Sources { files }
    }

    /// Both sets as one. Ids and spans made from either before do not hold for the result.
    pub fn merge(self, other: Sources) -> Self {
        Sources::from_files(self.files.into_iter().chain(other.files))
    }

    /// The set without some files. Ids and spans made before do not hold for the result.
    pub fn without(self, is_left_out: impl Fn(&str) -> bool) -> Self {
        Sources { files: self.files.into_iter().filter(|file| !is_left_out(&file.name)).collect() }
    }

    /// Keeps the other set's copy of each text that is the same under the same name.
    fn share(&mut self, other: &Sources) {
        for file in &mut self.files {
            let found = other.files.binary_search_by(|o| o.name.cmp(&file.name));
            if let Some(same) = found.ok().map(|at| &other.files[at]).filter(|o| o.text == file.text) {
                file.text = same.text.clone();
            }
        }
    }

    /// The ids of all files, in path order.
    pub fn ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..self.files.len() as u32).map(FileId)
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// True if there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The name a file is shown under: its path as given, with `/` between its parts, or `<stdin>`.
    pub fn name(&self, file: FileId) -> &str {
        &self.files[file.index()].name
    }

    /// The text of a file.
    pub fn text(&self, file: FileId) -> &str {
        self.files[file.index()].text()
    }

    /// The ranges of bytes of a file that nobody may see, whole lines, ascending: what may be the values of Secrets,
    /// and documents that are no manifests.
    pub(crate) fn hidden(&self, file: FileId) -> &[Range<usize>] {
        let text = &self.files[file.index()].text;
        text.hidden.get_or_init(|| secrecy::hidden(&text.text))
    }

    /// Whether the line on which a place begins may be shown.
    pub(crate) fn shows(&self, at: Span) -> bool {
        let start = at.start as usize;
        let hidden = self.hidden(at.file);
        let next = hidden.partition_point(|range| range.end <= start);
        // At the end of a text the last line is meant.
        let before = next.checked_sub(1).filter(|_| start >= self.text(at.file).len());
        let is_in = |range: &Range<usize>| range.contains(&start) || (range.end == start && before.is_some());
        !hidden.get(before.unwrap_or(next)).is_some_and(is_in)
    }

    /// The same texts, of which everything may be shown: they are no input but settings of ours.
    #[cfg(any(feature = "cli", test))]
    #[must_use]
    #[cfg(feature = "cli")]
    pub(crate) fn all_shown(self) -> Sources {
        for file in &self.files {
            let _ = file.text.hidden.set(Vec::new());
        }
        self
    }

    /// The place for a reader of a repository: the template of what helm rendered, whose lines are others, else
    /// `file:line`.
    pub fn origin_of(&self, span: Span) -> String {
        let template = self.name(span.file).starts_with("helm:").then(|| template_of(self, span)).flatten();
        template.unwrap_or_else(|| self.line_of(span))
    }

    /// `file:line` of a place.
    pub fn line_of(&self, span: Span) -> String {
        format!("{}:{}", self.name(span.file), span.line)
    }
}
