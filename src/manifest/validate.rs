//! What the API server asks of objects beyond the types of their fields: fields that must be there, names that must be
//! short and different, and fields of older versions
//! (<https://kubernetes.io/docs/reference/kubernetes-api/>,
//! <https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go>).
//!
//! The server refuses such an object; here it is read all the same.

use std::collections::BTreeMap;

use super::hint::excerpt;
use super::tree::Tree;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::source::Span;

/// The longest name of a port (IANA_SVC_NAME).
const LONGEST_PORT_NAME: usize = 15;

/// Reports what the server would refuse in an object. Placeholders are left to whoever replaces them.
pub(super) fn validate(api_version: &str, kind: &str, pod: Option<&str>, tree: &Tree, problems: &mut Vec<Diagnostic>) {
    let mut report = Report { problems };
    match (api_version, kind) {
        ("apps/v1", "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet") => report.selector(tree),
        ("v1", "Service") => report.service(tree),
        ("networking.k8s.io/v1", "Ingress") => report.ingress(tree),
        _ => {}
    }
    if let Some(pod) = pod.and_then(|path| Some((path, tree.find(path)?))) {
        report.pod(pod);
    }
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

    /// Several ports need names, and different ones.
    fn service(&mut self, tree: &Tree) {
        let ports = tree.at(&["spec", "ports"]).map(Tree::items).unwrap_or_default();
        let name = |port: &Tree| port.get("name").and_then(Tree::as_str).unwrap_or_default().to_owned();
        for (p, port) in ports.iter().enumerate().filter(|(_, port)| port.is_map()) {
            if ports.len() > 1 && name(port).is_empty() {
                let message = format!("spec.ports[{p}]: `name` is missing, which each of several ports needs");
                self.say(Code::FieldMissing, port.span, message);
            }
        }
        self.different(ports, "spec.ports", &name);
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

    fn pod(&mut self, (path, pod): (&str, &Tree)) {
        for list in ["initContainers", "containers"] {
            for (c, container) in pod.get(list).map(Tree::items).unwrap_or_default().iter().enumerate() {
                let ports = container.get("ports").map(Tree::items).unwrap_or_default();
                let at = format!("{path}.{list}[{c}].ports");
                let name = |port: &Tree| port.get("name").and_then(Tree::as_str).unwrap_or_default().to_owned();
                for (p, port) in ports.iter().enumerate() {
                    let written = name(port);
                    let is_long = written.chars().count() > LONGEST_PORT_NAME;
                    if let Some(at_name) = port.get("name").filter(|_| is_long && !super::template::has(&written)) {
                        let message = format!(
                            "{at}[{p}].name: `{}` is longer than {LONGEST_PORT_NAME} characters",
                            excerpt(&written)
                        );
                        self.say(Code::FieldValue, at_name.span, message);
                    }
                }
                self.different(ports, &at, &name);
            }
        }
    }

    fn ingress(&mut self, tree: &Tree) {
        let Some(spec) = tree.get("spec") else { return };
        if let Some(backend) = spec.get("defaultBackend") {
            self.old_backend(backend, "spec.defaultBackend");
        }
        if let Some(backend) = spec.get("backend") {
            self.old_backend(backend, "spec.backend");
        }
        for (r, rule) in spec.get("rules").map(Tree::items).unwrap_or_default().iter().enumerate() {
            let paths = rule.at(&["http", "paths"]).map(Tree::items).unwrap_or_default();
            for (p, path) in paths.iter().enumerate() {
                let at = format!("spec.rules[{r}].http.paths[{p}]");
                self.path(path, &at);
                if let Some(backend) = path.get("backend") {
                    self.old_backend(backend, &format!("{at}.backend"));
                }
            }
        }
    }

    /// A path has a type, and begins with a slash unless its controller says what it means.
    fn path(&mut self, path: &Tree, at: &str) {
        let kind = path.get("pathType").and_then(Tree::as_str);
        if path.is_map() && path.get("pathType").is_none_or(Tree::is_null) {
            let message = format!("{at}: `pathType` is missing");
            let problem = Diagnostic::at(Code::FieldMissing, path.span, message);
            self.problems.push(problem.with_help("set it to `Prefix`, `Exact` or `ImplementationSpecific`"));
        }
        let written = path.get("path").filter(|_| kind != Some("ImplementationSpecific"));
        if let Some((tree, text)) = written.and_then(|t| Some((t, t.as_str()?)))
            && !text.is_empty()
            && !text.starts_with('/')
            && !super::template::has(text)
        {
            let message = format!("{at}.path: expected a path that begins with `/`, found `{}`", excerpt(text));
            self.say(Code::FieldValue, tree.span, message);
        }
    }

    /// `serviceName` and `servicePort` are fields of versions before v1.
    fn old_backend(&mut self, backend: &Tree, at: &str) {
        let text = |key: &str| backend.get(key).filter(|t| !t.is_null());
        let Some(found) = text("serviceName").or(text("servicePort")) else { return };
        let name = text("serviceName").and_then(Tree::as_str).unwrap_or("NAME");
        let port = match text("servicePort").map(|p| (p.as_i64(), p.as_str())) {
            Some((Some(number), _)) => format!("number: {number}"),
            Some((None, Some(name))) => format!("name: {}", excerpt(name)),
            _ => "number: PORT".to_owned(),
        };
        let message = format!(
            "{at}: `serviceName` and `servicePort` are fields of v1beta1, and v1 ignores them: there is no backend"
        );
        let mut problem = Diagnostic::at(Code::FieldUnknown, found.span, message)
            .with_help(format!("write `service: {{name: {}, port: {{{port}}}}}`", excerpt(name)));
        problem.severity = Severity::Error;
        self.problems.push(problem);
    }
}
