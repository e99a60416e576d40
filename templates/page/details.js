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
  const policy = reason.of;
  const rule = reason.rule == null ? "" : `, ${reason.rule}`;
  return make(
    "li",
    { className: `reason ${reason.e}` },
    make("span", { className: "kind" }, `${reason.d} ${ruled[reason.e]} `),
    data(policyName(policy)),
    make("span", { className: "kind" }, ` ${policy.kind}${rule} `),
    placeButton(reason.at),
  );
}

const portsText = (verdict) => ({ none: "denied", open: `${verdict.ports === "all" ? "all ports" : verdict.ports}, not restricted by any policy`, all: "all ports", some: verdict.ports })[verdict.kind];

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

/** The text for an end without an allowed connection. */
function noPartner(node, way) {
  if (isMissing(node)) return `This workload is not in the ${asked === "before" ? "old" : "new"} state.`;
  const own = workloadsOf(node);
  if (!own.length) return "The manifests contain no workload here.";
  if (!own.some(({ workload }) => planes().some((plane) => groupsOn(plane, workload).length))) return "Cannot be determined from the manifests.";
  return way === "in" ? "No workload can reach this: policies deny all of it." : "No connection from here is allowed by policies.";
}

/** Allowed sources or targets of a workload, of those behind a Service, or of those of a namespace. */
function partnerSection(node, way) {
  const all = partners(node, way);
  const through = all.filter((v) => v.kind !== "none");
  const denied = all.filter((v) => v.kind === "none");
  const title = way === "in" ? "Who can reach this?" : "What can this reach?";
  const count = denied.reduce((sum, v) => sum + v.ends.length, 0);
  const inside = node.kind === "Namespace" && "Connections with other namespaces and with the outside.";
  const behind = node.kind === "Service" && workloadsOf(node);
  return fold(
    `${title}`,
    [
      inside && make("p", { className: "quiet small" }, inside),
      behind?.length > 0 && make("p", { className: "quiet small" }, way === "in" ? "By the workloads that it selects, on the ports that it leads to: " : "By the workloads that it selects: ", behind.map(({ workload }, i) => [i ? ", " : "", nodeButton(workload)])),
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

/** Lines that begin or end at the node, each of which can be opened. */
function lineSection(node) {
  const row = (edge, other, arrow) =>
    make(
      "li",
      { className: "line" },
      lineButton(edge, `${arrow} `),
      " ",
      nodeButton(model.nodes[other]),
      edge.l.length > 0 && make("ul", { className: "says" }, edge.l.slice(0, 12).map((line) => make("li", {}, data(line))), edge.l.length > 12 && make("li", { className: "quiet" }, `and ${edge.l.length - 12} more`)),
      edge.w.length > 0 && make("div", {}, edge.w.slice(0, 4).map(([, , place]) => [placeButton(place), " "])),
    );
  const host = node.kind === "Namespace" ? (shownBy(node) ?? node) : node;
  const lines = [...model.in[host.i].map((e) => [e, e.f, "←"]), ...model.out[host.i].map((e) => [e, e.t, "→"])];
  const sets = model.sets[node.i].map((i) => make("li", { className: "line" }, make("span", { className: "kind" }, "one of "), nodeButton(model.nodes[i])));
  if (!lines.length && !sets.length) return null;
  const rows = (list) => make("ul", { className: "buckets" }, list.map((r) => row(...r)));
  const many = 25;
  return fold(`Connected with (${lines.length + sets.length})`, [rows(lines.slice(0, many)), sets.length > 0 && make("ul", { className: "buckets" }, sets), lines.length > many && lazyFold(`${lines.length - many} more`, () => rows(lines.slice(many)))], "lines");
}

/** Paths from outside that end at a workload, or that an object opens. */
function waySection(node) {
  const own = new Set(workloadsOf(node).map(({ workload }) => workload.i));
  const mine = model.ways.filter((w) => (isWorkload(node) || node.kind === "Namespace" ? own.has(w.to) : passes(w, node) || (node.kind === "Service" && wayIn(w).nodes.has(node.i))));
  if (!mine.length) return null;
  const through = mine.filter(admitted);
  const title = !through.length ? "Open to the outside, denied by policies" : isWorkload(node) || ["Namespace", "Service"].includes(node.kind) ? "Reached from outside" : "Workloads behind it";
  const sorted = [...through, ...mine.filter((w) => !admitted(w))];
  return fold(`${title} (${mine.length})`, [make("ul", { className: "buckets" }, sorted.slice(0, 30).map(wayRow)), sorted.length > 30 && lazyFold(`${sorted.length - 30} more`, () => make("ul", { className: "buckets" }, sorted.slice(30).map(wayRow)))], "ways");
}

// ---- calls that the configuration names

const CALLED = { allowed: ["all", "●", "allowed"], partly: ["some", "◐", "partly denied by policies"], blocked: ["none", "✕", "denied by policies"], unknown: ["open", "○", "the manifests do not contain its pods"], missing: ["none", "✕", "no such Service in the manifests"], unneeded: ["open", "○", "allowed for these pods, and nowhere named"] };

function callRow(call) {
  const [kind, sign, words] = CALLED[call.state];
  const ends = [call.f, call.s, call.t].filter((i) => i != null).map((i) => model.nodes[i]);
  return make(
    "li",
    { className: "bucket" },
    make("div", {}, make("span", { className: `verdict ${kind}` }, `${sign} ${words}`), call.ports && make("span", { className: "quiet" }, ` ${call.ports}`)),
    make("div", {}, ends.map((n, i) => [i ? " → " : "", nodeButton(n)]), call.s == null && [" → ", data(call.name)]),
    call.state !== "allowed" && (call.why ?? []).length > 0 && make("ul", { className: "because" }, tellingReasons({ kind, why: call.why.map((r) => model.reasons[r]) }).map(reasonRow)),
    call.at.length > 0 && make("ul", { className: "because" }, call.at.slice(0, 4).map(([field, place]) => make("li", {}, make("span", { className: "kind" }, "named in ", data(field), " "), placeButton(place)))),
  );
}

/** The calls from and to a workload or a Service: declared, allowed, denied, and what is allowed and never called. */
function callSection(node) {
  const own = new Set(isWorkload(node) || node.kind === "Service" ? [node.i, ...workloadsOf(node).map(({ workload }) => workload.i)] : []);
  if (!own.size || !model.calls.length) return null;
  const out = model.calls.filter((c) => own.has(c.f));
  const to = model.calls.filter((c) => !own.has(c.f) && (own.has(c.t) || own.has(c.s)));
  const extra = isWorkload(node) ? unneeded(node) : [];
  if (!out.length && !to.length && !extra.length) return null;
  const list = (title, calls) => calls.length > 0 && [make("h4", {}, `${title} (${calls.length})`), make("ul", { className: "buckets" }, calls.slice(0, 30).map(callRow)), calls.length > 30 && lazyFold(`${calls.length - 30} more`, () => make("ul", { className: "buckets" }, calls.slice(30).map(callRow)))];
  return fold(`Calls (${out.length + to.length})`, [list("Names in its configuration", out), list("Named by", to), list("Allowed and never called", extra)], "calls");
}

/** Connections that rules allow for these very pods, from or to a workload whose calls are known, and that no configuration names. */
function unneeded(node) {
  if (!hasMatrix()) return [];
  const callers = new Set(model.calls.map((c) => c.f));
  const named = new Set(model.calls.filter((c) => c.t != null).map((c) => `${c.f} ${c.t}`));
  const found = [];
  const look = (x, y) => {
    if (!callers.has(x.i) || named.has(`${x.i} ${y.i}`)) return;
    const verdict = verdictOf(cellsBetween(x, y));
    if (verdict.own && verdict.kind !== "none") found.push({ f: x.i, t: y.i, state: "unneeded", ports: verdict.ports, at: [], why: verdict.why.filter((r) => r.e === "allow").map((r) => model.reasons.indexOf(r)) });
  };
  for (const other of model.nodes) if (isWorkload(other) && other !== node) look(node, other), look(other, node);
  return found;
}

function factSection(node) {
  const rows = [];
  const put = (name, values) => {
    if (values?.length) rows.push(make("dt", {}, name), make("dd", {}, values.map((v) => make("div", {}, v instanceof Node ? v : data(v)))));
  };
  if (node.ns) put("namespace", [button(node.ns, "Show the namespace", () => select(model.byId.get(`namespace:${node.ns}`)), { className: "link" })]);
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
  const lines = (node.changes ?? []).filter((l) => !l.endsWith(node.change));
  return make("div", { className: `change ${node.change}` }, make("strong", {}, node.change === "same" ? "unchanged" : node.change), lines.length > 0 && make("ul", {}, lines.map((l) => make("li", {}, data(l)))));
}

/** The connections that a change opens or closes for what a node represents. */
function differenceSection(node) {
  if (!model.before || !workloadsOf(node).length || !hasMatrix()) return null;
  const of = (way) => new Map(partners(node, way).flatMap((v) => v.ends.map((end) => [end.plane ? `outside ${end.name}` : end.i, { ...v, end }])));
  const rows = { more: [], less: [] };
  const now = asked;
  for (const way of ["in", "out"]) {
    turnState("before");
    const old = of(way);
    turnState("after");
    const fresh = of(way);
    for (const key of new Set([...old.keys(), ...fresh.keys()])) {
      const [a, b] = [old.get(key), fresh.get(key)];
      const [was, is] = [a?.ports ?? "none", b?.ports ?? "none"];
      if (was === is) continue;
      (was === "none" || is === "all" || (is !== "none" && was !== "all") ? rows.more : rows.less).push({ way, was, is, end: (b ?? a).end, why: tellingReasons(is === "none" ? (b ?? a) : b) });
    }
  }
  turnState(now);
  const ports = (text) => ({ none: "denied", all: "all ports" })[text] ?? text;
  const list = (title, all, kind) =>
    all.length > 0 &&
    fold(`${title} (${all.length})`, make("ul", { className: "buckets" }, all.slice(0, 40).map(({ way, was, is, end, why }) => make("li", { className: `bucket ${kind}` }, make("span", { className: "kind" }, way === "in" ? "from " : "to "), endName(end), ": ", was === "none" ? "" : `${ports(was)} → `, make("strong", { className: kind }, ports(is)), make("ul", { className: "because" }, why.slice(0, 6).map(reasonRow))))), `change-${kind}`);
  return [list("Newly allowed", rows.more, "alarm"), list("Newly denied", rows.less, "gone")];
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
function choice(label, name, options, shown) {
  return make(
    "div",
    { className: "choice", attr: { role: "group", "aria-label": label } },
    shown && make("span", { className: "quiet", attr: { "aria-hidden": "true" } }, shown),
    options.map(([value, word, title]) => button(word, title ?? word, () => change({ [name]: value }), { attr: { "aria-pressed": String(state[name] === value) } })),
  );
}

/** How much of the picture lights up, the selected card aside. */
function litWords() {
  const cards = new Set([...lit.nodes.keys()].map((i) => shownBy(model.nodes[i])).filter(Boolean));
  const lines = new Set([...lit.edges].flatMap(shownLines));
  return `${counted(Math.max(0, cards.size - 1), "card")} and ${counted(isComparison() ? lit.edges.size : lines.size, "line")} light up.`;
}

const SPREADS = [["lines", "Neighbors"], ["blast", "Blast radius", "Every workload that can be reached from here, over any number of allowed connections (r)"], ["back", "Who can get here", "Every workload that can get here, over any number of allowed connections (R)"]];
function spreadControls(node) {
  const dimmed = canBlast(node);
  const blasted = isBlast();
  return make(
    "div",
    { className: "spread" },
    dimmed && choice("What lights up", "spread", isOutside(node) ? SPREADS.slice(0, 2) : SPREADS),
    !blasted && [choice("How far", "hops", [[1, "1", "One step"], [2, "2", "Two steps"], [3, "3", "Three steps"], [99, "all", "As far as it goes"]], "Steps"), choice("Which way", "way", [["both", "both ways"], ["up", "upstream", "Sources of connections to this"], ["down", "downstream", "Targets of connections from this"]])],
    make("p", { className: "quiet", attr: { "data-count": "" } }, blasted ? "" : litWords(), " ", (lit.nodes.size > 1 || blasted) && button("Bring into sight", "Bring everything that lights up into sight (z)", () => showLit(), { className: "link" })),
  );
}

// ---- the steps of an attack

/** The rows of the steps: who falls in which step, from where, on which ports and by which rules. */
function stepRows(node, back) {
  const rings = blast(node, back);
  let before = workloadsOf(node).map(({ workload }) => workload);
  return rings.map((ring, k) => {
    const buckets = new Map();
    for (const y of ring) {
      if (k === 0 && isOutside(node)) {
        const ways = model.ways.filter((w) => w.to === y.i && admitted(w) && comesFrom(w, node));
        const why = [...new Set(ways.flatMap((w) => w.why ?? []))].map((r) => model.reasons[r]);
        const verdict = { kind: why.length ? "some" : "open", ports: [...new Set(ways.map((w) => w.ports))].join(", or "), why, sure: ways.find((w) => w.sure)?.sure };
        buckets.set(`${y.i}`, { verdict, by: [node], ends: [y] });
        continue;
      }
      const by = before.filter((x) => (back ? allowed(y, x) : allowed(x, y)));
      const cells = by.map((x) => (back ? cellsBetween(y, x) : cellsBetween(x, y)));
      const verdict = merged([...new Map(cells.map((c) => [String(c), c])).values()].map((c) => verdictOf(c)));
      const key = `${by.map((x) => x.i)}|${verdictKey(verdict)}`;
      if (!buckets.has(key)) buckets.set(key, { verdict, by, ends: [] });
      buckets.get(key).ends.push(y);
    }
    before = ring;
    return [...buckets.values()];
  });
}

function blastSection(node) {
  if (!isBlast()) return null;
  const back = state.spread === "back";
  const steps = stepRows(node, back);
  const all = steps.flat().reduce((sum, b) => sum + b.ends.length, 0);
  const each = steps.map((s, i) => `${s.reduce((sum, b) => sum + b.ends.length, 0)} in ${counted(i + 1, "step")}`).join(", ");
  const start = node.kind === "Internet" ? "An attacker on the Internet" : node.kind === "Namespace" ? "An attacker in any workload of this namespace" : "An attacker in this workload";
  const reached = back && steps.length ? fromInternet(node, steps) : null;
  const words = back
    ? all ? `${counted(all, "workload")} can get here: ${each}.` : "No other workload can get here."
    : all ? `${start} can reach ${counted(all, "workload")}: ${each}.` : "No other workload can be reached from here.";
  const row = (b) =>
    make(
      "li",
      { className: "bucket" },
      make("div", {}, verdictHead(b.verdict), doubt(b.verdict)),
      endList(b.ends),
      make("div", { className: "kind" }, back ? "to " : "from ", b.by.slice(0, 3).map((x, i) => [i ? ", " : "", nodeButton(x)]), b.by.length > 3 && ` and ${b.by.length - 3} more`),
      tellingReasons(b.verdict).length > 0 && make("ul", { className: "because" }, tellingReasons(b.verdict).slice(0, 12).map(reasonRow)),
    );
  const csv = () => stepTable(node, steps, back);
  return make(
    "section",
    { className: "steps", attr: { "aria-label": back ? "Who can get here" : "Blast radius" } },
    make("p", {}, words, reached && ` ${reached}`),
    all > 0 && make("div", { className: "question" }, button("Copy as table", "Copy the steps as a table (CSV)", () => copying("Table", () => navigator.clipboard.writeText(csv()), async () => save(new Blob([csv()], { type: "text/csv" }), "steps.csv"))), button("Save as CSV", "Save the steps as a table", () => save(new Blob([csv()], { type: "text/csv" }), fileName("csv")))),
    steps.map((list, k) => fold(`Step ${k + 1} (${list.reduce((sum, b) => sum + b.ends.length, 0)})`, [make("ul", { className: "buckets" }, list.slice(0, 20).map(row)), list.length > 20 && lazyFold(`${list.length - 20} more`, () => make("ul", { className: "buckets" }, list.slice(20).map(row)))], `step-${k}`)),
  );
}

/** In how many steps the Internet gets here. */
function fromInternet(node, steps) {
  const inside = new Set(model.ways.filter((w) => admitted(w) && w.internet).map((w) => w.to));
  if (workloadsOf(node).some(({ workload }) => inside.has(workload.i))) return "The Internet gets here directly.";
  const at = steps.findIndex((list) => list.some((b) => b.ends.some((n) => inside.has(n.i))));
  return at < 0 ? "The Internet does not get here through workloads." : `The Internet gets here in ${counted(at + 2, "step")}.`;
}

/** The steps as comma-separated values; a cell that a program would take for a formula begins with an apostrophe. */
function stepTable(node, steps, back) {
  const cell = (text) => `"${String(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  const rows = [["step", "from", "to", "ports", "certainty", "rules"]];
  steps.forEach((list, k) => {
    for (const b of list) {
      const rules = tellingReasons(b.verdict).map((r) => `${r.d} ${ruled[r.e]} ${policyName(r.of)}${r.rule == null ? "" : `, ${r.rule}`} (${r.at})`).join("; ") || "not restricted by any policy";
      const [here, there] = [b.ends.map(fullName), b.by.map(fullName).join(" ")];
      for (const end of here) rows.push([k + 1, back ? end : there, back ? there : end, portsText(b.verdict), b.verdict.sure ?? "certain", rules]);
    }
  });
  return rows.map((r) => r.map(cell).join(",")).join("\r\n") + "\r\n";
}

function textSection(node) {
  const text = model.texts[node.text];
  if (!text) return null;
  const places = [...model.in[node.i], ...model.out[node.i]].flatMap((e) => e.w.map(([, , place]) => place)).concat(model.calls.filter((c) => c.f === node.i).flatMap((c) => c.at.map(([, place]) => place)));
  return fold("YAML", [listing(text, [], linesIn(text, places)), redactionNote(text)], "yaml");
}

/** The texts of both states side by side, with the lines that differ. */
function bothTexts(node) {
  const [old, fresh] = asked === "before" ? [model.texts[node.was], model.other.texts[node.text]] : [model.other.texts[node.was], model.texts[node.text]];
  if (!old && !fresh) return null;
  if (!old || !fresh) return fold(`YAML ${old ? "before" : "after"}`, [listing(old ?? fresh), redactionNote(old ?? fresh)], "yaml");
  const rows = compared(old, fresh);
  const differs = rows && rows.some(([a, b, same]) => !same);
  return fold(differs ? "YAML before and after" : "YAML, unchanged", differs ? sideBySide(old, fresh, rows) : [listing(fresh), redactionNote(fresh)], "yaml");
}

// ---- namespaces

/** What is in a namespace, by kind; and the policies by which it denies by default. */
function spaceSection(node) {
  if (node.kind !== "Namespace") return null;
  const space = model.namespaces.find((n) => n.name === node.name);
  const inside = model.nodes.filter((n) => n.ns === node.name && !n.standsFor && !["Peers", "Junction", "Summary", "Missing"].includes(n.kind)).sort((a, b) => natural(a.name, b.name));
  const kinds = tally(inside, (n) => n.label);
  const lists = [...kinds].sort(([a], [b]) => natural(a, b)).map(([label, count]) => {
    const rows = () => make("ul", { className: "refs" }, inside.filter((n) => n.label === label).map((n) => make("li", {}, nodeButton(n))));
    return count > 40 ? lazyFold(`${label} · ${count}`, rows) : make("details", { className: "fold", open: true }, make("summary", {}, `${label} · ${count}`), rows());
  });
  const page = pageOf(node);
  return [
    page && make("p", {}, make("a", { href: page }, `Open the page of ${node.name}`)),
    space && make("dl", { className: "facts" }, [["traffic in", space.ingress], ["traffic out", space.egress]].flatMap(([words, s]) => {
      const policy = model.policies[s.deny];
      return [make("dt", {}, words), make("dd", {}, policy ? ["default deny: ", data(policy.name), " ", placeButton(policy.at)] : "no default deny", make("div", { className: "quiet" }, `${s.isolated} of ${space.workloads} isolated`))];
    })),
    inside.length > 0 && fold(`Objects (${inside.length})`, lists, "members"),
  ];
}

function nothingSelected() {
  const reach = (list) => [...new Set(list.map((w) => w.to))].map((i) => model.nodes[i]);
  const exposed = reach(model.ways.filter((w) => admitted(w) && w.internet));
  const shut = reach(model.ways.filter((w) => !admitted(w) && w.internet)).filter((n) => !exposed.includes(n));
  const lacks = (side) => model.namespaces.filter((n) => n[side].deny == null).length;
  const internet = model.byId.get("internet");
  const reached = `Reachable from the Internet: ${counted(exposed.length, "workload")}`;
  const problems = tables.querySelector("#problems, #topic-problems");
  const count = isComparison() ? 0 : rowsBelow(problems);
  const names = (list) => make("div", { className: "quiet" }, list.slice(0, 8).map((n, i) => [i ? ", " : "", nodeButton(n)]), list.length > 8 && ` and ${list.length - 8} more`);
  return make(
    "div",
    { className: "empty" },
    make("p", {}, isComparison() ? "Choose an object to see its changes and its connections." : "Choose an object or a line to see what can reach it, what it can reach, and the rules that allow it."),
    make(
      "ul",
      { className: "starts" },
      make("li", {}, internet ? button(reached, "Select the Internet", () => select(internet), { className: "link" }) : reached, exposed.length > 0 && names(exposed)),
      shut.length > 0 && make("li", {}, `Open to the Internet, denied by policies: ${counted(shut.length, "workload")}`, names(shut)),
      model.namespaces.length > 0 && make("li", {}, button(`Without a default deny: ${lacks("ingress")} of ${counted(model.namespaces.length, "namespace")} for traffic in, ${lacks("egress")} for traffic out`, "Show the namespaces", () => change({ panel: "namespaces" }), { className: "link" })),
      count > 0 && make("li", {}, button(`Problems: ${count}`, "Show the problems", () => (change({ panel: "tables" }), jump(problems)), { className: "link" })),
      hasMatrix() && make("li", {}, button("The matrix of allowed connections", "Show the matrix", () => change({ panel: "matrix" }), { className: "link" })),
      make("li", {}, button("Everything as tables", "Show the tables", () => change({ panel: "tables" }), { className: "link" })),
    ),
    make("p", { className: "quiet" }, touch() ? "Search finds every object." : ["Press ", make("kbd", {}, "/"), " to search and ", make("kbd", {}, "?"), " for all keys."]),
  );
}
const touch = () => matchMedia("(pointer: coarse)").matches;

function questionControls(node) {
  return make(
    "div",
    { className: "question" },
    button(picking ? "Choose an object …" : "From here to …", "Choose the target in the picture, or search for it", () => (picking ? pick(null) : pick((to) => ask(node, to)), drawDetails()), { attr: { "aria-pressed": String(!!picking) } }),
    button("From … to here", "Choose the source in the picture, or search for it", () => (pick((from) => ask(from, node)), drawDetails())),
    placeOf(node) && button("Show", "Scroll the picture to this object", () => bring(node)),
    button("Clear", "Clear the selection (Escape)", () => select(null)),
  );
}

function drawDetails() {
  if (state.panel !== "details") return;
  mentioned.clear();
  const { node, to, line } = state;
  if (!node) return redraw(details, ...(bundle ? bundleView(bundle) : [nothingSelected()]));
  if (line) return redraw(details, ...lineView(node, to, line));
  if (to) return redraw(details, ...routeView(node, to));
  const kind = kindOf(node);
  const outsider = shownBy(node) !== node && node.kind !== "Namespace" && !isOutside(node);
  const whole = node.kind === "Namespace" && model.views.find((v) => v.frames.has(node.id));
  const partnered = hasMatrix() && workloadsOf(node).length > 0 && node.kind !== "Peers";
  redraw(
    details,
    ...[
      make("h2", { tabIndex: -1 }, make("span", { className: `dot hue-${node.hue}`, attr: { "aria-hidden": "true" } }), data(node.name), kind && make("span", { className: "kind" }, " ", data(kind))),
      outsider && make("p", { className: "quiet", textContent: node.elsewhere ? "This workload is not on this page; its allowed connections are listed here." : shownBy(node) ? "The highlighted card includes this object." : "The picture does not show this object." }),
      whole && whole !== model.view && make("p", {}, button(`Show the objects in ${node.name}`, "Show its objects one by one", () => enter(node))),
      !node.standsFor && questionControls(node),
      spreadControls(node),
      blastSection(node),
      changeSection(node),
      differenceSection(node),
      factSection(node),
      spaceSection(node),
      findingSection(node),
      waySection(node),
      partnered && partnerSection(node, "in"),
      partnered && partnerSection(node, "out"),
      callSection(node),
      lineSection(node),
      model.before ? bothTexts(node) : textSection(node),
    ]
      .flat()
      .filter(Boolean),
  );
}
