//! Small drawings for kinds of things, drawn for this project on a grid of 16 by 16 units. Each is one path of lines;
//! the lock is filled.

use crate::graph::{Mark, NodeKind};

/// The side of the grid that glyphs are drawn on.
pub(crate) const GRID: f64 = 16.0;

/// A drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Glyph {
    /// Path data on the grid.
    pub(crate) path: &'static str,
    /// Whether the path is filled instead of drawn as lines.
    pub(crate) filled: bool,
}

const fn lines(path: &'static str) -> Glyph {
    Glyph { path, filled: false }
}

/// A globe with its equator and one meridian.
const GLOBE: Glyph = lines(
    "M8 1.8a6.2 6.2 0 1 0 0 12.4a6.2 6.2 0 1 0 0-12.4zM1.8 8h12.4M8 1.8c-3.6 3.4-3.6 9 0 12.4M8 1.8c3.6 3.4 3.6 9 0 12.4",
);
/// A range between brackets.
const ADDRESSES: Glyph = lines("M4.6 2.8H2v10.4h2.6M11.4 2.8H14v10.4h-2.6M5 8h.01M8 8h.01M11 8h.01");
/// A name tag.
const NAME: Glyph = lines("M2 2.6h5.6l6.4 6.4l-5 5L2.6 7.6zM5.2 5.4h.01");
/// An arrow through a doorway.
const INGRESS: Glyph = lines("M8.6 2.4h5v11.2h-5M1.8 8h8M6.6 4.8L9.8 8l-3.2 3.2");
/// A gate with its arch.
const GATEWAY: Glyph = lines("M1.8 13.8h12.4M3 13.6V7a5 5 0 0 1 10 0v6.6M6 13.6V7.6a2 2 0 0 1 4 0v6");
/// A path that forks.
const ROUTE: Glyph = lines("M1.8 8h4.4l4-4h3.4M6.2 8l4 4h3.4M11.8 1.8L14 4l-2.2 2.2M11.8 9.8L14 12l-2.2 2.2");
/// A hub that leads to three places.
const SERVICE: Glyph = lines(
    "M5.6 8h4.6M5 6.7l5.4-3M5 9.3l5.4 3M3.6 6.2a1.8 1.8 0 1 0 .01 0zM12 1.6a1.5 1.5 0 1 0 .01 0zM12 6.5a1.5 1.5 0 1 0 .01 0zM12 11.4a1.5 1.5 0 1 0 .01 0z",
);
/// Layers: interchangeable copies.
const DEPLOYMENT: Glyph = lines("M8 1.8L14.2 5L8 8.2L1.8 5zM1.8 8L8 11.2L14.2 8M1.8 11L8 14.2L14.2 11");
/// A drum: keeps what it is given.
const STATEFUL: Glyph = lines(
    "M2.8 4v8c0 2.8 10.4 2.8 10.4 0V4M2.8 4c0 2.8 10.4 2.8 10.4 0c0-2.8-10.4-2.8-10.4 0zM2.8 8c0 2.8 10.4 2.8 10.4 0",
);
/// The same thing in every place.
const DAEMON: Glyph = lines("M2 2h4.8v4.8H2zM9.2 2H14v4.8H9.2zM2 9.2h4.8V14H2zM9.2 9.2H14V14H9.2z");
/// Done once.
const JOB: Glyph = lines(
    "M3.4 2h9.2A1.4 1.4 0 0 1 14 3.4v9.2a1.4 1.4 0 0 1-1.4 1.4H3.4A1.4 1.4 0 0 1 2 12.6V3.4A1.4 1.4 0 0 1 3.4 2zM4.8 8.2l2.3 2.4l4.2-5",
);
/// Done by the clock.
const CRON: Glyph = lines("M8 1.8a6.2 6.2 0 1 0 0 12.4a6.2 6.2 0 1 0 0-12.4zM8 4.4V8l2.6 1.8");
/// A cube.
const POD: Glyph = lines("M8 1.6l5.6 3.2v6.4L8 14.4l-5.6-3.2V4.8zM2.4 4.8L8 8l5.6-3.2M8 8v6.4");
/// A bucket.
const RESOURCE: Glyph = lines("M2.4 4.2c0-2.6 11.2-2.6 11.2 0l-1.4 8.4c-.4 2-8 2-8.4 0zM2.4 4.2c0 2.4 11.2 2.4 11.2 0");
/// A sheet with lines of settings.
const CONFIG: Glyph = lines("M3.4 1.8h6.4l3 3v9.4H3.4zM9.6 2v3h3M5.6 7.6h4.8M5.6 9.8h4.8M5.6 12h2.8");
/// A key.
const SECRET: Glyph = lines("M5 4.6a3.4 3.4 0 1 0 .01 0zM7.6 6.2L13.8 2.4M11.2 4l1.6 2.6M13.8 2.4l.6 1.2M5 8h.01");
/// A drum with a plug: storage that is asked for.
const CLAIM: Glyph =
    lines("M2.4 5v6.4c0 2.6 8 2.6 8 0V5M2.4 5c0 2.4 8 2.4 8 0c0-2.4-8-2.4-8 0zM10.4 8.4h3M13.4 6.2v4.4");
/// A head and shoulders on a badge.
const ACCOUNT: Glyph = lines("M2.6 2h10.8v12H2.6zM8 4.8a1.9 1.9 0 1 0 .01 0zM4.8 12c.4-3.4 6-3.4 6.4 0");
/// Up and down arrows beside a stack.
const SCALER: Glyph = lines("M4.4 13.8V2.2M2 4.6l2.4-2.4l2.4 2.4M11.6 2.2v11.6M9.2 11.4l2.4 2.4l2.4-2.4");
/// A dashed ring around some dots: whoever is inside.
const PEERS: Glyph = lines(
    "M5.2 2.4A6.2 6.2 0 0 1 8 1.8M10.8 2.4A6.2 6.2 0 0 1 13.6 5.2M14.2 8A6.2 6.2 0 0 1 13.6 10.8M10.8 13.6A6.2 6.2 0 0 1 8 14.2M5.2 13.6A6.2 6.2 0 0 1 2.4 10.8M1.8 8A6.2 6.2 0 0 1 2.4 5.2M6 6.4h.01M10 6.4h.01M8 10h.01",
);
/// Lines that meet and part.
const JUNCTION: Glyph = lines("M2 3l6 5l-6 5M14 3L8 8l6 5M8 6.4a1.6 1.6 0 1 0 .01 0z");
/// A question mark.
const MISSING: Glyph = lines("M4.6 5.4a3.4 3.4 0 1 1 5.2 2.8C8.6 9 8 9.4 8 10.6M8 13.8h.01");
/// A triangle with an exclamation mark.
const WARNING: Glyph = lines("M8 2.2L14.4 13.4H1.6zM8 6.4v3.4M8 11.6h.01");
/// A box with boxes in it.
const SUMMARY: Glyph = lines(
    "M1.8 1.8h12.4v12.4H1.8zM4.4 4.6h2.8v2.8H4.4zM8.8 4.6h2.8v2.8H8.8zM4.4 8.8h2.8v2.8H4.4zM8.8 8.8h2.8v2.8H8.8z",
);
/// A padlock.
const LOCK: Glyph = Glyph {
    path: "M3.2 7H4.6V5a3.4 3.4 0 0 1 6.8 0v2h1.4a.8.8 0 0 1 .8.8v5.6a.8.8 0 0 1-.8.8H3.2a.8.8 0 0 1-.8-.8V7.8a.8.8 0 0 1 .8-.8zM6.2 7h3.6V5a1.8 1.8 0 0 0-3.6 0z",
    filled: true,
};

/// A padlock that hangs open.
const OPEN: Glyph = lines("M3 7.2h10v6.4H3zM5.2 7V4.6a2.9 2.9 0 0 1 5.6-1");
/// A ring with a bar through it.
const BLOCKED: Glyph = lines("M8 1.8a6.2 6.2 0 1 0 0 12.4a6.2 6.2 0 1 0 0-12.4zM3.8 3.8l8.4 8.4");
/// A shield.
const SHIELD: Glyph = lines("M8 1.8l5.4 1.8v4c0 3.2-2.2 5.4-5.4 6.8c-3.2-1.4-5.4-3.6-5.4-6.8v-4z");

/// The drawing of a badge.
pub(crate) fn of_mark(mark: Mark) -> Glyph {
    match mark {
        Mark::Isolated => LOCK,
        Mark::Ruled => SHIELD,
        Mark::Open => OPEN,
        Mark::Exposed => GLOBE,
        Mark::Blocked | Mark::NoNames => BLOCKED,
        Mark::Unevaluated => MISSING,
        Mark::Broken | Mark::Doubtful => WARNING,
    }
}

/// The drawing of a node. `label` is its kind as people know it.
pub(crate) fn of_node(kind: NodeKind, label: &str) -> Glyph {
    match kind {
        NodeKind::Internet => GLOBE,
        NodeKind::External => ADDRESSES,
        NodeKind::ExternalName => NAME,
        NodeKind::Ingress => INGRESS,
        NodeKind::Gateway => GATEWAY,
        NodeKind::Route => ROUTE,
        NodeKind::Service => SERVICE,
        NodeKind::Workload => match label {
            // In a legend a workload has no label: the most common kind represents all.
            "" | "Deployment" | "DeploymentConfig" | "ReplicaSet" | "ReplicationController" => DEPLOYMENT,
            "StatefulSet" => STATEFUL,
            "DaemonSet" => DAEMON,
            "Job" => JOB,
            "CronJob" => CRON,
            _ => POD,
        },
        NodeKind::ConfigMap => CONFIG,
        NodeKind::Secret => SECRET,
        NodeKind::Claim => CLAIM,
        NodeKind::ServiceAccount => ACCOUNT,
        NodeKind::Scaler => SCALER,
        NodeKind::Resource => RESOURCE,
        NodeKind::Peers => PEERS,
        NodeKind::Junction => JUNCTION,
        NodeKind::Missing => MISSING,
        NodeKind::Summary => SUMMARY,
    }
}

/// The lock that says TLS.
pub(crate) fn lock() -> Glyph {
    LOCK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_drawing_is_small() {
        let workloads = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "Rollout"]
            .map(|l| of_node(NodeKind::Workload, l));
        let kinds = NodeKind::ALL.iter().map(|k| of_node(*k, ""));
        for glyph in kinds.chain(workloads).chain([lock()]).chain(Mark::ALL.iter().map(|m| of_mark(*m))) {
            assert!(glyph.path.len() <= 300 && glyph.path.starts_with('M'), "{}", glyph.path);
        }
    }
}
