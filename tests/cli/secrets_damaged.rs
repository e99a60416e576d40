//! Values of Secrets are nowhere, also of single damaged ones, in pages with whole manifests, in comments, and where the
//! file is taken for a configuration or a baseline: a marker in every position, looked for in every output.

use std::fs;
use std::path::Path;
use std::process::Command;

/// What must not be found. It is no word of ours, and its base64 is looked for too.
const MARKER: &str = "S3NT1NEL";
const ENCODED: &str = "UzNOVDFORUw=";

const USER: &str = "---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: c
        image: i
        envFrom: [{secretRef: {name: s}}]
        env: [{name: P, valueFrom: {secretKeyRef: {name: s, key: k}}}]
";

/// Documents by name. In each, `@` is the marker.
fn documents() -> Vec<(&'static str, String)> {
    let secret = |rest: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{rest}\n");
    let applied = "kubectl.kubernetes.io/last-applied-configuration";
    vec![
        ("plain", secret("stringData:\n  k: @\n  block: |\n    @\n    user: @\n  folded: >-\n    @\n  quoted: '@'\n  double: \"a\\n@\"")),
        ("flow", secret("stringData: {k: @, l: '@', m: [@]}")),
        ("base64", secret("data: {k: UzNOVDFORUw=}")),
        ("comment", secret("stringData:\n  # k: @\n  l: b # @\n  # @")),
        ("colon", secret("stringData:\n  password: a: @")),
        ("colon-at-end", secret("stringData:\n  password: @:")),
        ("key-twice", secret("stringData: {k: @}\nstringData: {k: b}")),
        ("inner-key-twice", secret("stringData:\n  k: @\n  k: b")),
        ("kind-twice", "apiVersion: v1\nkind: Secret\nkind: ConfigMap\nmetadata: {name: s}\ndata: {k: @}\n".into()),
        ("wrong-type", secret("stringData: @")),
        ("wrong-type-list", secret("stringData: [@, {k: @}]")),
        ("wrong-type-data", secret("data: @")),
        ("nested", secret("stringData: {k: {deeper: @, more: [@]}}")),
        ("number", secret("stringData:\n  k: !!int @")),
        ("tab", secret("stringData:\n\tk: @")),
        ("missing-blank", secret("stringData:\n  password:@\n  k: b")),
        ("quote", secret("stringData:\n  k: \"@\n  l: b")),
        ("quote-closed-early", secret("stringData:\n  k: '@'@'\n  l: b")),
        ("alias", secret("stringData:\n  k: *@")),
        ("at-sign", secret("stringData:\n  k: @@").replace("@@", "\u{1}@").replace('\u{1}', "%")),
        ("bracket", secret("stringData: {k: @")),
        ("indentation", secret("stringData:\n  k: b\n @: x\n   @")),
        ("misplaced", secret("password: @")),
        ("misplaced-data", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  stringData: {k: @}\n  password: @\n".into()),
        ("conflict", secret("stringData:\n<<<<<<< HEAD\n  k: @\n=======\n  k: b@\n>>>>>>> x")),
        ("no-name", "apiVersion: v1\nkind: Secret\nstringData: {k: @}\n".into()),
        ("no-kind", "apiVersion: v1\nmetadata: {name: s}\nstringData: {k: @}\ndata: {l: @}\n".into()),
        ("no-version", "kind: Secret\nmetadata: {name: s}\nstringData: {k: @}\n".into()),
        ("kind-misspelled", "apiVersion: v1\nkind: Secert\nmetadata: {name: s}\ndata: {k: @}\nstringData: {k: @}\n".into()),
        ("kind-in-lower-case", "apiVersion: v1\nkind: secret\nmetadata: {name: s}\ndata: {k: @: b}\n".into()),
        ("kind-misspelled-and-broken", "apiVersion: v1\nkind: Secert\nmetadata: {name: s}\ndata:\n  k: a: @\n".into()),
        ("name-number", "apiVersion: v1\nkind: Secret\nmetadata: {name: 5}\nstringData: {k: @}\n".into()),
        ("name-twice", format!("{}---\n{}", secret("stringData: {k: @}"), secret("stringData: {k: b@}"))),
        ("list", "apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {name: s}\n  stringData: {k: @}\n".into()),
        ("list-of-all", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: s}\n  data: {k: @}\n".into()),
        ("list-broken", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: s}\n  data: {k: a: @}\n".into()),
        ("list-wrong", "apiVersion: v1\nkind: SecretList\nitems: {s: {metadata: {name: s}, stringData: {k: @}}}\n".into()),
        ("json", format!("{{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {{\"name\": \"s\"}}, \"stringData\": {{\"k\": \"{MARKER}\"}}}}\n")),
        ("json-broken", format!("{{\"apiVersion\": \"v1\", \"kind\": \"Secret\",\n \"stringData\": {{\"k\": {MARKER}}}}}\n")),
        ("json-cut", format!("{{\"apiVersion\": \"v1\", \"kind\": \"Secret\",\n \"stringData\": {{\"k\": \"{MARKER}\n")),
        ("last-applied", format!("apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  annotations:\n    {applied}: |\n      {{\"kind\": \"Secret\", \"data\": {{\"k\": \"@\"}}}}\nspec: {{ports: [{{port: 80, targetPort: x}}], selector: {{app: web}}}}\n")),
        ("last-applied-broken", format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n    {applied}: {{\"data\": {{\"k\": \"@\"}}}}: x\n")),
        ("anchor", "apiVersion: v1\nkind: Secret\nmetadata: {name: s, labels: {x: &x @}}\nstringData: {k: *x}\n".into()),
        ("merge", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nx: &x {k: @}\nstringData: {<<: *x}\n".into()),
        ("sealed", "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec: {encryptedData: {k: @}, template: {data: {l: @}}}\n".into()),
        ("external", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: s}\nspec: {target: {template: {data: {l: 'x @'}}}}\n".into()),
        ("embedded", "apiVersion: example.com/v1\nkind: Wrapper\nmetadata: {name: s}\nspec: {object: {apiVersion: v1, kind: Secret, metadata: {name: s}, data: {k: @}}}\n".into()),
        ("template", secret("stringData:\n  k: {{ .Values.k | default \"@\" }}")),
        ("windows", secret("stringData:\n  k: a: @").replace('\n', "\r\n")),
        ("control", secret("stringData:\n  k: a\u{1}@")),
        ("values", "# no manifest\nauth:\n  password: a: @\n".into()),
        ("environment", "PASSWORD=@\0HOME=/root\n".into()),
    ]
    .into_iter()
    .map(|(name, text)| (name, text.replace('@', MARKER)))
    .collect()
}

fn contains(bytes: &[u8], marker: &str) -> bool {
    bytes.windows(marker.len()).any(|window| window == marker.as_bytes())
}

/// Runs a command in a folder and looks at all that it writes.
fn look(folder: &Path, name: &str, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesketch"));
    let output = command.args(arguments).current_dir(folder).env("NO_COLOR", "1").output().unwrap();
    assert!(output.status.code().is_some_and(|c| c <= 2), "{name}: {arguments:?}");
    let files = fs::read_dir(folder.join("out")).unwrap().map(|f| f.unwrap().path()).filter(|p| p.is_file());
    let mut written: Vec<(String, Vec<u8>)> =
        files.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect();
    written.extend([("stdout".to_owned(), output.stdout), ("stderr".to_owned(), output.stderr)]);
    for (place, bytes) in written {
        for marker in [MARKER, ENCODED] {
            assert!(!contains(&bytes, marker), "{name}: {arguments:?}: {place}");
        }
    }
}

/// The arguments of a command with outputs to files, one for each format.
fn with_outputs<'a>(arguments: &[&'a str], outputs: &'a [String]) -> Vec<&'a str> {
    let mut all = arguments.to_vec();
    all.extend(outputs.iter().flat_map(|o| ["-o", o.as_str()]));
    all
}

fn outputs(name: &str, formats: &[&str]) -> Vec<String> {
    formats.iter().map(|f| format!("{f}=out/{name}.{f}")).collect()
}

#[test]
fn no_output_holds_the_value_of_a_secret() {
    let draw = outputs("draw", &["svg", "html", "dot", "mermaid", "json", "d2", "drawio"]);
    let check = outputs("check", &["text", "json", "sarif", "junit", "github", "gitlab"]);
    let diff = outputs("diff", &["text", "md", "json", "html", "svg"]);
    let all = tempfile::tempdir().unwrap();
    fs::create_dir_all(all.path().join("all")).unwrap();
    for (name, text) in documents() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        fs::create_dir(at.join("out")).unwrap();
        let text = if text.contains("last-applied-configuration") { text } else { format!("{text}{USER}") };
        fs::write(at.join("in.yaml"), &text).unwrap();
        fs::write(all.path().join(format!("all/{name}.yaml")), &text).unwrap();
        fs::write(at.join("old.yaml"), text.replace(MARKER, "other").replace(ENCODED, "b3RoZXI=")).unwrap();
        look(at, name, &with_outputs(&["-v", "draw", "in.yaml", "--yaml", "full", "--view", "resources"], &draw));
        look(at, name, &with_outputs(&["-v", "check", "in.yaml", "--write-baseline", "out/baseline.json"], &check));
        look(at, name, &with_outputs(&["-v", "diff", "old.yaml", "in.yaml"], &diff));
        look(at, name, &["-v", "check", "old.yaml", "--config", "in.yaml"]);
        look(at, name, &["-v", "check", "old.yaml", "--baseline", "in.yaml"]);
    }
    let at = all.path();
    fs::create_dir(at.join("out")).unwrap();
    look(at, "all", &with_outputs(&["-v", "draw", "all", "--yaml", "full"], &draw));
    look(at, "all", &["draw", "all", "-o", "out/"]);
    look(at, "all", &["-v", "check", "all"]);
    look(at, "all", &["-v", "why", "web", "web:80", "all"]);
    for table in ["connections", "exposure", "isolation", "routes"] {
        for format in ["text", "md", "csv", "json"] {
            look(at, "all", &["-v", "table", table, "all", "-o", format]);
        }
    }
}
