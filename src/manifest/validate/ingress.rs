//! What an Ingress must have.

use super::Report;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::manifest::hint::excerpt;
use crate::manifest::template;
use crate::manifest::tree::Tree;

impl Report<'_> {
    /// Paths with types and backends, and hosts that are names.
    pub(super) fn ingress(&mut self, tree: &Tree) {
        let Some(spec) = tree.get("spec") else { return };
        self.class(tree, spec);
        if let Some(backend) = spec.get("defaultBackend") {
            self.old_backend(backend, "spec.defaultBackend");
        }
        if let Some(backend) = spec.get("backend") {
            self.old_backend(backend, "spec.backend");
        }
        for (r, rule) in spec.get("rules").map(Tree::items).unwrap_or_default().iter().enumerate() {
            self.host(rule, &format!("spec.rules[{r}].host"));
            let paths = rule.at(&["http", "paths"]).map(Tree::items).unwrap_or_default();
            for (p, path) in paths.iter().enumerate() {
                let at = format!("spec.rules[{r}].http.paths[{p}]");
                self.path(path, &at);
                if let Some(backend) = path.get("backend") {
                    self.old_backend(backend, &format!("{at}.backend"));
                    self.port(backend, &format!("{at}.backend.service.port"));
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
            && !template::has(text)
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

    /// A host is a name, without scheme and port
    /// (<https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/>).
    fn host(&mut self, rule: &Tree, at: &str) {
        let Some((tree, host)) = rule.get("host").and_then(|t| Some((t, t.as_str()?))) else { return };
        if host.contains([':', '/']) && !template::has(host) {
            let name = host.split_once("://").map_or(host, |(_, rest)| rest);
            let name = name.split([':', '/']).next().unwrap_or_default();
            let message = format!("{at}: expected the name of a host alone, found `{}`", excerpt(host));
            let problem = Diagnostic::at(Code::FieldValue, tree.span, message);
            self.problems.push(problem.with_help(format!("`host: {}` is probably meant", excerpt(name))));
        }
    }

    /// The port of a backend is a number or a name.
    fn port(&mut self, backend: &Tree, at: &str) {
        let Some(port) = backend.at(&["service", "port"]) else { return };
        if let (Some(name), Some(_)) = (port.get("name").filter(|t| !t.is_null()), port.get("number")) {
            self.say(Code::FieldValue, name.span, format!("{at}: `name` and `number` exclude each other"));
        }
    }

    /// A new Ingress names its class in one place.
    fn class(&mut self, tree: &Tree, spec: &Tree) {
        let annotation = tree.at(&["metadata", "annotations", "kubernetes.io/ingress.class"]);
        let is_live = tree.at(&["metadata", "uid"]).is_some();
        if let (Some(annotation), Some(_), false) = (annotation, spec.get("ingressClassName"), is_live) {
            let message = "metadata.annotations: `kubernetes.io/ingress.class` excludes `spec.ingressClassName`";
            self.say(Code::FieldValue, annotation.span, message.to_owned());
        }
    }
}
