//! The texts by which a workload is configured: environment, arguments and commands of its containers, and the
//! ConfigMaps that they read.
//!
//! Secrets are never looked into: their values are not even kept.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::names::config_map;
use super::words::Form;
use crate::cluster::{Cluster, Workload};
use crate::manifest::Tree;
use crate::source::Span;

/// A text with its place.
#[derive(Clone, Debug)]
pub(super) struct Text {
    /// The setting that it is the value of, or the flag before it; empty if there is none.
    pub key: String,
    pub text: String,
    pub form: Form,
    /// The position of the object that holds it among the entries.
    pub entry: usize,
    pub field: String,
    /// Where the value stands.
    pub at: Span,
}

/// Variables by name, the last of each name.
pub(super) type Variables = BTreeMap<String, Text>;

/// ConfigMaps whose every key becomes a variable: the position of each, and what is put before its keys.
pub(super) type Inheritance = Vec<(usize, String)>;

/// What the configuration of one container contains.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Whole ConfigMaps that become variables.
    pub inheritance: Inheritance,
    /// The variables that they become, which other containers may share.
    pub inherited: Rc<Variables>,
    /// Its own variables; `None` hides one that it would inherit, by a value that is not known.
    pub own: BTreeMap<String, Option<Text>>,
    /// Its command and arguments.
    pub words: Vec<Text>,
}

impl Told {
    /// The variable of a name.
    pub fn variable(&self, name: &str) -> Option<&Text> {
        match self.own.get(name) {
            Some(own) => own.as_ref(),
            None => self.inherited.get(name),
        }
    }
}

/// What the configuration of the pods of a workload contains.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// By container, init and ephemeral ones included.
    pub containers: Vec<Told>,
    /// ConfigMaps whose every key is there as a file.
    pub whole: BTreeSet<usize>,
    /// Other files: the position of the ConfigMap and the key.
    pub files: BTreeSet<(usize, String)>,
}

/// Variables that several containers inherit, made once.
#[derive(Debug, Default)]
pub(super) struct Shared(BTreeMap<Inheritance, Rc<Variables>>);

impl Shared {
    fn variables(&mut self, cluster: &Cluster, inheritance: &Inheritance) -> Rc<Variables> {
        if inheritance.is_empty() {
            return Rc::default();
        }
        if let Some(known) = self.0.get(inheritance) {
            return Rc::clone(known);
        }
        let made = Rc::new(inherited(cluster, inheritance));
        self.0.insert(inheritance.clone(), Rc::clone(&made));
        made
    }
}

/// The bytes of an environment with which Linux still starts a program, for each variable its name, its value, two
/// signs and a pointer (<https://man7.org/linux/man-pages/man2/execve.2.html>). Larger ones are read up to here.
const ENVIRONMENT: usize = 2 * 1024 * 1024;

fn inherited(cluster: &Cluster, inheritance: &Inheritance) -> Variables {
    let mut variables = Variables::new();
    let mut rest = ENVIRONMENT;
    for (map, prefix) in inheritance {
        for (key, tree) in data(cluster, *map) {
            let name = format!("{prefix}{key}");
            let text = scalar(tree);
            let Some(left) = rest.checked_sub(name.len() + text.len() + 10) else { return variables };
            rest = left;
            let value =
                Text { key: name.clone(), text, form: Form::Value, entry: *map, field: data_field(key), at: tree.span };
            variables.insert(name, value);
        }
    }
    variables
}

/// Collects the configuration of a workload.
pub(super) fn settings(cluster: &Cluster, workload: &Workload, shared: &mut Shared) -> Settings {
    let object = &cluster.entries()[workload.entry].object;
    let at = workload.spec.pod_path.as_str();
    let Some(pod) = object.tree.find(at) else { return Settings::default() };
    let reader = Reader { cluster, workload };
    let mut found = Settings::default();
    let mut mounts: BTreeMap<&str, Vec<Option<&str>>> = BTreeMap::new();
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for (c, container) in items(pod, list).iter().enumerate() {
            found.containers.push(reader.container(container, &format!("{at}.{list}[{c}]"), shared));
            for mount in items(container, "volumeMounts") {
                if let Some(name) = text(mount, "name") {
                    mounts.entry(name).or_default().push(text(mount, "subPath"));
                }
            }
        }
    }
    for volume in items(pod, "volumes") {
        let of_volume = text(volume, "name").and_then(|name| mounts.get(name));
        // With a sub-path only that file is there. What nobody mounts is meant to be read all the same.
        let paths: Option<Vec<&str>> = of_volume.and_then(|all| all.iter().copied().collect());
        reader.volume(volume, paths.as_deref(), &mut found);
    }
    found
}

struct Reader<'a> {
    cluster: &'a Cluster,
    workload: &'a Workload,
}

impl Reader<'_> {
    fn container(&self, container: &Tree, at: &str, shared: &mut Shared) -> Told {
        let mut told = Told::default();
        let mut rest = EXPANDED;
        for source in items(container, "envFrom") {
            let prefix = text(source, "prefix").unwrap_or_default();
            let name = source.get("configMapRef").and_then(|r| text(r, "name"));
            told.inheritance.extend(name.and_then(|n| self.config_map(n)).map(|map| (map, prefix.to_owned())));
        }
        told.inherited = shared.variables(self.cluster, &told.inheritance);
        for (e, variable) in items(container, "env").iter().enumerate() {
            let Some(name) = text(variable, "name") else { continue };
            let field = format!("{at}.env[{e}].value");
            if let Some(value) = variable.get("value") {
                let expanded = expand(&scalar(value), |name| told.variable(name), &mut rest);
                let value = Text {
                    key: name.to_owned(),
                    text: expanded,
                    form: Form::Value,
                    entry: self.workload.entry,
                    field,
                    at: value.span,
                };
                told.own.insert(name.to_owned(), Some(value));
                continue;
            }
            // Whatever it is, it hides a variable of the same name.
            told.own.insert(name.to_owned(), self.referred(name, variable));
        }
        self.words(container, at, &mut told, &mut rest);
        told
    }

    /// The value of a variable that refers to a key of a ConfigMap.
    fn referred(&self, name: &str, variable: &Tree) -> Option<Text> {
        let reference = variable.at(&["valueFrom", "configMapKeyRef"])?;
        let map = self.config_map(text(reference, "name")?)?;
        let key = text(reference, "key")?;
        let (_, tree) = data(self.cluster, map).find(|(k, _)| *k == key)?;
        Some(Text {
            key: name.to_owned(),
            text: scalar(tree),
            form: Form::Value,
            entry: map,
            field: data_field(key),
            at: tree.span,
        })
    }

    /// Adds the command and the arguments of a container, each with the flag before it.
    fn words(&self, container: &Tree, at: &str, told: &mut Told, rest: &mut usize) {
        for list in ["command", "args"] {
            let mut flag = String::new();
            for (i, item) in items(container, list).iter().enumerate() {
                let expanded = expand(&scalar(item), |name| told.variable(name), rest);
                let is_flag = expanded.starts_with('-') && !expanded.contains(['=', ' ']);
                told.words.push(Text {
                    key: std::mem::take(&mut flag),
                    text: expanded.clone(),
                    form: Form::Words,
                    entry: self.workload.entry,
                    field: format!("{at}.{list}[{i}]"),
                    at: item.span,
                });
                if is_flag {
                    flag = expanded;
                }
            }
        }
    }

    /// The files of a volume that come from ConfigMaps.
    fn volume(&self, volume: &Tree, paths: Option<&[&str]>, settings: &mut Settings) {
        let projected = volume.get("projected").map(|p| items(p, "sources")).unwrap_or_default();
        let sources = volume.get("configMap").into_iter().chain(projected.iter().filter_map(|s| s.get("configMap")));
        for source in sources {
            let Some(map) = text(source, "name").and_then(|n| self.config_map(n)) else {
                continue;
            };
            let mut chosen: BTreeMap<&str, Option<&str>> = BTreeMap::new();
            for item in items(source, "items") {
                if let Some(key) = text(item, "key") {
                    chosen.entry(key).or_insert_with(|| text(item, "path"));
                }
            }
            let all = items(source, "items").is_empty();
            if all && paths.is_none() {
                settings.whole.insert(map);
                continue;
            }
            let paths: Option<BTreeSet<&str>> = paths.map(|paths| paths.iter().copied().collect());
            for (key, _) in data(self.cluster, map) {
                let item = chosen.get(key);
                if !all && item.is_none() {
                    continue;
                }
                let path = item.and_then(|path| *path).unwrap_or(key);
                let mut folders = path.match_indices('/').map(|(end, _)| &path[..end]);
                if paths.as_ref().is_none_or(|p| p.contains(path) || folders.any(|folder| p.contains(folder))) {
                    settings.files.insert((map, key.to_owned()));
                }
            }
        }
    }

    fn config_map(&self, name: &str) -> Option<usize> {
        self.cluster.find(&config_map(self.workload.key.namespace(), name))
    }
}

/// A file of a ConfigMap.
pub(super) fn file(cluster: &Cluster, map: usize, key: &str) -> Option<Text> {
    data(cluster, map).find(|(k, _)| *k == key).map(|(key, tree)| of_file(map, key, tree))
}

/// Every file of a ConfigMap.
pub(super) fn files(cluster: &Cluster, map: usize) -> impl Iterator<Item = Text> {
    data(cluster, map).map(move |(key, tree)| of_file(map, key, tree))
}

fn of_file(map: usize, key: &str, tree: &Tree) -> Text {
    Text {
        key: key.to_owned(),
        text: scalar(tree),
        form: Form::File,
        entry: map,
        field: data_field(key),
        at: tree.span,
    }
}

fn data(cluster: &Cluster, map: usize) -> impl Iterator<Item = (&str, &Tree)> {
    let data = cluster.entries()[map].object.tree.get("data").map(Tree::entries).unwrap_or_default();
    data.iter().map(|e| (&*e.key, &e.value))
}

fn data_field(key: &str) -> String {
    format!("data[\"{key}\"]")
}

/// So many bytes are put into the texts of one container for variables: values that hold each other may not grow
/// without bound.
const EXPANDED: usize = 64 * 1024;

/// `$(NAME)` becomes the value of a variable that came before, `$$` a dollar
/// (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables>). What is
/// not known stays as it is, and so does what the budget does not suffice for.
fn expand<'t>(text: &str, variable: impl Fn(&str) -> Option<&'t Text>, budget: &mut usize) -> String {
    if !text.contains('$') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("$$") {
            out.push('$');
            rest = after;
            continue;
        }
        let name = rest.strip_prefix("$(").and_then(|inner| inner.split_once(')'));
        match name.and_then(|(name, after)| variable(name).map(|v| (v, after))) {
            Some((value, after)) if value.text.len() <= *budget => {
                *budget -= value.text.len();
                out.push_str(&value.text);
                rest = after;
            }
            _ => {
                out.push('$');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// A value as text: numbers and booleans are no hosts, but ports may be written as numbers.
fn scalar(tree: &Tree) -> String {
    tree.as_str().map(str::to_owned).or_else(|| tree.as_i64().map(|n| n.to_string())).unwrap_or_default()
}

fn text<'t>(tree: &'t Tree, key: &str) -> Option<&'t str> {
    tree.get(key)?.as_str()
}

fn items<'t>(tree: &'t Tree, key: &str) -> &'t [Tree] {
    tree.get(key).map(Tree::items).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    #[test]
    fn variables_are_expanded_as_kubernetes_does() {
        let sources = Sources::from_texts([("x.yaml", "a: b")]);
        let span = Span { file: sources.ids().next().unwrap(), line: 1, column: 1, start: 0, end: 1 };
        let text = |value: &str| Text {
            key: "X".into(),
            text: value.into(),
            form: Form::Value,
            entry: 0,
            field: String::new(),
            at: span,
        };
        let variables = BTreeMap::from([("HOST".to_owned(), text("db")), ("PORT".to_owned(), text("5432"))]);
        let expanded = |text: &str, mut budget: usize| expand(text, |name| variables.get(name), &mut budget);
        let text = "$(HOST):$(PORT)/$(NONE) $$(HOST) $HOST $";
        assert_eq!(expanded(text, EXPANDED), "db:5432/$(NONE) $(HOST) $HOST $");
        assert_eq!(expanded("$(HOST):$(PORT) $(HOST)", 4), "db:$(PORT) db");
    }

    #[test]
    fn variables_that_double_each_other_stay_within_the_budget() {
        for n in [100, 200, 400] {
            let doubling: String =
                (1..n).map(|i| format!(", {{name: V{i}, value: \"$(V{0})$(V{0})\"}}", i - 1)).collect();
            let pod = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: c, image: i, \
                 env: [{{name: V0, value: \"http://b:80/\"}}{doubling}]}}]}}\n"
            );
            let sources = Sources::from_texts([("x.yaml", pod)]);
            let objects = crate::manifest::parse(&sources).value.objects;
            let cluster = Cluster::new(objects, &crate::cluster::Options::default()).value;
            let told = settings(&cluster, &cluster.workloads()[0], &mut Shared::default());
            let bytes: usize = told.containers[0].own.values().flatten().map(|v| v.text.len()).sum();
            assert!(bytes < EXPANDED + n * 16, "{bytes} bytes for {n} variables");
        }
    }
}
