// Who can talk to whom: the table of the page, asked for pairs. It is kept by groups that policies treat alike, in runs of equal cells.

/** The planes with their rows unpacked: each row is the one before it but for some runs. */
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

/** An end of a connection: a workload, or what is outside (`{ plane, group, name }`). */
const groupsOn = (plane, end) => (end.plane ? (end.plane === plane ? [end.group] : []) : (plane.of.get(end.i) ?? []));

/** The numbers of the cells that tell what becomes of traffic between two ends, on all networks that they share: one, unless their pods differ. */
function cellsBetween(from, to) {
  const found = new Set();
  for (const plane of planes()) {
    for (const a of groupsOn(plane, from)) for (const b of groupsOn(plane, to)) found.add(plane.cells[a][b]);
  }
  return [...found].sort((a, b) => a - b);
}

/** What becomes of traffic: `ports` in words, `why` as reasons, `kind` as `open` (no policy has a say), `all`, `some` or `none`, `sure` where it is not certain. */
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

/** The ends that are outside, on every network. */
const outsideEnds = () => planes().flatMap((plane) => plane.outside.map(([group, name]) => ({ plane, group, name })));

/** Everybody who may talk to a workload (`in`), or whom it may talk to (`out`), those together with whom the same is to be said. */
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

/** The workloads that may be reached from one, hop by hop, over connections that policies let through. */
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
