//! The input arguments, and reading the manifests they name.

mod folders;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

pub use self::folders::UnitArgs;
use super::cluster::ClusterArgs;
use super::material::{self, Charts, Fetch, Found, Material, Renderer};
use super::places::Inputs;
use super::{Status, cluster, complete, progress, report};
use crate::diagnostic::{Diagnostic, Severity};
use crate::policy::NetworkPlugin;
use crate::resolve::ControllerRef;
use crate::source::{self, DEFAULT_MAX_FILE_BYTES, Disk, Fence, HelmChart, Programs, Request};
use crate::units::Unit;
use crate::world::{self, World};

/// Arguments that select the input.
#[derive(Args, Debug)]
#[command(next_help_heading = "Input")]
pub struct InputArgs {
    /// Files, folders or - for standard input [default: what is piped in, else .]
    ///
    /// Folders are read recursively (.yaml, .yml, .json).
    #[arg(value_name = "PATH", help_heading = None::<&str>)]
    paths: Vec<PathBuf>,

    /// The same as PATH, as in kubectl
    #[arg(short = 'f', long = "filename", value_name = "PATH", hide_short_help = true)]
    filenames: Vec<PathBuf>,

    /// Build a kustomization with the installed kustomize or kubectl
    #[arg(short = 'k', long, value_name = "DIR")]
    kustomize: Vec<PathBuf>,

    /// Render a chart with the installed helm
    #[arg(long, value_name = "CHART")]
    helm: Option<PathBuf>,

    /// Values for --helm
    #[arg(long, value_name = "FILE", requires = "helm", hide_short_help = true)]
    values: Vec<PathBuf>,

    /// A single value for --helm, repeatable
    #[arg(long, value_name = "NAME=VALUE", requires = "helm", hide_short_help = true)]
    set: Vec<String>,

    /// The name of the release for --helm
    #[arg(long, value_name = "NAME", requires = "helm", hide_short_help = true)]
    release_name: Option<String>,

    /// All namespaces: shown even with -n, and read with --cluster
    #[arg(short = 'A', long)]
    all_namespaces: bool,

    #[command(flatten)]
    cluster: ClusterArgs,

    #[command(flatten)]
    units: UnitArgs,

    #[command(flatten)]
    reading: ReadingArgs,
}

/// Arguments for reading.
#[derive(Args, Debug)]
#[command(next_help_heading = "Input")]
pub struct ReadingArgs {
    /// Show only this namespace; objects without a namespace are in it
    ///
    /// By default objects without a namespace are in `default`. With -A all namespaces are shown. Answers are about all
    /// objects: a namespace on its own is shown with what reaches it.
    #[arg(short, long, value_name = "NAMESPACE", value_parser = namespace_name, add = complete::namespaces())]
    namespace: Option<String>,

    /// Exit with 0 even if a part of the input cannot be read
    #[arg(long, hide_short_help = true)]
    lenient: bool,

    /// Follow symbolic links in folders that lead out of the folder and of the git repository around it
    #[arg(long, hide_short_help = true)]
    follow_links: bool,

    /// The maximum size of a file, in MiB
    #[arg(long, value_name = "MIB", hide_short_help = true, default_value_t = DEFAULT_MAX_FILE_BYTES >> 20,
          value_parser = clap::value_parser!(u64).range(1..4096))]
    max_file_size: u64,

    /// What reading may not leave.
    #[arg(skip)]
    fence: Fence,
}

/// Facts about connections that the manifests do not contain, for every command that evaluates connections.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Input")]
pub struct ConnectArgs {
    /// The pods of the ingress controller, repeatable
    ///
    /// All pods of a namespace, those with some labels, or those of a workload. By default the labels of common
    /// controllers identify them. The manifests may omit these pods.
    #[arg(long = "ingress-controller", hide_short_help = true, value_name = "NAMESPACE[/LABEL=VALUE,...|/WORKLOAD]")]
    ingress_controllers: Vec<ControllerRef>,

    /// The network plugin of the cluster, where the manifests do not contain it
    ///
    /// antrea, aws-vpc-cni, calico, canal, cilium, flannel, kube-ovn, kube-router, ovn-kubernetes or weave. Flannel and
    /// the AWS VPC CNI enforce no policies.
    #[arg(long, value_name = "NAME", hide_short_help = true, add = complete::words(NetworkPlugin::names))]
    network_plugin: Option<NetworkPlugin>,
}

/// Parses the name of a namespace
/// (<https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names>).
fn namespace_name(text: &str) -> Result<String, String> {
    let plain = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !plain || text.is_empty() || text.len() > 63 || text.starts_with('-') || text.ends_with('-') {
        return Err("a namespace is named by up to 63 small letters, digits and dashes between them".into());
    }
    Ok(text.to_owned())
}

impl ConnectArgs {
    /// The controllers on the command line, or else the configured ones.
    pub fn or(&self, configured: &[ControllerRef]) -> ConnectArgs {
        let given = &self.ingress_controllers;
        ConnectArgs {
            ingress_controllers: if given.is_empty() { configured.to_vec() } else { given.clone() },
            network_plugin: self.network_plugin.clone(),
        }
    }
}

/// A word of a command line; in quotes where a shell would take it apart.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The name of the only one of some places, which is that of its folder or file.
pub fn subject_of<'p>(places: impl IntoIterator<Item = &'p PathBuf>) -> Option<String> {
    let mut places = places.into_iter();
    let (Some(path), None) = (places.next(), places.next()) else { return None };
    let is_manifest = path.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json");
    let name = if is_manifest { path.file_stem() } else { path.file_name() };
    name.filter(|name| *name != "-").map(|name| name.to_string_lossy().into_owned())
}

impl InputArgs {
    /// Reads everything that is asked for, and works out what follows from it. Only asking for nothing, or for
    /// controllers that are not there, is an error: all else becomes a diagnostic.
    pub fn read(&self, connect: &ConnectArgs) -> anyhow::Result<World> {
        if self.reads_stdin() && io::stdin().is_terminal() {
            report::say("reading manifests from standard input; Ctrl-D ends it");
        }
        let reading =
            progress::step(|| format!("reading manifests: {} files", progress::grouped(source::files_read())));
        let material = self.load(&mut io::stdin().lock());
        drop(reading);
        self.reading.world(material, connect)
    }

    /// The texts of everything that is asked for, and what was rendered.
    pub fn load(&self, stdin: &mut dyn io::Read) -> Material {
        let limit = self.reading.max_file_bytes();
        let mut material = self.units.load(self.paths().cloned().collect(), &self.reading, stdin);
        let programs = Programs::from_env();
        let charts = self.units.charts();
        for folder in &self.kustomize {
            let files = Disk::around(folder, limit, self.reading.follow_links);
            let renderer = Renderer { files: &files, programs: &programs, limit, charts: &charts };
            material.add(renderer.kustomization(&material::shown(folder), Fetch::Allowed));
        }
        let chart = self.helm.clone().map(|chart| HelmChart {
            chart,
            values: self.values.clone(),
            release: self.release_name.clone(),
            namespace: self.reading.namespace.clone(),
            set: self.set.clone(),
            skip_tests: true,
            api_versions: charts.api_versions.clone(),
            kube_version: charts.kube_version.clone(),
            ..HelmChart::default()
        });
        chart.iter().for_each(|chart| material.add_text(source::helm_template(chart, &programs, limit)));
        if self.cluster.is_asked() {
            material.add_live(self.cluster.read(self.namespace(), self.all_namespaces, limit));
        }
        material
    }

    /// The units of the folder that is read, if each gets a page of its own.
    pub fn pages_of_units(&self) -> Option<(Found, Vec<Unit>)> {
        let mut paths = self.paths();
        let (Some(folder), None) = (paths.next(), paths.next()) else { return None };
        let is_more = !self.kustomize.is_empty() || self.helm.is_some() || self.cluster.is_asked();
        if is_more || !folder.is_dir() {
            return None;
        }
        self.units.pages(folder, &self.reading)
    }

    /// What charts are rendered with.
    pub fn charts(&self) -> Charts {
        self.units.charts()
    }

    /// Adds the default, if no input is named: what is piped into the program, else the current folder, or for a
    /// plugin of kubectl the cluster.
    pub fn or_default(&mut self, piped: bool) {
        match (self.names_nothing(), piped, cluster::is_plugin()) {
            (false, _, _) => {}
            (true, false, true) => self.cluster.ask(),
            (true, _, _) => self.paths.push(PathBuf::from(if piped { "-" } else { "." })),
        }
    }

    /// Whether a live cluster is read.
    pub fn reads_cluster(&self) -> bool {
        self.cluster.is_asked()
    }

    /// The namespace that is shown; `None` for all.
    pub fn shown_namespace(&self) -> Option<&str> {
        self.namespace().filter(|_| !self.all_namespaces)
    }

    /// The argument PATH, if there is one and nothing else is named.
    pub fn only_path(&self) -> Option<String> {
        match (self.paths.as_slice(), self.filenames.is_empty() && self.kustomize.is_empty() && self.helm.is_none()) {
            ([path], true) => path.to_str().map(str::to_owned),
            _ => None,
        }
    }

    /// Replaces the arguments PATH.
    pub fn replace_path(&mut self, path: PathBuf) {
        self.paths = vec![path];
    }

    fn reads_stdin(&self) -> bool {
        self.paths().any(|path| path.as_os_str() == "-")
    }

    /// The name of what is read: that of the folder or file, if there is one. A name that only the place of the current
    /// folder gives is none, for it differs from machine to machine.
    pub fn subject(&self) -> Option<String> {
        subject_of(self.paths().chain(&self.kustomize).chain(&self.helm))
    }

    /// The input as it is written on a command line of a shell.
    pub fn command_line(&self) -> String {
        let named = |option: &'static str, path: &PathBuf| format!("{option}{}", quoted(&path.to_string_lossy()));
        let paths = self.paths().map(|p| named("", p));
        let built = self.kustomize.iter().map(|p| named("-k ", p));
        let charts = self.helm.iter().map(|p| named("--helm ", p));
        let values = self.values.iter().map(|p| named("--values ", p));
        let namespace = self.namespace().map(|n| format!("-n {n}"));
        let units = self.units.patterns().iter().map(|u| format!("--unit {}", quoted(u)));
        let namespace = units.chain(self.units.is_flat().then(|| "--flat".to_owned())).chain(namespace);
        let all = (self.all_namespaces && self.cluster.is_asked()).then(|| "-A".to_owned());
        let namespace =
            namespace.chain(all).chain(self.cluster.words().iter().map(|word| quoted(word)).collect::<Vec<_>>());
        paths.chain(built).chain(charts).chain(values).chain(namespace).collect::<Vec<_>>().join(" ")
    }

    /// True if no input is named.
    fn names_nothing(&self) -> bool {
        self.paths().next().is_none() && self.kustomize.is_empty() && self.helm.is_none() && !self.cluster.is_asked()
    }

    /// Files and folders, and `-`.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.paths.iter().chain(&self.filenames)
    }

    /// The files that were read for a World, which no output may replace.
    pub fn inputs(&self, world: &World) -> Inputs {
        let mut inputs = Inputs::default();
        inputs.add_world(world);
        self.paths().chain(&self.values).for_each(|path| inputs.add(path));
        self.kustomize.iter().chain(&self.helm).for_each(|path| inputs.add_built(path));
        inputs
    }

    /// The first path to read; the current folder for standard input.
    pub fn first_place(&self) -> PathBuf {
        let mut places = self.paths().chain(&self.kustomize).chain(&self.helm);
        match places.next() {
            Some(path) if path.as_os_str() != "-" => path.clone(),
            _ => PathBuf::from("."),
        }
    }

    /// Options for reading.
    pub fn reading(&self) -> &ReadingArgs {
        &self.reading
    }

    /// The namespace that was given.
    pub fn namespace(&self) -> Option<&str> {
        self.reading.namespace.as_deref()
    }

    /// The status of a run with this input.
    pub fn status(&self, diagnostics: &[Diagnostic]) -> Status {
        self.reading.status(diagnostics)
    }
}

impl ReadingArgs {
    /// What is to be read.
    pub fn request(&self, paths: Vec<PathBuf>) -> Request {
        Request {
            paths,
            max_file_bytes: self.max_file_bytes(),
            follow_links: self.follow_links,
            fence: self.fence.clone(),
        }
    }

    /// Reading that does not leave a fence and runs no program that renders.
    #[cfg(feature = "mcp")]
    pub fn inside(fence: Fence, namespace: Option<String>) -> ReadingArgs {
        let max_file_size = DEFAULT_MAX_FILE_BYTES >> 20;
        ReadingArgs { namespace, lenient: false, follow_links: false, max_file_size, fence }
    }

    /// Lets reading not leave a fence, and run no program that renders.
    pub fn confine(&mut self, fence: Fence) {
        self.fence = fence;
    }

    /// What reading may not leave.
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    /// The files around a folder.
    pub fn files(&self, folder: &Path) -> Disk {
        Disk::around(folder, self.max_file_bytes(), self.follow_links).inside(self.fence.clone())
    }

    /// Programs that may be run for rendering: inside of a fence none.
    pub fn programs(&self) -> Programs {
        if self.fence.is_open() { Programs::from_env() } else { Programs::none() }
    }

    /// The namespace that was given.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The maximum size of a file.
    pub fn max_file_bytes(&self) -> u64 {
        self.max_file_size << 20
    }

    /// True if unreadable input does not change the exit code.
    pub fn is_lenient(&self) -> bool {
        self.lenient
    }

    /// Everything that follows from texts.
    pub fn world(&self, material: Material, connect: &ConnectArgs) -> anyhow::Result<World> {
        let options = world::Options {
            default_namespace: self.namespace.clone(),
            ingress_controllers: connect.ingress_controllers.clone(),
            network_plugin: connect.network_plugin.clone(),
            applies_files: material.is_live,
        };
        let files = progress::grouped(material.loaded.sources.len());
        let _step = progress::step(move || format!("working out what can reach what: {files} files"));
        World::with(material.loaded, material.rendered, &options).context("--ingress-controller")
    }

    /// The status of a run with these input problems.
    pub fn status(&self, diagnostics: &[Diagnostic]) -> Status {
        if self.lenient || diagnostics.iter().all(|d| d.severity != Severity::Error) {
            Status::Success
        } else {
            Status::Failure
        }
    }
}

/// Methods for commands that read repeatedly.
#[cfg(feature = "serve")]
impl InputArgs {
    /// Folders of kustomizations.
    pub fn kustomizations(&self) -> &[PathBuf] {
        &self.kustomize
    }

    /// The chart, and the files of its values.
    pub fn chart(&self) -> (Option<&PathBuf>, &[PathBuf]) {
        (self.helm.as_ref(), &self.values)
    }
}
