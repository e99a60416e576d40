//! Reads policies from trees: every complaint knows its place and its field path.
//!
//! `null` counts as absent everywhere, as in the API server's decoding.

use std::fmt;

use crate::manifest::{Entry, Tree, Value, push_index, push_key};
use crate::net::{AddressSet, parse_cidr};
use crate::source::Span;

/// Why an object is refused.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// Where.
    pub at: Span,
    /// The field.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

/// Something read, or the first fault met.
pub(super) type Read<T> = Result<T, Fault>;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

/// A value that knows the path to it.
#[derive(Clone, Debug)]
pub(super) struct Field<'t> {
    tree: &'t Tree,
    key: &'t str,
    path: String,
}

impl<'t> Field<'t> {
    /// An object as a whole.
    pub fn root(tree: &'t Tree) -> Field<'t> {
        Field { tree, key: "", path: String::new() }
    }

    /// The path of the field, as in `spec.ingress[0].from`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The key of the field in its mapping.
    pub fn key(&self) -> &'t str {
        self.key
    }

    /// Where it is.
    pub fn span(&self) -> Span {
        self.tree.span
    }

    /// A complaint about it.
    pub fn fault(&self, message: impl Into<String>) -> Fault {
        Fault { at: self.tree.span, path: self.path.clone(), message: message.into() }
    }

    fn below(&self, entry: &'t Entry) -> Field<'t> {
        let mut path = self.path.clone();
        push_key(&mut path, &entry.key);
        Field { tree: &entry.value, key: &entry.key, path }
    }

    /// A field below that is there and not `null`.
    pub fn get(&self, key: &str) -> Option<Field<'t>> {
        let entry = self.tree.entry(key)?;
        (!entry.value.is_null()).then(|| self.below(entry))
    }

    /// A field below that must be there.
    pub fn required(&self, key: &str) -> Read<Field<'t>> {
        self.get(key).ok_or_else(|| self.fault(format!("`{key}` is missing")))
    }

    /// The elements of a list below; none if it is absent.
    pub fn list(&self, key: &str) -> Read<Vec<Field<'t>>> {
        self.get(key).map_or(Ok(Vec::new()), |field| field.items())
    }

    /// The elements of a list.
    pub fn items(&self) -> Read<Vec<Field<'t>>> {
        let Value::Seq(items) = &self.tree.value else {
            return Err(self.expected("a list"));
        };
        let item = |(index, tree)| {
            let mut path = self.path.clone();
            push_index(&mut path, index);
            Field { tree, key: "", path }
        };
        Ok(items.iter().enumerate().map(item).collect())
    }

    /// The entries of a mapping, `null` values included.
    pub fn entries(&self) -> Read<Vec<Field<'t>>> {
        let Value::Map(entries) = &self.tree.value else {
            return Err(self.expected("a mapping"));
        };
        Ok(entries.iter().map(|e| self.below(e)).collect())
    }

    /// Complains unless it is a mapping or nothing.
    pub fn must_be_map(&self) -> Read<()> {
        if self.tree.is_map() || self.tree.is_null() { Ok(()) } else { Err(self.expected("a mapping")) }
    }

    /// The text.
    pub fn text(&self) -> Read<&'t str> {
        self.tree.as_str().ok_or_else(|| self.expected("a string"))
    }

    /// The text of a value of a mapping from text to text, where `null` is empty.
    pub fn text_or_empty(&self) -> Read<&'t str> {
        if self.tree.is_null() { Ok("") } else { self.text() }
    }

    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&'t str> {
        self.tree.as_str()
    }

    /// The whole number.
    pub fn number(&self) -> Read<i64> {
        self.tree.as_i64().ok_or_else(|| self.expected("a whole number"))
    }

    /// The number, which may have a fraction.
    pub fn decimal(&self) -> Read<f64> {
        self.tree.as_f64().ok_or_else(|| self.expected("a number"))
    }

    /// The addresses of a list of blocks below; a single address is a block of its own.
    pub fn blocks(&self, key: &str) -> Read<AddressSet> {
        self.must_be_map()?;
        let mut all = AddressSet::none();
        for item in self.list(key)? {
            let text = item.text()?;
            let block = match text.parse::<std::net::IpAddr>() {
                Ok(address) => address.into(),
                Err(_) => parse_cidr(text).map_err(|m| item.fault(m))?,
            };
            all.add(&AddressSet::block(block));
        }
        Ok(all)
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Read<bool> {
        self.tree.as_bool().ok_or_else(|| self.expected("`true` or `false`"))
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        self.tree.as_bool() == Some(true)
    }

    /// A port number.
    pub fn port(&self) -> Read<u16> {
        let number = self.number()?;
        u16::try_from(number)
            .ok()
            .filter(|n| *n > 0)
            .ok_or_else(|| self.fault(format!("{number} is no port; ports are 1 to 65535")))
    }

    /// The one field of these that is there. Others do not count.
    pub fn exactly_one(&self, keys: &[&str]) -> Read<Field<'t>> {
        self.must_be_map()?;
        let found: Vec<Field<'t>> = keys.iter().filter_map(|k| self.get(k)).collect();
        let names = || keys.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
        match found.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(self.fault(format!("one of {} must be set", names()))),
            several => {
                let set = several.iter().map(|f| format!("`{}`", f.key)).collect::<Vec<_>>().join(" and ");
                Err(self.fault(format!("{set} are set, where only one of {} may be", names())))
            }
        }
    }

    /// A complaint that it is of the wrong type.
    pub fn expected(&self, what: &str) -> Fault {
        self.fault(format!("expected {what}, found {}", self.tree.kind_name()))
    }
}
