// Builds the page around the picture and the tables that are there, keeps its state in the address, and takes new states of what is shown.

const PANELS = [["details", "Details"], ["matrix", "Matrix"], ["tables", "Tables"], ["namespaces", "Namespaces"], ["legend", "Legend"]];
const panels = { details, matrix, tables, namespaces: spaces, legend };
const tabs = make("div", { className: "tabs", attr: { role: "tablist", "aria-label": "Beside the picture" } });
const pane = make("div", { className: "pane" }, tabs, Object.values(panels));
const side = make("aside", { className: "side", attr: { "aria-label": "Panel" } }, pane, map);
const bar = make("div", { className: "bar" });
const left = make("div", { className: "left" }, bar, stage);
const split = make("div", { className: "split", tabIndex: 0, attr: { role: "separator", "aria-orientation": "vertical", "aria-label": "Width of the panel" } });
const tools = make("div", { className: "tools" });

function open(panel) {
  change({ panel });
  panels[panel].querySelector("h2")?.focus({ preventScroll: true });
  if (panel === "matrix") scroller.focus({ preventScroll: true });
}

/** True if a panel has content. */
const has = (panel) => panel === "details" || panel === "legend" || panel === "tables" || (panel === "matrix" ? model.nodes.some(isWorkload) && !!model.matrix : model.namespaces.length > 0);

/** The panels in their order; of a comparison the tables come first, which begin with what the change means. */
function shownPanels() {
  const all = PANELS.filter(([name]) => has(name));
  if (!isComparison()) return all;
  return [["tables", "Changes"], ...all.filter(([name]) => name !== "tables")];
}

function drawTabs() {
  redraw(
    tabs,
    ...shownPanels().map(([name, words]) =>
      button(words, words, () => change({ panel: name }), { id: `tab-${name}`, tabIndex: state.panel === name ? 0 : -1, attr: { role: "tab", "aria-selected": String(state.panel === name), "aria-controls": `panel-${name}` } }),
    ),
  );
  for (const [name, panel] of Object.entries(panels)) panel.hidden = state.panel !== name;
  pane.dataset.panel = state.panel;
}

tabs.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const shown = shownPanels().map(([name]) => name);
  change({ panel: shown[(shown.indexOf(state.panel) + step + shown.length) % shown.length] });
  tabs.querySelector("[aria-selected=true]").focus();
});

// ---- the width of the panel

const widths = { details: 420, matrix: 640, tables: 760, namespaces: 600, legend: 420 };
function widen(width) {
  widths[state.panel] = clamp(width, 260, Math.max(260, innerWidth - 320));
  setWidth();
}
function setWidth() {
  const width = Math.min(widths[state.panel], Math.max(260, innerWidth - 320));
  root.style.setProperty("--side", `${width}px`);
  split.setAttribute("aria-valuenow", Math.round((100 * width) / innerWidth));
}
split.addEventListener("pointerdown", (event) => {
  split.setPointerCapture(event.pointerId);
  event.preventDefault();
});
split.addEventListener("pointermove", (event) => split.hasPointerCapture(event.pointerId) && widen(innerWidth - event.clientX));
split.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: 40, ArrowRight: -40 }[event.key];
  if (!step) return;
  event.preventDefault();
  widen(widths[state.panel] + step);
});
addEventListener("resize", setWidth);

// ---- colors

const DARK = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => getComputedStyle(root).colorScheme === "dark";
function setTheme(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  mapDrawn = false;
  place();
  drawSheet();
}
DARK.addEventListener("change", () => setTheme(root.dataset.theme));

// ---- the address

/** The state in the address: `#/id=…&to=…&hops=2&panel=matrix&off=edge:calls&at=x,y,zoom`. */
function address() {
  const said = new URLSearchParams();
  const put = (name, value, plain) => value !== plain && value != null && value !== "" && said.set(name, value);
  put("id", state.node?.id);
  put("to", state.to?.id);
  put("line", state.line);
  put("hops", state.hops, 1);
  put("way", state.way, "both");
  put("spread", state.spread, "lines");
  put("panel", state.panel, shownPanels()[0][0]);
  put("off", [...state.off].sort().join(" "));
  put("theme", root.dataset.theme);
  put("state", ["before", "after"].find((name) => stateSwitch.querySelector(`#show-${name}`)?.checked));
  put("calls", state.calls ? "1" : null);
  put("view", model.views.indexOf(model.view), 0);
  if (!whole) put("at", [camera.x, camera.y].map((v) => Math.round(v)).concat(camera.k.toFixed(3)).join(","));
  const text = said.toString();
  return text ? `#/${text}` : "#/";
}

let writing = 0;
/** The address without what no entry of the history is made for: place, size and colors. */
const chosen = (said) => said.replace(/[?&/](at|theme|off)=[^&]*/g, "").replace(/^#[/&]*/, "");
let following = false;
/** Writes the address: what is newly chosen is an entry of the history, so that Back goes back to what was chosen before. */
function remember() {
  clearTimeout(writing);
  writing = setTimeout(remembered, 150);
}
function remembered() {
  clearTimeout(writing);
  const said = address();
  if (said === location.hash || (said === "#/" && !location.hash)) return;
  const news = started && chosen(said) !== chosen(location.hash) && /^(#\/|$)/.test(location.hash);
  history[news && !following ? "pushState" : "replaceState"](null, "", said);
}
let started = false;

/** A part of an address in plain letters; one that is not well formed stays as it is. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Follows the address: a state, or the id of a card or a table that a link names. */
function follow() {
  const text = decoded(location.hash.slice(1));
  if (text && !text.startsWith("/")) {
    const node = nodeOfAnchor(text);
    if (node) return select(node);
    const target = document.getElementById(text);
    if (!tables.contains(target)) return;
    change({ panel: "tables" });
    return jump(target);
  }
  const said = new URLSearchParams(location.hash.slice(2));
  const of = (name, all, plain) => (all.includes(said.get(name)) ? said.get(name) : plain);
  setTheme(of("theme", ["light", "dark"], undefined));
  const moment = stateSwitch.querySelector(`#show-${of("state", ["before", "after"], "both")}`);
  if (moment && !moment.checked) {
    moment.checked = true;
    followMoment();
  }
  const node = meant(model.byId.get(said.get("id"))) ?? null;
  const to = (node && model.byId.get(said.get("to"))) ?? null;
  const line = to && model.out[node.i].find((e) => e.t === to.i && e.k === said.get("line"));
  useView(model.views[Number(said.get("view"))] ?? model.views[0]);
  change({
    node,
    to,
    line: line?.k ?? null,
    hops: Number(of("hops", ["1", "2", "3", "99"], "1")),
    way: of("way", ["both", "up", "down"], "both"),
    calls: said.get("calls") === "1",
    spread: of("spread", ["lines", "blast", "back"], "lines"),
    panel: of("panel", shownPanels().map(([name]) => name), shownPanels()[0][0]),
    off: new Set((said.get("off") ?? "").split(" ").filter(Boolean)),
  });
  const at = (said.get("at") ?? "").split(",").map(Number);
  if (at.length === 3 && at.every(Number.isFinite)) look(at[0], at[1], clamp(at[2], least(), MOST));
  else if (to) show([node, to].map(placeOf).filter(Boolean), { whole: true });
  else if (node) bring(node);
}

/** The node whose card, or in a comparison whose ring, has this id. */
function nodeOfAnchor(id) {
  for (const view of model.views) {
    const element = [...view.svg.querySelectorAll(".node, .anchor")].find((e) => e.id === id);
    if (element?.classList.contains("node")) return model.byId.get(element.dataset.id);
    // Rings stand in the order of the cards of each state.
    if (element) return model.byId.get([...view.drawn.keys()][[...element.parentNode.querySelectorAll(".anchor")].indexOf(element)]);
  }
  return null;
}

// ---- building and replacing

/** Shows the picture of the view. The others wait beside it, laid out, so that turning to them is quick. */
function showView() {
  for (const view of model.views) view.box?.classList.toggle("waiting", view !== model.view);
  model.view.box ??= make("div", { className: "sheet-of" }, model.svg);
  if (!model.view.box.isConnected) canvas.append(model.view.box);
  mount(model.svg);
}
const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 300));
/** Lays out the pictures that are not shown, when there is time for it. */
function prepareViews() {
  const { views } = model;
  for (const view of views) {
    whenIdle(() => {
      if (model.views !== views || view.box) return;
      view.box = make("div", { className: "sheet-of laid" }, view.svg);
      canvas.append(view.box);
      void view.box.offsetHeight;
      view.box.className = "sheet-of waiting";
    });
  }
}

/** Turns to another picture of the same objects. */
function useView(view) {
  if (view === model.view) return;
  turnTo(view);
  showView();
  for (const input of viewSwitch.querySelectorAll("input")) input.checked = model.views[input.value] === view;
  fit(look);
  spread();
  filter();
  drawCalls();
  drawDetails();
  remember();
}

const stateSwitch = make("div", { className: "switch states", attr: { role: "group", "aria-label": "State that the picture shows" } });
const callSwitch = button("Calls", "Show the calls that the configuration of workloads names (a)", () => toggleCalls(), { className: "toggle", hidden: true, attr: { "aria-pressed": "false" } });
const viewSwitch = make("div", { className: "switch views", attr: { role: "group", "aria-label": "What the picture shows" } });

/** Takes the pictures and what else is in a page, this one or a newer one, to where they belong. */
function settle(page) {
  const main = page.querySelector("main");
  const figures = [...main.querySelectorAll(".picture")].filter((f) => f.querySelector("svg"));
  const svgs = figures.map((f) => f.querySelector("svg"));
  const holder = figures[0].closest(".switch");
  viewSwitch.replaceChildren();
  stateSwitch.replaceChildren();
  if (holder) {
    // Two pictures, or the states of a comparison, which style rules choose: their buttons stand above the stage.
    const buttons = [...holder.querySelectorAll(":scope > input, :scope > label")];
    const inputs = buttons.filter((b) => b.tagName === "INPUT");
    (figures.length > 1 ? viewSwitch : stateSwitch).append(...buttons);
    if (figures.length > 1) inputs.forEach((input, i) => (input.value = i));
  }
  bar.replaceChildren(...[viewSwitch, stateSwitch].filter((s) => s.childElementCount), callSwitch, lens);
  const sections = [...main.querySelectorAll(":scope > section, :scope > #tables")].filter((s) => s.childElementCount && !s.querySelector(".picture, h2#picture"));
  fillTables(sections);
  // Existing elements stay in place, for they may have the focus.
  if (!left.isConnected) main.replaceChildren(left, split, side);
  return svgs;
}

/** The state of a comparison that the picture shows is the one that everything speaks of. */
function followMoment() {
  const before = stateSwitch.querySelector("#show-before")?.checked;
  const now = before ? "before" : "after";
  if (now === asked) return;
  turnState(now);
  grid.signs.clear();
  for (const list of [model.ways]) for (const way of list) delete way.path;
  change({ node: state.node, panel: state.panel });
}
stateSwitch.addEventListener("change", followMoment);

viewSwitch.addEventListener("change", (event) => useView(model.views[event.target.value]));

function drawTools() {
  const more = make(
    "details",
    { className: "menu" },
    make("summary", { title: "Copies of the picture" }, "Copy"),
    make("div", {}, [["Copy as PNG", copyPng], ["Copy as SVG", copySvg], ["Save as PNG", savePng], ["Save as SVG", saveSvg], ["Copy link to this view", copyLink]].map(([words, work]) => button(words, words, () => ((more.open = false), work())))),
  );
  more.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !more.open) return;
    event.stopPropagation();
    more.open = false;
    more.querySelector("summary").focus();
  });
  addEventListener("pointerdown", (event) => {
    if (!more.contains(event.target)) more.open = false;
  });
  tools.replaceChildren(
    finder,
    more,
    button("◐", "Light or dark", () => (setTheme(isDark() ? "light" : "dark"), remember()), { attr: { "aria-label": "Light or dark" } }),
    button("?", "Keys", () => help.showModal(), { attr: { "aria-label": "Keys" } }),
  );
}

const lens = make(
  "div",
  { className: "lens", attr: { role: "group", "aria-label": "Size of the picture" } },
  button("−", "Farther (−)", () => zoom(1 / 1.4), { attr: { "aria-label": "Farther" } }),
  button("+", "Nearer (+)", () => zoom(1.4), { attr: { "aria-label": "Nearer" } }),
  button("⤢", "The whole picture (0)", () => fit(), { attr: { "aria-label": "The whole picture" } }),
);

/** Takes another state of the same page: what is looked at stays, as far as it is still there. */
async function replace(page) {
  const known = await unpack(page);
  if (!known || !page.querySelector(".picture svg")) return;
  const before = { ids: [state.node?.id, state.to?.id], line: state.line, view: model.views.indexOf(model.view), ...camera, whole };
  const scrolled = pane.scrollTop;
  const moment = stateSwitch.querySelector("input:checked")?.id;
  const svgs = settle(page);
  asked = "after";
  model = read(known, svgs);
  turnTo(model.views[before.view] ?? model.views[0]);
  canvas.replaceChildren();
  showView();
  prepareViews();
  for (const input of viewSwitch.querySelectorAll("input")) input.checked = input.value === String(model.views.indexOf(model.view));
  const kept = [...stateSwitch.querySelectorAll("input")].find((input) => input.id === moment);
  if (kept) kept.checked = true;
  // Everything that the header says is about this state; the tools of the script stay where they are.
  const header = document.querySelector("header");
  const said = [...page.querySelector("header").children];
  for (const old of [...header.children]) if (old !== tools) old.remove();
  header.prepend(...said);
  document.title = page.title;
  grid.signs.clear();
  grid.changes.clear();
  if (stateSwitch.querySelector("#show-before")?.checked) turnState("before");
  cursor = null;
  announceCards();
  const [node, to] = before.ids.map((id) => model.byId.get(id) ?? null);
  if (before.whole) fit(look);
  else look(before.x, before.y, before.k);
  const line = node && to && model.out[node.i].some((e) => e.t === to.i && e.k === before.line) ? before.line : null;
  bundle = null;
  change({ node, to: before.line && !line ? null : node && to, line, off: state.off, panel: has(state.panel) ? state.panel : "details" });
  // In a picture of another size the selected card may be out of sight.
  if (node && (before.width !== camera.width || before.height !== camera.height)) bring(node);
  pane.scrollTop = scrolled;
}

/** Leaves the page as it is without a script. */
function plainly(error) {
  root.classList.add("plain");
  if (error) console.error(error);
}

async function start() {
  const known = await unpack(document);
  if (!known) return plainly();
  root.classList.add("app");
  const svgs = settle(document);
  stage.append(canvas, note, tip);
  document.querySelector("header").append(tools);
  document.body.append(voice, help, reader);
  model = read(known, svgs);
  turnTo(model.views[0]);
  canvas.replaceChildren();
  showView();
  prepareViews();
  drawTools();
  announceCards();
  watch((what) => {
    if (["node", "to", "line", "hops", "way", "spread"].some((w) => what.has(w))) {
      spread();
      paint();
    }
    if (what.has("off")) filter();
    if (["node", "to", "calls", "off"].some((w) => what.has(w))) {
      callSwitch.hidden = !model.calls.length;
      callSwitch.setAttribute("aria-pressed", String(showsCalls()));
      drawCalls();
    }
    if (what.has("panel")) {
      setWidth();
      drawTabs();
    }
    if (["node", "to", "line", "hops", "way", "spread", "panel"].some((w) => what.has(w))) drawDetails();
    if (what.has("panel")) drawTables();
    if (what.has("panel") || what.has("off")) {
      drawLegend();
      drawSpaces();
      drawMatrix();
    }
    remember();
  });
  change({ panel: shownPanels()[0][0], calls: false });
  fit(look);
  moved.push(remember);
  follow();
  started = true;
  addEventListener("hashchange", () => {
    following = true;
    clearTimeout(writing);
    follow();
    // What follows from an address is no entry of its own.
    setTimeout(() => (remembered(), (following = false)), 160);
  });
  // Links of tables to cards go there without a new entry of the history.
  tables.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const node = link && nodeOfAnchor(decoded(link.hash.slice(1)));
    if (!node) return;
    event.preventDefault();
    change({ node, to: null, line: null });
    bring(node);
  });
  window.kubesketch = { replace };
}

// Where data cannot be unpacked, picture and tables are there all the same.
if (document.querySelector(".picture svg")) start().catch(plainly);
else plainly();
