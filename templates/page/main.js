// Builds the page around the picture and the tables that are there, keeps its state in the address, and takes new states of what is shown.

const PANELS = [["details", "Details"], ["matrix", "Matrix"], ["tables", "Tables"], ["namespaces", "Namespaces"], ["legend", "Legend"]];
const tables = make("section", { className: "panel", id: "panel-tables", attr: { role: "tabpanel", "aria-label": "Tables" } });
const panels = { details, matrix, tables, namespaces: spaces, legend };
const tabs = make("div", { className: "tabs", attr: { role: "tablist", "aria-label": "Beside the picture" } });
const side = make("aside", { className: "side" }, tabs, Object.values(panels));
const split = make("div", { className: "split", tabIndex: 0, attr: { role: "separator", "aria-orientation": "vertical", "aria-label": "Width of the panel" } });
const tools = make("div", { className: "tools" });

function open(panel) {
  change({ panel });
  panels[panel].querySelector("h2")?.focus({ preventScroll: true });
  if (panel === "matrix") scroller.focus({ preventScroll: true });
}

/** Whether there is anything to be seen in a panel. */
const has = (panel) => panel === "details" || panel === "legend" || panel === "tables" || (panel === "matrix" ? model.nodes.some(isWorkload) && !!model.matrix : model.namespaces.length > 0);

function drawTabs() {
  tabs.replaceChildren(
    ...PANELS.filter(([name]) => has(name)).map(([name, words]) =>
      button(words, words, () => change({ panel: name }), { id: `tab-${name}`, tabIndex: state.panel === name ? 0 : -1, attr: { role: "tab", "aria-selected": String(state.panel === name), "aria-controls": `panel-${name}` } }),
    ),
  );
  for (const [name, panel] of Object.entries(panels)) panel.hidden = state.panel !== name;
  side.dataset.panel = state.panel;
}

tabs.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const shown = PANELS.map(([name]) => name).filter(has);
  change({ panel: shown[(shown.indexOf(state.panel) + step + shown.length) % shown.length] });
  tabs.querySelector("[aria-selected=true]").focus();
});

// ---- the width of the panel

const widths = { details: 420, matrix: 640, tables: 760, namespaces: 560, legend: 340 };
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
  mapBase = null;
  place();
  drawSheet();
}
DARK.addEventListener("change", () => setTheme(root.dataset.theme));

// ---- the address

/** What the address says: `#/id=…&to=…&hops=2&panel=matrix&off=edge:calls&at=x,y,zoom`. */
function address() {
  const said = new URLSearchParams();
  const put = (name, value, plain) => value !== plain && value != null && value !== "" && said.set(name, value);
  put("id", state.node?.id);
  put("to", state.to?.id);
  put("hops", state.hops, 1);
  put("way", state.way, "both");
  put("spread", state.spread, "lines");
  put("panel", state.panel, "details");
  put("off", [...state.off].sort().join(" "));
  put("theme", root.dataset.theme);
  if (!whole) put("at", [camera.x, camera.y].map((v) => Math.round(v)).concat(camera.k.toFixed(3)).join(","));
  const text = said.toString();
  return text ? `#/${text}` : "#/";
}

let writing = 0;
function remember() {
  clearTimeout(writing);
  writing = setTimeout(() => {
    const said = address();
    if (said !== location.hash) history.replaceState(null, "", said);
  }, 150);
}

/** Follows the address: a state, or the id of a card that a table or another page links to. */
function follow() {
  const text = decodeURIComponent(location.hash.slice(1));
  const plainly = text && !text.startsWith("/");
  if (plainly) {
    const target = document.getElementById(text);
    const card = target?.closest?.(".node");
    const node = card ? model.byId.get(card.dataset.id) : anchored(text);
    if (node) select(node);
    else if (target && tables.contains(target)) {
      change({ panel: "tables" });
      target.scrollIntoView();
    }
    return;
  }
  const said = new URLSearchParams(location.hash.slice(2));
  const of = (name, all, plain) => (all.includes(said.get(name)) ? said.get(name) : plain);
  if (said.has("theme")) setTheme(of("theme", ["light", "dark"], undefined));
  const node = model.byId.get(said.get("id")) ?? null;
  change({
    node,
    to: node ? (model.byId.get(said.get("to")) ?? null) : null,
    hops: Number(of("hops", ["1", "2", "3", "99"], "1")),
    way: of("way", ["both", "up", "down"], "both"),
    spread: of("spread", ["lines", "blast"], "lines"),
    panel: of("panel", PANELS.map(([name]) => name).filter(has), "details"),
    off: new Set((said.get("off") ?? "").split(" ").filter(Boolean)),
    line: null,
  });
  const at = (said.get("at") ?? "").split(",").map(Number);
  if (at.length === 3 && at.every(Number.isFinite)) look(at[0], at[1], clamp(at[2], least(), MOST));
  else if (node) bring(node);
}

/** The node whose ring in a comparison has this id; its card is drawn once for each state. */
function anchored(id) {
  const ring = document.getElementById(id);
  if (!ring?.classList.contains("anchor")) return null;
  const boxes = [...ring.parentNode.querySelectorAll(".anchor")];
  const ids = [...model.drawn.keys()];
  return model.byId.get(ids[boxes.indexOf(ring)]) ?? null;
}

// ---- building and replacing

/** Takes the picture and what else is in the page to where they belong. */
function settle(page) {
  const main = page.querySelector("main");
  const figure = main.querySelector(".picture");
  const holder = figure.closest(".switch") ?? figure;
  const svg = figure.querySelector("svg");
  stage.querySelector(".switch")?.remove();
  if (holder !== figure) {
    // Which state a comparison shows is chosen by buttons that style rules look at: they stay before the picture.
    stage.prepend(holder);
    figure.replaceChildren(canvas);
    figure.className = "picture inner";
    figure.removeAttribute("tabindex");
    figure.removeAttribute("role");
  } else stage.prepend(canvas);
  canvas.replaceChildren(svg);
  const rest = [...main.children].filter((child) => child !== stage && child !== split && child !== side && child !== figure && !child.contains(canvas));
  const sections = rest.filter((child) => child.childElementCount && !child.querySelector(".picture"));
  tables.replaceChildren(...sections);
  for (const child of [...main.children]) if (child !== stage && child !== split && child !== side) child.remove();
  mount(svg);
}

function drawTools() {
  const more = make(
    "details",
    { className: "menu" },
    make("summary", { title: "Copies of the picture" }, "Copy"),
    make("div", {}, [["Copy as PNG", copyPng], ["Copy as SVG", copySvg], ["Save as PNG", savePng], ["Save as SVG", saveSvg], ["Copy link to this view", copyLink]].map(([words, work]) => button(words, words, () => ((more.open = false), work())))),
  );
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
  button("+", "Nearer (+)", () => zoom(1.4), { attr: { "aria-label": "Nearer" } }),
  button("−", "Farther (−)", () => zoom(1 / 1.4), { attr: { "aria-label": "Farther" } }),
  button("⤢", "The whole picture (0)", () => fit(), { attr: { "aria-label": "The whole picture" } }),
);

/** Takes another state of the same page: what is looked at stays, as far as it is still there. */
function replace(page) {
  const before = { ids: [state.node?.id, state.to?.id], ...camera };
  const scrolled = side.scrollTop;
  const chosen = document.querySelector(".switch > input:checked")?.id;
  model = read(page);
  settle(page);
  if (chosen) for (const input of document.querySelectorAll(".switch > input")) input.checked = input.id === chosen;
  for (const selector of ["header > h1", "header > .lead"]) {
    const [old, fresh] = [document.querySelector(selector), page.querySelector(selector)];
    if (old && fresh) old.replaceChildren(...fresh.childNodes);
  }
  document.title = page.title;
  grid.signs.clear();
  announceCards();
  const [node, to] = before.ids.map((id) => model.byId.get(id) ?? null);
  change({ node, to: node && to, line: null, off: state.off, panel: has(state.panel) ? state.panel : "details" });
  if (before.width === camera.width && before.height === camera.height) look(before.x, before.y, before.k);
  else {
    // A picture of another size is looked at in the same place: around the selected card, else in the middle.
    look(before.x, before.y, before.k);
    if (node) bring(node);
  }
  side.scrollTop = scrolled;
}

function start() {
  model = read(document);
  root.classList.add("app");
  settle(document);
  const main = document.querySelector("main");
  stage.append(lens, map, note);
  main.append(stage, split, side);
  document.querySelector("header").append(tools);
  document.body.append(voice, help, reader);
  drawTools();
  announceCards();
  watch((what) => {
    if (["node", "to", "hops", "way", "spread"].some((w) => what.has(w))) {
      spread();
      paint();
    }
    if (what.has("off")) filter();
    if (what.has("panel")) {
      setWidth();
      drawTabs();
    }
    if (["node", "to", "hops", "way", "spread", "panel"].some((w) => what.has(w))) drawDetails();
    if (what.has("panel") || what.has("off")) {
      drawLegend();
      drawSpaces();
      drawMatrix();
    }
    remember();
  });
  change({ panel: state.panel });
  fit(look);
  moved.push(remember);
  follow();
  addEventListener("hashchange", follow);
  // Links of tables to cards go there without a new entry of the history.
  tables.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const target = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    const card = target?.closest(".node");
    const node = card ? model.byId.get(card.dataset.id) : target && anchored(target.id);
    if (!node) return;
    event.preventDefault();
    change({ node, to: null, line: null });
    bring(node);
  });
  window.kubesketch = { replace };
}

if (document.querySelector(".picture svg")) start();
