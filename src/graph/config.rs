//! What workloads use beside the network and what scales them, and how, with the words for both.

use super::describe::first_of;
use crate::net::ObjectKey;

/// What is known of something that workloads use, or that scales them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Config {
    /// A ConfigMap.
    ConfigMap {
        /// Its keys, those of binary data included, sorted.
        keys: Vec<String>,
        /// How it is used, if by all in the same way: then the card says it and not each line.
        used: Option<Uses>,
    },
    /// A Secret. What it holds is never known here.
    Secret {
        /// Its type, as `kubernetes.io/tls`; empty where the manifests do not say.
        type_: String,
        /// Its keys, sorted.
        keys: Vec<String>,
        /// The object that creates it, if the manifests do not contain it themselves.
        made_by: Option<ObjectKey>,
        /// How it is used, if by all in the same way.
        used: Option<Uses>,
    },
    /// A PersistentVolumeClaim.
    Claim {
        /// How much is asked for, as written: `10Gi`.
        size: Option<String>,
        /// The StorageClass, if one is named.
        class: Option<String>,
        /// The access modes, as written.
        modes: Vec<String>,
        /// Whether each pod has one of its own, made of a template.
        per_pod: bool,
    },
    /// A ServiceAccount.
    ServiceAccount,
    /// A HorizontalPodAutoscaler or something like it.
    Scaler {
        /// Between how many pods.
        scaling: Scaling,
        /// By what, as `cpu 80 %`.
        by: Vec<String>,
    },
}

/// Between how many pods something is scaled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Scaling {
    /// The fewest; `None` if the manifests do not say.
    pub min: Option<i64>,
    /// The most; `None` if the manifests do not say.
    pub max: Option<i64>,
}

impl Scaling {
    /// `2–10 replicas`, `3 replicas`, `up to 5 replicas`; nothing if nothing is known.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UseWay {
    /// In the environment of a container.
    Environment,
    /// As files in a container.
    Files,
    /// As a volume that keeps data.
    Storage,
    /// To pull images.
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
        match self {
            UseWay::Environment => "env",
            UseWay::Files => "files",
            UseWay::Storage => "storage",
            UseWay::ImagePull => "image pull",
            UseWay::Mount => "mount",
            UseWay::Identity => "identity",
            UseWay::Tls => "tls",
        }
    }

    /// The word on a line; nothing where the kinds of its ends say it.
    fn word(self) -> Option<&'static str> {
        match self {
            UseWay::Storage | UseWay::Identity | UseWay::Tls => None,
            other => Some(other.as_str()),
        }
    }
}

/// How something is used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uses {
    /// In which ways, sorted; none where a junction stands between, whose other lines say it.
    pub ways: Vec<UseWay>,
    /// Whether the pods start without it, as every reference says.
    pub optional: bool,
}

impl Uses {
    /// `env, files`, and `optional` in a line of its own.
    pub(super) fn lines(&self) -> Vec<String> {
        let words: Vec<&str> = self.ways.iter().filter_map(|w| w.word()).collect();
        let mut lines = vec![words.join(", ")];
        lines.extend(self.optional.then(|| "optional".to_owned()));
        lines.retain(|l| !l.is_empty());
        lines
    }
}

impl Config {
    /// Says how it is used, where that is said on the card.
    pub fn use_alike(&mut self, uses: Uses) {
        if let Config::ConfigMap { used, .. } | Config::Secret { used, .. } = self {
            *used = Some(uses);
        }
    }

    /// Whether the card says how it is used.
    pub fn says_use(&self) -> bool {
        matches!(self, Config::ConfigMap { used: Some(_), .. } | Config::Secret { used: Some(_), .. })
    }

    /// Facts after the kind: `3 keys`, `tls`, `10Gi`, `2–10 replicas`.
    pub(super) fn facts(&self) -> Vec<String> {
        let said = |used: &Option<Uses>| used.iter().flat_map(Uses::lines).collect::<Vec<String>>().join(", ");
        match self {
            Config::ConfigMap { keys, used } => vec![count(keys.len(), "key", "keys"), said(used)],
            Config::Secret { made_by: Some(by), used, .. } => vec![said(used), format!("made by {}", by.kind)],
            Config::Secret { type_, keys, used, .. } => {
                // What comes before the slash says only who defined the type.
                let type_ = type_.rsplit('/').next().unwrap_or_default();
                let plain = matches!(type_, "" | "Opaque");
                let keys = if keys.is_empty() { String::new() } else { count(keys.len(), "key", "keys") };
                vec![if plain { String::new() } else { type_.to_owned() }, keys, said(used)]
            }
            Config::Claim { size, class, per_pod, .. } => {
                let class = class.as_ref().map(|c| format!("class {c}"));
                let each = per_pod.then(|| "each pod".to_owned());
                [size.clone(), class, each].into_iter().flatten().collect()
            }
            Config::ServiceAccount => Vec::new(),
            Config::Scaler { scaling, by } => {
                // Names of metrics may begin with where they are kept: `custom.example.com|pool|waiting`.
                let short: Vec<String> = by.iter().map(|b| b.rsplit('|').next().unwrap_or(b).to_owned()).collect();
                vec![scaling.text().unwrap_or_default(), first_of(&short)]
            }
        }
    }

    /// What a card has no room for, a line each.
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

/// The short name of a kind that is too long for a card, as people know it from kubectl.
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

/// The first two dozen of a list, in a line.
fn listed(word: &str, items: &[String]) -> Vec<String> {
    const SHOWN: usize = 24;
    if items.is_empty() {
        return Vec::new();
    }
    let mut text = format!("{word} {}", items.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", "));
    if items.len() > SHOWN {
        text.push_str(&format!(" and {} more", items.len() - SHOWN));
    }
    vec![text]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_pods_are_put_into_words() {
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
