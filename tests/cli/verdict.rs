//! A verdict never claims more than was read, and what did not happen is no success.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::program::run_in;

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: client, namespace: shop}
spec:
  selector: {matchLabels: {app: client}}
  template:
    metadata: {labels: {app: client}}
    spec: {containers: [{name: c, image: c}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: other, namespace: lab}
spec:
  selector: {matchLabels: {app: other}}
  template:
    metadata: {labels: {app: other}}
    spec: {containers: [{name: c, image: c}]}
---
";

const DENY_INGRESS: &str = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
---
";

/// Policies that are not evaluated: what they may change for `web`, and whether they may allow what others deny.
const POLICIES: &[(&str, bool)] = &[
    (
        "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {tier: elsewhere, selector: all(), types: [Ingress]}\n",
        true,
    ),
    (
        "apiVersion: crd.projectcalico.org/v1\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\nspec: {tier: elsewhere, selector: \"app == 'web'\", ingress: [{action: Deny}]}\n",
        true,
    ),
    (
        "apiVersion: crd.antrea.io/v1beta1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {appliedTo: [{podSelector: {}}], ingress: [{action: Drop}]}\n",
        true,
    ),
    (
        "apiVersion: crd.antrea.io/v1beta1\nkind: ClusterNetworkPolicy\nmetadata: {name: p}\nspec: {appliedTo: [{podSelector: {}}], ingress: [{action: Drop}]}\n",
        true,
    ),
    (
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\nspec: {preDNAT: true, applyOnForward: true, ingress: [{action: Deny}]}\n",
        false,
    ),
    ("apiVersion: policy.networking.k8s.io/v9\nkind: OtherNetworkPolicy\nmetadata: {name: p}\nspec: {}\n", true),
    (
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\nspec: {action: CUSTOM, rules: [{}]}\n",
        false,
    ),
    (
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: istio-system}\nspec: {action: CUSTOM, rules: [{}]}\n",
        false,
    ),
    (
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\nspec: {targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: waypoint}], rules: [{}]}\n",
        false,
    ),
    (
        "apiVersion: policy.linkerd.io/v1beta3\nkind: Server\nmetadata: {name: p, namespace: shop}\nspec: {podSelector: {matchLabels: {app: web}}, port: 8080}\n",
        false,
    ),
];

/// Objects that change nothing for `web`, though they look like policies.
const BESIDE: &[&str] = &[
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: lab}\nspec: {endpointSelector: {}, ingress: [{}]}\n",
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {endpointSelector: {matchLabels: {app: cart}}, ingress: [{}]}\n",
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {endpointSelector: {matchLabels: {app: web}}, egress: [{}]}\n",
    "apiVersion: projectcalico.org/v3\nkind: StagedNetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {selector: all()}\n",
    "apiVersion: projectcalico.org/v3\nkind: HostEndpoint\nmetadata: {name: p}\nspec: {node: n, interfaceName: '*'}\n",
    "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\nspec: {doNotTrack: true, applyOnForward: true, ingress: [{action: Deny}]}\n",
    "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p, namespace: shop}\nspec: {mtls: {mode: PERMISSIVE}}\n",
    "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p, namespace: shop}\nspec: {mtls: {mode: STRICT}}\n",
    "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\nspec: {action: DENY, targetRefs: [{kind: ServiceEntry, name: outside}], rules: [{}]}\n",
    "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\nspec: {action: AUDIT, rules: [{}]}\n",
];

/// Entrances of kinds that no project here knows, each leading to `web`.
const ENTRANCES: &[&str] = &[
    "apiVersion: edge.example.org/v1\nkind: IngressRoute\nmetadata: {name: e, namespace: shop}\nspec: {routes: [{services: [{name: web, port: 80}]}]}\n",
    "apiVersion: edge.example.org/v1\nkind: HTTPProxy\nmetadata: {name: e, namespace: lab}\nspec: {backend: web.shop.svc.cluster.local}\n",
    "apiVersion: elbv2.k8s.aws/v1beta1\nkind: TargetGroupBinding\nmetadata: {name: e, namespace: shop}\nspec: {serviceRef: {name: web, port: 80}}\n",
];

fn run(folder: &Path, args: &[&str], input: &str) -> Output {
    run_in(folder, args, Some(input))
}

fn here() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn verdict(input: &str, from: &str, to: &str) -> (Option<i32>, String) {
    let output = run(here().path(), &["why", "-q", from, to, "-"], input);
    (output.status.code(), words(&output))
}

#[test]
fn policies_that_are_not_evaluated_leave_an_answer_open() {
    for (policy, allows) in POLICIES {
        let (code, said) = verdict(&format!("{WEB}{policy}"), "client", "web:80");
        assert!(code == Some(1) && said.contains("\nundetermined: "), "{policy}\n{said}");
        let denied = verdict(&format!("{WEB}{DENY_INGRESS}{policy}"), "client", "web:80").1;
        let word = if *allows { "\nundetermined: " } else { "\ndenied: " };
        assert!(denied.contains(word), "{policy}\n{denied}");
        let table =
            words(&run(here().path(), &["table", "connections", "--all", "-q", "-"], &format!("{WEB}{policy}")));
        let row = table.lines().find(|l| l.starts_with("shop/client") && l.contains("shop/web[")).unwrap();
        assert!(row.contains("undetermined"), "{policy}\n{table}");
    }
}

#[test]
fn policies_for_other_pods_leave_an_answer_alone() {
    for policy in BESIDE {
        let (code, said) = verdict(&format!("{WEB}{policy}"), "client", "web:80");
        assert!(code == Some(0) && said.contains("\nallowed: "), "{policy}\n{said}");
    }
}

#[test]
fn nothing_exposes_it_is_said_only_if_every_entrance_was_read() {
    assert!(verdict(WEB, "internet", "web").1.contains("nothing exposes shop/web"));
    for entrance in ENTRANCES {
        let input = format!("{WEB}{entrance}");
        let (code, said) = verdict(&input, "internet", "web");
        assert!(code == Some(1) && said.contains("\nundetermined: "), "{entrance}\n{said}");
        assert!(verdict(&input, "internet", "lab/other").1.contains("nothing exposes lab/other"), "{entrance}");
        let table = words(&run(here().path(), &["table", "exposure", "-q", "-"], &input));
        assert!(table.contains("undetermined"), "{entrance}\n{table}");
        let page = words(&run(here().path(), &["draw", "-q", "-", "-o", "html"], &input));
        assert!(!page.contains("Nothing is reachable"), "{entrance}");
        assert!(page.contains("Not shown: 1 "), "{entrance}");
    }
}

#[test]
fn gates_do_not_pass_what_was_not_judged_and_say_what_stopped_them() {
    let there = here();
    fs::write(there.path().join("old.yaml"), WEB).unwrap();
    let check = |input: &str, gate: &str, expected: i32, said: &str| {
        let output = run(there.path(), &["diff", "-q", "--fail-on", gate, "old.yaml", "-"], input);
        let told = words(&output);
        assert_eq!(output.status.code(), Some(expected), "{input}\n{told}");
        assert!(told.contains(said), "{said}\n{told}");
    };
    for entrance in ENTRANCES {
        check(&format!("{WEB}{entrance}"), "exposure", 1, "--fail-on exposure: ");
        check(&format!("{WEB}{entrance}"), "widened", 0, "Cannot be determined");
    }
    let (antrea, istio) = (POLICIES[2].0, POLICIES[6].0);
    check(&format!("{WEB}{antrea}"), "widened", 1, "--fail-on widened: shop/p[NetworkPolicy.crd.antrea.io] is new");
    check(&format!("{WEB}{istio}"), "widened", 0, "shop/p[AuthorizationPolicy] is new and is not evaluated");
    check(&WEB.replace("replicas", "x").replace("image: web", "image: web2"), "any", 1, "--fail-on any: ");
    let port = "[{containerPort: 8080, hostPort: 80}]";
    let opened = WEB.replacen("[{containerPort: 8080}]", port, 1);
    check(&opened, "exposure", 1, "--fail-on exposure: ");
    // Nothing new, nothing to stop at.
    fs::write(there.path().join("old.yaml"), format!("{WEB}{}", ENTRANCES[0])).unwrap();
    check(&format!("{WEB}{}", ENTRANCES[0]).replace("image: web", "image: web2"), "exposure,widened", 0, "");
    // The entrance stays, and leads to something else.
    let moved =
        format!("{WEB}{}", ENTRANCES[0]).replace("spec: {selector: {app: web}", "spec: {selector: {app: client}");
    check(&moved, "exposure", 1, "shop/client[Deployment] may be reached from outside");
}

#[test]
fn a_policy_that_goes_may_widen() {
    let there = here();
    fs::write(there.path().join("old.yaml"), format!("{WEB}{}", POLICIES[6].0)).unwrap();
    let output = run(there.path(), &["diff", "-q", "--fail-on", "widened", "old.yaml", "-"], WEB);
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("shop/p[AuthorizationPolicy] is gone and is not evaluated"), "{}", words(&output));
}

#[test]
fn what_did_not_happen_is_no_success() {
    let there = here();
    let compose = "services:\n  web:\n    image: nginx\n";
    let foreign = "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: x}\n";
    fs::write(there.path().join("compose.yaml"), compose).unwrap();
    fs::write(there.path().join("web.yaml"), WEB).unwrap();
    fs::create_dir(there.path().join("empty")).unwrap();
    let code = |args: &[&str], input: &str| run(there.path(), args, input).status.code();
    for input in [compose, foreign, ""] {
        assert_eq!(code(&["check", "-"], input), Some(2), "{input}");
        assert_eq!(code(&["diff", "web.yaml", "-"], input), Some(2), "{input}");
        for table in ["connections", "exposure", "isolation", "policies", "routes"] {
            assert_eq!(code(&["table", table, "-"], input), Some(2), "{table} {input}");
        }
        fs::write(there.path().join("picture.svg"), "before").unwrap();
        for outputs in [&["-o", "picture.svg"][..], &["-o", "picture.svg", "--check"]] {
            let output = run(there.path(), &[&["draw", "-"], outputs].concat(), input);
            assert_eq!(output.status.code(), Some(2), "{input}");
            assert!(words(&output).contains("nothing to draw"), "{}", words(&output));
        }
        assert_eq!(fs::read_to_string(there.path().join("picture.svg")).unwrap(), "before", "{input}");
    }
    assert_eq!(code(&["diff", "compose.yaml", "compose.yaml"], ""), Some(2));
    assert_eq!(code(&["diff", "empty", "empty"], ""), Some(2));
    // A first manifest comes where nothing was, or beside files of other programs.
    assert_eq!(code(&["diff", "empty", "web.yaml"], ""), Some(0));
    assert_eq!(code(&["diff", "compose.yaml", "web.yaml"], ""), Some(0));
}

#[test]
fn a_dump_of_get_all_is_told_to_be_a_part() {
    let pod = |kind: &str, name: &str| {
        format!(
            "apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: a, uid: u-{name}}}\nspec: {{containers: [{{name: c, image: i}}]}}\n---\n"
        )
    };
    let dump = pod("Pod", "a")
        + "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: a, uid: u}\nspec: {ports: [{port: 80}]}\n---\n";
    let told = |input: &str| words(&run(here().path(), &["table", "isolation", "-"], input)).contains("partial-dump");
    assert!(told(&dump));
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a, uid: v}\nspec: {podSelector: {}}\n";
    assert!(!told(&format!("{dump}{policy}")));
    assert!(!told(&dump.replace(", uid: u-a", "")));
}

#[test]
fn what_is_not_shown_is_said_everywhere() {
    let input = format!(
        "{WEB}{}---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: typo, namespace: empty}}\nspec: {{podSelector: {{}}}}\n",
        POLICIES[6].0
    );
    let note =
        "not shown: 1 AuthorizationPolicy (security.istio.io), 1 NetworkPolicy (networking.k8s.io) selecting no pod";
    for args in [&["draw", "-"][..], &["table", "routes", "-"], &["check", "-"]] {
        assert!(words(&run(here().path(), args, &input)).contains(note), "{args:?}");
    }
    let named = words(&run(here().path(), &["draw", "-v", "-"], &input));
    assert!(
        named.contains("not shown: shop/p[AuthorizationPolicy]")
            && named.contains("not shown: empty/typo[NetworkPolicy]"),
        "{named}"
    );
    let svg = words(&run(here().path(), &["draw", "-q", "-"], &input));
    assert!(svg.contains(">not shown: 1 AuthorizationPolicy"), "{svg}");
}

#[test]
fn every_second_definition_is_listed_and_what_is_drawn_comes_first() {
    let second = |kind: &str, version: &str, name: &str, spec: &str| {
        format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\n{spec}\n---\n")
    };
    let mut input = WEB.to_owned();
    for name in ["a", "b", "c", "d"] {
        input += &second("ConfigMap", "v1", name, "data: {x: '1'}");
        input += &second("ConfigMap", "v1", name, "data: {x: '2'}");
    }
    input += &second("Service", "v1", "web", "spec: {selector: {app: web}, ports: [{port: 81}]}");
    let said = words(&run(here().path(), &["draw", "-"], &input));
    assert!(said.contains("shop/web[Service]"), "{said}");
    let json = words(&run(here().path(), &["draw", "-q", "-", "-o", "json"], &input));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let absent = value["objects"]["absent"].as_array().unwrap();
    let repeated: Vec<&str> = absent
        .iter()
        .filter(|a| a["reason"] == "repeated")
        .flat_map(|a| a["objects"].as_array().unwrap())
        .map(|o| o["id"].as_str().unwrap())
        .collect();
    assert_eq!(repeated.len(), 5, "{repeated:?}");
    assert!(repeated.contains(&"shop/web[Service]"));
}

#[test]
fn policies_of_another_network_change_nothing() {
    let calico = "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {selector: all(), types: [Ingress]}\n";
    let cilium = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {endpointSelector: {}, ingress: [{}]}\n";
    let agent = |image: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: agent, namespace: kube-system}}\nspec: {{selector: {{matchLabels: {{a: a}}}}, template: {{metadata: {{labels: {{a: a}}}}, spec: {{hostNetwork: true, containers: [{{name: c, image: \"{image}\"}}]}}}}}}\n"
        )
    };
    let ask = |input: &str, plugin: Option<&str>| {
        let mut args = vec!["why", "-q"];
        args.extend(plugin.into_iter().flat_map(|p| ["--network-plugin", p]));
        args.extend(["client", "web:80", "-"]);
        let output = run(here().path(), &args, &format!("{WEB}{input}"));
        (output.status.code(), words(&output).contains("not enforced"))
    };
    for (policy, own, other) in [(calico, "calico", "cilium"), (cilium, "cilium", "calico")] {
        assert_eq!(ask(policy, None), (Some(1), false), "{policy}");
        assert_eq!(ask(policy, Some(own)), (Some(1), false), "{policy}");
        assert_eq!(ask(policy, Some(other)), (Some(0), true), "{policy}");
        assert_eq!(ask(policy, Some("flannel")), (Some(0), true), "{policy}");
        let images = [("calico", "docker.io/calico/node:v3"), ("cilium", "quay.io/cilium/cilium:v1@sha256:0")];
        for (plugin, image) in images {
            let expected = if plugin == own { (Some(1), false) } else { (Some(0), true) };
            assert_eq!(ask(&format!("{policy}{}", agent(image)), None), expected, "{policy} {image}");
        }
    }
}

#[test]
fn policies_are_valued_in_every_format() {
    let cilium = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {endpointSelector: {matchLabels: {app: web}}, ingress: [{}]}\n---\n";
    let input = format!("{WEB}{cilium}{DENY_INGRESS}");
    for (format, said) in [
        ("text", "says the same: shop/deny[NetworkPolicy] (<stdin>:"),
        ("csv", "shop/p[CiliumNetworkPolicy],redundant,"),
        ("md", "| `shop/p[CiliumNetworkPolicy]` | redundant |"),
        ("json", "\"value\": \"redundant\""),
    ] {
        let output = run(here().path(), &["table", "policies", "-q", "-", "-o", format], &input);
        assert!(output.status.success() && words(&output).contains(said), "{format}\n{}", words(&output));
    }
}

#[test]
fn tables_say_what_pods_do_not_take() {
    let here = here();
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: open, namespace: shop}\nspec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}\n---\n";
    let asleep = WEB.replacen("spec:\n  selector", "spec:\n  replicas: 0\n  selector", 1) + service;
    let exposure = run(here.path(), &["table", "exposure"], &asleep);
    let said = words(&exposure);
    assert!(said.contains("no ready pod") && said.contains("its replicas are 0"), "{said}");
    let data = run(here.path(), &["table", "exposure", "-o", "json"], &asleep);
    let data: serde_json::Value = serde_json::from_slice(&data.stdout).unwrap();
    assert_eq!(data["ways"][0]["reaches"]["absence"]["reason"], "runs no pods: its replicas are 0");
    for (table, word) in [("isolation", "runs no pods"), ("connections", "no ready pod: nothing takes")] {
        let said = words(&run(here.path(), &["table", table, "--all"], &asleep));
        assert!(said.contains(word), "{table}: {said}");
    }
}

#[test]
fn a_policy_defined_twice_leaves_the_rows_of_its_pods_open() {
    let here = here();
    let other = DENY_INGRESS.replace("policyTypes: [Ingress]", "policyTypes: [Ingress], ingress: [{}]");
    let input = format!("{WEB}{DENY_INGRESS}{other}");
    let table = run(here.path(), &["table", "connections", "--all", "-o", "csv"], &input);
    for row in words(&table).lines().filter(|row| row.starts_with("shop/") || row.starts_with("lab/")) {
        let is_to_web = row.split(',').nth(1).is_some_and(|to| to == "shop/web[Deployment]");
        assert_eq!(row.contains("undetermined"), is_to_web, "{row}");
    }
    let said = words(&run(here.path(), &["table", "isolation"], &input));
    assert_eq!(said.matches("defined more than once: ").count(), 1, "{said}");
}

#[test]
fn nothing_is_certain_where_policies_were_left_out() {
    let here = here();
    let live = WEB
        .replace("namespace: shop}", "namespace: shop, uid: a1}")
        .replace("namespace: lab}", "namespace: lab, uid: a2}");
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop, uid: a3}\nspec: {containers: [{name: c, image: c}]}\n";
    let input = live + pod;
    let table = words(&run(here.path(), &["table", "connections", "--all", "-o", "csv"], &input));
    let rows: Vec<&str> = table.lines().filter(|row| row.starts_with("shop/") || row.starts_with("lab/")).collect();
    assert!(!rows.is_empty() && rows.iter().all(|row| row.contains("undetermined")), "{table}");
    let said = words(&run(here.path(), &["table", "isolation"], &input));
    assert!(said.contains("unknown") && !said.contains("open:"), "{said}");
}
