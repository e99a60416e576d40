//! Groups of nodes, drawn as frames.

use std::collections::BTreeMap;

use super::GroupId;

/// A namespace, or a part of a namespace by the value of a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The identity, with the name and the parent.
    pub id: GroupId,
    /// True if the manifests contain the Namespace object.
    pub declared: bool,
    /// The declared labels.
    pub labels: BTreeMap<String, String>,
}

impl From<GroupId> for Group {
    /// A group without details.
    fn from(id: GroupId) -> Group {
        Group { id, declared: false, labels: BTreeMap::new() }
    }
}

impl Group {
    /// A group that is not a namespace.
    pub fn titled(title: impl Into<String>) -> Group {
        GroupId::Titled(title.into()).into()
    }

    /// The group of a namespace, without details.
    pub fn namespace(name: impl Into<String>) -> Group {
        GroupId::Namespace(name.into()).into()
    }

    /// A group that is a part of a namespace.
    pub fn part(namespace: impl Into<String>, title: impl Into<String>) -> Group {
        GroupId::Part { namespace: namespace.into(), title: title.into() }.into()
    }

    /// The name of the namespace, or the title of another group, as `part-of=checkout`.
    pub fn name(&self) -> &str {
        self.id.name()
    }

    /// The text: `namespace shop`, `part-of=checkout`.
    pub fn words(&self) -> String {
        match &self.id {
            GroupId::Namespace(name) => format!("namespace {name}"),
            GroupId::Titled(title) | GroupId::Part { title, .. } => title.clone(),
        }
    }
}
