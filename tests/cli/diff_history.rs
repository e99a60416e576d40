//! A history of the shop, revision by revision, as its reviewers would read it: what the built program says of each
//! step of a git repository.
//!
//! Goldens are in `tests/goldens/history`, words and picture of each step; `KUBESKETCH_BLESS=1` writes them. Without
//! git the test is skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::repository::{Repository, have_git};
use crate::support::schema;

/// One step: its name, what it does to the files, what it exits with under `--exit-code`, and the gates that stop it.
struct Step {
    name: &'static str,
    change: fn(&mut Files),
    code: i32,
    stops: &'static [&'static str],
}

/// The files of the shop, by name.
struct Files(Vec<(String, String)>);

impl Files {
    fn edit(&mut self, name: &str, from: &str, to: &str) {
        let (_, text) = self.0.iter_mut().find(|(n, _)| n == name).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        *text = text.replace(from, to);
    }

    fn add(&mut self, name: &str, text: &str) {
        self.0.push((name.to_owned(), text.to_owned()));
    }

    fn rename(&mut self, name: &str, to: &str) {
        self.0.iter_mut().find(|(n, _)| n == name).unwrap().0 = to.to_owned();
    }
}

const RECOMMEND: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: recommend, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: recommend}}
  template:
    metadata: {labels: {app: recommend}}
    spec:
      containers:
        - name: recommend
          image: registry.example.com/shop/recommend:0.1.0
          ports: [{containerPort: 8083}]
---
apiVersion: v1
kind: Service
metadata: {name: recommend, namespace: shop}
spec:
  selector: {app: recommend}
  ports: [{port: 80, targetPort: 8083}]
";

const DENY: &str = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-from-outside, namespace: shop}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: web}}
  ingress:
    - ports: [{port: http}]
";

const STEPS: &[Step] = &[
    Step { name: "01-add-a-service", change: |files| files.add("recommend.yaml", RECOMMEND), code: 1, stops: &[] },
    Step {
        name: "02-rename-a-deployment",
        change: |files| {
            files.edit(
                "cart.yaml",
                "kind: Deployment\nmetadata:\n  name: cart\n",
                "kind: Deployment\nmetadata:\n  name: basket\n",
            )
        },
        code: 1,
        stops: &["exposure"],
    },
    Step {
        name: "03-open-a-policy",
        change: |files| {
            files.edit(
                "policies.yaml",
                "          podSelector:\n            matchLabels:\n              app.kubernetes.io/name: cart\n",
                "",
            )
        },
        code: 1,
        stops: &["widened"],
    },
    Step {
        name: "04-remove-tls",
        change: |files| {
            files.edit(
                "ingress.yaml",
                "  tls:\n    - hosts:\n        - shop.example.com\n      secretName: shop-example-com\n",
                "",
            )
        },
        code: 1,
        stops: &["finding"],
    },
    Step {
        name: "05-change-a-port",
        change: |files| {
            files.edit("catalog.yaml", "containerPort: 8081", "containerPort: 9091");
            files.edit("catalog.yaml", "catalog:4.2.0", "catalog:4.3.0");
        },
        code: 1,
        stops: &[],
    },
    Step {
        name: "06-move-files",
        change: |files| {
            files.rename("cart.yaml", "apps/basket.yml");
            files.rename("web.yaml", "apps/storefront.yaml");
            files.edit("ingress.yaml", "# nothing", "# nothing");
        },
        code: 0,
        stops: &[],
    },
    Step {
        name: "07-break-a-file",
        change: |files| files.edit("catalog.yaml", "kind: Service\n", "kind: Service\n  broken: [\n"),
        code: 2,
        stops: &["finding"],
    },
    Step {
        name: "08-mend-it",
        change: |files| files.edit("catalog.yaml", "kind: Service\n  broken: [\n", "kind: Service\n"),
        code: 1,
        stops: &["exposure"],
    },
    Step { name: "09-isolate-a-namespace", change: |files| files.add("deny.yaml", DENY), code: 1, stops: &["finding"] },
    Step {
        name: "10-open-it-again",
        change: |files| {
            files.edit(
                "deny.yaml",
                "  policyTypes: [Ingress, Egress]\n",
                "  policyTypes: [Ingress, Egress]\n  ingress: [{}]\n  egress: [{}]\n",
            )
        },
        code: 1,
        stops: &["exposure", "widened"],
    },
    Step {
        name: "11-open-a-door",
        change: |files| files.edit("data.yaml", "  clusterIP: None\n", "  type: LoadBalancer\n"),
        code: 1,
        stops: &["finding"],
    },
    Step {
        name: "12-let-everybody-in",
        change: |files| {
            files.edit("policies.yaml", "  ingress:\n    - from:\n        - namespaceSelector:\n            matchLabels:\n              team: storefront\n          podSelector:\n            matchLabels:\n              app.kubernetes.io/name: catalog\n      ports:\n        - port: sql\n", "  ingress:\n    - ports:\n        - port: sql\n")
        },
        code: 1,
        stops: &["exposure", "widened"],
    },
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn program(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubesketch")).current_dir(folder).args(args).output().unwrap()
}

fn shop() -> Files {
    let folder = root().join("examples/shop");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    let mut files = Files(paths.iter().map(read).collect());
    // What a comment says is no difference.
    files.edit("ingress.yaml", "spec:\n  ingressClassName", "# nothing\nspec:\n  ingressClassName");
    files
}

fn commit(repository: &Repository, files: &Files, name: &str) {
    let tracked = repository.git(&["ls-files", "deploy"]);
    repository.remove(&tracked.lines().filter(|l| !l.is_empty()).collect::<Vec<_>>());
    let texts: Vec<(String, &str)> = files.0.iter().map(|(n, t)| (format!("deploy/{n}"), t.as_str())).collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(n, t)| (n.as_str(), *t)).collect();
    repository.write(&texts).commit(name);
    repository.git(&["tag", name]);
}

/// Compares with a golden, or writes it.
fn golden(name: &str, now: &str, wrong: &mut Vec<String>) {
    let path = root().join("tests/goldens/history").join(name);
    if std::env::var_os("KUBESKETCH_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, now).unwrap();
    } else if fs::read_to_string(&path).unwrap_or_default() != now {
        wrong.push(format!("{}:\n{now}", path.display()));
    }
}

#[test]
fn each_step_reads_as_what_it_is() {
    if !have_git() {
        return;
    }
    let repository = Repository::new();
    let mut files = shop();
    commit(&repository, &files, "00-shop");
    let mut before = "00-shop";
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(root().join("docs").join(name)).unwrap()).unwrap()
    };
    let (wanted, of_graphs) = (read("diff.schema.json"), read("schema.json"));
    let mut wrong = Vec::new();
    for step in STEPS {
        (step.change)(&mut files);
        commit(&repository, &files, step.name);
        let range = format!("{before}...{}", step.name);
        let run = |args: &[&str]| program(repository.top(), &[&["diff", "--git", &range, "deploy"], args].concat());
        let told = run(&["--exit-code"]);
        assert_eq!(told.status.code(), Some(step.code), "{}: {}", step.name, String::from_utf8_lossy(&told.stderr));
        golden(&format!("{}.txt", step.name), &String::from_utf8_lossy(&told.stdout), &mut wrong);
        for (format, ending) in [("md", "md"), ("svg", "svg")] {
            let output = run(&["-q", "--lenient", "-o", format]);
            assert_eq!(output.status.code(), Some(0), "{}", step.name);
            golden(&format!("{}.{ending}", step.name), &String::from_utf8_lossy(&output.stdout), &mut wrong);
        }
        let data = run(&["-q", "--lenient", "-o", "json"]);
        let mut data: serde_json::Value = serde_json::from_slice(&data.stdout).unwrap();
        // What has the shape of other documents is described there.
        let own = data.as_object_mut().unwrap();
        let graph = own.insert("graph".into(), serde_json::json!({})).unwrap();
        schema::conforms(&graph, &of_graphs["properties"]["graph"], &of_graphs, "graph");
        for side in ["oldDiagnostics", "newDiagnostics"] {
            let problems = own.insert(side.into(), serde_json::json!([])).unwrap();
            schema::conforms(&problems, &of_graphs["properties"]["diagnostics"], &of_graphs, side);
        }
        schema::conforms(&data, &wanted, &wanted, "");
        for gate in ["exposure", "widened", "finding", "any"] {
            let code = run(&["-q", "--lenient", "--fail-on", gate]).status.code();
            let stops = match gate {
                "any" => step.code != 0,
                other => step.stops.contains(&other),
            };
            assert_eq!(code, Some(i32::from(stops)), "{} with --fail-on {gate}", step.name);
        }
        // The way back is as long, and no step differs from itself.
        let same = program(
            repository.top(),
            &["diff", "-q", "--lenient", "--exit-code", "--git", &format!("{0}..{0}", step.name)],
        );
        assert_eq!(same.status.code(), Some(0), "{}", step.name);
        before = step.name;
    }
    assert!(wrong.is_empty(), "{}\nKUBESKETCH_BLESS=1 writes what is now; look at it first", wrong.join("\n"));
}
