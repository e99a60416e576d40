//! What ConfigMaps name to all who have them whole, as variables or files: read once, and told in part, so that many
//! users of much configuration do not each say all of it.

use std::collections::{BTreeMap, BTreeSet};

use super::texts::{self, Inheritance, Told, Variables};
use super::{Finder, Found, REPEATED, What, beside, pair};
use crate::policy::Said;

/// What has been read so far.
#[derive(Default)]
pub(super) struct Read {
    inherited: BTreeMap<Inheritance, Names>,
    whole: BTreeMap<usize, Names>,
    files: BTreeMap<(usize, String), Vec<Found>>,
}

/// What is named, by what it is.
#[derive(Default)]
struct Names {
    /// With the variables that name it, in the order of their places.
    told: BTreeMap<What, Vec<(Said, String)>>,
    /// Variables that may hold the port of a host, and the variables that name the host.
    beside: BTreeMap<String, Vec<String>>,
}

impl Names {
    fn add(&mut self, found: Vec<Found>, name: &str) {
        for Found { what, said } in found {
            self.told.entry(what).or_default().push((said, name.to_owned()));
        }
    }

    fn sorted(mut self) -> Names {
        self.told.values_mut().for_each(|all| all.sort());
        self
    }

    /// The first places at which each is named, without those of some variables.
    fn tell(&self, hidden: &BTreeSet<&str>, found: &mut Vec<Found>) {
        for (what, all) in &self.told {
            let seen = all.iter().filter(|(_, name)| !hidden.contains(name.as_str())).take(REPEATED);
            found.extend(seen.map(|(said, _)| Found { what: what.clone(), said: said.clone() }));
        }
    }
}

impl Read {
    /// Adds what the variables name that a container inherits and does not hide by its own.
    pub fn inherited(&mut self, finder: &Finder<'_>, told: &Told, home: &str, found: &mut Vec<Found>) {
        if told.inheritance.is_empty() {
            return;
        }
        if !self.inherited.contains_key(&told.inheritance) {
            self.inherited.insert(told.inheritance.clone(), variables(finder, &told.inherited, home));
        }
        let Some(names) = self.inherited.get(&told.inheritance) else { return };
        let mut hidden: BTreeSet<&str> = told.own.keys().map(String::as_str).collect();
        // A port of its own goes with a host that it inherits.
        let beside = told.own.keys().filter_map(|name| names.beside.get(name)).flatten();
        let again: BTreeSet<&str> = beside.map(String::as_str).filter(|host| !hidden.contains(host)).collect();
        for host in again {
            if let Some(text) = told.inherited.get(host) {
                finder.variable(text, told, home, found);
            }
            hidden.insert(host);
        }
        names.tell(&hidden, found);
    }

    /// Adds what the files name that a whole ConfigMap becomes.
    pub fn files(&mut self, finder: &Finder<'_>, map: usize, home: &str, found: &mut Vec<Found>) {
        let names = self.whole.entry(map).or_insert_with(|| {
            let mut names = Names::default();
            for text in texts::files(finder.cluster, map) {
                let mut found = Vec::new();
                finder.read(&text, home, &mut found);
                names.add(found, &text.key);
            }
            names.sorted()
        });
        names.tell(&BTreeSet::new(), found);
    }

    /// Adds what one file names.
    pub fn file(&mut self, finder: &Finder<'_>, file: &(usize, String), home: &str, found: &mut Vec<Found>) {
        let of_file = self.files.entry(file.clone()).or_insert_with(|| {
            let mut found = Vec::new();
            if let Some(text) = texts::file(finder.cluster, file.0, &file.1) {
                finder.read(&text, home, &mut found);
            }
            found
        });
        found.extend(of_file.iter().cloned());
    }
}

fn variables(finder: &Finder<'_>, variables: &Variables, home: &str) -> Names {
    let mut names = Names::default();
    for (name, text) in variables {
        let mut found = Vec::new();
        finder.read(text, home, &mut found);
        for port in beside(text, &found).into_iter().flatten() {
            names.beside.entry(port).or_default().push(name.clone());
        }
        pair(text, |name| variables.get(name), &mut found);
        names.add(found, name);
    }
    names.sorted()
}
