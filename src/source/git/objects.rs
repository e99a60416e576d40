//! Objects of a repository, from one `git cat-file --batch`. Guarantees: objects come as they are stored, without
//! filters or conversions, and what is larger than asked for costs no memory.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, ChildStdout};
use std::thread::JoinHandle;

use super::GitError;
use super::command::{Git, complaint};
use crate::source::render::first_lines;

/// So many bytes may wait at git's input: less than any pipe holds, so that neither side waits for the other.
const WAITING_BYTES: usize = 4000;

/// The id of an object: SHA-1 or SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Oid {
    bytes: [u8; 32],
    len: u8,
}

impl Oid {
    /// From 20 or 32 bytes.
    pub fn from_raw(raw: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        bytes.get_mut(..raw.len())?.copy_from_slice(raw);
        matches!(raw.len(), 20 | 32).then_some(Oid { bytes, len: raw.len() as u8 })
    }

    /// From 40 or 64 hexadecimal digits.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let digits: Option<Vec<u8>> = hex.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
        let raw: Vec<u8> = digits?.chunks(2).map(|pair| pair.iter().fold(0, |all, d| all << 4 | d)).collect();
        if hex.len().is_multiple_of(2) { Oid::from_raw(&raw) } else { None }
    }

    /// How many bytes it has.
    pub fn width(self) -> usize {
        usize::from(self.len)
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes[..self.width()].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What git has under a name.
#[derive(Debug)]
pub(super) enum Object {
    /// Nothing.
    Missing,
    /// More than was asked for.
    TooLarge,
    /// An object: `blob`, `tree`, `commit` or `tag`.
    Found { id: Oid, kind: String, bytes: Vec<u8> },
}

/// A running `git cat-file`.
pub(super) struct Objects {
    child: Child,
    // Both are `None` only once it has ended.
    stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: Option<JoinHandle<String>>,
}

impl Objects {
    /// Starts reading objects of a repository.
    pub fn open(git: &Git) -> Result<Self, GitError> {
        let mut child = git.start(&["cat-file", "--batch"])?;
        let stderr = child.stderr.take().map(|pipe| std::thread::spawn(|| first_lines(pipe)));
        Ok(Objects { stdin: child.stdin.take(), stdout: child.stdout.take().map(BufReader::new), stderr, child })
    }

    /// Reads objects by their names, in order, and gives each to `take`. A name must hold no newline.
    pub fn read(
        &mut self,
        names: &[String],
        limit: u64,
        mut take: impl FnMut(usize, Object) -> Result<(), GitError>,
    ) -> Result<(), GitError> {
        let mut asked = 0;
        let mut waiting = 0;
        for (at, name) in names.iter().enumerate() {
            let mut request = String::new();
            while let Some(next) = names.get(asked)
                && (asked <= at || waiting + next.len() < WAITING_BYTES)
            {
                request.push_str(next);
                request.push('\n');
                waiting += next.len() + 1;
                asked += 1;
            }
            if !request.is_empty() && self.ask(&request).is_err() {
                return Err(self.ended());
            }
            let Ok(object) = self.answer(limit) else { return Err(self.ended()) };
            waiting -= name.len() + 1;
            take(at, object)?;
        }
        Ok(())
    }

    /// Reads one object.
    pub fn one(&mut self, name: String, limit: u64) -> Result<Object, GitError> {
        let mut found = Object::Missing;
        self.read(&[name], limit, |_, object| {
            found = object;
            Ok(())
        })?;
        Ok(found)
    }

    fn ask(&mut self, request: &str) -> std::io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or(std::io::ErrorKind::BrokenPipe)?;
        stdin.write_all(request.as_bytes())?;
        stdin.flush()
    }

    fn answer(&mut self, limit: u64) -> std::io::Result<Object> {
        answer(self.stdout.as_mut().ok_or(std::io::ErrorKind::BrokenPipe)?, limit)
    }

    /// Why git no longer answers.
    fn ended(&mut self) -> GitError {
        self.stdin = None;
        self.stdout = None;
        let status = self.child.wait().map(|s| s.to_string()).unwrap_or_default();
        let said = self.stderr.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        GitError::Failed { verb: "cat-file".into(), said: complaint(said.as_bytes(), &status) }
    }
}

/// Reads `ID KIND SIZE`, a newline, so many bytes and a newline; or `NAME missing` and the like.
pub(super) fn answer(from: &mut dyn BufRead, limit: u64) -> std::io::Result<Object> {
    let mut header = Vec::new();
    from.read_until(b'\n', &mut header)?;
    if header.pop() != Some(b'\n') {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let header = String::from_utf8_lossy(&header);
    let mut words = header.split(' ');
    let (id, kind, size) =
        (words.next().and_then(Oid::from_hex), words.next(), words.next().and_then(|s| s.parse::<u64>().ok()));
    let (Some(id), Some(kind), Some(size)) = (id, kind, size) else {
        return Ok(Object::Missing);
    };
    if size > limit {
        // A size that no object has is as much as there is.
        std::io::copy(&mut from.take(size.saturating_add(1)), &mut std::io::sink())?;
        return Ok(Object::TooLarge);
    }
    let mut bytes = Vec::with_capacity(size as usize + 1);
    from.take(size + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != size + 1 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    bytes.pop();
    Ok(Object::Found { id, kind: kind.to_owned(), bytes })
}

impl Drop for Objects {
    fn drop(&mut self) {
        // Without anything more to read it ends by itself.
        self.stdin = None;
        self.stdout = None;
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_forty_or_sixty_four_digits() {
        for digits in [40, 64] {
            let hex: String = "0123456789abcdef".chars().cycle().take(digits).collect();
            assert_eq!(Oid::from_hex(&hex).unwrap().to_string(), hex);
        }
        for hex in
            ["", "0", "0123", &"0".repeat(39), &"0".repeat(41), &"0".repeat(80), &"g".repeat(40), &"é".repeat(20)]
        {
            assert_eq!(Oid::from_hex(hex), None, "{hex}");
        }
    }
}
