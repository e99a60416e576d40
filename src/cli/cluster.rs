//! `--cluster`: reading a live cluster, and the program as a plugin of kubectl.

use std::io::{IsTerminal as _, stderr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::report;
use crate::net::live::{self, Loss};
use crate::source::{self, ClusterRequest, Problem, Programs, SourceFile};
use crate::{policy, resolve};

/// Arguments that select a live cluster.
#[derive(clap::Args, Debug, Default)]
#[command(next_help_heading = "Input")]
pub struct ClusterArgs {
    /// Read a live cluster with the installed kubectl
    ///
    /// The kinds that are understood and that the server has; of Secrets no values. The namespace is that of -n, or of
    /// the context, or with -A all. What may not be read is reported, and what depends on it is undetermined.
    #[arg(long)]
    cluster: bool,

    /// The context of the cluster, as in kubectl; means --cluster
    #[arg(long = "context", id = "kube_context", value_name = "NAME", hide_short_help = true)]
    context: Option<String>,

    /// The configuration of kubectl; means --cluster
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    kubeconfig: Option<PathBuf>,

    /// Whether the cluster was read before: what may not be read is reported once.
    #[arg(skip)]
    is_known: AtomicBool,
}

/// The maximum number of kinds that are named because they could not be read.
const NAMED: usize = 12;

impl ClusterArgs {
    /// Whether a cluster is to be read.
    pub fn is_asked(&self) -> bool {
        self.cluster || self.context.is_some() || self.kubeconfig.is_some()
    }

    /// The arguments of a command that calls its own options differently.
    pub fn of(cluster: bool, context: Option<String>, kubeconfig: Option<PathBuf>) -> ClusterArgs {
        ClusterArgs { cluster, context, kubeconfig, ..ClusterArgs::default() }
    }

    /// Asks for the cluster of the current context.
    pub fn ask(&mut self) {
        self.cluster = true;
    }

    /// The arguments as they are written on a command line.
    pub fn words(&self) -> Vec<String> {
        let context = self.context.iter().map(|name| format!("--context={name}"));
        let file = self.kubeconfig.iter().map(|path| format!("--kubeconfig={}", path.display()));
        self.is_asked().then(|| "--cluster".to_owned()).into_iter().chain(context).chain(file).collect()
    }

    /// The texts of the cluster.
    pub fn read(&self, namespace: Option<&str>, all: bool, max_bytes: u64) -> Result<Vec<SourceFile>, Problem> {
        let request = ClusterRequest {
            context: self.context.clone(),
            kubeconfig: self.kubeconfig.clone(),
            namespace: namespace.map(str::to_owned),
            all_namespaces: all,
            max_bytes,
        };
        let is_first = !self.is_known.swap(true, Ordering::Relaxed);
        let watched = stderr().is_terminal() && is_first;
        let mut progress = |step: &str| {
            if watched {
                report::say(step);
            }
        };
        let found = source::read_cluster(&request, &Programs::from_env(), &loss, &mut progress)?;
        for kind in found.not_read.iter().take(if is_first { NAMED } else { 0 }) {
            report::say(&format!("warning: {} could not be read: {}", kind.resource, kind.reason));
        }
        if found.not_read.len() > NAMED && is_first {
            report::say(&format!("warning: {} more kinds could not be read", found.not_read.len() - NAMED));
        }
        Ok(found.files)
    }
}

/// What is lost without the objects of a kind, if they are asked for.
fn loss(group: &str, kind: &str) -> Option<Loss> {
    if policy::may_decide(group, kind) {
        return Some(Loss::Policies);
    }
    live::loss(group, kind).or_else(|| resolve::may_open(group, kind).then_some(Loss::Entrances))
}

/// Whether kubectl runs the program as its plugin: it is called `kubectl-sketch` then
/// (<https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/>).
pub fn is_plugin() -> bool {
    let called = std::env::args_os().next();
    let name = called.as_deref().and_then(|path| Path::new(path).file_stem());
    name.is_some_and(|name| name == "kubectl-sketch" || name == "kubectl_sketch")
}

/// How the program is called on a command line.
pub fn program() -> &'static str {
    if is_plugin() { "kubectl sketch" } else { "kubesketch" }
}

/// The command line as it is shown: as that of a plugin where the program is one.
pub fn shown(command: clap::Command) -> clap::Command {
    if !is_plugin() {
        return command;
    }
    let called = |help: &clap::builder::StyledStr| help.to_string().replace("kubesketch", "kubectl sketch");
    let named = |mut command: clap::Command| {
        if let Some(help) = command.get_after_help().map(called) {
            command = command.after_help(help);
        }
        match command.get_after_long_help().map(called) {
            Some(help) => command.after_long_help(help),
            None => command,
        }
    };
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let command = named(command.bin_name("kubectl sketch"));
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, named))
}
