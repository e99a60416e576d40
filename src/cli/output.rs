//! Where results go: standard output, or files that are written whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result};

use crate::render::Format;

/// One `-o`: a format and a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What to write.
    pub format: Format,
    /// Where; `None` is standard output.
    pub file: Option<PathBuf>,
}

impl FromStr for Target {
    type Err = String;

    /// `svg` is a format (to standard output, as kubectl users expect), `net.svg` a file whose ending says the format,
    /// `svg=picture.txt` both, and `./svg` a file.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(format) = text.parse::<Format>() {
            return Ok(Target { format, file: None });
        }
        if let Some((format, file)) = text.split_once('=')
            && let Ok(format) = format.parse::<Format>()
        {
            return match file {
                "" => Err("a file name is missing after `=`".into()),
                "-" => Ok(Target { format, file: None }),
                file => Ok(Target {
                    format,
                    file: Some(file.into()),
                }),
            };
        }
        let path = Path::new(text);
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        match Format::from_extension(ending) {
            Some(format) => Ok(Target {
                format,
                file: Some(path.to_owned()),
            }),
            None => {
                let known: Vec<&str> = Format::ALL.iter().map(|f| f.as_str()).collect();
                Err(format!(
                    "the ending says no format; one of {} is known, and FORMAT=FILE says both",
                    known.join(", ")
                ))
            }
        }
    }
}

/// Writes text to a target.
pub fn write(target: &Target, content: &str) -> Result<()> {
    match &target.file {
        None => to_stdout(content),
        Some(path) => to_file(path, content.as_bytes()).with_context(|| format!("cannot write {}", path.display())),
    }
}

/// Writes to standard output. A reader that has gone away is no error.
pub fn to_stdout(content: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(content.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to standard output"),
    }
}

/// Replaces a file in one step, through a temporary file beside it. What is no regular file (a pipe, `/dev/stdout`) is written to as it is.
fn to_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&target).is_ok_and(|m| !m.is_file()) {
        if target.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        return fs::OpenOptions::new().write(true).open(&target)?.write_all(content);
    }
    let folder = match target.parent() {
        Some(p) if !p.as_os_str().is_empty() => p.to_owned(),
        _ => PathBuf::from("."),
    };
    if !folder.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("there is no folder {}", folder.display()),
        ));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kubesketch-");
    let permissions = fs::metadata(&target).map(|m| m.permissions()).ok();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut temporary = builder.tempfile_in(&folder)?;
    temporary.write_all(content)?;
    if let Some(permissions) = permissions {
        fs::set_permissions(temporary.path(), permissions)?;
    }
    temporary.persist(&target).map(|_| ()).map_err(|e| e.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Target {
        text.parse().unwrap()
    }

    #[test]
    fn a_format_a_file_or_both() {
        assert_eq!(
            parse("svg"),
            Target {
                format: Format::Svg,
                file: None
            }
        );
        assert_eq!(
            parse("net.svg"),
            Target {
                format: Format::Svg,
                file: Some("net.svg".into())
            }
        );
        assert_eq!(
            parse("svg=picture.txt"),
            Target {
                format: Format::Svg,
                file: Some("picture.txt".into())
            }
        );
        assert_eq!(
            parse("json=-"),
            Target {
                format: Format::Json,
                file: None
            }
        );
        assert!("./svg".parse::<Target>().is_err());
        assert!("picture.bmp".parse::<Target>().is_err());
        assert_eq!(
            parse("a=b.dot"),
            Target {
                format: Format::Dot,
                file: Some("a=b.dot".into())
            }
        );
    }

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.svg");
        to_file(&path, b"one").unwrap();
        to_file(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(to_file(&folder.path().join("no/x.svg"), b"").is_err());
        assert!(to_file(folder.path(), b"").is_err());
    }
}
