// Highlights and filters of the picture: the selected card, its neighborhood, and the path between two cards.

const lit = { nodes: new Map(), edges: new Set(), text: "" };

/** The part of the picture that a state lights up. */
function spread() {
  lit.nodes = new Map();
  lit.edges = new Set();
  const { node, to } = state;
  if (!node) return;
  if (to) {
    const way = routeOf(node, to);
    for (const n of way.nodes) lit.nodes.set(n.i, 1);
    for (const e of way.edges) lit.edges.add(e);
  } else if (state.spread === "blast" && isWorkload(node) && hasMatrix()) {
    lit.nodes.set(node.i, 0);
    blast(node).forEach((ring, i) => ring.forEach((n) => lit.nodes.set(n.i, i + 1)));
    for (const edge of model.edges) if (lit.nodes.has(edge.f) && lit.nodes.has(edge.t)) lit.edges.add(edge);
  } else {
    const found = around(node, state.hops, state.way);
    lit.nodes = found.nodes;
    lit.edges = found.edges;
  }
  // An object without its own card is shown by the card that represents it.
  for (const i of [...lit.nodes.keys()]) {
    const card = shownBy(model.nodes[i]);
    if (card && !lit.nodes.has(card.i)) lit.nodes.set(card.i, lit.nodes.get(i));
  }
}

let marked = [];
/** Lines that light up are drawn once more over the others: lines share their ways, and gray ones would lie on them. */
let above = [];
function paint() {
  for (const element of marked) element.classList.remove("lit", "chosen", "end");
  for (const layer of above) layer.remove();
  marked = [];
  above = [];
  const mark = (element, name) => {
    element.classList.add(name);
    marked.push(element);
  };
  model.svg.classList.toggle("dimmed", !!state.node);
  if (!state.node) return;
  for (const i of lit.nodes.keys()) for (const card of cardsOf(model.nodes[i])) mark(card, "lit");
  const layers = new Map();
  for (const edge of lit.edges) {
    for (const line of linesOf(edge)) {
      const parent = line.parentNode;
      if (!layers.has(parent)) layers.set(parent, make("g", { svg: true, attr: { class: "above" } }));
      layers.get(parent).append(line.cloneNode(true));
    }
  }
  for (const [parent, layer] of layers) parent.insertBefore(layer, parent.querySelector(":scope > .node"));
  above = [...layers.values()];
  for (const end of [state.node, state.to]) {
    const card = end && shownBy(end);
    if (card) for (const element of cardsOf(card)) mark(element, end === state.to ? "end" : "chosen");
  }
}

const isOff = (node) => state.off.has(`kind:${node.kind}`) || (node.ns != null && state.off.has(`ns:${node.ns}`));

/** Hides filtered items. */
function filter() {
  for (const node of model.nodes) for (const card of cardsOf(node)) card.classList.toggle("off", isOff(node));
  for (const element of model.svg.querySelectorAll(".edge")) {
    const { from, to, kind } = element.dataset;
    const ends = [model.byId.get(from), model.byId.get(to)];
    element.classList.toggle("off", state.off.has(`edge:${kind}`) || ends.some((n) => n && isOff(n)));
  }
  for (const [id, frames] of model.frames) {
    const name = id.startsWith("namespace:") ? id.slice(10) : (frames[0].dataset.parent ?? "").slice(10);
    for (const frame of frames) frame.classList.toggle("off", state.off.has(`ns:${name}`));
  }
}

/** Selects a node, or nothing. */
function select(node, { go = true } = {}) {
  change({ node, to: null, ...(node && { panel: "details" }) });
  if (!node) return say("Nothing is selected.");
  say(`${fullName(node)} ${kindOf(node)}. ${node.facts ?? ""}`);
  if (go) bring(node);
}

function bring(node) {
  // An object inside a summary card may have its own card in the other picture.
  const own = model.views.find((v) => v.drawn.has(node.id));
  if (own && own !== model.view && shownBy(node) !== node) useView(own);
  const card = shownBy(node);
  if (card) show([boxOf(cardsOf(card)[0])]);
}

/** Asks how one node reaches another. */
function ask(from, to) {
  change({ node: from, to, panel: "details" });
  [from, to].forEach((end) => shownBy(end) !== end && bring(end));
  const cards = [from, to].map(shownBy).filter(Boolean);
  show(cards.map((n) => boxOf(cardsOf(n)[0])));
}

let picking = null;
/** The next card that is chosen is the other end of a question. */
function pick(work) {
  picking = work;
  stage.classList.toggle("picking", !!work);
  if (work) say("Choose the other end: a card of the picture, or search for it.");
}

function choose(node) {
  if (!picking) return select(node, { go: false });
  const work = picking;
  pick(null);
  work(node);
}

const cardAt = (target) => target.closest?.(".node, .group, .edge");

canvas.addEventListener("click", (event) => {
  if (dragged) return;
  const element = cardAt(event.target);
  if (element?.classList.contains("node")) {
    const node = model.byId.get(element.dataset.id);
    if (event.shiftKey && state.node && state.node !== node) ask(state.node, node);
    else choose(node);
  } else if (element?.classList.contains("edge")) {
    const [from, to] = [model.byId.get(element.dataset.from), model.byId.get(element.dataset.to)];
    change({ node: from, to, panel: "details" });
  } else if (element?.dataset.id?.startsWith("namespace:") && event.target.closest("text")) {
    change({ panel: "namespaces", node: null, to: null });
  } else if (!picking) select(null);
});

stage.addEventListener("dblclick", (event) => {
  event.preventDefault();
  const element = cardAt(event.target);
  const node = element?.classList.contains("node") && model.byId.get(element.dataset.id);
  if (node?.kind === "Summary") enter(node);
  else if (node) bring(node);
  else zoom(1.6, local(event));
});

/** Shows the objects that a card of an overview represents. */
function enter(node) {
  const whole = model.views.find((v) => v.frames.has(`namespace:${node.ns}`));
  if (!whole) return;
  useView(whole);
  select(null);
  show([boxOf(model.frames.get(`namespace:${node.ns}`)[0])]);
}

/** The cards by their position, for keyboard navigation. */
function cards() {
  const seen = model.nodes.filter((n) => cardsOf(n).length && n.kind !== "Junction" && !isOff(n));
  return seen.map((node) => ({ node, box: boxOf(cardsOf(node)[0]) }));
}

/** The card next to one in a direction: near counts, and being straight ahead counts twice. */
function beside(node, dx, dy) {
  const all = cards();
  if (!node) return all.sort((a, b) => a.box.x + a.box.y - b.box.x - b.box.y)[0]?.node;
  const card = shownBy(node);
  const here = card && boxOf(cardsOf(card)[0]);
  if (!here) return null;
  const middle = (b) => ({ x: b.x + b.w / 2, y: b.y + b.h / 2 });
  const from = middle(here);
  let best = null;
  for (const { node: other, box } of all) {
    if (other === card) continue;
    const at = middle(box);
    const along = (at.x - from.x) * dx + (at.y - from.y) * dy;
    const across = Math.abs((at.x - from.x) * dy) + Math.abs((at.y - from.y) * dx);
    if (along <= 4) continue;
    const cost = along + 2.2 * across;
    if (!best || cost < best.cost) best = { node: other, cost };
  }
  return best?.node;
}

/** Exposes cards to screen readers and to the keyboard. */
function announceCards() {
  model.svg.setAttribute("role", "group");
  for (const node of model.nodes) {
    for (const card of cardsOf(node)) {
      card.setAttribute("role", "img");
      card.setAttribute("aria-label", `${fullName(node)} ${kindOf(node)} ${node.facts ?? ""}`.trim());
    }
  }
}
