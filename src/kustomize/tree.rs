//! The files of a kustomization: paths as they are written, and texts that are read once.

use std::collections::{BTreeMap, BTreeSet};

use super::edit;
use super::{Outcome, Reason, Unbuilt};
use crate::diagnostic::Severity;
use crate::manifest::{self, Tree};
use crate::source::{FileId, Files, SourceFile, Sources, Span};

/// A path from a folder, by its text alone: `overlays/prod` and `../../base` are `base`. The folder itself is `.`.
pub(crate) fn join(folder: &str, path: &str) -> String {
    let (root, folder) = folder.strip_prefix('/').map_or(("", folder), |rest| ("/", rest));
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if !root.is_empty() => {}
            other => parts.push(other),
        }
    }
    if parts.is_empty() && root.is_empty() { ".".to_owned() } else { format!("{root}{}", parts.join("/")) }
}

/// Whether a path is below a folder.
pub(crate) fn is_below(folder: &str, path: &str) -> bool {
    let rest = match folder {
        "." => Some(path).filter(|p| !p.starts_with('/')),
        "/" => path.strip_prefix('/'),
        folder => path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')),
    };
    rest.is_some_and(|rest| !rest.is_empty() && rest != "." && rest != ".." && !rest.starts_with("../"))
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether something that is asked for would have to be fetched.
pub(super) fn is_remote(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    path.contains("://")
        || path.starts_with("git@")
        || path.starts_with("git::")
        || path.contains("?ref=")
        || path.contains(".git/")
        || path.ends_with(".git")
        || (first.contains('.') && !first.starts_with('.') && path.matches('/').count() >= 2)
}

/// The texts that were read, each once.
pub(super) struct Texts<'f> {
    files: &'f dyn Files,
    list: Vec<SourceFile>,
    documents: BTreeMap<String, Vec<Tree>>,
    read: BTreeSet<String>,
}

impl<'f> Texts<'f> {
    pub fn new(files: &'f dyn Files) -> Self {
        Texts { files, list: Vec::new(), documents: BTreeMap::new(), read: BTreeSet::new() }
    }

    /// What was read.
    pub fn finish(self) -> (Vec<SourceFile>, Vec<String>) {
        (self.list, self.read.into_iter().collect())
    }

    /// `file:line` of a place.
    pub fn place(&self, span: Span) -> String {
        match self.list.get(span.file.index()) {
            Some(file) => format!("{}:{}", file.name(), span.line),
            None => format!("line {}", span.line),
        }
    }

    /// A reason why nothing is built.
    pub fn not(&self, reason: Reason, span: Span, what: impl Into<String>) -> Unbuilt {
        Unbuilt { reason, at: self.place(span), what: what.into() }
    }

    /// Whether there is a folder of this path.
    pub fn is_folder(&self, path: &str) -> bool {
        self.files.is_folder(path)
    }

    /// Whether a file is below a folder by its path and, as far as can be told, through links
    /// (<https://kubectl.docs.kubernetes.io/faq/kustomize/#security-file-foo-is-not-in-or-below-bar>).
    pub fn is_inside(&self, folder: &str, path: &str) -> bool {
        let real = |path: &str| self.files.real(path).map(|real| join(".", &real));
        is_below(folder, path)
            && match (real(folder), real(path)) {
                (Some(folder), Some(path)) => is_below(&folder, &path),
                _ => true,
            }
    }

    /// The content of a file.
    pub fn bytes(&mut self, path: &str) -> Option<Vec<u8>> {
        let bytes = self.files.read(path)?;
        self.read.insert(path.to_owned());
        Some(bytes)
    }

    /// The documents of a file; `None` if it is not there.
    pub fn documents(&mut self, path: &str) -> Outcome<Option<Vec<Tree>>> {
        if let Some(known) = self.documents.get(path) {
            return Ok(Some(known.clone()));
        }
        let Some(bytes) = self.bytes(path) else { return Ok(None) };
        let refused = |what: String| Unbuilt { reason: Reason::Refused, at: path.to_owned(), what };
        let Ok(text) = String::from_utf8(bytes) else {
            return Err(refused("not valid UTF-8".into()));
        };
        let file = SourceFile::new(path, text);
        let id = FileId::at(self.list.len());
        let mut trees = parse(&file).map_err(|(line, what)| Unbuilt {
            reason: Reason::Refused,
            at: format!("{path}:{line}"),
            what,
        })?;
        self.list.push(file);
        trees.iter_mut().for_each(|tree| edit::move_places(tree, &mut |span| Span { file: id, ..span }));
        self.documents.insert(path.to_owned(), trees.clone());
        Ok(Some(trees))
    }

    /// Adds files that were read elsewhere, and gives trees whose places count these their places here.
    pub fn add(&mut self, files: &[SourceFile], trees: &mut [Tree]) {
        let start = self.list.len();
        self.list.extend(files.iter().cloned());
        let moved = |span: Span| Span { file: FileId::at(start + span.file.index()), ..span };
        trees.iter_mut().for_each(|tree| edit::move_places(tree, &mut |span| moved(span)));
    }

    /// The documents of a text that stands in a file, with their places there.
    pub fn inline(&self, scalar: &Tree) -> Outcome<Vec<Tree>> {
        let text = scalar.as_str().unwrap_or_default();
        let whole = self.list.get(scalar.span.file.index()).map(SourceFile::text).unwrap_or_default();
        let file = SourceFile::new("inline", text);
        let mut trees = parse(&file).map_err(|(_, what)| self.not(Reason::Refused, scalar.span, what))?;
        let block = Block::of(whole, scalar.span);
        for tree in &mut trees {
            edit::move_places(tree, &mut |span| block.as_ref().map_or(scalar.span, |b| b.place(span)));
        }
        Ok(trees)
    }
}

/// The documents of a text, or the line of what is wrong with it and what that is.
fn parse(file: &SourceFile) -> Result<Vec<Tree>, (u32, String)> {
    let sources = Sources::from_files([file.clone()]);
    let Some(id) = sources.ids().next() else { return Ok(Vec::new()) };
    let read = manifest::values(&sources, id);
    let fault = read
        .diagnostics
        .into_iter()
        .find(|d| d.severity == Severity::Error || d.code == crate::diagnostic::Code::YamlDuplicateKey);
    match fault {
        Some(fault) => Err((fault.at.map_or(1, |at| at.line), fault.message)),
        None => Ok(read.value.into_iter().filter(|tree| !tree.is_null()).collect()),
    }
}

/// A block of text (`key: |`) in a file.
struct Block {
    span: Span,
    /// The line of its first line.
    line: u32,
    /// Where each of its lines begins.
    starts: Vec<u32>,
    indent: u32,
}

impl Block {
    /// That of a scalar, whose place is its sign or its first letter; `None` if it is written in another way.
    fn of(text: &str, span: Span) -> Option<Block> {
        let start = span.start as usize;
        let is_sign = |line: &str| {
            let head = line.trim_end().trim_end_matches(|c: char| c.is_ascii_digit() || "+-".contains(c));
            head.ends_with('|')
        };
        let line_start = text.get(..start)?.rfind('\n').map_or(0, |n| n + 1);
        let (first, line) = if text.get(start..)?.starts_with('|') {
            (start + text.get(start..)?.find('\n')? + 1, span.line + 1)
        } else if text.get(..line_start)?.lines().next_back().is_some_and(is_sign) {
            (line_start, span.line)
        } else {
            return None;
        };
        let end = (span.end as usize).min(text.len());
        let mut starts = vec![first as u32];
        let mut at = first;
        while let Some(next) = text.get(at..end).and_then(|rest| rest.find('\n')) {
            at += next + 1;
            starts.push(at as u32);
        }
        let content = text.get(first..)?.lines().find(|line| !line.trim().is_empty())?;
        let indent = (content.len() - content.trim_start_matches(' ').len()) as u32;
        Some(Block { span, line, starts, indent })
    }

    fn place(&self, inner: Span) -> Span {
        let Some(start) = self.starts.get(inner.line as usize - 1) else { return self.span };
        let start = (start + self.indent + inner.column - 1).min(self.span.end);
        let length = inner.end.saturating_sub(inner.start);
        Span {
            file: self.span.file,
            line: self.line + inner.line - 1,
            column: inner.column + self.indent,
            start,
            // Every further line of the text is indented too.
            end: (start + length).min(self.span.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_by_their_text() {
        for (folder, path, expected) in [
            (".", "base", "base"),
            ("overlays/prod", "../../base", "base"),
            ("overlays/prod", "../..", "."),
            (".", "../x", "../x"),
            ("..", "../x", "../../x"),
            ("/a/b", "../../../c", "/c"),
            ("a", "./b/./c.yaml", "a/b/c.yaml"),
        ] {
            assert_eq!(join(folder, path), expected, "{folder} {path}");
        }
        assert!(is_below(".", "a.yaml") && is_below("a", "a/b") && is_below("..", "../a"));
        assert!(!is_below(".", "../a") && !is_below("a", "ab") && !is_below("a", "a") && !is_below("..", "../.."));
    }

    #[test]
    fn what_is_fetched_is_told_from_what_is_here() {
        for path in ["https://x/y.yaml", "github.com/a/b/c?ref=v1", "git@github.com:a/b.git", "github.com/a/b"] {
            assert!(is_remote(path), "{path}");
        }
        for path in ["../../base", "./a/b/c.yaml", "base/x.yaml", "v1.2/a.yaml"] {
            assert!(!is_remote(path), "{path}");
        }
    }
}
