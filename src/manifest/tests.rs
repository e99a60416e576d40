//! Tests of whole texts: documents, lists, identities, older versions, workloads, templates, likely causes.

use super::*;
use crate::source::Sources;

fn parse_text(name: &str, text: &str) -> (Sources, Warned<Parsed>) {
    let sources = Sources::from_texts([(name, text)]);
    let parsed = parse(&sources);
    (sources, parsed)
}

fn told(parsed: &Warned<Parsed>) -> Vec<String> {
    let tell = |d: &Diagnostic| {
        let at = d.at.unwrap();
        let help = d.help.as_ref().map(|h| format!(" [{h}]")).unwrap_or_default();
        format!("{}:{} {}{help}", at.line, at.column, d.message)
    };
    parsed.diagnostics.iter().map(tell).collect()
}

fn names(parsed: &Warned<Parsed>) -> Vec<String> {
    parsed.value.objects.iter().map(|o| format!("{}/{} {}", o.api_version, o.kind, o.name)).collect()
}

/// Problems of a text without usable objects.
fn fault(text: &str, expected: &str) {
    let parsed = parse(&Sources::from_texts([("x.yaml", text)]).all_shown());
    assert_eq!(told(&parsed).join("\n"), expected, "{text:?}");
}

#[test]
fn likely_causes_are_named() {
    fault("a: b\nimage:nginx\n", "2:6 `image:` has no blank after the colon [write `image: nginx`]");
    fault("image:nginx\nb: c\n", "1:6 `image:` has no blank after the colon [write `image: nginx`]");
    fault("a:\n\tb: c\n", "2:1 a tab is used for indentation [indent with blanks; YAML does not allow tabs there]");
    fault(
        "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n",
        "2:1 a merge conflict that was not resolved [choose one of the two sides and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`]",
    );
    fault(
        "host: *.example.com\n",
        "1:7 `*.example.com` is an alias, but nothing in this document is anchored under its name [if it is meant as text, quote it: \"*.example.com\"]",
    );
    fault("a: @x # c\n", "1:4 plain text cannot start with `@` [if it is meant as text, quote it: \"@x\"]");
    fault("a: `x`\n", "1:4 plain text cannot start with ``` [if it is meant as text, quote it: \"`x`\"]");
    fault("a: %x\n", "1:4 plain text cannot start with `%` [if it is meant as text, quote it: \"%x\"]");
    fault("a: b: c\n", "1:5 a second `: ` in one line [if it belongs to the value, quote it: a: \"b: c\"]");
    fault("a: \"unclosed\nb: c\n", "1:4 a quote that is not closed");
    fault("a: \"unclosed\nb: \"c\"\n", "1:4 a quote that is not closed on its line");
    fault("a: \"it is 'so\nb: c\n", "1:4 a quote that is not closed");
    fault(
        "a:\n  b: c\n d: e\n",
        "3:2 expected another key of the mapping above [compare the indentation of this line with that of the lines above it]",
    );
    fault("a: [1, 2\nb: c\n", "2:2 a `:` where none can be; is a bracket or brace before it not closed?");
    fault("a: x\0y\n", "1:5 a NUL byte, which no manifest may hold");
    fault("? [a]\n: b\n", "1:3 a key that is itself a list or a mapping");
    fault("a: !!int x\n", "1:10 `x` is not what its tag `!!int` says");
    fault("{\"a\": [1,, 2]}", "1:10 not valid JSON: expected a value, found `,`");
    fault("{\"a\": \"x\ny: [", "1:7 not valid JSON: a string that is not closed on its line");
}

const COMPARE: &str = "[compare the indentation of this line with that of the lines above it]";

#[test]
fn what_is_not_the_cause_is_not_blamed() {
    // An address is no key without a blank.
    fault(
        "a:\n    b:\n    - localhost:8080\n   c: d\n",
        &format!("4:4 expected another key of the mapping above {COMPARE}"),
    );
    fault("a: b\nredis:6379\n", "2:1 expected `:` after a key");
    fault("a: b\n10.0.0.1:80\n", "2:1 expected `:` after a key");
    fault("a: b\nport:6379\n", "2:5 `port:` has no blank after the colon [write `port: 6379`]");
    fault("a: b\nreplicas:3\n", "2:9 `replicas:` has no blank after the colon [write `replicas: 3`]");
    // A tab inside a script, and one inside brackets.
    fault(
        "a:\n  b: |\n    if x\n    \techo\n c: [1\n",
        &format!("5:2 expected another key of the mapping above {COMPARE}"),
    );
    fault("a:\n  b: {\n\tc: d\n  }\n e: f\n", &format!("5:2 expected another key of the mapping above {COMPARE}"));
    fault("a:\n  b: |\n    image:nginx\n c: d\n", &format!("4:2 expected another key of the mapping above {COMPARE}"));
    // Between brackets a value ends before the next.
    fault(
        "a: {b: *c, d: [{e: 1}]}\n",
        "1:8 `*c` is an alias, but nothing in this document is anchored under its name [if it is meant as text, quote it: \"*c\"]",
    );
    fault("a: [x, @y]\n", "1:8 plain text cannot start with `@` [if it is meant as text, quote it: \"@y\"]");
    fault(
        "a: */5 * * * *\n",
        "1:4 `*/5` is an alias, but nothing in this document is anchored under its name [if it is meant as text, quote it: \"*/5 * * * *\"]",
    );
}

/// Templates of other programs, which YAML and Helm hand on as text.
#[test]
fn text_for_other_programs_does_not_hide_a_mistake() {
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n";
    let block = "  a.yml: |\n    - title: '{{ template \"slack.title\" . }}'\n      text: {{ .Values.x }}\n";
    fault(&format!("{head}{block} extra: oops\n"), &format!("8:2 expected another key of the mapping above {COMPARE}"));
    fault(
        &format!("{head}  a: \"{{{{ .Values.x }}}} {{{{ template \\\"foo\\\" }}}}\"\n  b: c: d\n"),
        "6:7 a second `: ` in one line [if it belongs to the value, quote it: b: \"c: d\"]",
    );
    fault(
        &format!("{head}  # {{{{ .Values.x }}}}\n  b: c: d\n"),
        "6:7 a second `: ` in one line [if it belongs to the value, quote it: b: \"c: d\"]",
    );
    fault(
        &format!("{head}  a: \"{{{{ $labels.job | printf \"%s\" }}}}\"\n"),
        "5:32 text after a closing quote [the quote may be closed too early: write `''` for a quote inside single quotes, `\\\"` inside double quotes]",
    );
    let (_, parsed) = parse_text("x.yaml", &format!("{head}{block}"));
    assert_eq!((names(&parsed).len(), told(&parsed)), (1, vec![]));
}

#[test]
fn charts_are_told_quietly() {
    let deployment = r#"{{- if .Values.web.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "shop.fullname" . }}
  labels:
    {{- include "shop.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          args: ["--level", "{{ .Values.level }}"]
          {{- with .Values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
{{- end }}
"#;
    let loops = r#"apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  ports:
  {{- range $port := .Values.ports }}
  - name: {{ $port.name }}
    port: {{ $port.port }}
  {{- end }}
"#;
    let block = r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  a.yml: |
{{ .Files.Get "a.yml" | indent 4 }}
"#;
    let nested = r#"apiVersion: v1
kind: Service
metadata:
  name: "{{ include "shop.fullname" . }}"
"#;
    let comment = r#"{{- /*
Services: one for each "port" of the shop's
*/ -}}
apiVersion: v1
kind: Service
metadata:
  name: it
"#;
    let quoted = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: "{{ .Values.replicas }}"
  template:
    spec:
      containers:
      - name: web
        image: "{{ .Values.image }}"
"#;
    let plain = r#"apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop-{{ .Release.Namespace }}
spec:
  type: "{{ .Values.type }}"
"#;
    let labels = r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: web
  labels: {chart: "{{ .Chart.Name }}-{{ .Chart.Version }}"}
"#;
    for text in [deployment, loops, block, nested, comment, quoted, plain, labels] {
        let (_, parsed) = parse_text("x.yaml", text);
        let told = told(&parsed);
        assert_eq!(told.len(), 1, "{text}\n{told:?}");
        assert!(told[0].contains("x.yaml is a template that was not rendered"), "{text}\n{told:?}");
        assert_eq!(parsed.diagnostics[0].code, crate::diagnostic::Code::HelmTemplate);
        assert!(parsed.value.objects.is_empty(), "{text}");
    }
}

#[test]
fn what_a_template_costs_is_told_rightly() {
    let good = "apiVersion: v1\nkind: Service\nmetadata: {name: ok}\n";
    let bad = "apiVersion: v1\nkind: Service\nmetadata: {name: \"{{ .x }}\"}\n";
    let message = |texts: &[(&str, String)]| {
        let parsed = parse(&Sources::from_texts(texts.iter().map(|(n, t)| (*n, t.as_str()))));
        let told: Vec<String> = parsed.diagnostics.into_iter().map(|d| d.message).collect();
        told.join("; ")
    };
    let part = format!("{bad}---\n{good}");
    assert_eq!(
        message(&[("a.yaml", part.clone())]),
        "one of the 2 documents of a.yaml is a template that was not rendered, and is not drawn"
    );
    assert_eq!(
        message(&[("a.yaml", format!("{bad}---\n{part}"))]),
        "2 of the 3 documents of a.yaml are templates that were not rendered, and are not drawn"
    );
    assert_eq!(
        message(&[("a.yaml", part), ("b.yaml", bad.to_owned())]),
        "2 documents of a.yaml and one other file are templates that were not rendered, and are not drawn"
    );
    assert_eq!(
        message(&[("a.yaml", format!("{bad}---\n{bad}"))]),
        "a.yaml is a template that was not rendered, and is not drawn"
    );
}

#[test]
fn a_broken_document_costs_only_itself() {
    let good = |n: u32| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{n}}}\n");
    let text = format!("{}---\na: b\n c: d\n---\n{}", good(1), good(2));
    let (sources, parsed) = parse_text("x.yaml", &text);
    assert_eq!(names(&parsed), ["v1/ConfigMap c1", "v1/ConfigMap c2"]);
    assert_eq!(parsed.diagnostics.len(), 1);
    let at = parsed.diagnostics[0].at.unwrap();
    assert_eq!((at.line, at.column), (6, 3));
    assert_eq!(&text[at.start as usize..at.end as usize], ":");
    let second = &parsed.value.objects[1];
    assert_eq!(sources.line_of(second.span), "x.yaml:8");
    assert_eq!(&text[second.at("metadata.name").start as usize..][..2], "c2");
}

#[test]
fn duplicate_keys_are_told_with_both_places() {
    let (_, parsed) = parse_text("x.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, name: b}\n");
    assert_eq!(names(&parsed), ["v1/ConfigMap b"]);
    assert_eq!(told(&parsed), ["3:21 `name` is given twice in one mapping; the last one counts"]);
    assert_eq!(parsed.diagnostics[0].related[0].at.column, 12);

    let twice = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n".repeat(2);
    let (_, parsed) = parse_text("x.yaml", &twice);
    assert_eq!(
        told(&parsed),
        [
            "4:1 `apiVersion` is given twice in one mapping, and so are 2 more keys; the last one counts [are these two objects? Put a line `---` between them]"
        ]
    );
}

#[test]
fn merge_keys_and_aliases_are_resolved() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\nbase: &b {x: 1, y: 2}\nother: &o {y: 3, z: 4}\none:\n  <<: *b\n  x: 5\ntwo: {<<: [*b, *o]}\nlate: {x: 5, <<: *b}\nsame: *b\n";
    let (_, parsed) = parse_text("x.yaml", text);
    let tree = &parsed.value.objects[0].tree;
    let number = |path: &str| tree.find(path).and_then(Tree::as_i64);
    assert_eq!((number("one.x"), number("one.y")), (Some(5), Some(2)));
    assert_eq!((number("two.x"), number("two.y"), number("two.z")), (Some(1), Some(2), Some(4)));
    assert_eq!(number("late.x"), Some(1), "the last writer wins, as in Kubernetes");
    assert_eq!(told(&parsed), ["4:11 `x` is given twice in one mapping; the last one counts"]);
    let same = tree.locate("same");
    assert_eq!((same.line, same.column), (11, 7), "an alias is where it is written");
}

#[test]
fn lists_are_flattened_in_order() {
    let item = |n: u32| format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c{n}}}}}");
    let text = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {}\n- apiVersion: v1\n  kind: List\n  items: [{}, {}]\n- {}\n",
        item(1),
        item(2),
        item(3),
        item(4)
    );
    let (_, parsed) = parse_text("x.yaml", &text);
    assert_eq!(names(&parsed).iter().map(|n| &n[n.len() - 2..]).collect::<Vec<_>>(), ["c1", "c2", "c3", "c4"]);
    assert_eq!(parsed.value.objects[3].span.line, 8);

    let text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicyList\nitems:\n- metadata: {name: p}\n  spec: {podSelector: {}}\n";
    let (_, parsed) = parse_text("x.yaml", text);
    assert_eq!(names(&parsed), ["networking.k8s.io/v1/NetworkPolicy p"]);
    assert!(matches!(parsed.value.objects[0].body, Body::NetworkPolicy(_)));
    let (_, parsed) = parse_text("x.yaml", "apiVersion: v1\nkind: List\nitems: null\n");
    assert!(told(&parsed).is_empty() && parsed.value.ignored_files.is_empty());
}

#[test]
fn json_is_read_with_places() {
    let object = |name: &str| {
        format!(
            "{{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"ConfigMap\",\n\t\"metadata\": {{\"name\": \"{name}\", \"annotations\": {{\"s\": \"\\ud83d\\ude00\\/\"}}}}\n}}\n"
        )
    };
    let (_, parsed) = parse_text("x.json", &format!("{}{}", object("a"), object("b")));
    assert_eq!(names(&parsed), ["v1/ConfigMap a", "v1/ConfigMap b"]);
    assert_eq!(parsed.value.objects[0].annotations["s"], "😀/");
    let at = parsed.value.objects[1].at("metadata.name");
    assert_eq!((at.line, at.column), (9, 23));
    let (_, parsed) = parse_text("x.json", &format!("[{}, {}]", object("a"), object("b")));
    assert_eq!(names(&parsed).len(), 2);
    let (_, parsed) = parse_text("x.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}} # flow YAML\n");
    assert_eq!(names(&parsed).len(), 1);
}

#[test]
fn other_files_are_ignored_quietly() {
    for text in [
        "",
        "# nothing\n",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n",
        "apiVersion: skaffold/v4beta1\nkind: Config\nmetadata: {name: x}\n",
        "apiVersion: v1\nkind: Config\nclusters: []\n",
        "apiVersion: v2\nname: chart\nversion: 0.1.0\n",
        "replicaCount: 1\nimage: {tag: x}\nimage: {tag: y}\n",
        "on: {push: {}}\njobs: {}\n",
        "- {op: add, path: /x, value: 1}\n",
        "just text\n",
        "{\"name\": \"pkg\", \"version\": \"1\"}",
    ] {
        let (_, parsed) = parse_text("x.yaml", text);
        assert_eq!(told(&parsed), Vec::<String>::new(), "{text:?}");
        assert_eq!((parsed.value.objects.len(), parsed.value.ignored_files.len()), (0, 1), "{text:?}");
    }
}

#[test]
fn objects_without_identity_are_told() {
    fault("kind: Service\nmetadata: {name: x}\nspec: {}\n", "1:1 an object without `apiVersion`");
    fault("apiVersion: v1\nmetadata: {name: x}\nspec: {}\n", "1:1 an object without `kind`");
    fault("apiVersion: v1\nkind: Service\nmetadata: {labels: {}}\n", "3:1 Service without `metadata.name`");
    fault("apiVersion: v1\nkind: Service\n", "1:1 Service without `metadata.name`");
    fault(
        "apiVersion: v1\nkind: Service\nmetadata: {name: 5}\n",
        "3:18 Service: metadata.name: expected a string, found a number [a name that looks like a number or a boolean must be quoted]",
    );
    let (_, parsed) =
        parse_text("x.yaml", "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: a-, namespace: \"\"}\n");
    assert_eq!(names(&parsed), ["batch/v1/Job a-*"]);
    assert_eq!(parsed.value.objects[0].namespace, None);
}

#[test]
fn templates_are_told_once() {
    let sources = Sources::from_texts([
        ("c/templates/a.yaml", "{{- if .Values.x }}\napiVersion: v1\nkind: Service\n{{- end }}\n"),
        ("c/templates/b.yaml", "# x\napiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}-x\n"),
        ("c/templates/c.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: \"{{ .x }}\"}\n"),
        ("d.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  t: |\n    {{ define \"x\" }}\n"),
    ]);
    let parsed = parse(&sources);
    assert_eq!(
        told(&parsed),
        [
            "1:1 c/templates/a.yaml and 2 other files are templates that were not rendered, and are not drawn [for a Helm chart: `helm template c | kubesketch draw -`, or `kubesketch draw --helm c`]"
        ]
    );
    assert_eq!(names(&parsed), ["v1/ConfigMap x"]);
    assert_eq!(parsed.value.templates.len(), 3);
}

#[test]
fn quoted_text_may_go_on_at_the_margin() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations:\n    a: '[\n  {\"b\":\n\n\"it''s\"}\n]'\n    c: \"1\n2\"\n    d: e\n";
    let (_, parsed) = parse_text("x.yaml", text);
    assert_eq!(told(&parsed), Vec::<String>::new());
    let object = &parsed.value.objects[0];
    assert_eq!(object.annotations["a"], "[ {\"b\":\n\"it's\"} ]");
    assert_eq!(object.annotations["c"], "1 2");
    let at = object.at("metadata.annotations.d");
    assert_eq!((at.line, at.column, &text[at.start as usize..at.end as usize]), (13, 8, "e"));
}

#[test]
fn older_versions_are_brought_up_to_date() {
    let text = "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: i}\nspec:\n  backend: {serviceName: d, servicePort: http}\n  rules:\n  - http:\n      paths:\n      - path: /\n        backend:\n          serviceName: s\n          servicePort: 80\n";
    let (_, parsed) = parse_text("x.yaml", text);
    assert_eq!(told(&parsed), Vec::<String>::new());
    let object = &parsed.value.objects[0];
    let Body::Ingress(ingress) = &object.body else { panic!() };
    let spec = ingress.spec.as_ref().unwrap();
    let default = spec.default_backend.as_ref().unwrap().service.as_ref().unwrap();
    assert_eq!((default.name.as_str(), default.port.as_ref().unwrap().name.as_deref()), ("d", Some("http")));
    assert_eq!(object.at("spec.rules[0].http.paths[0].backend.service.port.number").line, 12);
    assert_eq!(object.at("spec.rules[0].http.paths[0].backend.service.name").line, 11);
}

#[test]
fn everything_with_a_pod_template_is_a_workload() {
    let template = "template: {metadata: {labels: {app: x}}, spec: {containers: [{name: a, image: b}]}}";
    let cases = [
        (
            "apps/v1",
            "Deployment",
            format!("{{replicas: 2, selector: {{matchLabels: {{app: x}}}}, {template}}}"),
            "spec.template.spec",
        ),
        ("extensions/v1beta1", "Deployment", format!("{{{template}}}"), "spec.template.spec"),
        ("apps/v1beta2", "StatefulSet", format!("{{serviceName: s, {template}}}"), "spec.template.spec"),
        (
            "apps/v1",
            "DaemonSet",
            format!("{{selector: {{matchLabels: {{app: x}}}}, {template}}}"),
            "spec.template.spec",
        ),
        (
            "apps/v1",
            "ReplicaSet",
            format!("{{selector: {{matchLabels: {{app: x}}}}, {template}}}"),
            "spec.template.spec",
        ),
        ("v1", "ReplicationController", format!("{{selector: {{app: x}}, {template}}}"), "spec.template.spec"),
        ("batch/v1", "Job", format!("{{completions: 3, {template}}}"), "spec.template.spec"),
        (
            "batch/v1beta1",
            "CronJob",
            format!("{{schedule: '* * * * *', jobTemplate: {{spec: {{{template}}}}}}}"),
            "spec.jobTemplate.spec.template.spec",
        ),
        (
            "apps.openshift.io/v1",
            "DeploymentConfig",
            format!("{{replicas: 1, selector: {{app: x}}, {template}}}"),
            "spec.template.spec",
        ),
        (
            "argoproj.io/v1alpha1",
            "Rollout",
            format!("{{replicas: 1, strategy: {{canary: {{}}}}, {template}}}"),
            "spec.template.spec",
        ),
        ("serving.knative.dev/v1", "Service", format!("{{{template}}}"), "spec.template.spec"),
        (
            "x.io/v1",
            "Thing",
            "{podTemplate: {metadata: {labels: {app: x}}, spec: {containers: [{name: a, odd: 1}]}}}".to_owned(),
            "spec.podTemplate.spec",
        ),
    ];
    for (api_version, kind, spec, pod_path) in cases {
        let (_, parsed) = parse_text(
            "x.yaml",
            &format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {spec}\n"),
        );
        assert_eq!(told(&parsed), Vec::<String>::new(), "{kind}");
        let object = &parsed.value.objects[0];
        let Body::Workload(workload) = &object.body else { panic!("{kind}") };
        assert_eq!(workload.pod_path, pod_path, "{kind}");
        assert_eq!(workload.pod_labels["app"], "x", "{kind}");
        assert_eq!(workload.pod.containers.len(), 1, "{kind}");
        assert!(object.tree.find(&workload.labels_path).is_some(), "{kind}");
        assert!(object.tree.find(&workload.pod_path).is_some(), "{kind}");
        assert_eq!(workload.selector.is_some(), spec.contains("selector"), "{kind}");
    }
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: {a: b}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: r, uid: u, controller: true}]}\nspec: {containers: []}\nstatus: {podIP: 1.1.1.1, podIPs: [{ip: 1.1.1.1}, {ip: 'fd::1'}]}\n";
    let (_, parsed) = parse_text("x.yaml", pod);
    let Body::Workload(workload) = &parsed.value.objects[0].body else { panic!() };
    assert_eq!(workload.pod_ips, ["1.1.1.1", "fd::1"]);
    assert_eq!(workload.pod_labels["a"], "b");
    assert!(parsed.value.objects[0].owners[0].controller);
}

#[test]
fn values_of_secrets_are_not_kept() {
    let (_, parsed) = parse_text(
        "x.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: {k: c2VjcmV0}\nstringData: {p: hunter2}\n",
    );
    let kept = format!("{:?}", parsed.value.objects[0]);
    assert!(kept.contains("\"k\"") && !kept.contains("c2VjcmV0") && !kept.contains("hunter2"));
}
