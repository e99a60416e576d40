//! The Applications that an ApplicationSet makes: of lists, of folders and of files of the repository.

use std::collections::BTreeMap;

use super::documents::{Document, text_of, trees};
use super::{Edits, How, Kind, Known, Placed, Unit, environment};
use crate::manifest::{Tree, Value};

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
        match values(known, generator, DEPTH) {
            Ok(all) => made.extend(all.into_iter().take(MOST).map(|values| Ok(application(set, template, &values)))),
            Err(what) => made.push(Err(Box::new(not_made(set, &what)))),
        }
    }
    made
}

fn not_made(set: &Document, what: &str) -> Unit {
    let how = How::NotHere(format!("Applications of the generator `{what}`, which cannot be determined from files"));
    Unit {
        name: set.name().to_owned(),
        kind: Kind::Application,
        path: set.path.clone(),
        environment: environment::of(&set.path),
        placed: Placed::Anywhere,
        how,
        edits: Edits::default(),
        missing: Vec::new(),
    }
}

/// What a generator gives, or the name of the one that is not done here.
fn values(known: &Known<'_>, generator: &Tree, depth: usize) -> Result<Vec<Values>, String> {
    let asked = generator.entries().iter().find(|e| &*e.key != "selector");
    let Some(entry) = asked else { return Err("none".to_owned()) };
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
        if let Some(folders) = git.get("directories") {
            return Ok(folders_of(known, folders.items()).into_iter().map(with_own).collect());
        }
        if let Some(files) = git.get("files") {
            return Ok(files_of(known, files.items()).into_iter().map(with_own).collect());
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

fn of_path(path: &str) -> Values {
    let base = path.rsplit('/').next().unwrap_or(path);
    let mut values: Values = [("path", path), ("path.path", path), ("path.basename", base)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for (n, part) in path.split('/').enumerate() {
        values.insert(format!("path[{n}]"), part.to_owned());
    }
    values
}

/// A path of the listing, from the top.
fn from_top<'p>(known: &Known<'_>, path: &'p str) -> Option<&'p str> {
    match known.repository.top.as_str() {
        "." => Some(path).filter(|path| !path.starts_with("../")),
        top => path.strip_prefix(top).and_then(|rest| rest.strip_prefix('/')),
    }
}

fn folders_of(known: &Known<'_>, wanted: &[Tree]) -> Vec<Values> {
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
    folders.into_iter().filter(|f| means(&included, f) && !means(&excluded, f)).map(of_path).collect()
}

fn files_of(known: &Known<'_>, wanted: &[Tree]) -> Vec<Values> {
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
        let folder = name.rsplit_once('/').map_or(".", |(of, _)| of);
        for tree in text_of(known.repository, path).map(|text| trees(&text)).unwrap_or_default() {
            let elements: Vec<&Tree> = if tree.is_map() { vec![&tree] } else { tree.items().iter().collect() };
            found.extend(elements.into_iter().map(|element| {
                let mut values = of_path(folder);
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

/// An Application of a template.
fn application(set: &Document, template: &Tree, values: &Values) -> Document {
    let mut tree = template.clone();
    fill(&mut tree, values);
    Document { path: set.path.clone(), tree }
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
        let index = name.strip_prefix("index .path.segments ").map(|n| format!("path[{}]", n.trim()));
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
        let values = of_path("apps/prod/web");
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
