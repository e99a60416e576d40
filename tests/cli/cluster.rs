//! `--cluster`, with the real kubectl (`KUBESKETCH_KUBECTL`) and a server that plays the part of Kubernetes.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::api_server::{ApiServer, PLANTED};
use crate::support::skip::skip;

fn shop() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/shop"))
}

/// A machine with kubectl, and a cluster with the shop.
struct Machine {
    folder: TempDir,
    server: ApiServer,
}

impl Machine {
    /// `None` if there is no kubectl.
    fn new(forbidden: &[&str]) -> Option<Machine> {
        let Some(kubectl) = std::env::var_os("KUBESKETCH_KUBECTL").map(PathBuf::from).filter(|path| path.exists())
        else {
            skip("KUBESKETCH_KUBECTL is not here");
            return None;
        };
        let folder = TempDir::new().unwrap();
        symlink(kubectl, folder.path().join("kubectl")).unwrap();
        symlink(env!("CARGO_BIN_EXE_kubesketch"), folder.path().join("kubectl-sketch")).unwrap();
        let server = ApiServer::start(shop(), forbidden);
        server.kubeconfig(&folder.path().join("config"), "shop");
        Some(Machine { folder, server })
    }

    fn run(&self, program: &str, arguments: &[&str]) -> (i32, String, String) {
        let at = self.folder.path();
        let output: Output = Command::new(program)
            .args(arguments)
            .current_dir(at)
            .env("PATH", at)
            .env("HOME", at)
            .env("KUBECONFIG", at.join("config"))
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.code().unwrap(), out, err)
    }

    fn sketch(&self, arguments: &[&str]) -> (i32, String, String) {
        self.run(env!("CARGO_BIN_EXE_kubesketch"), arguments)
    }

    /// The plugin, as kubectl starts it.
    fn plugin(&self, arguments: &[&str]) -> (i32, String, String) {
        let kubectl = self.folder.path().join("kubectl");
        self.run(kubectl.to_str().unwrap(), &[&["sketch"], arguments].concat())
    }
}

#[test]
fn a_cluster_is_read_like_its_manifests() {
    let Some(machine) = Machine::new(&[]) else { return };
    let (status, live, said) = machine.sketch(&["table", "connections", "--cluster", "-A", "-o", "csv"]);
    assert_eq!(status, 0, "{said}");
    let (_, files, _) = machine.sketch(&["table", "connections", shop().to_str().unwrap(), "-o", "csv"]);
    let rows = |table: &str| -> Vec<String> {
        // The last column says where, which differs.
        table
            .lines()
            .map(|line| line.split("examples").next().unwrap().split("cluster:").next().unwrap().to_owned())
            .collect()
    };
    assert!(live.lines().count() > 3, "{live}");
    assert_eq!(rows(&live).len(), rows(&files).len(), "{live}\n{files}");

    let asked = machine.server.asked();
    let lists =
        |plural: &str| asked.iter().filter(|a| a.split(' ').next().unwrap().ends_with(&format!("/{plural}"))).count();
    // Kinds that mean nothing are not asked for, and none twice.
    assert_eq!((lists("events"), lists("roles"), lists("widgets")), (0, 0, 0), "{asked:?}");
    assert_eq!((lists("pods"), lists("networkpolicies"), lists("secrets")), (1, 1, 1), "{asked:?}");
    // The values of Secrets are not even asked for.
    assert!(asked.iter().filter(|a| a.contains("/secrets")).all(|a| a.contains("as=Table")), "{asked:?}");
    let (_, page, _) = machine.sketch(&["draw", "--cluster", "-A", "--view", "resources", "-o", "html"]);
    assert!(page.contains("shop-tls") && !page.contains(PLANTED));
}

#[test]
fn one_namespace_is_read_where_one_is_meant() {
    let Some(machine) = Machine::new(&[]) else { return };
    for arguments in [&["check", "--cluster", "-n", "data", "-v"][..], &["check", "--cluster", "-v"]] {
        let (_, _, said) = machine.sketch(arguments);
        let namespace = if arguments.contains(&"data") { "data" } else { "shop" };
        let asked = machine.server.asked();
        let last = asked.iter().rfind(|a| a.contains("/networkpolicies")).unwrap();
        assert!(last.starts_with(&format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/")), "{last} {said}");
    }
}

#[test]
fn what_may_not_be_read_is_reported_and_undetermined() {
    let question = ["why", "shop/web", "data/postgres:5432", "--cluster", "-A"];
    let Some(machine) = Machine::new(&[]) else { return };
    let (status, said, _) = machine.sketch(&question);
    assert!(status == 1 && said.contains("denied:"), "{said}");
    let outside = ["why", "internet", "shop/cart", "--cluster", "-A"];
    for (kind, group, asked) in [
        ("networkpolicies", ".networking.k8s.io", &question),
        ("ingresses", ".networking.k8s.io", &outside),
        ("deployments", ".apps", &outside),
    ] {
        let machine = Machine::new(&[kind]).unwrap();
        let name = format!("{kind}{group}");
        let (status, said, warned) = machine.sketch(asked);
        assert!(status == 1 && said.contains("undetermined"), "{kind}: {said}{warned}");
        assert!(warned.contains(&format!("{name} could not be read")) && warned.contains("forbidden"), "{warned}");
        // Everything else is there.
        assert!(machine.sketch(&["draw", "--cluster", "-A", "-o", "svg"]).1.contains("postgres"));
    }
    // Who may not list namespaces may see their own.
    let machine = Machine::new(&["namespaces"]).unwrap();
    let (_, _, warned) = machine.sketch(&["draw", "--cluster", "-o", "svg"]);
    assert!(!warned.contains("could not be read"), "{warned}");
}

#[test]
fn without_a_server_or_kubectl_nothing_is_said_about_connections() {
    let Some(machine) = Machine::new(&[]) else { return };
    let (status, out, said) = machine.sketch(&["table", "exposure", "--cluster", "--context", "nowhere"]);
    assert!(status == 2 && said.contains("--cluster") && said.contains("nowhere"), "{out}{said}");
    fs::remove_file(machine.folder.path().join("kubectl")).unwrap();
    let (status, _, said) = machine.sketch(&["draw", "--cluster", "-o", "svg"]);
    assert!(status == 2 && said.contains("needs kubectl"), "{said}");
}

#[test]
fn what_runs_is_compared_with_what_files_would_make_of_it() {
    let Some(machine) = Machine::new(&[]) else { return };
    let at = machine.folder.path();
    fs::create_dir(at.join("deploy")).unwrap();
    for name in ["web.yaml", "catalog.yaml"] {
        fs::copy(shop().join(name), at.join("deploy").join(name)).unwrap();
    }
    // What the server filled in, and what is not among the files, makes no difference.
    let (status, said, warned) = machine.sketch(&["diff", "--cluster", "-A", "deploy", "--exit-code"]);
    assert_eq!(status, 0, "{said}{warned}");
    assert!(!warned.contains("duplicate-object"), "{warned}");

    let open = "apiVersion: v1\nkind: Service\nmetadata: {name: open, namespace: shop}\n\
                spec: {type: LoadBalancer, selector: {app.kubernetes.io/name: catalog}, ports: [{port: 80, targetPort: 8081}]}\n";
    fs::write(at.join("deploy/open.yaml"), open).unwrap();
    let web = fs::read_to_string(shop().join("web.yaml")).unwrap();
    let image = web.lines().find(|line| line.contains("image:")).unwrap();
    fs::write(at.join("deploy/web.yaml"), web.replace(image, "          image: other:2")).unwrap();
    let gated = ["diff", "--cluster", "-A", "deploy", "--fail-on", "exposure"];
    let (status, said, warned) = machine.sketch(&gated);
    assert!(status == 1 && said.starts_with("the cluster → deploy"), "{said}{warned}");
    assert!(said.contains("shop/catalog[Deployment] is reached from outside by another way"), "{said}");
    assert!(said.contains("image") && !said.contains("dnsPolicy") && !said.contains("removed"), "{said}");
    // The same as a question about what would be.
    let (_, answer, _) = machine.sketch(&["why", "internet", "shop/open", "deploy", "--cluster", "-A"]);
    assert!(answer.contains("allowed:"), "{answer}");
}

#[test]
fn as_a_plugin_it_calls_itself_one_and_reads_the_cluster() {
    let Some(machine) = Machine::new(&[]) else { return };
    let (status, picture, said) = machine.plugin(&["-n", "shop"]);
    assert!(status == 0 && picture.starts_with("<svg") && picture.contains("catalog"), "{said}");
    assert_eq!(machine.plugin(&["draw", "-n", "shop"]).1, picture);
    assert_eq!(machine.sketch(&["draw", "--cluster", "-n", "shop"]).1, picture);

    let (_, help, _) = machine.plugin(&["--help"]);
    assert!(help.contains("Usage: kubectl sketch ") && !help.contains("kubesketch draw"), "{help}");
    let (_, help, _) = machine.plugin(&["why", "--help"]);
    assert!(help.contains("Usage: kubectl sketch why ") && help.contains("  kubectl sketch why "), "{help}");
    let (status, _, said) = machine.plugin(&["draw", "--veiw", "policy"]);
    assert!(status == 2 && said.contains("Usage: kubectl sketch draw"), "{said}");
    let (_, _, said) = machine.plugin(&["draw", "-n", "shop", "-o", "x.svg", "--check"]);
    assert!(said.contains("x.svg is not there: kubectl sketch draw "), "{said}");
}

/// What is waited for is an event: the server asks again after a while.
#[cfg(feature = "serve")]
#[test]
fn the_preview_follows_the_cluster() {
    let Some(machine) = Machine::new(&["roles"]) else { return };
    let (status, _, said) = machine.sketch(&["serve", "--cluster", "--git", "main"]);
    assert!(status == 2 && said.contains("--git"), "{said}");
    let at = machine.folder.path();
    let mut command = crate::support::server::command(at, &["--cluster", "-A", "--poll=0.1"]);
    command.env("PATH", at).env("HOME", at).env("KUBECONFIG", at.join("config"));
    let server = crate::support::server::Server::of(command.spawn().unwrap());
    assert!(server.page().contains("catalog") && !server.page().contains("latecomer"));
    let mut events = server.events();
    let first = events.state();
    machine.server.add(serde_json::json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "latecomer", "namespace": "shop", "uid": "1"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]}
    }));
    let next = events.state();
    assert_ne!(first, next);
    assert!(server.page().contains("latecomer"));
}
