// What the page knows: nodes, edges, rules and texts, with the elements of the picture that draw them.

let model;

/** The data of a page: plain, or packed where they are many. */
async function unpack(page) {
  const source = page.getElementById("data");
  if (!source) return null;
  if (!source.dataset.encoding) return JSON.parse(source.textContent);
  const bytes = Uint8Array.from(atob(source.textContent), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream(source.dataset.encoding))).json();
}

/** What a picture draws: cards, lines and frames by what they stand for. A comparison draws each in every state. */
function inventory(svg) {
  const view = { svg, drawn: new Map(), lines: new Map(), frames: new Map(), summaries: [] };
  const put = (map, key, element) => {
    if (!map.has(key)) map.set(key, []);
    map.get(key).push(element);
  };
  for (const element of svg.querySelectorAll(".node")) put(view.drawn, element.dataset.id, element);
  for (const element of svg.querySelectorAll(".edge")) put(view.lines, lineKey(element.dataset.from, element.dataset.to, element.dataset.kind), element);
  for (const element of svg.querySelectorAll(".group")) put(view.frames, element.dataset.id, element);
  return view;
}

/** What the page knows, with its pictures: an overview and all objects where there are two. */
function read(known, svgs) {
  const m = { ...known, byId: new Map(), views: svgs.map(inventory) };
  m.nodes.forEach((node, i) => {
    node.i = i;
    m.byId.set(node.id, node);
  });
  for (const view of m.views) {
    // A card that stands for several objects is in the picture alone, and so are its lines.
    for (const [id, [element]] of view.drawn) {
      const { kind, namespace, name } = element.dataset;
      if (!m.byId.has(id)) {
        const node = { id, kind, label: kind, hue: "grey", ns: namespace, name, i: m.nodes.length, standsFor: true };
        m.nodes.push(node);
        m.byId.set(id, node);
      }
      if (kind === "Summary") view.summaries.push(m.byId.get(id));
    }
    for (const [{ dataset }] of view.lines.values()) {
      const [from, to] = [m.byId.get(dataset.from), m.byId.get(dataset.to)];
      if (from?.standsFor || to?.standsFor) m.edges.push({ f: from.i, t: to.i, k: dataset.kind, l: [], w: [] });
    }
  }
  m.out = m.nodes.map(() => []);
  m.in = m.nodes.map(() => []);
  m.edges.forEach((edge) => {
    m.out[edge.f].push(edge);
    m.in[edge.t].push(edge);
  });
  m.sets = m.nodes.map(() => []);
  m.nodes.forEach((node) => node.members?.forEach((member) => m.sets[member].push(node.i)));
  return m;
}

/** Turns to one of the pictures. */
function turnTo(view) {
  Object.assign(model, { view, svg: view.svg, drawn: view.drawn, lines: view.lines, frames: view.frames, hosts: view.summaries });
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
