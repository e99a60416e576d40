//! The values of Secrets come into no output, however the Secret is written or broken; and neither does the content of
//! what is no manifest.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

const HEAD: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: NAME}\n";

/// What comes after the head of a Secret.
const TAILS: &[&str] = &[
    "stringData: {k: MARK}\n",
    "data:\n  k: TUFSSw==\n  l: MARK\n",
    "stringData:\n  k: a: MARK\n",
    "stringData:\n  k: a\n  MARK: b: c\n",
    "stringData: {k: MARK}\nstringData: {k: b}\n",
    "stringData:\n  k: MARK\n  k: b\n",
    "stringData:\n  k: a\n  k: MARK\n",
    "stringData: MARK\n",
    "stringData: 7731000NUMBER\ndata: 7731000NUMBER\n",
    "data: [MARK]\n",
    "data: [{k: MARK}, MARK]\n",
    "stringData: {k: {l: MARK}, m: [MARK]}\n",
    "stringData: {k MARK: , MARK MARK}\n",
    "stringData:\n\tk: MARK\n",
    "stringData:\n  k: \"MARK\n  l: b\n",
    "stringData:\n  k: 'a' MARK\n",
    "stringData:\n  k: \"a\" MARK\n",
    "stringData:\n  k:MARK\n  l: b\n",
    "stringData:\n  MARK:x\n  l: b\n",
    "stringData:\n  k: @MARK\n",
    "stringData:\n  k: `MARK`x`\n",
    "stringData:\n  k: *MARK\n",
    "stringData:\n  k: &MARK\n  & MARK\n",
    "stringData:\n  k: %MARK\n",
    "stringData:\n  k: !!int MARK\n",
    "stringData:\n  k: !!int a`MARK\n",
    "stringData:\n  <<: MARK\n",
    "stringData: {k: MARK\n",
    "stringData: {k: MARK]\n",
    "stringData:\n  k: |\nMARK\n",
    "stringData:\n  k: |\n    a\n  MARK\n",
    "stringData:\n  k: | MARK\n",
    "stringData:\n  k: \"\\MARK\"\n",
    "stringData:\n  k: MARK\n l: MARK\n",
    "stringData:\n  k: MARK\u{1}\n",
    "stringData:\n<<<<<<< MARK\n  k: MARK\n=======\n  k: b\n>>>>>>> MARK\n",
    "stringData:\n  k: |\n---\nMARK: x: y\n",
    "stringData:\n  k: |\n---\nMARK\n...\nMARK: MARK: b\n",
    "stringData:\n  {{ .Values.x }}: MARK\n  k: MARK\n",
    "stringData:\n  k: MARK\n  {{- if .Values.x }}\n",
    "? stringData\n: {k: MARK, k: MARK}\n",
    "\"string\\x44ata\": {k: MARK, k: MARK}\n",
    "dta: {k: MARK}\n",
    "strngData: {k: MARK}\nstrngData: {k: MARK}\n",
    "x: &a MARK\nx: b\nstringData: {k: *a}\n",
    "stringData: {k: &MARK a, l: MARK}\n",
    "type: {a: MARK}\n",
    "immutable: MARK\n",
    "type: Opaque\nstringData : {k: a: MARK}\n",
    "spec: {template: {stringData: {k: MARK}}}\n",
];

/// Whole documents.
const WHOLE: &[&str] = &[
    "apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {name: NAME}\n  stringData: {k: MARK}\n",
    "apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {name: NAME}\n  stringData: {k: MARK, k: b}\n",
    "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: NAME}\n  data: MARK\n",
    "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: NAME}\n  data: {k: a: MARK}\n",
    "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: NAME}, data: {k: 'MARK}}\n",
    "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"NAME\"}, \"data\": {\"k\": \"MARK\"}}",
    "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"NAME\"}, \"data\": {\"k\": \"MARK\",}}",
    "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"NAME\"}, \"data\": {\"k\": \"a\", \"k\": \"MARK\"}}",
    "{\"apiVersion\": \"v1\",\n\"kind\": \"Secret\",\n\"metadata\": {\"name\": \"NAME\"},\n\"data\": {\"k\": \"MARK}}",
    "{\"apiVersion\": \"v1\",\n\"kind\": \"S\\u0065cret\",\n\"metadata\": {\"name\": \"NAME\"},\n\"data\": {\"k\": MARK}}",
    "{\"data\": {\"k\": \"MARK\", \"k\": \"MARK\"}, \"kind\": \"Secret\", \"apiVersion\": \"v1\", \"metadata\": {\"name\": \"NAME\"}}",
    "[{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"NAME\"}, \"data\": \"MARK\"}, MARK]",
    "apiVersion: v1\rkind: Secret\rmetadata: {name: NAME}\rstringData:\r  k: a: MARK\r",
    "apiVersion: v1\r\nkind: Secret\r\nmetadata: {name: NAME}\r\nstringData:\r\n  k: a: MARK\r\n",
    "apiVersion: v1\nkind: Secret\nstringData: {k: MARK}\nmetadata: {labels: {a: b}}\n",
    "apiVersion: v1\nkind: Secret\nstringData: {k: MARK}\nmetadata: [MARK]\n",
    "apiVersion: v1\nkind: Secret\nmetadata: MARK\nstringData: {k: MARK}\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: NAME, annotations: MARK}\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: NAME, annotations: {x: 7731000NUMBER}}\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: NAME, annotations: [MARK]}\n",
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: NAME\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"kind\": \"Secret\", \"stringData\": {\"k\": \"MARK\"}}\n",
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: NAME\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: {\"stringData\": {\"k\": \"MARK\"}}\n",
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: NAME\n  annotations:\n    a: \"{\\\"stringData\\\":{\\\"k\\\":\\\"MARK\\\"}}\n",
    "apiVersion: v1\nkind: [Secret]\nmetadata: {name: NAME}\nstringData: {k: MARK}\n",
    "apiVersion: v1\nkind: Secert\nmetadata: {name: NAME}\nstringData: {k: a: MARK}\n",
    "apiVersion: v1\nkind: secret\nmetadata: {name: NAME}\ndata: {k: MARK, k: MARK}\n",
    "apiVersion: v1\nKind: Secret\nmetadata: {name: NAME, x: y}\ndata: {k: MARK, k: MARK}\n",
    "apiVersion: v1\nkind:\n  Secret\nmetadata: {name: NAME}\ndata: {k: MARK, k: MARK}\n",
    "apiVersion: v1\nkind: >-\n  Secret\nmetadata: {name: NAME}\ndata: {k: MARK, k: MARK}\n",
    "apiVersion: v1\nkind:Secret\nmetadata: {name: NAME}\ndata: {k: MARK, k: MARK}\n",
    "apiVersion: v1\nmetadata: {name: NAME, labels: {}}\nstringData: {k: MARK, k: MARK}\n",
    "kind: Secret\nmetadata: {name: NAME, labels: {}}\nstringData: {k: MARK, k: MARK}\n",
    "apiVersion: v1\nkind: Service\nmetadata: {name: NAME}\nspec: {ports: [{port: 80}]}\napiVersion: v1\nkind: Secret\nmetadata: {name: NAME}\nstringData: {k: MARK}\n",
    "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: NAME}\nspec:\n  encryptedData: {k: MARK, k: MARK}\n",
    "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: NAME}\nspec:\n  encryptedData: {k: MARK}\n  template: {data: {k: MARK}, metadata: {name: NAME}}\n",
    "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: NAME}\nspec:\n  target: {template: {data: {k: MARK}}}\n",
    "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: NAME}\nspec:\n  target: {template: {data: {k: a: MARK}}}\n",
    "apiVersion: {{ .Values.v }}\nkind: {{ .Values.k }}\nmetadata: {name: NAME}\ndata:\n  k: MARK: b\n",
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nsecretGenerator:\n- literals: [k: a: MARK]\n",
    "TOKEN=MARK\nPATH: a: MARK\n",
    "TOKEN: MARK\n@MARK: `MARK\n",
    "MARK:x\nb: c\n",
    "{\"token\": \"MARK\" \"MARK\"}",
    "HOME=/root\0TOKEN=MARK\0",
];

/// The files of a folder, in so small groups that pages show single objects; each Secret is used by a workload.
fn folders(top: &Path) -> Vec<String> {
    let all: Vec<String> =
        TAILS.iter().map(|t| format!("{HEAD}{t}")).chain(WHOLE.iter().map(|w| (*w).into())).collect();
    for (number, text) in all.iter().enumerate() {
        let folder = top.join(format!("g{}", number / 16));
        fs::create_dir_all(&folder).unwrap();
        let text = text.replace("NAME", &format!("s{number}")).replace("MARK", "S3NT1NEL");
        let text = text.replace("NUMBER", &format!("{number:05}"));
        let mut beside = String::new();
        write!(
            beside,
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p{number}}}\nspec:\n  containers:\n  - name: c\n    image: i\n    \
             envFrom: [{{secretRef: {{name: s{number}}}}}]\n    \
             env: [{{name: P, valueFrom: {{secretKeyRef: {{name: s{number}, key: k}}}}}}]\n"
        )
        .unwrap();
        fs::write(folder.join(format!("c{number}.yaml")), text).unwrap();
        fs::write(folder.join(format!("p{number}.yaml")), beside).unwrap();
    }
    (0..all.len().div_ceil(16)).map(|group| format!("g{group}")).collect()
}

/// Where a value is shown: lines of an output.
fn leaks(what: &str, text: &str) -> Vec<String> {
    let of_value = |line: &&str| line.contains("S3NT1NEL") || line.contains("7731000");
    let around = |line: &str| {
        let at = line.find("S3NT1NEL").or_else(|| line.find("7731000")).unwrap_or_default();
        let from = line.floor_char_boundary(at.saturating_sub(150));
        line[from..line.ceil_char_boundary(at + 60)].to_owned()
    };
    text.lines().filter(of_value).map(|line| format!("{what}: {}", around(line))).collect()
}

#[test]
fn no_value_of_a_secret_is_in_any_output() {
    let top = tempfile::tempdir().unwrap();
    fs::create_dir(top.path().join("empty")).unwrap();
    fs::write(top.path().join("empty/n.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n").unwrap();
    let mut found = Vec::new();
    let mut seen = 0;
    for folder in folders(top.path()) {
        let folder = folder.as_str();
        let draw = ["html", "svg", "json", "drawio", "mermaid", "d2", "dot"];
        let check = ["text", "json", "sarif", "junit", "gitlab", "github"];
        let with = |command: &[&'static str], formats: &[&str]| -> Vec<Vec<String>> {
            let outputs = formats.iter().flat_map(|f| ["-o".to_owned(), format!("{f}=out.{f}")]);
            vec![command.iter().map(|c| (*c).to_owned()).chain(outputs).collect()]
        };
        let mut runs = with(&["draw", "-A", "-v", "--view", "resources"], &draw);
        runs.extend(with(&["draw", "-A", "-v"], &["html"]));
        runs.extend(with(&["check", "-v"], &check));
        runs.push(vec!["check".into(), "-v".into()]);
        runs.extend(["connections", "exposure", "isolation", "routes"].map(|t| vec!["table".into(), t.into()]));
        runs.extend(with(&["diff", "-v", "empty"], &["html", "json", "md", "text"]));
        for mut run in runs {
            run.push(folder.to_owned());
            let mut command = Command::new(env!("CARGO_BIN_EXE_kubesketch"));
            let output = command.args(&run).current_dir(top.path()).env("NO_COLOR", "1").output().unwrap();
            assert!(output.status.code().is_some_and(|c| c <= 2), "{run:?}: {output:?}");
            seen += output.stderr.len() + output.stdout.len();
            let name = run.join(" ");
            found.extend(leaks(&name, &String::from_utf8_lossy(&output.stderr)));
            found.extend(leaks(&name, &String::from_utf8_lossy(&output.stdout)));
            for entry in fs::read_dir(top.path()).unwrap().map(|e| e.unwrap().path()) {
                if entry.is_file() {
                    let text = String::from_utf8_lossy(&fs::read(&entry).unwrap()).into_owned();
                    found.extend(leaks(&format!("{} of {name}", entry.display()), &text));
                    fs::remove_file(entry).unwrap();
                }
            }
        }
    }
    assert!(seen > 10_000, "something is said about them");
    found.sort();
    assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
}
