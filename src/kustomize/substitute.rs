//! Variables in objects, as Flux substitutes them after a build: `${name}`, `${name:=default}`, `${name:-default}`, and
//! `$${name}` for the text itself
//! (<https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution>).

use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::{self, Tree, Value};
use crate::source::{SourceFile, Sources};

/// The label or annotation of objects in which nothing is substituted.
const SWITCH: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// The values of variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// Those that are known.
    pub known: BTreeMap<String, String>,
    /// Whether there may be others: then a variable that is not known stays as it is written.
    pub may_be_more: bool,
}

/// Substitutes variables in an object. Returns the names of those that stay as they are written.
pub fn substitute(object: &mut Tree, variables: &Variables) -> BTreeSet<String> {
    let mut left = BTreeSet::new();
    let says = |key: &str| object.at(&["metadata", key, SWITCH]).and_then(Tree::as_str) == Some("disabled");
    let is_asked = !variables.known.is_empty() || variables.may_be_more;
    if is_asked && !says("labels") && !says("annotations") {
        change(object, variables, &mut left);
    }
    left
}

fn change(tree: &mut Tree, variables: &Variables, left: &mut BTreeSet<String>) {
    match &mut tree.value {
        Value::Str(text) if text.contains('$') => {
            let filled = filled(text, variables, left);
            if filled != **text {
                tree.value = value_of(text, &filled);
            }
        }
        Value::Seq(items) => items.iter_mut().for_each(|item| change(item, variables, left)),
        Value::Map(entries) => {
            for entry in entries {
                if entry.key.contains('$') {
                    entry.key = filled(&entry.key, variables, left).into();
                }
                change(&mut entry.value, variables, left);
            }
        }
        _ => {}
    }
}

/// The value of a text after substitution. Flux substitutes in YAML that it writes itself, with quotes only where they
/// are needed before: `${port}` becomes a number.
fn value_of(before: &str, after: &str) -> Value {
    if before.contains(": ")
        || before.contains(" #")
        || after.contains(['\n', ':', '#', '"', '\'', '{', '[', '&', '*', '!', '|', '>', '%', '@', '`'])
    {
        return Value::Str(after.into());
    }
    let sources = Sources::from_files([SourceFile::new("value", after)]);
    let read = sources.ids().next().and_then(|id| manifest::values(&sources, id).value.into_iter().next());
    match read.map(|tree| tree.value) {
        Some(value @ (Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_))) => value,
        _ => Value::Str(after.into()),
    }
}

fn filled(text: &str, variables: &Variables, left: &mut BTreeSet<String>) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('$') {
            // `$${name}` is the text `${name}`.
            result.push_str(before);
            result.push_str("${");
            rest = &from[2..];
            continue;
        }
        result.push_str(before);
        let Some((inner, behind)) = from[2..].split_once('}') else {
            result.push_str(from);
            return result;
        };
        match value(inner, variables) {
            Some(value) => result.push_str(&value),
            None => {
                left.insert(inner.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect());
                result.push_str(&format!("${{{inner}}}"));
            }
        }
        rest = behind;
    }
    result.push_str(rest);
    result
}

/// The value of what is between braces; `None` if it is not known or a form that is not substituted here.
fn value(inner: &str, variables: &Variables) -> Option<String> {
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, form) = inner.split_at(end);
    if name.is_empty() {
        return None;
    }
    let default = match form {
        "" => Some(""),
        form => {
            form.strip_prefix(":=").or(form.strip_prefix(":-")).or(form.strip_prefix('=')).or(form.strip_prefix('-'))
        }
    }?;
    match variables.known.get(name) {
        Some(value) if !value.is_empty() || form.is_empty() => Some(value.clone()),
        Some(_) => Some(default.to_owned()),
        None if variables.may_be_more => None,
        None => Some(default.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_substituted_as_flux_does() {
        let known = [("host", "a.example.com"), ("port", "80"), ("none", "")];
        let known = known.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let mut variables = Variables { known, may_be_more: false };
        let mut left = BTreeSet::new();
        for (text, expected) in [
            ("https://${host}/", "https://a.example.com/"),
            ("${other:=x}-${none:-y}", "x-y"),
            ("$${host} $host ${", "${host} $host ${"),
            ("<${other}>", "<>"),
            ("${host//a/b}", "${host//a/b}"),
        ] {
            assert_eq!(filled(text, &variables, &mut left), expected, "{text}");
        }
        assert!(matches!(value_of("${port}", "80"), Value::Int(80)));
        assert!(matches!(value_of("${port}", "x80"), Value::Str(_)));
        variables.may_be_more = true;
        left.clear();
        assert_eq!(filled("${other:=x}", &variables, &mut left), "${other:=x}");
        assert_eq!(left.into_iter().collect::<Vec<_>>(), ["other"]);
    }
}
