//! Actions of the AWS Load Balancer Controller: a backend with the port `use-annotation` names an annotation and no
//! Service
//! (<https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#actions>).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::graph::Backend;

/// The group of the controller.
pub(super) const GROUP: &str = "elbv2.k8s.aws";
/// The port that makes the name of a backend that of an action.
const USE_ANNOTATION: &str = "use-annotation";

/// What an action does with requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Sends them to Services of the namespace, or to targets outside of the manifests if there are none.
    Forward(Vec<Target>),
    /// Answers them itself.
    Redirect,
    /// Answers them itself.
    FixedResponse,
    /// There is no such annotation, or it cannot be read.
    Unknown,
}

/// A Service that an action forwards to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub service: String,
    pub port: Wanted,
    pub weight: Option<i32>,
}

/// The port that a reference asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Number(u16),
    Name(String),
    Nothing,
}

/// Whether the port of a backend says that its name is that of an action.
pub(super) fn is_action(port_name: Option<&str>) -> bool {
    port_name == Some(USE_ANNOTATION)
}

impl Action {
    /// The action of a name.
    pub fn named(name: &str, annotations: &BTreeMap<String, String>) -> Action {
        let suffix = format!("/actions.{name}");
        let text = annotations.iter().find(|(key, _)| key.ends_with(&suffix)).map(|(_, text)| text);
        let Some(value) = text.and_then(|t| serde_json::from_str::<Value>(t).ok()) else {
            return Action::Unknown;
        };
        match field(&value, "type").and_then(Value::as_str).unwrap_or_default() {
            "redirect" => Action::Redirect,
            "fixed-response" => Action::FixedResponse,
            "forward" => {
                let groups = field(&value, "forwardConfig").and_then(|c| field(c, "targetGroups"));
                let groups = groups.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                Action::Forward(groups.iter().filter_map(target).collect())
            }
            _ => Action::Unknown,
        }
    }

    /// Its kind in a word or two.
    pub fn label(&self) -> &'static str {
        match self {
            Action::Forward(_) => "forward action",
            Action::Redirect => "redirect action",
            Action::FixedResponse => "fixed-response action",
            Action::Unknown => "action",
        }
    }
}

fn target(group: &Value) -> Option<Target> {
    let service = field(group, "serviceName")?.as_str()?.to_owned();
    let port = match field(group, "servicePort") {
        Some(Value::Number(n)) => {
            n.as_u64().and_then(|n| u16::try_from(n).ok()).map_or(Wanted::Nothing, Wanted::Number)
        }
        Some(Value::String(text)) => match text.parse() {
            Ok(number) => Wanted::Number(number),
            Err(_) => Wanted::Name(text.clone()),
        },
        _ => Wanted::Nothing,
    };
    let weight = field(group, "weight").and_then(Value::as_i64).and_then(|w| i32::try_from(w).ok());
    Some(Target { service, port, weight })
}

/// A field, in either of the two ways in which the controller has written its first letter.
fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

impl Wanted {
    /// The same for the graph, with the number that a Service gives the name.
    pub fn backend(&self, number: impl Fn(&str) -> Option<u16>) -> Backend {
        match self {
            Wanted::Number(number) => Backend::Number(*number),
            Wanted::Name(name) => Backend::Name { name: name.clone(), resolved: number(name) },
            Wanted::Nothing => Backend::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_read_in_old_and_new_spelling() {
        let named = |text: &str| {
            Action::named("x", &BTreeMap::from([("alb.ingress.kubernetes.io/actions.x".to_owned(), text.to_owned())]))
        };
        assert_eq!(named(r#"{"Type":"redirect","RedirectConfig":{"Protocol":"HTTPS"}}"#), Action::Redirect);
        assert_eq!(named(r#"{"type":"fixed-response"}"#), Action::FixedResponse);
        assert_eq!(named(r#"{"type":"forward","targetGroupARN":"arn:x"}"#), Action::Forward(Vec::new()));
        let text = r#"{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"a","servicePort":"80","weight":20},{"serviceName":"b","servicePort":"http"}]}}"#;
        let target = |service: &str, port, weight| Target { service: service.to_owned(), port, weight };
        assert_eq!(
            named(text),
            Action::Forward(vec![
                target("a", Wanted::Number(80), Some(20)),
                target("b", Wanted::Name("http".into()), None)
            ])
        );
        assert_eq!(named("{"), Action::Unknown);
        assert_eq!(Action::named("y", &BTreeMap::new()), Action::Unknown);
    }
}
