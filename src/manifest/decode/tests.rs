//! Tests of decoding: what is told about wrong fields, and what is left of the object.

use super::super::{Body, Object, parse};
use crate::source::Sources;

/// The first object of a text and its problems as `line:column code message [help]`.
fn read(text: &str) -> (Object, Vec<String>) {
    let sources = Sources::from_texts([("x.yaml", text)]);
    let parsed = parse(&sources);
    let told = parsed
        .diagnostics
        .iter()
        .map(|d| {
            let at = d.at.unwrap();
            let help = d.help.as_ref().map(|h| format!(" [{h}]")).unwrap_or_default();
            format!("{}:{} {} {}{help}", at.line, at.column, d.code.as_str(), d.message)
        })
        .collect();
    (parsed.value.objects.into_iter().next().unwrap(), told)
}

fn check(spec: &str, expected: &[&str]) -> Object {
    let (object, told) = read(spec);
    assert_eq!(told, expected, "{spec}");
    object
}

fn service(object: &Object) -> &k8s_openapi::api::core::v1::ServiceSpec {
    match &object.body {
        Body::Service(service) => service.spec.as_ref().unwrap(),
        other => panic!("{other:?}"),
    }
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec:\n";

#[test]
fn one_wrong_field_costs_only_itself() {
    let object = check(
        &format!("{SERVICE}  selector: {{a: b, version: 1.0}}\n  ports:\n  - port: {{}}\n  - {{port: 80, targetPort: [x]}}\n  - port: \"90\"\n"),
        &[
            "5:29 field-type spec.selector.version: expected a string, found a number [quote it: \"1.0\"]",
            "7:11 field-type spec.ports[0].port: expected a number, found a mapping",
            "8:28 field-type spec.ports[1].targetPort: expected a number or a name, found a list",
            "9:11 field-type spec.ports[2].port: expected a number, found a string [remove the quotes: 90]",
        ],
    );
    let spec = service(&object);
    assert_eq!(spec.selector.as_ref().unwrap().len(), 1);
    let ports: Vec<i32> = spec.ports.iter().flatten().map(|p| p.port).collect();
    assert_eq!(ports, [80], "ports without a number are left out");
}

#[test]
fn numbers_are_read_as_json_has_them() {
    let object = check(
        &format!("{SERVICE}  ports: [{{port: 80.0, targetPort: 8_080}}, {{port: 0120, targetPort: 1e3}}]\n"),
        &[],
    );
    let spec = service(&object);
    let ports: Vec<String> = spec.ports.iter().flatten().map(|p| format!("{}>{:?}", p.port, p.target_port)).collect();
    assert_eq!(ports, ["80>Some(Int(8080))", "80>Some(Int(1000))"]);
    check(
        &format!("{SERVICE}  ports: [{{port: 99999999999}}, {{port: 1.5}}]\n"),
        &[
            "5:18 field-type spec.ports[0].port: expected a number of at most 2147483647, found 99999999999",
            "5:39 field-type spec.ports[1].port: expected a whole number, found a number",
        ],
    );
}

#[test]
fn unknown_and_missing_fields_are_told() {
    check(
        &format!("{SERVICE}  selctor: {{a: b}}\n  ports:\n  - name: http\n    targetport: 80\n    $patch: replace\n"),
        &[
            "7:5 field-missing spec.ports[0]: `port` is missing",
            "5:3 field-unknown spec.selctor: Kubernetes knows no such field [did you mean `selector`?]",
        ],
    );
    check(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x, lables: {}}\nspec: {containers: [{image: x}]}\n",
        &[
            "3:21 field-unknown metadata.lables: Kubernetes knows no such field [did you mean `labels`?]",
            "4:21 field-missing spec.containers[0]: `name` is missing",
        ],
    );
}

#[test]
fn nulls_are_absent() {
    let object = check(&format!("{SERVICE}  type:\n  selector: {{a: }}\n  ports: null\n"), &[]);
    let spec = service(&object);
    assert_eq!(spec.type_, None);
    assert_eq!(spec.selector.as_ref().unwrap()["a"], "");
    assert_eq!(spec.ports, None);
}

#[test]
fn labels_that_are_no_text_are_left_out() {
    let object = check(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  labels:\n    version: 1.0\n    ok: yes\n    app: x\n  annotations: {num: 0x10}\n",
        &[
            "6:14 field-type metadata.labels.version: expected a string, found a number [quote it: \"1.0\"]",
            "7:9 field-type metadata.labels.ok: expected a string, found a boolean [quote it: \"yes\"]",
            "9:22 field-type metadata.annotations.num: expected a string, found a number [quote it: \"0x10\"]",
        ],
    );
    assert_eq!(object.labels.len(), 1);
}

#[test]
fn a_bare_letter_is_text_or_boolean_as_the_field_asks() {
    let object = check(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: n, labels: {a: y, b: 'y'}}\nspec: {hostNetwork: y, containers: []}\n",
        &[
            "3:18 field-type metadata.name: Kubernetes reads `n` as a boolean and refuses it here; it is taken as text [quote it: \"n\"]",
            "3:33 field-type metadata.labels.a: Kubernetes reads `y` as a boolean and refuses it here; it is taken as text [quote it: \"y\"]",
        ],
    );
    assert_eq!((object.name.as_str(), object.labels.len()), ("n", 2));
    match &object.body {
        Body::Workload(workload) => assert_eq!(workload.pod.host_network, Some(true)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn live_objects_are_quiet() {
    check(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  uid: a\n  creationTimestamp: \"2024-01-01T00:00:00Z\"\n  managedFields: [{a: 1}]\n  resourceVersion: \"1\"\n  selfLink: /x\n  clusterName: z\nspec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\nstatus: {loadBalancer: {ingress: [{ip: 1.2.3.4, new: 1}]}, odd: [1]}\n",
        &[],
    );
}

#[test]
fn quantities_may_be_numbers() {
    check(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, resources: {limits: {cpu: 1, memory: 0.5}}}]}\n",
        &[],
    );
}

#[test]
fn hopeless_objects_are_given_up() {
    let labels: String = (0..1000).map(|i| format!("    l{i}: {i}\n")).collect();
    let (_, told) = read(&format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: x}}\nspec:\n  selector:\n{labels}"
    ));
    assert_eq!(told.len(), super::ROUNDS + 1);
    let (object, told) = read("apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: 5\n");
    assert_eq!(told, ["4:7 field-type spec: expected a mapping, found a number"]);
    assert!(matches!(object.body, Body::Service(_)));
}

#[test]
fn the_nearest_field_is_found() {
    let known = ["selector", "ports", "type", "clusterIP", "externalIPs"];
    for (name, meant) in [
        ("selctor", Some("selector")),
        ("port", Some("ports")),
        ("clusterIp", Some("clusterIP")),
        ("tpye", Some("type")),
        ("replicas", None),
        ("x", None),
    ] {
        assert_eq!(super::nearest(name, &known), meant, "{name}");
    }
}
