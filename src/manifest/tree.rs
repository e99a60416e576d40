//! A YAML or JSON document as a tree of plain values, each of which knows its place in the input.
//!
//! Guarantees: no mapping holds a key twice, all keys are strings, aliases and merge keys are resolved, and no path is
//! longer than [`MAX_DEPTH`](super::MAX_DEPTH) steps.

use crate::source::Span;

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Where the value is. For an alias this is the place of the alias; what lies below points at the anchor's own
    /// text.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// What a [`Tree`] can be: the values that JSON has.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing: `null`, `~` or an empty value.
    Null,
    /// `true` or `false`, in any of the spellings Kubernetes accepts.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that is too large for [`Value::Int`].
    UInt(u64),
    /// Any other number.
    Float(f64),
    /// Text. An unquoted `y` or `n`, which Kubernetes takes for a boolean, is text too; [`Tree::as_bool`] knows.
    Str(Box<str>),
    /// A list.
    Seq(Vec<Tree>),
    /// A mapping, in the order of the text.
    Map(Vec<Entry>),
}

/// One key of a mapping with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key, as text.
    pub key: Box<str>,
    /// Where the key is.
    pub key_span: Span,
    /// The value.
    pub value: Tree,
}

/// One step of a field path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Into a mapping.
    Key(&'a str),
    /// Into a list, from 0.
    Index(usize),
}

impl Tree {
    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.entry(key).map(|e| &e.value)
    }

    /// The entry of a key, if this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|e| &*e.key == key)
    }

    /// The value at the end of a chain of keys.
    pub fn at(&self, keys: &[&str]) -> Option<&Tree> {
        keys.iter().try_fold(self, |tree, key| tree.get(key))
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is a whole number that fits. `80.0` is one, as it is in the JSON that Kubernetes reads.
    pub fn as_i64(&self) -> Option<i64> {
        match self.value {
            Value::Int(number) => Some(number),
            Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(number as i64),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self.value {
            Value::Int(number) => Some(number as f64),
            Value::UInt(number) => Some(number as f64),
            Value::Float(number) => Some(number),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(value) => Some(*value),
            Value::Str(text) => super::scalar::letter(text),
            _ => None,
        }
    }

    /// True if it is `null` or left empty, which Kubernetes treats as absent.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// True if it is a mapping.
    pub fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// The elements of a list; none if it is something else.
    pub fn items(&self) -> &[Tree] {
        match &self.value {
            Value::Seq(items) => items,
            _ => &[],
        }
    }

    /// The entries of a mapping; none if it is something else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The type of the value, for messages: `a mapping`, `a number`, ….
    pub fn kind_name(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Int(_) | Value::UInt(_) | Value::Float(_) => "a number",
            Value::Str(_) => "a string",
            Value::Seq(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The value at a path such as `spec.rules[0].http.paths[1].backend` or
    /// `metadata.labels["app.kubernetes.io/name"]`.
    pub fn find(&self, path: &str) -> Option<&Tree> {
        steps(path).try_fold(self, |tree, step| tree.step(&step))
    }

    /// The place of the value at a path, or of its deepest ancestor that exists.
    pub fn locate(&self, path: &str) -> Span {
        self.walk(path).0.span
    }

    /// The place of the key (or list element) at the end of a path, or of its deepest ancestor that exists.
    pub fn locate_key(&self, path: &str) -> Span {
        let (tree, key) = self.walk(path);
        key.unwrap_or(tree.span)
    }

    fn walk(&self, path: &str) -> (&Tree, Option<Span>) {
        let mut here = (self, None);
        for step in steps(path) {
            let next = match step {
                Step::Key(key) => here.0.entry(key).map(|e| (&e.value, Some(e.key_span))),
                Step::Index(index) => here.0.items().get(index).map(|t| (t, None)),
            };
            match next {
                Some(next) => here = next,
                None => break,
            }
        }
        here
    }

    fn step(&self, step: &Step<'_>) -> Option<&Tree> {
        match step {
            Step::Key(key) => self.get(key),
            Step::Index(index) => self.items().get(*index),
        }
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Tree> {
        self.entries_mut().iter_mut().find(|e| &*e.key == key).map(|e| &mut e.value)
    }

    pub(super) fn at_mut(&mut self, keys: &[&str]) -> Option<&mut Tree> {
        keys.iter().try_fold(self, |tree, key| tree.get_mut(key))
    }

    pub(crate) fn items_mut(&mut self) -> &mut [Tree] {
        match &mut self.value {
            Value::Seq(items) => items,
            _ => &mut [],
        }
    }

    pub(crate) fn entries_mut(&mut self) -> &mut [Entry] {
        match &mut self.value {
            Value::Map(entries) => entries,
            _ => &mut [],
        }
    }

    /// Takes a key out of a mapping.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Entry> {
        match &mut self.value {
            Value::Map(entries) => {
                let position = entries.iter().position(|e| &*e.key == key)?;
                Some(entries.remove(position))
            }
            _ => None,
        }
    }

    /// Leaves only some keys of a mapping.
    pub(super) fn retain_keys(&mut self, keys: &[&str]) {
        if let Value::Map(entries) = &mut self.value {
            entries.retain(|e| keys.contains(&&*e.key));
            entries.shrink_to_fit();
        }
    }

    /// Puts an entry at the end of a mapping that does not have its key.
    pub(super) fn insert(&mut self, entry: Entry) {
        if let Value::Map(entries) = &mut self.value
            && !entries.iter().any(|e| e.key == entry.key)
        {
            entries.push(entry);
        }
    }
}

/// Equal values; their places do not matter, and neither does the order of keys.
impl PartialEq for Tree {
    fn eq(&self, other: &Tree) -> bool {
        match (&self.value, &other.value) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::UInt(a), Value::UInt(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::Seq(a), Value::Seq(b)) => a == b,
            (Value::Map(a), Value::Map(b)) => same_entries(a, b),
            _ => false,
        }
    }
}

fn same_entries(a: &[Entry], b: &[Entry]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if a.iter().zip(b).all(|(x, y)| x.key == y.key) {
        return a.iter().zip(b).all(|(x, y)| x.value == y.value);
    }
    let sorted = |entries| {
        let mut refs: Vec<&Entry> = Vec::from_iter(entries);
        refs.sort_by(|x, y| x.key.cmp(&y.key));
        refs
    };
    sorted(a).iter().zip(sorted(b)).all(|(x, y)| x.key == y.key && x.value == y.value)
}

/// The steps of a path. A key that holds a dot or a bracket is written `["key"]`; [`push_key`] does so.
pub fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    let mut rest = path;
    std::iter::from_fn(move || {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if rest.is_empty() {
            return None;
        }
        if let Some(quoted) = rest.strip_prefix("[\"")
            && let Some(end) = quoted.find("\"]")
        {
            rest = &quoted[end + 2..];
            return Some(Step::Key(&quoted[..end]));
        }
        if let Some(bracket) = rest.strip_prefix('[')
            && let Some(end) = bracket.find(']')
            && let Ok(index) = bracket[..end].parse()
        {
            rest = &bracket[end + 1..];
            return Some(Step::Index(index));
        }
        // A stray bracket is taken as part of the key, so that every round consumes something.
        let end = rest.char_indices().skip(1).find(|(_, c)| matches!(c, '.' | '[')).map_or(rest.len(), |(i, _)| i);
        let (key, after) = rest.split_at(end);
        rest = after;
        Some(Step::Key(key))
    })
}

/// Appends a key to a path in the form that [`steps`] reads.
pub fn push_key(path: &mut String, key: &str) {
    if key.is_empty() || key.contains(['.', '[', ']', '"']) {
        path.push_str("[\"");
        path.push_str(key);
        path.push_str("\"]");
    } else {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
    }
}

/// Appends a list index to a path.
pub fn push_index(path: &mut String, index: usize) {
    path.push_str(&format!("[{index}]"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_step_by_step() {
        let check = |path: &str, expected: &[Step<'_>]| assert_eq!(steps(path).collect::<Vec<_>>(), expected, "{path}");
        check("", &[]);
        check("spec", &[Step::Key("spec")]);
        check("spec.rules[0].http", &[Step::Key("spec"), Step::Key("rules"), Step::Index(0), Step::Key("http")]);
        check("a[\"x.y/z\"].b", &[Step::Key("a"), Step::Key("x.y/z"), Step::Key("b")]);
        check("a[x", &[Step::Key("a"), Step::Key("[x")]);
        check("[[[", &[Step::Key("["), Step::Key("["), Step::Key("[")]);
        check("..", &[Step::Key(".")]);
    }

    #[test]
    fn pushed_keys_can_be_read_again() {
        let mut path = String::new();
        for key in ["metadata", "labels", "app.kubernetes.io/name", "", "x"] {
            push_key(&mut path, key);
        }
        push_index(&mut path, 3);
        assert_eq!(path, "metadata.labels[\"app.kubernetes.io/name\"][\"\"].x[3]");
        assert_eq!(steps(&path).count(), 6);
    }
}
