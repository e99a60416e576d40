//! The configuration file: discovery and decoding. `docs/config.md` describes it, `docs/config.schema.json` is its
//! schema for editors.
//!
//! An unknown key or value is an error with its position: an ignored misspelling would leave a gate open.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context as _;

use super::check::FailOn;
use super::report::{self, Verbosity};
use crate::check::{Completeness, nearest_name};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::manifest::{self, Tree};
use crate::resolve::ControllerRef;
use crate::source::{self, Sources, Span};

/// The name of the file.
pub const NAME: &str = ".kubesketch.yaml";

/// The maximum size of a configuration, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Arguments that select the configuration.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Rules")]
pub struct ConfigArgs {
    /// Read this configuration instead of the nearest `.kubesketch.yaml`
    ///
    /// It is searched for in the folder of the first PATH and above it, up to the top of its git repository.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    config: Option<PathBuf>,

    /// Read no configuration
    #[arg(long, hide_short_help = true)]
    no_config: bool,
}

/// A configuration. Paths are relative to the folder that the program runs in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    /// For `check`.
    pub check: CheckConfig,
}

/// The configuration of `check`. An absent key is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckConfig {
    /// `select`: the only codes to report.
    pub select: Vec<Code>,
    /// `skip`: codes to leave out.
    pub skip: Vec<Code>,
    /// `fail-on`.
    pub fail_on: Option<FailOn>,
    /// `severity`: the severity of findings, by code.
    pub severity: BTreeMap<Code, Severity>,
    /// `world`.
    pub completeness: Option<Completeness>,
    /// `baseline`.
    pub baseline: Option<PathBuf>,
    /// `ingress-controllers`.
    pub ingress_controllers: Vec<ControllerRef>,
}

impl ConfigArgs {
    /// The configuration for an input that begins at a path. Its problems are printed before an error is returned.
    pub fn read(&self, input: &Path) -> anyhow::Result<Config> {
        let file = match &self.config {
            _ if self.no_config => None,
            Some(file) => Some(file.clone()),
            None => find(input),
        };
        let Some(file) = file else { return Ok(Config::default()) };
        let name = file.display().to_string();
        let whose = || format!("cannot read the configuration {name}");
        // One that is named may be anywhere.
        if self.config.is_none() && source::is_link_outwards(&file) {
            anyhow::bail!(
                "the configuration {name} is a symbolic link that leads out of its folder: name it by --config"
            );
        }
        let text = source::read_settings(&file, MAX_BYTES).with_context(whose)?;
        // Another file that was taken for one may hold secrets.
        let is_ours = is_configuration(&text);
        let sources = Sources::from_texts([(name.as_str(), text)]);
        let sources = if is_ours { sources.all_shown() } else { sources };
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut reader = Reader { problems: Vec::new(), folder };
        let config = reader.config(&sources);
        if !reader.problems.is_empty() {
            Diagnostic::sort(&mut reader.problems);
            report::show(&reader.problems, &sources, Verbosity::Verbose);
            anyhow::bail!("the configuration {name} is invalid");
        }
        Ok(config)
    }
}

/// True if a text begins with the key that everything in a configuration is below, after comments.
fn is_configuration(text: &str) -> bool {
    let mut lines = text.lines().map(|line| line.trim_matches(['{', ' ', '\t', '"', '\'']));
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("---"));
    first.is_none_or(|line| line.starts_with("check"))
}

/// The configuration file nearest to a path: in its folder or one above, up to the top of the repository that it is in.
fn find(input: &Path) -> Option<PathBuf> {
    let full = fs::canonicalize(input).or_else(|_| fs::canonicalize(".")).ok()?;
    let folder = if full.is_dir() { full.as_path() } else { full.parent()? };
    for above in folder.ancestors() {
        let file = above.join(NAME);
        // Whatever has the name is meant: to pass over it would leave a gate open.
        if file.symlink_metadata().is_ok() {
            // A path below the current folder is shown relative to it.
            let here = fs::canonicalize(".").ok();
            return Some(here.and_then(|h| file.strip_prefix(h).map(Path::to_owned).ok()).unwrap_or(file));
        }
        if above.join(".git").exists() {
            return None;
        }
    }
    None
}

struct Reader<'a> {
    problems: Vec<Diagnostic>,
    folder: &'a Path,
}

impl Reader<'_> {
    fn config(&mut self, sources: &Sources) -> Config {
        let mut config = Config::default();
        let Some(file) = sources.ids().next() else { return config };
        let mut documents = manifest::values(sources, file).unpack(&mut self.problems);
        if let Some(second) = documents.get(1) {
            self.wrong(second.span, "a configuration is one document", None);
        }
        if documents.is_empty() {
            return config;
        }
        let document = documents.swap_remove(0);
        self.keys(&document, "the configuration", &["check"]);
        if let Some(check) = document.get("check") {
            config.check = self.check(check);
        }
        config
    }

    fn check(&mut self, tree: &Tree) -> CheckConfig {
        let known = ["select", "skip", "fail-on", "severity", "world", "baseline", "ingress-controllers"];
        self.keys(tree, "`check`", &known);
        let mut check = CheckConfig::default();
        for (key, codes) in [("select", &mut check.select), ("skip", &mut check.skip)] {
            for item in self.list(tree, key) {
                codes.extend(self.code(item.as_str(), item.span));
            }
        }
        check.fail_on = self.word(tree, "fail-on", FailOn::NAMES);
        check.completeness = self
            .word(
                tree,
                "world",
                &[("open", Some(Completeness::Partial)), ("closed", Some(Completeness::Whole)), ("auto", None)],
            )
            .flatten();
        if let Some(severity) = tree.get("severity").filter(|t| !t.is_null()) {
            if !severity.is_map() {
                self.wrong(
                    severity.span,
                    format!("`severity` is a mapping of codes, not {}", severity.kind_name()),
                    None,
                );
            }
            let names = [Severity::Error, Severity::Warning, Severity::Info].map(|s| (s.as_str(), s));
            for entry in severity.entries() {
                let code = self.code(Some(&entry.key), entry.key_span);
                let word = self.one_of(&entry.value, &entry.key, &names);
                check.severity.extend(code.zip(word));
            }
        }
        if let Some(baseline) = tree.get("baseline").filter(|t| !t.is_null()) {
            match baseline.as_str() {
                Some(path) if !path.is_empty() => check.baseline = Some(self.folder.join(path)),
                _ => self.wrong(baseline.span, "`baseline` is the path of a file", None),
            }
        }
        for item in self.list(tree, "ingress-controllers") {
            match ControllerRef::from_str(item.as_str().unwrap_or_default()) {
                Ok(controller) => check.ingress_controllers.push(controller),
                Err(error) => self.wrong(item.span, error.to_string(), None),
            }
        }
        check
    }

    fn wrong(&mut self, at: Span, message: impl Into<String>, help: Option<String>) {
        let mut problem = Diagnostic::at(Code::ConfigInvalid, at, message);
        problem.help = help;
        self.problems.push(problem);
    }

    /// Reports unknown keys of a mapping.
    fn keys(&mut self, tree: &Tree, whose: &str, known: &[&str]) {
        if !tree.is_map() && !tree.is_null() {
            self.wrong(tree.span, format!("{whose} is a mapping, not {}", tree.kind_name()), None);
        }
        for entry in tree.entries().iter().filter(|e| !known.contains(&&*e.key)) {
            let near = nearest_name(&entry.key, known.iter().copied());
            let help =
                near.map_or_else(|| format!("there is {}", known.join(", ")), |n| format!("`{n}` is probably meant"));
            self.wrong(entry.key_span, format!("{whose} has no key `{}`", entry.key), Some(help));
        }
    }

    /// The elements of a list of texts.
    fn list<'t>(&mut self, tree: &'t Tree, key: &str) -> Vec<&'t Tree> {
        let Some(list) = tree.get(key).filter(|t| !t.is_null()) else {
            return Vec::new();
        };
        if !matches!(list.value, manifest::Value::Seq(_)) {
            self.wrong(list.span, format!("`{key}` is a list, not {}", list.kind_name()), None);
        }
        let (texts, others): (Vec<&Tree>, Vec<&Tree>) = list.items().iter().partition(|t| t.as_str().is_some());
        for other in others {
            self.wrong(other.span, format!("`{key}` is a list of texts, and this is {}", other.kind_name()), None);
        }
        texts
    }

    fn word<T: Clone>(&mut self, tree: &Tree, key: &str, known: &[(&str, T)]) -> Option<T> {
        let value = tree.get(key).filter(|t| !t.is_null())?;
        self.one_of(value, key, known)
    }

    fn one_of<T: Clone>(&mut self, value: &Tree, key: &str, known: &[(&str, T)]) -> Option<T> {
        let text = value.as_str().unwrap_or_default();
        if let Some((_, found)) = known.iter().find(|(name, _)| *name == text) {
            return Some(found.clone());
        }
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        self.wrong(value.span, format!("`{key}` is one of {}", names.join(", ")), None);
        None
    }

    fn code(&mut self, text: Option<&str>, at: Span) -> Option<Code> {
        let text = text?;
        let known = Code::ALL.iter().copied().find(|c| c.as_str() == text);
        if known.is_none() {
            let near = nearest_name(text, Code::ALL.iter().map(|c| c.as_str()));
            let help = near.map_or_else(
                || "`kubesketch explain` lists the codes".to_owned(),
                |n| format!("`{n}` is probably meant"),
            );
            self.wrong(at, format!("there is no finding `{text}`"), Some(help));
        }
        known
    }
}
