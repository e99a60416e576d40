//! What of a text nobody may see: the one place that decides what may be the value of a Secret.
//!
//! Guarantees, once [`take`] has seen a document: its trees hold no such value, so no message, picture or table can; and
//! the ranges that it gives cover all of them in the text, so no excerpt does. Where a document is damaged, everything
//! counts as a value but the names of well-known fields; of a text that is no manifest nothing is shown at all.

use std::borrow::Cow;

use super::tree::{Entry, Tree, Value};

/// A stretch of a text, in bytes.
pub(super) type Range = (usize, usize);

/// kubectl's copy of an object, which may be one of a Secret.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The fields of a Secret that hold no value of it. Whatever else stands beside them was meant to be further in.
const OF_SECRET: &[&str] = &["apiVersion", "kind", "metadata", "type", "immutable", "status"];

/// The fields of its metadata that hold none.
const OF_METADATA: &[&str] = &[
    "name",
    "generateName",
    "namespace",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "managedFields",
];

/// What is shown of a damaged document: fields that say where in it a reader is.
const FAMILIAR: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "namespace",
    "labels",
    "annotations",
    "type",
    "immutable",
    "data",
    "stringData",
    "encryptedData",
    "items",
    "spec",
    "template",
    "target",
];

/// How a text is known to be one whose excerpts may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// By what every manifest has.
    Manifest,
    /// By the key that our configuration begins with.
    Configuration,
}

impl Sort {
    fn is_known(self, text: &str) -> bool {
        match self {
            Sort::Manifest => ["apiVersion", "kind"].iter().any(|key| has_key(text, key)),
            Sort::Configuration => text.lines().any(|line| line.starts_with("check:")),
        }
    }
}

/// The text of a damaged document as messages may speak of it: of the same length, with `*` for all that is withheld.
pub(super) fn masked(text: &str, sort: Sort) -> Cow<'_, str> {
    let ranges = rough(text, sort);
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end) in ranges {
        out.push_str(&text[at..start]);
        out.extend(std::iter::repeat_n('*', end - start));
        at = end;
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

/// Takes the values of Secrets out of the trees of a document, and gives the places in the file that nobody may see.
/// `offset` is where the text of the document begins in its `file`.
pub(super) fn take(file: &str, (offset, end): Range, trees: &mut [Tree], damage: Damage, sort: Sort) -> Vec<Range> {
    let mut ranges = Vec::new();
    for tree in trees {
        let mut finder = Finder { file, ranges: &mut ranges, aliased: Vec::new() };
        finder.look(tree, Place::Object(None));
        // The text of an anchor is elsewhere, under a name that says nothing of it.
        let aliased = std::mem::take(&mut finder.aliased);
        if !aliased.is_empty() {
            finder.same_as(tree, &aliased);
        }
    }
    if damage == Damage::Some {
        ranges.extend(rough(&file[offset..end], sort).into_iter().map(|(start, end)| (offset + start, offset + end)));
    }
    ranges
}

/// Whether a document could be read as it was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// It is whole.
    None,
    /// It is no YAML, or holds a key twice.
    Some,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place<'a> {
    /// Where an object stands: by itself, or in a list, whose kind may say of which kind its elements are.
    Object(Option<&'a str>),
    /// Inside of an object.
    Inner,
}

struct Finder<'a> {
    file: &'a str,
    ranges: &'a mut Vec<Range>,
    /// Texts of values that are aliases.
    aliased: Vec<Box<str>>,
}

impl Finder<'_> {
    /// Looks through a value.
    fn look(&mut self, tree: &mut Tree, place: Place<'_>) {
        match &mut tree.value {
            Value::Seq(items) => items.iter_mut().for_each(|item| self.look(item, place)),
            Value::Map(entries) => {
                let own = entries.iter().find(|e| &*e.key == "kind").and_then(|e| e.value.as_str()).map(str::to_owned);
                let element = if let Place::Object(element) = place { element } else { None };
                let kind = own.as_deref().or(element).unwrap_or_default();
                let of_list = kind.strip_suffix("List").filter(|k| !k.is_empty()).map(str::to_owned);
                // A reference to a Secret names its kind too.
                let is_object = place != Place::Inner
                    || entries.iter().any(|e| matches!(&*e.key, "metadata" | "data" | "stringData"));
                let is_secret = is_object && ["secret", "secrets"].contains(&kind.to_ascii_lowercase().as_str());
                for entry in entries {
                    self.entry(entry, kind, is_secret, of_list.as_deref());
                }
            }
            _ => {}
        }
    }

    fn entry(&mut self, entry: &mut Entry, kind: &str, is_secret: bool, of_list: Option<&str>) {
        match &*entry.key {
            "stringData" | "encryptedData" => self.values(entry),
            "data" if kind != "ConfigMap" => self.values(entry),
            LAST_APPLIED => self.hide(&mut entry.value),
            "items" => self.look(&mut entry.value, Place::Object(of_list)),
            key if is_secret && !OF_SECRET.contains(&key) => self.values(entry),
            "metadata" if is_secret => {
                if let Value::Map(inner) = &mut entry.value.value {
                    for inner in inner.iter_mut().filter(|e| !OF_METADATA.contains(&&*e.key)) {
                        self.values(inner);
                    }
                }
                self.look(&mut entry.value, Place::Inner);
            }
            _ => self.look(&mut entry.value, Place::Inner),
        }
    }

    /// Hides the values of a mapping, whose keys may be seen, or else all that there is.
    fn values(&mut self, entry: &mut Entry) {
        let span = (entry.value.span.start as usize, entry.value.span.end as usize);
        match &mut entry.value.value {
            Value::Map(entries) => {
                entries.iter_mut().for_each(|e| self.hide(&mut e.value));
                self.comments(entry.key_span.end as usize, span.1);
            }
            _ => self.hide(&mut entry.value),
        }
    }

    /// A value that was commented out is one all the same: comments between two places, and below the second one.
    fn comments(&mut self, from: usize, to: usize) {
        let (from, to) = (self.file.floor_char_boundary(from), self.file.floor_char_boundary(to));
        let hidden: Vec<Range> = self.ranges.iter().copied().filter(|(start, _)| *start >= from).collect();
        let mut at = from;
        for line in self.file[from..].split_inclusive('\n') {
            let text = line.trim_end();
            let begins = |hash: &usize| {
                let is_inside = hidden.iter().any(|(start, end)| (*start..*end).contains(&(at + hash)));
                !is_inside && (*hash == 0 || text[..*hash].ends_with([' ', '\t']))
            };
            let comment = text.match_indices('#').map(|(hash, _)| hash).find(begins);
            let past = at >= to;
            if past && !text.is_empty() && comment.is_none_or(|hash| !text[..hash].trim().is_empty()) {
                break;
            }
            if let Some(hash) = comment {
                self.ranges.push((at + hash, at + text.len()));
            }
            at += line.len();
        }
    }

    /// Hides a value in the text, and blanks it in the tree, where its type stays.
    fn hide(&mut self, tree: &mut Tree) {
        let start = self.file.floor_char_boundary(tree.span.start as usize);
        let end = self.file.ceil_char_boundary(tree.span.end as usize).max(start);
        // A block of text ends where the next line begins to say something.
        let end = start + self.file[start..end].trim_end().len();
        if start < end {
            self.ranges.push((start, end));
        }
        let is_alias = self.file[start..].starts_with('*');
        // What lies below an alias, or below a merge key, is written elsewhere.
        match &mut tree.value {
            Value::Map(entries) => entries.iter_mut().for_each(|e| self.hide(&mut e.value)),
            Value::Seq(items) => items.iter_mut().for_each(|item| self.hide(item)),
            Value::Str(text) => {
                let text = std::mem::take(text);
                self.aliased.extend((is_alias && !text.is_empty()).then_some(text));
            }
            Value::Int(number) => *number = 0,
            Value::UInt(number) => *number = 0,
            Value::Float(number) => *number = 0.0,
            Value::Bool(value) => *value = false,
            Value::Null => {}
        }
    }

    fn same_as(&mut self, tree: &mut Tree, texts: &[Box<str>]) {
        match &mut tree.value {
            Value::Map(entries) => entries.iter_mut().for_each(|e| self.same_as(&mut e.value, texts)),
            Value::Seq(items) => items.iter_mut().for_each(|item| self.same_as(item, texts)),
            Value::Str(text) if texts.contains(text) => self.hide(tree),
            _ => {}
        }
    }
}

/// The stretches of a damaged document that are withheld, ascending, each within a line.
fn rough(text: &str, sort: Sort) -> Vec<Range> {
    let known = sort.is_known(text);
    if known && (sort == Sort::Configuration || !may_hold_secret(text)) {
        return Vec::new();
    }
    let mut ranges = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let content = line.trim();
        let start = at + (line.len() - line.trim_start().len());
        let end = start + content.len();
        let from = if known { start + familiar(content) } else { start };
        let from = from + (text[from..end].len() - text[from..end].trim_start().len());
        if from < end && !matches!(content, "---" | "...") {
            ranges.push((from, end));
        }
        at += line.len();
    }
    ranges
}

/// The length of what may be seen at the beginning of a line: dashes and a familiar key with its colon.
fn familiar(line: &str) -> usize {
    let body = line.trim_start_matches(['-', ' ']);
    let before = line.len() - body.len();
    let Some((key, rest)) = body.split_once(':') else { return 0 };
    if !FAMILIAR.contains(&key) || !(rest.is_empty() || rest.starts_with(' ')) {
        return 0;
    }
    let seen = before + key.len() + 1;
    let word = rest.trim();
    // What an object is helps to find it.
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.'));
    if matches!(key, "apiVersion" | "kind") && plain && word.len() <= 63 { line.len() } else { seen }
}

/// True if something in a damaged document may be a Secret: its kind, a field that only Secrets have, a copy that
/// kubectl keeps, or data that no ConfigMap accounts for.
fn may_hold_secret(text: &str) -> bool {
    let secret = words(text).any(|word| {
        let word = word.strip_suffix("List").unwrap_or(word);
        word.ends_with("Secret") || matches!(word, "SECRET" | "Secrets" | "SealedSecrets")
    });
    let lower = words(text).zip(words(text).skip(1)).any(|(key, kind)| {
        key == "kind" && ["secret", "secrets", "secretlist"].contains(&kind.to_ascii_lowercase().as_str())
    });
    let fields = ["stringData", "encryptedData", "last-applied-configuration"].iter().any(|field| text.contains(field));
    let count = |wanted: &str| words(text).filter(|word| *word == wanted).count();
    secret || lower || fields || count("data") > count("ConfigMap")
}

/// The words of a text: letters and digits.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// True if a text has a key of this name somewhere.
fn has_key(text: &str, key: &str) -> bool {
    text.match_indices(key).any(|(at, _)| {
        let behind = text[at + key.len()..].trim_start_matches(['"', '\'']).trim_start_matches([' ', '\t']);
        let before = text[..at].trim_end_matches(['"', '\'']);
        behind.starts_with(':') && (before.is_empty() || before.ends_with([' ', '\t', '\n', '\r', '{', ',']))
    })
}
