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
  addSpaces(m);
  m.out = m.nodes.map(() => []);
  m.in = m.nodes.map(() => []);
  m.edges.forEach((edge) => {
    m.out[edge.f].push(edge);
    m.in[edge.t].push(edge);
  });
  m.sets = m.nodes.map(() => []);
  m.nodes.forEach((node) => node.members?.forEach((member) => m.sets[member].push(node.i)));
  m.anyone = m.nodes.filter((n) => n.anyone).map((n) => n.i);
  for (const state of [m, m.before]) state?.reasons.forEach((reason) => (reason.of = state.policies[reason.p]));
  const states = (calls) => new Map(calls.filter((c) => c.s != null).map((c) => [`${c.f} ${c.s}`, c.state]));
  m.callState = states(m.calls);
  if (m.before) m.other = { ...m.before, texts: m.oldTexts ?? [], callState: states(m.before.calls) };
  return m;
}

/** Namespaces can be selected, searched and asked about as objects can, and so can the Internet where no card is it. */
function addSpaces(m) {
  const add = (node) => {
    if (m.byId.has(node.id)) return;
    node.i = m.nodes.length;
    m.nodes.push(node);
    m.byId.set(node.id, node);
  };
  const names = new Set([...m.namespaces.map((n) => n.name), ...m.nodes.map((n) => n.ns).filter(Boolean)]);
  for (const name of [...names].sort(natural)) add({ id: `namespace:${name}`, kind: "Namespace", label: "Namespace", hue: "grey", name });
  if (m.internet?.length) add({ id: "internet", kind: "Internet", label: "Internet", hue: "grey", name: "Internet" });
}

/** Turns to one of the pictures. */
function turnTo(view) {
  Object.assign(model, { view, svg: view.svg, drawn: view.drawn, lines: view.lines, frames: view.frames, hosts: view.summaries });
}

const lineKey = (from, to, kind) => `${from}\n${to}\n${kind}`;
const linesOf = (edge) => model.lines.get(lineKey(model.nodes[edge.f].id, model.nodes[edge.t].id, edge.k)) ?? [];
const cardsOf = (node) => model.drawn.get(node.id) ?? [];

const spaceOf = (node) => (node.kind === "Namespace" ? node.name : node.ns);
/** The node whose card shows this one: itself, or the card of its namespace in an overview. */
const shownBy = (node) => (cardsOf(node).length ? node : (model.hosts.find((h) => h.ns === spaceOf(node)) ?? null));
/** A card that represents a namespace is that namespace. */
const meant = (node) => (node?.kind === "Summary" && model.byId.get(`namespace:${node.ns}`)) || node;
/** The box of a node in the picture, or of its frame; `null` if there is none. */
function placeOf(node) {
  const card = shownBy(node);
  if (card) return boxOf(cardsOf(card)[0]);
  const frame = node.kind === "Namespace" && model.frames.get(node.id)?.[0];
  return frame ? boxOf(frame) : null;
}

/** True if the page compares two states. */
const isComparison = () => !!model.before;

const fullName = (node) => (node.ns && node.kind !== "Summary" && node.kind !== "Namespace" ? `${node.ns}/${node.name}` : node.name);
const isWorkload = (node) => node?.kind === "Workload";

/** The kind of a node in a word; empty where its name contains it. */
const kindOf = (node) => (["Internet", "Junction", "ExternalName", "Summary"].includes(node.kind) ? "" : node.kind === "Missing" ? `${node.label}, missing` : node.kind === "Peers" ? node.facts : node.label);

/** True for nodes that connect nearly everything, such as the Internet. */
const isHub = (node) => ["Internet", "External"].includes(node.kind) || (node.kind === "Peers" && !node.members?.length);
