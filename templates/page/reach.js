// Allowed connections by pair, stored by groups that policies treat alike, in runs of equal cells.

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
    return { cells, outside: plane.outside, network: plane.network, of: new Map(plane.members) };
  });
  return model.planes;
}

/** An end of a connection: a workload, or an outside peer (`{ plane, group, name }`). */
const groupsOn = (plane, end) => (end.plane ? (end.plane === plane ? [end.group] : []) : (plane.of.get(end.i) ?? []));

/** The numbers of the cells of a pair on all networks that both share: one, unless their pods differ. */
function cellsBetween(from, to) {
  const found = new Set();
  for (const plane of planes()) {
    for (const a of groupsOn(plane, from)) for (const b of groupsOn(plane, to)) found.add(plane.cells[a][b]);
  }
  return [...found].sort((a, b) => a - b);
}

/** The verdict of a pair: `ports` in words, `why` as reasons, `kind` as `open` (not restricted), `all`, `some` or `none`, `sure` if not certain. */
function verdictOf(cells) {
  const all = cells.map((c) => model.matrix.cells[c]);
  const let_through = all.filter((c) => c.ports !== "none");
  const why = [...new Set(all.flatMap((c) => c.why ?? []))].map((r) => model.reasons[r]);
  const ports = [...new Set(let_through.map((c) => c.ports))].join(", or ") || "none";
  const differs = all.length > 1;
  return {
    ports,
    why,
    kind: !let_through.length ? "none" : !why.length ? "open" : ports === "all" ? "all" : "some",
    sure: differs ? "differs between its pods or networks" : all[0]?.sure,
  };
}

/** The outside peers of every network. */
const outsideEnds = () => planes().flatMap((plane) => plane.outside.map(([group, name]) => ({ plane, group, name })));

/** Allowed sources (`in`) or targets (`out`) of a workload, grouped by equal verdicts. */
function partners(node, way) {
  const buckets = new Map();
  const put = (end) => {
    const cells = way === "in" ? cellsBetween(end, node) : cellsBetween(node, end);
    if (!cells.length) return;
    const key = cells.join();
    if (!buckets.has(key)) buckets.set(key, { ...verdictOf(cells), ends: [] });
    buckets.get(key).ends.push(end);
  };
  for (const other of model.nodes) if (isWorkload(other) && other !== node) put(other);
  for (const end of outsideEnds()) put(end);
  const rank = { some: 0, all: 1, open: 2, none: 3 };
  return [...buckets.values()].sort((a, b) => rank[a.kind] - rank[b.kind] || a.ends.length - b.ends.length);
}

/** The workloads reachable from one, hop by hop, over allowed connections. */
function blast(node) {
  const rings = [[node]];
  const seen = new Set([node.i]);
  const rest = new Set(model.nodes.filter((n) => isWorkload(n) && n !== node));
  while (rings.at(-1).length && rest.size) {
    const next = [];
    for (const from of rings.at(-1)) {
      for (const to of rest) {
        const cells = cellsBetween(from, to);
        if (!cells.some((c) => model.matrix.cells[c].ports !== "none")) continue;
        rest.delete(to);
        seen.add(to.i);
        next.push(to);
      }
    }
    rings.push(next);
  }
  return rings.slice(1).filter((ring) => ring.length);
}

const hasMatrix = () => !!model.matrix && planes().length > 0;
const policyName = (policy) => `${policy.ns ? `${policy.ns}/` : ""}${policy.name}`;
const ruled = { allow: "allowed by", deny: "denied by", pass: "passed by", isolate: "not allowed by" };
