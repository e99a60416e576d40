//! Who sends a request, as an AuthorizationPolicy describes it: identities in the mesh, and addresses
//! (<https://istio.io/latest/docs/reference/config/security/authorization-policy/#Source>).
//!
//! What is outside of the mesh has no identity: a field that asks for one never matches it, one that excludes some
//! always does.

use super::super::added;
use super::super::read::{Field, Read};
use super::super::request::{Pattern, Test};
use super::super::rule::{NamespaceSelection, Peer, Peers, Perhaps, PodSelection};
use crate::net::{AddressSet, Expression, NAMESPACE_NAME, Operator, Requirement, Selector};

/// What is asked of the sender of a request: all of it.
#[derive(Clone, Default)]
pub(super) struct Source {
    /// What its identity must be.
    identity: Vec<Expression>,
    /// Whether it must have one.
    needs_identity: bool,
    inside: Option<AddressSet>,
    outside: AddressSet,
    /// What else is asked of the request.
    pub tests: Vec<Test>,
}

/// What names of identities mean: those of service accounts without a namespace, and those of the trust domain.
#[derive(Clone, Copy)]
pub(super) struct Home<'a> {
    pub namespace: &'a str,
    pub trust_domain: Option<&'a str>,
}

impl Source {
    /// An entry of `from`.
    pub fn read(entry: &Field<'_>, home: &Home<'_>) -> Read<Source> {
        let mut source = Source::default();
        let Some(field) = entry.get("source") else { return Ok(source) };
        field.must_be_map()?;
        for (key, label) in [
            ("principals", added::PRINCIPAL),
            ("namespaces", added::MESH_NAMESPACE),
            ("serviceAccounts", added::MESH_ACCOUNT),
        ] {
            let texts = |key: &str| texts(&field, key).map(|list| list.into_iter().map(|t| home.whole(label, t)));
            source.identify(label, &texts(key)?.collect::<Vec<_>>(), &texts(&negative(key))?.collect::<Vec<_>>());
        }
        source.inside(&field, "ipBlocks")?;
        source.outside.add(&field.blocks("notIpBlocks")?);
        for (key, of) in [("requestPrincipals", "request principal"), ("remoteIpBlocks", "remote address")] {
            source.tests.extend(text_test(of, true, texts(&field, key)?, texts(&field, &negative(key))?));
        }
        Ok(source)
    }

    /// An entry of `when` that is about the sender; `None` if it is about something else
    /// (<https://istio.io/latest/docs/reference/config/security/conditions/>).
    pub fn read_condition(key: &str, field: &Field<'_>, home: &Home<'_>) -> Read<Option<Source>> {
        let mut source = Source::default();
        let label = match key {
            "source.principal" => added::PRINCIPAL,
            "source.namespace" => added::MESH_NAMESPACE,
            "source.serviceAccount" => added::MESH_ACCOUNT,
            "source.ip" => {
                source.inside(field, "values")?;
                source.outside.add(&field.blocks("notValues")?);
                return Ok(Some(source));
            }
            _ => return Ok(None),
        };
        let texts = |key: &str| texts(field, key).map(|list| list.into_iter().map(|t| home.whole(label, t)));
        source.identify(label, &texts("values")?.collect::<Vec<_>>(), &texts("notValues")?.collect::<Vec<_>>());
        Ok(Some(source))
    }

    fn identify(&mut self, label: &str, any: &[String], none: &[String]) {
        let one_of = |texts: &[String]| Expression::Any(texts.iter().map(|t| described(label, t)).collect());
        if !any.is_empty() {
            self.identity.push(one_of(any));
            self.needs_identity = true;
        }
        if !none.is_empty() {
            self.identity.push(one_of(none).negated());
        }
    }

    fn inside(&mut self, field: &Field<'_>, key: &str) -> Read<()> {
        if !field.list(key)?.is_empty() {
            self.inside = Some(field.blocks(key)?);
        }
        Ok(())
    }

    /// Whether it names addresses of IPv6.
    pub fn names_v6(&self) -> bool {
        self.outside.has_v6() || self.inside.as_ref().is_some_and(AddressSet::has_v6)
    }

    /// The sender that both describe.
    pub fn and(&self, other: &Source) -> Source {
        let inside = match (&self.inside, &other.inside) {
            (Some(a), Some(b)) => Some(a.intersection(b)),
            (a, b) => a.as_ref().or(b.as_ref()).cloned(),
        };
        Source {
            identity: self.identity.iter().chain(&other.identity).cloned().collect(),
            needs_identity: self.needs_identity || other.needs_identity,
            inside,
            outside: self.outside.union(&other.outside),
            tests: self.tests.iter().chain(&other.tests).cloned().collect(),
        }
    }

    /// Whom it means, given all addresses outside of the cluster, and whether some pods are outside of the mesh.
    /// Addresses of pods are taken to be in none of the blocks, unless they are known.
    pub fn peers(&self, everywhere: &AddressSet, has_outsiders: bool) -> Peers {
        if self.identity.is_empty() && self.inside.is_none() && self.outside.is_empty() {
            return Peers::Everybody;
        }
        let mut peers = Vec::new();
        if self.inside.is_none() {
            peers.push(Peer::Pods(self.pods(has_outsiders)));
        } else if !self.identity.is_empty() {
            let pods = Perhaps::Pods(self.pods(has_outsiders));
            peers.push(Peer::Untold("pods by identity and addresses together", pods));
        }
        if !self.needs_identity {
            let addresses = self.inside.as_ref().unwrap_or(everywhere).difference(&self.outside);
            if !addresses.is_empty() {
                peers.push(Peer::Addresses(addresses));
            }
        }
        Peers::AnyOf(peers)
    }

    /// The pods with such an identity. Namespaces are given as such where that means the same.
    fn pods(&self, has_outsiders: bool) -> PodSelection {
        let selector = Selector::of(Expression::All(self.identity.clone()));
        let (mut namespaces, mut rest) = (Vec::new(), Vec::new());
        for requirement in selector.requirements() {
            match &requirement.operator {
                Operator::In(_) if requirement.key == added::MESH_NAMESPACE => namespaces
                    .push(Requirement { key: NAMESPACE_NAME.to_owned(), operator: requirement.operator.clone() }),
                _ => rest.push(requirement.clone()),
            }
        }
        if !namespaces.is_empty() && has_outsiders {
            rest.push(Requirement { key: added::PRINCIPAL.to_owned(), operator: Operator::Exists });
        }
        PodSelection {
            namespaces: NamespaceSelection::Labeled(Selector::new(namespaces)).simplest(),
            pods: Selector::new(rest).and(&Selector::all_of(selector.expressions().iter())),
        }
    }
}

/// `notPrincipals` for `principals`.
pub(super) fn negative(key: &str) -> String {
    let mut letters = key.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    format!("not{}{}", first.into_iter().collect::<String>(), letters.as_str())
}

/// The texts of a list.
pub(super) fn texts(field: &Field<'_>, key: &str) -> Read<Vec<String>> {
    field.list(key)?.iter().map(|item| item.text().map(str::to_owned)).collect()
}

/// What is asked of a property of requests; `None` if nothing is.
pub(super) fn text_test(of: &str, optional: bool, any: Vec<String>, none: Vec<String>) -> Option<Test> {
    let patterns = |texts: Vec<String>| texts.iter().map(|t| Pattern::with_stars(t)).collect::<Vec<_>>();
    let (any, none) = (patterns(any), patterns(none));
    (!any.is_empty() || !none.is_empty()).then(|| Test::Text { of: of.to_owned(), optional, any, none })
}

impl Home<'_> {
    /// A service account without a namespace is one of the policy's own, and `cluster.local` is another name of the
    /// trust domain (<https://istio.io/latest/docs/tasks/security/authorization/authz-td-migration/>).
    fn whole(&self, label: &str, text: String) -> String {
        let inside = |domain: &str| text.strip_prefix(domain).filter(|rest| rest.starts_with('/'));
        match self.trust_domain.and_then(inside) {
            Some(rest) if label == added::PRINCIPAL => format!("cluster.local{rest}"),
            _ if label == added::MESH_ACCOUNT && !text.contains('/') => format!("{}/{text}", self.namespace),
            _ => text,
        }
    }
}

/// A label that is as a text describes it, where `*` at an end represents anything, and alone what is not empty.
fn described(label: &str, text: &str) -> Expression {
    let operator = match Pattern::with_stars(text) {
        Pattern::Prefix(start) if start.is_empty() => Operator::Exists,
        Pattern::Prefix(start) => Operator::StartsWith(start),
        Pattern::Suffix(end) => Operator::EndsWith(end),
        Pattern::Exact(text) => Operator::In(vec![text]),
    };
    Expression::label(label, operator)
}
