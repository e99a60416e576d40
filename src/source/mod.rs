//! Where text comes from. Guarantees: files are in path order with no path twice, their text is UTF-8 without a byte
//! order mark, and every place in them can be named as `file:line`. With `cli`, the only room that touches the system.

mod git;
mod load;
mod problem;
mod render;
mod span;
mod template;
mod text;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

pub use git::{GitError, GitRange, GitRequest, Side, git_folders, load_range};
pub use load::{
    DEFAULT_MAX_FILE_BYTES, Loaded, Places, Request, STDIN_NAME, Skipped, is_manifest_name, load, load_files, places,
};
pub use problem::Problem;
pub use render::{HelmChart, Programs, helm_template, kustomize_build};
pub use span::{FileId, Span};
pub use template::template_of;

/// One input text and the name it is shown under. Copies share the text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    name: String,
    text: Arc<String>,
    withheld: Arc<OnceLock<Vec<(usize, usize)>>>,
}

impl PartialEq for SourceFile {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.text) == (&other.name, &other.text)
    }
}

impl Eq for SourceFile {}

impl SourceFile {
    /// A text under a name. A byte order mark is dropped.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        SourceFile { name: name.into(), text: text.into(), withheld: Arc::default() }
    }

    /// The name it is shown under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
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

    /// Keeps the other set's copy of each text that is the same under the same name.
    fn share(&mut self, other: &Sources) {
        for file in &mut self.files {
            let found = other.files.binary_search_by(|o| o.name.cmp(&file.name));
            if let Some(same) = found.ok().map(|at| &other.files[at]).filter(|o| o.text == file.text) {
                (file.text, file.withheld) = (same.text.clone(), same.withheld.clone());
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
        &self.files[file.index()].text
    }

    /// Notes the stretches of a text, in bytes, that nobody may see. The first that says so counts.
    pub(crate) fn withhold(&self, file: FileId, mut ranges: Vec<(usize, usize)>) {
        ranges.sort_unstable();
        let mut apart: Vec<(usize, usize)> = Vec::with_capacity(ranges.len());
        for (start, end) in ranges {
            match apart.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => apart.push((start, end)),
            }
        }
        let _ = self.files[file.index()].withheld.set(apart);
    }

    /// The stretches of a text that nobody may see, ascending and apart from each other: whoever shows a piece of a text
    /// leaves them out. Everything, as long as nobody has looked for them.
    pub(crate) fn withheld(&self, file: FileId) -> Cow<'_, [(usize, usize)]> {
        let file = &self.files[file.index()];
        match file.withheld.get() {
            Some(ranges) => Cow::Borrowed(ranges),
            None => Cow::Owned(vec![(0, file.text.len())]),
        }
    }

    /// `file:line` of a place.
    pub fn line_of(&self, span: Span) -> String {
        format!("{}:{}", self.name(span.file), span.line)
    }
}
