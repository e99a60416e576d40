//! The order of the steps, as kustomize has it: resources, generators, components, then what is done to all.

use std::collections::BTreeSet;

use super::changes::Changes;
use super::file::Kustomization;
use super::generate;
use super::hash;
use super::images;
use super::names;
use super::patch;
use super::replace;
use super::resource::Resource;
use super::transform;
use super::tree::{Texts, is_remote, join};
use super::{Built, Outcome, Reason, Unbuilt};
use crate::manifest::{Tree, Value};
use crate::source::{Files, Problem, SourceFile, Span};

/// How many kustomizations one may be made of, those counted again that are used twice.
const MAX_PARTS: usize = 5_000;
/// How many objects there may be.
const MAX_OBJECTS: usize = 200_000;
/// How deep kustomizations may use each other.
const MAX_DEPTH: usize = 100;
/// The annotation of objects that are not to be deployed.
const LOCAL: &str = "config.kubernetes.io/local-config";

pub(super) fn build(folder: &str, files: &dyn Files, changes: Option<&Changes>) -> Outcome<Built> {
    let mut builder = Builder { texts: Texts::new(files), way: Vec::new(), parts: 0, changes };
    let all = builder.target(&join(folder, "."), Vec::new(), Role::Base)?;
    builder.finish(all)
}

/// Nothing to read from.
struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    fn is_folder(&self, _: &str) -> bool {
        false
    }

    fn on_disk(&self, path: &str) -> Result<std::path::PathBuf, Problem> {
        Err(Problem::NotRendered { job: path.to_owned(), what: "it is no file".to_owned() })
    }

    fn list(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

pub(super) fn change(mut objects: Vec<Tree>, files: &[SourceFile], changes: &Changes) -> Outcome<Built> {
    let mut builder = Builder { texts: Texts::new(&NoFiles), way: Vec::new(), parts: 0, changes: None };
    builder.texts.add(files, &mut objects);
    let span = changes.fields.span;
    let mut k = Kustomization { folder: ".".to_owned(), tree: Tree { span, value: Value::Map(Vec::new()) } };
    changes.apply(&mut k, &mut builder.texts)?;
    k.check(&builder.texts)?;
    let mut all = Vec::new();
    let added = builder.objects(objects)?;
    append(&builder.texts, &mut all, added, k.tree.span)?;
    builder.transform(&k, &mut all)?;
    builder.finish(all)
}

impl Builder<'_> {
    /// The result of all steps.
    fn finish(self, mut all: Vec<Resource>) -> Outcome<Built> {
        for resource in all.iter_mut().filter(|r| r.hashed) {
            let Some(suffix) = hash::suffix(resource) else {
                let span = resource.tree.span;
                return Err(self.texts.not(Reason::NotPlain, span, "a value that is no text in a generated object"));
            };
            resource.remember();
            let name = format!("{}-{suffix}", resource.name());
            let span = resource.tree.at(&["metadata", "name"]).map_or(resource.tree.span, |t| t.span);
            resource.rename(&name, span);
        }
        names::follow(&self.texts, &mut all)?;
        all.retain(|r| r.tree.at(&["metadata", "annotations", LOCAL]).is_none());
        let objects = all.into_iter().map(|r| r.tree).collect();
        let (files, read) = self.texts.finish();
        Ok(Built { files, objects, read })
    }
}

/// What a kustomization is to the one that uses it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Base,
    Component,
}

struct Builder<'f> {
    texts: Texts<'f>,
    /// The folders on the way to here.
    way: Vec<String>,
    parts: usize,
    /// What is changed in the kustomization that is built, and in none that it uses.
    changes: Option<&'f Changes>,
}

impl Builder<'_> {
    /// The objects of a folder's kustomization. A component works on those that its user has so far.
    fn target(&mut self, folder: &str, mut all: Vec<Resource>, role: Role) -> Outcome<Vec<Resource>> {
        self.parts += 1;
        let limit = |what: &str| Unbuilt { reason: Reason::NotPlain, at: folder.to_owned(), what: what.to_owned() };
        if self.parts > MAX_PARTS || self.way.len() > MAX_DEPTH {
            return Err(limit("more kustomizations than are read"));
        }
        if self.way.iter().any(|other| other == folder) {
            return Err(Unbuilt { reason: Reason::Refused, ..limit("it uses itself") });
        }
        let k = match self.changes.take() {
            None => Kustomization::read(folder, &mut self.texts)?,
            Some(changes) => {
                let made = changes.made(folder).map(Ok);
                let mut k = made.unwrap_or_else(|| Kustomization::read(folder, &mut self.texts))?;
                changes.apply(&mut k, &mut self.texts)?;
                k
            }
        };
        if k.is_component() != (role == Role::Component) {
            let what = if k.is_component() { "a component where a base is meant" } else { "no component" };
            return Err(Unbuilt { reason: Reason::Refused, ..limit(what) });
        }
        self.way.push(folder.to_owned());
        for key in ["resources", "bases"] {
            for entry in k.list(&self.texts, key)?.to_vec() {
                self.resource(&k, &entry, &mut all)?;
            }
        }
        let made = generate::generate(&mut self.texts, &k)?;
        generate::absorb(&self.texts, &mut all, made)?;
        for entry in k.list(&self.texts, "components")?.to_vec() {
            let path = self.local(&entry)?;
            let folder = join(folder, path);
            if !self.texts.is_folder(&folder) {
                return Err(self.texts.not(Reason::Refused, entry.span, format!("there is no folder {folder}")));
            }
            all = self.target(&folder, all, Role::Component)?;
        }
        self.transform(&k, &mut all)?;
        self.way.pop();
        if all.len() > MAX_OBJECTS {
            return Err(limit("more objects than are read"));
        }
        Ok(all)
    }

    fn transform(&mut self, k: &Kustomization, all: &mut Vec<Resource>) -> Outcome<()> {
        patch::strategic(&mut self.texts, k, all)?;
        patch::patches(&mut self.texts, k, all)?;
        transform::namespace(&self.texts, k, all)?;
        transform::names(&self.texts, k, all)?;
        transform::labels(&self.texts, k, all)?;
        transform::annotations(&self.texts, k, all)?;
        patch::json(&mut self.texts, k, all)?;
        transform::replicas(&self.texts, k, all)?;
        images::images(&self.texts, k, all)?;
        replace::replacements(&mut self.texts, k, all)
    }

    /// What an entry names, if it is here.
    fn local<'t>(&self, entry: &'t Tree) -> Outcome<&'t str> {
        match entry.as_str().filter(|path| !path.is_empty()) {
            None => Err(self.texts.not(Reason::Refused, entry.span, "a resource is a path")),
            Some(path) if path.contains('\n') || path.starts_with('/') => {
                Err(self.texts.not(Reason::NotPlain, entry.span, "a resource that is no path in the repository"))
            }
            Some(path) => Ok(path),
        }
    }

    /// Adds the objects of a file or of another kustomization.
    fn resource(&mut self, k: &Kustomization, entry: &Tree, all: &mut Vec<Resource>) -> Outcome<()> {
        let path = self.local(entry)?;
        let full = join(&k.folder, path);
        let added = if self.texts.is_folder(&full) {
            self.target(&full, Vec::new(), Role::Base)?
        } else {
            match self.texts.documents(&full)? {
                None if is_remote(path) => {
                    return Err(self.texts.not(
                        Reason::Remote,
                        entry.span,
                        format!("{path} is not here, and nothing is fetched"),
                    ));
                }
                None => return Err(self.texts.not(Reason::Refused, entry.span, format!("there is no file {full}"))),
                Some(_) if !self.texts.is_inside(&k.folder, &full) => {
                    let what = format!("`{path}` is not below the folder of the kustomization");
                    return Err(self.texts.not(Reason::Refused, entry.span, what));
                }
                Some(trees) => self.objects(trees)?,
            }
        };
        append(&self.texts, all, added, entry.span)
    }

    /// The objects of documents, those in lists one by one.
    fn objects(&self, trees: Vec<Tree>) -> Outcome<Vec<Resource>> {
        let mut objects = Vec::new();
        let mut waiting: Vec<Tree> = trees.into_iter().rev().collect();
        while let Some(mut tree) = waiting.pop() {
            let kind = tree.get("kind").and_then(Tree::as_str).unwrap_or_default();
            if kind.ends_with("List") && tree.get("items").is_some_and(|i| matches!(i.value, Value::Seq(_))) {
                if kind != "List"
                    && tree.get("items").is_some_and(|i| i.items().iter().any(|i| i.get("kind").is_none()))
                {
                    return Err(self.texts.not(
                        Reason::NotPlain,
                        tree.span,
                        "a list whose elements do not say their kind",
                    ));
                }
                let items = tree.remove("items").map(|e| e.value.value);
                if let Some(Value::Seq(items)) = items {
                    waiting.extend(items.into_iter().rev());
                }
                continue;
            }
            let word = |keys: &[&str]| tree.at(keys).is_some_and(|t| t.as_str().is_some_and(|text| !text.is_empty()));
            if !word(&["kind"]) || !word(&["metadata", "name"]) {
                let is_generated = word(&["metadata", "generateName"]);
                let reason = if is_generated { Reason::NotPlain } else { Reason::Refused };
                return Err(self.texts.not(reason, tree.span, "an object without a kind and a name"));
            }
            objects.push(Resource::new(tree));
        }
        Ok(objects)
    }
}

/// Adds objects, none of which may be there already.
fn append(texts: &Texts<'_>, all: &mut Vec<Resource>, added: Vec<Resource>, span: Span) -> Outcome<()> {
    let mut ids: BTreeSet<_> = all.iter().map(Resource::id).collect();
    for resource in added {
        let id = resource.id();
        if ids.contains(&id) {
            let what = format!("{} {} is there already", id.gvk.kind, id.name);
            return Err(texts.not(Reason::Refused, span, what));
        }
        ids.insert(id);
        all.push(resource);
    }
    Ok(())
}
