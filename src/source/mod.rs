//! Where text comes from. Guarantees: files are in path order with no path twice, their text is UTF-8 without a byte order mark,
//! and every place in them can be named as `file:line`. With `cli`, the only room that touches the system.

mod span;

pub use span::{FileId, Span};

/// One input text and the name it is shown under.
#[derive(Clone, Debug)]
pub struct SourceFile {
    name: String,
    text: String,
}

/// All input texts, in path order.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// A set from `(name, text)` pairs, in any order. Of two texts with one name the first is kept.
    pub fn from_texts<N: Into<String>, T: Into<String>>(texts: impl IntoIterator<Item = (N, T)>) -> Self {
        let mut files: Vec<SourceFile> = texts
            .into_iter()
            .map(|(name, text)| SourceFile {
                name: name.into(),
                text: text.into(),
            })
            .collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        files.dedup_by(|b, a| a.name == b.name);
        Sources { files }
    }

    /// The ids of all files, in path order.
    pub fn ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..self.files.len() as u32).map(FileId)
    }

    /// The name a file is shown under: its path as given, with `/` between its parts, or `<stdin>`.
    pub fn name(&self, file: FileId) -> &str {
        &self.files[file.index()].name
    }

    /// The text of a file.
    pub fn text(&self, file: FileId) -> &str {
        &self.files[file.index()].text
    }

    /// `file:line` of a place.
    pub fn line_of(&self, span: Span) -> String {
        format!("{}:{}", self.name(span.file), span.line)
    }
}
