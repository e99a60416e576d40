//! What a shell completes: the values of options, and the namespaces and objects of the folder that the command line
//! names. Names that a shell would take apart are left out: what is completed stands on a command line.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _,
};
use clap_complete::env::{CompleteEnv, Shells};
use strum::VariantArray;

use super::material;
use super::output::Form;
use crate::cluster::{self, Cluster};
use crate::diagnostic::Code;
use crate::manifest;
use crate::net::ObjectKey;
use crate::source::{self, DEFAULT_MAX_FILE_BYTES, Disk, Request};

/// The variable by which the script of a shell asks for completions.
const VARIABLE: &str = "KUBESKETCH_COMPLETE";

/// How long a shell waits for names of a folder: reading a very large one is given up.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Answers a shell that asks for completions; `false` for any other run of the program.
pub fn is_answered(command: impl Fn() -> clap::Command) -> bool {
    let folder = std::env::current_dir().ok();
    let request = CompleteEnv::with_factory(command).var(VARIABLE);
    request.try_complete(std::env::args_os(), folder.as_deref()).unwrap_or_else(|error| error.exit())
}

/// The script that makes a shell ask the program.
pub fn script(shell: &str) -> anyhow::Result<Vec<u8>> {
    let mut script = Vec::new();
    if let Some(shell) = Shells::builtins().completer(shell) {
        shell.write_registration(VARIABLE, "kubesketch", "kubesketch", "kubesketch", &mut script)?;
    }
    Ok(script)
}

/// Values with what they mean.
fn explained(values: impl IntoIterator<Item = (String, String)>) -> Vec<CompletionCandidate> {
    let value = |(name, help): (String, String)| {
        let help = (!help.is_empty()).then(|| help.into());
        is_plain(&name).then(|| CompletionCandidate::new(name).help(help))
    };
    values.into_iter().filter_map(value).collect()
}

/// Whether a shell takes a name as one word.
fn is_plain(name: &str) -> bool {
    !name.starts_with('-') && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c))
}

/// Codes of findings.
pub fn codes() -> ArgValueCandidates {
    let one = |code: &Code| (code.as_str().to_owned(), code.summary().to_owned());
    ArgValueCandidates::new(move || explained(Code::ALL.iter().map(one)))
}

/// The names of a set of values.
pub fn values<T: VariantArray + Copy + Into<&'static str>>() -> ArgValueCandidates {
    words(|| T::VARIANTS.iter().map(|value| (*value).into()).collect())
}

/// Words that are known beforehand.
pub fn words(all: fn() -> Vec<&'static str>) -> ArgValueCandidates {
    ArgValueCandidates::new(move || explained(all().into_iter().map(|word| (word.to_owned(), String::new()))))
}

/// Formats, and files whose extension gives one.
pub fn outputs<F: Form + 'static>() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let start = current.to_str().unwrap_or_default();
        let names = F::VARIANTS.iter().map(|format| -> &'static str { (*format).into() });
        let mut all: Vec<CompletionCandidate> =
            names.filter(|name| name.starts_with(start)).map(CompletionCandidate::new).collect();
        all.extend(PathCompleter::any().complete(current));
        all
    })
}

/// Namespaces of the folder.
pub fn namespaces() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for key in objects_there() {
            let is_namespace = key.kind == "Namespace" && key.group.is_empty();
            let namespace = if is_namespace { Some(key.name) } else { key.namespace };
            *counts.entry(namespace.unwrap_or_default()).or_default() += usize::from(!is_namespace);
        }
        counts.remove("");
        let counted = |(name, count)| (name, format!("{count} objects"));
        explained(counts.into_iter().map(counted))
    })
}

/// Kinds of the folder.
pub fn kinds() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let kinds: BTreeMap<String, String> = objects_there().into_iter().map(|k| (k.kind, String::new())).collect();
        explained(kinds)
    })
}

/// Objects of the folder, as `--focus` takes them.
pub fn objects() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let named = |key: ObjectKey| Some((format!("{}/{}", key.namespace?, key.name), key.kind));
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for (name, kind) in objects_there().into_iter().filter(|k| is_end(&k.kind)).filter_map(named) {
            all.entry(name).and_modify(|kinds| *kinds += &format!(", {kind}")).or_insert(kind);
        }
        let internet = ("internet".to_owned(), "everything outside".to_owned());
        explained(std::iter::once(internet).chain(all))
    })
}

/// Whether objects of a kind are drawn or asked about.
fn is_end(kind: &str) -> bool {
    !matches!(kind, "ConfigMap" | "Secret" | "ServiceAccount" | "Role" | "RoleBinding") && !kind.ends_with("Policy")
}

/// Units of the folder.
pub fn units() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let found: Vec<(String, String)> = in_time(|| {
            let folder = places().into_iter().find(|path| path.is_dir()).unwrap_or_else(|| PathBuf::from("."));
            let files = Disk::around(&folder, DEFAULT_MAX_FILE_BYTES, false);
            let units = material::find(&folder, files).units;
            units.into_iter().map(|unit| (unit.name, unit.kind.as_str().to_owned())).collect()
        });
        explained(found)
    })
}

/// The objects of what the command line names.
fn objects_there() -> Vec<ObjectKey> {
    in_time(|| {
        let loaded = source::load_files(&Request::new(places()));
        let objects = manifest::parse(&loaded.sources).value.objects;
        let cluster = Cluster::new(objects, &cluster::Options::default()).value;
        cluster.entries().iter().map(|entry| entry.key.clone()).collect()
    })
}

/// The files and folders of the command line that is completed; the current folder if it names none.
fn places() -> Vec<PathBuf> {
    let line: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").skip(2).collect();
    let named: Vec<PathBuf> = line.into_iter().map(PathBuf::from).filter(|path| path.exists()).collect();
    if named.is_empty() { vec![PathBuf::from(".")] } else { named }
}

/// What a function returns, or nothing if that takes too long. The program ends after an answer, and the work with it.
fn in_time<T: Default + Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = done.send(work());
    });
    result.recv_timeout(PATIENCE).unwrap_or_default()
}
