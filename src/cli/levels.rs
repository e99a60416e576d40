//! Selection and level of detail of a picture.

use clap::ValueEnum;

use super::input::InputArgs;
use crate::picture;
use crate::view::{Anchor, Aspect, LabelSelector, Selection};
use crate::why::Reference;

/// Arguments that select the content of a picture.
#[derive(clap::Args, Debug)]
pub struct LevelArgs {
    /// Show all namespaces, even with -n
    #[arg(short = 'A', long)]
    all_namespaces: bool,

    /// Show only objects with these labels: key=value, key!=value, `key in (a,b)`, `key notin (a,b)`, key, !key,
    /// separated by commas. Pod labels count for the workload, and the selector of a Service for the Service
    #[arg(short = 'l', long = "selector", value_name = "SELECTOR")]
    labels: Option<LabelSelector>,

    /// Show only objects of these kinds
    #[arg(long, value_name = "KIND,...", value_delimiter = ',')]
    kind: Vec<String>,

    /// Show this object and its surroundings, repeatable; written as for `why`: api, shop/api, deploy/api, internet
    #[arg(long, value_name = "OBJECT", value_parser = anchor)]
    focus: Vec<Anchor>,

    /// The number of steps around --focus
    #[arg(long, value_name = "STEPS", default_value_t = 1, requires = "focus")]
    depth: usize,

    /// The subject of the picture: network (all connections), exposure (paths from
    /// outside), policy (workloads and what policies allow) or resources (workloads, the ConfigMaps, Secrets, volume
    /// claims and ServiceAccounts they use, and autoscalers)
    #[arg(long, value_name = "VIEW", default_value = "network")]
    view: Aspect,

    /// Group the objects of a namespace by the value of a label, such as app.kubernetes.io/part-of; an overview gets a
    /// box for each value
    #[arg(long, value_name = "LABEL")]
    group_by: Option<String>,

    /// Show a box for each namespace instead of single objects in SVG, HTML, PNG and PDF: auto means above
    /// --max-nodes
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    overview: When,

    /// The maximum number of objects and peers in a picture; above it the picture is an overview
    #[arg(long, value_name = "NUMBER", default_value_t = picture::MAX_NODES)]
    max_nodes: usize,
}

/// When a picture is an overview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

/// Reads an object as `why` does.
fn anchor(text: &str) -> Result<Anchor, String> {
    let (kind, namespace, name) = match Reference::parse(text)? {
        Reference::Internet => (None, None, "internet".to_owned()),
        Reference::Object { kind, namespace, name } => (kind, namespace, name),
        // `web.shop` is how DNS calls a Service; a name may hold dots as well.
        Reference::Host(name) => (None, None, name),
        Reference::Addresses(_) => return Err("an address is no object".into()),
        Reference::Url(_) => return Err("a URL is no object".into()),
    };
    Ok(Anchor { text: text.to_owned(), kind, namespace, name })
}

/// Kinds by the short and plural names that kubectl takes.
fn kind(word: &str) -> String {
    match word.to_ascii_lowercase().as_str() {
        "ing" | "ingresses" => "Ingress".to_owned(),
        "gtw" | "gateways" => "Gateway".to_owned(),
        "cm" | "configmaps" => "ConfigMap".to_owned(),
        "secrets" => "Secret".to_owned(),
        "pvc" | "persistentvolumeclaims" => "PersistentVolumeClaim".to_owned(),
        "sa" | "serviceaccounts" => "ServiceAccount".to_owned(),
        "hpa" | "horizontalpodautoscalers" => "HorizontalPodAutoscaler".to_owned(),
        other => match Reference::parse(&format!("{other}/x")) {
            Ok(Reference::Object { kind: Some(kind), .. }) => kind,
            _ => other.strip_suffix('s').filter(|s| s.ends_with("route")).unwrap_or(other).to_owned(),
        },
    }
}

impl LevelArgs {
    /// The selection to draw. An overview gets a hint.
    pub fn options(&self, asked: &InputArgs, hint: &str) -> picture::Options {
        picture::Options {
            aspect: self.view,
            selection: self.selection(asked),
            group_by: self.group_by.clone(),
            overview: match self.overview {
                When::Auto => picture::Overview::Above(self.max_nodes),
                When::Always => picture::Overview::Always,
                When::Never => picture::Overview::Never,
            },
            hint: hint.to_owned(),
            ..picture::Options::default()
        }
    }

    fn selection(&self, asked: &InputArgs) -> Selection {
        let namespace = asked.namespace().filter(|_| !self.all_namespaces);
        Selection {
            namespaces: namespace.map(str::to_owned).into_iter().collect(),
            labels: self.labels.clone(),
            kinds: self.kind.iter().map(|k| kind(k.trim())).collect(),
            focus: self.focus.clone(),
            depth: self.depth,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_short_and_plural_names() {
        let known = [("deploy", "deployment"), ("svc", "service"), ("Services", "service"), ("ing", "Ingress")];
        for (word, meant) in known.into_iter().chain([("httproutes", "httproute"), ("Rollout", "rollout")]) {
            assert_eq!(kind(word), meant);
        }
    }

    #[test]
    fn objects_are_named_as_for_why() {
        let named = anchor("deploy/api").unwrap();
        assert_eq!((named.kind.as_deref(), named.namespace, named.name.as_str()), (Some("deployment"), None, "api"));
        assert!(anchor("10.0.0.0/8").is_err());
    }
}
