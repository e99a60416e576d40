//! What of an object's text readers may see: its lines as they are written, without values that may be secret.
//!
//! Guarantees: no value of a Secret, ever; and unless asked for no value of a ConfigMap, of an environment variable, of
//! an annotation outside of Kubernetes' own domains, and no argument or address that may carry one of these, whatever
//! its notation: the values are found in the tree, aliases included. What nobody can know to be secret, such as a
//! comment that stands elsewhere, stays. Lines keep their numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::hint::Input;
use super::prune;
use super::split::{self, Chunk};
use super::tree::{Entry, Tree, Value};
use crate::source::{FileId, Sources, Span};

/// kubectl's copy of an object, which may be one of a Secret.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// What stands in place of a value that is not shown.
pub const WITHHELD: &str = "•••";
/// The most lines of one object.
const MAX_LINES: usize = 800;
/// The most bytes of one object.
const MAX_BYTES: usize = 64 << 10;

/// Whether values that may be secret are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// They are replaced by [`WITHHELD`].
    Withheld,
    /// The text is shown as it is, without the values of Secrets.
    Open,
}

/// The text of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// Its file.
    pub file: FileId,
    /// Stretches of whole lines without line breaks at their ends, each with the number of its first line, ascending.
    /// The indentation that the object has in a list is gone.
    pub parts: Vec<(u32, String)>,
    /// How many lines are left out at the end.
    pub cut: usize,
}

/// The texts of objects, which are given by their spans, in the order of these.
pub fn excerpts(sources: &Sources, objects: &[Span], secrecy: Secrecy) -> Vec<Excerpt> {
    let mut starts: BTreeMap<FileId, Vec<usize>> = BTreeMap::new();
    for object in objects {
        starts.entry(object.file).or_default().push(object.start as usize);
    }
    let withheld: BTreeMap<FileId, Vec<(usize, usize)>> = starts
        .into_iter()
        .map(|(file, mut starts)| {
            starts.sort_unstable();
            (file, secrets(sources, file, &starts, secrecy))
        })
        .collect();
    objects
        .iter()
        .map(|object| {
            let hidden = withheld.get(&object.file).map_or(&[][..], Vec::as_slice);
            excerpt(sources.text(object.file), *object, hidden)
        })
        .collect()
}

/// The byte ranges of the documents in which something starts that are not shown, ascending and apart from each other.
/// The starts are ascending.
fn secrets(sources: &Sources, file: FileId, starts: &[usize], secrecy: Secrecy) -> Vec<(usize, usize)> {
    let text = sources.text(file);
    let mut all = BTreeSet::new();
    let wanted = |chunk: &Chunk<'_>| {
        let first = starts.partition_point(|start| *start < chunk.offset);
        starts.get(first).is_some_and(|start| *start <= chunk.offset + chunk.text.len())
    };
    for chunk in split::documents(text).into_iter().filter(wanted) {
        let (mut trees, mut problems) = (Vec::new(), Vec::new());
        let read = super::read_trees(&Input { file, chunk }, &mut trees, &mut problems);
        if read.is_err() || !problems.is_empty() {
            // The tree does not hold all that is written.
            let (from, to) = (chunk.offset, chunk.offset + chunk.text.len());
            let here = sources.hidden(file).iter().filter(|range| range.start < to && range.end > from);
            all.extend(here.map(|range| (range.start.max(from), range.end.min(to))));
        }
        for tree in &trees {
            let mut finder = Finder { text, secrecy, found: BTreeSet::new(), aliased: Vec::new() };
            finder.object(tree, Holds::Config);
            // The text of the anchor is elsewhere, under a name that says nothing of it.
            if !finder.aliased.is_empty() {
                let aliased = std::mem::take(&mut finder.aliased);
                finder.same_as(tree, &aliased);
            }
            all.append(&mut finder.found);
        }
    }
    let mut apart: Vec<(usize, usize)> = Vec::new();
    for (start, end) in all {
        match apart.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => apart.push((start, end)),
        }
    }
    apart
}

/// The fields below which Secrets, what becomes Secrets, and ConfigMaps keep their values.
const VALUES: &[&str] = &["data", "stringData", "binaryData", "encryptedData"];

/// The fields that the metadata of an object has. What else stands there in a Secret was meant to be further out.
const METADATA: &[&str] = &[
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// What the fields called [`VALUES`] hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// Values of a Secret or ConfigMap.
    Values,
    /// Something else.
    Config,
}

/// `Secret`, `SecretList`, `SealedSecret` and the like.
fn is_of_secrets(kind: &str) -> bool {
    kind.to_ascii_lowercase().contains("secret")
}

struct Finder<'a> {
    text: &'a str,
    secrecy: Secrecy,
    found: BTreeSet<(usize, usize)>,
    /// Texts of values that are aliases.
    aliased: Vec<String>,
}

impl Finder<'_> {
    /// Looks through an object, or a list of them. What it is a part of may say what it holds.
    fn object(&mut self, tree: &Tree, within: Holds) {
        let kind = tree.get("kind").and_then(Tree::as_str).unwrap_or_default();
        let holds = match kind {
            kind if is_of_secrets(kind) => Holds::Values,
            "ConfigMap" | "ConfigMapList" if self.secrecy == Secrecy::Withheld => Holds::Values,
            "ConfigMap" | "ConfigMapList" => Holds::Config,
            _ => within,
        };
        if kind == "Secret" {
            for entry in tree.entries() {
                let is_told = match &*entry.key {
                    "immutable" => matches!(entry.value.value, Value::Bool(_)),
                    "apiVersion" | "kind" | "type" => entry.value.as_str().is_some(),
                    key => key == "metadata" || VALUES.contains(&key),
                };
                if !is_told {
                    self.hide(&entry.value);
                }
            }
            let metadata = tree.get("metadata").map(Tree::entries).unwrap_or_default();
            for entry in metadata.iter().filter(|e| !METADATA.contains(&&*e.key)) {
                self.values(entry);
            }
        }
        self.fields(tree, holds);
    }

    fn fields(&mut self, tree: &Tree, holds: Holds) {
        match &tree.value {
            Value::Map(entries) => {
                for entry in entries {
                    match (&*entry.key, &entry.value) {
                        (LAST_APPLIED, value) => self.hide(value),
                        ("stringData" | "encryptedData", _) => self.values(entry),
                        (key, _) if holds == Holds::Values && VALUES.contains(&key) => self.values(entry),
                        (_, value) if self.secrecy == Secrecy::Open => self.part(value, holds),
                        ("managedFields", value) => self.hide(value),
                        ("annotations", value) => self.annotations(value),
                        ("env", value) => value.items().iter().for_each(|v| self.variable(v)),
                        ("args" | "command", value) => self.arguments(value),
                        (_, value) => self.part(value, holds),
                    }
                }
            }
            Value::Seq(items) => items.iter().for_each(|item| self.object(item, holds)),
            Value::Str(text) if self.secrecy == Secrecy::Withheld && has_credentials(text) => self.hide(tree),
            _ => {}
        }
    }

    fn part(&mut self, tree: &Tree, holds: Holds) {
        if tree.is_map() && tree.get("kind").is_some() { self.object(tree, holds) } else { self.fields(tree, holds) }
    }

    /// Values by their keys. What is no key of a Secret or ConfigMap may be a piece of a value.
    fn values(&mut self, entry: &Entry) {
        let tree = &entry.value;
        if !tree.is_map() || tree.entries().iter().any(|entry| !prune::is_data_key(&entry.key)) {
            return self.hide(tree);
        }
        for entry in tree.entries() {
            self.hide(&entry.value);
            // An anchor and a tag stand before their value.
            let (from, to) = (entry.key_span.end as usize, entry.value.span.start as usize);
            let before = self.text.get(from..to).unwrap_or_default();
            if let Some(at) = before.find(['&', '!']) {
                self.found.insert((from + at, from + before.trim_end().len()));
            }
        }
        self.comments(entry.key_span.end as usize, tree.span.end as usize);
    }

    /// A value that was commented out is one all the same: comments between two places and below the second one.
    fn comments(&mut self, from: usize, to: usize) {
        let (from, to) = (floor(self.text, from), floor(self.text, to));
        let mut at = from;
        for line in self.text[from..].split_inclusive('\n') {
            let content = line.trim_end();
            let begins = |hash: &usize| {
                let next = self.found.range(..(at + hash, usize::MAX)).next_back();
                let is_value = next.is_some_and(|(_, end)| at + hash < *end);
                !is_value && content[..*hash].chars().next_back().is_none_or(|c| c == ' ' || c == '\t')
            };
            let comment = content.match_indices('#').map(|(hash, _)| hash).find(begins);
            let alone = comment.is_some_and(|hash| content[..hash].trim().is_empty());
            if at >= to && !content.is_empty() && !alone {
                break;
            }
            if let Some(hash) = comment {
                self.found.insert((at + hash, at + content.len()));
            }
            at += line.len();
        }
    }

    fn annotations(&mut self, tree: &Tree) {
        if !tree.is_map() {
            return self.hide(tree);
        }
        for entry in tree.entries() {
            if !is_public(&entry.key) {
                self.hide(&entry.value);
            }
        }
    }

    fn variable(&mut self, tree: &Tree) {
        match tree.get("value") {
            Some(value) => self.hide(value),
            None => self.fields(tree, Holds::Config),
        }
    }

    /// Arguments of a program: `--password=x`, and the value after `--password`.
    fn arguments(&mut self, tree: &Tree) {
        let mut after = false;
        for item in tree.items() {
            let text = item.as_str().unwrap_or_default();
            let telling = names_secret(text);
            if after || has_credentials(text) || telling && (!text.starts_with('-') || text.contains(['=', ' ', ':'])) {
                self.hide(item);
            }
            after = telling && text.starts_with('-') && !text.contains('=');
        }
        if tree.items().is_empty() {
            self.fields(tree, Holds::Config);
        }
    }

    fn hide(&mut self, tree: &Tree) {
        let start = floor(self.text, tree.span.start as usize);
        let end = floor(self.text, tree.span.end as usize).max(start);
        // A block of text ends where the next line begins to say something.
        let range = (start, start + self.text[start..end].trim_end().len());
        if range.0 < range.1 {
            self.found.insert(range);
        }
        if self.text[range.0..].starts_with('*') {
            self.aliased.extend(tree.as_str().map(str::to_owned));
        }
        // What lies below an alias, or below a merge key, is written elsewhere.
        match &tree.value {
            Value::Map(entries) => entries.iter().for_each(|e| self.hide(&e.value)),
            Value::Seq(items) => items.iter().for_each(|t| self.hide(t)),
            _ => {}
        }
    }

    fn same_as(&mut self, tree: &Tree, texts: &[String]) {
        match &tree.value {
            Value::Map(entries) => entries.iter().for_each(|e| self.same_as(&e.value, texts)),
            Value::Seq(items) => items.iter().for_each(|t| self.same_as(t, texts)),
            Value::Str(text) if texts.iter().any(|t| **t == **text) => self.hide(tree),
            _ => {}
        }
    }
}

/// Annotations of Kubernetes' own projects say how traffic goes; those of others may hold anything. Pieces of
/// configuration may hold credentials all the same.
fn is_public(key: &str) -> bool {
    let (domain, name) = key.split_once('/').unwrap_or(("", key));
    let known = ["kubernetes.io", "k8s.io", "kubesketch.dev"];
    let of_project =
        known.iter().any(|k| domain.strip_suffix(k).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    of_project && !name.contains("snippet") && !name.contains("auth") && name != "last-applied-configuration"
}

/// True if a text is about something that should be kept secret.
fn names_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["passw", "passphrase", "token", "secret", "credential", "apikey", "api-key", "api_key", "private"]
        .iter()
        .any(|word| text.contains(word))
}

/// True if a text is an address with a user and a password in it, as in `amqp://user:password@host`.
fn has_credentials(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let rest = &text[at + 3..];
        let authority = &rest[..rest.find(['/', '?', '#', ' ', '"', '\'']).unwrap_or(rest.len())];
        authority.contains('@')
    })
}

fn excerpt(text: &str, object: Span, hidden: &[(usize, usize)]) -> Excerpt {
    let (start, end) = (floor(text, object.start as usize), floor(text, object.end as usize));
    let region = text[start..end.max(start)].trim_end();
    let indent = object.column.saturating_sub(1) as usize;
    let mut excerpt = Excerpt { file: object.file, parts: Vec::new(), cut: 0 };
    let (mut at, mut next, mut lines, mut bytes) = (start, object.line, 0, 0);
    for (number, line) in (object.line..).zip(region.split_inclusive('\n')) {
        let content = line.trim_end_matches(['\n', '\r']);
        let seen = visible(text, (at, at + content.len()), hidden);
        at += line.len();
        let Some(seen) = seen else { continue };
        let seen = if number == object.line { &seen } else { dedent(&seen, indent) };
        lines += 1;
        bytes += seen.len();
        if lines > MAX_LINES || bytes > MAX_BYTES {
            excerpt.cut += 1;
            continue;
        }
        match excerpt.parts.last_mut() {
            Some((_, part)) if number == next => {
                part.push('\n');
                part.push_str(seen);
            }
            _ => excerpt.parts.push((number, seen.to_owned())),
        }
        next = number + 1;
    }
    excerpt
}

/// What may be seen of a stretch of text; `None` if nothing of it is left.
fn visible(text: &str, (from, to): (usize, usize), hidden: &[(usize, usize)]) -> Option<String> {
    let first = hidden.partition_point(|(_, end)| *end <= from);
    let here = hidden[first..].iter().take_while(|(start, _)| *start < to);
    let (mut seen, mut at, mut touched) = (String::new(), from, false);
    for &(start, end) in here {
        touched = true;
        if start >= from {
            seen.push_str(&text[at..start]);
            seen.push_str(WITHHELD);
        }
        at = end.min(to);
    }
    seen.push_str(&text[at..to]);
    (!touched || !seen.trim().is_empty()).then_some(seen)
}

/// A line without so many blanks at its beginning, as far as it has them.
fn dedent(line: &str, indent: usize) -> &str {
    let blanks = line.len() - line.trim_start_matches(' ').len();
    &line[blanks.min(indent)..]
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse;

    /// The texts of all objects of a file, as readers see them.
    fn shown(text: &str) -> Vec<String> {
        let sources = Sources::from_texts([("a.yaml", text)]);
        let objects: Vec<Span> = parse(&sources).value.objects.iter().map(|o| o.span).collect();
        let join =
            |e: Excerpt| e.parts.iter().map(|(line, part)| format!("{line}|{part}")).collect::<Vec<_>>().join("\n");
        excerpts(&sources, &objects, Secrecy::Withheld).into_iter().map(join).collect()
    }

    #[test]
    fn the_text_is_what_was_written() {
        let text = "# first\napiVersion: v1\nkind: Service # why\nmetadata: {name: a}\nspec:\n  ports:\n    - port: 80\n---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: b\n";
        assert_eq!(
            shown(text),
            [
                "2|apiVersion: v1\nkind: Service # why\nmetadata: {name: a}\nspec:\n  ports:\n    - port: 80",
                "9|apiVersion: v1\nkind: Namespace\nmetadata:\n  name: b"
            ]
        );
    }

    #[test]
    fn what_stands_in_a_list_loses_its_indentation() {
        let text = "kind: List\napiVersion: v1\nitems:\n  - apiVersion: v1\n    kind: Namespace\n    metadata:\n      name: b\n  - apiVersion: v1\n    kind: Namespace\n    metadata: {name: c}\n";
        assert_eq!(
            shown(text),
            [
                "4|apiVersion: v1\nkind: Namespace\nmetadata:\n  name: b",
                "8|apiVersion: v1\nkind: Namespace\nmetadata: {name: c}"
            ]
        );
    }

    #[test]
    fn values_that_may_be_secret_are_withheld_in_any_notation() {
        let pod = |rest: &str| {
            format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - name: a\n{rest}")
        };
        let texts = [
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  key: hunter2\n  more: |\n    hunter2\n    hunter2\n  last: 'hunter2'\n".to_owned(),
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {key: \"hunter2\", other: hunter2}\n".to_owned(),
            "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"a\"}, \"data\": {\"key\": \"hunter2\"}}".to_owned(),
            pod("      env:\n        - name: A\n          value: hunter2\n        - {name: B, value: &x hunter2}\n        - name: C\n          value: *x\n"),
            pod("      args: [--password, hunter2, --api-token=hunter2, 'postgres://a:hunter2@db/x']\n"),
            pod("      command:\n        - sh\n        - -c\n        - PASSWORD=hunter2 run\n"),
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  annotations:\n    example.com/x: hunter2\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"x\": \"hunter2\"}\n  managedFields:\n    - {x: hunter2}\nspec: {ports: [{port: 80}]}\n".to_owned(),
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: &l {x: hunter2}, annotations: *l}\nspec: {containers: [{name: a}]}\n".to_owned(),
        ];
        for text in &texts {
            for seen in shown(text) {
                assert!(!seen.contains("hunter2"), "{seen}");
                assert!(seen.contains(WITHHELD), "{seen}");
            }
        }
        assert!(
            shown(&texts[0])[0].ends_with("\n  key: •••\n  more: |\n    •••\n9|  last: •••"),
            "{}",
            shown(&texts[0])[0]
        );
        assert!(shown(&texts[6])[0].ends_with("spec: {ports: [{port: 80}]}"));
    }

    #[test]
    fn what_says_how_traffic_goes_is_shown() {
        let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  annotations:\n    nginx.ingress.kubernetes.io/rewrite-target: /x\nspec:\n  ports: [{port: 80}]\n";
        assert!(shown(text)[0].contains("rewrite-target: /x"));
        let open = Sources::from_texts([(
            "a.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {key: hunter2}\n",
        )]);
        let object = parse(&open).value.objects[0].span;
        let seen = excerpts(&open, &[object], Secrecy::Open);
        assert_eq!(seen[0].parts[0].1, "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {key: •••}");
    }

    #[test]
    fn very_long_objects_are_cut() {
        let ports: String = (0..2_000).map(|i| format!("    - port: {}\n", i + 1)).collect();
        let text = format!("apiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec:\n  ports:\n{ports}");
        let sources = Sources::from_texts([("a.yaml", text)]);
        let object = parse(&sources).value.objects[0].span;
        let excerpt = &excerpts(&sources, &[object], Secrecy::Withheld)[0];
        assert_eq!(excerpt.cut, 2_005 - MAX_LINES);
    }
}
