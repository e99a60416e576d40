//! Footnotes of tables: what a word or an empty column of a table means, where it stands.

use super::connections::ConnectionsTable;
use super::table::Table;
use crate::policy::Certainty;

/// A word of a column, and what it means.
type Meaning = (&'static str, &'static str, &'static str);

/// Words of tables that are not words of Kubernetes. An empty word is an empty cell.
const MEANINGS: &[Meaning] = &[
    ("Open", "", "empty where the object names no port: an Ingress, or a port that the platform chooses"),
    ("Workload", "no workload", "requests end at a Service without pods in the manifests, or outside of them"),
    ("Policies", NO_POD, "no pod of the workload takes connections behind this object, whatever policies allow"),
    ("Call", "allowed", "the configuration of FROM names TO, and policies allow it"),
    ("Call", "partly", "the configuration of FROM names TO, and policies deny some of the ports"),
    ("Call", "blocked", "the configuration of FROM names TO, and policies deny it"),
    ("Call", "unneeded", "allowed by a rule for these pods, while the configuration of FROM does not name TO"),
    ("Call", "", "empty where no configuration names TO"),
    ("Ingress", "isolated", "a policy selects the workload: only what policies allow is allowed"),
    ("Ingress", "ruled", "only policies of other tiers apply: what they do not decide is allowed"),
    ("Ingress", "open", "no policy applies: everything is allowed"),
    ("Ingress", "not enforced", "a policy applies, and the network plugin does not enforce it"),
    ("Ingress", "unknown", "the input leaves out policies, as `kubectl get all` does"),
    ("Value", "needed", "without it something else would be allowed"),
    ("Value", "redundant", "without it nothing changes: others say the same, or everything is allowed without it"),
    ("Value", "shadowed", "without it nothing changes: others decide first"),
    ("Value", "contradicted", "what it allows is denied by policies of the other ends"),
    ("Value", "without-effect", "it selects no pod, or the network plugin does not enforce it"),
    ("Value", "unknown", "not evaluated"),
    ("TLS", "passthrough", "the backend decrypts"),
    ("TLS", "unknown", "cannot be determined from the manifests"),
    ("Weight", "", "empty where the rule names none"),
    ("Because", "", "empty where no policy decides"),
];

/// The word for an entrance without a pod that takes connections.
pub(super) const NO_POD: &str = "no ready pod";

/// What is said of pods in the network of their node: how policies hold for them is for the network plugin to say
/// (<https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-and-hostnetwork-pods>).
pub(super) const ON_HOST: &str = "in the network of its node: policies may not hold";

/// The note about a certainty; none about what is certain.
fn doubt(certainty: Certainty) -> Option<String> {
    let meaning = match certainty {
        Certainty::Certain => return None,
        Certainty::Convention => {
            "the ingress controller is not in the manifests; assumed is a pod without labels in another namespace \
             (--ingress-controller names it)"
        }
        Certainty::Conditional => "depends on the request: its method, path, host or source port",
        Certainty::Undetermined => "cannot be determined from the manifests",
    };
    Some(format!("{}: {meaning}", certainty.words()))
}

/// The note below a table without rows.
const NONE: &str = "none";

/// The columns that share the words of another one.
fn words_of(column: &str) -> &str {
    if column == "Egress" { "Ingress" } else { column }
}

/// Lines about the words and the empty cells that a table has, in the order of its columns.
pub fn footnotes(table: &Table) -> Vec<String> {
    if table.rows.is_empty() {
        return vec![NONE.to_owned()];
    }
    let mut notes: Vec<String> = Vec::new();
    for (place, column) in table.columns.iter().enumerate() {
        if matches!(*column, "Policies" | "Certainty") {
            notes.extend(table.certainties.iter().filter_map(|certainty| doubt(*certainty)));
        }
        // A policy that is needed has no reason beside its value.
        let is_explained = *column == "Because" && table.columns.contains(&"Value");
        for (_, word, meaning) in MEANINGS.iter().filter(|(of, ..)| *of == words_of(column) && !is_explained) {
            if table.rows.iter().any(|row| row.get(place).is_some_and(|cell| cell == word)) {
                let title = if word.is_empty() { column.to_uppercase() } else { (*word).to_owned() };
                let note = format!("{title}: {meaning}");
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
    }
    notes.extend(table.notes.iter().cloned());
    notes
}

/// The same for a table of connections.
pub fn connection_footnotes(table: &ConnectionsTable<'_>) -> Vec<String> {
    footnotes(&table.outline())
}
