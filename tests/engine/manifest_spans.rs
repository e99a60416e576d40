//! Places in the input lie where characters begin and end, whatever the input is: who shows or cuts a text by them
//! neither panics nor shows half a character.

use kubesketch::check;
use kubesketch::diagnostic::Diagnostic;
use kubesketch::manifest::{Tree, Value, values};
use kubesketch::source::{Loaded, Sources, Span};
use kubesketch::world::{Options, World};

/// How many documents are made.
const DOCUMENTS: usize = 4_000;

/// Documents with characters of every length in every kind of place.
const SEEDS: &[&str] = &[
    "apiVersion: v1\nkind: Service\nmetadata: {name: é, annotations: {\"漢\": '😀'}}\nspec:\n  ports:\n  - port: 80 # é\n    name: 漢\n  selector: {\"a\": é}\n",
    "# é\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: &l {é: 漢}\n  annotations: *l\ndata:\n  é: |\n    😀\n    漢: é\n  b: >-\n    é\n  c: \"é\n    漢\"\n  http: http://é.b.svc:80/漢\n",
    "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"é\"}, \"spec\": {\"containers\": [{\"name\": \"漢\", \"image\": \"😀\", \"env\": [{\"name\": \"é\", \"value\": \"http://漢:80\"}]}]}}\n",
    "apiVersion: v1\nkind: List\nitems:\n- apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: '漢'}\n  spec:\n    selector: {matchLabels: {é: 😀}}\n    template:\n      metadata: {labels: {é: 😀}}\n      spec:\n        containers: [{name: é, image: 漢, args: [--é=😀, \"漢\"]}]\n",
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: é}\nspec:\n  podSelector: {matchLabels: {漢: é}}\n  ingress:\n  - from: [{ipBlock: {cidr: 漢}}]\n    ports: [{port: é}, {port: 😀, protocol: 漢}]\n",
    "a:\n  b: 'é\n漢\n😀'\n  <<: {é: 漢}\n  ? é\n  : !漢 😀\n  c: [é,\n\t漢]\n---\n%é\n--- 漢\n...\n{{ .é }}: {{ .漢 }}\n",
];

/// What is put in: what YAML and JSON are made of, and characters of one to four bytes.
const PIECES: &[&str] = &[
    "é",
    "漢",
    "😀",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{300}",
    "\u{7f}",
    "\u{1}",
    "\0",
    "\t",
    "\r",
    "\r\n",
    "\n",
    "\n\n",
    " ",
    "  ",
    ":",
    ": ",
    "-",
    "- ",
    "? ",
    "#",
    " #",
    "'",
    "\"",
    "`",
    "@",
    "%",
    "&é",
    "*é",
    "!",
    "!!int ",
    "!é ",
    "|",
    ">",
    "|2",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\\",
    "\\u00e",
    "\\é",
    "<<: ",
    "---",
    "---\n",
    "...\n",
    "{{",
    "}}",
    "{{ .Values.é }}",
    "<<<<<<< é\n",
    "~",
    "0x",
    "1e",
    "é:漢\n",
    "é: 漢: 😀\n",
    "\té: 漢\n",
    "data:\n",
    "spec:\n",
    "name: ",
];

/// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit.max(1) as u64) as usize
    }

    fn place(&mut self, text: &str) -> usize {
        let at = self.below(text.len() + 1);
        text.floor_char_boundary(at)
    }
}

fn mutated(random: &mut Random) -> String {
    let mut text = SEEDS[random.below(SEEDS.len())].to_owned();
    for _ in 0..=random.below(3) {
        let at = random.place(&text);
        match random.below(5) {
            0 => text.truncate(at),
            1 => {
                let end = text.ceil_char_boundary((at + 1 + random.below(12)).min(text.len()));
                text.replace_range(at..end, "");
            }
            2 => {
                let end = text.ceil_char_boundary((at + random.below(40)).min(text.len()));
                let copy = text[at..end].to_owned();
                let to = random.place(&text);
                text.insert_str(to, &copy);
            }
            _ => text.insert_str(at, PIECES[random.below(PIECES.len())]),
        }
    }
    text
}

/// Keeps the places that are none.
struct Places<'a> {
    text: &'a str,
    wrong: Vec<String>,
    seen: usize,
}

impl Places<'_> {
    fn look(&mut self, what: &str, at: Span) {
        self.seen += 1;
        let (start, end) = (at.start as usize, at.end as usize);
        let is_place = |at: usize| self.text.is_char_boundary(at);
        if !(start <= end && is_place(start) && is_place(end)) {
            self.wrong.push(format!("{what}: {start}..{end} of {:?}", self.text));
        }
    }

    fn diagnostic(&mut self, diagnostic: &Diagnostic) {
        let places = diagnostic.at.iter().chain(diagnostic.related.iter().map(|related| &related.at));
        places.for_each(|at| self.look(&diagnostic.message, *at));
    }

    fn tree(&mut self, tree: &Tree) {
        self.look(tree.kind_name(), tree.span);
        match &tree.value {
            Value::Map(entries) => entries.iter().for_each(|entry| {
                self.look("a key", entry.key_span);
                self.tree(&entry.value);
            }),
            Value::Seq(items) => items.iter().for_each(|item| self.tree(item)),
            _ => {}
        }
    }
}

#[test]
fn places_lie_between_characters() {
    let mut random = Random(15);
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for _ in 0..DOCUMENTS {
        let sources = Sources::from_texts([("a.yaml", mutated(&mut random))]);
        let file = sources.ids().next().unwrap();
        let mut places = Places { text: sources.text(file), wrong: Vec::new(), seen: 0 };
        let read = values(&sources, file);
        read.value.iter().for_each(|tree| places.tree(tree));
        read.diagnostics.iter().for_each(|diagnostic| places.diagnostic(diagnostic));
        let loaded = Loaded { sources: sources.clone(), ..Loaded::default() };
        let world = World::new(loaded, &Options::default()).unwrap();
        world.diagnostics().iter().for_each(|diagnostic| places.diagnostic(diagnostic));
        for finding in check::check(&world, &check::Options::default()) {
            places.diagnostic(&finding.diagnostic);
        }
        for entry in world.cluster().entries() {
            places.look("an object", entry.object.span);
            places.tree(&entry.object.tree);
        }
        seen += places.seen;
        wrong.extend(places.wrong);
    }
    assert!(seen > 5 * DOCUMENTS, "{seen} places");
    let count = wrong.len();
    wrong.truncate(12);
    assert!(wrong.is_empty(), "{count} of {seen} places:\n{}", wrong.join("\n"));
}
