//! What the API server asks of objects beyond the types of their fields: fields that must be there, names that must be
//! short and different, and fields of older versions
//! (<https://kubernetes.io/docs/reference/kubernetes-api/>,
//! <https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go>).
//!
//! The server refuses such an object; here it is read all the same.

mod ingress;
mod job;
mod pod;
mod service;

use std::collections::BTreeMap;

use super::hint::excerpt;
use super::tree::Tree;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// Reports what the server would refuse in an object. Placeholders are left to whoever replaces them.
pub(super) fn validate(api_version: &str, kind: &str, pod: Option<&str>, tree: &Tree, problems: &mut Vec<Diagnostic>) {
    let mut report = Report { problems };
    match (api_version, kind) {
        ("apps/v1", "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet") => {
            report.selector(tree);
            report.images(tree);
        }
        ("batch/v1", "Job") => report.restarts(tree.get("spec"), "spec"),
        ("batch/v1", "CronJob") => report.cron_job(tree),
        ("v1", "Service") => report.service(tree),
        ("networking.k8s.io/v1", "Ingress") => report.ingress(tree),
        _ => {}
    }
    if let Some(pod) = pod.and_then(|path| Some((path, tree.find(path)?))) {
        report.pod(pod);
    }
}

/// A text that a field of an object has.
fn text<'t>(tree: &'t Tree, key: &str) -> Option<&'t str> {
    tree.get(key).and_then(Tree::as_str)
}

struct Report<'p> {
    problems: &'p mut Vec<Diagnostic>,
}

impl Report<'_> {
    fn say(&mut self, code: Code, at: Span, message: String) {
        self.problems.push(Diagnostic::at(code, at, message));
    }

    /// `spec.selector` may not be left out since `apps/v1`. An object without labels or images in its template
    /// is a patch of another.
    fn selector(&mut self, tree: &Tree) {
        let lacks = |spec: &&Tree| spec.get("selector").is_none_or(Tree::is_null);
        let is_whole = |spec: &&Tree| {
            let template = spec.get("template");
            let containers = template.and_then(|t| t.at(&["spec", "containers"])).map(Tree::items).unwrap_or_default();
            let has_labels = template.is_some_and(|t| t.at(&["metadata", "labels"]).is_some());
            has_labels && !containers.is_empty() && containers.iter().all(|c| c.get("image").is_some())
        };
        if let Some(spec) = tree.get("spec").filter(lacks).filter(is_whole) {
            self.say(Code::FieldMissing, spec.span, "spec: `selector` is missing".to_owned());
        }
    }

    /// Names of ports that two elements of a list share.
    fn different(&mut self, ports: &[Tree], path: &str, name: &dyn Fn(&Tree) -> String) {
        let mut first: BTreeMap<String, Span> = BTreeMap::new();
        for (p, port) in ports.iter().enumerate() {
            let name = name(port);
            if name.is_empty() {
                continue;
            }
            let at = port.get("name").map_or(port.span, |n| n.span);
            match first.get(&name) {
                Some(other) => {
                    let message = format!("{path}[{p}].name: `{}` is the name of another port already", excerpt(&name));
                    self.problems
                        .push(Diagnostic::at(Code::FieldValue, at, message).with_related(*other, "the other port"));
                }
                None => {
                    first.insert(name, at);
                }
            }
        }
    }
}
