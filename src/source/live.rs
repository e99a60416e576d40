//! Reads a live cluster through the installed `kubectl`: the kinds that are asked for and that the server has, in one
//! call where everything may be read. Of Secrets only what their table shows is asked for: no values.
//!
//! What may not be read has a document of its own in the input, which stands for whatever the cluster holds there; so
//! it has a place, and whoever judges policies, entrances and pods meets something that is not understood.

use std::ffi::OsString;
use std::path::PathBuf;

use super::SourceFile;
use super::problem::Problem;
use super::render::{Programs, Ran, start};
use crate::net::live::{Loss, NOT_READ};

/// Which cluster to read, and what of it.
#[derive(Clone, Debug, Default)]
pub struct ClusterRequest {
    /// The context of the configuration; the current one if `None`.
    pub context: Option<String>,
    /// The configuration; that of kubectl if `None`.
    pub kubeconfig: Option<PathBuf>,
    /// The namespace; that of the context if `None`.
    pub namespace: Option<String>,
    /// Whether all namespaces are read.
    pub all_namespaces: bool,
    /// The most that is read of one answer, in bytes.
    pub max_bytes: u64,
}

/// A kind that could not be read, and the words of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRead {
    /// The kind as kubectl calls it: `networkpolicies.networking.k8s.io`.
    pub resource: String,
    /// Why not.
    pub reason: String,
}

/// What was read of a cluster.
#[derive(Debug, Default)]
pub struct LiveCluster {
    /// The texts.
    pub files: Vec<SourceFile>,
    /// What could not be read, if it matters.
    pub not_read: Vec<NotRead>,
}

/// A kind of the server.
struct Resource {
    name: String,
    kind: String,
    is_namespaced: bool,
    loss: Loss,
}

/// The options that are asked for, as a word for messages.
const JOB: &str = "--cluster";

/// Reads a cluster. `wanted` says of a group and a kind what is lost without it, if it is asked for at all; `progress`
/// hears what is being done.
///
/// # Errors
///
/// If there is no kubectl, or it does not say which kinds the server has.
pub fn read_cluster(
    request: &ClusterRequest,
    programs: &Programs,
    wanted: &dyn Fn(&str, &str) -> Option<Loss>,
    progress: &mut dyn FnMut(&str),
) -> Result<LiveCluster, Problem> {
    let Some(program) = programs.find("kubectl") else {
        return Err(Problem::NoProgram { job: JOB.to_owned(), programs: "kubectl", why: programs.absence() });
    };
    let mut reader = Reader { program, request, namespace: None, found: LiveCluster::default() };
    progress("asking the cluster which kinds it has");
    let kinds = reader.kinds(wanted)?;
    reader.namespace = (!request.all_namespaces).then(|| reader.own_namespace());
    let (secrets, others): (Vec<Resource>, Vec<Resource>) = kinds.into_iter().partition(|r| r.name == "secrets");
    progress(&format!("reading the objects of {} kinds", others.len() + secrets.len()));
    let mut lost = reader.objects(others, progress)?;
    for resource in secrets {
        lost.extend(reader.secrets(resource));
    }
    reader.stand_in(&lost);
    Ok(reader.found)
}

struct Reader<'a> {
    program: PathBuf,
    request: &'a ClusterRequest,
    namespace: Option<String>,
    found: LiveCluster,
}

impl Reader<'_> {
    fn name(&self) -> String {
        match &self.request.context {
            Some(context) => format!("cluster:{context}"),
            None => "cluster".to_owned(),
        }
    }

    fn run(&self, words: &[&str]) -> Result<Ran, Problem> {
        let mut arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
        // `--flag=value` keeps a value that begins with `-` a value.
        arguments.extend(self.request.context.iter().map(|c| format!("--context={c}").into()));
        arguments.extend(self.request.kubeconfig.iter().map(|path| {
            let mut argument = OsString::from("--kubeconfig=");
            argument.push(path);
            argument
        }));
        arguments.push("--request-timeout=2m".into());
        start(&self.program, arguments, JOB, &self.name(), self.request.max_bytes)
    }

    /// The namespace that kubectl would take (<https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/>).
    fn own_namespace(&self) -> String {
        self.request.namespace.clone().unwrap_or_else(|| {
            let ran = self.run(&["config", "view", "--minify", "-o", "jsonpath={..namespace}"]);
            let text = ran.ok().filter(|ran| ran.failed.is_none()).map(|ran| ran.text().trim().to_owned());
            text.filter(|text| !text.is_empty()).unwrap_or_else(|| "default".to_owned())
        })
    }

    /// The options that say of which namespaces objects are read.
    fn scope(&self) -> String {
        self.namespace.as_ref().map_or_else(|| "--all-namespaces".to_owned(), |name| format!("--namespace={name}"))
    }

    /// The kinds that are asked for and that the server has.
    fn kinds(&mut self, wanted: &dyn Fn(&str, &str) -> Option<Loss>) -> Result<Vec<Resource>, Problem> {
        let ran = self.run(&["api-resources", "--verbs=list", "--no-headers", "--cached=false"])?;
        let text = ran.text();
        match ran.failed {
            Some(problem) if text.trim().is_empty() => return Err(problem),
            // An API that another server serves is down; all others are listed.
            Some(problem) => self.note("some kinds of the server", &problem),
            None => {}
        }
        let listed: Vec<[&str; 4]> = text.lines().filter_map(columns).collect();
        let has =
            |group: &str, kind: &str| listed.iter().any(|[_, version, _, k]| group_of(version) == group && *k == kind);
        let mut kinds = Vec::new();
        for [plural, version, namespaced, kind] in &listed {
            let group = group_of(version);
            // The same objects under another name.
            let is_twice = match group {
                "crd.projectcalico.org" => has("projectcalico.org", kind),
                "" => *kind == "Endpoints" && has("discovery.k8s.io", "EndpointSlice"),
                _ => false,
            };
            if let Some(loss) = wanted(group, kind).filter(|_| !is_twice) {
                let name = if group.is_empty() { (*plural).to_owned() } else { format!("{plural}.{group}") };
                kinds.push(Resource { name, kind: (*kind).to_owned(), is_namespaced: *namespaced == "true", loss });
            }
        }
        Ok(kinds)
    }

    /// Reads objects in one call. If that fails, what is not in the answer is asked for one by one; returned is what
    /// cannot be read.
    fn objects(&mut self, kinds: Vec<Resource>, progress: &mut dyn FnMut(&str)) -> Result<Vec<Resource>, Problem> {
        if kinds.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = kinds.iter().map(|r| r.name.as_str()).collect();
        let scope = self.scope();
        let all = self.run(&["get", &names.join(","), &scope, "-o", "json"])?;
        let (text, failed) = (all.text(), all.failed.is_some());
        let answered: Vec<bool> =
            kinds.iter().map(|r| !failed || text.contains(&format!("\"kind\": \"{}\"", r.kind))).collect();
        if !text.trim().is_empty() {
            self.found.files.push(SourceFile::new(self.name(), text));
        }
        let mut lost = Vec::new();
        for (resource, _) in kinds.into_iter().zip(answered).filter(|(_, answered)| !answered) {
            progress(&format!("reading {}", resource.name));
            let mut ran = self.run(&["get", &resource.name, &scope, "-o", "json"])?;
            // Who may not list namespaces may often see one.
            let own = self.namespace.clone().filter(|_| resource.name == "namespaces" && ran.failed.is_some());
            if let Some(own) = own {
                let single = self.run(&["get", "namespace", &own, "-o", "json"])?;
                if single.failed.is_none() {
                    ran = single;
                }
            }
            match ran.failed {
                Some(problem) => {
                    self.note(&resource.name, &problem);
                    lost.push(resource);
                }
                None => {
                    self.found.files.push(SourceFile::new(format!("{}:{}", self.name(), resource.name), ran.text()))
                }
            }
        }
        Ok(lost)
    }

    /// Reads which Secrets there are: of a table, the server sends what it shows and not the objects
    /// (<https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables>).
    fn secrets(&mut self, resource: Resource) -> Option<Resource> {
        let ran = self.run(&["get", "secrets", &self.scope(), "--no-headers"]);
        let failed = match ran {
            Err(problem) => problem,
            Ok(Ran { failed: Some(problem), .. }) => problem,
            Ok(ran) => {
                let mut text = String::new();
                for line in ran.text().lines() {
                    let mut words = line.split_whitespace();
                    let namespace = self.namespace.as_deref().or_else(|| words.next());
                    if let (Some(namespace), Some(name), Some(kind)) = (namespace, words.next(), words.next()) {
                        text += &document("v1", "Secret", name, Some(namespace), &format!("type: {}\n", quoted(kind)));
                    }
                }
                self.found.files.push(SourceFile::new(format!("{}:secrets", self.name()), text));
                return None;
            }
        };
        self.note("secrets", &failed);
        Some(resource)
    }

    /// Notes down what could not be read.
    fn note(&mut self, resource: &str, problem: &Problem) {
        let reason = match problem {
            Problem::Failed { stderr, .. } => stderr.lines().next().unwrap_or_default().to_owned(),
            other => other.to_string(),
        };
        self.found.not_read.push(NotRead { resource: resource.to_owned(), reason });
    }

    /// Adds documents for what is not read.
    fn stand_in(&mut self, lost: &[Resource]) {
        let mut text = String::new();
        let version = format!("{NOT_READ}/v1");
        for resource in lost {
            let own = self.namespace.as_deref().filter(|_| resource.is_namespaced);
            let kind = match (resource.loss, own) {
                (Loss::Little, _) => continue,
                (Loss::Policies, Some(_)) => "UnreadNetworkPolicy",
                (Loss::Policies, None) => "UnreadClusterNetworkPolicy",
                (Loss::Entrances, Some(_)) => "UnreadIngress",
                (Loss::Entrances, None) => "UnreadClusterIngress",
                (Loss::Pods, _) => "UnreadPods",
            };
            let homes = match (resource.loss, own) {
                (Loss::Pods, None) => self.namespaces(),
                _ => vec![own.map(str::to_owned)],
            };
            for home in homes {
                text += &document(&version, kind, &resource.name, home.as_deref(), "");
            }
        }
        if !text.is_empty() {
            self.found.files.push(SourceFile::new(format!("{}:not-read", self.name()), text));
        }
    }

    fn namespaces(&self) -> Vec<Option<String>> {
        let ran = self.run(&["get", "namespaces", "-o", "name"]);
        let text = ran.map(|ran| ran.text()).unwrap_or_default();
        let names = text.lines().filter_map(|line| line.strip_prefix("namespace/"));
        names.map(|name| Some(name.to_owned())).collect()
    }
}

/// The columns name, API version, namespaced and kind of `kubectl api-resources`; short names may stand after the first.
fn columns(line: &str) -> Option<[&str; 4]> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = (2..words.len()).find(|at| matches!(words[*at], "true" | "false"))?;
    Some([words[0], words[at - 1], words[at], words.get(at + 1)?])
}

fn group_of(version: &str) -> &str {
    version.split_once('/').map_or("", |(group, _)| group)
}

/// A text in the quotes of JSON, which are such of YAML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn document(version: &str, kind: &str, name: &str, namespace: Option<&str>, rest: &str) -> String {
    let home = namespace.map(|name| format!("  namespace: {}\n", quoted(name))).unwrap_or_default();
    format!("---\napiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {}\n{home}{rest}", quoted(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_kinds_are_read_with_and_without_short_names() {
        let line = "networkpolicies                     netpol       networking.k8s.io/v1              true         NetworkPolicy";
        assert_eq!(columns(line), Some(["networkpolicies", "networking.k8s.io/v1", "true", "NetworkPolicy"]));
        assert_eq!(columns("secrets  v1  true  Secret"), Some(["secrets", "v1", "true", "Secret"]));
        assert_eq!(columns("nodes  no  v1  false  Node"), Some(["nodes", "v1", "false", "Node"]));
        assert_eq!((columns(""), columns("a b"), columns("a b true")), (None, None, None));
        assert_eq!((group_of("v1"), group_of("apps/v1")), ("", "apps"));
    }
}
