//! Tests of decoding: problems of wrong fields, and the rest of the object.

use super::super::{Body, Object, parse};
use crate::source::Sources;

/// The first object of a text and its problems as `line:column code message [help]`.
fn read(text: &str) -> (Object, Vec<String>) {
    let sources = Sources::from_texts([("x.yaml", text)]);
    let parsed = parse(&sources);
    let told = parsed
        .diagnostics
        .iter()
        // What the server asks of the names of several ports has a case of its own.
        .filter(|d| !d.message.ends_with("which each of several ports needs"))
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
        &format!(
            "{SERVICE}  selector: {{a: b, version: 1.0}}\n  ports:\n  - port: {{}}\n  - {{port: 80, targetPort: [x]}}\n  - port: \"90\"\n"
        ),
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
        &format!("{SERVICE}  ports: [{{port: 80.0, targetPort: 8_080}}, {{port: 0121, targetPort: 1e3}}]\n"),
        &[],
    );
    let spec = service(&object);
    let ports: Vec<String> = spec.ports.iter().flatten().map(|p| format!("{}>{:?}", p.port, p.target_port)).collect();
    assert_eq!(ports, ["80>Some(Int(8080))", "81>Some(Int(1000))"]);
    check(
        &format!("{SERVICE}  ports: [{{port: 99999999999}}, {{port: 1.5}}]\n"),
        &[
            "5:18 field-value spec.ports[0].port: expected a port from 1 to 65535, found 99999999999",
            "5:39 field-type spec.ports[1].port: expected a whole number, found a number",
        ],
    );
}

#[test]
fn values_that_the_server_refuses_are_told() {
    let object = check(
        &format!(
            "{SERVICE}  type: Loadbalancer\n  selector: {{a: b}}\n  ports:\n  - {{port: 70000}}\n  - {{port: 80, protocol: tcp, nodePort: 65536}}\n  - {{port: 81, targetPort: 70000, protocol: HTTP2}}\n  - {{port: 82, targetPort: \"8080\", nodePort: 0}}\n  - {{port: 0}}\n"
        ),
        &[
            "5:9 field-value spec.type: expected one of ClusterIP, NodePort, LoadBalancer, ExternalName, found `Loadbalancer` [did you mean `LoadBalancer`?]",
            "8:12 field-value spec.ports[0].port: expected a port from 1 to 65535, found 70000",
            "9:26 field-value spec.ports[1].protocol: expected one of TCP, UDP, SCTP, found `tcp` [did you mean `TCP`?]",
            "9:41 field-value spec.ports[1].nodePort: expected a port from 1 to 65535, found 65536",
            "10:28 field-value spec.ports[2].targetPort: expected a port from 1 to 65535, found 70000",
            "10:45 field-value spec.ports[2].protocol: expected one of TCP, UDP, SCTP, found `HTTP2`",
            "12:12 field-value spec.ports[4].port: expected a port from 1 to 65535, found 0",
            "11:28 field-value spec.ports[3].targetPort: in quotes, \"8080\" is the name of a port and not its number [remove the quotes: 8080]",
        ],
    );
    let spec = service(&object);
    assert_eq!((spec.type_.as_deref(), spec.selector.as_ref().unwrap().len()), (None, 1));
    let ports: Vec<i32> = spec.ports.iter().flatten().map(|p| p.port).collect();
    assert_eq!(ports, [80, 81, 82]);
    check(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, ports: [{containerPort: 99999}, {containerPort: 1, hostPort: 0, protocol: \"\"}]}]}\n",
        &["4:55 field-value spec.containers[0].ports[0].containerPort: expected a port from 1 to 65535, found 99999"],
    );
    let object = check(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: {podSelector: {}, ingress: [{ports: [{port: 70000}]}]}\n",
        &[],
    );
    let Body::NetworkPolicy(policy) = &object.body else { panic!() };
    let kept = policy.spec.iter().flat_map(|s| s.ingress.iter().flatten()).flat_map(|r| r.ports.iter().flatten());
    assert!(kept.map(|p| p.port.is_some()).eq([true]), "a rule about one port must not become one about all");
    let object = check(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: {podSelector: {}, ingress: [{ports: [80]}]}\n",
        &[],
    );
    let faults: Vec<&str> = object.faults.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(faults, ["spec.ingress[0].ports[0]: expected a mapping, found a number"]);
    assert_eq!(object.tree.find("spec.ingress[0].ports").unwrap().items().len(), 1, "the tree keeps what did not fit");
}

#[test]
fn lists_of_the_tree_agree_with_the_typed_ones() {
    let object = check(
        &format!(
            "{SERVICE}  ports:\n  - port: x\n  - port: 80\n  - 5\n  - port: 81\n    targetPort: {{}}\n  externalIPs: [1, a, 2, b]\n"
        ),
        &[
            "6:11 field-type spec.ports[0].port: expected a number, found a string",
            "8:5 field-type spec.ports[2]: expected a mapping, found a number",
            "10:17 field-type spec.ports[3].targetPort: expected a number or a name, found a mapping",
            "11:17 field-type spec.externalIPs[0]: expected a string, found a number [quote it: \"1\"]",
            "11:23 field-type spec.externalIPs[2]: expected a string, found a number [quote it: \"2\"]",
        ],
    );
    let spec = service(&object);
    for (index, port) in spec.ports.iter().flatten().enumerate() {
        let path = format!("spec.ports[{index}].port");
        assert_eq!(object.tree.find(&path).and_then(|t| t.as_i64()), Some(i64::from(port.port)));
    }
    assert_eq!(spec.ports.as_ref().unwrap().len(), object.tree.find("spec.ports").unwrap().items().len());
    assert_eq!(object.at("spec.ports[1].port").line, 9);
    assert_eq!(object.tree.find("spec.externalIPs[1]").and_then(|t| t.as_str()), Some("b"));
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
    let object = check(&format!("{SERVICE}  type:\n  clusterIP: None\n  selector: {{a: }}\n  ports: null\n"), &[]);
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
        "apiVersion: v1\nkind: Service\nmetadata: {{name: x}}\nspec:\n  clusterIP: None\n  selector:\n{labels}"
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
