//! Opens the page in a browser, without a shell in between.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use crate::cli::report;
use crate::source::Programs;

/// Opens an address: with the first existing program of `BROWSER` (separated by `:`; `%s` is replaced by the
/// address), or with the opener of the system. A failure is reported and does not stop the server.
pub fn open(address: &str) {
    let programs = Programs::from_env();
    let named = std::env::var("BROWSER").unwrap_or_default();
    let (program, args) = match named_command(&named, address, &programs) {
        Some(found) => found,
        None => system_command(address),
    };
    let started =
        Command::new(&program).args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    match started {
        // Wait for the process, or it becomes a zombie.
        Ok(mut child) => drop(std::thread::spawn(move || child.wait())),
        Err(error) => report::say(&format!("--open: cannot start {}: {error}", program.to_string_lossy())),
    }
}

/// A program with its arguments.
type Invocation = (OsString, Vec<OsString>);

fn named_command(named: &str, address: &str, programs: &Programs) -> Option<Invocation> {
    // A drive of Windows has a colon of its own.
    let separator = if cfg!(windows) { ';' } else { ':' };
    named.split(separator).find_map(|command| {
        let mut words = command.split_whitespace();
        let name = words.next()?;
        let path = std::path::Path::new(name);
        let program = if path.components().count() > 1 {
            path.exists().then(|| path.to_path_buf())?
        } else {
            programs.find(name)?
        };
        let mut args: Vec<OsString> = words.map(|w| w.replace("%s", address).into()).collect();
        if !command.contains("%s") {
            args.push(address.into());
        }
        Some((program.into_os_string(), args))
    })
}

fn system_command(address: &str) -> Invocation {
    if cfg!(target_os = "macos") {
        ("open".into(), vec![address.into()])
    } else if cfg!(windows) {
        // `start` is a word of the shell.
        ("rundll32".into(), vec!["url.dll,FileProtocolHandler".into(), address.into()])
    } else {
        ("xdg-open".into(), vec![address.into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_first_browser_that_is_there_is_taken() {
        let programs = Programs::from_path(std::ffi::OsStr::new("/bin:/usr/bin"));
        let (program, args) = named_command("no-such-browser-anywhere:sh --new %s?x", "http://a/", &programs).unwrap();
        assert!(program.to_string_lossy().ends_with("/sh"));
        assert_eq!(args, ["--new", "http://a/?x"]);
        let (_, args) = named_command("sh", "http://a/", &programs).unwrap();
        assert_eq!(args, ["http://a/"]);
        assert!(named_command("", "http://a/", &programs).is_none());
    }
}
