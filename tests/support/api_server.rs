//! A small API server for the real kubectl: discovery, lists, tables, and refusals, as far as reading needs them
//! (<https://kubernetes.io/docs/reference/using-api/api-concepts/>).

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use kubesketch::manifest::{Tree, Value, parse};
use kubesketch::source::{Request, load_files};
use serde_json::{Value as Json, json};

/// Kinds that the server has: group and version, plural, kind, whether it is in namespaces.
const KINDS: &[(&str, &str, &str, bool)] = &[
    ("v1", "configmaps", "ConfigMap", true),
    ("v1", "events", "Event", true),
    ("v1", "namespaces", "Namespace", false),
    ("v1", "pods", "Pod", true),
    ("v1", "secrets", "Secret", true),
    ("v1", "serviceaccounts", "ServiceAccount", true),
    ("v1", "services", "Service", true),
    ("apps/v1", "deployments", "Deployment", true),
    ("apps/v1", "statefulsets", "StatefulSet", true),
    ("example.com/v1", "widgets", "Widget", true),
    ("networking.k8s.io/v1", "ingresses", "Ingress", true),
    ("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", true),
    ("rbac.authorization.k8s.io/v1", "roles", "Role", true),
];

/// A value of a Secret that nobody may ask for.
pub const PLANTED: &str = "cGxhbnRlZA==";

/// A server that runs as long as the process.
pub struct ApiServer {
    /// Its address.
    pub address: String,
    asked: Arc<Mutex<Vec<String>>>,
    objects: Arc<Mutex<Vec<Json>>>,
}

impl ApiServer {
    /// A server with the objects of a folder, which refuses to list some kinds, by their plurals.
    pub fn start(folder: &Path, forbidden: &[&str]) -> ApiServer {
        let objects = parse(&load_files(&Request::new([folder])).sources).value.objects;
        let mut objects: Vec<Json> = objects.iter().map(|o| json(&o.tree)).collect();
        objects.iter_mut().enumerate().for_each(|(number, object)| filled_in(object, number));
        objects.push(json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": "shop-tls", "namespace": "shop"}, "data": {"tls.key": PLANTED}}));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let forbidden: Vec<String> = forbidden.iter().map(|name| (*name).to_owned()).collect();
        let objects = Arc::new(Mutex::new(objects));
        let state = Arc::new((objects.clone(), forbidden, asked.clone()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = state.clone();
                std::thread::spawn(move || converse(&stream, &state.0, &state.1, &state.2));
            }
        });
        ApiServer { address, asked, objects }
    }

    /// Adds an object.
    pub fn add(&self, object: Json) {
        self.objects.lock().unwrap().push(object);
    }

    /// Paths that were asked for, each with what the client accepts.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// A configuration for kubectl, whose context is in a namespace.
    pub fn kubeconfig(&self, file: &Path, namespace: &str) {
        let config = json!({"apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.address}}],
            "users": [{"name": "test", "user": {}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": namespace}}]});
        std::fs::write(file, config.to_string()).unwrap();
    }
}

/// What a server adds to an object that is applied.
fn filled_in(object: &mut Json, number: usize) {
    object["metadata"]["uid"] = json!(format!("00000000-0000-0000-0000-{number:012}"));
    object["metadata"]["resourceVersion"] = json!("7");
    object["status"] = json!({});
    match object["kind"].as_str() {
        Some("Service") => {
            object["spec"]["sessionAffinity"] = json!("None");
            object["spec"]["internalTrafficPolicy"] = json!("Cluster");
        }
        Some("Deployment") => {
            object["spec"]["progressDeadlineSeconds"] = json!(600);
            object["spec"]["template"]["spec"]["dnsPolicy"] = json!("ClusterFirst");
        }
        _ => {}
    }
}

fn json(tree: &Tree) -> Json {
    match &tree.value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::UInt(value) => json!(value),
        Value::Float(value) => json!(value),
        Value::Str(value) => json!(&**value),
        Value::Seq(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries.iter().map(|e| (e.key.to_string(), json(&e.value))).collect(),
    }
}

fn converse(stream: &TcpStream, objects: &Mutex<Vec<Json>>, forbidden: &[String], asked: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(first)) = lines.next() {
        let headers: Vec<String> = lines.by_ref().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        let accept =
            headers.iter().find(|h| h.to_ascii_lowercase().starts_with("accept:")).cloned().unwrap_or_default();
        let path = first.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap().to_owned();
        asked.lock().unwrap().push(format!("{path} {accept}"));
        let (status, body) = answer(&path, &accept, &objects.lock().unwrap(), forbidden);
        let body = body.to_string();
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        if { stream }.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(path: &str, accept: &str, objects: &[Json], forbidden: &[String]) -> (&'static str, Json) {
    let versions: Vec<&str> = KINDS.iter().map(|k| k.0).filter(|v| v.contains('/')).collect();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (version, rest) = match parts.as_slice() {
        ["api"] => return ("200 OK", json!({"kind": "APIVersions", "versions": ["v1"]})),
        ["apis"] => {
            let mut groups: Vec<Json> = versions.iter().map(|v| group(v)).collect();
            groups.dedup();
            return ("200 OK", json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}));
        }
        ["api", "v1", rest @ ..] => ("v1".to_owned(), rest),
        ["apis", group, version, rest @ ..] => (format!("{group}/{version}"), rest),
        _ => return refusal("404 Not Found", "NotFound", 404, path),
    };
    let (namespace, plural, name) = match rest {
        [] => return ("200 OK", resources(&version)),
        ["namespaces", name] => (None, "namespaces", Some(*name)),
        ["namespaces", namespace, plural] => (Some(*namespace), *plural, None),
        [plural] => (None, *plural, None),
        _ => return refusal("404 Not Found", "NotFound", 404, path),
    };
    let Some((_, _, kind, _)) = KINDS.iter().find(|k| k.0 == version && k.1 == plural) else {
        return refusal("404 Not Found", "NotFound", 404, path);
    };
    if forbidden.iter().any(|f| f == plural) && name.is_none() {
        return refusal(
            "403 Forbidden",
            "Forbidden",
            403,
            &format!("{plural} is forbidden: User \"you\" cannot list it"),
        );
    }
    let field = |object: &Json, name: &str| object["metadata"][name].as_str().unwrap_or("default").to_owned();
    let items: Vec<&Json> = objects
        .iter()
        .filter(|o| o["kind"] == **kind && o["apiVersion"] == *version)
        .filter(|o| namespace.is_none_or(|n| field(o, "namespace") == n))
        .filter(|o| name.is_none_or(|n| field(o, "name") == n))
        .collect();
    if let Some(name) = name {
        let found = items.first().map(|object| ("200 OK", (*object).clone()));
        return found.unwrap_or_else(|| refusal("404 Not Found", "NotFound", 404, name));
    }
    if accept.contains("as=Table") {
        let row = |o: &&Json| {
            json!({"cells": [o["metadata"]["name"], o["type"].as_str().unwrap_or("Opaque"), 1, "1d"],
                "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": o["metadata"]}})
        };
        let columns: Vec<Json> = ["Name", "Type", "Data", "Age"]
            .iter()
            .map(|c| json!({"name": c, "type": "string", "format": if *c == "Name" { "name" } else { "" }, "priority": 0, "description": ""}))
            .collect();
        let rows: Vec<Json> = items.iter().map(row).collect();
        let table = json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "columnDefinitions": columns, "rows": rows});
        return ("200 OK", table);
    }
    ("200 OK", json!({"kind": format!("{kind}List"), "apiVersion": version, "metadata": {}, "items": items}))
}

fn group(version: &str) -> Json {
    let (group, plain) = version.split_once('/').unwrap();
    let version = json!({"groupVersion": version, "version": plain});
    json!({"name": group, "versions": [version], "preferredVersion": version})
}

fn resources(version: &str) -> Json {
    let kinds = KINDS.iter().filter(|k| k.0 == version);
    let resources: Vec<Json> = kinds
        .map(|(_, plural, kind, namespaced)| {
            json!({"name": plural, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": ["get", "list"]})
        })
        .collect();
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources})
}

fn refusal(status: &'static str, reason: &str, code: u16, message: &str) -> (&'static str, Json) {
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": reason, "code": code});
    (status, body)
}
