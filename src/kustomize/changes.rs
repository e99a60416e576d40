//! What another program changes in a kustomization before it builds it, as Argo CD does with `source.kustomize`
//! (<https://argo-cd.readthedocs.io/en/stable/user-guide/kustomize/>) and Flux with the fields of its Kustomization
//! (<https://fluxcd.io/flux/components/kustomize/kustomizations/>).

use std::sync::Arc;

use super::file::{FILE_NAMES, Kustomization};
use super::tree::{Texts, join};
use super::{Outcome, Unbuilt, edit};
use crate::manifest::{Tree, Value};
use crate::source::{Files, SourceFile};

/// Fields of a kustomization that another object declares.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The files that declare them; places in `fields` count these.
    pub files: Arc<Vec<SourceFile>>,
    /// Fields of a kustomization. Lists of elements with names replace those of the same name, other lists are added,
    /// mappings are added, and texts replace.
    pub fields: Tree,
    /// What the kustomization consists of, where the folder has none.
    pub resources: Vec<String>,
}

impl PartialEq for Changes {
    fn eq(&self, other: &Changes) -> bool {
        let own = |c: &Changes| (c.fields.to_json(), c.resources.clone());
        own(self) == own(other)
    }
}

impl Eq for Changes {}

/// Lists whose elements replace those of the same name.
const NAMED: &[&str] = &["images", "replicas"];

impl Changes {
    /// The files and folders that the kustomization of a folder uses because of the changes, as far as they say.
    pub fn parts(&self, folder: &str) -> Vec<String> {
        let components = self.fields.get("components").map(Tree::items).unwrap_or_default();
        let paths = components.iter().filter_map(Tree::as_str).chain(self.resources.iter().map(String::as_str));
        paths.map(|path| join(folder, path)).collect()
    }

    /// The kustomization that is made where the folder has none; `None` if it has one.
    pub(super) fn made(&self, folder: &str) -> Option<Kustomization> {
        if self.resources.is_empty() {
            return None;
        }
        let span = self.fields.span;
        let mut tree = edit::map(span);
        let items = self.resources.iter().map(|path| edit::text(path, span)).collect();
        edit::set(&mut tree, "resources", Tree { span, value: Value::Seq(items) }, span);
        Some(Kustomization { folder: join(folder, "."), tree })
    }

    /// Makes the changes.
    pub(super) fn apply(&self, k: &mut Kustomization, texts: &mut Texts<'_>) -> Outcome<()> {
        let mut fields = self.fields.clone();
        texts.add(&self.files, std::slice::from_mut(&mut fields));
        for entry in fields.entries() {
            let there = k.tree.get(&entry.key).filter(|t| !t.is_null()).cloned();
            let value = match there {
                Some(there) => merged(&entry.key, there, &entry.value),
                None => entry.value.clone(),
            };
            edit::set(&mut k.tree, &entry.key, value, entry.key_span);
        }
        Ok(())
    }
}

/// The file of a kustomization with changes made in it, for a program that builds it: its path and its text.
///
/// # Errors
///
/// If it cannot be read.
pub fn edited(folder: &str, files: &dyn Files, changes: &Changes) -> Result<(String, String), Unbuilt> {
    let mut texts = Texts::new(files);
    let is_there = |name: &&&str| files.read(&join(folder, name)).is_some();
    let name = FILE_NAMES.iter().find(is_there).copied().unwrap_or(FILE_NAMES[0]);
    let mut k = match changes.made(folder) {
        Some(made) => made,
        None => Kustomization::unchecked(folder, &mut texts)?,
    };
    changes.apply(&mut k, &mut texts)?;
    Ok((join(folder, name), k.tree.to_json()))
}

fn merged(key: &str, mut there: Tree, added: &Tree) -> Tree {
    let name = |tree: &Tree| tree.get("name").and_then(Tree::as_str).map(str::to_owned);
    match (&mut there.value, &added.value) {
        (Value::Seq(items), Value::Seq(more)) => {
            let replaced: std::collections::BTreeSet<String> = more.iter().filter_map(name).collect();
            if NAMED.contains(&key) {
                items.retain(|item| name(item).is_none_or(|name| !replaced.contains(&name)));
            }
            items.extend(more.iter().cloned());
            there
        }
        (Value::Map(_), Value::Map(more)) => {
            for entry in more {
                edit::set(&mut there, &entry.key, entry.value.clone(), entry.key_span);
            }
            there
        }
        _ => added.clone(),
    }
}
