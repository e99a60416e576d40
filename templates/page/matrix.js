// Sources × targets as a table of signs. Only visible cells are drawn. One live cell describes the cell under the cursor.

const matrix = make("section", { className: "panel", id: "panel-matrix", attr: { role: "tabpanel", "aria-label": "Allowed connections" } });
const CELL = 20;
const grid = { rows: [], columns: [], row: 0, column: 0, left: 160, top: 130, signs: new Map(), changes: new Map() };
const sheet = make("canvas", { attr: { "aria-hidden": "true" } });
const spacer = make("div", { className: "spacer" });
const live = make("div", { id: "cell", attr: { role: "gridcell" } });
const scroller = make("div", { className: "sheet", tabIndex: 0, attr: { role: "grid", "aria-label": "Connections: rows are sources, columns are targets", "aria-activedescendant": "cell" } }, make("div", { className: "unseen", attr: { role: "row" } }, live), sheet, spacer);
const told = make("div", { className: "told" });

/** Visible ends in the order of their namespaces, outside peers last. */
function endsShown() {
  const workloads = model.nodes.filter((n) => isWorkload(n) && !isOff(n)).sort((a, b) => natural(a.ns ?? "", b.ns ?? "") || natural(a.name, b.name));
  return [...workloads, ...outsideEnds()];
}

const nameOf = (end) => (end.plane || model.namespaces.length < 2 ? end.name : fullName(end));

function drawMatrix() {
  if (state.panel !== "matrix") return;
  if (!hasMatrix()) {
    matrix.replaceChildren(make("p", { className: "none" }, model.nodes.some(isWorkload) ? ["This page does not contain the allowed connections; ", make("code", {}, "kubesketch table connections"), " prints them."] : "There are no workloads."));
    return;
  }
  grid.rows = grid.columns = endsShown();
  if (!matrix.contains(scroller)) {
    matrix.replaceChildren(
      make("h2", { tabIndex: -1 }, "Allowed connections"),
      make("p", { className: "quiet" }, model.before ? "Rows are sources, columns are targets, after the change; red cells allow more than before, blue ones less. “Before” above the picture shows the old state." : "Rows are sources, columns are targets. Arrow keys move, Enter asks why."),
      told,
      scroller,
    );
  }
  grid.row = clamp(grid.row, 0, grid.rows.length - 1);
  grid.column = clamp(grid.column, 0, grid.columns.length - 1);
  const pen = sheet.getContext("2d");
  pen.font = "12px DejaVu Sans, Verdana, sans-serif";
  const widest = Math.max(60, ...grid.rows.slice(0, 2000).map((e) => pen.measureText(nameOf(e)).width));
  // In a narrow panel the heads leave room for cells.
  grid.left = Math.min(220, Math.max(90, matrix.clientWidth * 0.33), Math.ceil(widest) + 14);
  grid.top = Math.min(150, Math.max(80, matrix.clientHeight * 0.3), Math.ceil(widest * 0.75) + 14);
  scroller.setAttribute("aria-rowcount", grid.rows.length);
  scroller.setAttribute("aria-colcount", grid.columns.length);
  spacer.style.width = `${grid.left + grid.columns.length * CELL + 90}px`;
  spacer.style.height = `${grid.top + grid.rows.length * CELL + 8}px`;
  drawSheet();
  tellCell();
}

/** On the page of a change: whether a pair gains (`more`) or loses something. */
function differs(from, to) {
  if (!model.before || asked === "before" || from === to || from.plane || to.plane) return "";
  const key = `${from.i} ${to.i}`;
  if (!grid.changes.has(key)) {
    const words = () => (hasMatrix() ? verdictOf(cellsBetween(from, to)).ports : "none");
    const [was, is] = [inOld(words), words()];
    grid.changes.set(key, was === is ? "" : was === "none" || is === "all" || (is !== "none" && was !== "all") ? "more" : "less");
  }
  return grid.changes.get(key);
}

/** The kind of sign of a pair. */
function signOf(from, to) {
  if (from === to) return "self";
  const cells = cellsBetween(from, to);
  if (!cells.length || (from.plane && to.plane)) return "nothing";
  const key = cells.join();
  let sign = grid.signs.get(key);
  if (!sign) grid.signs.set(key, (sign = verdictOf(cells).kind));
  return sign;
}

const drawSheet = eachFrame(() => {
  if (state.panel !== "matrix" || !scroller.clientWidth) return;
  const ratio = devicePixelRatio || 1;
  const [w, h] = [scroller.clientWidth, scroller.clientHeight];
  if (sheet.width !== Math.round(w * ratio) || sheet.height !== Math.round(h * ratio)) {
    sheet.width = Math.round(w * ratio);
    sheet.height = Math.round(h * ratio);
    sheet.style.width = `${w}px`;
    sheet.style.height = `${h}px`;
  }
  const style = getComputedStyle(root);
  const color = (name) => style.getPropertyValue(`--${name}`);
  const [ink, muted, rule, ground, green, blue, band] = ["ink", "muted", "frame-line", "canvas", "green", "blue", "frame"].map(color);
  const [alarm, gone] = ["vermilion-tint", "blue-tint"].map(color);
  const { left, top, rows, columns } = grid;
  const pen = sheet.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = ground;
  pen.fillRect(0, 0, w, h);
  pen.font = "12px DejaVu Sans, Verdana, sans-serif";
  pen.textBaseline = "middle";
  const { scrollLeft: sx, scrollTop: sy } = scroller;
  const firstRow = Math.max(0, Math.floor(sy / CELL));
  const lastRow = Math.min(rows.length - 1, Math.ceil((sy + h - top) / CELL));
  const firstColumn = Math.max(0, Math.floor(sx / CELL));
  const lastColumn = Math.min(columns.length - 1, Math.ceil((sx + w - left) / CELL));
  const x = (c) => left + c * CELL - sx;
  const y = (r) => top + r * CELL - sy;
  pen.save();
  pen.beginPath();
  pen.rect(left, top, w - left, h - top);
  pen.clip();
  pen.fillStyle = band;
  pen.fillRect(left, y(grid.row), w, CELL);
  pen.fillRect(x(grid.column), top, CELL, h);
  for (let r = firstRow; r <= lastRow; r++) {
    for (let c = firstColumn; c <= lastColumn; c++) {
      const [mx, my] = [x(c) + CELL / 2, y(r) + CELL / 2];
      const change = differs(rows[r], columns[c]);
      if (change) {
        pen.fillStyle = change === "more" ? alarm : gone;
        pen.fillRect(x(c) + 1, y(r) + 1, CELL - 2, CELL - 2);
      }
      switch (signOf(rows[r], columns[c])) {
        case "all":
          pen.fillStyle = green;
          pen.beginPath();
          pen.arc(mx, my, 5.5, 0, 7);
          pen.fill();
          break;
        case "some":
          pen.strokeStyle = pen.fillStyle = green;
          pen.lineWidth = 1.4;
          pen.beginPath();
          pen.arc(mx, my, 5, 0, 7);
          pen.stroke();
          pen.beginPath();
          pen.arc(mx, my, 5, Math.PI / 2, -Math.PI / 2);
          pen.fill();
          break;
        case "open":
          pen.strokeStyle = muted;
          pen.lineWidth = 1.4;
          pen.beginPath();
          pen.arc(mx, my, 4.5, 0, 7);
          pen.stroke();
          break;
        case "none":
          pen.fillStyle = rule;
          pen.fillRect(mx - 1, my - 1, 2, 2);
          break;
        case "self":
          pen.fillStyle = rule;
          pen.fillRect(mx - 6, my - 0.75, 12, 1.5);
          break;
      }
    }
  }
  // Namespaces are set apart.
  pen.strokeStyle = rule;
  pen.lineWidth = 1;
  const apart = (a, b) => !b || a.ns !== b.ns || !!a.plane !== !!b.plane;
  pen.beginPath();
  for (let r = firstRow; r <= lastRow; r++) {
    if (apart(rows[r], rows[r + 1])) {
      pen.moveTo(left, y(r + 1) + 0.5);
      pen.lineTo(x(columns.length), y(r + 1) + 0.5);
    }
  }
  for (let c = firstColumn; c <= lastColumn; c++) {
    if (apart(columns[c], columns[c + 1])) {
      pen.moveTo(x(c + 1) + 0.5, top);
      pen.lineTo(x(c + 1) + 0.5, y(rows.length));
    }
  }
  pen.stroke();
  pen.strokeStyle = blue;
  pen.lineWidth = 2;
  pen.strokeRect(x(grid.column) + 1, y(grid.row) + 1, CELL - 2, CELL - 2);
  pen.restore();
  // Heads, cut where they are too long.
  const cut = (text, width) => {
    if (pen.measureText(text).width <= width) return text;
    let n = text.length;
    while (n > 1 && pen.measureText(`…${text.slice(-n)}`).width > width) n--;
    return `…${text.slice(-n)}`;
  };
  pen.save();
  pen.beginPath();
  pen.rect(0, top, left, h - top);
  pen.clip();
  pen.textAlign = "right";
  for (let r = firstRow; r <= lastRow; r++) {
    pen.fillStyle = r === grid.row ? blue : ink;
    pen.fillText(cut(nameOf(rows[r]), left - 12), left - 7, y(r) + CELL / 2);
  }
  pen.restore();
  pen.save();
  pen.beginPath();
  pen.rect(left, 0, w - left, top);
  pen.clip();
  pen.textAlign = "left";
  for (let c = firstColumn; c <= lastColumn; c++) {
    pen.fillStyle = c === grid.column ? blue : ink;
    pen.save();
    pen.translate(x(c) + CELL / 2, top - 6);
    pen.rotate(-Math.PI / 3.2);
    pen.fillText(cut(nameOf(columns[c]), (top - 14) / 0.78), 0, 0);
    pen.restore();
  }
  pen.restore();
});

/** Describes the cell under the cursor. */
function tellCell() {
  const [from, to] = [grid.rows[grid.row], grid.columns[grid.column]];
  if (!from || !to) return;
  const self = from === to;
  const cells = self || (from.plane && to.plane) ? [] : cellsBetween(from, to);
  const verdict = cells.length ? verdictOf(cells) : null;
  const words = self ? "itself" : !verdict ? "not on one network" : portsText(verdict);
  live.setAttribute("aria-rowindex", grid.row + 1);
  live.setAttribute("aria-colindex", grid.column + 1);
  live.textContent = `${nameOf(from)} to ${nameOf(to)}: ${words}`;
  told.replaceChildren(
    make("div", {}, data(nameOf(from)), " → ", data(nameOf(to)), ": ", verdict ? verdictHead(verdict) : make("span", { className: "quiet" }, words)),
    model.before && !self && !from.plane && !to.plane && differs(from, to) ? make("div", { className: differs(from, to) === "more" ? "alarm" : "gone" }, `Before: ${inOld(() => portsText(verdictOf(cellsBetween(from, to))))}`) : "",
    verdict ? make("ul", { className: "because" }, tellingReasons(verdict).slice(0, 4).map(reasonRow)) : "",
  );
}

function moveTo(row, column) {
  grid.row = clamp(row, 0, grid.rows.length - 1);
  grid.column = clamp(column, 0, grid.columns.length - 1);
  const { left, top } = grid;
  const [x, y] = [grid.column * CELL, grid.row * CELL];
  if (x < scroller.scrollLeft) scroller.scrollLeft = x;
  if (x + CELL > scroller.scrollLeft + scroller.clientWidth - left) scroller.scrollLeft = x + CELL - scroller.clientWidth + left;
  if (y < scroller.scrollTop) scroller.scrollTop = y;
  if (y + CELL > scroller.scrollTop + scroller.clientHeight - top) scroller.scrollTop = y + CELL - scroller.clientHeight + top;
  drawSheet();
  tellCell();
}

function askCell() {
  const [from, to] = [grid.rows[grid.row], grid.columns[grid.column]];
  if (!from || !to || from === to || (from.plane && to.plane)) return;
  if (!from.plane && !to.plane) return ask(from, to);
  select(from.plane ? to : from);
}

scroller.addEventListener("scroll", drawSheet, { passive: true });
scroller.addEventListener("pointermove", (event) => {
  const box = scroller.getBoundingClientRect();
  const c = Math.floor((event.clientX - box.left - grid.left + scroller.scrollLeft) / CELL);
  const r = Math.floor((event.clientY - box.top - grid.top + scroller.scrollTop) / CELL);
  const inside = event.clientX - box.left > grid.left && event.clientY - box.top > grid.top;
  if (!inside || (c === grid.column && r === grid.row) || !grid.columns[c] || !grid.rows[r]) return;
  [grid.row, grid.column] = [r, c];
  drawSheet();
  tellCell();
});
scroller.addEventListener("click", askCell);
scroller.addEventListener("keydown", (event) => {
  const page = Math.max(1, Math.floor(scroller.clientHeight / CELL) - 6);
  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-page, 0], PageDown: [page, 0] };
  if (event.key === "Enter" || event.key === " ") askCell();
  else if (event.key === "Home") moveTo(event.ctrlKey ? 0 : grid.row, 0);
  else if (event.key === "End") moveTo(event.ctrlKey ? 1e9 : grid.row, 1e9);
  else if (moves[event.key]) moveTo(grid.row + moves[event.key][0], grid.column + moves[event.key][1]);
  else return;
  event.preventDefault();
  event.stopPropagation();
});
new ResizeObserver(drawSheet).observe(scroller);
