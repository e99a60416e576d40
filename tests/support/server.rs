//! A running `kubesketch serve` and a client for it that does exactly what it is told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Nothing takes so long, also on a machine that does many other things.
const DEADLINE: Duration = Duration::from_secs(120);

/// The program while it serves. It ends with this.
pub struct Server {
    pub child: Child,
    pub port: u16,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    fn read(mut stream: TcpStream) -> Answer {
        let mut bytes = Vec::new();
        // A server that refuses does not wait for the rest.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        Answer {
            status: head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }
}

pub fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubesketch"));
    command.arg("serve").args(args).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

impl Server {
    pub fn start(folder: &Path, args: &[&str]) -> Server {
        Server::of(command(folder, args).spawn().unwrap())
    }

    pub fn of(mut child: Child) -> Server {
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("http://127.0.0.1:").and_then(|l| l.strip_suffix('/'));
        Server { child, port: port.unwrap_or_else(|| panic!("{line:?} is no address")).parse().unwrap() }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// Sends some bytes and reads to the end.
    pub fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        let _ = stream.write_all(bytes);
        Answer::read(stream)
    }

    /// A request with a body, if there is one. HTTP/1.0, so that the answer comes in one piece and ends.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.raw(self.request(method, path, headers, body).as_bytes())
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut text = format!("{method} {path} HTTP/1.0\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            text.push_str(&format!("Host: 127.0.0.1:{}\r\n", self.port));
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        format!("{text}\r\n{body}")
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }

    /// The page as it is now.
    pub fn page(&self) -> String {
        let answer = self.get("/");
        assert_eq!(answer.status, 200);
        answer.body
    }

    pub fn paste(&self, text: &str) -> Answer {
        self.ask("POST", "/paste", &[("Content-Type", "application/yaml")], text)
    }

    /// Listens to changes. The first event is about the state at this moment.
    pub fn events(&self) -> Events {
        let mut stream = self.connect();
        stream.write_all(self.request("GET", "/events", &[], "").as_bytes()).unwrap();
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        Events { status: line.split(' ').nth(1).unwrap().parse().unwrap(), lines }
    }

    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let killed = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(killed.unwrap().success());
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An open stream of events.
pub struct Events {
    pub status: u16,
    lines: BufReader<TcpStream>,
}

impl Events {
    /// The next event: its name and what it says. `None` at the end.
    pub fn next(&mut self) -> Option<(String, String)> {
        let (mut name, mut data) = (String::new(), None);
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            let line = line.trim_end();
            if let Some(said) = line.strip_prefix("event: ") {
                name = said.to_owned();
            } else if let Some(said) = line.strip_prefix("data: ") {
                data = Some(said.to_owned());
            } else if let (true, Some(data)) = (line.is_empty(), data.take()) {
                return Some((name, data));
            }
        }
    }

    /// The next state.
    pub fn state(&mut self) -> serde_json::Value {
        let (name, data) = self.next().unwrap();
        assert_eq!(name, "state", "{data}");
        serde_json::from_str(&data).unwrap()
    }

    /// The first state of which something is true.
    pub fn until(&mut self, is_it: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        loop {
            let state = self.state();
            if is_it(&state) {
                return state;
            }
        }
    }
}
