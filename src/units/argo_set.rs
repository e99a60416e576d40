//! The Applications that an ApplicationSet makes: of lists, of folders and of files of the repository.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::documents::{Document, text_of, trees};
use super::{Edits, How, Kind, Known, Placed, Unit, environment};
use crate::manifest::{Entry, Tree, Value};
use crate::source::Span;

/// The most Applications that one set makes here.
const MOST: usize = 2_000;

/// How deep generators may use each other: Argo CD allows two steps.
const DEPTH: usize = 2;

/// What a generator gives a template: values by their names.
type Values = BTreeMap<String, String>;

/// The Applications of a set; a unit that says why for what is not made here.
pub(super) fn applications(known: &Known<'_>, set: &Document) -> Vec<Result<Document, Box<Unit>>> {
    let mut made = Vec::new();
    let Some(template) = set.tree.at(&["spec", "template"]) else { return made };
    for generator in set.tree.at(&["spec", "generators"]).map(Tree::items).unwrap_or_default() {
        // What a generator says of the template wins
        // (<https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Template/#generator-templates>).
        let own = asked(generator).and_then(|entry| entry.value.get("template"));
        let template = own.map_or_else(|| template.clone(), |own| overridden(template.clone(), own));
        match values(known, generator, DEPTH) {
            Ok(all) => made.extend(all.into_iter().take(MOST).map(|values| Ok(application(set, &template, &values)))),
            Err(what) => made.push(Err(Box::new(not_made(set, &what)))),
        }
    }
    made
}

/// The generator of an entry, which may have a selector beside it.
fn asked(generator: &Tree) -> Option<&Entry> {
    generator.entries().iter().find(|e| &*e.key != "selector")
}

/// A template with the fields of another one that say something.
fn overridden(mut under: Tree, over: &Tree) -> Tree {
    let is_empty =
        |tree: &Tree| tree.is_null() || tree.as_str() == Some("") || tree.is_map() && tree.entries().is_empty();
    let (Value::Map(entries), Value::Map(more)) = (&mut under.value, &over.value) else { return over.clone() };
    for entry in more.iter().filter(|entry| !is_empty(&entry.value)) {
        match entries.iter_mut().find(|e| e.key == entry.key) {
            Some(there) => there.value = overridden(there.value.clone(), &entry.value),
            None => entries.push(entry.clone()),
        }
    }
    under
}

fn not_made(set: &Document, what: &str) -> Unit {
    let how = How::NotHere(format!("Applications of the generator `{what}`, which cannot be determined from files"));
    Unit {
        name: set.name().to_owned(),
        kind: Kind::Application,
        path: set.path.clone(),
        environment: set.environment(),
        placed: Placed::Anywhere,
        how,
        edits: Edits::default(),
        missing: Vec::new(),
        declared: None,
    }
}

/// What a generator gives, or the name of the one that is not done here.
fn values(known: &Known<'_>, generator: &Tree, depth: usize) -> Result<Vec<Values>, String> {
    let Some(entry) = asked(generator) else { return Err("none".to_owned()) };
    let inner = entry.value.get("generators").map(Tree::items).unwrap_or_default();
    let mut all = match &*entry.key {
        "matrix" | "merge" if depth == 0 => return Err(entry.key.to_string()),
        "matrix" => matrix(known, inner, depth)?,
        "merge" => merge(known, &entry.value, inner, depth)?,
        _ => simple(known, generator)?,
    };
    if let Some(selector) = generator.get("selector") {
        let wanted = selector.get("matchLabels").map(Tree::entries).unwrap_or_default();
        if wanted.len() != selector.entries().len() && selector.get("matchExpressions").is_some() {
            return Err(format!("{} with matchExpressions", entry.key));
        }
        all.retain(|values| wanted.iter().all(|e| values.get(&*e.key).map(String::as_str) == e.value.as_str()));
    }
    Ok(all)
}

/// Every pair of what two generators give; the second may use what the first gives
/// (<https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-Matrix/>).
fn matrix(known: &Known<'_>, generators: &[Tree], depth: usize) -> Result<Vec<Values>, String> {
    let [first, second] = generators else { return Err("matrix".to_owned()) };
    let mut all = Vec::new();
    for outer in values(known, first, depth - 1)? {
        let mut filled = second.clone();
        fill(&mut filled, &outer);
        for inner in values(known, &filled, depth - 1)? {
            let mut both = outer.clone();
            both.extend(inner);
            all.push(both);
        }
        if all.len() > MOST {
            break;
        }
    }
    Ok(all)
}

/// What the first generator gives, with values of the others that have the same keys
/// (<https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-Merge/>).
fn merge(known: &Known<'_>, merge: &Tree, generators: &[Tree], depth: usize) -> Result<Vec<Values>, String> {
    let keys: Vec<&str> =
        merge.get("mergeKeys").map(Tree::items).unwrap_or_default().iter().filter_map(Tree::as_str).collect();
    let Some((first, others)) = generators.split_first() else { return Err("merge".to_owned()) };
    let key = |values: &Values| keys.iter().map(|key| values.get(*key).cloned()).collect::<Vec<_>>();
    let mut all = values(known, first, depth - 1)?;
    for other in others {
        let more: BTreeMap<_, Values> = values(known, other, depth - 1)?.into_iter().map(|v| (key(&v), v)).collect();
        for values in &mut all {
            let found = more.get(&key(values)).cloned();
            values.extend(found.into_iter().flatten());
        }
    }
    Ok(all)
}

/// What a generator gives that uses no other.
fn simple(known: &Known<'_>, generator: &Tree) -> Result<Vec<Values>, String> {
    if let Some(list) = generator.get("list") {
        if list.get("elementsYaml").is_some() {
            return Err("list.elementsYaml".to_owned());
        }
        let elements = list.get("elements").map(Tree::items).unwrap_or_default();
        return Ok(elements.iter().map(|element| flat(element, "")).collect());
    }
    if let Some(git) = generator.get("git") {
        let own = git.get("values").map(|values| flat(values, "values")).unwrap_or_default();
        let with_own = |mut values: Values| {
            let added: Values = own.iter().map(|(name, text)| (name.clone(), filled(text, &values))).collect();
            values.extend(added);
            values
        };
        let prefix = git.get("pathParamPrefix").and_then(Tree::as_str).unwrap_or_default();
        if let Some(folders) = git.get("directories") {
            return Ok(folders_of(known, folders.items(), prefix).into_iter().map(with_own).collect());
        }
        if let Some(files) = git.get("files") {
            return Ok(files_of(known, files.items(), prefix).into_iter().map(with_own).collect());
        }
    }
    Err(generator.entries().first().map_or_else(|| "none".to_owned(), |e| e.key.to_string()))
}

/// The values of a mapping, those inside of others with their way.
fn flat(tree: &Tree, before: &str) -> Values {
    let mut values = Values::new();
    for entry in tree.entries() {
        let name = if before.is_empty() { entry.key.to_string() } else { format!("{before}.{}", entry.key) };
        match &entry.value.value {
            Value::Map(_) => values.extend(flat(&entry.value, &name)),
            Value::Str(text) => drop(values.insert(name, text.to_string())),
            Value::Int(number) => drop(values.insert(name, number.to_string())),
            Value::Bool(value) => drop(values.insert(name, value.to_string())),
            _ => {}
        }
    }
    values
}

/// The values of a path, which `pathParamPrefix` keeps apart from those of others.
fn of_path(path: &str, prefix: &str) -> Values {
    let base = path.rsplit('/').next().unwrap_or(path);
    let before = if prefix.is_empty() { String::new() } else { format!("{prefix}.") };
    let named = [("path", path), ("path.path", path), ("path.basename", base)];
    let mut values: Values =
        named.iter().map(|(name, value)| (format!("{before}{name}"), (*value).to_owned())).collect();
    values.insert(format!("{before}path.basenameNormalized"), normalized(base));
    for (n, part) in path.split('/').enumerate() {
        values.insert(format!("{before}path[{n}]"), part.to_owned());
    }
    values
}

/// A name as names of objects may be.
fn normalized(name: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(fits).collect()
}

/// A path of the listing, from the top.
fn from_top<'p>(known: &Known<'_>, path: &'p str) -> Option<&'p str> {
    match known.repository.top.as_str() {
        "." => Some(path).filter(|path| !path.starts_with("../")),
        top => path.strip_prefix(top).and_then(|rest| rest.strip_prefix('/')),
    }
}

fn folders_of(known: &Known<'_>, wanted: &[Tree], prefix: &str) -> Vec<Values> {
    let pattern = |tree: &Tree| tree.get("path").and_then(Tree::as_str).map(str::to_owned);
    let is_excluded = |tree: &&Tree| tree.get("exclude").and_then(Tree::as_bool) == Some(true);
    let (excluded, included): (Vec<&Tree>, Vec<&Tree>) = wanted.iter().partition(is_excluded);
    let mut folders = std::collections::BTreeSet::new();
    for path in known.repository.paths.iter().filter_map(|path| from_top(known, path)) {
        let mut folder = path;
        while let Some((of, _)) = folder.rsplit_once('/') {
            folders.insert(of);
            folder = of;
        }
    }
    let means = |trees: &[&Tree], folder: &str| trees.iter().filter_map(|t| pattern(t)).any(|p| is_path(&p, folder));
    folders.into_iter().filter(|f| means(&included, f) && !means(&excluded, f)).map(|f| of_path(f, prefix)).collect()
}

fn files_of(known: &Known<'_>, wanted: &[Tree], prefix: &str) -> Vec<Values> {
    let mut found = Vec::new();
    for path in &known.repository.paths {
        let Some(name) = from_top(known, path) else { continue };
        let excludes = |tree: &Tree| tree.get("exclude").and_then(Tree::as_bool) == Some(true);
        let means = |tree: &Tree| tree.get("path").and_then(Tree::as_str).is_some_and(|p| is_path(p, name));
        let is_meant =
            wanted.iter().any(|t| !excludes(t) && means(t)) && !wanted.iter().any(|t| excludes(t) && means(t));
        if !is_meant {
            continue;
        }
        let (folder, file) = name.rsplit_once('/').unwrap_or((".", name));
        for tree in text_of(known.repository, path).map(|text| trees(&text)).unwrap_or_default() {
            let elements: Vec<&Tree> = if tree.is_map() { vec![&tree] } else { tree.items().iter().collect() };
            found.extend(elements.into_iter().map(|element| {
                let mut values = of_path(folder, prefix);
                values.insert("path.filename".to_owned(), file.to_owned());
                values.insert("path.filenameNormalized".to_owned(), normalized(file));
                values.extend(flat(element, ""));
                values
            }));
        }
    }
    found
}

/// Whether a pattern means a path, part by part; `**` is any number of parts.
pub(super) fn is_path(pattern: &str, path: &str) -> bool {
    fn parts(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern.split_first(), path.split_first()) {
            (None, None) => true,
            (Some((&"**", rest)), _) => (0..=path.len()).any(|skip| parts(rest, &path[skip..])),
            (Some((first, rest)), Some((part, others))) => environment::matches(first, part) && parts(rest, others),
            _ => false,
        }
    }
    let split = |text: &str| -> Vec<String> { text.trim_start_matches("./").split('/').map(str::to_owned).collect() };
    let (pattern, path) = (split(pattern), split(path));
    if pattern.iter().filter(|part| *part == "**").count() > 3 {
        return false;
    }
    let as_str = |parts: &[String]| parts.iter().map(String::as_str).collect::<Vec<_>>().join("/");
    let (pattern, path) = (as_str(&pattern), as_str(&path));
    parts(&pattern.split('/').collect::<Vec<_>>(), &path.split('/').collect::<Vec<_>>())
}

/// An Application of a template, with the patch of the set as far as it is no program of its own
/// (<https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Template/#template-patch>).
fn application(set: &Document, template: &Tree, values: &Values) -> Document {
    let mut tree = template.clone();
    fill(&mut tree, values);
    let mut notes = set.notes.clone();
    if let Some(patch) = set.text(&["spec", "templatePatch"]) {
        let patch = filled(patch, values);
        match trees(&patch).into_iter().next().filter(|patch| patch.is_map()) {
            Some(read) if !patch.contains("{{") => {
                tree = super::values::merged(tree, &at(read, set.tree.span));
            }
            _ => notes.push("`spec.templatePatch` is not evaluated".to_owned()),
        }
    }
    if let Some(left) = unfilled(&tree) {
        notes.push(format!("`{left}` of the template is not evaluated"));
    }
    Document { path: set.path.clone(), tree, files: Arc::clone(&set.files), built: set.built.clone(), notes }
}

/// A tree of another text, whose values are all at one place.
fn at(mut tree: Tree, span: Span) -> Tree {
    tree.span = span;
    match &mut tree.value {
        Value::Seq(items) => items.iter_mut().for_each(|item| *item = at(item.clone(), span)),
        Value::Map(entries) => {
            for entry in entries {
                entry.key_span = span;
                entry.value = at(entry.value.clone(), span);
            }
        }
        _ => {}
    }
    tree
}

/// The first placeholder that is left in a tree.
fn unfilled(tree: &Tree) -> Option<String> {
    match &tree.value {
        Value::Str(text) => {
            let start = text.find("{{")?;
            let end = text[start..].find("}}").map_or(text.len(), |end| start + end + 2);
            Some(text[start..end].to_owned())
        }
        Value::Seq(items) => items.iter().find_map(unfilled),
        Value::Map(entries) => entries.iter().find_map(|entry| unfilled(&entry.value)),
        _ => None,
    }
}

/// Puts values into all texts of a template.
fn fill(tree: &mut Tree, values: &Values) {
    match &mut tree.value {
        Value::Str(text) if text.contains("{{") => *text = filled(text, values).into(),
        Value::Seq(items) => items.iter_mut().for_each(|item| fill(item, values)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| fill(&mut entry.value, values)),
        _ => {}
    }
}

/// A text with its placeholders filled: `{{path.basename}}`, `{{ .path.basename }}`. What is not known stays.
fn filled(text: &str, values: &Values) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        result.push_str(before);
        let Some((inner, behind)) = after.split_once("}}") else {
            result.push_str("{{");
            rest = after;
            continue;
        };
        let name = inner.trim().trim_start_matches('.');
        let segment = |call: &str| {
            let (of, n) =
                call.strip_prefix("index .")?.split_once(".segments ").filter(|(of, _)| of.ends_with("path"))?;
            Some(format!("{of}[{}]", n.trim()))
        };
        let index = segment(name);
        match values.get(index.as_deref().unwrap_or(name)) {
            Some(value) => result.push_str(value),
            None => result.push_str(&format!("{{{{{inner}}}}}")),
        }
        rest = behind;
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_in_both_forms() {
        let values = of_path("apps/prod/web", "");
        for (text, expected) in [
            ("{{path.basename}}-x", "web-x"),
            ("a-{{ .path.basename }}", "a-web"),
            ("{{index .path.segments 1}}", "prod"),
            ("{{path[1]}}/{{other}}", "prod/{{other}}"),
            ("{{", "{{"),
        ] {
            assert_eq!(filled(text, &values), expected, "{text}");
        }
        assert!(is_path("apps/*/web", "apps/prod/web") && is_path("apps/**/config.json", "apps/a/b/config.json"));
        assert!(!is_path("apps/*", "apps/prod/web"));
    }
}
