//! Findings as results of tests (<https://github.com/testmoapp/junitxml>): each kind of finding is a suite, each
//! finding a test that fails if it fails the run.

use std::collections::BTreeMap;

use super::{FindingsReport, place::place};
use crate::check::{Judged, Standing, rules};
use crate::diagnostic::{Code, Severity};
use crate::inert::shown;
use crate::render::xml::Xml;

/// XML that ends in a line break. A kind of which nothing was found is one test that passes.
pub(super) fn junit(report: &FindingsReport<'_>) -> String {
    let mut suites: BTreeMap<&str, (Option<Code>, Vec<&Judged>)> = BTreeMap::new();
    for rule in rules().filter(|r| report.looked_for.is_none_or(|codes| codes.contains(&r.code))) {
        suites.insert(rule.code.as_str(), (Some(rule.code), Vec::new()));
    }
    for judged in &report.judgement.findings {
        suites.entry(judged.finding.diagnostic.code.as_str()).or_default().1.push(judged);
    }
    let counts = |judged: &[&Judged]| {
        let failures = judged.iter().filter(|j| fails(report, j)).count();
        (judged.len().max(1), failures, judged.iter().filter(|j| !j.counts()).count())
    };
    let all: Vec<(usize, usize, usize)> = suites.values().map(|(_, judged)| counts(judged)).collect();
    let total = |pick: fn(&(usize, usize, usize)) -> usize| all.iter().map(pick).sum::<usize>().to_string();
    let mut xml = Xml::new();
    xml.element("testsuites")
        .attr("name", "kubesketch check")
        .attr("tests", &total(|c| c.0))
        .attr("failures", &total(|c| c.1))
        .attr("skipped", &total(|c| c.2))
        .children(|xml| {
            for (name, (_, judged)) in &suites {
                let (tests, failures, skipped) = counts(judged);
                let suite = xml.element("testsuite").attr("name", name).attr("tests", &tests.to_string());
                let suite = suite.attr("failures", &failures.to_string()).attr("errors", "0");
                suite.attr("skipped", &skipped.to_string()).children(|xml| {
                    if judged.is_empty() {
                        xml.element("testcase").attr("classname", name).attr("name", "nothing found");
                    }
                    for judged in judged {
                        case(xml, report, judged);
                    }
                });
            }
        });
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", xml.finish())
}

fn fails(report: &FindingsReport<'_>, judged: &Judged) -> bool {
    judged.counts() && report.gate.is_some_and(|gate| judged.finding.diagnostic.severity <= gate)
}

fn case(xml: &mut Xml, report: &FindingsReport<'_>, judged: &Judged) {
    let diagnostic = &judged.finding.diagnostic;
    let place = diagnostic.at.map(|at| place(report, at));
    let line = place.as_ref().and_then(|p| p.region).map(|r| r.line.to_string());
    let whose = match (&judged.finding.about, &place) {
        (Some(key), _) => key.to_string(),
        (None, Some(place)) => place.file.clone(),
        (None, None) => "input".to_owned(),
    };
    let element = xml.element("testcase").attr("classname", diagnostic.code.as_str());
    // Tests are known again by their names.
    let name = format!("{whose} {}", judged.fingerprint.get(..8).unwrap_or_default());
    let element = element.attr("name", &shown(&name));
    let element =
        element.maybe("file", place.as_ref().map(|p| shown(&p.file)).as_deref()).maybe("line", line.as_deref());
    let message = shown(&diagnostic.message);
    element.children(|xml| match &judged.standing {
        Standing::Suppressed { reason, .. } => {
            drop(xml.element("skipped").attr("message", &shown(&format!("suppressed: {reason}"))))
        }
        Standing::Known => drop(xml.element("skipped").attr("message", "known by the baseline")),
        Standing::Counts => {
            let at = place.as_ref().zip(line.as_ref()).map_or(whose.clone(), |(p, line)| format!("{}:{line}", p.file));
            let help = diagnostic.help.as_ref().map_or(String::new(), |h| format!("\nhelp: {}", shown(h)));
            let text = format!("{}: {message}{help}", shown(&at));
            if fails(report, judged) {
                let severity = diagnostic.severity;
                xml.element("failure").attr("message", &message).attr("type", severity.as_str()).text(&text);
            } else {
                let severity = match diagnostic.severity {
                    Severity::Info => "remark",
                    other => other.as_str(),
                };
                xml.element("system-out").text(&format!("{severity}: {text}"));
            }
        }
    });
}
