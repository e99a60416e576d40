// Pan and zoom: wheel, drag, pinch, keys, fit, and a small map of large pictures. The picture is moved as a whole by a transform, which costs no new drawing.

const camera = { x: 0, y: 0, k: 1, width: 1, height: 1 };
const stage = make("div", { className: "stage" });
const canvas = make("div", { className: "canvas" });
const mapSheet = make("canvas");
const mapFrame = make("div", { className: "sight" });
const map = make("div", { className: "map", hidden: true, attr: { "aria-hidden": "true" } }, mapSheet, mapFrame);
const MOST = 4;
const moved = [];

let resting = 0;
const place = eachFrame(() => {
  // While it moves the picture is a layer of its own; at rest it is drawn sharp for its size.
  canvas.classList.add("moving");
  clearTimeout(resting);
  resting = setTimeout(() => canvas.classList.remove("moving"), 250);
  canvas.style.transform = `translate(${camera.x}px, ${camera.y}px) scale(${camera.k})`;
  drawMap();
  for (const work of moved) work();
});

function size() {
  const { clientWidth: w, clientHeight: h } = stage;
  return { w: Math.max(1, w), h: Math.max(1, h) };
}

const fitting = () => {
  const { w, h } = size();
  return Math.min((w - 24) / camera.width, (h - 24) / camera.height, 1.6);
};
const least = () => Math.min(fitting() / 2, 0.5);

/** Keeps some of the picture in sight. */
function bound() {
  const { w, h } = size();
  const keep = 80;
  camera.x = clamp(camera.x, keep - camera.width * camera.k, w - keep);
  camera.y = clamp(camera.y, keep - camera.height * camera.k, h - keep);
}

let flight = 0;
function look(x, y, k) {
  Object.assign(camera, { x, y, k });
  bound();
  whole = isWhole();
  place();
}

/** Moves there, animated unless the reader prefers reduced motion. */
function fly(x, y, k) {
  cancelAnimationFrame(flight);
  if (calm()) return look(x, y, k);
  const start = performance.now();
  const from = { ...camera };
  const step = (now) => {
    const t = clamp((now - start) / 220, 0, 1);
    const s = t * t * (3 - 2 * t);
    look(from.x + (x - from.x) * s, from.y + (y - from.y) * s, from.k + (k - from.k) * s);
    if (t < 1) flight = requestAnimationFrame(step);
  };
  flight = requestAnimationFrame(step);
}

function fit(go = fly) {
  const { w, h } = size();
  const k = fitting();
  go((w - camera.width * k) / 2, (h - camera.height * k) / 2, k);
}

function zoom(factor, at) {
  const { w, h } = size();
  const point = at ?? { x: w / 2, y: h / 2 };
  const k = clamp(camera.k * factor, least(), MOST);
  const scale = k / camera.k;
  look(point.x - (point.x - camera.x) * scale, point.y - (point.y - camera.y) * scale, k);
}

const pan = (dx, dy) => look(camera.x + dx, camera.y + dy, camera.k);

/**
 * Brings boxes of the picture into sight. The size stays as it is as long as they can be read and, `whole`, all of them are seen at once; `closer` also comes nearer for them.
 */
function show(boxes, { whole: all = false, closer = false } = {}) {
  if (!boxes.length) return;
  const { w, h } = size();
  const left = Math.min(...boxes.map((b) => b.x));
  const top = Math.min(...boxes.map((b) => b.y));
  const right = Math.max(...boxes.map((b) => b.x + b.w));
  const bottom = Math.max(...boxes.map((b) => b.y + b.h));
  const most = Math.min((w - 40) / (right - left), (h - 40) / (bottom - top));
  let k = camera.k;
  if (k < LEGIBLE && !all) k = 1;
  if (closer) k = clamp(most, least(), 1);
  if (all) k = Math.min(k, Math.max(most, least()));
  const free = 20;
  const inside = left * k + camera.x > free && right * k + camera.x < w - free && top * k + camera.y > free && bottom * k + camera.y < h - free;
  if (inside && k === camera.k) return;
  if (k !== camera.k || all) return fly(w / 2 - ((left + right) / 2) * k, h / 2 - ((top + bottom) / 2) * k, k);
  // As little as is needed.
  const moved = (at, low, high, room) => {
    if (low * k + at < free) return free - low * k;
    return high * k + at > room - free ? room - free - high * k : at;
  };
  fly(moved(camera.x, left, right, w), moved(camera.y, top, bottom, h), k);
}
/** Below this size texts cannot be read. */
const LEGIBLE = 0.5;

/** The box of a card or frame, in the units of the picture. */
function boxOf(element) {
  const rect = element.querySelector("rect");
  const number = (name) => Number(rect?.getAttribute(name) ?? 0);
  return { x: number("x"), y: number("y"), w: number("width"), h: number("height") };
}

// ---- the small map

let mapScale = 1;
let mapDrawn = false;

/** Draws frames and cards as boxes. */
function prepareMap() {
  const wide = Math.min(220, Math.max(120, stage.clientWidth / 5));
  mapScale = Math.min(wide / camera.width, 160 / camera.height);
  const ratio = devicePixelRatio || 1;
  mapSheet.width = Math.max(1, Math.round(camera.width * mapScale * ratio));
  mapSheet.height = Math.max(1, Math.round(camera.height * mapScale * ratio));
  for (const element of [map, mapSheet]) {
    element.style.width = `${mapSheet.width / ratio}px`;
    element.style.height = `${mapSheet.height / ratio}px`;
  }
  const pen = mapSheet.getContext("2d");
  mapDrawn = true;
  const color = (name) => getComputedStyle(root).getPropertyValue(`--${name}`);
  pen.scale(mapScale * ratio, mapScale * ratio);
  pen.fillStyle = color("canvas");
  pen.fillRect(0, 0, camera.width, camera.height);
  pen.strokeStyle = color("frame-line");
  pen.lineWidth = 1 / mapScale;
  for (const [frame] of model.frames.values()) {
    const { x, y, w, h } = boxOf(frame);
    pen.fillStyle = color("frame");
    pen.fillRect(x, y, w, h);
    pen.strokeRect(x, y, w, h);
  }
  for (const [id, [card]] of model.drawn) {
    const { x, y, w, h } = boxOf(card);
    pen.fillStyle = color(model.byId.get(id)?.hue ?? "grey");
    pen.fillRect(x, y, w, h);
  }
}

function drawMap() {
  const { w, h } = size();
  const large = camera.width * camera.k > w * 1.15 || camera.height * camera.k > h * 1.15;
  map.hidden = !large;
  if (!large) return;
  if (!mapDrawn) prepareMap();
  // The frame is moved and not drawn anew, as the picture is.
  const scale = mapScale / camera.k;
  mapFrame.style.transform = `translate(${-camera.x * scale}px, ${-camera.y * scale}px)`;
  mapFrame.style.width = `${w * scale}px`;
  mapFrame.style.height = `${h * scale}px`;
}

function followMap(event) {
  if (event.buttons !== 1) return;
  const box = map.getBoundingClientRect();
  const { w, h } = size();
  const x = (event.clientX - box.left) / mapScale;
  const y = (event.clientY - box.top) / mapScale;
  look(w / 2 - x * camera.k, h / 2 - y * camera.k, camera.k);
}
map.addEventListener("pointerdown", (event) => {
  map.setPointerCapture(event.pointerId);
  followMap(event);
});
map.addEventListener("pointermove", followMap);

// ---- hands

const fingers = new Map();
let dragged = false;

const local = (event) => {
  const box = stage.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
};

stage.addEventListener(
  "wheel",
  (event) => {
    event.preventDefault();
    cancelAnimationFrame(flight);
    const unit = event.deltaMode === 1 ? 24 : event.deltaMode === 2 ? 400 : 1;
    if (event.shiftKey && !event.ctrlKey) return pan(-(event.deltaX || event.deltaY) * unit, 0);
    // A pinch on a trackpad comes as small steps with the control key.
    zoom(Math.exp((-event.deltaY * unit * (event.ctrlKey ? 8 : 1)) / 700), local(event));
  },
  { passive: false },
);
canvas.addEventListener("pointerdown", (event) => down(event));
stage.addEventListener("pointerdown", (event) => event.target === stage && down(event));

function down(event) {
  if (event.button !== 0) return;
  cancelAnimationFrame(flight);
  dragged = false;
  // Texts can be marked; a finger moves the picture all the same.
  if (event.pointerType === "mouse" && event.target.closest?.("text")) return;
  fingers.set(event.pointerId, local(event));
  if (fingers.size === 1) dragged = false;
}

addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const now = local(event);
  if (fingers.size === 1) {
    if (!dragged && Math.hypot(now.x - before.x, now.y - before.y) < 4) return;
    dragged = true;
    stage.classList.add("dragged");
    pan(now.x - before.x, now.y - before.y);
  } else {
    dragged = true;
    const [other] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    const is = Math.hypot(now.x - other.x, now.y - other.y);
    pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    if (was > 0) zoom(is / was, { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }
  fingers.set(event.pointerId, now);
});
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, (event) => {
    fingers.delete(event.pointerId);
    if (!fingers.size) stage.classList.remove("dragged");
  });
}

/** Takes a picture onto the stage. */
function mount(svg) {
  camera.width = Number(svg.getAttribute("width")) || 1;
  camera.height = Number(svg.getAttribute("height")) || 1;
  mapDrawn = false;
}

/** Whether the whole picture is shown, as at the beginning; it stays so when the page changes its size. */
let whole = true;
const isWhole = () => {
  const { w, h } = size();
  const k = fitting();
  return Math.abs(camera.k - k) < 0.01 && Math.abs(camera.x - (w - camera.width * k) / 2) < 4 && Math.abs(camera.y - (h - camera.height * k) / 2) < 4;
};

new ResizeObserver(() => {
  mapDrawn = false;
  if (!stage.clientWidth) return;
  if (whole) return fit(look);
  bound();
  place();
}).observe(stage);
