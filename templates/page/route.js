// Can one end reach the other: the answer, the pairs that it rests on with their rules, the way that carries it, and what would allow it.

/** Everything about a question: pairs of workloads (or addresses), entries from outside, the answer in words, and the cards and lines of the way. */
function answerOf(from, to) {
  const found = { pairs: [], ways: [], nodes: new Set(), edges: new Set(), along: null };
  const sources = workloadsOf(from);
  const targets = workloadsOf(to);
  const gone = [from, to].find((end) => isMissing(end) && !isHub(end));
  if (hasMatrix()) {
    for (const { workload: x } of sources) {
      for (const { workload: y, limit, service, lines } of targets) {
        const cells = x === y ? [] : cellsBetween(x, y);
        if (cells.length) found.pairs.push({ from: x, to: y, limit, service, lines, verdict: verdictOf(cells, limit) });
      }
      if (isOutside(to)) for (const end of addressesOf(to)) found.pairs.push({ from: x, to: end, limit: null, verdict: verdictOf(cellsBetween(x, end)) });
    }
  }
  if (!sources.length) found.ways = model.ways.filter((w) => targets.some((t) => t.workload.i === w.to) && passes(w, from) && (to.kind !== "Service" || wayIn(w).nodes.has(to.i)));
  // Addresses in a block of their own may fare otherwise than everybody.
  if (from.kind === "External" && hasMatrix()) {
    found.ways = found.ways.flatMap((w) => {
      if (!w.direct) return [w];
      const verdicts = addressesOf(from).map((end) => verdictOf(cellsBetween(end, model.nodes[w.to]), w.r));
      const verdict = verdicts.length && merged(verdicts);
      return verdict ? [{ ...w, path: wayIn(w), ports: verdict.ports, why: undefined, reasons: verdict.why, sure: verdict.sure ?? w.sure }] : [w];
    });
  }
  found.gone = gone;
  if (!gone) lead(found, from, to);
  found.answer = wording(found, from, to, { sources, targets });
  return found;
}

/** True if an entry comes from something outside, or through an object. */
function passes(way, from) {
  if (isOutside(from)) return comesFrom(way, from) || (from.kind === "External" && way.internet && addressesOf(from).some((a) => addressesOf({ kind: "Internet" }).some((b) => a.plane === b.plane && a.group === b.group)));
  return way.by === from.id || wayIn(way).nodes.has(from.i);
}

/** The cards and lines of the way: only of what is allowed. */
function lead(found, from, to) {
  const add = ({ nodes, edges }) => {
    for (const i of nodes) found.nodes.add(i);
    for (const e of edges) found.edges.add(e);
  };
  found.nodes.add(from.i).add(to.i);
  for (const { from: x, to: y, service, verdict } of found.pairs) {
    if (verdict.kind === "none") continue;
    found.nodes.add(x.i);
    if (y.plane) add(carriedOut(x, to));
    else {
      found.nodes.add(y.i);
      add(carried(x, y));
      if (service) add({ nodes: [], edges: [...selected(service).filter((e) => e.t === y.i), ...model.out[x.i].filter((e) => e.k === "calls" && e.t === service.i && !isGone(e))] });
    }
    if (from.kind === "Service") add({ nodes: [], edges: selected(from).filter((e) => e.t === x.i) });
  }
  for (const w of found.ways.filter(admitted)) add(wayIn(w));
  if (found.pairs.length || found.ways.length || (isOutside(from) && workloadsOf(to).length)) return;
  found.along = wayAlong(from, to);
  for (const e of found.along ?? []) add({ nodes: [e.f, e.t], edges: [e] });
}

/** The answer: its kind and its words. */
function wording(found, from, to, { sources, targets }) {
  const { pairs, ways, gone } = found;
  const yes = pairs.filter((p) => p.verdict.kind !== "none").length + ways.filter(admitted).length;
  const known = pairs.length + ways.length;
  const ports = [...new Set([...pairs.filter((p) => p.verdict.kind !== "none").map(({ verdict: v }) => (v.ports === "all" ? "all ports" : v.ports)), ...ways.filter(admitted).map((w) => w.ports)])];
  const all = ports.length > 4 ? `${ports.slice(0, 4).join("; ")} and others` : ports.join("; ");
  const unsure = [...pairs.map((p) => p.verdict), ...ways].some((v) => v.sure === "undetermined");
  const unread = targets.map((t) => t.workload.unread).find(Boolean);
  if (gone) return ["none", `${gone.name} is not in the ${asked === "before" ? "old" : "new"} state`];
  if (!known) {
    if (isOutside(from) && targets.length) {
      if (unread) return ["some", `Cannot be determined: ${unread} is not read and may expose it`];
      found.over = over(from, targets);
      return ["none", found.over ? "Not directly from outside, only through other workloads" : "No: no entry point exposes it"];
    }
    for (const [end, list] of [[from, sources], [to, targets]]) if (["Service", "Namespace"].includes(end.kind) && !list.length) return ["open", `The manifests contain no workload ${end.kind === "Service" ? "that this Service selects" : "in this namespace"}: ${fullName(end)}`];
    if (sources.length && targets.length && !hasMatrix()) return ["open", "This page does not contain the allowed connections"];
    return found.along ? ["open", "The picture has a path between them"] : ["none", "The picture has no path between them"];
  }
  if (unsure) return ["some", `Cannot be determined; the evaluated policies ${yes === known ? "allow it" : yes ? `allow ${all}` : "deny it"}`];
  if (yes === known) return ["all", `Yes: ${all}`];
  if (yes) return ["some", `Partly: ${known > 3 ? `${yes} of ${known} connections, ` : ""}${all}`];
  if (unread && ways.length) return ["some", `Cannot be determined: policies deny it, and ${unread} is not read and may expose it`];
  found.over = over(from, targets);
  return ["none", "No: policies deny it"];
}

/** The shortest chain of allowed connections over other workloads, if there is one. */
function over(from, targets) {
  if (!hasMatrix() || !targets.length) return null;
  const rings = blast(from, false);
  const wanted = new Set(targets.map((t) => t.workload.i));
  const at = rings.findIndex((ring) => ring.some((n) => wanted.has(n.i)));
  if (at < 0) return null;
  const chain = [rings[at].find((n) => wanted.has(n.i))];
  for (let k = at - 1; k >= 0; k--) chain.unshift(rings[k].find((n) => allowed(n, chain[0])));
  const start = workloadsOf(from).map((s) => s.workload).find((n) => allowed(n, chain[0]));
  return start ? [start, ...chain] : [from, ...chain];
}

function pairSection({ from, to, service, lines, verdict }) {
  return make(
    "li",
    { className: "bucket" },
    make("div", {}, verdictHead(verdict), doubt(verdict)),
    make("div", {}, nodeButton(from), " → ", endName(to)),
    service && lines.length > 0 && make("div", { className: "kind" }, "through ", data(service.name), ": ", data(lines.join(", "))),
    to.ports?.length > 0 && make("div", { className: "kind" }, "declares ", data(to.ports.join(", "))),
    verdict.why.length > 0 && make("ul", { className: "because" }, tellingReasons(verdict).map(reasonRow)),
  );
}

/** What an edge says: its words and its places. */
const edgeWords = (edge, most = 8) => [
  edge.l.length > 0 && make("ul", { className: "says" }, edge.l.slice(0, most).map((line) => make("li", {}, data(line))), edge.l.length > most && make("li", { className: "quiet" }, `and ${edge.l.length - most} more`)),
  edge.w.length > 0 && make("ul", { className: "because" }, edge.w.slice(0, most).map(([object, field, place]) => make("li", {}, data(object), field && make("span", { className: "quiet" }, " ", data(field)), " ", placeButton(place))), edge.w.length > most && make("li", { className: "quiet" }, `and ${edge.w.length - most} more`)),
];

function stepRow(edge) {
  return make("li", { className: "line" }, nodeButton(model.nodes[edge.f]), " ", lineButton(edge), " ", nodeButton(model.nodes[edge.t]), edgeWords(edge));
}

/** The kind of a line as a button that opens the connection. */
const lineButton = (edge, arrow = "") => button(`${arrow}${kindWords(edge.k)}`, "Open this connection", () => openLine(edge, { go: true }), { className: "link plain" });

function wayRow(w) {
  const reasons = w.reasons ?? (w.why ?? []).map((r) => model.reasons[r]);
  const kind = w.ports === "none" ? "none" : reasons.length ? "some" : "open";
  return make(
    "li",
    { className: "bucket" },
    make("div", {}, make("span", { className: `verdict ${kind}` }, kind === "none" ? "✕ denied by policies" : `● ${w.ports}`), kind !== "none" && w.ports !== w.asked && make("span", { className: "quiet" }, ` of ${w.asked}`), doubt(w)),
    make("div", {}, nodeButton(model.nodes[w.to]), make("span", { className: "kind" }, " through "), model.byId.get(w.by) ? nodeButton(model.byId.get(w.by)) : data(w.by)),
    make("div", { className: "kind" }, w.direct ? "reachable from " : "requests come from ", w.from.map((f, i) => [i ? ", " : "", model.byId.get(f) ? nodeButton(model.byId.get(f)) : data(f)])),
    reasons.length > 0 && make("ul", { className: "because" }, tellingReasons({ kind, why: reasons }).map(reasonRow)),
  );
}

/** The panel content for the question whether one node can reach another. */
function routeView(from, to) {
  const found = answerOf(from, to);
  const { pairs, ways, answer } = found;
  const parts = [
    make("h2", { tabIndex: -1 }, "Can ", data(fullName(from)), " reach ", data(fullName(to)), "?"),
    make("p", { className: `answer verdict ${answer[0]}`, attr: { role: "status" } }, answer[1]),
    make(
      "div",
      { className: "question" },
      button("The other way round", "Swap source and target", () => ask(to, from)),
      button("Only the first", "Select the source only", () => select(from)),
      button("Clear", "Clear the selection (Escape)", () => select(null)),
    ),
  ];
  const order = { some: 0, all: 1, open: 2, none: 3 };
  const sorted = [...pairs].sort((a, b) => order[a.verdict.kind] - order[b.verdict.kind]);
  if (pairs.length) parts.push(fold("Policies", [make("ul", { className: "buckets" }, sorted.slice(0, 30).map(pairSection)), sorted.length > 30 && lazyFold(`${sorted.length - 30} more`, () => make("ul", { className: "buckets" }, sorted.slice(30).map(pairSection)))], "pairs"));
  if (ways.length) parts.push(fold("From outside", make("ul", { className: "buckets" }, [...ways].sort((a, b) => admitted(b) - admitted(a)).map(wayRow)), "outside"));
  const change = fixSection(pairs);
  if (change) parts.push(change);
  if (found.over) parts.push(fold("Over other workloads", [make("p", { className: "quiet" }, "Each of these connections is allowed by itself; whoever takes over one workload gets to the next."), make("ol", { className: "buckets" }, found.over.slice(1).map((y, i) => chainRow(found.over[i], y)))], "over"));
  const between = found.gone ? [] : model.out[from.i].filter((e) => e.t === to.i && !isGone(e));
  if (between.length) parts.push(fold("Lines between them", make("ul", { className: "buckets" }, between.map(stepRow)), "direct"));
  else if (found.along?.length) parts.push(fold("Along the lines", make("ol", { className: "buckets" }, found.along.map(stepRow)), "steps"));
  const carrying = [...found.edges].filter((e) => !between.includes(e) && !found.along);
  if (carrying.length) parts.push(fold(`Lines of the way (${carrying.length})`, make("ul", { className: "buckets" }, carrying.slice(0, 40).map(stepRow)), "carrying"));
  return parts;
}

function chainRow(from, to) {
  if (!isWorkload(from)) return make("li", { className: "line" }, nodeButton(from), " → ", nodeButton(to), make("ul", { className: "buckets" }, model.ways.filter((w) => w.to === to.i && admitted(w) && comesFrom(w, from)).slice(0, 2).map(wayRow)));
  return pairSection({ from, to, lines: [], verdict: verdictOf(cellsBetween(from, to)) });
}

// ---- what would allow it

/** More pairs than this want another policy than this can propose. */
const FIXES = 4;

/** What would allow the denied pairs of an answer, as `kubesketch why` proposes it. */
function fixSection(pairs) {
  const denied = pairs.filter((p) => p.verdict.kind === "none" && isWorkload(p.to) && !p.verdict.sure);
  if (!denied.length || !denied.every((p) => p.to.pick && p.from.pick)) return null;
  const names = new Set(model.policies.filter((p) => p.kind === "NetworkPolicy").map(policyName));
  const texts = [];
  const edits = [];
  for (const pair of denied.slice(0, FIXES)) {
    const cells = cellsBetween(pair.from, pair.to).map((c) => model.matrix.cells[c]);
    const asked = pair.limit ?? (pair.to.declares?.length ? pair.to.declares : null);
    for (const [side, own, other] of [["egress", pair.from, pair.to], ["ingress", pair.to, pair.from]]) {
      const lacking = cells.flatMap((c) => c.lacks?.[side] ?? []).flatMap(([p, a, b]) => (p === "all" ? ["TCP", "UDP", "SCTP"] : [p]).map((q) => [q, a, b]));
      const ports = asked ? clip(lacking, asked) : lacking;
      if (ports.length) texts.push(policyText(side, own, other, ports, names));
    }
    if (cells.some((c) => c.lacks?.fixed)) for (const r of pair.verdict.why.filter((r) => r.e === "deny" || (r.e === "isolate" && r.of.kind !== "NetworkPolicy"))) edits.push(make("li", {}, data(policyName(r.of)), " ", placeButton(r.at), " denies it, and no NetworkPolicy can overrule that."));
  }
  const all = [...new Set(texts)];
  if (!all.length && !edits.length) return null;
  const text = all.join("---\n");
  return fold(
    "What would allow it",
    [
      edits.length > 0 && make("ul", { className: "buckets" }, edits),
      all.length > 0 && make("p", { className: "quiet" }, `${all.length > 1 ? "These policies add" : "This policy adds"} one rule for pods that are isolated already, so nothing else changes.`),
      all.length > 0 && make("pre", { className: "yaml", tabIndex: 0, attr: { role: "region", "aria-label": "Proposed policies", dir: "ltr" } }, text),
      all.length > 0 && make("div", { className: "question" }, button("Copy", "Copy the proposed policies", () => copying("Policies", () => navigator.clipboard.writeText(text), async () => save(new Blob([text], { type: "application/yaml" }), "policies.yaml")))),
      denied.length > FIXES && make("p", { className: "quiet" }, `For ${denied.length - FIXES} more denied connections ask about them one by one.`),
    ],
    "fix",
  );
}

/** A text as YAML has it; whatever could be read as something else is in quotes. */
const quoted = (text) => (/^[a-z]+(-?[a-z0-9]+)*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/.test(text) ? text : JSON.stringify(text));
const indented = (text, by) => text.split("\n").map((line) => (line ? " ".repeat(by) + line : line)).join("\n");

/** A NetworkPolicy that adds one rule, with the selectors that the program wrote. */
function policyText(side, own, other, ports, names) {
  const list = side === "egress" ? "to" : "from";
  const title = [...`${own.name}-${list}-${other.name}`.replaceAll(".", "-")].filter((c) => /[a-z0-9-]/.test(c)).join("").slice(0, 56).replace(/^-+|-+$/g, "") || "allow";
  let name = title;
  for (let n = 2; names.has(`${own.ns}/${name}`); n++) name = `${title}-${n}`;
  names.add(`${own.ns}/${name}`);
  const peer = (own.ns !== other.ns ? `namespaceSelector:\n  matchLabels:\n    kubernetes.io/metadata.name: ${quoted(other.ns)}\n` : "") + other.pick;
  const item = indented(peer, 10).replace(/^ {10}/, "        - ");
  const whole = (a, b) => a === 1 && b === 65535;
  const isAll = ["TCP", "UDP", "SCTP"].every((p) => ports.some(([q, a, b]) => p === q && whole(a, b)));
  const rows = isAll ? "" : "      ports:\n" + ports.map(([p, a, b]) => `        - protocol: ${p}\n${whole(a, b) ? "" : `          port: ${a}\n${b > a ? `          endPort: ${b}\n` : ""}`}`).join("");
  return `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: ${quoted(name)}\n  namespace: ${quoted(own.ns)}\nspec:\n${indented(own.pick, 2)}  policyTypes: [${side === "egress" ? "Egress" : "Ingress"}]\n  ${side}:\n    - ${list}:\n${item}${rows}`;
}

// ---- a connection that a line shows

function lineView(from, to, kind) {
  const edges = model.out[from.i].filter((e) => e.t === to.i && e.k === kind);
  const span = spanOf(from, to, kind);
  const ends = (forward) => {
    const end = forward ? to : from;
    if (end.kind !== "Junction") return [end];
    return [...span.edges].map((e) => model.nodes[forward ? e.t : e.f]).filter((n, i, all) => n.kind !== "Junction" && all.indexOf(n) === i && (forward ? model.in : model.out)[n.i].some((e) => span.edges.has(e)));
  };
  const [sources, targets] = [ends(false), ends(true)];
  const except = edges.flatMap((e) => [...(e.nf ?? []), ...(e.nt ?? [])]);
  const call = kind === "calls" ? model.calls.filter((c) => c.f === from.i && c.s === to.i) : [];
  const meantBy = (list) => list.flatMap((n) => (coversOf(n) ?? []).filter((i) => !except.includes(i)).map((i) => model.nodes[i]));
  const pairs = ["allows", "denied"].includes(kind) && hasMatrix() ? meantBy(sources).flatMap((x) => meantBy(targets).filter((y) => y !== x).map((y) => [x, y])) : [];
  const row = (words, list) => [make("dt", {}, words), make("dd", {}, endList(list))];
  const change = edges.find((e) => e.change)?.change;
  return [
    make("h2", { tabIndex: -1 }, sources.slice(0, 2).map((n, i) => [i ? ", " : "", data(fullName(n))]), sources.length > 2 && ` and ${sources.length - 2} more`, " → ", targets.slice(0, 2).map((n, i) => [i ? ", " : "", data(fullName(n))]), targets.length > 2 && ` and ${targets.length - 2} more`),
    make("p", { className: "quiet" }, `Connection: ${kindWords(kind)}`, change && change !== "same" && [" · ", make("strong", { className: change }, change)]),
    make(
      "div",
      { className: "question" },
      sources.length === 1 && targets.length === 1 && button("Can it reach it?", "Ask whether the first can reach the second", () => ask(sources[0], targets[0])),
      button("Show both ends", "Bring both ends into sight", () => showLit()),
      button("Clear", "Clear the selection (Escape)", () => select(null)),
    ),
    make("dl", { className: "facts" }, row("from", sources), row("to", targets), except.length > 0 && row("but not", except.map((i) => model.nodes[i]))),
    ...edges.map((e) => make("div", { className: "bucket" }, e.l.length > 0 && make("h3", {}, kind === "allows" || kind === "denied" ? "Ports" : "Says"), edgeWords(e, 30))),
    call.length > 0 && fold("Named by the configuration", make("ul", { className: "buckets" }, call.map(callRow)), "named"),
    pairs.length > 0 && fold(`Verdicts (${pairs.length})`, [make("ul", { className: "buckets" }, pairs.slice(0, 20).map(([x, y]) => pairSection({ from: x, to: y, lines: [], verdict: verdictOf(cellsBetween(x, y)) }))), pairs.length > 20 && lazyFold(`${pairs.length - 20} more`, () => make("ul", { className: "buckets" }, pairs.slice(20).map(([x, y]) => pairSection({ from: x, to: y, lines: [], verdict: verdictOf(cellsBetween(x, y)) }))))], "verdicts"),
  ].filter(Boolean);
}

/** Several lines at one place, one of which is to be opened. */
function bundleView(edges) {
  return [
    make("h2", { tabIndex: -1 }, `${edges.length} connections run here`),
    make("ul", { className: "buckets" }, edges.map((e) => make("li", { className: "bucket" }, button(spanNames(e).join(" → "), "Open this connection", () => openLine(e), { className: "link" }), make("div", { className: "kind" }, `${kindWords(e.k)} ${e.l.slice(0, 4).join(", ")}`)))),
  ];
}
