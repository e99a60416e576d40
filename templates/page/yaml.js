// The text of an object, line by line with its numbers, in the colors of its grammar.

const WITHHELD = "•••";

/** The pieces of a line of YAML or JSON: `[class, text]`. For color only. */
function pieces(line, state) {
  const found = [];
  const put = (kind, text) => text && found.push([kind, text]);
  const indent = line.length - line.trimStart().length;
  if (state.block != null) {
    if (!line.trim() || indent > state.block) return [["string", line]];
    state.block = null;
  }
  let rest = line;
  const take = (pattern, kind) => {
    const match = pattern.exec(rest);
    if (!match) return false;
    put(kind, match[0]);
    rest = rest.slice(match[0].length);
    return true;
  };
  take(/^\s+/, "");
  while (take(/^-\s+/, "sign"));
  while (rest) {
    if (take(/^#.*$/, "comment")) break;
    if (take(/^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#:,{}[\]"'&*!|>][^:#,{}[\]]*?)(?=\s*:(\s|$|[{["]))/, "key")) continue;
    if (take(/^\s*[:,{}[\]]+\s*/, "sign")) continue;
    if (take(/^•••/, "withheld")) continue;
    if (take(/^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/, "string")) continue;
    if (take(/^[|>][-+0-9]*(?=\s*(#|$))/, "sign")) {
      state.block = indent;
      continue;
    }
    if (take(/^(true|false|null|~)(?=\s*([,}\]#]|$))/, "word")) continue;
    if (take(/^-?\d+(\.\d+)?(?=\s*([,}\]#]|$))/, "number")) continue;
    if (take(/^[&*!][^\s,\]}]+/, "sign")) continue;
    // Inside of braces a comma ends a text, elsewhere a comment alone does.
    if (take(/^[^\s,{}[\]#"'•][^,{}[\]•]*?(?=\s+#|\s*[,}\]]|\s*$|•)/, "string")) continue;
    if (take(/^\s+/, "")) continue;
    take(/^./u, "string");
  }
  return found;
}

/** The text with its lines numbered as in its file; `marked` are lines to look at, `noted` those that something else rests on. */
function listing(text, marked = [], noted = []) {
  if (!text.parts) {
    return make("p", { className: "none" }, "Not on this page, which would be too large with it: ", make("code", {}, `${text.file}:${text.line}`));
  }
  const state = { block: null };
  const lines = [];
  let last = null;
  for (const [first, part] of text.parts) {
    if (last != null && first > last + 1) lines.push(make("span", { className: "row gap", textContent: "⋯" }));
    part.split("\n").forEach((line, i) => {
      const number = first + i;
      last = number;
      const row = make("span", { className: "row", attr: { "data-line": number } }, pieces(line, state).map(([kind, piece]) => (kind ? make("span", { className: kind, textContent: piece }) : piece)));
      if (marked.includes(number)) row.classList.add("marked");
      else if (noted.includes(number)) row.classList.add("noted");
      lines.push(row);
    });
  }
  const box = make("pre", { className: "yaml", tabIndex: 0, attr: { role: "region", "aria-label": `Text of ${text.name}`, dir: "ltr" } }, lines);
  if (text.cut) box.append(make("span", { className: "row gap", textContent: `⋯ ${counted(text.cut, "more line")}` }));
  return box;
}

/** The text that a place such as `web.yaml:12` is in; texts begin in the order of their lines. */
function textAt(place) {
  const cut = place.lastIndexOf(":");
  const [file, line] = [place.slice(0, cut), Number(place.slice(cut + 1))];
  if (!model.inFile) {
    model.inFile = new Map();
    for (const text of model.texts) (model.inFile.get(text.file) ?? model.inFile.set(text.file, []).get(text.file)).push(text);
    for (const list of model.inFile.values()) list.sort((a, b) => a.line - b.line);
  }
  const all = model.inFile.get(file) ?? [];
  // The last that begins at or before the line.
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle].line <= line) low = middle + 1;
    else high = middle;
  }
  return low > 0 ? { text: all[low - 1], line } : null;
}

/** The folder that all files of the page are in: places are read without it. */
function shared() {
  if (model.shared != null) return model.shared;
  const files = [...new Set(model.nodes.map((n) => n.at).filter(Boolean).concat(model.policies.map((p) => p.at), (model.oldTexts ?? []).map((t) => `${t.file}:`)))];
  let prefix = files[0] ?? "";
  for (const file of files) while (!file.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return (model.shared = prefix.slice(0, prefix.lastIndexOf("/") + 1));
}

/** The lines of a text among places. */
const linesIn = (text, places) => [...new Set(places)].map(textAt).filter((at) => at?.text === text).map((at) => at.line);

/** The places that the panel names: their lines are marked where a text is read. */
const mentioned = new Set();

/** A place as a button that shows its line, where the page has it. */
function placeButton(place) {
  const found = textAt(place);
  mentioned.add(place);
  const short = place.startsWith(shared()) ? place.slice(shared().length) : place;
  if (!found?.text.parts) return make("span", { className: "place", title: place, textContent: short });
  return button(short, `Show ${place}`, () => openText(found.text, found.line), { className: "place link" });
}

const reader = make("dialog", { className: "reader", attr: { "aria-label": "Text of an object" } });
reader.addEventListener("click", (event) => event.target === reader && reader.close());

function openText(text, line) {
  const close = button("Close", "Close (Escape)", () => reader.close());
  const box = listing(text, line ? [line] : [], linesIn(text, mentioned));
  const note = redactionNote(text);
  reader.replaceChildren(make("header", {}, make("h2", {}, data(text.name)), make("span", { className: "place", textContent: text.file }), close), box, ...(note ? [note] : []));
  if (!reader.open) reader.showModal();
  box.querySelector(".marked")?.scrollIntoView({ block: "center" });
}

/** The lines of a text with their numbers. */
const linesOfText = (text) => (text.parts ?? []).flatMap(([first, part]) => part.split("\n").map((line, i) => [first + i, line]));
/** Longer texts are not compared line by line. */
const LONG = 1500;
/** Pairs of lines of two texts, by their longest common part: `[old, new, same]`, each line with its number or `null`. */
function compared(old, fresh) {
  const [a, b] = [linesOfText(old), linesOfText(fresh)];
  if (!a.length || !b.length || a.length > LONG || b.length > LONG) return null;
  const width = b.length + 1;
  const best = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) best[i * width + j] = a[i][1] === b[j][1] ? best[(i + 1) * width + j + 1] + 1 : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
  const rows = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i][1] === b[j][1]) rows.push([a[i++], b[j++], true]);
    else if (j >= b.length || (i < a.length && best[(i + 1) * width + j] >= best[i * width + j + 1])) rows.push([a[i++], null, false]);
    else rows.push([null, b[j++], false]);
  }
  // What was taken out and what came in its place stand beside each other.
  const paired = [];
  for (let k = 0; k < rows.length; ) {
    if (rows[k][2]) {
      paired.push(rows[k++]);
      continue;
    }
    const [out, into] = [[], []];
    for (; k < rows.length && !rows[k][2]; k++) (rows[k][0] ? out : into).push(rows[k][0] ?? rows[k][1]);
    for (let n = 0; n < Math.max(out.length, into.length); n++) paired.push([out[n] ?? null, into[n] ?? null, false]);
  }
  return paired;
}

/** Both texts beside each other; far from what differs lines are left out. */
function sideBySide(old, fresh, rows) {
  const near = rows.map((_, i) => rows.slice(Math.max(0, i - 3), i + 4).some(([, , same]) => !same));
  const cell = (line, same, kind) => [make("td", { className: "number", textContent: line ? String(line[0]) : "" }), make("td", { className: line && !same ? kind : "" }, line ? make("code", {}, line[1]) : "")];
  const body = [];
  let gap = false;
  rows.forEach(([a, b, same], i) => {
    if (near[i]) body.push(make("tr", {}, cell(a, same, "out"), cell(b, same, "into")));
    else if (!gap) body.push(make("tr", { className: "gap" }, make("td", { colSpan: 4, textContent: "⋯" })));
    gap = !near[i];
  });
  const place = (text) => `${text.file.split("/").at(-1)}:${text.line}`;
  return make(
    "div",
    { className: "beside", tabIndex: 0, attr: { role: "group", "aria-label": "Text before and after", dir: "ltr" } },
    make("table", { attr: { "aria-label": "Text before and after" } }, make("thead", {}, make("tr", {}, make("th", { scope: "col", colSpan: 2 }, "Before ", make("span", { className: "place", title: `${old.file}:${old.line}`, textContent: place(old) })), make("th", { scope: "col", colSpan: 2 }, "After ", make("span", { className: "place", title: `${fresh.file}:${fresh.line}`, textContent: place(fresh) })))), make("tbody", {}, body)),
  );
}

const redactionNote = (text) => (text.parts?.some(([, part]) => part.includes(WITHHELD)) ? make("p", { className: "quiet small", textContent: `${WITHHELD} replaces a value that is not on this page: Secrets, ConfigMaps, environment values, annotations.` }) : null);
