// The model of the page: nodes, edges, rules and texts, with the picture elements that draw them.

let model;

/** The data of a page: plain, or packed where they are many. */
async function unpack(page) {
  const source = page.getElementById("data");
  if (!source) return null;
  if (!source.dataset.encoding) return JSON.parse(source.textContent);
  const bytes = Uint8Array.from(atob(source.textContent), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream(source.dataset.encoding))).json();
}

/** The cards, lines and frames of a picture, by the objects they represent. A comparison draws each in every state. */
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

/** The model of the page with its pictures: an overview and all objects where there are two. */
function read(known, svgs) {
  const m = { ...known, byId: new Map(), views: svgs.map(inventory) };
  m.nodes.forEach((node, i) => {
    node.i = i;
    m.byId.set(node.id, node);
  });
  for (const view of m.views) {
    // A card that represents several objects exists in the picture only, and so do its lines.
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

/** True if the page compares two states. */
const isComparison = () => model.nodes.some((n) => n.change);

const fullName = (node) => (node.ns && node.kind !== "Summary" ? `${node.ns}/${node.name}` : node.name);
const isWorkload = (node) => node?.kind === "Workload";

/** The kind of a node in a word; empty where its name contains it. */
const kindOf = (node) => (["Internet", "Junction", "ExternalName", "Summary"].includes(node.kind) ? "" : node.kind === "Missing" ? `${node.label}, missing` : node.kind === "Peers" ? node.facts : node.label);

/** True for nodes that connect nearly everything, such as the Internet. */
const isHub = (node) => ["Internet", "External"].includes(node.kind) || (node.kind === "Peers" && !node.members?.length);
const isStep = (node) => !["Junction", "Peers"].includes(node.kind);

/**
 * The places that are next to one, on the way `forward` or back. Who stands in a set takes part in the lines of the set, and a line to a set is one to its members; but members of a
 * set have nothing to do with each other. So a place is a node and whether it was come to as a member (`within`), from where only lines lead on.
 */
function nextTo({ i, within }, forward, first) {
  const node = model.nodes[i];
  const places = [];
  const isSet = node.kind === "Peers";
  if (!first && isHub(node)) return places;
  if (!isSet || within || first) for (const edge of forward ? model.out[i] : model.in[i]) places.push({ i: forward ? edge.t : edge.f, edge, within: false });
  if (!isSet) for (const set of model.sets[i]) places.push({ i: set, edge: null, within: true });
  else if (!within) for (const member of node.members ?? []) places.push({ i: member, edge: null, within: false });
  return places;
}
const placeKey = ({ i, within }) => i * 2 + (within ? 1 : 0);

/**
 * What can be reached from a node over so many lines, with the lines: `up`, `down` or `both`. Junctions and sets of pods are no steps of their own, and what nearly
 * everything is connected with leads no further.
 */
function around(start, hops, way) {
  const nodes = new Map([[start.i, 0]]);
  const edges = new Set();
  const walk = (forward) => {
    const from = { i: start.i, within: false };
    const seen = new Map([[placeKey(from), 0]]);
    const queue = [from];
    for (let at = 0; at < queue.length; at++) {
      const here = queue[at];
      const far = seen.get(placeKey(here));
      if (far >= hops && isStep(model.nodes[here.i]) && at > 0) continue;
      for (const next of nextTo(here, forward, at === 0)) {
        const cost = far + (isStep(model.nodes[next.i]) ? 1 : 0);
        if (cost > hops) continue;
        if (next.edge) edges.add(next.edge);
        if (!nodes.has(next.i) || nodes.get(next.i) > cost) nodes.set(next.i, cost);
        const key = placeKey(next);
        if (seen.has(key) && seen.get(key) <= cost) continue;
        seen.set(key, cost);
        queue.push(next);
      }
    }
  };
  if (way !== "down") walk(false);
  if (way !== "up") walk(true);
  return { nodes, edges };
}

/** The shortest way along lines from one node to another, as steps; `null` if there is none. Belonging to a set is a step without an edge; a removed line has no target. */
function wayAlong(from, to) {
  const before = new Map([[from.i * 2, null]]);
  const queue = [{ i: from.i, within: false }];
  for (let at = 0; at < queue.length; at++) {
    const here = queue[at];
    if (here.i === to.i && !here.within) {
      const steps = [];
      for (let place = here; before.get(placeKey(place)); place = before.get(placeKey(place)).here) {
        const { here: last, edge } = before.get(placeKey(place));
        steps.unshift({ from: last.i, to: place.i, edge });
      }
      return steps;
    }
    for (const next of nextTo(here, true, at === 0)) {
      if (before.has(placeKey(next)) || next.edge?.change === "removed") continue;
      before.set(placeKey(next), { here, edge: next.edge });
      queue.push(next);
    }
  }
  return null;
}
