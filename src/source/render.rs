//! Has `kustomize`, `kubectl` or `helm` make manifests, without a shell in between.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::bounds::unfit;
use super::load::{named_text, shown_name};
use super::problem::Problem;
use super::{SourceFile, TemporaryFolder};

/// How much of a program's complaint is passed on.
const STDERR_LINES: usize = 12;
const STDERR_BYTES: u64 = 64 << 10;

/// Where programs are looked for.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    folders: Vec<PathBuf>,
    is_refused: bool,
}

impl Programs {
    /// The folders of a `PATH` variable.
    pub fn from_path(path: &OsStr) -> Self {
        let folders = std::env::split_paths(path).filter(|p| !p.as_os_str().is_empty()).collect();
        Programs { folders, is_refused: false }
    }

    /// The `PATH` of this process.
    pub fn from_env() -> Self {
        std::env::var_os("PATH").map(|path| Programs::from_path(&path)).unwrap_or_default()
    }

    /// No programs at all, where none may be run.
    pub fn none() -> Self {
        Programs { folders: Vec::new(), is_refused: true }
    }

    /// Whether none may be run.
    pub fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// Why a program is not found.
    pub fn absence(&self) -> &'static str {
        if self.is_refused { "no program is run here" } else { "there is none on the PATH" }
    }

    /// The first program of this name.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.folders.iter().map(|folder| folder.join(&file)).find(|path| is_executable(path))
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// A Helm chart to be rendered.
#[derive(Clone, Debug, Default)]
pub struct HelmChart {
    /// The chart: a folder, a `.tgz` file, or anything else that `helm template` takes.
    pub chart: PathBuf,
    /// Values files, in order.
    pub values: Vec<PathBuf>,
    /// The release's name; Helm's own placeholder if `None`.
    pub release: Option<String>,
    /// The namespace to render for.
    pub namespace: Option<String>,
    /// Values as YAML, which win over those of files.
    pub inline: Option<String>,
    /// Single values, `name=value`, which win over all.
    pub set: Vec<String>,
    /// Single values that are strings, `name=value`.
    pub set_string: Vec<String>,
    /// Single values that are the contents of files.
    pub set_file: Vec<(String, PathBuf)>,
    /// Leave out what only `helm test` makes.
    pub skip_tests: bool,
    /// API versions that the cluster has beside those that Helm assumes.
    pub api_versions: Vec<String>,
    /// The version of Kubernetes to render for.
    pub kube_version: Option<String>,
    /// The name that the chart is shown under; its path if `None`.
    pub shown: Option<String>,
}

/// Runs `kustomize build DIR`, or `kubectl kustomize DIR` where there is no kustomize. The result is named
/// `kustomize:DIR`.
pub fn kustomize_build(dir: &Path, programs: &Programs, max_bytes: u64) -> Result<SourceFile, Problem> {
    kustomize_as(dir, &shown_name(dir), programs, max_bytes)
}

/// The same for a folder that is shown under another name.
pub fn kustomize_as(dir: &Path, name: &str, programs: &Programs, max_bytes: u64) -> Result<SourceFile, Problem> {
    kustomize_with(dir, name, Inflate::Nothing, programs, max_bytes)
}

/// Whether a kustomization may render charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inflate {
    /// It has none.
    Nothing,
    /// Those that are beside it, by the installed helm.
    Charts,
}

/// The same for a kustomization that may have charts.
pub fn kustomize_with(
    dir: &Path,
    name: &str,
    inflate: Inflate,
    programs: &Programs,
    max_bytes: u64,
) -> Result<SourceFile, Problem> {
    let job = format!("-k {name}");
    if !dir.exists() {
        return Err(Problem::MissingArgument { job, path: name.to_owned() });
    }
    let (program, verb) = match (programs.find("kustomize"), programs.find("kubectl")) {
        (Some(kustomize), _) => (kustomize, "build"),
        (None, Some(kubectl)) => (kubectl, "kustomize"),
        (None, None) => {
            let why = programs.absence();
            return Err(Problem::NoProgram { job, programs: "kustomize or kubectl", why });
        }
    };
    let mut args: Vec<OsString> = vec![verb.into()];
    if inflate == Inflate::Charts {
        let Some(helm) = programs.find("helm") else {
            return Err(Problem::NoProgram { job, programs: "helm", why: programs.absence() });
        };
        let mut command = OsString::from("--helm-command=");
        command.push(helm);
        args.extend(["--enable-helm".into(), command]);
    }
    args.push(as_argument(dir));
    run(&program, args, &job, &format!("kustomize:{name}"), max_bytes)
}

/// The most that is copied for a program, in bytes.
const MAX_COPY: usize = 64 << 20;

/// The folder in a copy that the current folder becomes where paths lead above it.
const HERE: &str = ".kubesketch-here";

/// Files that are written into a folder of their own for a program. They go when this does.
#[derive(Debug)]
pub struct Copied {
    folder: TemporaryFolder,
    /// How many folders above the current one the files reach.
    above: usize,
}

impl Copied {
    /// Writes files: paths as [`Files`](super::Files) has them, and the contents.
    ///
    /// # Errors
    ///
    /// If they cannot be written, or are too much.
    pub fn new(files: &BTreeMap<String, Vec<u8>>, job: &str) -> Result<Copied, Problem> {
        let not = |what: String| Problem::NotRendered { job: job.to_owned(), what };
        if files.values().map(Vec::len).sum::<usize>() > MAX_COPY {
            return Err(not(format!("a copy of it would have more than {} MiB", MAX_COPY >> 20)));
        }
        let failed = |error: std::io::Error| not(format!("a copy of it could not be written: {error}"));
        let folder = TemporaryFolder::new().map_err(failed)?;
        let copied = Copied { folder, above: files.keys().map(|path| above(path)).max().unwrap_or_default() };
        for (path, bytes) in files {
            let to = copied.place(path);
            let made = to.parent().map_or(Ok(()), std::fs::create_dir_all);
            made.and_then(|()| std::fs::write(&to, bytes)).map_err(failed)?;
        }
        Ok(copied)
    }

    /// Where a path is in the copy: always inside of it.
    pub fn place(&self, path: &str) -> PathBuf {
        let up = above(path);
        let here = std::iter::repeat_n(HERE, self.above.saturating_sub(up));
        let rest = path.split('/').skip(up).filter(|part| !matches!(*part, "" | "." | ".."));
        here.chain(rest).fold(self.folder.path().to_path_buf(), |to, part| to.join(part))
    }
}

/// How many folders a path leads up first.
fn above(path: &str) -> usize {
    path.split('/').take_while(|part| *part == "..").count()
}

/// Runs `helm template`. The result is named `helm:CHART`.
pub fn helm_template(chart: &HelmChart, programs: &Programs, max_bytes: u64) -> Result<SourceFile, Problem> {
    let name = chart.shown.clone().unwrap_or_else(|| shown_name(&chart.chart));
    let job = format!("--helm {name}");
    if let Some(values) = chart.values.iter().find(|v| !v.exists()) {
        return Err(Problem::MissingArgument { job, path: shown_name(values) });
    }
    if let Some(problem) = chart.values.iter().find_map(|values| unfit(values, max_bytes)) {
        return Err(problem);
    }
    let Some(program) = programs.find("helm") else {
        return Err(Problem::NoProgram { job, programs: "helm", why: programs.absence() });
    };
    let mut args: Vec<OsString> = vec!["template".into()];
    // `--flag=value` keeps a value that begins with `-` a value.
    args.extend(chart.namespace.iter().map(|n| format!("--namespace={n}").into()));
    for values in &chart.values {
        let mut arg = OsString::from("--values=");
        arg.push(values);
        args.push(arg);
    }
    // A file of our own keeps values off the command line, where others could read them.
    let inline = chart.inline.as_ref().map(|text| inline_values(text, &job)).transpose()?;
    if let Some(file) = &inline {
        let mut arg = OsString::from("--values=");
        arg.push(file.path());
        args.push(arg);
    }
    args.extend(chart.set.iter().map(|set| format!("--set={set}").into()));
    args.extend(chart.set_string.iter().map(|set| format!("--set-string={set}").into()));
    for (name, path) in &chart.set_file {
        let mut arg = OsString::from(format!("--set-file={name}="));
        arg.push(path);
        args.push(arg);
    }
    args.extend(chart.api_versions.iter().map(|version| format!("--api-versions={version}").into()));
    args.extend(chart.kube_version.iter().map(|version| format!("--kube-version={version}").into()));
    if chart.skip_tests {
        args.push("--skip-tests".into());
    }
    args.push("--".into());
    args.extend(chart.release.iter().map(OsString::from));
    args.push(as_argument(&chart.chart));
    run(&program, args, &job, &format!("helm:{name}"), max_bytes)
}

/// A temporary folder with a file of values in it.
struct Inline {
    folder: TemporaryFolder,
}

impl Inline {
    fn path(&self) -> PathBuf {
        self.folder.path().join("values.yaml")
    }
}

fn inline_values(text: &str, job: &str) -> Result<Inline, Problem> {
    let written = TemporaryFolder::new().and_then(|folder| {
        let inline = Inline { folder };
        std::fs::write(inline.path(), text).map(|()| inline)
    });
    written.map_err(|error| Problem::NotRendered {
        job: job.to_owned(),
        what: format!("its values could not be written: {error}"),
    })
}

/// A path as an argument that no program takes for an option.
fn as_argument(path: &Path) -> OsString {
    if path.as_os_str().as_encoded_bytes().starts_with(b"-") {
        Path::new(".").join(path).into_os_string()
    } else {
        path.as_os_str().to_owned()
    }
}

fn run(program: &Path, args: Vec<OsString>, job: &str, name: &str, max_bytes: u64) -> Result<SourceFile, Problem> {
    let ran = start(program, args, job, name, max_bytes)?;
    match ran.failed {
        Some(problem) => Err(problem),
        None => named_text(name, ran.out),
    }
}

/// What a program wrote, and how it failed.
pub(super) struct Ran {
    pub out: Vec<u8>,
    pub failed: Option<Problem>,
}

impl Ran {
    /// What it wrote, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

/// Runs a program to its end, or until it has written more than the limit.
pub(super) fn start(
    program: &Path,
    args: Vec<OsString>,
    job: &str,
    name: &str,
    max_bytes: u64,
) -> Result<Ran, Problem> {
    let not_run = |error| Problem::NotRun { job: job.to_owned(), program: program.to_path_buf(), error };
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(not_run)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Both pipes are read at once, or a program that fills one while we wait at the other would stand still.
    let (out, complaint) = std::thread::scope(|scope| {
        let complaint = scope.spawn(|| stderr.map(first_lines).unwrap_or_default());
        let mut out = Vec::new();
        let read = stdout.map_or(Ok(0), |pipe| pipe.take(max_bytes.saturating_add(1)).read_to_end(&mut out));
        if out.len() as u64 > max_bytes {
            // It may go on writing for ever, and nobody listens any more.
            let _ = child.kill();
        }
        (read.map(|_| out), complaint.join().unwrap_or_default())
    });
    let status = child.wait().map_err(not_run)?;
    let out = out.map_err(not_run)?;
    if out.len() as u64 > max_bytes {
        return Err(Problem::TooLarge { name: name.to_owned(), limit: max_bytes });
    }
    let failed = (!status.success()).then(|| Problem::Failed {
        job: job.to_owned(),
        program: program.to_path_buf(),
        status: status.to_string(),
        stderr: complaint,
    });
    Ok(Ran { out, failed })
}

/// The first lines of a complaint; the rest is read and dropped, so that the writer can finish.
pub(super) fn first_lines(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = pipe.by_ref().take(STDERR_BYTES).read_to_end(&mut bytes);
    let _ = std::io::copy(&mut pipe, &mut std::io::sink());
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().filter(|l| !l.trim().is_empty()).take(STDERR_LINES);
    lines.map(without_clock).collect::<Vec<_>>().join("\n")
}

/// A line of kubectl's log without its time, process and place: `E1130 08:34:00.999910   24617 run.go:72] text`.
fn without_clock(line: &str) -> &str {
    let is_head = |head: &str| {
        let words: Vec<&str> = head.split_whitespace().collect();
        let is_day = |word: &str| {
            let (level, day) = word.split_at_checked(1).unwrap_or_default();
            !level.is_empty() && "EWIF".contains(level) && day.len() == 4 && day.bytes().all(|b| b.is_ascii_digit())
        };
        matches!(words.as_slice(), [day, time, _, place] if is_day(day) && time.contains(':') && place.contains(".go:"))
    };
    line.split_once("] ").filter(|(head, _)| is_head(head)).map_or(line, |(_, text)| text)
}
