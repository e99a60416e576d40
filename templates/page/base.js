// Tools that everything else uses: elements, words, storage of small things. Texts of the input only ever become text nodes.

const root = document.documentElement;
const SVG = "http://www.w3.org/2000/svg";

/** An element with properties, attributes (in `attr`), listeners (in `on`) and children; strings become text nodes. */
function make(tag, props = {}, ...children) {
  const { attr, on, svg, ...rest } = props;
  const element = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(rest)) element[name] = value;
  for (const [name, value] of Object.entries(attr ?? {})) if (value != null) element.setAttribute(name, value);
  for (const [name, listener] of Object.entries(on ?? {})) element.addEventListener(name, listener);
  element.append(...children.flat(Infinity).filter((c) => c != null && c !== false));
  return element;
}

/** A text of the manifests, isolated from the direction of the surrounding text. */
const data = (text, className = "") => make("bdi", { className, textContent: text });

/** Redraws a panel. The focus returns to the element with the same text, else to the heading of the panel. */
function redraw(panel, ...children) {
  const had = document.activeElement;
  const inside = had !== panel && panel.contains(had);
  const says = (e) => e.dataset.key ?? `${e.tagName} ${e.title} ${e.textContent}`;
  panel.replaceChildren(...children);
  if (!inside) return;
  const again = [...panel.querySelectorAll(had.tagName)].find((e) => says(e) === says(had)) ?? panel.querySelector("h2");
  again?.focus({ preventScroll: true });
}

/** A button. */
const button = (text, title, press, props = {}) =>
  make("button", { type: "button", textContent: text, title, ...props, on: { click: press, ...props.on } });

/** `1 workload`, `2 workloads`. */
const counted = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

/** Names in the order in which people count: `team-2` before `team-10`. */
const { compare: natural } = new Intl.Collator("en", { numeric: true });

const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

/** How many of a list have each key. */
const tally = (list, key) => {
  const counts = new Map();
  for (const item of list) if (key(item) != null) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
};

/** Runs at most once a frame. */
function eachFrame(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Announces a text to screen readers. */
const voice = make("div", { className: "unseen", attr: { role: "status", "aria-live": "polite" } });
const say = (text) => {
  voice.textContent = text;
};

/** The state of the page and its subscribers. */
const state = { node: null, to: null, line: null, hops: 1, way: "both", spread: "lines", panel: "details", calls: false, off: new Set() };
const watchers = [];
/** Runs now and whenever the state changes; `what` names the parts that changed. */
const watch = (work) => watchers.push(work);
function change(parts) {
  Object.assign(state, parts);
  const what = new Set(Object.keys(parts));
  for (const work of watchers) work(what);
}
