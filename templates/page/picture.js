// Highlights and filters of the picture: the selected card or line, its neighborhood, and the way between two ends. What lights up follows the verdicts that panels tell.

const lit = { nodes: new Map(), edges: new Set(), arrows: [], steps: new Map() };
const isBlast = () => state.spread !== "lines" && !!state.node && !state.to && canBlast(state.node);

/** The part of the picture that a state lights up. */
function spread() {
  Object.assign(lit, { nodes: new Map(), edges: new Set(), arrows: [], steps: new Map() });
  const { node, to, line } = state;
  if (!node) return;
  const add = ({ nodes, edges }) => {
    for (const i of nodes) if (!lit.nodes.has(i)) lit.nodes.set(i, 1);
    for (const e of edges) lit.edges.add(e);
  };
  if (line) add(spanOf(node, to, line));
  else if (to) add(answerOf(node, to));
  else if (isBlast()) litSteps(node, state.spread === "back");
  else Object.assign(lit, around(node, state.hops, state.way));
  lit.nodes.set(node.i, 0);
  // An object without its own card is shown by the card that represents it.
  for (const i of [...lit.nodes.keys()]) {
    const card = shownBy(model.nodes[i]);
    if (card && !lit.nodes.has(card.i)) lit.nodes.set(card.i, lit.nodes.get(i));
  }
}

/** More arrows than this would hide the picture. */
const MOST_ARROWS = 60;
/** Lights up the steps of an attack: its victims, and the lines that it takes; an arrow where what is open has no line. */
function litSteps(node, back) {
  const rings = blast(node, back);
  let from = workloadsOf(node).map(({ workload }) => workload);
  rings.forEach((ring, k) => {
    for (const n of ring) lit.nodes.set(n.i, k + 1), lit.steps.set(n.i, k + 1);
    const targets = new Set(ring.map((n) => n.i));
    const shown = new Set();
    if (k === 0 && isOutside(node)) {
      for (const w of model.ways.filter((w) => admitted(w) && comesFrom(w, node))) {
        const path = wayIn(w);
        for (const i of path.nodes) if (!lit.nodes.has(i)) lit.nodes.set(i, 1);
        for (const e of path.edges) lit.edges.add(e);
        shown.add(w.to);
      }
    }
    for (const x of from) {
      for (const flow of flowsOf(x, !back)) {
        const hit = (endsOf(flow, x, !back) ?? []).filter((i) => targets.has(i));
        if (!hit.length) continue;
        for (const e of flow.edges) {
          lit.edges.add(e);
          for (const i of [e.f, e.t]) if (!isWorkload(model.nodes[i]) && !lit.nodes.has(i)) lit.nodes.set(i, k + 1);
        }
        for (const i of hit) shown.add(i);
      }
    }
    for (const y of ring) {
      if (shown.has(y.i) || lit.arrows.length >= MOST_ARROWS) continue;
      const x = from.find((x) => (back ? allowed(y, x) : allowed(x, y)));
      if (x) lit.arrows.push(back ? [y, x] : [x, y]);
    }
    from = ring;
  });
}

let marked = [];
/** What lies over the picture while something is selected: a veil, and above it copies of what lights up. So nothing of the picture itself is styled anew, however large it is. */
let above = [];
function paint() {
  for (const element of marked) element.classList.remove("lit", "chosen", "end");
  for (const layer of above) layer.remove();
  marked = [];
  above = [];
  model.svg.classList.toggle("dimmed", !!state.node);
  if (!state.node) return;
  for (const parent of layersOf(model.svg)) cover(parent);
}

/** The parts of a picture that have cards of their own: the states of a comparison, or the picture itself. */
const layersOf = (svg) => {
  const layers = [...svg.querySelectorAll(":scope > .layer")];
  return layers.length ? layers : [svg];
};

function cover(parent) {
  const veil = make("rect", { svg: true, attr: { class: "veil ks-f-canvas", width: camera.width, height: camera.height, "aria-hidden": "true" } });
  const layer = make("g", { svg: true, attr: { class: "above", "aria-hidden": "true" } });
  const copy = (element) => {
    const twin = element.cloneNode(true);
    twin.removeAttribute("id");
    twin.removeAttribute("role");
    twin.removeAttribute("aria-label");
    layer.append(twin);
    return twin;
  };
  for (const title of parent.querySelectorAll(":scope > .group > text")) copy(title);
  const drawn = new Set();
  for (const edge of lit.edges) {
    for (const line of shownLines(edge)) {
      if (line.parentNode !== parent || drawn.has(line) || line.classList.contains("off")) continue;
      drawn.add(line);
      copy(line);
    }
  }
  for (const [x, y] of lit.arrows) {
    const [a, b] = [x, y].map((n) => shownBy(n) && cardsOf(shownBy(n)).find((card) => card.parentNode === parent));
    if (a && b && a !== b) layer.append(arrow(boxOf(a), boxOf(b)));
  }
  const [from, to] = [state.node, state.to].map((end) => end && shownBy(end));
  for (const i of lit.nodes.keys()) {
    for (const card of cardsOf(model.nodes[i])) {
      if (card.parentNode !== parent) continue;
      card.classList.add("lit");
      if (model.nodes[i] === from) card.classList.add("chosen");
      else if (model.nodes[i] === to) card.classList.add(state.line ? "chosen" : "end");
      marked.push(card);
      if (card.classList.contains("off")) continue;
      copy(card).classList.replace("node", "twin");
      const step = lit.steps.get(i);
      if (step) layer.append(stepSign(boxOf(card), step));
    }
  }
  const legendOf = parent.querySelector(":scope > .legend");
  parent.insertBefore(veil, legendOf);
  parent.insertBefore(layer, legendOf);
  above.push(veil, layer);
}

/** More arrows than this are no picture. */
const MOST_CALLS = 300;
let callLayer = [];
const hasLine = (call) => call.s != null && (model.lines.get(lineKey(model.nodes[call.f].id, model.nodes[call.s].id, "calls")) ?? []).length > 0;
/** True if every call that the picture could show is shown. */
const showsCalls = () => !state.off.has("edge:calls") && (state.calls || model.calls.every(hasLine));
/** Shows all calls, or none: those that the picture has lines for, and those that it leaves to the lines of policies. */
function toggleCalls() {
  const off = new Set(state.off);
  const shows = showsCalls();
  off[shows ? "add" : "delete"]("edge:calls");
  change({ calls: !shows, off });
}
/** The calls that the picture has no lines for, as arrows over it: all of them, or those of what is selected. */
function drawCalls() {
  for (const layer of callLayer) layer.remove();
  callLayer = [];
  if (!state.calls) return;
  const own = state.node && new Set([state.node.i, ...workloadsOf(state.node).map(({ workload }) => workload.i)]);
  const calls = model.calls.filter((c) => !hasLine(c) && (!own || own.has(c.f) || own.has(c.t) || own.has(c.s)) && !(own && state.to));
  for (const parent of layersOf(model.svg)) {
    const layer = make("g", { svg: true, attr: { class: "calls", "aria-hidden": "true" } });
    const drawn = new Set();
    for (const call of calls) {
      const [from, to] = [call.f, call.s ?? call.t].map((i) => i != null && shownBy(model.nodes[i]));
      const key = `${from?.i} ${to?.i}`;
      const [a, b] = [from, to].map((n) => n && cardsOf(n).find((card) => card.parentNode === parent && !card.classList.contains("off")));
      if (!a || !b || a === b || drawn.has(key) || drawn.size >= MOST_CALLS) continue;
      drawn.add(key);
      const sign = arrow(boxOf(a), boxOf(b));
      sign.setAttribute("class", `call ${call.state}`);
      layer.append(sign);
    }
    parent.insertBefore(layer, parent.querySelector(":scope > .legend"));
    callLayer.push(layer);
  }
}

/** Rings around cards, above everything: for the hits of a search, and for the card that keys are at. */
const rings = new Map();
function ring(name, cards) {
  for (const element of rings.get(name) ?? []) element.remove();
  rings.set(
    name,
    cards.map((card) => {
      const { x, y, w, h } = boxOf(card);
      const element = make("rect", { svg: true, attr: { class: `ring ${name}`, x: x - 2, y: y - 2, width: w + 4, height: h + 4, rx: 8, fill: "none", "aria-hidden": "true" } });
      card.parentNode.append(element);
      return element;
    }),
  );
}

/** The number of the step in which a workload falls, on the corner of its card. */
const stepSign = ({ x, y, w }, step) => make("g", { svg: true, attr: { class: "step" } }, make("circle", { svg: true, attr: { cx: x + w - 2, cy: y + 2, r: 8.5 } }), make("text", { svg: true, attr: { x: x + w - 2, y: y + 5.8, "text-anchor": "middle", "font-size": 10.5, "font-weight": "bold" }, textContent: String(step) }));

/** The lines that show an edge: its own, or those between the cards that represent its ends. */
function shownLines(edge) {
  const own = linesOf(edge);
  if (own.length) return own;
  const [a, b] = [edge.f, edge.t].map((i) => shownBy(model.nodes[i]));
  return a && b && a !== b ? (model.lines.get(lineKey(a.id, b.id, edge.k)) ?? []) : [];
}

/** A straight arrow from box to box, for what is open and has no line. */
function arrow(a, b) {
  const middle = (r) => ({ x: r.x + r.w / 2, y: r.y + r.h / 2 });
  const [p, q] = [middle(a), middle(b)];
  const length = Math.hypot(q.x - p.x, q.y - p.y) || 1;
  const [dx, dy] = [(q.x - p.x) / length, (q.y - p.y) / length];
  const out = (r) => Math.min(Math.abs(r.w / 2 / (dx || 1e-9)), Math.abs(r.h / 2 / (dy || 1e-9)));
  const [s, e] = [out(a), length - out(b)];
  const at = (t, side = 0) => `${(p.x + dx * t - dy * side).toFixed(1)} ${(p.y + dy * t + dx * side).toFixed(1)}`;
  return make("g", { svg: true, attr: { class: "leap", "aria-hidden": "true" } }, make("path", { svg: true, attr: { d: `M${at(s)}L${at(Math.max(s, e - 7))}`, fill: "none", "stroke-width": 1.6, "stroke-dasharray": "2 4", "stroke-linecap": "round" } }), make("path", { svg: true, attr: { d: `M${at(e)}L${at(e - 8, 4)}L${at(e - 8, -4)}Z` } }));
}

const isOff = (node) => state.off.has(`kind:${node.kind}`) || (node.ns != null && state.off.has(`ns:${node.ns}`));

/** Hides filtered items, and what lights up among them. */
function filter() {
  hide();
  paint();
}
function hide() {
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
  bundle = null;
  node = meant(node);
  change({ node, to: null, line: null, ...(node && { panel: "details" }) });
  if (!node) return say("Nothing is selected.");
  say(`${fullName(node)} ${kindOf(node)}. ${node.facts ?? ""}`);
  if (go) bring(node);
}

function bring(node) {
  // An object inside a summary card may have its own card in the other picture.
  const own = model.views.find((v) => v.drawn.has(node.id));
  if (own && own !== model.view && shownBy(node) !== node) useView(own);
  const box = placeOf(node);
  if (box) show([box]);
}

/** Brings everything that lights up into sight. */
function showLit() {
  const boxes = [...lit.nodes.keys()].map((i) => model.nodes[i]).filter((n) => cardsOf(n).length).map((n) => boxOf(cardsOf(n)[0]));
  show(boxes, { whole: true });
}

/** Asks whether one node can reach another. */
function ask(from, to) {
  [from, to] = [meant(from), meant(to)];
  change({ node: from, to, line: null, panel: "details" });
  [from, to].forEach((end) => shownBy(end) !== end && bring(end));
  show([from, to].map(placeOf).filter(Boolean), { whole: true });
}

/** Opens the connection that a line shows. */
function openLine(edge, { go = false } = {}) {
  bundle = null;
  change({ node: model.nodes[edge.f], to: model.nodes[edge.t], line: edge.k, panel: "details" });
  say(`${fullName(state.node)} ${kindWords(edge.k)} ${fullName(state.to)}. ${edge.l.join(", ")}`);
  if (go) show([state.node, state.to].map(placeOf).filter(Boolean), { whole: true });
}

/** Several lines that run where somebody clicked; one of them is to be chosen. */
let bundle = null;
function openBundle(edges) {
  if (edges.length === 1) return openLine(edges[0]);
  change({ node: null, to: null, line: null, panel: "details" });
  bundle = edges;
  drawDetails();
  say(`${edges.length} connections run here.`);
}

/** All that a line represents: itself with its ends, and through junctions to what lies behind. */
function spanOf(from, to, kind) {
  const nodes = new Set([from.i, to.i]);
  const edges = new Set(model.out[from.i].filter((e) => e.t === to.i && e.k === kind));
  const more = (i, forward, depth) => {
    if (model.nodes[i].kind !== "Junction" || depth > 3) return;
    for (const e of (forward ? model.out : model.in)[i]) {
      if (e.k !== kind) continue;
      edges.add(e);
      const far = forward ? e.t : e.f;
      nodes.add(far);
      more(far, forward, depth + 1);
    }
  };
  more(from.i, false, 0);
  more(to.i, true, 0);
  return { nodes, edges };
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
  work(meant(node));
}

const cardAt = (target) => target.closest?.(".node, .group, .edge");

/** The edges whose lines are at a point of the window, or a few pixels beside it. */
function linesAt(x, y) {
  const found = new Map();
  // Lines run straight: steps to each side find them, and steps along them the dashes beside a gap.
  for (const r of [0, 1.5, 3, 4.5, 6, 7.5]) {
    for (const [dx, dy] of r ? [0, 2.5, -2.5].flatMap((d) => [[r, d], [-r, d], [d, r], [d, -r]]) : [[0, 0], [2.5, 0], [-2.5, 0], [0, 2.5], [0, -2.5]]) {
      const [px, py] = [x + dx, y + dy];
      for (const element of document.elementsFromPoint(px, py)) {
        const line = element.closest?.(".edge");
        if (element.closest?.(".node") || !stage.contains(element)) break;
        if (line) found.set(lineKey(line.dataset.from, line.dataset.to, line.dataset.kind), line.dataset);
      }
    }
    if (found.size) break;
  }
  return [...found.values()].flatMap(({ from, to, kind }) => {
    const [a, b] = [model.byId.get(from), model.byId.get(to)];
    return a && b ? (model.out[a.i].find((e) => e.t === b.i && e.k === kind) ?? []) : [];
  });
}

let pressed = { x: 0, y: 0 };
canvas.addEventListener("pointerdown", (event) => (pressed = { x: event.clientX, y: event.clientY }));
// A click with Shift asks a question, and marks no text.
canvas.addEventListener("mousedown", (event) => event.shiftKey && event.preventDefault());
canvas.addEventListener("click", (event) => {
  // Whoever marks a text does not choose the card that it is on.
  if (dragged || (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > 4 && String(getSelection()))) return;
  const element = cardAt(event.target);
  const node = element?.classList.contains("node") && meant(model.byId.get(element.dataset.id));
  if (node) {
    if (event.shiftKey && state.node && state.node !== node) ask(state.node, node);
    else choose(node);
    return;
  }
  const lines = picking ? [] : linesAt(event.clientX, event.clientY);
  const space = element?.classList.contains("group") && event.target.closest("text") && model.byId.get(element.dataset.id);
  if (lines.length) openBundle(lines);
  else if (space) event.shiftKey && state.node ? ask(state.node, space) : choose(space);
  else if (!picking) select(null);
});

// ---- what is under the pointer

const tip = make("div", { className: "tip", hidden: true, attr: { "aria-hidden": "true" } });
let pointer = null;
let hovered = [];
const hover = eachFrame(() => {
  const lines = pointer && !dragged ? linesAt(pointer.x, pointer.y) : [];
  for (const element of hovered) element.classList.remove("over");
  hovered = lines.flatMap(shownLines);
  for (const element of hovered) element.classList.add("over");
  canvas.classList.toggle("online", lines.length > 0);
  tip.hidden = !lines.length;
  if (!lines.length) return;
  const name = (i) => fullName(model.nodes[i]) || kindOf(model.nodes[i]);
  tip.replaceChildren(...lines.slice(0, 5).map((e) => make("div", {}, ...spanNames(e).flatMap((t, i) => (i ? [" → ", data(t)] : [data(t)])), make("span", { className: "kind" }, ` ${kindWords(e.k)}${e.l.length ? ` ${e.l.slice(0, 3).join(", ")}` : ""}`))), lines.length > 5 ? make("div", { className: "kind" }, `and ${lines.length - 5} more`) : "");
  const box = stage.getBoundingClientRect();
  const [x, y] = [pointer.x - box.left, pointer.y - box.top];
  tip.style.left = `${clamp(x + 14, 4, Math.max(4, box.width - tip.offsetWidth - 4))}px`;
  tip.style.top = `${y + 18 + tip.offsetHeight > box.height ? y - tip.offsetHeight - 10 : y + 18}px`;
});
/** The names of both ends of a line; a junction is named by what lies behind it. */
function spanNames(edge) {
  const far = (i, forward) => {
    const node = model.nodes[i];
    if (node.kind !== "Junction") return [node];
    return (forward ? model.out : model.in)[i].filter((e) => e.k === edge.k).flatMap((e) => (model.nodes[forward ? e.t : e.f].kind === "Junction" ? [] : [model.nodes[forward ? e.t : e.f]]));
  };
  const words = (list) => (list.length > 2 ? `${fullName(list[0])} and ${list.length - 1} more` : list.map(fullName).join(", "));
  return [words(far(edge.f, false)), words(far(edge.t, true))];
}
stage.addEventListener("pointermove", (event) => {
  const inside = event.pointerType === "mouse" && canvas.contains(event.target) && !event.target.closest(".node");
  pointer = inside && !event.buttons ? { x: event.clientX, y: event.clientY } : null;
  hover();
});
stage.addEventListener("pointerdown", () => ((pointer = null), hover()));
stage.addEventListener("pointerleave", () => ((pointer = null), hover()));

stage.addEventListener("dblclick", (event) => {
  event.preventDefault();
  const element = cardAt(event.target);
  const node = element?.classList.contains("node") && model.byId.get(element.dataset.id);
  if (node?.kind === "Summary") enter(node);
  else if (node) bring(node);
  else zoom(1.6, local(event));
});

/** The page of a namespace in the same folder. */
const pageOf = (node) => model.pages?.find(([name]) => name === spaceOf(node))?.[1];

/** Shows the objects that a card of an overview represents. */
function enter(node) {
  const page = pageOf(node);
  if (page) return location.assign(page);
  const whole = model.views.find((v) => v.frames.has(`namespace:${spaceOf(node)}`));
  if (!whole) return select(node);
  useView(whole);
  select(null);
  show([boxOf(model.frames.get(`namespace:${spaceOf(node)}`)[0])], { whole: true, closer: true });
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
