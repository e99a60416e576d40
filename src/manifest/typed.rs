//! Which kinds are typed, and what all kinds that run pods have in common.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};
use k8s_openapi::api::core::v1::{
    Container, Endpoints, Pod, PodSpec, PodTemplateSpec, ReplicationController, Service, ServicePort, ServiceSpec,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass, NetworkPolicy};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::de::DeserializeOwned;

use super::decode::{Findings, Strictness, Written, decode};
use super::object::{Body, Workload};
use super::templates;
use super::tree::Tree;

/// Where a pod template can be: the template, its labels, its pod.
struct TemplateAt {
    template: &'static str,
    labels: &'static str,
    pod: &'static str,
}

const POD: TemplateAt = TemplateAt { template: "", labels: "metadata.labels", pod: "spec" };
const TEMPLATE: TemplateAt =
    TemplateAt { template: "spec.template", labels: "spec.template.metadata.labels", pod: "spec.template.spec" };
const JOB_TEMPLATE: TemplateAt = TemplateAt {
    template: "spec.jobTemplate.spec.template",
    labels: "spec.jobTemplate.spec.template.metadata.labels",
    pod: "spec.jobTemplate.spec.template.spec",
};
const POD_TEMPLATE: TemplateAt = TemplateAt {
    template: "spec.podTemplate",
    labels: "spec.podTemplate.metadata.labels",
    pod: "spec.podTemplate.spec",
};

/// A virtual machine of KubeVirt runs in a pod that carries the labels of its template, and is no container itself.
const VM_TEMPLATE: TemplateAt =
    TemplateAt { template: "spec.template", labels: "spec.template.metadata.labels", pod: "spec.template.spec" };

/// Decodes the content of an object. `labels` are those of its own metadata.
pub(super) fn body(
    group: &str,
    kind: &str,
    tree: &Tree,
    labels: &BTreeMap<String, String>,
    text: Written<'_>,
    findings: &mut Findings<'_>,
) -> Body {
    let mut reader = Reader { tree, text, findings };
    match (group, kind) {
        ("", "Service") => Body::Service(reader.object::<Service>()),
        ("networking.gke.io", "MultiClusterService") => Body::Service(reader.multi_cluster_service()),
        ("inference.networking.k8s.io" | "inference.networking.x-k8s.io", "InferencePool") => {
            Body::Service(Box::new(reader.inference_pool()))
        }
        ("", "Endpoints") => Body::Endpoints(reader.object::<Endpoints>()),
        ("", "Namespace") => Body::Namespace,
        ("discovery.k8s.io", "EndpointSlice") => Body::EndpointSlice(reader.object::<EndpointSlice>()),
        ("networking.k8s.io" | "extensions", "Ingress") => Body::Ingress(reader.object::<Ingress>()),
        ("networking.k8s.io", "IngressClass") => Body::IngressClass(reader.object::<IngressClass>()),
        _ if is_policy(group, kind) => Body::NetworkPolicy(reader.object::<NetworkPolicy>()),
        ("", "Pod") => workload(reader.pod(labels)),
        ("", "ReplicationController") => workload(reader.replication_controller()),
        ("apps" | "extensions", "Deployment") => workload(reader.deployment()),
        ("apps" | "extensions", "ReplicaSet") => workload(reader.replica_set()),
        ("apps" | "extensions", "DaemonSet") => workload(reader.daemon_set()),
        ("apps", "StatefulSet") => workload(reader.stateful_set()),
        ("batch", "Job") => workload(reader.job()),
        ("batch", "CronJob") => workload(reader.cron_job()),
        ("apps.openshift.io" | "", "DeploymentConfig") => workload(reader.deployment_config()),
        ("kubevirt.io", "VirtualMachine" | "VirtualMachineInstanceReplicaSet") => {
            workload(reader.virtual_machine(VM_TEMPLATE))
        }
        ("kubevirt.io", "VirtualMachineInstance") => workload(reader.virtual_machine(POD)),
        _ => match [TEMPLATE, JOB_TEMPLATE, POD_TEMPLATE].into_iter().find(|at| has_containers(tree, at)) {
            Some(at) => workload(reader.like_a_workload(at)),
            None if group == "argoproj.io" && kind.ends_with("Workflow") | kind.ends_with("WorkflowTemplate") => {
                reader.workflow().map_or(Body::Other, workload)
            }
            None => reader.with_templates(templates::find(group, kind, tree)).map_or(Body::Other, workload),
        },
    }
}

/// True if it is a typed kind of policy.
pub(super) fn is_policy(group: &str, kind: &str) -> bool {
    matches!((group, kind), ("networking.k8s.io" | "extensions", "NetworkPolicy"))
}

fn workload(workload: Workload) -> Body {
    Body::Workload(Box::new(workload))
}

fn has_containers(tree: &Tree, at: &TemplateAt) -> bool {
    tree.find(at.pod).and_then(|pod| pod.get("containers")).is_some_and(|containers| {
        let items = containers.items();
        !items.is_empty() && items.iter().all(Tree::is_map)
    })
}

struct Reader<'a, 'f> {
    tree: &'a Tree,
    text: Written<'a>,
    findings: &'a mut Findings<'f>,
}

impl Reader<'_, '_> {
    fn object<T: DeserializeOwned + Default>(&mut self) -> Box<T> {
        Box::new(decode(self.tree, "", Strictness::Known, self.text, self.findings))
    }

    fn part<T: DeserializeOwned + Default>(&mut self, path: &str, strictness: Strictness) -> Option<T> {
        let tree = self.tree.find(path).filter(|tree| !tree.is_null())?;
        Some(decode(tree, path, strictness, self.text, self.findings))
    }

    /// A MultiClusterService of Google Kubernetes Engine has the selector and ports of a Service in a template
    /// (<https://cloud.google.com/kubernetes-engine/docs/reference/multi-cluster-ingress>).
    fn multi_cluster_service(&mut self) -> Box<Service> {
        let spec: Option<ServiceSpec> = self.part("spec.template.spec", Strictness::Alike);
        Box::new(Service { spec, ..Service::default() })
    }

    /// An InferencePool selects pods as a Service does, and names ports of the pods
    /// (<https://gateway-api-inference-extension.sigs.k8s.io/api-types/inferencepool/>).
    fn inference_pool(&mut self) -> Service {
        let spec = self.tree.get("spec");
        let selector = spec.and_then(|s| s.get("selector"));
        // Before version 1 the selector was a plain map, and there was one port.
        let labels = selector.and_then(|s| s.get("matchLabels")).or(selector).map(Tree::entries).unwrap_or_default();
        let listed = spec.and_then(|s| s.get("targetPorts")).map(Tree::items).unwrap_or_default();
        let numbers = listed.iter().filter_map(|p| p.get("number")).chain(spec.and_then(|s| s.get("targetPortNumber")));
        let port = |number: i32| ServicePort { port: number, ..ServicePort::default() };
        let ports = numbers.filter_map(|n| i32::try_from(n.as_i64()?).ok()).map(port);
        let pairs = labels.iter().filter_map(|e| Some((e.key.to_string(), e.value.as_str()?.to_owned())));
        let spec =
            ServiceSpec { selector: Some(pairs.collect()), ports: Some(ports.collect()), ..ServiceSpec::default() };
        Service { spec: Some(spec), ..Service::default() }
    }

    fn with_template(&self, template: PodTemplateSpec, at: &TemplateAt) -> Workload {
        Workload {
            pod_labels: template.metadata.and_then(|m| m.labels).unwrap_or_default(),
            ..self.with_pod(template.spec.unwrap_or_default(), at)
        }
    }

    fn with_pod(&self, pod: PodSpec, at: &TemplateAt) -> Workload {
        Workload { pod, pod_path: at.pod.to_owned(), labels_path: at.labels.to_owned(), ..Workload::default() }
    }

    /// The selector, if there is one: an absent one is not an empty one.
    fn selector(&self, selector: LabelSelector) -> Option<LabelSelector> {
        let written = self.tree.at(&["spec", "selector"])?;
        (!written.is_null()).then_some(selector)
    }

    fn deployment(&mut self) -> Workload {
        let spec = self.object::<Deployment>().spec;
        Workload {
            replicas: spec.replicas,
            selector: self.selector(spec.selector),
            ..self.with_template(spec.template, &TEMPLATE)
        }
    }

    fn replica_set(&mut self) -> Workload {
        let spec = self.object::<ReplicaSet>().spec;
        Workload {
            replicas: spec.replicas,
            selector: self.selector(spec.selector),
            ..self.with_template(spec.template.unwrap_or_default(), &TEMPLATE)
        }
    }

    fn daemon_set(&mut self) -> Workload {
        let spec = self.object::<DaemonSet>().spec;
        Workload { selector: self.selector(spec.selector), ..self.with_template(spec.template, &TEMPLATE) }
    }

    fn stateful_set(&mut self) -> Workload {
        let spec = self.object::<StatefulSet>().spec;
        Workload {
            replicas: spec.replicas,
            selector: self.selector(spec.selector),
            service_name: spec.service_name,
            ..self.with_template(spec.template, &TEMPLATE)
        }
    }

    fn replication_controller(&mut self) -> Workload {
        let spec = self.object::<ReplicationController>().spec.unwrap_or_default();
        Workload {
            replicas: spec.replicas,
            selector: spec.selector.map(labels_selector),
            ..self.with_template(spec.template.unwrap_or_default(), &TEMPLATE)
        }
    }

    fn job(&mut self) -> Workload {
        let spec = self.object::<Job>().spec.unwrap_or_default();
        self.with_job(spec, &TEMPLATE)
    }

    fn cron_job(&mut self) -> Workload {
        let spec = self.object::<CronJob>().spec;
        Workload {
            schedule: Some(spec.schedule).filter(|s| !s.is_empty()),
            ..self.with_job(spec.job_template.spec.unwrap_or_default(), &JOB_TEMPLATE)
        }
    }

    fn with_job(&self, spec: JobSpec, at: &TemplateAt) -> Workload {
        Workload { completions: spec.completions, selector: spec.selector, ..self.with_template(spec.template, at) }
    }

    fn pod(&mut self, labels: &BTreeMap<String, String>) -> Workload {
        let spec = self.object::<Pod>().spec.unwrap_or_default();
        Workload { pod_labels: labels.clone(), pod_ips: pod_ips(self.tree), ..self.with_pod(spec, &POD) }
    }

    fn virtual_machine(&mut self, at: TemplateAt) -> Workload {
        Workload {
            pod_labels: self.part(at.labels, Strictness::Alike).unwrap_or_default(),
            replicas: self.replicas(),
            pod_path: at.pod.to_owned(),
            labels_path: at.labels.to_owned(),
            ..Workload::default()
        }
    }

    fn deployment_config(&mut self) -> Workload {
        let selector: Option<BTreeMap<String, String>> = self.part("spec.selector", Strictness::Known);
        Workload {
            replicas: self.replicas(),
            selector: selector.map(labels_selector),
            ..self.template(TEMPLATE, Strictness::Known)
        }
    }

    /// A kind that this program does not know, but that holds a pod template like those it does.
    fn like_a_workload(&mut self, at: TemplateAt) -> Workload {
        let has_selector = self
            .tree
            .at(&["spec", "selector"])
            .is_some_and(|s| s.get("matchLabels").is_some() || s.get("matchExpressions").is_some());
        let selector = if has_selector { self.part("spec.selector", Strictness::Alike) } else { None };
        Workload { replicas: self.replicas(), selector, ..self.template(at, Strictness::Alike) }
    }

    /// An object with templates somewhere in it: the first is the object itself, if there is only one.
    fn with_templates(&mut self, found: Vec<templates::Found>) -> Option<Workload> {
        let several = found.len() > 1;
        let mut seen: Vec<String> = Vec::new();
        let mut read = |found: templates::Found| {
            let template: PodTemplateSpec = self.part(&found.template, Strictness::Alike).unwrap_or_default();
            let mut part = if several { found.name } else { String::new() };
            if several && (part.is_empty() || seen.contains(&part)) {
                part = format!("{part}{}", seen.len() + 1);
            }
            seen.push(part.clone());
            Workload {
                pod_labels: template.metadata.and_then(|m| m.labels).unwrap_or_default(),
                pod: template.spec.unwrap_or_default(),
                pod_path: format!("{}.spec", found.template),
                labels_path: format!("{}.metadata.labels", found.template),
                part,
                ..Workload::default()
            }
        };
        let mut all = found.into_iter().map(&mut read);
        let first = all.next()?;
        Some(Workload { others: all.collect(), ..first })
    }

    /// A Workflow of Argo: each step of it that is a container runs in a pod of its own
    /// (<https://argo-workflows.readthedocs.io/en/latest/fields/#template>). They are one workload here.
    fn workflow(&mut self) -> Option<Workload> {
        let base = if self.tree.at(&["spec", "workflowSpec"]).is_some() { "spec.workflowSpec" } else { "spec" };
        let steps = self.tree.find(base).and_then(|s| s.get("templates")).map(Tree::items).unwrap_or_default();
        let mut containers: Vec<Container> = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            for key in ["container", "script"] {
                if step.get(key).is_some_and(Tree::is_map) {
                    let path = format!("{base}.templates[{index}].{key}");
                    let container: Container = self.part(&path, Strictness::Alike).unwrap_or_default();
                    let name = step.get("name").and_then(Tree::as_str).unwrap_or(&container.name).to_owned();
                    containers.push(Container { name, ..container });
                }
            }
        }
        let labels_path = format!("{base}.podMetadata.labels");
        let pod_labels = self.part(&labels_path, Strictness::Alike).unwrap_or_default();
        let pod = PodSpec { containers, ..PodSpec::default() };
        (!pod.containers.is_empty()).then(|| Workload {
            pod_labels,
            pod,
            pod_path: base.to_owned(),
            labels_path,
            ..Workload::default()
        })
    }

    fn template(&mut self, at: TemplateAt, strictness: Strictness) -> Workload {
        let template: PodTemplateSpec = self.part(at.template, strictness).unwrap_or_default();
        self.with_template(template, &at)
    }

    fn replicas(&self) -> Option<i32> {
        let replicas = self.tree.at(&["spec", "replicas"])?.as_i64()?;
        i32::try_from(replicas).ok()
    }
}

fn labels_selector(labels: BTreeMap<String, String>) -> LabelSelector {
    LabelSelector { match_labels: Some(labels), match_expressions: None }
}

fn pod_ips(tree: &Tree) -> Vec<String> {
    let Some(status) = tree.get("status") else { return Vec::new() };
    let listed = status.get("podIPs").into_iter().flat_map(Tree::items).filter_map(|item| item.get("ip"));
    let mut ips: Vec<String> = listed
        .chain(status.get("podIP"))
        .filter_map(Tree::as_str)
        .filter(|ip| !ip.is_empty())
        .map(str::to_owned)
        .collect();
    let mut seen = Vec::new();
    ips.retain(|ip| {
        let new = !seen.contains(ip);
        seen.push(ip.clone());
        new
    });
    ips
}
