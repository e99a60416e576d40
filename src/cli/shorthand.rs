//! Command lines without a command: `kubesketch deploy/` and `kubectl get … | kubesketch` mean `draw`.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Options of every command that take a value.
const WITH_VALUE: &[&str] = &["--color"];
/// Options of every command that take none.
const ALONE: &[&str] = &["-q", "--quiet", "-v", "--verbose", "-qv", "-vq"];
/// Options after which no command is needed.
const COMPLETE: &[&str] = &["-h", "--help", "-V", "--version"];

/// The arguments of the process (the first is the program) with `draw` in its place, where they name no command but
/// something to draw.
pub fn expanded(arguments: impl IntoIterator<Item = OsString>, commands: &[&str], piped: bool) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if let Some(place) = place_of_draw(&arguments, commands, piped) {
        arguments.insert(place, "draw".into());
    }
    arguments
}

/// The position where `draw` is missing.
fn place_of_draw(arguments: &[OsString], commands: &[&str], piped: bool) -> Option<usize> {
    let mut at = 1;
    while let Some(argument) = arguments.get(at) {
        let word = argument.to_str().unwrap_or_default();
        match word {
            _ if ALONE.contains(&word) || WITH_VALUE.iter().any(|o| word.starts_with(&format!("{o}="))) => at += 1,
            _ if WITH_VALUE.contains(&word) => at += 2,
            _ if COMPLETE.contains(&word) || commands.contains(&word) => return None,
            _ => return names_input(argument).then_some(at),
        }
    }
    (piped && at == arguments.len()).then_some(at)
}

/// True for an option of `draw`, and for what is or looks like a path.
fn names_input(argument: &OsStr) -> bool {
    let path = Path::new(argument);
    let manifest = path.extension().is_some_and(|e| ["yaml", "yml", "json"].iter().any(|known| e == *known));
    let bytes = argument.as_encoded_bytes();
    bytes.starts_with(b"-") || manifest || bytes.contains(&b'/') || path.exists()
}

/// True if a program or a file gives standard input: no terminal, and no device such as `/dev/null`.
#[cfg(unix)]
pub fn is_piped() -> bool {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::FileTypeExt as _;
    let kind = std::io::stdin().as_fd().try_clone_to_owned().and_then(|fd| std::fs::File::from(fd).metadata());
    kind.is_ok_and(|m| m.file_type().is_fifo() || m.file_type().is_file())
}

/// True if a program or a file gives standard input. Only standard input that is asked for is read here.
#[cfg(not(unix))]
pub fn is_piped() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(arguments: &[&str], piped: bool) -> String {
        let all = ["kubesketch"].iter().chain(arguments).map(OsString::from);
        let words = expanded(all, &["draw", "check", "help"], piped);
        words.iter().skip(1).map(|w| w.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_path_or_an_option_of_draw_is_drawn() {
        for (given, meant) in [
            (&["."][..], "draw ."),
            (&["deploy.yaml"], "draw deploy.yaml"),
            (&["-"], "draw -"),
            (&["no/such"], "draw no/such"),
            (&["-v", "src", "-o", "x.svg"], "-v draw src -o x.svg"),
            (&["--color", "never", "-o", "svg"], "--color never draw -o svg"),
            (&["--color=never", "a.yml"], "--color=never draw a.yml"),
        ] {
            assert_eq!(line(given, false), meant);
        }
    }

    #[test]
    fn commands_words_and_help_stay_as_they_are() {
        for given in [&["check", "."][..], &["help"], &["--help"], &["-q", "-V"], &["chekc"], &[]] {
            assert_eq!(line(given, false), given.join(" "));
        }
    }

    #[test]
    fn piped_manifests_are_drawn_without_any_argument() {
        assert_eq!(line(&[], true), "draw");
        assert_eq!(line(&["-v"], true), "-v draw");
        assert_eq!(line(&["check"], true), "check");
    }
}
