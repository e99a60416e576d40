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

/** The text with its lines numbered as in its file; `marked` are lines to look at. */
function listing(text, marked = []) {
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
  let best = null;
  model.texts.forEach((text) => {
    if (text.file === file && text.line <= line && (!best || text.line > best.line)) best = text;
  });
  return best && { text: best, line };
}

/** The folder that all files of the page are in: places are read without it. */
function shared() {
  if (model.shared != null) return model.shared;
  const files = [...new Set(model.nodes.map((n) => n.at).filter(Boolean).concat(model.policies.map((p) => p.at)))];
  let prefix = files[0] ?? "";
  for (const file of files) while (!file.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return (model.shared = prefix.slice(0, prefix.lastIndexOf("/") + 1));
}

/** A place as a button that shows its line, where the page has it. */
function placeButton(place) {
  const found = textAt(place);
  const short = place.slice(shared().length);
  if (!found?.text.parts) return make("span", { className: "place", title: place, textContent: short });
  return button(short, `Show ${place}`, () => openText(found.text, found.line), { className: "place link" });
}

const reader = make("dialog", { className: "reader", attr: { "aria-label": "Text of an object" } });
reader.addEventListener("click", (event) => event.target === reader && reader.close());

function openText(text, line) {
  const close = button("Close", "Close (Escape)", () => reader.close());
  const box = listing(text, line ? [line] : []);
  const note = redactionNote(text);
  reader.replaceChildren(make("header", {}, make("h2", {}, data(text.name)), make("span", { className: "place", textContent: text.file }), close), box, ...(note ? [note] : []));
  if (!reader.open) reader.showModal();
  box.querySelector(".marked")?.scrollIntoView({ block: "center" });
}

const redactionNote = (text) => (text.parts?.some(([, part]) => part.includes(WITHHELD)) ? make("p", { className: "quiet small", textContent: `${WITHHELD} replaces a value that is not on this page: Secrets, ConfigMaps, environment values, annotations.` }) : null);
