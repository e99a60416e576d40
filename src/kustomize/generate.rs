//! ConfigMaps and Secrets that are made of files, lines and literals.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::edit;
use super::file::{self, Kustomization};
use super::resource::{Behavior, Resource};
use super::tree::{Texts, file_name, join};
use super::{Outcome, Reason};
use crate::manifest::{Entry, Tree, Value};
use crate::source::Span;

/// A value with the place that said it.
type Content = BTreeMap<String, (Vec<u8>, Span)>;

/// Makes what the generators of a kustomization ask for.
pub(super) fn generate(texts: &mut Texts<'_>, k: &Kustomization) -> Outcome<Vec<Resource>> {
    let mut made = Vec::new();
    for (key, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
        for entry in k.list(texts, key)?.to_vec() {
            made.push(one(texts, k, &entry, kind)?);
        }
    }
    Ok(made)
}

fn one(texts: &mut Texts<'_>, k: &Kustomization, entry: &Tree, kind: &str) -> Outcome<Resource> {
    const FIELDS: &[&str] = &["name", "namespace", "behavior", "files", "literals", "envs", "env", "type", "options"];
    file::only(texts, entry, FIELDS)?;
    let span = entry.span;
    let Some((name, name_span)) = file::text(texts, entry, "name")? else {
        return Err(texts.not(Reason::Refused, span, "a generator without a name"));
    };
    let mut metadata = edit::map(span);
    edit::set(&mut metadata, "name", edit::text(name, name_span), name_span);
    if let Some((namespace, at)) = file::text(texts, entry, "namespace")? {
        edit::set(&mut metadata, "namespace", edit::text(namespace, at), at);
    }
    let mut tree = edit::map(span);
    edit::set(&mut tree, "apiVersion", edit::text("v1", span), span);
    edit::set(&mut tree, "kind", edit::text(kind, span), span);
    let content = content(texts, k, entry)?;
    if kind == "Secret" {
        let (of, at) = file::text(texts, entry, "type")?.unwrap_or(("Opaque", span));
        edit::set(&mut tree, "type", edit::text(of, at), at);
    } else if let Some(of) = entry.entry("type") {
        return Err(texts.not(Reason::Refused, of.key_span, "a ConfigMap has no type"));
    }
    fill(&mut tree, kind, content, span);
    let options = Options::read(texts, entry.get("options"), k.tree.get("generatorOptions"))?;
    for (key, pairs) in [("labels", &options.labels), ("annotations", &options.annotations)] {
        for (name, (value, at)) in pairs {
            if let Some(holder) = edit::demand(&mut metadata, key, || edit::map(*at)) {
                edit::set(holder, name, edit::text(value, *at), *at);
            }
        }
    }
    edit::set(&mut tree, "metadata", metadata, span);
    if options.immutable {
        edit::set(&mut tree, "immutable", Tree { span, value: Value::Bool(true) }, span);
    }
    let behavior = match file::text(texts, entry, "behavior")? {
        None | Some(("create", _)) => Behavior::Create,
        Some(("merge", _)) => Behavior::Merge,
        Some(("replace", _)) => Behavior::Replace,
        Some((other, at)) => return Err(texts.not(Reason::NotPlain, at, format!("the behavior `{other}`"))),
    };
    Ok(Resource { behavior, hashed: !options.no_hash, ..Resource::new(tree) })
}

/// Puts the values into an object, in the form that its kind has for them.
fn fill(tree: &mut Tree, kind: &str, content: Content, span: Span) {
    for (key, (bytes, at)) in content {
        let (field, value) = match String::from_utf8(bytes) {
            Ok(text) if kind != "Secret" => ("data", text),
            Ok(text) => ("data", wrapped(text.as_bytes())),
            Err(binary) if kind != "Secret" => ("binaryData", wrapped(binary.as_bytes())),
            Err(binary) => ("data", wrapped(binary.as_bytes())),
        };
        if let Some(holder) = edit::demand(tree, field, || edit::map(span)) {
            edit::set(holder, &key, edit::text(&value, at), at);
        }
    }
}

/// Base64 in lines of 70 letters, if there are that many.
fn wrapped(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let plain = BASE64.encode(bytes);
    if plain.len() < LINE {
        return plain;
    }
    let mut text = String::with_capacity(plain.len() + plain.len() / LINE + 1);
    for (n, c) in plain.chars().enumerate() {
        if n > 0 && n % LINE == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text.push('\n');
    text
}

fn content(texts: &mut Texts<'_>, k: &Kustomization, entry: &Tree) -> Outcome<Content> {
    let mut content = Content::new();
    let mut add = |texts: &Texts<'_>, key: &str, value: Vec<u8>, at: Span| {
        let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !plain || key == "." || key == ".." {
            return Err(texts.not(Reason::Refused, at, "a key has letters, digits, dashes, dots and underscores"));
        }
        match content.insert(key.to_owned(), (value, at)) {
            None => Ok(()),
            Some(_) => Err(texts.not(Reason::Refused, at, format!("the key `{key}` is given twice"))),
        }
    };
    let single = entry.get("env").filter(|t| !t.is_null());
    let envs = file::list(texts, entry, "envs")?;
    for path in envs.iter().chain(single) {
        let lines = load(texts, k, path, path.as_str().unwrap_or_default())?;
        for (key, value) in env_lines(&lines).map_err(|what| texts.not(Reason::NotPlain, path.span, what))? {
            add(texts, &key, value.into_bytes(), path.span)?;
        }
    }
    for literal in file::list(texts, entry, "literals")? {
        match literal.as_str().and_then(|text| text.split_once('=')).filter(|(key, _)| !key.is_empty()) {
            Some((key, value)) => add(texts, key, unquoted(value).as_bytes().to_vec(), literal.span)?,
            None => return Err(texts.not(Reason::Refused, literal.span, "a literal is KEY=VALUE")),
        }
    }
    for file in file::list(texts, entry, "files")? {
        let text = file.as_str().unwrap_or_default();
        let (key, path) = match text.split_once('=') {
            Some((key, path)) if !key.is_empty() && !path.is_empty() && !path.contains('=') => (key, path),
            None if !text.is_empty() => (file_name(text), text),
            _ => return Err(texts.not(Reason::Refused, file.span, "a file is PATH or KEY=PATH")),
        };
        let bytes = load(texts, k, file, path)?;
        add(texts, key, bytes, file.span)?;
    }
    Ok(content)
}

fn load(texts: &mut Texts<'_>, k: &Kustomization, said: &Tree, path: &str) -> Outcome<Vec<u8>> {
    let full = join(&k.folder, path);
    if !texts.is_inside(&k.folder, &full) {
        return Err(texts.not(
            Reason::Refused,
            said.span,
            format!("`{path}` is not below the folder of the kustomization"),
        ));
    }
    match texts.bytes(&full) {
        Some(bytes) => Ok(bytes),
        None => Err(texts.not(Reason::Refused, said.span, format!("there is no file {full}"))),
    }
}

/// A value without the quotes around it.
fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// The variables of a file of lines `NAME=VALUE`.
fn env_lines(bytes: &[u8]) -> Result<Vec<(String, String)>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not valid UTF-8".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    for line in text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).trim_start()) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once('=') {
            Some((key, value)) => found.push((key.to_owned(), value.to_owned())),
            None => return Err("a variable without a value, which kustomize takes from its own environment".into()),
        }
    }
    Ok(found)
}

/// The options of a generator.
#[derive(Default)]
struct Options {
    labels: BTreeMap<String, (String, Span)>,
    annotations: BTreeMap<String, (String, Span)>,
    no_hash: bool,
    immutable: bool,
}

impl Options {
    /// Its own over those of all.
    fn read(texts: &Texts<'_>, own: Option<&Tree>, all: Option<&Tree>) -> Outcome<Options> {
        let mut options = Options::default();
        for tree in [all, own].into_iter().flatten().filter(|t| !t.is_null()) {
            file::only(texts, tree, &["labels", "annotations", "disableNameSuffixHash", "immutable"])?;
            options.no_hash |= file::flag(texts, tree, "disableNameSuffixHash")?;
            options.immutable |= file::flag(texts, tree, "immutable")?;
            for (key, into) in [("labels", &mut options.labels), ("annotations", &mut options.annotations)] {
                for (name, value, at) in file::pairs(texts, tree.get(key))? {
                    into.insert(name.to_owned(), (value.to_owned(), at));
                }
            }
        }
        Ok(options)
    }
}

/// Adds generated objects to those that are there, or merges them into these.
pub(super) fn absorb(texts: &Texts<'_>, all: &mut Vec<Resource>, made: Vec<Resource>) -> Outcome<()> {
    for mut resource in made {
        let id = resource.id();
        let mut found = (0..all.len()).filter(|at| all[*at].ids().any(|other| other == id));
        let refused =
            |what: &str| texts.not(Reason::Refused, resource.tree.span, format!("{} {}: {what}", id.gvk.kind, id.name));
        match (found.next(), found.next(), resource.behavior) {
            (None, _, Behavior::Create) => all.push(resource),
            (None, _, _) => return Err(refused("there is none to merge with or to replace")),
            (Some(at), None, Behavior::Merge | Behavior::Replace) => {
                let old = std::mem::replace(&mut all[at], resource.clone());
                inherit(&mut resource, old);
                all[at] = resource;
            }
            (Some(_), None, Behavior::Create) => return Err(refused("it is there already")),
            (Some(_), Some(_), _) => return Err(refused("there are several")),
        }
    }
    Ok(())
}

/// What a generated object takes over from the one whose place it takes.
fn inherit(new: &mut Resource, old: Resource) {
    let Resource { mut tree, previous, prefixes, suffixes, behavior: of_old, hashed } = old;
    let is_merge = new.behavior == Behavior::Merge;
    let inherited: &[&[&str]] = if is_merge {
        &[&["metadata", "labels"], &["metadata", "annotations"], &["data"], &["binaryData"]]
    } else {
        &[&["metadata", "labels"], &["metadata", "annotations"]]
    };
    for keys in inherited {
        let Some((last, before)) = keys.split_last() else { continue };
        let Some(entry) = before.iter().try_fold(&mut tree, |t, k| t.get_mut(k)).and_then(|t| t.remove(last)) else {
            continue;
        };
        let Entry { value, key_span, .. } = entry;
        let Some(holder) = before.iter().try_fold(&mut new.tree, |t, k| t.get_mut(k)) else { continue };
        let own = holder.remove(last);
        let mut both = value;
        for entry in own.map(|o| o.value.entries().to_vec()).unwrap_or_default() {
            edit::set(&mut both, &entry.key, entry.value, entry.key_span);
        }
        edit::set(holder, last, both, key_span);
    }
    for key in ["name", "namespace"] {
        let said = tree.at(&["metadata", key]).cloned();
        let Some(metadata) = new.tree.get_mut("metadata") else { continue };
        match said {
            Some(said) => {
                let at = said.span;
                edit::set(metadata, key, said, at);
            }
            None => {
                metadata.remove(key);
            }
        }
    }
    new.previous = previous;
    new.prefixes = prefixes;
    new.suffixes = suffixes;
    new.hashed &= hashed;
    new.behavior = of_old;
}
