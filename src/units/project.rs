//! What an AppProject of Argo CD allows its Applications: destinations and repositories
//! (<https://argo-cd.readthedocs.io/en/stable/user-guide/projects/>).

use super::documents::Document;
use super::{Known, argo_set, environment};
use crate::manifest::Tree;

/// What the projects of an Application do not allow, a sentence each. A project that is not here allows nothing that
/// could be read, and nothing is said of it.
pub(super) fn refused(known: &Known<'_>, application: &Document, source: &Tree) -> Vec<String> {
    let Some(name) = application.text(&["spec", "project"]) else { return Vec::new() };
    let all = known.documents.iter().filter(|d| d.is("argoproj.io", "AppProject") && d.name() == name);
    let projects: Vec<&Document> = all.collect();
    let Some(first) = projects.first() else { return Vec::new() };
    let mut refused = Vec::new();
    let text = |key: &str| application.text(&["spec", "destination", key]).unwrap_or_default();
    let asked = Destination { server: text("server"), name: text("name"), namespace: text("namespace") };
    if !asked.is_open() && !projects.iter().any(|project| asked.is_allowed(project)) {
        refused.push(format!("the AppProject {name} ({}) does not allow the destination {asked}", first.path));
    }
    let url = source.get("repoURL").and_then(Tree::as_str).filter(|url| !url.contains("{{"));
    if let Some(url) = url.filter(|url| !projects.iter().any(|project| allows_source(project, url))) {
        refused.push(format!("the AppProject {name} ({}) does not allow the repository {url}", first.path));
    }
    refused
}

struct Destination<'a> {
    server: &'a str,
    name: &'a str,
    namespace: &'a str,
}

impl std::fmt::Display for Destination<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cluster = if self.name.is_empty() { self.server } else { self.name };
        let namespace = if self.namespace.is_empty() { "no namespace" } else { self.namespace };
        write!(f, "{namespace} of the cluster {cluster}")
    }
}

/// Whether a pattern means a text; `!` in front of it excludes.
fn means(pattern: &str, text: &str) -> bool {
    environment::matches(pattern, text)
}

impl Destination<'_> {
    /// Whether a generator of an ApplicationSet leaves it open.
    fn is_open(&self) -> bool {
        [self.server, self.name, self.namespace].iter().any(|text| text.contains("{{"))
    }

    fn is_allowed(&self, project: &Document) -> bool {
        let items = project.tree.at(&["spec", "destinations"]).map(Tree::items).unwrap_or_default();
        let mut allowed = false;
        for item in items {
            let word = |key: &str| item.get(key).and_then(Tree::as_str).unwrap_or_default();
            let (server, name, namespace) = (word("server"), word("name"), word("namespace"));
            let cluster = |server: &str, name: &str| {
                !self.server.is_empty() && means(server, self.server) || !self.name.is_empty() && means(name, self.name)
            };
            // A name and the address of one cluster cannot be compared from files, but for that of Argo CD itself.
            let own = |text: &str| matches!(text, "in-cluster" | "https://kubernetes.default.svc");
            let is_own = (own(self.server) || own(self.name)) && (own(server) || own(name));
            let excluded =
                namespace.strip_prefix('!').is_some_and(|n| means(n, self.namespace) && cluster(server, name))
                    || [server, name].iter().any(|t| {
                        let rest = t.strip_prefix('!').unwrap_or("\0");
                        means(rest, self.server) || means(rest, self.name)
                    });
            if excluded {
                return false;
            }
            // One side names the cluster, the other gives its address: that may be the same.
            let is_other_form = !self.name.is_empty() && name.is_empty() && !server.is_empty()
                || !self.server.is_empty() && server.is_empty() && !name.is_empty();
            allowed |= means(namespace, self.namespace) && (cluster(server, name) || is_own || is_other_form);
        }
        allowed
    }
}

fn allows_source(project: &Document, url: &str) -> bool {
    let patterns = project.tree.at(&["spec", "sourceRepos"]).map(Tree::items).unwrap_or_default();
    let means = |pattern: &str| pattern == "*" || bare(pattern) == bare(url) || argo_set::is_path(pattern, url);
    let patterns: Vec<&str> = patterns.iter().filter_map(Tree::as_str).collect();
    let excluded = patterns.iter().filter_map(|pattern| pattern.strip_prefix('!')).any(means);
    !excluded && patterns.iter().any(|pattern| means(pattern))
}

/// An address without what makes no difference.
fn bare(url: &str) -> &str {
    url.trim_end_matches('/').trim_end_matches(".git")
}
