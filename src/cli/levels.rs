//! Selection and level of detail of a picture.

use std::collections::BTreeSet;

use clap::ValueEnum;

use super::input::InputArgs;
use crate::net::choice::did_you_mean;
use crate::net::kinds::kind_named;
use crate::picture;
use crate::view::{Anchor, Aspect, LabelSelector, Selection};
use crate::why::Reference;
use crate::world::World;

/// Arguments that select the content of a picture.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Selection")]
pub struct LevelArgs {
    /// Show only objects with these labels, as in kubectl
    ///
    /// Requirements separated by commas: key=value, key!=value, `key in (a,b)`, `key notin (a,b)`, key, !key. Pod
    /// labels count for the workload, and the selector of a Service for the Service.
    #[arg(short = 'l', long = "selector", value_name = "SELECTOR")]
    labels: Option<LabelSelector>,

    /// Show only objects of these kinds
    #[arg(long, value_name = "KIND,...", value_delimiter = ',')]
    kind: Vec<String>,

    /// Show this object and its surroundings, repeatable
    ///
    /// Written as for `why`: api, shop/api, deploy/api, internet.
    #[arg(long, value_name = "OBJECT", value_parser = anchor)]
    focus: Vec<Anchor>,

    /// The number of steps around --focus
    #[arg(long, value_name = "STEPS", default_value_t = 1, requires = "focus")]
    depth: usize,

    /// The subject: network, exposure, policy or resources
    ///
    /// network: all connections; exposure: paths from outside; policy: workloads and what policies allow; resources:
    /// workloads, the ConfigMaps, Secrets, volume claims and ServiceAccounts they use, and autoscalers.
    #[arg(long, value_name = "VIEW", default_value = "network")]
    view: Aspect,

    /// Group the objects of a namespace by the value of a label
    ///
    /// For example app.kubernetes.io/part-of. An overview gets a box for each value.
    #[arg(long, value_name = "LABEL")]
    group_by: Option<String>,

    /// Show a box for each namespace instead of single objects
    ///
    /// In SVG, HTML, PNG and PDF. auto means above --max-nodes.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::Auto, hide_possible_values = true)]
    overview: When,

    /// The maximum number of objects and peers in a picture; above it the picture is an overview
    #[arg(long, hide_short_help = true, value_name = "NUMBER", default_value_t = picture::MAX_NODES)]
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
pub fn anchor(text: &str) -> Result<Anchor, String> {
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
    if let Some(kind) = kind_named(word) {
        return kind.to_owned();
    }
    let word = word.to_ascii_lowercase();
    match Reference::parse(&format!("{word}/x")) {
        Ok(Reference::Object { kind: Some(kind), .. }) => kind,
        _ => word,
    }
}

impl LevelArgs {
    /// The selection to draw. An overview gets a hint.
    pub fn options(&self, asked: &InputArgs, hint: &str) -> picture::Options {
        self.options_in(asked.namespace().filter(|_| !asked.all_namespaces()), hint)
    }

    /// The selection to draw, of one namespace or all.
    pub fn options_in(&self, namespace: Option<&str>, hint: &str) -> picture::Options {
        picture::Options {
            aspect: self.view,
            selection: self.selection(namespace),
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

    /// A warning, if no object has the label of --group-by.
    pub fn unknown_label(&self, world: &World) -> Option<String> {
        let key = self.group_by.as_deref()?;
        let labels = world.labels();
        let keys: BTreeSet<&str> = labels.values().flatten().flat_map(|set| set.keys().map(String::as_str)).collect();
        let unknown = !keys.contains(key);
        unknown.then(|| format!("warning: no object has the label `{key}`{}", did_you_mean(key, keys)))
    }

    fn selection(&self, namespace: Option<&str>) -> Selection {
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
        for (word, meant) in known.into_iter().chain([("httproutes", "HTTPRoute"), ("Rollout", "rollout")]) {
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
