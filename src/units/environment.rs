//! The environment of a unit, by its path, and the selection of units by patterns.

use super::Unit;
use crate::kustomize;

/// Folders below which there is one for each environment.
const ABOVE: &[&str] =
    &["overlays", "overlay", "environments", "environment", "envs", "env", "clusters", "cluster", "stages"];

/// Names that environments have.
const NAMES: &[&str] = &[
    "dev",
    "develop",
    "development",
    "integration",
    "int",
    "live",
    "preprod",
    "preview",
    "prod",
    "production",
    "qa",
    "sandbox",
    "stage",
    "staging",
    "test",
    "testing",
    "uat",
];

/// The environment that a path names.
pub(super) fn of(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let below = parts.windows(2).rev().find(|pair| ABOVE.contains(&pair[0])).map(|pair| pair[1]);
    let below = below.filter(|name| !is_manifest(name));
    let named = parts.iter().rev().find(|part| NAMES.contains(&part.to_ascii_lowercase().as_str())).copied();
    below.or(named).map(str::to_owned)
}

fn is_manifest(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json")
}

/// The environment and the name of what is deployed: `prod/web` for `apps/web/overlays/prod`.
pub(super) fn label(unit: &Unit) -> String {
    let Some(environment) = &unit.environment else { return unit.name.clone() };
    let is_environment = |part: &&str| part == environment || ABOVE.contains(part);
    let subject = unit.name.split('/').rev().find(|part| !is_environment(part) && !part.is_empty() && *part != ".");
    match subject {
        Some(subject) => format!("{environment}/{subject}"),
        None => environment.clone(),
    }
}

/// The units of a folder that a pattern means. A whole name, path or label comes first; else it is a pattern of these,
/// of environments and of `environment/name`, where paths also count from the folder; else the name of a folder with
/// units below it.
pub fn select<'u>(units: &'u [Unit], folder: &str, pattern: &str) -> Vec<&'u Unit> {
    let from_here = kustomize::join(folder, pattern);
    let plain = kustomize::join(pattern, ".");
    let asked = [pattern, plain.as_str(), from_here.as_str()];
    let keep = |is_meant: &dyn Fn(&Unit) -> bool| units.iter().filter(|unit| is_meant(unit)).collect::<Vec<_>>();
    let exactly = keep(&|unit| {
        let label = unit.label();
        [unit.name.as_str(), unit.path.as_str(), label.as_str()].iter().any(|text| asked.contains(text))
    });
    // The word of an environment means all of it, also where one of its units is called like that.
    let is_word = |unit: &&Unit| unit.environment.as_deref() == Some(plain.as_str());
    if !exactly.is_empty() && !units.iter().any(|unit| is_word(&unit)) {
        return exactly;
    }
    let found = keep(&|unit| {
        let environment = unit.environment.as_deref().unwrap_or_default();
        let names = [&unit.name, &unit.path, &unit.label(), environment, &format!("{environment}/{}", unit.name)];
        names.iter().any(|text| !text.is_empty() && asked.iter().any(|pattern| matches(pattern, text)))
    });
    match found.is_empty() {
        true => keep(&|unit| kustomize::is_below(&from_here, &unit.path)),
        false => found,
    }
}

/// Whether a pattern means a text: `*` is any letters, `?` is one.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_environments() {
        for (path, expected) in [
            ("apps/web/overlays/prod", Some("prod")),
            ("clusters/eu-1/apps.yaml", Some("eu-1")),
            ("clusters/apps.yaml", None),
            ("staging/web", Some("staging")),
            ("base", None),
        ] {
            assert_eq!(of(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn patterns_select() {
        assert!(matches("prod/*", "prod/web") && matches("*web", "prod/web") && matches("a?c", "abc"));
        assert!(!matches("prod/*", "stage/web") && !matches("a", "ab") && matches("*", ""));
    }
}
