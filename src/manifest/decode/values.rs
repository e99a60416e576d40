//! Values of the right type that the API server refuses all the same, in fields that decide what is drawn.

use super::super::tree::{Tree, Value};
use super::nearest;

/// What becomes of a value that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The object is read as if it were not given.
    SetAside,
    /// It stays, for without it the part that holds it would mean more than its author wrote.
    Keep,
}

/// Why a value is refused.
pub(super) struct Refusal {
    pub fate: Fate,
    pub message: String,
    pub help: Option<String>,
}

const SERVICE_TYPES: &[&str] = &["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"];
const PROTOCOLS: &[&str] = &["TCP", "UDP", "SCTP"];

/// Looks at a field of a type, by the names that the API gives them
/// (<https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/>,
/// <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports>).
pub(super) fn refusal(type_name: &str, field: &str, tree: &Tree) -> Option<Refusal> {
    match (type_name, field) {
        ("ServiceSpec", "type") => one_of(tree, SERVICE_TYPES),
        ("ServicePort" | "ContainerPort" | "EndpointPort", "protocol") => one_of(tree, PROTOCOLS),
        ("ServicePort", "port") | ("ContainerPort", "containerPort") => port(tree, 1, Fate::SetAside),
        // The server reads a zero as absent.
        ("ServicePort", "nodePort") | ("ContainerPort", "hostPort") => port(tree, 0, Fate::SetAside),
        ("ServicePort", "targetPort") => port(tree, 0, Fate::SetAside).or_else(|| number_as_name(tree)),
        ("EndpointPort", "port") => port(tree, 1, Fate::SetAside),
        // Which port the author wanted is worth seeing even if there is none such.
        ("ServiceBackendPort", "number") => port(tree, 0, Fate::Keep),
        _ => None,
    }
}

fn one_of(tree: &Tree, known: &[&str]) -> Option<Refusal> {
    let text = tree.as_str().filter(|text| !text.is_empty() && !known.contains(text))?;
    Some(Refusal {
        fate: Fate::SetAside,
        message: format!("expected one of {}, found `{}`", known.join(", "), super::hint::excerpt(text)),
        help: nearest(text, known).map(|meant| format!("did you mean `{meant}`?")),
    })
}

fn port(tree: &Tree, smallest: i64, fate: Fate) -> Option<Refusal> {
    let number = match tree.value {
        Value::UInt(number) => number.to_string(),
        _ => tree.as_i64().filter(|number| !(smallest..=65535).contains(number))?.to_string(),
    };
    Some(Refusal { fate, message: format!("expected a port from 1 to 65535, found {number}"), help: None })
}

/// The name of a port holds a letter
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports>).
fn number_as_name(tree: &Tree) -> Option<Refusal> {
    let text = tree.as_str()?;
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| Refusal {
        fate: Fate::Keep,
        message: format!("in quotes, \"{}\" is the name of a port and not its number", super::hint::excerpt(text)),
        help: Some(format!("remove the quotes: {}", super::hint::excerpt(text))),
    })
}
