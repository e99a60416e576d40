//! The command line: arguments, and one file for each command. All writing and printing happens here.

mod check;
mod cluster;
mod complete;
mod config;
mod diff;
mod diff_units;
mod draw;
mod drift;
mod explain;
mod folder;
mod inject;
mod input;
mod levels;
mod material;
mod mcp;
mod mdbook;
mod output;
mod picture;
mod places;
mod progress;
mod report;
mod revisions;
mod scope;
mod serve;
mod shorthand;
mod signals;
mod site;
mod table;
mod units;
mod why;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches as _, Parser, Subcommand};

use crate::inert;
use report::Verbosity;

/// The result of a run, as its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Fine: 0.
    Success,
    /// The connection is not certainly allowed, a gate failed, or a file is stale: 1.
    Negative,
    /// Wrong usage, input that could not be read, or an internal error: 2. What could be read was still written.
    Failure,
}

impl Status {
    /// The worse of two.
    #[must_use]
    pub fn and(self, other: Status) -> Status {
        match (self, other) {
            (Status::Failure, _) | (_, Status::Failure) => Status::Failure,
            (Status::Negative, _) | (_, Status::Negative) => Status::Negative,
            _ => Status::Success,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        match status {
            Status::Success => ExitCode::SUCCESS,
            Status::Negative => ExitCode::from(1),
            Status::Failure => ExitCode::from(2),
        }
    }
}

/// The heading of the options that every command has.
const GLOBAL: &str = "Every command";

/// How the shells take their scripts.
const COMPLETIONS: &str = "The script asks `kubesketch`, which must be on the PATH. For the current user:
  bash        echo 'source <(kubesketch completions bash)' >> ~/.bashrc
  zsh         echo 'source <(kubesketch completions zsh)' >> ~/.zshrc
  fish        kubesketch completions fish > ~/.config/fish/completions/kubesketch.fish
  elvish      echo 'eval (kubesketch completions elvish | slurp)' >> ~/.elvish/rc.elv
  powershell  kubesketch completions powershell >> $PROFILE";

/// Draws what can reach what in Kubernetes manifests. Needs no cluster and no network.
#[derive(Debug, Parser)]
#[command(name = "kubesketch", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "`kubesketch PATH` is short for `kubesketch draw PATH`.

Examples:
  kubesketch draw deploy/ -o network.svg
  kubectl get all,ingress,networkpolicy -A -o yaml | kubesketch draw -o network.html
  kubesketch draw -k overlays/production -o svg -o json=graph.json
  kubesketch draw deploy/ --inject README.md
  kubesketch why frontend database:5432 deploy/")]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = GLOBAL)]
    quiet: bool,

    /// Print everything, including remarks and skipped files
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    verbose: bool,

    /// When to color messages
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = GLOBAL,
          hide_short_help = true)]
    color: clap::ColorChoice,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Draw a picture of manifests
    Draw(Box<draw::Args>),
    /// Find mistakes and unintended exposure before deployment
    Check(Box<check::Args>),
    /// Explain a finding, or list all of them
    Explain {
        /// The code of the finding
        #[arg(add = complete::codes())]
        code: Option<String>,
    },
    /// Compare two states of a system, and draw the differences
    Diff(Box<diff::Args>),
    /// Print tables of connections, exposure, isolation, policies or routes
    Table(Box<table::Args>),
    /// Show manifests in a browser, and redraw them when they change
    Serve(Box<serve::Args>),
    /// Answer questions of an assistant, over the Model Context Protocol
    Mcp(mcp::Args),
    /// Put pictures into the chapters of a book, as a preprocessor of mdBook
    Mdbook(mdbook::Args),
    /// Explain whether a connection is allowed, and which rules decide
    Why(Box<why::Args>),
    /// List what a repository deploys: kustomizations, charts, Applications, folders
    Units(units::Args),
    /// Print the JSON Schema of `-o json`
    Schema,
    /// Print a script by which a shell completes commands, options, codes, namespaces and objects
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Print the version
    Version,
}

/// Runs the program with the arguments of the process.
pub fn run() -> Status {
    if complete::is_answered(|| cluster::shown(Cli::command())) {
        return Status::Success;
    }
    let piped = shorthand::is_piped();
    let cli = match parse(piped) {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    match cli.color {
        clap::ColorChoice::Auto => {}
        clap::ColorChoice::Always => anstream::ColorChoice::Always.write_global(),
        clap::ColorChoice::Never => anstream::ColorChoice::Never.write_global(),
    }
    let verbosity = match (cli.quiet, cli.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    // The preview ends in its own way.
    if !matches!(cli.command, Command::Serve(_)) {
        signals::clean_up_before_the_end();
        if verbosity != Verbosity::Quiet {
            progress::show_on_terminal();
        }
    }
    dispatch(cli.command, piped, verbosity).unwrap_or_else(|error| {
        report::fail(&error);
        Status::Failure
    })
}

/// Reads the arguments of the process, with what is short for others.
fn parse(piped: bool) -> Result<Cli, clap::Error> {
    let names: Vec<String> = Cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["help"]).collect();
    let mut given: Vec<_> = std::env::args_os().collect();
    if mdbook::is_preprocessor() {
        given.insert(1, "mdbook".into());
    }
    cluster::shown(Cli::command())
        .try_get_matches_from(shorthand::expanded(given, &names, piped))
        .and_then(|matches| Cli::from_arg_matches(&matches))
}

/// Says why arguments were not taken, or prints the help or version that they ask for.
fn refused(error: &clap::Error) -> Status {
    // Help and version come this way too; only they go to standard output.
    let fine = !error.use_stderr();
    // A file whose name was taken for an argument is part of the message.
    let said = error.render().to_string();
    if !fine && inert::plain(&said) != said {
        report::usage(&said);
        return Status::Failure;
    }
    if let Some(kind) = table::subject(error) {
        report::usage(&format!("{said}\nDid you mean `{} table {kind}`?", cluster::program()));
        return Status::Failure;
    }
    match error.print() {
        Ok(()) if fine => Status::Success,
        Err(e) if fine && e.kind() == std::io::ErrorKind::BrokenPipe => Status::Success,
        _ => Status::Failure,
    }
}

/// Runs a command.
fn dispatch(command: Command, piped: bool, verbosity: Verbosity) -> anyhow::Result<Status> {
    match command {
        Command::Draw(mut args) => {
            args.picture.name(args.input.subject());
            args.input.or_default(piped);
            draw::run(&args, verbosity)
        }
        Command::Check(mut args) => {
            args.input.or_default(piped);
            check::run(&args, verbosity)
        }
        Command::Explain { code } => explain::run(code.as_deref()),
        Command::Diff(args) => diff::run(&args, verbosity),
        Command::Serve(args) => serve::run(args, verbosity),
        Command::Mcp(args) => mcp::run(&args),
        Command::Mdbook(args) => mdbook::run(&args),
        Command::Table(mut args) => {
            args.input.or_default(piped);
            table::run(&args, verbosity)
        }
        Command::Why(mut args) => {
            args.sort_positions();
            args.input.or_default(piped);
            why::run(&args, verbosity)
        }
        Command::Units(args) => units::run(&args),
        Command::Version => output::to_stdout(Cli::command().render_version()).map(|()| Status::Success),
        Command::Schema => output::to_stdout(crate::render::SCHEMA).map(|()| Status::Success),
        Command::Completions { shell } => {
            complete::script(&shell.to_string()).and_then(output::to_stdout).map(|()| Status::Success)
        }
        Command::Man => manual(),
    }
}

/// The manual of the program and, after it, of each command.
fn manual() -> anyhow::Result<Status> {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
        clap_mangen::Man::new(sub.clone()).title(format!("kubesketch-{}", sub.get_name())).render(&mut page)?;
    }
    output::to_stdout(&page).map(|()| Status::Success)
}

/// The texts of `--help` for the program and each command, for the reference page in `docs/`.
pub fn reference() -> String {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut page = String::from(
        "# Command line\n\nMade from the program's own help; `KUBESKETCH_BLESS=1 cargo test --test house docs` updates \
         it.\n",
    );
    let mut section = |title: &str, command: &mut clap::Command| {
        page.push_str(&format!(
            "\n## {title}\n\n```text\n{}\n```\n",
            command.render_long_help().to_string().trim_end()
        ));
    };
    section("kubesketch", &mut command.clone());
    for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
        section(&format!("kubesketch {}", sub.get_name()), &mut sub.clone().term_width(100));
    }
    page.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}
