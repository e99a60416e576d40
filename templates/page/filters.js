// The legend with its filters (kinds of lines, kinds of cards, namespaces), and the table of namespaces.

const legend = make("section", { className: "panel", id: "panel-legend", attr: { role: "tabpanel", "aria-label": "Legend and filters" } });
const spaces = make("section", { className: "panel", id: "panel-namespaces", attr: { role: "tabpanel", "aria-label": "Namespaces" } });

const NODE_WORDS = { Internet: "the Internet", External: "outside addresses", ExternalName: "outside name", Workload: "workload", Peers: "set of pods, or anyone", Junction: "junction", Missing: "not in the input", Claim: "volume claim", Scaler: "autoscaler", Summary: "several objects", Namespace: "namespace" };

/** A sample line of a kind. */
function sample(kind) {
  const line = make("line", { svg: true, attr: { x1: 1, y1: 6, x2: 33, y2: 6, "stroke-width": kind.width, "stroke-dasharray": kind.dash, "stroke-linecap": kind.dash ? "round" : null } });
  const svg = make("svg", { svg: true, attr: { width: 34, height: 12, class: `sample hue-${kind.hue}`, "aria-hidden": "true" } }, line);
  return svg;
}

function toggle(key, shown) {
  const off = new Set(state.off);
  if (shown) off.delete(key);
  else off.add(key);
  change({ off });
}

function check(key, content, count) {
  const input = make("input", { type: "checkbox", checked: !state.off.has(key), on: { change: () => toggle(key, input.checked) }, attr: { "data-key": key } });
  return make("li", {}, make("label", {}, input, " ", content, make("span", { className: "quiet" }, ` ${count}`)));
}

function group(title, rows, keys) {
  if (!rows.length) return null;
  const set = (shown) => {
    const off = new Set(state.off);
    for (const key of keys) off[shown ? "delete" : "add"](key);
    change({ off });
  };
  return make(
    "div",
    { className: "group" },
    make("h3", {}, title),
    keys.length > 2 && make("div", { className: "both" }, button("all", `Show all ${title.toLowerCase()}`, () => set(true), { className: "link", attr: { "aria-label": `Show all ${title.toLowerCase()}` } }), button("none", `Show no ${title.toLowerCase()}`, () => set(false), { className: "link", attr: { "aria-label": `Show no ${title.toLowerCase()} (none)` } })),
    make("ul", { className: "checks" }, rows),
  );
}

function drawLegend() {
  if (state.panel !== "legend") return;
  const edges = tally(model.edges, (e) => e.k);
  const kinds = tally(model.nodes.filter((n) => cardsOf(n).length), (n) => n.kind);
  const names = tally(model.nodes.filter((n) => n.kind !== "Summary" && !n.elsewhere), (n) => n.ns);
  const hueOf = (kind) => model.nodes.find((n) => n.kind === kind)?.hue ?? "grey";
  const spaceRows = [...names].sort(([a], [b]) => natural(a, b)).map(([name, count]) => check(`ns:${name}`, data(name), count));
  redraw(
    legend,
    ...[
      make("h2", { tabIndex: -1 }, "Legend"),
      make("p", { className: "quiet" }, "Clear a box to hide its items in the picture and the matrix."),
      group("Lines", model.kinds.filter((k) => edges.has(k.kind)).map((k) => check(`edge:${k.kind}`, [sample(k), " ", k.words], edges.get(k.kind))), model.kinds.map((k) => `edge:${k.kind}`)),
      group("Cards", [...kinds].map(([kind, count]) => check(`kind:${kind}`, [make("span", { className: `dot hue-${hueOf(kind)}`, attr: { "aria-hidden": "true" } }), NODE_WORDS[kind] ?? kind], count)), [...kinds.keys()].map((k) => `kind:${k}`)),
      group("Namespaces", spaceRows, [...names.keys()].map((n) => `ns:${n}`)),
      state.off.size > 0 && button("Show everything", "Clear all filters", () => change({ off: new Set() })),
      make("h3", {}, "Signs"),
      make("ul", { className: "signs" }, [["●", "all", "allowed on all ports by rules"], ["◐", "some", "allowed on some ports"], ["○", "open", "open: not restricted by any policy"], ["✕", "none", "denied"]].map(([sign, kind, words]) => make("li", {}, make("span", { className: `verdict ${kind}` }, sign), ` ${words}`))),
    ].filter(Boolean),
  );
}

/** The namespaces that deny by default, with the policy. */
function drawSpaces() {
  if (state.panel !== "namespaces") return;
  const side = (s, n) => {
    const policy = model.policies[s.deny];
    return [
      make("div", { className: `verdict ${policy ? "none" : "open"}` }, policy ? "✓ default deny" : "○ no default deny"),
      policy && make("div", {}, data(policy.name), " ", placeButton(policy.at)),
      make("div", { className: "quiet" }, s.isolated === n.workloads ? `all ${n.workloads} isolated` : `${s.isolated} of ${n.workloads} isolated`),
    ];
  };
  const without = (side) => model.namespaces.filter((n) => n[side].deny == null).length;
  const lacking = model.namespaces.filter((n) => n.ingress.deny == null || n.egress.deny == null);
  redraw(
    spaces,
    make("h2", { tabIndex: -1 }, "Namespaces"),
    model.namespaces.length
      ? make("p", {}, lacking.length ? `Without a default deny: ${without("ingress")} of ${counted(model.namespaces.length, "namespace")} for traffic in, ${without("egress")} for traffic out. Pods that no policy selects are open.` : "Every namespace denies by default, in and out.")
      : make("p", { className: "none" }, "No namespace has workloads."),
    make(
      "table",
      { attr: { "aria-label": "Namespaces" } },
      make("thead", {}, make("tr", {}, ["Namespace", "Workloads", "Traffic in", "Traffic out"].map((h) => make("th", { scope: "col" }, h)))),
      make("tbody", {}, [...model.namespaces].sort((a, b) => natural(a.name, b.name)).map((n) => make("tr", {}, make("th", { scope: "row" }, button("", `Show ${n.name}`, () => select(model.byId.get(`namespace:${n.name}`)), { className: "link", textContent: n.name })), make("td", {}, String(n.workloads)), make("td", {}, side(n.ingress, n)), make("td", {}, side(n.egress, n))))),
    ),
  );
}
