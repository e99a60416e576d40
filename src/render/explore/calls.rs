//! The calls that configuration names, with what policies leave of them, as data of a page.

use std::collections::BTreeMap;

use serde::Serialize;

use super::reasons::Cast;
use super::seen;
use crate::graph::Graph;
use crate::policy::{Call, CallVerdict, Said};
use crate::render::calls::CallState;
use crate::world::World;

/// A call of a workload to another one through a Service, or to a Service of which the manifests contain no pods.
#[derive(Serialize)]
pub(super) struct CallJson {
    /// The node of the caller.
    f: usize,
    /// The node of the workload that is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    t: Option<usize>,
    /// The node of the Service.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<usize>,
    /// The name of the Service, as `namespace/name` or as it is written.
    name: String,
    /// `allowed`, `blocked`, `partly` or `unknown`; `missing` for a name that no Service has.
    state: &'static str,
    /// The ports of the pods that are needed, in words; empty if nothing tells which.
    #[serde(skip_serializing_if = "String::is_empty")]
    ports: String,
    /// Reasons, by position.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    why: Vec<usize>,
    /// Where it is named: field and place.
    at: Vec<(String, String)>,
}

/// All calls of a World whose ends the page knows.
pub(super) fn calls(world: &World, graph: &Graph, workloads: &[(usize, usize)], cast: &mut Cast) -> Vec<CallJson> {
    let nodes: BTreeMap<usize, usize> = workloads.iter().map(|(node, workload)| (*workload, *node)).collect();
    let places = |said: &[Said]| -> Vec<(String, String)> {
        said.iter().map(|s| (seen(&s.field), seen(&world.sources().line_of(s.at)))).collect()
    };
    let mut found = Vec::new();
    for call in &world.calls().found {
        let Some(&caller) = nodes.get(&call.workload) else { continue };
        let mut verdicts: Vec<Option<CallVerdict>> = world.connectivity().judge(call).into_iter().map(Some).collect();
        if verdicts.is_empty() {
            verdicts.push(None);
        }
        for verdict in verdicts {
            found.push(CallJson {
                f: caller,
                t: verdict.as_ref().and_then(|v| nodes.get(&v.target).copied()),
                s: graph.object(&service(world, call).key),
                name: seen(&named(world, call)),
                state: verdict.as_ref().map_or("unknown", |v| CallState::of(v).as_str()),
                ports: verdict
                    .as_ref()
                    .filter(|v| !v.needed.is_empty())
                    .map_or(String::new(), |v| v.needed.to_string()),
                why: verdict.iter().flat_map(|v| &v.because).map(|r| cast.reason(r)).collect(),
                at: places(&call.said),
            });
        }
    }
    for unknown in &world.calls().unknown {
        let Some(&caller) = nodes.get(&unknown.workload) else { continue };
        found.push(CallJson {
            f: caller,
            t: None,
            s: None,
            name: seen(&unknown.name),
            state: "missing",
            ports: String::new(),
            why: Vec::new(),
            at: places(&unknown.said),
        });
    }
    found
}

fn service<'a>(world: &'a World, call: &Call) -> &'a crate::cluster::Entry {
    &world.cluster().entries()[call.service]
}

fn named(world: &World, call: &Call) -> String {
    let key = &service(world, call).key;
    format!("{}/{}", key.namespace(), key.name)
}
