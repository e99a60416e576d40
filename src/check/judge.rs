//! Which findings count: those that are looked for, that nobody has accepted, and that are new.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::baseline::{Baseline, KnownFinding};
use super::fingerprint::fingerprints;
use super::suppress::{Lookup, Suppressions};
use crate::diagnostic::{Code, Severity};
use crate::source::Span;
use crate::world::World;

/// What counts and how much.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms<'a> {
    /// Findings of these kinds only; of all kinds if it is empty.
    pub select: Option<&'a BTreeSet<Code>>,
    /// None of these.
    pub skip: Option<&'a BTreeSet<Code>>,
    /// As how bad findings of some kinds count.
    pub severities: Option<&'a BTreeMap<Code, Severity>>,
    /// What has been accepted.
    pub suppressions: Option<&'a Suppressions>,
    /// What was there already.
    pub baseline: Option<&'a Baseline>,
}

/// What was decided about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Counts,
    /// Somebody has accepted it.
    Suppressed {
        /// Where that is written.
        at: Span,
        /// Why.
        reason: String,
    },
    /// It was there already.
    Known,
}

/// A finding and what was decided about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// By what it is known again when lines have moved and other objects have changed: 32 hexadecimal digits.
    pub fingerprint: String,
    /// Whether it counts.
    pub standing: Standing,
}

impl Judged {
    /// Whether it counts.
    pub fn counts(&self) -> bool {
        self.standing == Standing::Counts
    }

    /// Where and why it is accepted, if it is.
    pub fn suppressed(&self) -> Option<(Span, &str)> {
        match &self.standing {
            Standing::Suppressed { at, reason } => Some((*at, reason)),
            Standing::Counts | Standing::Known => None,
        }
    }
}

/// All findings, decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// By place.
    pub findings: Vec<Judged>,
    /// What the baseline knows and is there no more, sorted.
    pub fixed: Vec<KnownFinding>,
}

impl Judgement {
    /// Those that count.
    pub fn counting(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|j| j.counts()).map(|j| &j.finding)
    }

    /// Lets what a baseline knows count no more.
    pub fn know(&mut self, baseline: &Baseline) {
        for judged in self.findings.iter_mut().filter(|j| j.standing == Standing::Counts) {
            if baseline.knows(&judged.fingerprint) {
                judged.standing = Standing::Known;
            }
        }
    }
}

impl Terms<'_> {
    /// Whether findings of a kind are looked for.
    pub fn wants(&self, code: Code) -> bool {
        self.select.is_none_or(|s| s.is_empty() || s.contains(&code)) && !self.skip.is_some_and(|s| s.contains(&code))
    }
}

/// Decides about findings, in any order.
pub fn judge(mut findings: Vec<Finding>, world: &World, terms: &Terms<'_>) -> Judgement {
    findings.retain(|f| terms.wants(f.diagnostic.code));
    let suppressions = terms.suppressions.map_or(&[][..], |s| &s.all);
    let lookup = Lookup::new(suppressions);
    let mut accepted = BTreeMap::new();
    let mut used = vec![false; suppressions.len()];
    for (place, finding) in findings.iter().enumerate() {
        for index in lookup.covering(finding) {
            used[index] = true;
            accepted.entry(place).or_insert(&suppressions[index]);
        }
    }
    let mut all: Vec<(Finding, Standing)> = Vec::new();
    for (place, finding) in findings.into_iter().enumerate() {
        let standing = accepted
            .get(&place)
            .map_or(Standing::Counts, |s| Standing::Suppressed { at: s.at, reason: s.reason.clone() });
        all.push((finding, standing));
    }
    let unused = suppressions.iter().zip(used).filter(|(s, used)| !used && terms.wants(s.code()));
    let told = unused.map(|(s, _)| s.unused()).chain(terms.suppressions.iter().flat_map(|s| s.faults.clone()));
    all.extend(told.filter(|f| terms.wants(f.diagnostic.code)).map(|f| (f, Standing::Counts)));
    for (finding, _) in &mut all {
        let diagnostic = &mut finding.diagnostic;
        if let Some(severity) = terms.severities.and_then(|s| s.get(&diagnostic.code)) {
            diagnostic.severity = *severity;
        }
    }
    all.sort_by(|(a, _), (b, _)| {
        let (c, d) = (&a.diagnostic, &b.diagnostic);
        (c.at, c.code, &c.message, &a.about).cmp(&(d.at, d.code, &d.message, &b.about))
    });
    let (findings, standings): (Vec<Finding>, Vec<Standing>) = all.into_iter().unzip();
    let fingerprints = fingerprints(&findings, world.cluster(), world.sources());
    let judged = findings.into_iter().zip(standings).zip(fingerprints);
    let mut judgement = Judgement {
        findings: judged.map(|((finding, standing), fingerprint)| Judged { finding, fingerprint, standing }).collect(),
        fixed: Vec::new(),
    };
    if let Some(baseline) = terms.baseline {
        judgement.know(baseline);
        judgement.fixed = baseline.gone(&judgement.findings, |code| terms.wants(code));
    }
    judgement
}
