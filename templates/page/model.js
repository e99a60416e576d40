// What the page knows: nodes, edges, rules and texts, with the elements of the picture that draw them.

let model;

/** Reads the data of a page and finds its picture. */
function read(page) {
  const source = page.getElementById("data");
  const known = source ? JSON.parse(source.textContent) : { nodes: [], edges: [], kinds: [], namespaces: [], policies: [], reasons: [], ways: [], texts: [] };
  const svg = page.querySelector(".picture svg");
  const m = { ...known, svg, byId: new Map(), drawn: new Map(), lines: new Map(), frames: new Map() };
  m.nodes.forEach((node, i) => {
    node.i = i;
    m.byId.set(node.id, node);
  });
  for (const element of svg.querySelectorAll(".node")) {
    const { id, kind, namespace, name } = element.dataset;
    if (!m.drawn.has(id)) m.drawn.set(id, []);
    m.drawn.get(id).push(element);
    if (!m.byId.has(id)) {
      // A card that stands for several objects is in the picture alone.
      const node = { id, kind, label: kind, hue: "grey", ns: namespace, name, i: m.nodes.length, standsFor: true };
      m.nodes.push(node);
      m.byId.set(id, node);
    }
  }
  for (const element of svg.querySelectorAll(".edge")) {
    const key = lineKey(element.dataset.from, element.dataset.to, element.dataset.kind);
    if (!m.lines.has(key)) m.lines.set(key, []);
    m.lines.get(key).push(element);
    const [from, to] = [m.byId.get(element.dataset.from), m.byId.get(element.dataset.to)];
    if (from?.standsFor || to?.standsFor) m.edges.push({ f: from.i, t: to.i, k: element.dataset.kind, l: [], w: [], drawnOnly: true });
  }
  for (const element of svg.querySelectorAll(".group")) {
    if (!m.frames.has(element.dataset.id)) m.frames.set(element.dataset.id, []);
    m.frames.get(element.dataset.id).push(element);
  }
  m.out = m.nodes.map(() => []);
  m.in = m.nodes.map(() => []);
  m.edges.forEach((edge) => {
    m.out[edge.f].push(edge);
    m.in[edge.t].push(edge);
  });
  m.sets = m.nodes.map(() => []);
  m.nodes.forEach((node) => node.members?.forEach((member) => m.sets[member].push(node.i)));
  m.hosts = m.nodes.filter((n) => n.standsFor && n.kind === "Summary");
  return m;
}

const lineKey = (from, to, kind) => `${from}\n${to}\n${kind}`;
const linesOf = (edge) => model.lines.get(lineKey(model.nodes[edge.f].id, model.nodes[edge.t].id, edge.k)) ?? [];
const cardsOf = (node) => model.drawn.get(node.id) ?? [];

/** The node whose card shows this one: itself, or the card of its namespace in an overview. */
const shownBy = (node) => (cardsOf(node).length ? node : (model.hosts.find((h) => h.ns === node.ns) ?? null));

const fullName = (node) => (node.ns && node.kind !== "Summary" ? `${node.ns}/${node.name}` : node.name);
const isWorkload = (node) => node?.kind === "Workload";

/** What kind of thing it is, in a word; nothing where its name says it. */
const kindOf = (node) => (["Internet", "Junction", "ExternalName", "Summary"].includes(node.kind) ? "" : node.kind === "Missing" ? `${node.label}, missing` : node.kind === "Peers" ? node.facts : node.label);

/** Whether everything would be near to everything through it. */
const isHub = (node) => ["Internet", "External"].includes(node.kind) || (node.kind === "Peers" && !node.members?.length);
const isStep = (node) => !["Junction", "Peers"].includes(node.kind);

/**
 * What can be reached from a node over so many lines, with the lines: `up`, `down` or `both`. Junctions and sets of pods are no steps of their own, and what nearly
 * everything is connected with leads no further.
 */
function around(start, hops, way) {
  const nodes = new Map([[start.i, 0]]);
  const edges = new Set();
  const walk = (forward) => {
    const seen = new Map([[start.i, 0]]);
    const queue = [start.i];
    for (let at = 0; at < queue.length; at++) {
      const here = queue[at];
      const far = seen.get(here);
      const node = model.nodes[here];
      if (here !== start.i && isHub(node)) continue;
      const visit = (next, edge) => {
        const cost = far + (isStep(model.nodes[next]) ? 1 : 0);
        if (cost > hops || (far >= hops && isStep(node) && here !== start.i)) return;
        if (edge) edges.add(edge);
        if (!nodes.has(next) || nodes.get(next) > cost) nodes.set(next, cost);
        if (!seen.has(next) || seen.get(next) > cost) {
          seen.set(next, cost);
          queue.push(next);
        }
      };
      for (const edge of forward ? model.out[here] : model.in[here]) visit(forward ? edge.t : edge.f, edge);
      // A workload takes part in what the sets that it is in do.
      for (const set of model.sets[here]) if (set !== start.i) visit(set);
      if (here !== start.i || node.kind === "Peers") for (const member of node.members ?? []) visit(member);
    }
  };
  if (way !== "down") walk(false);
  if (way !== "up") walk(true);
  return { nodes, edges };
}

/** The shortest way along lines from one node to another, as edges; `null` if there is none. Belonging to a set is a step without an edge. */
function wayAlong(from, to) {
  const before = new Map([[from.i, null]]);
  const queue = [from.i];
  for (let at = 0; at < queue.length && !before.has(to.i); at++) {
    const here = queue[at];
    const node = model.nodes[here];
    const visit = (next, edge) => {
      if (before.has(next)) return;
      before.set(next, { here, edge });
      queue.push(next);
    };
    for (const edge of model.out[here]) visit(edge.t, edge);
    for (const set of model.sets[here]) visit(set, null);
    for (const member of node.members ?? []) visit(member, null);
  }
  if (!before.has(to.i)) return null;
  const steps = [];
  for (let at = to.i; before.get(at); at = before.get(at).here) steps.unshift({ from: before.get(at).here, to: at, edge: before.get(at).edge });
  return steps;
}
