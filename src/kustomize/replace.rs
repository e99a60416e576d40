//! Replacements: the value of one field into others.

use super::edit;
use super::file::{self, Kustomization};
use super::resource::{Id, Resource};
use super::tree::{Texts, join};
use super::{Outcome, Reason};
use crate::manifest::{Tree, Value};

/// The field that is meant where none is named.
const NAME: &str = "metadata.name";

/// Applies `replacements`.
pub(super) fn replacements(texts: &mut Texts<'_>, k: &Kustomization, all: &mut [Resource]) -> Outcome<()> {
    for entry in k.list(texts, "replacements")?.to_vec() {
        let Some((path, span)) = file::text(texts, &entry, "path")? else {
            one(texts, &entry, all)?;
            continue;
        };
        file::only(texts, &entry, &["path"])?;
        let full = join(&k.folder, path);
        let Some(trees) = texts.documents(&full)? else {
            return Err(texts.not(Reason::Refused, span, format!("there is no file {full}")));
        };
        for tree in &trees {
            match &tree.value {
                Value::Seq(items) => items.iter().try_for_each(|item| one(texts, item, all))?,
                _ => one(texts, tree, all)?,
            }
        }
    }
    Ok(())
}

fn one(texts: &Texts<'_>, entry: &Tree, all: &mut [Resource]) -> Outcome<()> {
    file::only(texts, entry, &["source", "targets"])?;
    let Some(source) = entry.get("source").filter(|t| t.is_map()) else {
        return Err(texts.not(Reason::Refused, entry.span, "a replacement without a source"));
    };
    let value = value(texts, source, all)?;
    for target in file::list(texts, entry, "targets")? {
        file::only(texts, target, &["select", "reject", "fieldPaths", "options"])?;
        let Some(select) = target.get("select") else {
            return Err(texts.not(Reason::Refused, target.span, "a target that selects nothing"));
        };
        // Both are patterns in newer versions; plain names mean the same to all.
        let select = Names::read(texts, select)?;
        let reject: Vec<Names> =
            file::list(texts, target, "reject")?.iter().map(|r| Names::read(texts, r)).collect::<Outcome<_>>()?;
        let options = Options::read(texts, target.get("options"))?;
        let paths = file::list(texts, target, "fieldPaths")?;
        let default = edit::text(NAME, target.span);
        let paths: Vec<&Tree> = if paths.is_empty() { vec![&default] } else { paths.iter().collect() };
        for resource in all.iter_mut() {
            let ids: Vec<Id> = resource.ids().collect();
            if !ids.iter().any(|id| select.means(id)) || ids.iter().any(|id| reject.iter().any(|r| r.means(id))) {
                continue;
            }
            for path in &paths {
                put(texts, &mut resource.tree, path, &value, &options)?;
            }
        }
    }
    Ok(())
}

/// Objects by what they are called.
struct Names {
    group: String,
    version: String,
    kind: String,
    name: String,
    namespace: String,
}

impl Names {
    fn read(texts: &Texts<'_>, tree: &Tree) -> Outcome<Names> {
        const FIELDS: &[&str] = &["group", "version", "kind", "name", "namespace"];
        file::only(texts, tree, FIELDS)?;
        let word = |key: &str| -> Outcome<String> {
            let Some((text, span)) = file::text(texts, tree, key)? else { return Ok(String::new()) };
            if !text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c)) {
                return Err(texts.not(Reason::NotPlain, span, "a pattern"));
            }
            Ok(text.to_owned())
        };
        Ok(Names {
            group: word("group")?,
            version: word("version")?,
            kind: word("kind")?,
            name: word("name")?,
            namespace: word("namespace")?,
        })
    }

    fn means(&self, id: &Id) -> bool {
        id.gvk.is_selected(&self.group, &self.version, &self.kind)
            && (self.name.is_empty() || self.name == id.name)
            && (self.namespace.is_empty() || self.namespace == id.namespace)
    }
}

/// Which part of a text is meant.
#[derive(Default)]
struct Options {
    delimiter: Option<String>,
    index: i64,
    create: bool,
}

impl Options {
    fn read(texts: &Texts<'_>, tree: Option<&Tree>) -> Outcome<Options> {
        let Some(tree) = tree.filter(|t| !t.is_null()) else { return Ok(Options::default()) };
        file::only(texts, tree, &["delimiter", "index", "create"])?;
        let delimiter = file::text(texts, tree, "delimiter")?.map(|(text, _)| text.to_owned());
        let index = tree.get("index").filter(|t| !t.is_null()).map(|t| (t.as_i64(), t.span));
        let index = match index {
            None => 0,
            Some((Some(index), _)) => index,
            Some((None, span)) => return Err(texts.not(Reason::Refused, span, "an index is a number")),
        };
        Ok(Options { delimiter, index, create: file::flag(texts, tree, "create")? })
    }
}

/// The value of the source.
fn value(texts: &Texts<'_>, source: &Tree, all: &[Resource]) -> Outcome<Tree> {
    let mut names = source.clone();
    let (path, options) = (names.remove("fieldPath"), names.remove("options"));
    let names = Names::read(texts, &names)?;
    let options = Options::read(texts, options.as_ref().map(|o| &o.value))?;
    let refused = |what: &str| texts.not(Reason::Refused, source.span, what);
    let mut found = all.iter().filter(|r| r.ids().any(|id| names.means(&id)));
    let (Some(resource), None) = (found.next(), found.next()) else {
        return Err(refused("not one object is the source"));
    };
    let path = path.as_ref().and_then(|p| p.value.as_str()).unwrap_or(NAME);
    let mut here = Some(&resource.tree);
    for step in steps(texts, path, source)? {
        here = here.and_then(|tree| match (&step, &tree.value) {
            (Step::Key(key), Value::Map(_)) => tree.get(key),
            (Step::Index(at), Value::Seq(items)) => items.get(*at),
            (Step::Match(key, value), Value::Seq(items)) => items.iter().find(|item| is_element(item, key, value)),
            _ => None,
        });
    }
    let Some(value) = here.filter(|t| !t.is_null()) else { return Err(refused("the source has no such field")) };
    let Some(delimiter) = options.delimiter else { return Ok(value.clone()) };
    let Some(text) = edit::scalar(value) else { return Err(refused("a delimiter for what is no text")) };
    let part = usize::try_from(options.index).ok().and_then(|at| text.split(&delimiter).nth(at));
    part.map(|part| edit::text(part, value.span)).ok_or_else(|| refused("the text has fewer parts"))
}

/// The longest field path.
const MOST_STEPS: usize = 100;

/// A step of a field path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    Match(String, String),
    Every,
}

/// The steps of `spec.containers.[name=web].image` or `metadata.annotations.[example.com/a]`.
fn steps(texts: &Texts<'_>, path: &str, at: &Tree) -> Outcome<Vec<Step>> {
    let odd = || texts.not(Reason::NotPlain, at.span, format!("the field path `{path}` is left to kustomize itself"));
    let mut parts: Vec<String> = vec![String::new()];
    let (mut inside, mut escaped) = (false, false);
    for c in path.chars() {
        let Some(last) = parts.last_mut() else { continue };
        match c {
            '\\' if !escaped && !inside => {
                escaped = true;
                continue;
            }
            '[' if !inside => inside = true,
            ']' if inside => inside = false,
            '.' if !inside && !escaped => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        escaped = false;
        last.push(c);
    }
    if parts.len() > MOST_STEPS {
        return Err(odd());
    }
    let mut steps = Vec::new();
    for part in parts {
        let step = match part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) => match inner.split_once('=') {
                Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                    // kustomize takes the value for a pattern that may match anywhere.
                    let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "-_/:".contains(c));
                    if !plain {
                        return Err(odd());
                    }
                    Step::Match(key.to_owned(), value.to_owned())
                }
                Some(_) => return Err(odd()),
                None => Step::Key(inner.to_owned()),
            },
            None if part == "*" => Step::Every,
            None if part.is_empty() || part == "-" || part.contains(['[', ']']) => return Err(odd()),
            None => match part.parse() {
                Ok(index) => Step::Index(index),
                Err(_) => Step::Key(part),
            },
        };
        steps.push(step);
    }
    Ok(steps)
}

fn is_element(item: &Tree, key: &str, value: &str) -> bool {
    item.get(key).and_then(edit::scalar).is_some_and(|text| text == value)
}

/// Puts the value at a path of an object.
fn put(texts: &Texts<'_>, tree: &mut Tree, path: &Tree, value: &Tree, options: &Options) -> Outcome<()> {
    let Some(text) = path.as_str() else {
        return Err(texts.not(Reason::Refused, path.span, "a field path is a text"));
    };
    let steps = steps(texts, text, path)?;
    let mut count = 0;
    walk(texts, tree, &steps, value, options, &mut count)?;
    if count == 0 {
        return Err(texts.not(Reason::Refused, path.span, format!("an object has no `{text}`")));
    }
    Ok(())
}

fn walk(
    texts: &Texts<'_>,
    tree: &mut Tree,
    steps: &[Step],
    value: &Tree,
    options: &Options,
    count: &mut usize,
) -> Outcome<()> {
    let Some((step, rest)) = steps.split_first() else {
        *count += 1;
        return assign(texts, tree, value, options);
    };
    match (step, &mut tree.value) {
        (Step::Key(key), Value::Map(_)) => {
            if options.create && tree.get(key).is_none() {
                if !rest.iter().all(|step| matches!(step, Step::Key(_))) {
                    return Err(texts.not(Reason::NotPlain, value.span, "a list that a replacement makes"));
                }
                let made = if rest.is_empty() { value.clone() } else { edit::map(value.span) };
                if rest.is_empty() && (options.delimiter.is_some() || !is_plain_text(&made)) {
                    return Err(texts.not(Reason::NotPlain, value.span, "a value that a replacement makes"));
                }
                edit::set(tree, key, made, value.span);
            }
            tree.get_mut(key).map_or(Ok(()), |next| walk(texts, next, rest, value, options, count))
        }
        (Step::Index(at), Value::Seq(items)) => match items.get_mut(*at) {
            Some(item) => walk(texts, item, rest, value, options, count),
            None => Err(texts.not(Reason::NotPlain, value.span, "a list that is too short")),
        },
        (Step::Match(key, wanted), Value::Seq(items)) => {
            let similar =
                |item: &Tree| item.get(key).and_then(edit::scalar).is_some_and(|text| text.contains(wanted.as_str()));
            if items.iter().any(|item| similar(item) && !is_element(item, key, wanted)) {
                return Err(texts.not(Reason::NotPlain, value.span, "a pattern that matches more than one name"));
            }
            if options.create && !items.iter().any(similar) {
                return Err(texts.not(Reason::NotPlain, value.span, "an element that a replacement makes"));
            }
            items
                .iter_mut()
                .filter(|item| is_element(item, key, wanted))
                .try_for_each(|item| walk(texts, item, rest, value, options, count))
        }
        (Step::Every, Value::Seq(items)) => {
            items.iter_mut().try_for_each(|item| walk(texts, item, rest, value, options, count))
        }
        _ => Ok(()),
    }
}

/// Whether a value is a text that is one without quotes too.
fn is_plain_text(tree: &Tree) -> bool {
    tree.as_str()
        .is_some_and(|text| text.starts_with(|c: char| c.is_ascii_alphabetic()) && !text.contains(['\n', ':', '#']))
}

/// Gives a field its value. A scalar keeps its type.
fn assign(texts: &Texts<'_>, field: &mut Tree, value: &Tree, options: &Options) -> Outcome<()> {
    let odd = |what: &str| texts.not(Reason::NotPlain, value.span, what.to_owned());
    let is_scalar = |tree: &Tree| !matches!(tree.value, Value::Map(_) | Value::Seq(_));
    let new = match &options.delimiter {
        Some(delimiter) => {
            let (Some(before), Some(part)) = (edit::scalar(field), edit::scalar(value)) else {
                return Err(odd("a delimiter for what is no text"));
            };
            let mut parts: Vec<&str> = before.split(delimiter.as_str()).collect();
            match usize::try_from(options.index) {
                Err(_) => parts.insert(0, &part),
                Ok(at) if at >= parts.len() => parts.push(&part),
                Ok(at) => parts[at] = &part,
            }
            edit::text(&parts.join(delimiter), value.span)
        }
        None => value.clone(),
    };
    *field = match (&field.value, &new.value) {
        (Value::Str(_), _) if is_scalar(&new) => {
            edit::text(&edit::scalar(&new).ok_or_else(|| odd("a number as text"))?, new.span)
        }
        (Value::Int(_), Value::Int(_)) | (Value::Bool(_), Value::Bool(_)) => new,
        (Value::Int(_), Value::Str(text)) => match text.parse() {
            Ok(number) => Tree { span: new.span, value: Value::Int(number) },
            Err(_) => return Err(odd("a text in the place of a number")),
        },
        _ if is_scalar(field) => return Err(odd("a value of another type")),
        _ => new,
    };
    Ok(())
}
