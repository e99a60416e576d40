// Search over everything that is known of nodes: words anywhere, `kind:`, `ns:`, `label:`, `host:`, `port:`, `image:` in one field.

const FOUND = 60;
const box = make("input", { type: "search", id: "search", placeholder: matchMedia("(pointer: coarse)").matches ? "Search" : "Search  /", autocomplete: "off", spellcheck: false, attr: { role: "combobox", "aria-expanded": "false", "aria-controls": "found", "aria-autocomplete": "list", "aria-label": "Search names, kinds, labels, hosts, ports, images" } });
const found = make("ul", { id: "found", hidden: true, attr: { role: "listbox", "aria-label": "Found" } });
const finder = make("div", { className: "finder" }, box, found);
const FIELDS = { kind: "kind", ns: "ns", namespace: "ns", name: "name", label: "label", host: "host", port: "port", image: "image", address: "address" };

/** What is searched of a node, by field, in small letters. */
function haystack(node) {
  node.hay ??= {
    name: node.name.toLowerCase(),
    ns: (node.ns ?? "").toLowerCase(),
    kind: `${node.kind} ${node.label}`.toLowerCase(),
    label: [...(node.labels ?? []), ...(node.selector ?? [])].join("\n").toLowerCase(),
    host: [...(node.hosts ?? []), node.facts ?? ""].join("\n").toLowerCase(),
    port: (node.ports ?? []).join("\n").toLowerCase(),
    image: (node.images ?? []).join("\n").toLowerCase(),
    address: (node.addresses ?? []).join("\n").toLowerCase(),
  };
  return node.hay;
}

/** Nodes that every word fits, names that begin with the first word before others. */
function search(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const asked = words.map((word) => {
    const cut = word.indexOf(":");
    const field = FIELDS[word.slice(0, cut)];
    return field && cut > 0 ? { field, word: word.slice(cut + 1) } : { word };
  });
  const score = (node) => {
    const hay = haystack(node);
    let sum = 0;
    for (const { field, word } of asked) {
      if (field) {
        if (!hay[field].includes(word)) return 0;
        sum += 2;
      } else if (hay.name === word) sum += 8;
      else if (hay.name.startsWith(word)) sum += 5;
      else if (hay.name.includes(word)) sum += 4;
      else if (Object.values(hay).some((h) => h.includes(word)) || `${hay.ns}/${hay.name}`.includes(word)) sum += 1;
      else return 0;
    }
    return sum + (isWorkload(node) ? 0.5 : 0);
  };
  const known = model.nodes.filter((n) => n.kind !== "Junction" && !(n.kind === "Summary" && meant(n) !== n)).map((node) => ({ node, score: score(node) }));
  return known.filter((h) => h.score > 0).sort((a, b) => b.score - a.score || natural(fullName(a.node), fullName(b.node))).map((h) => h.node);
}

/** Why a node was found: the field, and what of it fits, for words that are not in the name. */
function foundIn(node, words) {
  const lists = { host: node.hosts, port: node.ports, image: node.images, label: node.labels, selects: node.selector, address: node.addresses, kind: [node.label], namespace: [node.ns ?? ""], facts: [node.facts ?? ""] };
  for (const word of words) {
    const cut = word.indexOf(":");
    const plain = FIELDS[word.slice(0, cut)] && cut > 0 ? word.slice(cut + 1) : word;
    if (!plain || node.name.toLowerCase().includes(plain)) continue;
    for (const [field, list] of Object.entries(lists)) {
      const hit = list?.find((v) => v.toLowerCase().includes(plain));
      if (hit) return `${field}: ${hit}`;
    }
  }
  return "";
}

/** Puts a ring around the cards of all hits, as long as somebody searches. */
let ringed = [];
function ringHits(nodes) {
  for (const card of ringed) card.classList.remove("hit");
  ringed = [...new Set(nodes.map(shownBy).filter(Boolean).flatMap(cardsOf))];
  for (const card of ringed) card.classList.add("hit");
  ring("found", ringed.slice(0, 400));
}

let hits = [];
let at = -1;
function list() {
  hits = search(box.value);
  at = hits.length ? 0 : -1;
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  found.replaceChildren(
    ...hits.slice(0, FOUND).map((node, i) =>
      make(
        "li",
        { id: `found-${i}`, attr: { role: "option", "aria-selected": String(i === at) }, on: { pointerdown: (e) => e.preventDefault(), click: () => take(i) } },
        make("span", { className: `dot hue-${node.hue}`, attr: { "aria-hidden": "true" } }),
        data(fullName(node)),
        make("span", { className: "kind" }, " ", data(kindOf(node))),
        make("span", { className: "where" }, data(foundIn(node, words))),
      ),
    ),
    ...(hits.length > FOUND ? [make("li", { className: "quiet", attr: { role: "presentation" } }, `and ${hits.length - FOUND} more`)] : []),
    ...(words.length && !hits.length ? [make("li", { className: "quiet", attr: { role: "presentation" } }, "Nothing found")] : []),
  );
  const open = words.length > 0;
  found.hidden = !open;
  box.setAttribute("aria-expanded", String(open));
  ringHits(open ? hits : []);
  mark();
  if (open) say(hits.length ? `${counted(hits.length, "hit")}` : "Nothing found");
}

function mark() {
  [...found.querySelectorAll("[role=option]")].forEach((row, i) => {
    row.setAttribute("aria-selected", String(i === at));
    if (i === at) row.scrollIntoView({ block: "nearest" });
  });
  if (at >= 0) box.setAttribute("aria-activedescendant", `found-${at}`);
  else box.removeAttribute("aria-activedescendant");
}

function take(i) {
  const node = hits[i];
  if (!node) return;
  closeSearch();
  if (picking) choose(node);
  else select(node);
  details.querySelector("h2")?.focus({ preventScroll: true });
}

function closeSearch() {
  ringHits([]);
  found.hidden = true;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

box.addEventListener("input", list);
box.addEventListener("focus", () => box.value && list());
box.addEventListener("blur", closeSearch);
box.addEventListener("keydown", (event) => {
  const last = Math.min(hits.length, FOUND) - 1;
  if (event.key === "ArrowDown") at = Math.min(last, at + 1);
  else if (event.key === "ArrowUp") at = Math.max(0, at - 1);
  else if (event.key === "Enter") return take(at);
  else if (event.key === "Escape") {
    if (box.value) {
      box.value = "";
      list();
    } else box.blur();
    event.stopPropagation();
    return;
  } else return;
  event.preventDefault();
  mark();
});
