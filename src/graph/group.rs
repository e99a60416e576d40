//! What stands in one frame.

use std::collections::BTreeMap;

/// A namespace, or a part of one that a label tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// `namespace:NAME`; `group:NAME` for what is no namespace.
    pub id: String,
    /// The namespace; of others the title, as `shop / part-of=checkout`.
    pub name: String,
    /// Whether the input holds the Namespace object.
    pub declared: bool,
    /// Its labels, where declared.
    pub labels: BTreeMap<String, String>,
}

impl Group {
    /// A group that is no namespace.
    pub fn titled(title: impl Into<String>) -> Group {
        let name = title.into();
        Group {
            id: format!("group:{name}"),
            name,
            declared: false,
            labels: BTreeMap::new(),
        }
    }

    /// The group of a namespace of which nothing more is known.
    pub fn namespace(name: impl Into<String>) -> Group {
        let name = name.into();
        Group {
            id: format!("namespace:{name}"),
            ..Group::titled(name)
        }
    }

    /// What it is in words: `namespace shop`, `shop / part-of=checkout`.
    pub fn words(&self) -> String {
        if self.id.starts_with("namespace:") {
            format!("namespace {}", self.name)
        } else {
            self.name.clone()
        }
    }
}
