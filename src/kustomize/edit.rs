//! Small changes of trees, which keep the places of what they do not touch.

use crate::manifest::{Entry, Tree, Value};
use crate::source::Span;

/// A text at a place.
pub(super) fn text(text: &str, span: Span) -> Tree {
    Tree { span, value: Value::Str(text.into()) }
}

/// An empty mapping at a place.
pub(super) fn map(span: Span) -> Tree {
    Tree { span, value: Value::Map(Vec::new()) }
}

/// Sets a key of a mapping. Anything else becomes a mapping first.
pub(super) fn set(tree: &mut Tree, key: &str, value: Tree, key_span: Span) {
    if !tree.is_map() {
        *tree = map(tree.span);
    }
    let Value::Map(entries) = &mut tree.value else { return };
    match entries.iter_mut().find(|e| &*e.key == key) {
        Some(entry) => {
            entry.value = value;
            entry.key_span = key_span;
        }
        None => entries.push(Entry { key: key.into(), key_span, value }),
    }
}

/// The value of a key of a mapping, made if it is not there or null.
pub(super) fn demand<'t>(tree: &'t mut Tree, key: &str, made: impl FnOnce() -> Tree) -> Option<&'t mut Tree> {
    let Value::Map(entries) = &mut tree.value else { return None };
    let at = match entries.iter().position(|e| &*e.key == key) {
        Some(at) => at,
        None => {
            let value = made();
            entries.push(Entry { key: key.into(), key_span: value.span, value });
            return entries.last_mut().map(|e| &mut e.value);
        }
    };
    let entry = &mut entries[at];
    if entry.value.is_null() {
        entry.value = made();
    }
    Some(&mut entry.value)
}

/// What a scalar says, as text.
pub(super) fn scalar(tree: &Tree) -> Option<String> {
    match &tree.value {
        Value::Str(text) => Some(text.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Gives every value of a tree another place.
pub(super) fn move_places(tree: &mut Tree, to: &mut impl FnMut(Span) -> Span) {
    tree.span = to(tree.span);
    match &mut tree.value {
        Value::Seq(items) => items.iter_mut().for_each(|item| move_places(item, to)),
        Value::Map(entries) => {
            for entry in entries {
                entry.key_span = to(entry.key_span);
                move_places(&mut entry.value, to);
            }
        }
        _ => {}
    }
}
