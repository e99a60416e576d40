//! Every kind of finding: what it means, why it matters, and an example with and one without it.

use super::{
    calls, exposure, ingress, issuers, noticed, objects, policies, policy_others, policy_peers, policy_ports, reach,
    readiness, routes, services, suppress, webhooks,
};
use crate::diagnostic::Code;

/// A kind of finding.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its code.
    pub code: Code,
    /// Whether it is about something that the manifests do not contain: in an open world it counts for one step less.
    pub dangling: bool,
    /// What it means, why it matters and what to do, in a few sentences.
    pub about: &'static str,
    /// Manifests that have it.
    pub bad: &'static str,
    /// Manifests that nearly have it.
    pub good: &'static str,
}

/// A table of rules of one family; the examples are files of `tests/cases/check`.
macro_rules! family {
    ($($name:ident, $code:literal, $dangling:literal, $about:literal;)*) => {
        /// The rules of this family.
        pub(super) const RULES: &[$crate::check::Rule] = &[$($crate::check::Rule {
            code: $crate::diagnostic::Code::$name,
            dangling: $dangling,
            about: $about,
            bad: include_str!(concat!("../../tests/cases/check/", $code, "/bad.yaml")),
            good: include_str!(concat!("../../tests/cases/check/", $code, "/good.yaml")),
        },)*];
    };
}
pub(super) use family;

/// The families.
const FAMILIES: &[&[Rule]] = &[
    services::RULES,
    ingress::RULES,
    issuers::RULES,
    routes::RULES,
    policies::RULES,
    policy_others::RULES,
    policy_peers::RULES,
    policy_ports::RULES,
    reach::RULES,
    readiness::RULES,
    calls::RULES,
    exposure::RULES,
    objects::RULES,
    webhooks::RULES,
    noticed::RULES,
    suppress::RULES,
];

/// Every rule, by family.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// The rule of a code, if it is one of these.
pub fn rule(code: Code) -> Option<&'static Rule> {
    rules().find(|r| r.code == code)
}
