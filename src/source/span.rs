//! Places in the input: which file, which line and column, which bytes.

use std::cmp::Ordering;

/// A file of a [`Sources`](super::Sources) set. Files are numbered in path order, so comparing ids compares paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(super) u32);

impl FileId {
    /// The position of the file in its set.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The file at a position of a set that is being put together.
    pub(crate) fn at(index: usize) -> FileId {
        FileId(index as u32)
    }
}

/// A stretch of one input file. Lines and columns count from 1, columns in characters; `start..end` are byte offsets
/// into the file's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Line of the first character, from 1.
    pub line: u32,
    /// Column of the first character, from 1.
    pub column: u32,
    /// Byte offset of the first character.
    pub start: u32,
    /// Byte offset just after the last character.
    pub end: u32,
}

impl Span {
    fn key(&self) -> (FileId, u32, u32) {
        (self.file, self.start, self.end)
    }
}

impl PartialOrd for Span {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Span {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}
