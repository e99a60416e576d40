//! ConfigMaps, Secrets, claims and autoscalers of workloads: their details and how they are used, with the texts.

use super::describe::first_of;
use crate::net::{ObjectKey, text};

/// Details of an object that workloads use, or of an autoscaler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Config {
    /// A ConfigMap.
    ConfigMap {
        /// Its keys, those of binary data included, sorted.
        keys: Vec<String>,
        /// The use, if all users have the same: the card shows it instead of each edge.
        used: Option<Uses>,
    },
    /// A Secret. Its values are never read.
    Secret {
        /// The type, as `kubernetes.io/tls`; empty if the manifests do not state it.
        type_: String,
        /// Its keys, sorted.
        keys: Vec<String>,
        /// The object that creates it, if the manifests do not contain the Secret itself.
        made_by: Option<ObjectKey>,
        /// The use, if all users have the same.
        used: Option<Uses>,
    },
    /// A PersistentVolumeClaim.
    Claim {
        /// The requested storage, as written: `10Gi`.
        size: Option<String>,
        /// The StorageClass, if one is named.
        class: Option<String>,
        /// The access modes, as written.
        modes: Vec<String>,
        /// True if each pod has its own claim, created from a template.
        per_pod: bool,
    },
    /// A ServiceAccount.
    ServiceAccount,
    /// An autoscaler, as HorizontalPodAutoscaler.
    Scaler {
        /// The limits of the number of pods.
        scaling: Scaling,
        /// The metrics, as `cpu 80 %`.
        by: Vec<String>,
    },
}

/// The limits of an autoscaler.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Scaling {
    /// The minimum; `None` if the manifests do not state it.
    pub min: Option<i64>,
    /// The maximum; `None` if the manifests do not state it.
    pub max: Option<i64>,
}

impl Scaling {
    /// `2–10 replicas`, `3 replicas`, `up to 5 replicas`; `None` if no limit is known.
    pub fn text(&self) -> Option<String> {
        Some(match (self.min, self.max) {
            (Some(1), Some(1)) => "1 replica".to_owned(),
            (Some(a), Some(b)) if a == b => format!("{a} replicas"),
            (Some(a), Some(b)) => format!("{a}–{b} replicas"),
            (None, Some(b)) => format!("up to {b} replicas"),
            (Some(a), None) => format!("at least {a} replicas"),
            (None, None) => return None,
        })
    }
}

/// A way to use something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum UseWay {
    /// In the environment of a container.
    #[strum(serialize = "env")]
    Environment,
    /// As files in a container.
    Files,
    /// As a volume that keeps data.
    Storage,
    /// To pull images.
    #[strum(serialize = "image pull")]
    ImagePull,
    /// To mount a volume.
    Mount,
    /// As the identity of its pods.
    Identity,
    /// As a certificate with its key.
    Tls,
}

impl UseWay {
    /// `env`, `files`, `storage`, `image pull`, `mount`, `identity` or `tls`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The word on an edge; `None` if the kinds of its ends imply it.
    fn word(self) -> Option<&'static str> {
        match self {
            UseWay::Storage | UseWay::Identity | UseWay::Tls => None,
            other => Some(other.as_str()),
        }
    }
}

/// The use of an object by a workload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uses {
    /// The ways, sorted; empty beside a junction whose other edges state them.
    pub ways: Vec<UseWay>,
    /// True if every reference is optional: the pods start without the object.
    pub optional: bool,
}

impl Uses {
    /// `env, files`, and `optional` in a separate line.
    pub(super) fn lines(&self) -> Vec<String> {
        let words: Vec<&str> = self.ways.iter().filter_map(|w| w.word()).collect();
        let mut lines = vec![words.join(", ")];
        lines.extend(self.optional.then(|| "optional".to_owned()));
        lines.retain(|l| !l.is_empty());
        lines
    }
}

impl Config {
    /// Sets the use that the card shows, if it shows one.
    pub fn use_alike(&mut self, uses: Uses) {
        if let Config::ConfigMap { used, .. } | Config::Secret { used, .. } = self {
            *used = Some(uses);
        }
    }

    /// True if the card shows the use.
    pub fn says_use(&self) -> bool {
        matches!(self, Config::ConfigMap { used: Some(_), .. } | Config::Secret { used: Some(_), .. })
    }

    /// Facts after the kind: `3 keys`, `tls`, `10Gi`, `2–10 replicas`.
    pub(super) fn facts(&self) -> Vec<String> {
        let use_text = |used: &Option<Uses>| used.iter().flat_map(Uses::lines).collect::<Vec<String>>().join(", ");
        match self {
            Config::ConfigMap { keys, used } => vec![count(keys.len(), "key", "keys"), use_text(used)],
            Config::Secret { made_by: Some(by), used, .. } => vec![use_text(used), format!("made by {}", by.kind)],
            Config::Secret { type_, keys, used, .. } => {
                // The part before the slash names only the owner of the type.
                let type_ = type_.rsplit('/').next().unwrap_or_default();
                let plain = matches!(type_, "" | "Opaque");
                let keys = if keys.is_empty() { String::new() } else { count(keys.len(), "key", "keys") };
                vec![if plain { String::new() } else { type_.to_owned() }, keys, use_text(used)]
            }
            Config::Claim { size, class, per_pod, .. } => {
                let class = class.as_ref().map(|c| format!("class {c}"));
                let each = per_pod.then(|| "each pod".to_owned());
                [size.clone(), class, each].into_iter().flatten().collect()
            }
            Config::ServiceAccount => Vec::new(),
            Config::Scaler { scaling, by } => {
                // Names of metrics may begin with their source: `custom.example.com|pool|waiting`.
                let short: Vec<String> = by.iter().map(|b| b.rsplit('|').next().unwrap_or(b).to_owned()).collect();
                vec![scaling.text().unwrap_or_default(), first_of(&short)]
            }
        }
    }

    /// Details for the tooltip, a line each.
    pub(super) fn remarks(&self) -> Vec<String> {
        match self {
            Config::ConfigMap { keys, .. } => listed("keys", keys),
            Config::Secret { keys, made_by, .. } => {
                let mut lines = listed("keys", keys);
                lines.extend(made_by.as_ref().map(|by| format!("not in the input; {by} makes it")));
                lines
            }
            Config::Claim { modes, .. } => listed("access", modes),
            Config::ServiceAccount => Vec::new(),
            Config::Scaler { by, .. } => listed("by", by),
        }
    }
}

/// The kubectl short name of a kind whose name is too long for a card.
pub(super) fn short_kind(kind: &str) -> &str {
    match kind {
        "PersistentVolumeClaim" => "PVC",
        "HorizontalPodAutoscaler" => "HPA",
        other => other,
    }
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// The first 24 items of a list, in a line.
fn listed(word: &str, items: &[String]) -> Vec<String> {
    if items.is_empty() { Vec::new() } else { vec![format!("{word} {}", text::first(items, 24))] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_pods_have_texts() {
        let text = |min, max| Scaling { min, max }.text();
        assert_eq!(text(Some(2), Some(10)).as_deref(), Some("2–10 replicas"));
        assert_eq!(text(Some(3), Some(3)).as_deref(), Some("3 replicas"));
        assert_eq!(text(Some(1), Some(1)).as_deref(), Some("1 replica"));
        assert_eq!(text(None, Some(5)).as_deref(), Some("up to 5 replicas"));
        assert_eq!(text(None, None), None);
    }

    #[test]
    fn types_of_secrets_lose_their_prefix() {
        let secret =
            |type_: &str| Config::Secret { type_: type_.into(), keys: vec!["a".into()], made_by: None, used: None };
        assert_eq!(secret("kubernetes.io/tls").facts(), ["tls", "1 key", ""]);
        assert_eq!(secret("Opaque").facts(), ["", "1 key", ""]);
    }
}
