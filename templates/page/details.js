// The details panel of the selected object: facts, allowed connections with their rules, lines, findings and manifest.

const details = make("section", { className: "panel", id: "panel-details", attr: { role: "tabpanel", "aria-label": "Details" } });

/** A node as a button that selects it. */
function nodeButton(node) {
  const kind = kindOf(node);
  return make(
    "span",
    { className: "ref" },
    make("button", { type: "button", title: `Show ${fullName(node)}`, className: `link hue-${node.hue}`, on: { click: () => (picking ? choose(node) : select(node)) } }, data(fullName(node))),
    kind && make("span", { className: "kind" }, " ", data(kind)),
  );
}

const endName = (end) => (end.plane ? make("span", { className: "outside" }, data(end.name)) : nodeButton(end));

const FEW = 6;
/** A list that shows the first few, and the rest on demand. Many ends of one namespace are grouped. */
function endList(ends) {
  const rows = (list) => make("ul", { className: "refs" }, list.map((end) => make("li", {}, endName(end))));
  if (ends.length <= FEW) return rows(ends);
  const spaces = new Map();
  for (const end of ends) {
    const key = end.plane ? "outside" : `namespace ${end.ns ?? "none"}`;
    if (!spaces.has(key)) spaces.set(key, []);
    spaces.get(key).push(end);
  }
  return make(
    "div",
    {},
    [...spaces].map(([name, list]) => {
      const box = make("details", { className: "fold" }, make("summary", {}, data(name), ` · ${list.length}`));
      box.addEventListener("toggle", () => box.open && box.children.length === 1 && box.append(rows(list)));
      return box;
    }),
  );
}

/** A rule with its effect and the line that defines it. */
function reasonRow(reason) {
  const policy = model.policies[reason.p];
  const rule = reason.rule == null ? "" : `, rule ${reason.rule + 1}`;
  return make(
    "li",
    { className: `reason ${reason.e}` },
    make("span", { className: "kind" }, `${reason.d} ${ruled[reason.e]} `),
    data(policyName(policy)),
    make("span", { className: "kind" }, ` ${policy.kind}${rule} `),
    placeButton(reason.at),
  );
}

const portsText = (verdict) => ({ none: "denied", open: "all ports, not restricted by any policy", all: "all ports", some: verdict.ports })[verdict.kind];
/** Rules that allow an allowed connection, or all rules about a denied one. */
const tellingReasons = (verdict) => verdict.why.filter((r) => verdict.kind === "none" || r.e !== "isolate");

function verdictHead(verdict) {
  return make("span", { className: `verdict ${verdict.kind}` }, make("span", { className: "sign", textContent: { none: "✕", open: "○", all: "●", some: "◐" }[verdict.kind] }), ` ${portsText(verdict)}`);
}

const DOUBTS = { convention: "by convention: the manifests do not contain the ingress controller", undetermined: "cannot be determined from the manifests" };
/** The certainty of a verdict that is not certain. */
const doubt = ({ sure }) => sure && make("span", { className: "quiet" }, ` · ${DOUBTS[sure] ?? sure}`);

function bucket(verdict) {
  return make(
    "li",
    { className: "bucket" },
    make("div", {}, verdictHead(verdict), doubt(verdict)),
    endList(verdict.ends),
    tellingReasons(verdict).length > 0 && make("ul", { className: "because" }, tellingReasons(verdict).map(reasonRow)),
  );
}

/** The text for a workload without an allowed connection. */
function noPartner(node, way) {
  if (node.change === "removed") return "This workload is not in the new state.";
  if (!planes().some((plane) => groupsOn(plane, node).length)) return "Cannot be determined from the manifests.";
  return way === "in" ? "No workload can reach this: policies deny all of it." : "No connection from here is allowed by policies.";
}

/** Allowed sources or targets of a workload. */
function partnerSection(node, way) {
  const all = partners(node, way);
  const through = all.filter((v) => v.kind !== "none");
  const denied = all.filter((v) => v.kind === "none");
  const title = way === "in" ? "Who can reach this?" : "What can this reach?";
  const count = denied.reduce((sum, v) => sum + v.ends.length, 0);
  return fold(
    `${title}`,
    [
      through.length ? make("ul", { className: "buckets" }, through.map(bucket)) : make("p", { className: "none", textContent: noPartner(node, way) }),
      denied.length > 0 && lazyFold(`${counted(count, "other")} denied`, () => make("ul", { className: "buckets" }, denied.map(bucket))),
    ],
    `partners-${way}`,
  );
}

const folded = new Set();
/** A part of the panel that stays open or closed while others are selected. */
function fold(title, content, key = title, open = true) {
  const box = make("details", { className: "part", open: open !== folded.has(key) }, make("summary", {}, make("h3", {}, title)), content);
  box.addEventListener("toggle", () => folded[box.open === open ? "delete" : "add"](key));
  return box;
}

/** A part that is built when it is opened. */
function lazyFold(title, content) {
  const box = make("details", { className: "fold" }, make("summary", {}, title));
  box.addEventListener("toggle", () => box.open && box.children.length === 1 && box.append(content()), { once: true });
  return box;
}

const kindWords = (kind) => model.kinds.find((k) => k.kind === kind)?.words ?? kind;

/** Lines of the picture that begin or end at the node. */
function lineSection(node) {
  const row = (edge, other, arrow) =>
    make(
      "li",
      { className: "line" },
      make("span", { className: "kind" }, `${arrow} ${kindWords(edge.k)} `),
      nodeButton(model.nodes[other]),
      edge.l.length > 0 && make("ul", { className: "says" }, edge.l.slice(0, 12).map((line) => make("li", {}, data(line))), edge.l.length > 12 && make("li", { className: "quiet" }, `and ${edge.l.length - 12} more`)),
      edge.w.length > 0 && make("div", {}, edge.w.slice(0, 4).map(([, , place]) => [placeButton(place), " "])),
    );
  const lines = [...model.in[node.i].map((e) => row(e, e.f, "←")), ...model.out[node.i].map((e) => row(e, e.t, "→"))];
  const sets = model.sets[node.i].map((i) => make("li", { className: "line" }, make("span", { className: "kind" }, "one of "), nodeButton(model.nodes[i])));
  if (!lines.length && !sets.length) return null;
  const shown = [...lines, ...sets];
  const many = 40;
  return fold(`Connected with (${shown.length})`, [make("ul", { className: "buckets" }, shown.slice(0, many)), shown.length > many && lazyFold(`${shown.length - many} more`, () => make("ul", { className: "buckets" }, shown.slice(many)))], "lines");
}

/** Paths from outside that end at a workload, or that an object opens. */
function waySection(node) {
  const mine = model.ways.filter((w) => (isWorkload(node) ? w.to === node.i : w.by === node.id || w.from.includes(node.id) || opens(node, w)));
  if (!mine.length) return null;
  const row = (way) => {
    const target = model.nodes[way.to];
    const by = model.byId.get(way.by);
    const kind = way.ports === "none" ? "none" : way.why?.length ? "some" : "open";
    return make(
      "li",
      { className: "bucket" },
      make("div", {}, make("span", { className: `verdict ${kind}` }, kind === "none" ? "✕ denied by policy" : `● ${way.ports}`), way.ports !== way.asked && way.ports !== "none" && make("span", { className: "quiet" }, ` of ${way.asked}`), doubt(way)),
      isWorkload(node) ? make("div", {}, make("span", { className: "kind" }, "through "), by ? nodeButton(by) : data(way.by)) : make("div", {}, nodeButton(target), by && by !== node && [make("span", { className: "kind" }, " through "), nodeButton(by)]),
      make("div", { className: "kind" }, "reachable from ", way.from.map((f, i) => [i ? ", " : "", model.byId.get(f) ? nodeButton(model.byId.get(f)) : data(f)])),
      way.why?.length > 0 && make("ul", { className: "because" }, tellingReasons({ kind, why: way.why.map((r) => model.reasons[r]) }).map(reasonRow)),
    );
  };
  const title = isWorkload(node) ? "Reached from outside" : "Workloads behind it";
  const rank = (w) => (w.ports === "none" ? 1 : 0);
  return fold(`${title} (${mine.length})`, make("ul", { className: "buckets" }, [...mine].sort((a, b) => rank(a) - rank(b)).map(row)), "ways");
}

/** True if a path from outside goes through a node: an outside peer, a Gateway, a route or a Service. */
function opens(node, way) {
  const by = model.byId.get(way.by);
  if (!by) return false;
  if (node.kind === "Service") return model.out[node.i].some((e) => e.t === way.to && e.k === "selects") && (by === node || model.out[by.i].some((e) => e.t === node.i));
  if (node.kind === "Internet" || node.kind === "External") return model.out[node.i].some((e) => e.k === "exposes" && (e.t === by.i || model.out[e.t].some((x) => x.t === by.i)));
  return node.kind === "Gateway" && model.out[node.i].some((e) => e.t === by.i);
}

function factSection(node) {
  const rows = [];
  const put = (name, values) => {
    if (values?.length) rows.push(make("dt", {}, name), make("dd", {}, values.map((v) => make("div", {}, v instanceof Node ? v : data(v)))));
  };
  if (node.ns) put("namespace", [button(node.ns, "Show the namespaces", () => change({ panel: "namespaces" }), { className: "link" })]);
  put("facts", node.facts ? [node.facts] : []);
  const words = { isolated: "isolated", restricted: "restricted", open: "open", reached: "reached from", denied: "denied from", unnamed: "", unevaluated: "not evaluated:", error: "", warning: "" };
  put("policies", node.badges?.filter(([mark]) => !["error", "warning"].includes(mark)).map(([mark, word]) => `${words[mark]} ${word}`.trim()));
  put("hosts", node.hosts);
  put("addresses", node.addresses);
  put("ports", node.ports);
  put("images", node.images);
  put("labels", node.labels);
  put("selects", node.selector);
  if (node.members) put("means", [endList(node.members.map((i) => model.nodes[i]))]);
  if (node.at) put("defined at", [placeButton(node.at)]);
  return rows.length ? make("dl", { className: "facts" }, rows) : null;
}

function changeSection(node) {
  if (!node.change) return null;
  const lines = node.changes ?? [];
  return make("div", { className: `change ${node.change}` }, make("strong", {}, node.change === "same" ? "unchanged" : node.change), lines.length > 0 && make("ul", {}, lines.map((l) => make("li", {}, data(l)))));
}

function findingSection(node) {
  if (!node.remarks?.length) return null;
  return fold(
    `Findings (${node.remarks.length})`,
    make("ul", { className: "buckets" }, node.remarks.map(([gravity, text, place]) => make("li", { className: "bucket" }, make("span", { className: `severity ${gravity}` }, gravity), " ", data(text), " ", place && placeButton(place)))),
    "findings",
  );
}

/** A choice of one of a few, as buttons. */
function choice(label, name, options) {
  return make(
    "div",
    { className: "choice", attr: { role: "group", "aria-label": label } },
    options.map(([value, word, title]) => button(word, title ?? word, () => change({ [name]: value }), { attr: { "aria-pressed": String(state[name] === value) } })),
  );
}

function spreadControls(node) {
  const dimmed = isWorkload(node) && hasMatrix();
  const blasted = state.spread === "blast" && dimmed;
  const rings = blasted ? blast(node) : [];
  return make(
    "div",
    { className: "spread" },
    dimmed && choice("What lights up", "spread", [["lines", "Neighbors"], ["blast", "Blast radius", "Every workload that can be reached from here, over any number of allowed connections"]]),
    blasted
      ? make("p", { className: "quiet" }, rings.length ? `An attacker in this workload can reach ${counted(rings.flat().length, "workload")}: ${rings.map((r, i) => `${r.length} in ${counted(i + 1, "step")}`).join(", ")}.` : "No other workload can be reached from here.")
      : [choice("How far", "hops", [[1, "1", "One step"], [2, "2", "Two steps"], [3, "3", "Three steps"], [99, "all", "As far as it goes"]]), choice("Which way", "way", [["both", "both ways"], ["up", "upstream", "Sources of connections to this"], ["down", "downstream", "Targets of connections from this"]])],
    make("p", { className: "quiet", attr: { "data-count": "" } }, blasted ? "" : `${counted(Math.max(0, lit.nodes.size - 1), "card")} and ${counted(lit.edges.size, "line")} light up.`),
  );
}

function textSection(node) {
  const text = model.texts[node.text];
  if (!text) return null;
  return fold("YAML", [listing(text), redactionNote(text)], "yaml");
}

function nothingSelected() {
  const exposed = model.ways.filter((w) => w.ports !== "none");
  const open = model.namespaces.filter((n) => n.ingress.deny == null || n.egress.deny == null);
  const internet = model.byId.get("internet");
  const reached = `Reachable from the Internet: ${counted(new Set(exposed.map((w) => w.to)).size, "workload")}`;
  return make(
    "div",
    { className: "empty" },
    make("p", {}, isComparison() ? "Choose an object to see its changes and its connections." : "Choose an object to see what can reach it, what it can reach, and the rules that allow it."),
    make(
      "ul",
      { className: "starts" },
      make("li", {}, internet ? button(reached, "Select the Internet", () => select(internet), { className: "link" }) : reached),
      model.namespaces.length > 0 && make("li", {}, button(`Namespaces without a default deny: ${open.length} of ${model.namespaces.length}`, "Show the namespaces", () => change({ panel: "namespaces" }), { className: "link" })),
      hasMatrix() && make("li", {}, button("The matrix of allowed connections", "Show the matrix", () => change({ panel: "matrix" }), { className: "link" })),
      make("li", {}, button("Everything as tables", "Show the tables", () => change({ panel: "tables" }), { className: "link" })),
    ),
    make("p", { className: "quiet" }, "Press ", make("kbd", {}, "/"), " to search and ", make("kbd", {}, "?"), " for all keys."),
  );
}

function questionControls(node) {
  return make(
    "div",
    { className: "question" },
    button(picking ? "Choose an object …" : "From here to …", "Choose the target in the picture, or search for it", () => (picking ? pick(null) : pick((to) => ask(node, to)), drawDetails()), { attr: { "aria-pressed": String(!!picking) } }),
    button("From … to here", "Choose the source in the picture, or search for it", () => (pick((from) => ask(from, node)), drawDetails())),
    button("Show", "Scroll the picture to this object", () => bring(node)),
    button("Clear", "Clear the selection (Escape)", () => select(null)),
  );
}

function drawDetails() {
  if (state.panel !== "details") return;
  const { node, to } = state;
  if (!node) return redraw(details, nothingSelected());
  if (to) return redraw(details, ...routeView(node, to));
  const kind = kindOf(node);
  const outsider = shownBy(node) !== node;
  const whole = node.kind === "Summary" && model.views.find((v) => v.frames.has(`namespace:${node.ns}`));
  redraw(
    details,
    ...[
      make("h2", { tabIndex: -1 }, make("span", { className: `dot hue-${node.hue}`, attr: { "aria-hidden": "true" } }), data(node.name), kind && make("span", { className: "kind" }, " ", data(kind))),
      outsider && make("p", { className: "quiet", textContent: node.elsewhere ? "This workload is not on this page; its allowed connections are listed here." : shownBy(node) ? "The highlighted card includes this object." : "The picture does not show this object." }),
      whole && whole !== model.view && make("p", {}, button(`Show the objects in ${node.ns}`, "Show its objects one by one", () => enter(node))),
      !node.standsFor && questionControls(node),
      spreadControls(node),
      changeSection(node),
      factSection(node),
      findingSection(node),
      waySection(node),
      isWorkload(node) && hasMatrix() && partnerSection(node, "in"),
      isWorkload(node) && hasMatrix() && partnerSection(node, "out"),
      lineSection(node),
      textSection(node),
    ].filter(Boolean),
  );
}
