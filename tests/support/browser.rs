//! Chromium that opens pages of a small server and tells what became of them: what ran, what was asked for, what stands
//! there.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

/// A server on this machine that has some files, and remembers every request for anything else.
pub struct Server {
    pub origin: String,
    files: Arc<Mutex<BTreeMap<String, (&'static str, String)>>>,
    strange: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server {
            origin: format!("http://{}", listener.local_addr().unwrap()),
            files: Arc::default(),
            strange: Arc::default(),
        };
        let (files, strange) = (server.files.clone(), server.strange.clone());
        // It ends with the test.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (files, strange) = (files.clone(), strange.clone());
                std::thread::spawn(move || answer(stream, &files, &strange));
            }
        });
        server
    }

    /// Adds a file. The type follows from the ending of its name.
    pub fn put(&self, name: &str, content: String) {
        let kind = if name.ends_with(".svg") { "image/svg+xml" } else { "text/html; charset=utf-8" };
        self.files.lock().unwrap().insert(format!("/{name}"), (kind, content));
    }

    /// What was asked for and is no file, since the last time.
    pub fn strange(&self) -> Vec<String> {
        std::mem::take(&mut self.strange.lock().unwrap())
    }
}

type Files = Mutex<BTreeMap<String, (&'static str, String)>>;

fn answer(mut stream: TcpStream, files: &Files, strange: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else { return };
    while lines.next().is_some_and(|l| l.is_ok_and(|l| !l.is_empty())) {}
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let found = files.lock().unwrap().get(&path).cloned();
    if found.is_none() && path != "/favicon.ico" {
        strange.lock().unwrap().push(first);
    }
    let (status, (kind, content)) = found.map_or(("404 Not Found", ("text/plain", String::new())), |f| ("200 OK", f));
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        content.len()
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(content.as_bytes()));
}

/// What became of a page.
#[derive(Debug, serde::Deserialize)]
pub struct Seen {
    pub page: String,
    /// Whether something of the input ran.
    pub ran: bool,
    pub scripts: usize,
    /// Elements that can load or run something and that no page of ours has, attributes that are code, and links that
    /// are.
    pub foreign: Vec<String>,
    /// Which of the wanted texts are nowhere in it.
    pub missing: Vec<String>,
    /// How many elements it has.
    pub elements: usize,
    /// How many things were clicked or typed into.
    pub touched: usize,
}

/// Opens pages of the server one after the other, touches everything in them that can be touched, and looks. `None`,
/// with a word about it, where there is no Chromium.
pub fn open(server: &Server, folder: &Path, pages: &[&str], wanted: &[String]) -> Option<Vec<Seen>> {
    let mut command: Command = super::skip::program("chromium")?;
    let data = |value: serde_json::Value| value.to_string().replace('<', "\\u003c");
    server.put(
        "harness.html",
        HARNESS.replace("PAGES", &data(serde_json::json!(pages))).replace("WANTED", &data(serde_json::json!(wanted))),
    );
    let profile = tempfile::tempdir_in(folder).unwrap();
    let output = command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync", "--virtual-time-budget=600000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("{}/harness.html", server.origin))
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&output.stdout);
    let start = page.find("READY[").unwrap_or_else(|| panic!("the harness ran to its end\n{page}")) + 5;
    let end = start + page[start..].find("DONE").unwrap();
    let json =
        page[start..end].replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&");
    Some(serde_json::from_str(&json).unwrap())
}

const HARNESS: &str = r##"<!DOCTYPE html><meta charset="utf-8"><pre id="out"></pre><script>
const pages = PAGES, wanted = WANTED;
const pause = ms => new Promise(done => setTimeout(done, ms));
// What a reader sees: runs of spaces, and of what stands for characters that cannot be shown, are one.
const plain = text => text.replace(/[\s\uFFFD]+/g, ' ').trim();
(async () => {
  const all = [];
  for (const page of pages) {
    const frame = document.createElement('iframe');
    frame.width = 1200; frame.height = 900;
    const loaded = new Promise(done => { frame.onload = done; });
    frame.src = '/' + page;
    document.body.append(frame);
    await loaded;
    await pause(50);
    const view = frame.contentWindow, doc = frame.contentDocument;
    const one = { page, ran: false, scripts: 0, foreign: [], missing: [], elements: 0, touched: 0 };
    const shown = plain(doc.documentElement.textContent);
    one.missing = wanted.filter(text => !shown.includes(plain(text)));
    one.elements = doc.querySelectorAll('*').length;
    // An error of the page's own script must not end the round.
    view.addEventListener('error', event => event.preventDefault());
    for (const field of doc.querySelectorAll('input, textarea')) {
      for (const text of ['s', ...wanted.slice(0, 3)]) {
        if (field.type === 'checkbox' || field.type === 'radio') { field.click(); continue; }
        field.value = text;
        field.dispatchEvent(new view.Event('input', { bubbles: true }));
        field.dispatchEvent(new view.Event('change', { bubbles: true }));
        await pause(5);
      }
      one.touched++;
    }
    const things = [...doc.querySelectorAll('button, summary, select, label, a[href^="#"], [tabindex], g.node, g.edge, g.group, tr')];
    for (const thing of things.slice(0, 1500)) {
      for (const kind of ['pointerover', 'mouseover', 'mouseenter', 'focus', 'click']) {
        thing.dispatchEvent(new view.MouseEvent(kind, { bubbles: true, cancelable: true, view }));
      }
      one.touched++;
    }
    await pause(100);
    const later = frame.contentDocument;
    one.ran = !later || later !== doc || view.hostile !== undefined || doc.documentElement.dataset.hostile !== undefined
      || document.documentElement.dataset.hostile !== undefined;
    one.scripts = doc.querySelectorAll('script').length;
    const odd = 'img, iframe, object, embed, link, foreignObject, image, use, animate, set, audio, video, base, form, [style*="url("], [onload], [srcdoc]';
    one.foreign = [...doc.querySelectorAll(odd)].map(e => e.tagName + ' ' + e.outerHTML.slice(0, 200));
    for (const element of doc.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        const code = name.toLowerCase().startsWith('on');
        const link = ['href', 'xlink:href', 'src', 'action', 'formaction', 'data', 'to'].includes(name.toLowerCase());
        if (code || link && !/^(#|[\w.-]+(#|$))/.test(value)) one.foreign.push(`${element.tagName} ${name}=${value.slice(0, 100)}`);
      }
    }
    all.push(one);
    frame.remove();
  }
  document.getElementById('out').textContent = 'READY' + JSON.stringify(all) + 'DONE';
})();
</script>"##;
