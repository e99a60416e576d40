// The tables of the page beside the picture: long ones show their first rows and more on demand, all of them can be searched, and places are buttons that show their lines.

const tables = make("section", { className: "panel", id: "panel-tables", attr: { role: "tabpanel", "aria-label": "Tables" } });
const jumps = make("nav", { className: "jumps", attr: { "aria-label": "Lists on this panel" } });
const sieve = make("input", { type: "search", className: "sieve", placeholder: "Filter rows", autocomplete: "off", spellcheck: false, attr: { "aria-label": "Filter the rows of all tables" } });

/** Rows that are shown at once, and rows that are added when the last one comes into sight. */
const ROWS = 60;
/** The lists: their rows, how many of those that fit are shown. */
let lists = [];

/** Takes the sections of a page to the panel. */
function fillTables(sections) {
  const none = !sections.length && make("p", { className: "none" }, "Nothing differs between the two states.");
  tables.replaceChildren(...(none ? [none] : [make("div", { className: "tablebar" }, jumps, sieve), ...sections]));
  sieve.value = "";
  jumps.replaceChildren(
    ...[...tables.querySelectorAll("h2")].map((head) => {
      const alarm = head.closest("section")?.dataset.alarm;
      return button(head.textContent.replace(/\s+/g, " ").trim() + countOf(head), `Show ${head.textContent.trim()}`, () => jump(head), { className: alarm ? `link ${alarm}` : "link" });
    }),
  );
  lists = [...tables.querySelectorAll("tbody, ul.items")].map((parent) => ({ parent, rows: [...parent.children], shown: 0, fits: null, more: null }));
  for (const list of lists) {
    const heads = [...(list.parent.closest("table")?.querySelectorAll("thead th") ?? [])].map((h) => h.textContent);
    list.heads = heads;
    list.parent.replaceChildren();
  }
}
/** The number of rows below a heading. */
const rowsBelow = (head) => lists.find((l) => head && l.parent.closest("section") === head.parentElement)?.rows.length ?? 0;
/** The number of rows of a table, where its heading does not say it. */
const countOf = (head) => {
  const rows = head.closest("section")?.querySelectorAll("tbody tr").length;
  return rows && !head.querySelector(".count") ? ` (${rows.toLocaleString("en")})` : "";
};

const jump = (head) => {
  const bar = tables.querySelector(".tablebar");
  head.style.scrollMarginTop = `${(bar?.offsetHeight ?? 0) + document.querySelector(".tabs").offsetHeight + 6}px`;
  head.scrollIntoView();
  head.tabIndex = -1;
  head.focus({ preventScroll: true });
};

/** Shows so many rows of a list; the rest is not in the page until it is wanted. */
function showRows(list, count) {
  const all = list.fits ?? list.rows;
  list.shown = Math.min(count, all.length);
  const rows = all.slice(0, list.shown);
  for (const row of rows) dress(row, list.heads);
  const rest = all.length - list.shown;
  list.parent.replaceChildren(...rows);
  list.more = null;
  if (!rest) return;
  const words = `Show ${counted(Math.min(rest, ROWS * 4), "more row")} of ${rest.toLocaleString("en")}`;
  const press = button(words, words, () => showRows(list, list.shown + ROWS * 4), { className: "link" });
  list.more = list.parent.tagName === "UL" ? make("li", { className: "more" }, press) : make("tr", { className: "more" }, make("td", { colSpan: Math.max(1, list.heads.length) }, press));
  list.parent.append(list.more);
  coming.observe(list.more);
}
const coming = new IntersectionObserver(
  (seen) => {
    for (const { target, isIntersecting } of seen) {
      const list = isIntersecting && lists.find((l) => l.more === target);
      coming.unobserve(target);
      if (list) showRows(list, list.shown + ROWS);
      else if (target.isConnected) coming.observe(target);
    }
  },
  { rootMargin: "200px" },
);

/** Places become buttons, and cells know their heads for where a row is a block of its own. */
function dress(row, heads) {
  if (row.dataset.dressed) return;
  row.dataset.dressed = "";
  [...row.children].forEach((cell, i) => heads[i] && (cell.dataset.head = heads[i]));
  for (const place of row.querySelectorAll(".place")) {
    if (place.childElementCount) {
      continue;
    }
    const text = place.textContent;
    const look = () => textAt(text) ?? textAt(text.slice(0, text.lastIndexOf(":")));
    const found = look() ?? inOld(look);
    const short = text.startsWith(shared()) ? text.slice(shared().length) : text;
    place.title = text;
    // No button, for paper shows it too.
    const open = (event) => (event.type === "click" || event.key === "Enter") && (event.preventDefault(), openText(found.text, found.line));
    if (found?.text.parts) place.replaceChildren(make("span", { className: "place link", tabIndex: 0, textContent: short, attr: { role: "button" }, on: { click: open, keydown: open } }));
    else place.textContent = short;
  }
}

function drawTables() {
  if (state.panel !== "tables") return;
  for (const list of lists) if (!list.shown) showRows(list, ROWS);
}

sieve.addEventListener("input", () => {
  const words = sieve.value.toLowerCase().split(/\s+/).filter(Boolean);
  let sum = 0;
  for (const list of lists) {
    const text = (row) => (row.hay ??= row.textContent.toLowerCase());
    list.fits = words.length ? list.rows.filter((row) => words.every((w) => text(row).includes(w))) : null;
    sum += (list.fits ?? list.rows).length;
    showRows(list, ROWS);
    const section = list.parent.closest("section");
    section?.classList.toggle("sifted", !!list.fits && !list.fits.length);
  }
  say(`${counted(sum, "row")}`);
});
// Paper has no demand.
const showAll = () => lists.forEach((list) => showRows(list, Infinity));
addEventListener("beforeprint", showAll);
matchMedia("print").addEventListener("change", (event) => event.matches && showAll());
