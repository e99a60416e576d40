//! The frames that nodes stand in.

use std::collections::BTreeMap;

use super::GroupId;

/// A namespace, or a part of one that a label tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its identity, with its name and the group that it is a part of.
    pub id: GroupId,
    /// Whether the manifests contain the Namespace object.
    pub declared: bool,
    /// Its labels, where declared.
    pub labels: BTreeMap<String, String>,
}

impl From<GroupId> for Group {
    /// The group of which nothing more is known.
    fn from(id: GroupId) -> Group {
        Group { id, declared: false, labels: BTreeMap::new() }
    }
}

impl Group {
    /// A group that is no namespace.
    pub fn titled(title: impl Into<String>) -> Group {
        GroupId::Titled(title.into()).into()
    }

    /// The group of a namespace of which nothing more is known.
    pub fn namespace(name: impl Into<String>) -> Group {
        GroupId::Namespace(name.into()).into()
    }

    /// A group that is a part of a namespace.
    pub fn part(namespace: impl Into<String>, title: impl Into<String>) -> Group {
        GroupId::Part { namespace: namespace.into(), title: title.into() }.into()
    }

    /// The name of the namespace; of others the title, as `part-of=checkout`.
    pub fn name(&self) -> &str {
        self.id.name()
    }

    /// In words: `namespace shop`, `part-of=checkout`.
    pub fn words(&self) -> String {
        match &self.id {
            GroupId::Namespace(name) => format!("namespace {name}"),
            GroupId::Titled(title) | GroupId::Part { title, .. } => title.clone(),
        }
    }
}
