//! Where a finding is, for programs that show it beside the file: paths as a repository has them.

use super::FindingsReport;
use crate::source::{Span, template_of};

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The path, with `/` between its parts; without `./` before it, and without the folder that paths are relative to.
    pub file: String,
    /// Where in it; `None` where the file is what others are made of (a template of Helm, a kustomization), whose lines
    /// are not those that were read.
    pub region: Option<Region>,
}

/// A line, and the columns in it, all from 1 and in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub line: u32,
    pub column: u32,
    /// Just after the last character, if that is on the same line.
    pub end_column: Option<u32>,
}

/// The place of a span.
pub(super) fn place(report: &FindingsReport<'_>, at: Span) -> Place {
    let name = report.sources.name(at.file);
    if let Some(template) = template_of(report.sources, at) {
        return Place { file: relative(report, &template), region: None };
    }
    if let Some(folder) = name.strip_prefix("kustomize:") {
        return Place {
            file: relative(report, &format!("{}/kustomization.yaml", folder.trim_end_matches('/'))),
            region: None,
        };
    }
    if let Some(chart) = name.strip_prefix("helm:") {
        return Place { file: relative(report, &format!("{}/Chart.yaml", chart.trim_end_matches('/'))), region: None };
    }
    let text = report.sources.text(at.file);
    let inside = text.get(at.start as usize..at.end as usize).unwrap_or_default();
    let one_line = !inside.is_empty() && !inside.contains(['\n', '\r']);
    Place {
        file: relative(report, name),
        region: Some(Region {
            line: at.line,
            column: at.column,
            end_column: one_line.then(|| at.column + inside.chars().count() as u32),
        }),
    }
}

/// A path as it is below the folder that paths are relative to.
fn relative(report: &FindingsReport<'_>, path: &str) -> String {
    let base = report.base.trim_end_matches('/');
    let below = path.strip_prefix(base).and_then(|p| p.strip_prefix('/')).filter(|_| !base.is_empty());
    let mut path = below.unwrap_or(path);
    while let Some(rest) = path.strip_prefix("./") {
        path = rest;
    }
    path.to_owned()
}

impl Place {
    /// The path as a reference that URIs allow (<https://www.rfc-editor.org/rfc/rfc3986>): whatever is no letter, digit
    /// or plain sign is percent-encoded.
    pub fn uri(&self) -> String {
        let mut uri = String::new();
        if self.file.starts_with('/') {
            uri.push_str("file://");
        }
        for byte in self.file.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
                uri.push(byte as char);
            } else {
                uri.push_str(&format!("%{byte:02X}"));
            }
        }
        uri
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Judgement;
    use crate::source::Sources;

    fn place_in(name: &str, base: &str) -> Place {
        let sources = Sources::from_texts([(name, "a: b\nc: dé\n")]);
        let report =
            FindingsReport { judgement: &Judgement::default(), sources: &sources, looked_for: None, gate: None, base };
        let at = Span { file: sources.ids().next().unwrap(), line: 2, column: 4, start: 8, end: 11 };
        place(&report, at)
    }

    #[test]
    fn files_are_told_as_a_repository_has_them() {
        let check = |name: &str, base: &str, expected: &str| {
            assert_eq!(place_in(name, base).file, expected, "{name} in {base}")
        };
        check("deploy/x.yaml", "/work", "deploy/x.yaml");
        check("././x.yaml", "", "x.yaml");
        check("/work/deploy/x.yaml", "/work", "deploy/x.yaml");
        check("/work/deploy/x.yaml", "/", "/work/deploy/x.yaml");
        check("/workshop/x.yaml", "/work", "/workshop/x.yaml");
        check("../x.yaml", "/work", "../x.yaml");
        let region = place_in("x.yaml", "").region.unwrap();
        assert_eq!((region.line, region.column, region.end_column), (2, 4, Some(6)));
    }

    #[test]
    fn what_programs_made_is_told_where_it_was_made_of() {
        for (name, file) in [
            ("kustomize:overlays/prod", "overlays/prod/kustomization.yaml"),
            ("kustomize:./base/", "base/kustomization.yaml"),
            ("helm:/work/charts/shop", "charts/shop/Chart.yaml"),
        ] {
            let place = place_in(name, "/work");
            assert_eq!((place.file.as_str(), place.region), (file, None));
        }
    }

    #[test]
    fn uris_hold_what_uris_can() {
        assert_eq!(place_in("a b/é%#?.yaml", "").uri(), "a%20b/%C3%A9%25%23%3F.yaml");
        assert_eq!(place_in("/elsewhere/x.yaml", "").uri(), "file:///elsewhere/x.yaml");
        assert_eq!(place_in("<stdin>", "").uri(), "%3Cstdin%3E");
    }
}
