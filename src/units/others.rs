//! What programs deploy that are not run here: helmfile and Jsonnet. A unit for each says so.

use std::collections::BTreeMap;

use super::{Edits, How, Kind, Known, Placed, Unit};
use crate::kustomize;

/// What helmfile reads.
const HELMFILES: &[&str] = &["helmfile.yaml", "helmfile.yml", "helmfile.yaml.gotmpl", "helmfile.yml.gotmpl"];

/// The folders of libraries that others fetched.
const FETCHED: &[&str] = &["vendor", "node_modules"];

/// A unit for each helmfile and each folder with Jsonnet that is no library.
pub(super) fn units(known: &Known<'_>) -> Vec<Unit> {
    let mut found: BTreeMap<String, (Kind, Placed)> = BTreeMap::new();
    for path in &known.repository.paths {
        let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
        let is_fetched = folder.split('/').any(|part| FETCHED.contains(&part));
        let above = folder.rsplit('/').next().unwrap_or(folder);
        let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".gotmpl");
        if HELMFILES.contains(&name) {
            found.entry(path.clone()).or_insert((Kind::Helmfile, Placed::Anywhere));
        } else if above == "helmfile.d" && is_yaml {
            found.entry(folder.to_owned()).or_insert((Kind::Helmfile, Placed::Anywhere));
        } else if name.ends_with(".jsonnet") && !is_fetched && !known.kustomizations.contains_key(folder) {
            found.entry(folder.to_owned()).or_insert_with(|| (Kind::Jsonnet, placed(known, folder)));
        }
    }
    found.into_iter().map(|(path, (kind, placed))| unit(path, kind, placed)).collect()
}

fn unit(path: String, kind: Kind, placed: Placed) -> Unit {
    let what = match kind {
        Kind::Helmfile => format!("{path} is not evaluated: `helmfile template` renders it"),
        _ => format!("the Jsonnet of {path} is not evaluated"),
    };
    Unit {
        name: path.clone(),
        kind,
        path,
        environment: None,
        placed,
        how: How::NotHere(what),
        edits: Edits::default(),
        missing: Vec::new(),
        declared: None,
    }
}

/// The namespace of an environment of Tanka (<https://tanka.dev/environments>).
fn placed(known: &Known<'_>, folder: &str) -> Placed {
    let text = super::documents::text_of(known.repository, &kustomize::join(folder, "spec.json"));
    let tree = text.and_then(|text| super::documents::trees(&text).into_iter().next());
    let namespace = tree.and_then(|tree| Some(tree.at(&["spec", "namespace"])?.as_str()?.to_owned()));
    namespace.map_or(Placed::Anywhere, Placed::Default)
}
