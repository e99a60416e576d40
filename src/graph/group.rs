//! What stands in one frame.

use std::collections::BTreeMap;

/// What the ids of namespaces begin with.
pub(super) const NAMESPACE: &str = "namespace:";

/// A namespace, or a part of one that a label tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// `namespace:NAME`; `group:NAME` for what is no namespace, `group:NAMESPACE/NAME` for a part of one.
    pub id: String,
    /// The namespace; of others the title, as `part-of=checkout`.
    pub name: String,
    /// The id of the group that it stands in, which itself stands in none.
    pub parent: Option<String>,
    /// Whether the input holds the Namespace object.
    pub declared: bool,
    /// Its labels, where declared.
    pub labels: BTreeMap<String, String>,
}

impl Group {
    /// A group that is no namespace.
    pub fn titled(title: impl Into<String>) -> Group {
        let name = title.into();
        Group { id: format!("group:{name}"), name, parent: None, declared: false, labels: BTreeMap::new() }
    }

    /// The group of a namespace of which nothing more is known.
    pub fn namespace(name: impl Into<String>) -> Group {
        let name = name.into();
        Group { id: format!("{NAMESPACE}{name}"), ..Group::titled(name) }
    }

    /// A group that is a part of a namespace.
    pub fn part(namespace: &str, title: impl Into<String>) -> Group {
        let name = title.into();
        Group {
            id: format!("group:{namespace}/{name}"),
            parent: Some(Group::namespace(namespace).id),
            ..Group::titled(name)
        }
    }

    /// What it is in words: `namespace shop`, `part-of=checkout`.
    pub fn words(&self) -> String {
        if self.id.starts_with(NAMESPACE) { format!("namespace {}", self.name) } else { self.name.clone() }
    }
}
