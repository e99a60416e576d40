// Everything by keys, and the help that lists them.

const KEYS = [
  ["/", "search"],
  ["arrows", "to the next card (in the picture)"],
  ["Shift + arrows", "move the picture"],
  ["+  −", "nearer, farther"],
  ["0", "the whole picture"],
  ["Enter", "select the card under the cursor"],
  ["Escape", "close, stop, select nothing"],
  ["1 2 3 4", "how many steps light up (4: all)"],
  ["u  d  b", "upstream, downstream, both"],
  ["r  R", "blast radius, who can get here; again: back to neighbors"],
  ["e  E", "the next or the last line of the selected card"],
  ["a", "show the calls that the configuration names"],
  ["z", "bring what lights up into sight"],
  ["w", "ask whether the selected reaches another"],
  ["m  t  l  n  i", "matrix, tables, legend, namespaces, details"],
  ["c", "copy the picture as PNG"],
  ["?", "this help"],
];
const help = make(
  "dialog",
  { className: "help", attr: { "aria-label": "Keys" } },
  make("header", {}, make("h2", {}, "Keys"), button("Close", "Close (Escape)", () => help.close())),
  make("table", { attr: { "aria-label": "Keys" } }, make("tbody", {}, KEYS.map(([keys, words]) => make("tr", {}, make("td", {}, make("kbd", {}, keys)), make("td", {}, words))))),
  make("p", { className: "quiet" }, "Wheel or pinch zooms, drag moves, a click selects a card, a line or the name of a namespace, Shift and a click asks whether the first can reach the second."),
);
help.addEventListener("click", (event) => event.target === help && help.close());

/** The card that keys are at. */
let cursor = null;
function setCursor(node) {
  for (const element of model.svg.querySelectorAll(".cursor")) element.classList.remove("cursor");
  cursor = node;
  ring("at", node ? cardsOf(node) : []);
  if (!node) return;
  for (const card of cardsOf(node)) card.classList.add("cursor");
  bring(node);
  say(`${fullName(node)} ${kindOf(node)}. ${node.facts ?? ""}`);
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
stage.tabIndex = 0;
stage.setAttribute("role", "application");
stage.setAttribute("aria-label", "Picture. Arrow keys go from card to card, Enter selects, question mark lists all keys.");
stage.addEventListener("focus", () => {
  if (!cursor && stage.matches(":focus-visible")) setCursor((state.node && shownBy(state.node)) ?? beside(null));
});
stage.addEventListener("blur", () => setCursor(null));
stage.addEventListener("keydown", (event) => {
  const arrow = ARROWS[event.key];
  // Buttons that lie on the picture have keys of their own.
  if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey) return;
  if (arrow && event.shiftKey) pan(-arrow[0] * 80, -arrow[1] * 80);
  else if (arrow) {
    const next = beside(cursor ?? (state.node && shownBy(state.node)), ...arrow);
    if (next) setCursor(next);
  } else if (event.key === "Enter" || event.key === " ") {
    if (cursor) cursor.kind === "Summary" && pageOf(cursor) && state.node === meant(cursor) ? enter(cursor) : choose(cursor);
  } else return;
  event.preventDefault();
});

/** From line to line of the selected card, and back to the card after the last. */
let lineOwner = null;
function nextLine(step) {
  if (!state.node) return;
  if (!state.line) lineOwner = state.node;
  const own = lineOwner && [...model.in[lineOwner.i], ...model.out[lineOwner.i]].filter((e) => shownLines(e).length);
  if (!own?.length) return;
  const at = own.findIndex((e) => state.line === e.k && model.nodes[e.f] === state.node && model.nodes[e.t] === state.to);
  const next = at < 0 ? (step > 0 ? 0 : own.length - 1) : at + step;
  if (own[next]) openLine(own[next], { go: true });
  else select(lineOwner);
}

const PLAIN = {
  "/": () => (box.focus(), box.select()),
  "?": () => help.showModal(),
  "+": () => zoom(1.25),
  "=": () => zoom(1.25),
  "-": () => zoom(0.8),
  0: () => fit(),
  f: () => fit(),
  1: () => change({ hops: 1, spread: "lines" }),
  2: () => change({ hops: 2, spread: "lines" }),
  3: () => change({ hops: 3, spread: "lines" }),
  4: () => change({ hops: 99, spread: "lines" }),
  u: () => change({ way: "up", spread: "lines" }),
  d: () => change({ way: "down", spread: "lines" }),
  b: () => change({ way: "both", spread: "lines" }),
  r: () => change({ spread: state.spread === "blast" ? "lines" : "blast" }),
  R: () => change({ spread: state.spread === "back" ? "lines" : "back" }),
  e: () => nextLine(1),
  E: () => nextLine(-1),
  z: () => showLit(),
  a: () => model.calls.length && toggleCalls(),
  w: () => state.node && (pick((to) => ask(state.node, to)), drawDetails()),
  m: () => open("matrix"),
  t: () => open("tables"),
  l: () => open("legend"),
  n: () => open("namespaces"),
  i: () => open("details"),
  c: () => copyPng(),
};

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, dialog")) return;
  if (event.key === "Escape") {
    if (picking) pick(null), drawDetails();
    else if (state.line) select(null);
    else if (state.to) change({ to: null });
    else if (bundle) bundle = null, drawDetails();
    else if (state.node) select(null);
    return;
  }
  const work = PLAIN[event.key];
  if (!work) return;
  event.preventDefault();
  work();
});
