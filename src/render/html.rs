//! One page: the picture, everything it says as tables that can be read, searched and printed, and a script by which
//! both can be explored.
//!
//! The page loads nothing: its policy forbids all but its own styles and its own script, which it names by their
//! hashes, so that nothing that slipped in somewhere would count. Without the script it is whole: picture and tables.
//! Text goes through the autoescaping of the template; the picture comes from its own writer, which escapes by itself;
//! the data of the script are JSON without `<`.

use askama::Template;

use crate::diagnostic::{Diagnostic, Severity};
use crate::graph::{
    Access, Detail, EdgeKind, Evidence, Expose, Exposure, Graph, HostTls, Node, NodeKind, Outside, PortMap, RouteRule,
    Side, port_text,
};
use crate::layout::Layout;
use crate::net::label_list;
use crate::source::{Sources, Span};
use crate::world::World;

use super::explore::{self, ObjectTexts, Verdicts};
use super::head::Head;
use super::svg::svg_in_page;
use super::theme::Palette;
use super::{PictureOptions, tables, words};
use crate::inert::{shown, shown_lines};

/// A page: a picture of a part of a World, and answers about all of it.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The World of the page.
    pub world: &'a World,
    /// The manifests that the page contains.
    pub texts: ObjectTexts,
    /// The picture.
    pub layout: &'a Layout,
    /// The content of the picture.
    pub drawn: &'a Graph,
    /// All objects and their picture, where the picture is an overview.
    pub whole: Option<(&'a Layout, &'a Graph)>,
    /// The content of the tables; `None` for a page without tables.
    pub tables: Option<&'a Graph>,
    /// The problems; `None` if they are on another page.
    pub problems: Option<&'a [Diagnostic]>,
    /// Allowed connections, if they are known from another page of the World.
    pub verdicts: Option<&'a Verdicts>,
    /// Pages below this one.
    pub pages: &'a [PageLink],
    /// Pages beside and above it.
    pub beside: &'a [PageLink],
}

impl<'a> Page<'a> {
    /// A page of its own, with tables about what the picture shows.
    pub fn new(world: &'a World, layout: &'a Layout, drawn: &'a Graph, problems: &'a [Diagnostic]) -> Page<'a> {
        Page {
            world,
            texts: ObjectTexts::default(),
            layout,
            drawn,
            whole: None,
            tables: Some(drawn),
            problems: Some(problems),
            verdicts: None,
            pages: &[],
            beside: &[],
        }
    }
}

/// A link to another page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageLink {
    /// The name of its file, in the same folder.
    pub file: String,
    /// Its title.
    pub name: String,
    /// Its content in a line.
    pub facts: String,
}

/// The page as text.
///
/// # Errors
///
/// Errors of the template engine.
pub fn page(content: &Page<'_>, options: &PictureOptions) -> Result<String, askama::Error> {
    let Page { world, layout, drawn, whole, .. } = *content;
    let nothing = Graph::default();
    let graph = content.tables.unwrap_or(&nothing);
    let prefix = words::id_prefix(layout, drawn, options);
    let whole_options = PictureOptions { id_prefix: Some(format!("{prefix}-all")), ..options.clone() };
    // Tables link to the cards of single objects, wherever these are.
    let (shown_as, linked) = whole.map_or((options, drawn), |(_, graph)| (&whole_options, graph));
    let linked_prefix = words::id_prefix(whole.map_or(layout, |(layout, _)| layout), linked, shown_as);
    let maker = Maker { prefix: &linked_prefix, drawn: linked };
    let link = |link: &PageLink| PageLink {
        file: link.file.clone(),
        name: shown(&link.name).into_owned(),
        facts: shown(&link.facts).into_owned(),
    };
    let page = PageTemplate {
        head: Head::new(&words::title(layout, drawn, options), options, Palette::of(drawn)),
        description: shown(&words::description_of(drawn, world)).into_owned(),
        has_tables: content.tables.is_some(),
        has_ways: words::tells_of_ways(graph) || graph.edges().any(|(.., e)| e.kind() == EdgeKind::Exposes),
        has_problems: content.problems.is_some(),
        unread_entrances: graph.not_shown().iter().any(|n| n.is_entrance),
        pages: content.pages.iter().map(link).collect(),
        beside: content.beside.iter().map(link).collect(),
        has_policies: graph.nodes().any(|n| matches!(&n.detail, Detail::Workload { access: Some(_), .. })),
        picture: svg_in_page(layout, drawn, options),
        whole: whole.map(|(layout, graph)| svg_in_page(layout, graph, &whole_options)).unwrap_or_default(),
        data: explore::data(explore::Subject {
            graph: content.tables.unwrap_or(drawn),
            layout,
            world,
            old: None,
            verdicts: content.verdicts,
            texts: content.texts,
            pages: content.pages.iter().map(|p| (shown(&p.name).into_owned(), p.file.clone())).collect(),
        }),
        exposure: tables::exposure(graph).iter().map(|r| maker.exposure(r)).collect(),
        routes: tables::routes(graph).iter().map(|r| maker.route(r)).collect(),
        services: graph.nodes().filter_map(|n| maker.service(n)).collect(),
        workloads: (0..graph.nodes().len()).filter_map(|i| maker.workload(graph, i)).collect(),
        spaces: spaces(world),
        allowed: tables::allowed(graph).iter().map(|r| maker.allowed(r)).collect(),
        calls: tables::calls(graph).iter().map(|r| maker.call(r)).collect(),
        uses: tables::uses(graph).iter().map(|r| maker.uses(r)).collect(),
        scales: tables::scales(graph).iter().map(|r| maker.scales(r)).collect(),
        missing: graph.nodes().filter_map(|n| maker.missing(n)).collect(),
        problems: content.problems.unwrap_or_default().iter().map(|d| problem(d, world.sources())).collect(),
    };
    page.render()
}

#[derive(Template)]
#[template(path = "page.html")]
struct PageTemplate {
    /// True if the page has tables.
    has_tables: bool,
    /// True if the page lists exposure and Services.
    has_ways: bool,
    has_problems: bool,
    /// True if something that may open an entrance is not read.
    unread_entrances: bool,
    pages: Vec<PageLink>,
    beside: Vec<PageLink>,
    head: Head,
    description: String,
    picture: String,
    /// The picture of all objects, where the other one is an overview; else empty.
    whole: String,
    /// The data of the script.
    data: explore::Data,
    /// True if policies restrict workloads of the page.
    has_policies: bool,
    exposure: Vec<ExposureRow>,
    routes: Vec<RouteRow>,
    services: Vec<ServiceRow>,
    workloads: Vec<WorkloadRow>,
    spaces: Vec<SpaceRow>,
    allowed: Vec<AllowedRow>,
    calls: Vec<CallRow>,
    uses: Vec<UseRow>,
    scales: Vec<ScaleRow>,
    missing: Vec<MissingRow>,
    problems: Vec<Problem>,
}

/// A node as a table names it, with a link to its card in the picture; the link is empty for what the picture does not
/// show.
pub(super) struct Ref {
    pub(super) anchor: String,
    pub(super) name: String,
    pub(super) kind: String,
}

/// A namespace and what holds by default in each direction, in and out.
struct SpaceRow {
    name: String,
    workloads: usize,
    sides: [SideRow; 2],
}

struct SideRow {
    /// The policy that denies by default; empty if there is none.
    deny: String,
    at: String,
    isolated: usize,
}

struct ExposureRow {
    from: Ref,
    to: Ref,
    via: &'static str,
    ports: String,
    behind: Vec<Ref>,
    at: String,
}

struct RouteRow {
    by: Ref,
    host: String,
    path: String,
    path_type: String,
    tls: HostTls,
    to: Ref,
    port: String,
    at: String,
}

struct ServiceRow {
    this: Ref,
    service: &'static str,
    ports: String,
    selector: String,
    at: String,
}

struct WorkloadRow {
    this: Ref,
    facts: String,
    images: Vec<String>,
    ports: String,
    selected_by: Vec<Ref>,
    /// Restrictions by policies in both directions; empty without policies.
    ingress: String,
    egress: String,
    /// Reachability from outside; empty if nothing exposes it.
    outside: &'static str,
    at: String,
}

struct AllowedRow {
    from: Ref,
    to: Ref,
    allowed: bool,
    ports: String,
    remarks: Vec<String>,
    /// Rules with their places.
    because: Vec<(String, String)>,
}

struct CallRow {
    from: Ref,
    to: Ref,
    ports: String,
    state: &'static str,
    places: Vec<String>,
}

struct UseRow {
    by: Ref,
    what: Ref,
    ways: String,
    at: String,
}

struct ScaleRow {
    scaler: Ref,
    target: Ref,
    between: String,
    by: Vec<String>,
    at: String,
}

struct MissingRow {
    this: Ref,
    reason: String,
    at: String,
}

struct Problem {
    severity: &'static str,
    code: &'static str,
    message: Vec<Piece>,
    refused: bool,
    help: Vec<Piece>,
    related: Vec<String>,
    at: String,
}

/// A part of a message: text, or what stands between backticks.
struct Piece {
    is_code: bool,
    text: String,
}

/// The parts of a message. A backtick without its other one is text.
fn pieces(text: &str) -> Vec<Piece> {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return vec![Piece { is_code: false, text: text.to_owned() }];
    }
    let of = |(n, part): (usize, &&str)| Piece { is_code: n % 2 == 1, text: (*part).to_owned() };
    parts.iter().enumerate().map(of).filter(|piece| !piece.text.is_empty()).collect()
}

/// Makes rows of the words of nodes.
pub(super) struct Maker<'a> {
    pub(super) prefix: &'a str,
    pub(super) drawn: &'a Graph,
}

impl Maker<'_> {
    /// The node by its name, with a link to its card.
    pub(super) fn name(&self, node: &Node) -> Ref {
        let name = match &node.namespace {
            Some(namespace) => format!("{namespace}/{}", node.name),
            None => node.name.clone(),
        };
        let kind = match node.kind() {
            // Their names say it already.
            NodeKind::Internet | NodeKind::ExternalName | NodeKind::Junction => String::new(),
            // What they are sets of tells them apart.
            NodeKind::Peers => node.facts(),
            NodeKind::Missing => format!("{}, missing", node.label),
            _ => node.label.clone(),
        };
        Ref {
            anchor: match self.drawn.find(&node.id) {
                Some(_) => words::node_id(self.prefix, node.id.as_str()),
                None => String::new(),
            },
            name: shown(&name).into_owned(),
            kind: shown(&kind).into_owned(),
        }
    }

    fn exposure(&self, row: &tables::ExposureRow<'_>) -> ExposureRow {
        ExposureRow {
            from: self.name(row.from),
            to: self.name(row.to),
            via: row.way.via.as_str(),
            ports: exposed_ports(row.way),
            behind: row.behind.iter().map(|n| self.name(n)).collect(),
            at: place(row.at),
        }
    }

    fn route(&self, row: &tables::RouteRow<'_>) -> RouteRow {
        let RouteRule { host, path, path_type, tls, default, weight, when: _ } = row.rule;
        RouteRow {
            by: self.name(row.by),
            host: match host {
                Some(host) => shown(host).into_owned(),
                None if *default => "default backend".to_owned(),
                None => "any host".to_owned(),
            },
            path: match weight {
                // How the path is compared has a column of its own.
                Some(_) => {
                    let plain = RouteRule { path_type: None, ..row.rule.clone() };
                    shown(&plain.path_text()).into_owned()
                }
                None => path.as_deref().map(|p| shown(p).into_owned()).unwrap_or_default(),
            },
            path_type: path_type.as_deref().map(|p| shown(p).into_owned()).unwrap_or_default(),
            tls: *tls,
            to: self.name(row.to),
            port: shown(&row.port.text()).into_owned(),
            at: place(row.at),
        }
    }

    fn service(&self, node: &Node) -> Option<ServiceRow> {
        let Detail::Service { service, ports, selector } = &node.detail else {
            return None;
        };
        Some(ServiceRow {
            this: self.name(node),
            service: service.as_str(),
            ports: shown(&ports.iter().map(PortMap::text).collect::<Vec<_>>().join(", ")).into_owned(),
            selector: shown(&label_list(selector, ", ")).into_owned(),
            at: place(node.evidence.first()),
        })
    }

    fn workload(&self, graph: &Graph, index: usize) -> Option<WorkloadRow> {
        let node = graph.node(index);
        let Detail::Workload { ports, access, .. } = &node.detail else {
            return None;
        };
        let outside = access.as_ref().map_or("", |a| match a.outside {
            Outside::Unreached => "",
            Outside::Reached => "reached",
            Outside::Blocked => "denied",
            Outside::Undetermined => "undetermined",
        });
        let stance = |side: fn(&Access) -> &Side| access.as_ref().map_or("", |a| side(a).stance.as_str()).to_owned();
        let ports: Vec<String> = ports
            .iter()
            .map(|p| match &p.name {
                Some(name) => format!("{} {name}", port_text(p.number, p.protocol)),
                None => port_text(p.number, p.protocol),
            })
            .collect();
        Some(WorkloadRow {
            this: self.name(node),
            facts: shown(&node.facts()).into_owned(),
            images: tables::images(node).into_iter().map(|i| shown(i).into_owned()).collect(),
            ports: shown(&ports.join(", ")).into_owned(),
            selected_by: tables::selected_by(graph, index).into_iter().map(|n| self.name(n)).collect(),
            ingress: stance(|a| &a.ingress),
            egress: stance(|a| &a.egress),
            outside,
            at: place(node.evidence.first()),
        })
    }

    fn allowed(&self, row: &tables::AllowedRow<'_>) -> AllowedRow {
        let because = row.because.iter().map(|e| {
            let rule = if e.field.is_empty() { e.object.clone() } else { format!("{} {}", e.object, e.field) };
            (shown(&rule).into_owned(), shown(&e.place()).into_owned())
        });
        AllowedRow {
            from: self.name(row.from),
            to: self.name(row.to),
            allowed: row.kind == EdgeKind::Allows,
            ports: shown(&row.allowance.ports.texts().join(", ")).into_owned(),
            remarks: row.allowance.remarks().iter().map(|r| shown(r).into_owned()).collect(),
            because: because.collect(),
        }
    }

    fn call(&self, row: &tables::CallRow<'_>) -> CallRow {
        let ports: Vec<String> = row.call.ports.iter().map(|(n, p)| port_text(*n, *p)).collect();
        CallRow {
            from: self.name(row.from),
            to: self.name(row.to),
            ports: ports.join(", "),
            state: row.call.state.as_str(),
            places: row.places.iter().map(|e| shown(&e.place()).into_owned()).collect(),
        }
    }

    fn uses(&self, row: &tables::UseRow<'_>) -> UseRow {
        let mut ways: Vec<&str> = row.uses.ways.iter().map(|w| w.as_str()).collect();
        ways.extend(row.uses.optional.then_some("optional"));
        UseRow { by: self.name(row.by), what: self.name(row.what), ways: ways.join(", "), at: place(row.at) }
    }

    fn scales(&self, row: &tables::ScaleRow<'_>) -> ScaleRow {
        ScaleRow {
            scaler: self.name(row.scaler),
            target: self.name(row.target),
            between: row.scaling.text().unwrap_or_default(),
            by: row.by.iter().map(|b| shown(b).into_owned()).collect(),
            at: place(row.at),
        }
    }

    fn missing(&self, node: &Node) -> Option<MissingRow> {
        let Detail::Missing { reason } = &node.detail else {
            return None;
        };
        Some(MissingRow { this: self.name(node), reason: reason.text(), at: place(node.evidence.first()) })
    }
}

/// The ports that answer outside, in words where the manifests do not fix them.
fn exposed_ports(way: &Exposure) -> String {
    if way.ports.is_empty() {
        return match way.via {
            Expose::NodePort => "chosen by the cluster".to_owned(),
            Expose::HostNetwork => "not declared".to_owned(),
            _ => "not fixed".to_owned(),
        };
    }
    way.ports.iter().map(|(n, p)| port_text(*n, *p)).collect::<Vec<_>>().join(", ")
}

/// The file and line, printable.
pub(super) fn place(evidence: Option<&Evidence>) -> String {
    evidence.map(|e| shown(&e.place()).into_owned()).unwrap_or_default()
}

fn spaces(world: &World) -> Vec<SpaceRow> {
    let side = |side: &explore::SpaceSide| {
        let policy = side.deny.map(|p| &world.connectivity().policies()[p]);
        SideRow {
            deny: policy.map(|p| shown(&p.key.name).into_owned()).unwrap_or_default(),
            at: policy.map(|p| shown(&world.sources().line_of(p.at)).into_owned()).unwrap_or_default(),
            isolated: side.isolated,
        }
    };
    let all = explore::spaces(world).into_iter();
    all.map(|space| SpaceRow {
        sides: [side(&space.ingress), side(&space.egress)],
        name: space.name,
        workloads: space.workloads,
    })
    .collect()
}

fn problem(diagnostic: &Diagnostic, sources: &Sources) -> Problem {
    let at = |span: Span| shown(&format!("{}:{}", sources.line_of(span), span.column)).into_owned();
    Problem {
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        },
        code: diagnostic.code.as_str(),
        message: pieces(&shown_lines(&diagnostic.message)),
        refused: diagnostic.refused,
        help: pieces(&diagnostic.help.as_deref().map(shown_lines).unwrap_or_default()),
        related: diagnostic.related.iter().map(|r| format!("{}: {}", at(r.at), shown(&r.text))).collect(),
        at: diagnostic.at.map(at).unwrap_or_default(),
    }
}
