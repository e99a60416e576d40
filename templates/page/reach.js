// Allowed connections by pair, stored by groups that policies treat alike, in runs of equal cells. Everything that says or shows who reaches whom asks here: panels, lit lines, answers, steps of an attack.

/** The planes with unpacked rows. Each row is stored as its differences from the row before. */
function planes() {
  if (model.planes) return model.planes;
  model.planes = (model.matrix?.planes ?? []).map((plane) => {
    let row = new Uint32Array(plane.groups);
    const cells = plane.rows.map((runs) => {
      row = row.slice();
      for (let i = 0; i < runs.length; i += 3) row.fill(runs[i + 2], runs[i], runs[i] + runs[i + 1]);
      return row;
    });
    const inGroup = Array.from({ length: plane.groups }, () => []);
    for (const [node, groups] of plane.members) for (const group of groups) inGroup[group].push(node);
    return { cells, outside: plane.outside, network: plane.network, of: new Map(plane.members), inGroup };
  });
  return model.planes;
}

// ---- states of a comparison

/** The parts of the model that a state of a comparison has for itself. */
const OF_STATE = ["matrix", "internet", "ways", "calls", "reasons", "policies", "namespaces", "planes", "callState", "texts", "inFile"];
/** Which state is asked about: `before`, or the new one. */
let asked = "after";
/** Turns the model to a state: from then on every verdict is of it. */
function turnState(name) {
  if (!model.before || name === asked) return;
  const kept = Object.fromEntries(OF_STATE.map((part) => [part, model[part]]));
  Object.assign(model, Object.fromEntries(OF_STATE.map((part) => [part, undefined])), model.other);
  model.other = kept;
  asked = name;
}
/** What something says in the old state. */
function inOld(work) {
  if (!model.before) return null;
  const now = asked;
  turnState("before");
  try {
    return work();
  } finally {
    turnState(now);
  }
}
/** True for lines that the state asked about does not have. */
const isGone = (edge) => edge.change === (asked === "before" ? "added" : "removed");
const isMissing = (node) => node.change === (asked === "before" ? "added" : "removed");

const hasMatrix = () => !!model.matrix && planes().length > 0;

/** An end of a connection: a workload, or an outside peer (`{ plane, group, name }`). */
const groupsOn = (plane, end) => (end.plane ? (end.plane === plane ? [end.group] : []) : (plane.of.get(end.i) ?? []));

/** The numbers of the cells of a pair on all networks that both share: one, unless their pods differ. */
function cellsBetween(from, to) {
  const found = [];
  for (const plane of planes()) {
    for (const a of groupsOn(plane, from)) {
      for (const b of groupsOn(plane, to)) {
        const cell = plane.cells[a][b];
        if (!found.includes(cell)) found.push(cell);
      }
    }
  }
  return found.length > 1 ? found.sort((a, b) => a - b) : found;
}

const lets = (cell) => model.matrix.cells[cell].ports !== "none";
/** True if some connection from one end to the other is allowed; without the allowed connections every line counts. */
const allowed = (from, to) => !hasMatrix() || cellsBetween(from, to).some(lets);

// ---- ports as ranges: protocol, first, last

const clip = (ranges, other) =>
  ranges.flatMap(([p, a, b]) => other.filter(([q, c, d]) => p === q && c <= b && a <= d).map(([, c, d]) => [p, Math.max(a, c), Math.min(b, d)]));

/** `TCP 80, 443, 8000-8080; UDP 53`. */
function portWords(ranges) {
  const of = new Map();
  for (const [p, a, b] of ranges) of.set(p, [...(of.get(p) ?? []), a === 1 && b === 65535 ? "" : a === b ? `${a}` : `${a}-${b}`]);
  return [...of].map(([p, list]) => `${p} ${[...new Set(list)].join(", ")}`.trim()).join("; ");
}

/** What of a cell is left on these ports; `limit` is `null` for all. */
function cellOn(cell, limit) {
  if (!limit || cell.ports === "none") return cell;
  const rest = cell.ports === "all" ? limit : clip(cell.r ?? [], limit);
  return { ...cell, ports: rest.length ? portWords(rest) : "none" };
}

/** The verdict of a pair: `ports` in words, `why` as reasons, `kind` as `open` (not restricted), `all`, `some` or `none`, `sure` if not certain. */
function verdictOf(cells, limit = null) {
  const all = cells.map((c) => cellOn(model.matrix.cells[c], limit));
  const through = all.filter((c) => c.ports !== "none");
  const why = [...new Set(all.flatMap((c) => c.why ?? []))].map((r) => model.reasons[r]);
  const ports = [...new Set(through.map((c) => c.ports))].join(", or ") || "none";
  const differs = all.length > 1 && new Set(all.map((c) => c.ports)).size > 1;
  return {
    ports,
    why,
    own: through.some((c) => c.own),
    limited: !!limit,
    kind: !through.length ? "none" : !why.length ? "open" : ports === "all" ? "all" : "some",
    sure: differs ? "differs between its pods or networks" : all.find((c) => c.sure)?.sure,
  };
}

// ---- what ends mean

/** The outside peers of every network. */
const outsideEnds = () => planes().flatMap((plane) => plane.outside.map(([group, name]) => ({ plane, group, name })));

const isOutside = (node) => ["Internet", "External", "ExternalName"].includes(node.kind);
/** The groups of addresses that something outside has a part in. */
const addressesOf = (node) =>
  ((node.kind === "Internet" ? model.internet : node.outside) ?? []).flatMap(([at, groups]) => {
    const plane = planes()[at];
    return groups.map((group) => ({ plane, group, name: plane.outside.find(([g]) => g === group)[1] }));
  });

const selected = (service) => model.out[service.i].filter((e) => e.k === "selects" && !isGone(e));
/** The workloads that a node represents: itself, those of a set or a namespace, those behind a Service with the ports that it leads to. */
function workloadsOf(node) {
  if (isWorkload(node)) return [{ workload: node, limit: null }];
  if (node.kind === "Service") return selected(node).filter((e) => isWorkload(model.nodes[e.t])).map((e) => ({ workload: model.nodes[e.t], limit: e.p ?? null, service: node, lines: e.l }));
  if (node.members) return node.members.map((i) => ({ workload: model.nodes[i], limit: null }));
  if (node.kind === "Namespace") return model.nodes.filter((n) => isWorkload(n) && n.ns === node.name).map((workload) => ({ workload, limit: null }));
  return [];
}

/** Allowed sources (`in`) or targets (`out`) of what a node represents, grouped by equal verdicts. */
function partners(node, way) {
  const own = workloadsOf(node);
  const mine = new Set(own.map(({ workload }) => workload.i));
  const buckets = new Map();
  const known = new Map();
  const put = (end) => {
    const by = new Map();
    for (const { workload, limit } of own) {
      const cells = way === "in" ? cellsBetween(end, workload) : cellsBetween(workload, end);
      const key = cells.length && `${cells}|${way === "in" && limit ? limit : ""}`;
      if (key && !by.has(key)) by.set(key, { cells, limit: way === "in" ? limit : null });
    }
    if (!by.size) return;
    const cells = [...by.keys()].join(";");
    if (!known.has(cells)) {
      const verdict = merged([...by.values()].map(({ cells, limit }) => verdictOf(cells, limit)));
      const key = verdictKey(verdict);
      if (!buckets.has(key)) buckets.set(key, { ...verdict, ends: [] });
      known.set(cells, buckets.get(key));
    }
    known.get(cells).ends.push(end);
  };
  for (const other of model.nodes) if (isWorkload(other) && !mine.has(other.i)) put(other);
  for (const end of outsideEnds()) put(end);
  const rank = { some: 0, all: 1, open: 2, none: 3 };
  return [...buckets.values()].sort((a, b) => rank[a.kind] - rank[b.kind] || a.ends.length - b.ends.length);
}

/** Rules that allow an allowed connection, or all rules about a denied one. */
const tellingReasons = (verdict) => verdict.why.filter((r) => verdict.kind === "none" || r.e !== "isolate");
/** Verdicts that say the same have the same key. */
const verdictKey = (verdict) => `${verdict.kind}|${verdict.ports}|${verdict.sure}|${tellingReasons(verdict).map((r) => `${r.of.name} ${r.d} ${r.rule} ${r.at}`)}`;

/** One verdict for several: what any of them lets through. */
function merged(verdicts) {
  if (verdicts.length === 1) return verdicts[0];
  const through = verdicts.filter((v) => v.kind !== "none");
  if (!through.length) return { ...verdicts[0], why: [...new Set(verdicts.flatMap((v) => v.why))] };
  const ports = [...new Set(through.map((v) => v.ports))];
  return {
    ...through[0],
    ports: ports.join(", or "),
    why: [...new Set(through.flatMap((v) => v.why))],
    kind: through.every((v) => v.kind === through[0].kind) ? through[0].kind : "some",
    sure: through.find((v) => v.sure)?.sure ?? (through.length < verdicts.length || ports.length > 1 ? "differs between its workloads" : undefined),
  };
}

// ---- steps of an attack

/**
 * Step by step, the workloads that can be reached from some (or, `back`, that can reach them), each with those of the step before by which that is so. Worked out for groups, which are few.
 */
function stepsFrom(starts, back = false, first = []) {
  const seen = new Set(starts.map((w) => w.i));
  const rings = [];
  let ring = starts;
  if (first.length) {
    rings.push(first);
    for (const n of first) seen.add(n.i);
    ring = first;
  }
  const open = planes().map((plane) => new Set(plane.inGroup.keys()));
  while (ring.length) {
    const next = [];
    planes().forEach((plane, p) => {
      const from = new Set(ring.flatMap((n) => plane.of.get(n.i) ?? []));
      for (const b of open[p]) {
        if (![...from].some((a) => lets(back ? plane.cells[b][a] : plane.cells[a][b]))) continue;
        open[p].delete(b);
        for (const i of plane.inGroup[b]) {
          if (seen.has(i)) continue;
          seen.add(i);
          next.push(model.nodes[i]);
        }
      }
    });
    if (next.length) rings.push(next.sort((a, b) => a.i - b.i));
    ring = next;
  }
  return rings;
}

/** The blast radius of a node, or who can get to it: rings of workloads. From the Internet it begins with what that reaches. */
function blast(node, back) {
  if (node.kind === "Internet" || node.kind === "External") return back ? [] : stepsFrom([], false, entered(node));
  const mine = workloadsOf(node).map(({ workload }) => workload);
  return mine.length ? stepsFrom(mine, back) : [];
}
const canBlast = (node) => hasMatrix() && (workloadsOf(node).length > 0 || node.kind === "Internet");

// ---- entry points

/** The entries from outside that policies let something through. */
const admitted = (way) => way.ports !== "none";
const comesFrom = (way, node) => (node.kind === "Internet" ? way.internet : way.from.includes(node.id));
/** The workloads that something outside reaches through entry points. */
const entered = (node) => [...new Set(model.ways.filter((w) => admitted(w) && comesFrom(w, node)).map((w) => w.to))].map((i) => model.nodes[i]);

/** The cards and lines that requests pass on their way in, from what is outside to the workload. */
function wayIn(way) {
  if (way.path) return way.path;
  const nodes = new Set([way.to]);
  const edges = new Set();
  const by = model.byId.get(way.by);
  const lead = (e) => !isGone(e);
  const add = (e) => (edges.add(e), nodes.add(e.f).add(e.t));
  if (by) {
    nodes.add(by.i);
    // Down to the workload, directly or through Services.
    for (const e of model.out[by.i].filter(lead)) {
      if (e.t === way.to && ["selects", "routes"].includes(e.k)) add(e);
      else if (["routes", "resolves"].includes(e.k)) for (const x of model.out[e.t].filter(lead)) if (x.t === way.to && x.k === "selects") add(e), add(x);
    }
    // Up to what opens it.
    const seen = new Set([by.i]);
    for (const i of seen) {
      for (const e of model.in[i].filter(lead)) {
        if (e.k === "exposes" && (way.from.includes(model.nodes[e.f].id) || (way.internet && model.nodes[e.f].kind === "Internet") || !way.from.some((f) => isOutside(model.byId.get(f) ?? {})))) add(e);
        else if (e.k === "routes" && ["Gateway", "Route", "Ingress"].includes(model.nodes[e.f].kind)) add(e), seen.add(e.f);
      }
    }
  }
  return (way.path = { nodes, edges });
}

// ---- lines that carry a connection

/** The workloads that a line means at an end; `null` if the manifests do not hold them. */
const coversOf = (node) => (isWorkload(node) ? [node.i] : node.members ?? null);

/** The lines of policies that begin at a workload (or end there), alone or in sets, as ways through junctions with the end that each leads to. */
function flowsOf(node, forward) {
  const next = forward ? model.out : model.in;
  const [far, near, beyond] = forward ? ["t", "nf", "nt"] : ["f", "nt", "nf"];
  const found = [];
  const walk = (start, edge, before, not) => {
    if (edge.k !== "allows" || isGone(edge) || edge[near]?.includes(node.i)) return;
    const edges = [...before, edge];
    const except = [...not, ...(edge[beyond] ?? [])];
    const end = model.nodes[edge[far]];
    if (end.kind === "Junction" && edges.length < 4) for (const more of next[end.i]) walk(start, more, edges, except);
    else found.push({ start, edges, end, except });
  };
  for (const start of [node.i, ...model.sets[node.i], ...model.anyone]) for (const edge of next[start]) walk(start, edge, [], []);
  return found;
}

/** The workloads at the far end of a flow that policies let through; `null` if the manifests do not hold any. */
function endsOf(flow, node, forward) {
  const meant = coversOf(flow.end);
  if (!meant) return null;
  return meant.filter((i) => i !== node.i && !flow.except.includes(i) && (forward ? allowed(node, model.nodes[i]) : allowed(model.nodes[i], node)));
}

/** The lines that carry what one workload sends to another, with the cards in between. */
function carried(from, to) {
  const nodes = new Set();
  const edges = new Set();
  if (!allowed(from, to)) return { nodes, edges };
  for (const flow of flowsOf(from, true)) {
    const meant = coversOf(flow.end);
    const isMeant = meant ? meant.includes(to.i) && !flow.except.includes(to.i) : flow.end.anyone;
    if (isMeant) for (const e of flow.edges) edges.add(e), nodes.add(e.f).add(e.t);
  }
  return { nodes, edges };
}

/** The lines to something outside that a workload may use. */
function carriedOut(from, outside) {
  const nodes = new Set();
  const edges = new Set();
  for (const flow of flowsOf(from, true)) if (flow.end === outside) for (const e of flow.edges) edges.add(e), nodes.add(e.f).add(e.t);
  return { nodes, edges };
}

const policyName = (policy) => `${policy.ns ? `${policy.ns}/` : ""}${policy.name}`;
const ruled = { allow: "allowed by", deny: "denied by", pass: "passed by", isolate: "not allowed by" };

// ---- what lights up around a node

/** Kinds of lines that lead from one object to the next and are no verdict on traffic. */
const LEADS = ["routes", "selects", "resolves", "calls", "uses", "scales"];

/**
 * What is within so many steps of a node: `up`, `down` or `both`. A line of a policy counts only for those between whom policies let something through, and what is open to the
 * outside only where somebody gets in.
 */
function around(start, hops, way) {
  const nodes = new Map([[start.i, 0]]);
  const edges = new Set();
  const near = (i, cost) => {
    if (!nodes.has(i) || nodes.get(i) > cost) nodes.set(i, cost);
  };
  const add = (list) => list.forEach((e) => edges.add(e));
  const own = start.kind === "Service" || start.kind === "Namespace" || start.kind === "Peers" ? workloadsOf(start).map(({ workload }) => workload) : [];
  if (isOutside(start) && way !== "up") {
    for (const path of model.ways.filter((w) => admitted(w) && comesFrom(w, start)).map(wayIn)) {
      add([...path.edges]);
      for (const i of path.nodes) near(i, 1);
    }
  }
  const walk = (forward) => {
    const seen = new Map();
    const queue = [];
    const come = (i, cost) => {
      near(i, cost);
      if (seen.has(i) && seen.get(i) <= cost) return;
      seen.set(i, cost);
      queue.push(i);
    };
    come(start.i, 0);
    for (const w of own) come(w.i, start.kind === "Service" || start.kind === "Namespace" ? 0 : 1);
    if (forward && isOutside(start)) for (const w of entered(start)) come(w.i, 1);
    for (let at = 0; at < queue.length; at++) {
      const node = model.nodes[queue[at]];
      const cost = seen.get(node.i);
      if (cost >= hops || (cost > 0 && isHub(node))) continue;
      step(node, cost, forward, come);
    }
  };
  const step = (node, cost, forward, come) => {
    for (const e of (forward ? model.out : model.in)[node.i]) {
      const other = forward ? e.t : e.f;
      if (!LEADS.includes(e.k)) continue;
      edges.add(e);
      // What policies deny leads no further than to its name.
      if (e.k === "calls" && (forward ? ["blocked", "unknown"].includes(model.callState.get(`${e.f} ${e.t}`)) : false)) near(other, cost + 1);
      else come(other, cost + 1);
    }
    if (isWorkload(node)) {
      for (const flow of flowsOf(node, forward)) {
        const ends = endsOf(flow, node, forward);
        if (ends && !ends.length) continue;
        add(flow.edges);
        near(flow.start, cost);
        for (const e of flow.edges) near(forward ? e.t : e.f, cost + 1);
        for (const i of ends ?? []) come(i, cost + 1);
      }
    } else if (cost === 0) ofSet(node, forward, come);
  };
  // A set, addresses or a junction by itself: its lines with those who are at their other ends.
  const ofSet = (node, forward, come) => {
    const follow = (e, depth) => {
      if (e.k !== "allows" || isGone(e)) return;
      edges.add(e);
      const other = model.nodes[forward ? e.t : e.f];
      near(other.i, 1);
      if (other.kind === "Junction" && depth < 3) for (const more of (forward ? model.out : model.in)[other.i]) follow(more, depth + 1);
      else for (const i of coversOf(other) ?? []) if (!(forward ? e.nt : e.nf)?.includes(i)) come(i, 1);
    };
    for (const e of (forward ? model.out : model.in)[node.i]) follow(e, 0);
  };
  if (way !== "down") walk(false);
  if (way !== "up") walk(true);
  if (way !== "down") {
    // Up to the outside, where somebody gets in.
    for (const w of model.ways.filter((w) => admitted(w) && nodes.has(w.to))) {
      for (const e of wayIn(w).edges) {
        if (e.k !== "exposes" || !nodes.has(e.t) || nodes.get(e.t) + 1 > hops) continue;
        edges.add(e);
        near(e.f, nodes.get(e.t) + 1);
      }
    }
  }
  // The card of a namespace in an overview has lines of its own, each for at least one connection.
  const host = start.kind === "Namespace" ? shownBy(start) : null;
  for (const e of host ? [...(way === "down" ? [] : model.in[host.i]), ...(way === "up" ? [] : model.out[host.i])] : []) {
    if (isGone(e) || e.k === "denied" || (e.k === "exposes" && !model.ways.some((w) => admitted(w) && own.some((o) => o.i === w.to)))) continue;
    edges.add(e);
    near(e.f === host.i ? e.t : e.f, 1);
  }
  for (const e of [...model.in[start.i], ...model.out[start.i]]) {
    if (e.k !== "denied" || e.nf?.includes(start.i) || e.nt?.includes(start.i)) continue;
    if (e.f === start.i ? way === "up" : way === "down") continue;
    edges.add(e);
    near(e.f === start.i ? e.t : e.f, 1);
  }
  return { nodes, edges };
}

/** The shortest way along lines that are no verdict on traffic, as edges; `null` if there is none. */
function wayAlong(from, to) {
  const before = new Map([[from.i, null]]);
  const queue = [from.i];
  for (let at = 0; at < queue.length; at++) {
    const i = queue[at];
    if (i === to.i) {
      const steps = [];
      for (let edge = before.get(i); edge; edge = before.get(edge.f)) steps.unshift(edge);
      return steps;
    }
    for (const edge of model.out[i]) {
      if (before.has(edge.t) || isGone(edge) || !(LEADS.includes(edge.k) || edge.k === "exposes")) continue;
      before.set(edge.t, edge);
      queue.push(edge.t);
    }
  }
  return null;
}
