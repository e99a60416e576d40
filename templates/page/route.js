// The path between two ends: verdict, ports, hops and deciding rules.

/** The lines and cards of the path between two nodes, with its verdicts. */
function routeOf(from, to) {
  const steps = wayAlong(from, to);
  const nodes = new Set([from, to]);
  const edges = new Set();
  for (const step of steps ?? []) {
    nodes.add(model.nodes[step.from]).add(model.nodes[step.to]);
    if (step.edge) edges.add(step.edge);
  }
  const direct = model.out[from.i].filter((e) => e.t === to.i && e.change !== "removed");
  for (const edge of direct) edges.add(edge);
  return { steps, nodes, edges, direct };
}

/** The workloads that a node represents: itself, or the backends of a Service. */
function targetsOf(to) {
  if (isWorkload(to)) return [{ workload: to, service: null }];
  if (to.members) return to.members.map((i) => ({ workload: model.nodes[i], service: null }));
  const found = model.out[to.i].filter((e) => e.k === "selects" && e.change !== "removed").map((e) => ({ workload: model.nodes[e.t], service: to, lines: e.l }));
  return found;
}

function pairSection(from, { workload, service, lines }) {
  const verdict = verdictOf(cellsBetween(from, workload));
  return make(
    "li",
    { className: "bucket" },
    make("div", {}, verdictHead(verdict), doubt(verdict)),
    make("div", {}, nodeButton(from), " → ", nodeButton(workload)),
    service && lines.length > 0 && make("div", { className: "kind" }, "through ", data(service.name), ": ", data(lines.join(", "))),
    workload.ports?.length > 0 && make("div", { className: "kind" }, "declares ", data(workload.ports.join(", "))),
    verdict.why.length > 0 && make("ul", { className: "because" }, tellingReasons(verdict).map(reasonRow)),
  );
}

function stepRow(step) {
  const [from, to] = [model.nodes[step.from], model.nodes[step.to]];
  if (!step.edge) return make("li", { className: "line" }, nodeButton(from), make("span", { className: "kind" }, from.members ? " means " : " is one of "), nodeButton(to));
  return make(
    "li",
    { className: "line" },
    nodeButton(from),
    make("span", { className: "kind" }, ` ${kindWords(step.edge.k)} `),
    nodeButton(to),
    step.edge.l.length > 0 && make("ul", { className: "says" }, step.edge.l.slice(0, 8).map((line) => make("li", {}, data(line)))),
    step.edge.w.length > 0 && make("div", {}, step.edge.w.slice(0, 4).map(([, field, place]) => [field && make("span", { className: "quiet" }, data(field), " "), placeButton(place), " "])),
  );
}

/** The panel content for the path from one node to another. */
function routeView(from, to) {
  const way = routeOf(from, to);
  const targets = targetsOf(to).filter((t) => t.workload !== from);
  const sources = isWorkload(from) ? [from] : [];
  const pairs = hasMatrix() ? sources.flatMap((a) => targets.map((b) => [a, b])) : [];
  const outside = model.ways.filter((w) => targets.some((t) => t.workload.i === w.to) && !sources.length && (w.by === from.id || w.from.includes(from.id) || opens(from, w)));
  const verdicts = pairs.map(([a, b]) => verdictOf(cellsBetween(a, b.workload)));
  const yes = verdicts.filter((v) => v.kind !== "none").length + outside.filter((w) => w.ports !== "none").length;
  const known = verdicts.length + outside.length;
  const all = [...new Set([...verdicts.filter((v) => v.kind !== "none").map((v) => (v.kind === "some" ? v.ports : "all ports")), ...outside.filter((w) => w.ports !== "none").map((w) => w.ports)])];
  const unsure = [...verdicts, ...outside].some((v) => v.sure === "undetermined");
  const unread = targets.map((t) => t.workload.unread).find(Boolean);
  const gone = [from, to].find((end) => end.change === "removed" && !isHub(end));
  const answer = gone
    ? ["none", `${gone.name} is not in the new state`]
    : !known
    ? ["Internet", "External"].includes(from.kind) && targets.length
      ? unread
        ? ["some", `Cannot be determined: ${unread} is not read and may expose it`]
        : ["none", way.steps ? "Not directly from outside, only through other workloads" : "No: no entry point exposes it"]
      : way.steps
        ? ["open", "The picture has a path between them"]
        : ["none", "The picture has no path between them"]
    : unsure
      ? ["some", `Cannot be determined; the evaluated policies ${yes === known ? "allow it" : yes ? `allow ${all.join("; ")}` : "deny it"}`]
    : yes === known
      ? ["all", `Yes: ${all.join("; ")}`]
      : yes
        ? ["some", `Partly: ${all.join("; ")}`]
        : unread && outside.length
          ? ["some", `Cannot be determined: policies deny it, and ${unread} is not read and may expose it`]
          : ["none", "No: policies deny it"];
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
  if (pairs.length) parts.push(fold("Policies", make("ul", { className: "buckets" }, pairs.slice(0, 30).map(([a, b]) => pairSection(a, b))), "pairs"));
  if (outside.length) {
    parts.push(
      fold(
        "From outside",
        make(
          "ul",
          { className: "buckets" },
          outside.map((w) =>
            make(
              "li",
              { className: "bucket" },
              make("div", {}, make("span", { className: `verdict ${w.ports === "none" ? "none" : "some"}` }, w.ports === "none" ? "✕ denied by policy" : `● ${w.ports}`), doubt(w)),
              make("div", { className: "kind" }, "reachable from ", w.from.map((f, i) => [i ? ", " : "", model.byId.get(f) ? nodeButton(model.byId.get(f)) : data(f)])),
              w.why?.length > 0 && make("ul", { className: "because" }, tellingReasons({ kind: w.ports, why: w.why.map((r) => model.reasons[r]) }).map(reasonRow)),
            ),
          ),
        ),
        "outside",
      ),
    );
  }
  if (way.direct.length) parts.push(fold("Lines between them", make("ul", { className: "buckets" }, way.direct.map((edge) => stepRow({ from: from.i, to: to.i, edge }))), "direct"));
  else if (way.steps) parts.push(fold("Along the lines", make("ol", { className: "buckets" }, way.steps.map(stepRow)), "steps"));
  return parts;
}
