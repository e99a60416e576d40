//! The layers of an answer as data, and the way through them.

use std::collections::BTreeSet;

use super::bearing::{Bearing, Remark, Way, bearing};
use super::dns::Lookup;
use super::ends::{Doubt, End, Judged, addresses_name, beside, judge, network, public};
use super::lookup::{self, Party};
use super::question::{PortName, PortWish, Question, Reference, Url};
use super::url::Match;
use super::{Scene, dns, names, outside, policies, ports, routed, service, suggest, unresolved, verdict};
use crate::diagnostic::Code;
use crate::graph::EdgeDetail;
use crate::net::{AddressSet, ObjectKey, PortSet, Protocol};
use crate::resolve::UnansweredProbe;
use crate::source::Span;
use crate::world::World;

/// How a layer went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// As it should be.
    Ok,
    /// Worth a look, or not for manifests to decide.
    Doubt,
    /// Here it fails.
    Problem,
}

/// The layers, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Who is meant, and whether the name resolves.
    Names,
    /// How requests come in from outside.
    Exposure,
    /// Which pods are behind a Service.
    Endpoints,
    /// Which port of the pods is behind the port that was asked for.
    Ports,
    /// What policies say at the source.
    Egress,
    /// What policies say at the destination.
    Ingress,
    /// Whether the name resolves, and whether the source may ask for names.
    Dns,
    /// What `check` finds about the objects on the way.
    Checks,
}

impl Layer {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How a statement stands to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rank {
    /// A statement of its own.
    Statement,
    /// A detail of the statement before it.
    Detail,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// How it went.
    pub mark: Mark,
    /// What is said.
    pub text: String,
    /// `file:line` where the input says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Whether it is a statement of its own or explains the one before it.
    pub rank: Rank,
}

/// One layer with what was found there.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    /// Which one.
    pub layer: Layer,
    /// The worst mark of its lines.
    pub mark: Mark,
    /// The statements.
    pub lines: Vec<Line>,
}

impl Step {
    pub(super) fn new(layer: Layer) -> Step {
        Step { layer, mark: Mark::Ok, lines: Vec::new() }
    }

    pub(super) fn say(&mut self, mark: Mark, text: impl Into<String>, at: Option<String>) {
        self.mark = self.mark.max(mark);
        self.lines.push(Line { mark, text: text.into(), at, rank: Rank::Statement });
    }

    /// Says something that is not said yet.
    pub(super) fn say_once(&mut self, mark: Mark, text: String, at: String) {
        if !self.lines.iter().any(|line| line.text == text) {
            self.say(mark, text, Some(at));
        }
    }

    pub(super) fn explain(&mut self, mark: Mark, text: impl Into<String>, at: Option<String>) {
        self.mark = self.mark.max(mark);
        self.lines.push(Line { mark, text: text.into(), at, rank: Rank::Detail });
    }
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything that was asked for is allowed.
    Allowed,
    /// Nothing of it is.
    Denied,
    /// Some of it is.
    Partly,
    /// Manifests do not decide it.
    Undetermined,
}

/// What would change the outcome.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// A manifest to add.
    Add(String),
    /// Something to change by hand.
    Edit(String),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Answer {
    /// Who opens the connection.
    pub from: String,
    /// Who is to take it.
    pub to: String,
    /// The port that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// The ports of the destination that were judged, as in `TCP 80, 443; UDP 53`; `None` if it did not come to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged: Option<String>,
    /// The layers.
    pub steps: Vec<Step>,
    /// How it ends.
    pub outcome: Outcome,
    /// The same in a sentence.
    pub summary: String,
    /// What would allow what is denied.
    pub changes: Vec<Change>,
    /// The objects on the way.
    #[serde(skip)]
    pub way: Way,
}

impl Answer {
    /// Whether a layer says what a remark says: one cause has one message.
    fn is_said(&self, remark: &Remark) -> bool {
        let code = remark.diagnostic.code;
        let Bearing::Judged(layer) = bearing(code) else { return false };
        // That nothing is exposed does not say which reference is wrong.
        let is_named =
            matches!(code, Code::IngressClassMissing | Code::LoadbalancerNotProvisioned | Code::EntranceRefused);
        if layer == Layer::Exposure && !is_named {
            return false;
        }
        self.steps.iter().any(|step| step.layer == layer && step.mark != Mark::Ok)
    }

    /// Adds what is known of the objects on the way from elsewhere. What may make the connection fail makes an answer
    /// that allows it undetermined.
    pub fn check(&mut self, found: &[Remark]) {
        let met: Vec<&Remark> = found.iter().filter(|r| self.way.is_met(r)).collect();
        let text = |r: &Remark| format!("{} ({})", r.diagnostic.message, r.diagnostic.code.as_str());
        let mut step = Step::new(Layer::Checks);
        for remark in met.iter().filter(|r| !self.is_said(r)) {
            // What two objects have in common is said once.
            if !step.lines.iter().any(|line| line.text == text(remark)) {
                step.say(Mark::Doubt, text(remark), remark.at.clone());
            }
        }
        if !step.lines.is_empty() {
            self.steps.push(step);
        }
        if self.outcome == Outcome::Allowed
            && let Some(doubt) = self.way.doubt(&met)
        {
            self.outcome = Outcome::Undetermined;
            self.summary = text(doubt);
        }
    }
}

/// Where to go on: pods or addresses, and their ports that are asked for.
pub(super) struct Target {
    pub end: End,
    pub asked: PortSet,
}

/// What the layers before the policies found.
#[derive(Default)]
pub(super) struct Found {
    /// Sources and targets for the policies to judge.
    pub pairs: Vec<(End, Target)>,
    /// Why it ends before the policies.
    pub failure: Option<String>,
    /// Why a part of what is asked for fails before the policies.
    pub lacking: Option<String>,
    /// Why nobody can tell, whatever the policies say.
    pub unknown: Option<String>,
    /// Why a denial is not certain: an entrance that is not read.
    pub unread: Option<String>,
    /// Why what is allowed is not certain.
    pub doubted: Option<String>,
    /// For whom only it is, of those who ask.
    pub narrowed: Option<String>,
    /// Workloads whose policies may see the address of a node in place of the client's.
    pub translated: BTreeSet<usize>,
    /// What would help.
    pub changes: Vec<Change>,
    /// The entrances and Services on the way, by way.
    pub through: Vec<Passage>,
    /// Those that lead to no port of a pod.
    pub tried: Vec<Passage>,
}

/// A way through an entrance and a Service.
pub(super) struct Passage {
    /// Entrances.
    pub by: BTreeSet<ObjectKey>,
    /// The last Service.
    pub service: ObjectKey,
    /// Why it is not known to be there.
    pub doubt: Option<String>,
    /// For whom only it is, of those who ask.
    pub only: Option<String>,
}

/// Answers a question about a World. Names without a namespace are looked for in `namespace` first. The error says why
/// the question cannot be asked: a name that means nobody, or several.
pub fn answer(world: &World, question: &Question, namespace: Option<&str>) -> Result<Answer, String> {
    let scene = &Scene::new(world, namespace);
    let from = lookup::find(scene, &question.from, None, lookup::Role::From)?;
    let alias = dns::host_alias(scene, &from, &question.to);
    let meant = alias.as_ref().map(|(address, _)| Reference::Addresses(*address));
    let asked = Question { to: meant.unwrap_or_else(|| question.to.clone()), ..question.clone() };
    if let Reference::Url(url) = &asked.to {
        return routed::of_url(scene, &from, url);
    }
    let to = match lookup::find(scene, &asked.to, asked.port.as_ref(), lookup::Role::To(from.namespace(scene))) {
        Ok(to) => to,
        Err(trouble) => {
            let name = from.namespace(scene).and_then(|home| lookup::of_cluster(scene, &asked.to, home));
            return name.map(|name| unresolved::answer(scene, &asked, &from, &name, &trouble)).ok_or(trouble);
        }
    };
    let at_node = asked.port.as_ref().and_then(|wish| lookup::behind_node(scene, &asked.to, &to, wish));
    let asked = Question { port: at_node.or_else(|| asked.port.clone()), ..asked };
    settled(scene, &asked, (&from, &to), alias.as_ref(), None)
}

/// Answers where both ends are known.
pub(super) fn settled(
    scene: &Scene<'_>,
    asked: &Question,
    (from, to): (&Party, &Party),
    alias: Option<&(ipnet::IpNet, String)>,
    url: Option<(&Url, &Match)>,
) -> Result<Answer, String> {
    let inside = |party: &Party| matches!(party, Party::Workload(_) | Party::Service(_));
    if !inside(from) && !inside(to) {
        return Err("neither end is in the cluster: policies and Services have no say in that".into());
    }
    let mut steps = vec![names::step(scene, asked, from, to, alias)];
    if let (Some((url, rule)), Some(step)) = (url, steps.first_mut()) {
        rule.say(url, step);
    }
    let mut found = if let Some(clients) = internet(from) {
        let only = url.map(|(_, rule)| rule);
        outside::ways_in(scene, to, asked.port.as_ref(), (&clients, only), &mut steps)
    } else {
        let mut found = targets(scene, to, asked.port.as_ref(), &mut steps)?;
        let sources = sources(scene, from, &mut steps);
        if sources.is_empty() && found.failure.is_none() {
            found.failure =
                Some(format!("{} has no pods in the manifests that could open a connection", from.name(scene)));
        }
        if let Some(text) = routed::meshed(scene, to) {
            steps.iter_mut().take(1).for_each(|step| step.say(Mark::Doubt, text.clone(), None));
            found.doubted = found.doubted.or_else(|| Some(text.clone()));
            found.unread = found.unread.or(Some(text));
        }
        let targets = std::mem::take(&mut found.pairs);
        for source in sources {
            found.pairs.extend(
                targets.iter().map(|(_, t)| (source.clone(), Target { end: t.end.clone(), asked: t.asked.clone() })),
            );
        }
        found
    };
    let mut judged: Vec<Judged> = Vec::new();
    apart(scene, &mut found, to, &mut steps);
    for (source, target) in &found.pairs {
        let others = if by_address(to) { beside(scene, source, &target.end) } else { Vec::new() };
        for network in network(scene, source, &target.end).into_iter().chain(others) {
            for pair in judge(scene, network, source, &target.end, &target.asked) {
                // Several ways in may come to the same end.
                if !judged.contains(&pair) {
                    judged.push(pair);
                }
            }
        }
    }
    for pair in judged.iter_mut().filter(|p| p.from == End::Controller && p.allowed != p.asked) {
        pair.rule_for_controller = policies::controller_rule(scene, pair);
        if pair.rule_for_controller.is_some() {
            pair.doubt = pair.doubt.or(Some(Doubt::UnknownController));
        }
    }
    let is_translated = |p: &&mut Judged| p.to.workload().is_some_and(|w| found.translated.contains(&w));
    for pair in judged.iter_mut().filter(is_translated) {
        let of_any = judge(scene, pair.network, &End::Addresses(anywhere()), &pair.to, &pair.asked);
        if matches!(pair.from, End::Addresses(_)) && of_any.iter().any(|other| other.allowed != pair.allowed) {
            pair.doubt = pair.doubt.or(Some(Doubt::Translated));
        }
    }
    let mut lookup = Lookup::default();
    if found.failure.is_none() {
        steps.extend(policies::steps(scene, &judged));
        lookup = dns::lookup(scene, asked, from, to);
        steps.extend(lookup.step.take());
    }
    translation(scene, asked, to, &judged, &mut found);
    let judgement = verdict::verdict(scene, &found, &judged);
    let decided = judgement.0 != Outcome::Undetermined;
    let (outcome, summary) = verdict::with_names(judgement, &lookup);
    let ports = judged.iter().fold(PortSet::none(), |set, p| set.with(&p.asked));
    let through = if found.through.is_empty() { &mut found.tried } else { &mut found.through };
    let way = way(scene, (from, to), &judged, std::mem::take(through));
    let mut changes = found.changes;
    if found.failure.is_none() && decided {
        // The address of a node may be any.
        for pair in judged.iter_mut().filter(|p| p.to.workload().is_some_and(|w| found.translated.contains(&w))) {
            if matches!(pair.from, End::Addresses(_)) {
                pair.from = End::Addresses(anywhere());
            }
        }
        changes.extend(suggest::changes(scene, &judged));
    }
    // A policy for DNS alone would promise more than can be determined.
    changes.extend(lookup.changes.into_iter().filter(|c| decided || matches!(c, Change::Edit(_))));
    changes.dedup();
    Ok(Answer {
        from: from.name(scene),
        to: to.name(scene),
        port: asked.port.as_ref().map(PortWish::to_string),
        judged: (!judged.is_empty()).then(|| ports.to_string()),
        steps,
        outcome,
        summary,
        changes,
        way,
    })
}

/// The objects on the way.
fn way(scene: &Scene<'_>, ends: (&Party, &Party), judged: &[Judged], through: Vec<Passage>) -> Way {
    let key = |party: &Party| match party {
        Party::Service(index) => Some(scene.entry(*index).key.clone()),
        Party::Workload(index) => Some(scene.workload(*index).key.clone()),
        _ => None,
    };
    let pods = |end: fn(&Judged) -> &End| {
        judged.iter().map(end).filter_map(End::workload).map(|w| scene.workload(w).key.clone())
    };
    let source = key(ends.0).into_iter().chain(pods(|p| &p.from)).collect();
    let target: BTreeSet<ObjectKey> = key(ends.1).into_iter().chain(pods(|p| &p.to)).collect();
    let asked = judged.iter().fold(PortSet::none(), |set, p| set.with(&p.asked));
    let mut aside = Vec::new();
    let services = target.iter().chain(through.iter().map(|p| &p.service)).filter_map(|key| scene.cluster.find(key));
    for service in services.collect::<BTreeSet<usize>>() {
        let others = scene.facts.ports_of(service).iter();
        let others =
            others.filter(|p| !judged.is_empty() && ports::target_ports(&p.map).intersection(&asked).is_empty());
        let tree = &scene.entry(service).object.tree;
        aside.extend(others.filter_map(|p| Some(tree.find(&format!("spec.ports[{}]", p.index))?.span)));
    }
    let services = || key(ends.1).into_iter().chain(through.iter().map(|p| p.service.clone()));
    if services().all(|key| service::lists_unready(scene, &key)) {
        let probes = judged.iter().filter_map(|p| p.to.workload()).flat_map(|w| scene.facts.probes_of(w));
        let field = |p: &UnansweredProbe| scene.entry(scene.workload(p.workload).entry).object.at(&p.field);
        aside.extend(probes.map(field));
    }
    for passage in &through {
        for by in passage.by.iter().filter(|by| **by != passage.service) {
            aside.extend(other_rules(scene, by, &passage.service));
        }
    }
    let between = through
        .into_iter()
        .map(|p| {
            let mut objects = p.by;
            objects.insert(p.service);
            objects
        })
        .collect();
    Way { source, target, between, aside }
}

/// The rules of an Ingress or route that send elsewhere than to a Service.
fn other_rules(scene: &Scene<'_>, by: &ObjectKey, service: &ObjectKey) -> Vec<Span> {
    let (Some(node), Some(entry)) = (scene.graph.object(by), scene.cluster.find(by)) else { return Vec::new() };
    let edges = || scene.graph.outgoing(node).into_iter().map(|e| scene.graph.edge(e));
    let is_there = |to: usize| scene.graph.node(to).id.key() == Some(service);
    if !edges().any(|(_, to, _)| is_there(to)) {
        return Vec::new();
    }
    let others = edges().filter(|(_, to, e)| !is_there(*to) && matches!(e.detail, EdgeDetail::Routes { .. }));
    let fields = others.flat_map(|(_, _, e)| e.evidence.iter().map(|said| said.field.as_str()));
    fields.filter_map(|field| Some(scene.entry(entry).object.tree.find(field)?.span)).collect()
}

/// A rule about the address of a Service: whether the network asks it before or after the address is replaced by that
/// of a pod is not said
/// (<https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource>).
fn translation(scene: &Scene<'_>, question: &Question, to: &Party, judged: &[Judged], found: &mut Found) {
    let (Reference::Addresses(block), Party::Service(_)) = (&question.to, to) else { return };
    let asked = match &question.port {
        Some(PortWish { port: PortName::Number(number), protocol }) => {
            PortSet::port(protocol.unwrap_or(Protocol::Tcp), *number)
        }
        _ => PortSet::all(),
    };
    let address = End::Addresses(AddressSet::block(*block));
    // What the pods do not take is denied wherever the address is replaced.
    let denied = judged.iter().find(|p| {
        p.allowed.is_empty() && p.from.workload().is_some() && {
            let takes = p.to.workload().is_none() || p.ingress.allowed() == p.asked;
            takes && judge(scene, p.network, &p.from, &address, &asked).iter().any(|other| !other.allowed.is_empty())
        }
    });
    if denied.is_some() {
        let text = "rules may be about the address of the Service or about that of a pod behind it: which of them is asked is up to the network";
        found.unread = Some(text.to_owned());
    }
}

/// Whether a destination is reached by an address of its own on each network. A Service has one on the primary network
/// only.
fn by_address(to: &Party) -> bool {
    matches!(to, Party::Workload(_))
}

/// Leaves out pairs of pods that have no network in common by which the destination is reached, whatever policies say.
fn apart(scene: &Scene<'_>, found: &mut Found, to: &Party, steps: &mut [Step]) {
    let before = found.pairs.len();
    let primary = |(from, target): &(End, Target)| network(scene, from, &target.end).is_some();
    if let (Some((from, target)), Some(names)) = (found.pairs.iter().find(|p| !primary(p)), steps.first_mut()) {
        let (source, end) = (from.name(scene), target.end.name(scene));
        let others = beside(scene, from, &target.end);
        let both: Vec<String> = others.iter().map(|&n| scene.connectivity.network_name(n)).collect();
        let text = format!("{source} and {end} are on different primary networks, which do not reach each other");
        match (both.is_empty(), by_address(to)) {
            (true, _) => names.say(Mark::Problem, text, None),
            (false, true) => names.say(Mark::Doubt, format!("{text}; both are on {}", both.join(", ")), None),
            (false, false) => {
                names.say(Mark::Problem, text, None);
                let text =
                    format!("both are on {}, where Services have no address: ask for {end} itself", both.join(", "));
                names.explain(Mark::Doubt, text, None);
            }
        }
    }
    let meet =
        |pair: &(End, Target)| primary(pair) || (by_address(to) && !beside(scene, &pair.0, &pair.1.end).is_empty());
    found.pairs.retain(meet);
    if found.pairs.is_empty() && before > 0 && found.failure.is_none() {
        found.failure = Some("they have no network in common on which it could be reached".into());
    }
}

/// The addresses of clients that come in from outside; `None` for those that can be inside.
pub(super) fn internet(from: &Party) -> Option<AddressSet> {
    match from {
        Party::Internet => Some(public()),
        Party::Addresses(set) if set.intersection(&AddressSet::private()).is_empty() => Some(set.clone()),
        _ => None,
    }
}

/// The pods or addresses that open the connection.
fn sources(scene: &Scene<'_>, from: &Party, steps: &mut [Step]) -> Vec<End> {
    match from {
        Party::Workload(index) => vec![End::Workload(*index)],
        Party::Service(_) => service::pods(scene, from).into_iter().map(End::Workload).collect(),
        Party::Addresses(set) => {
            if let Some(names) = steps.first_mut()
                && !set.intersection(&AddressSet::private()).is_empty()
            {
                names.say(
                    Mark::Doubt,
                    format!(
                        "a pod or node may have an address of {}; it is taken for no pod of the input",
                        addresses_name(set)
                    ),
                    None,
                );
            }
            vec![End::Addresses(set.clone())]
        }
        Party::Internet | Party::Host(_) => Vec::new(),
    }
}

/// What is behind the destination.
fn targets(scene: &Scene<'_>, to: &Party, wish: Option<&PortWish>, steps: &mut Vec<Step>) -> Result<Found, String> {
    let outside = |end: End| -> Result<Found, String> {
        let asked = plain_port(wish)?;
        // The source is filled in by whoever knows it.
        Ok(Found { pairs: vec![(end.clone(), Target { end, asked })], ..Found::default() })
    };
    match to {
        Party::Service(index) => service::targets(scene, *index, wish, steps),
        Party::Workload(index) => ports::workload_target(scene, *index, wish, steps),
        Party::Internet => outside(End::Addresses(public())),
        Party::Addresses(set) => outside(End::Addresses(set.clone())),
        Party::Host(name) if scene.facts.inner_names.contains_key(name) => {
            let by = &scene.entry(scene.facts.inner_names[name]).key;
            let mut found = outside(End::Addresses(anywhere()))?;
            let text = format!("{name} is a name that {by} gives to pods of the cluster or of the mesh");
            found.unread = Some(text.clone());
            found.doubted = Some(text);
            Ok(found)
        }
        Party::Host(name) => {
            let mut found = outside(End::Addresses(anywhere()))?;
            found.unknown = Some(format!("which addresses {name} has is not in the manifests"));
            Ok(found)
        }
    }
}

/// Every address, for names that may have any.
pub(super) fn anywhere() -> AddressSet {
    AddressSet::all_v4()
}

/// The port that is asked for where nothing tells more about it.
pub(super) fn plain_port(wish: Option<&PortWish>) -> Result<PortSet, String> {
    match wish {
        None => Ok(PortSet::all()),
        Some(PortWish { port: PortName::Number(number), protocol }) => {
            Ok(PortSet::port(protocol.unwrap_or(Protocol::Tcp), *number))
        }
        Some(PortWish { port: PortName::Name(name), .. }) => {
            Err(format!("`{name}`: nothing outside of the cluster gives ports names; ask for a number"))
        }
    }
}
