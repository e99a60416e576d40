// The matrix: every cell, gone through with keys, says what `kubesketch table connections --all` says; Enter asks why; a large one costs the page no more elements than a small one.

import assert from "node:assert/strict";
import { tab, panel, details, focused } from "./session.mjs";

export default async function (t) {
  for (const example of ["policies", "market"]) await agrees(t, example);

  const page = t.last;
  const cell = page.locator("#cell");
  const grid = page.getByRole("grid");
  await page.keyboard.press("Control+Home");
  const first = await cell.textContent();
  await page.keyboard.press("ArrowRight");
  const second = await cell.textContent();
  assert.notEqual(first, second);
  await page.keyboard.press("ArrowLeft");
  assert.equal(await cell.textContent(), first);
  await page.keyboard.press("ArrowUp");
  assert.equal(await cell.textContent(), first, "the edge is an edge");
  // Enter asks, and the tab leads back to the same cell.
  for (let i = 0; i < 40 && !(await cell.textContent()).startsWith("core/basket to data/redis:"); i++) await page.keyboard.press("ArrowRight");
  await t.picture("cell");
  await page.keyboard.press("Enter");
  assert.equal(await details(page).locator("h2").innerText(), "Can core/basket reach data/redis?");
  assert.equal(await details(page).locator(".answer").innerText(), "Yes: TCP 6379");
  await page.keyboard.press("m");
  assert((await cell.textContent()).startsWith("core/basket to data/redis:"));
  // A mouse points as well.
  const box = await grid.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  assert(!(await cell.textContent()).startsWith("core/basket to data/redis:"), "the cell under the mouse is described");

  const big = await t.open(t.file("big.html"));
  await tab(big, "Matrix").click();
  await t.frames(big);
  const rows = Number(await big.getByRole("grid").getAttribute("aria-rowcount"));
  assert(rows > 200, `${rows} rows`);
  assert((await panel(big, "matrix").locator("*").count()) < 120, "elements of a large matrix");
  await big.getByRole("grid").focus();
  await big.keyboard.press("Control+End");
  await t.frames(big);
  assert.equal(await big.locator("#cell").getAttribute("aria-rowindex"), String(rows));
  assert((await big.getByRole("grid").evaluate((e) => e.scrollTop)) > 1000, "the last cell is scrolled to");
  assert((await panel(big, "matrix").locator("*").count()) < 120);
  for (let i = 0; i < 14; i++) await big.keyboard.press("ArrowLeft");
  await t.picture("big");
}

/** Walks through all cells with keys, and holds them against the table. */
async function agrees(t, example) {
  const listed = new Map();
  const name = (end) => (end.workload ? end.workload.replace(/\[.*/, "") : end.cidrs[0] === "0.0.0.0/0" ? "any address outside" : end.cidrs.length === 1 ? end.cidrs[0] : "any other address");
  for (const c of t.output(`${example}.connections.json`).connections) listed.set(`${name(c.from)} to ${name(c.to)}`, c);
  const page = await t.open(t.file(`${example}.html`));
  await page.keyboard.press("m");
  await t.frames(page);
  assert((await focused(page)).startsWith("div.sheet"), "the key goes to the grid");
  const grid = page.getByRole("grid");
  const [rows, columns] = [Number(await grid.getAttribute("aria-rowcount")), Number(await grid.getAttribute("aria-colcount"))];
  const cell = page.locator("#cell");
  await page.keyboard.press("Control+Home");
  const used = new Set();
  const seen = new Set();
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const [text, row, column] = await cell.evaluate((e) => [e.textContent, e.getAttribute("aria-rowindex"), e.getAttribute("aria-colindex")]);
      assert.deepEqual([row, column], [String(r + 1), String(c + 1)]);
      const cut = text.lastIndexOf(": ");
      const [pair, says] = [text.slice(0, cut).replace(/any address but [\d./]+/g, "any other address"), text.slice(cut + 2)];
      assert(!seen.has(pair), `${pair} twice`);
      seen.add(pair);
      if (says === "itself") {
        assert.equal(r, c, text);
        assert(/itself$/.test(await panel(page, "matrix").locator(".told").innerText()), "and nothing else is described");
      }
      if (!["itself", "not on one network"].includes(says)) {
        // Where ranges of addresses are treated alike, the table lists them together.
        const key = listed.has(pair) ? pair : pair.replace(/any other address|[\d.]+\/\d+/, "any address outside");
        assert(listed.has(key), `the table has no ${pair}`);
        holds(says, listed.get(key), text);
        used.add(key);
      }
      if (c + 1 < columns) await page.keyboard.press("ArrowRight");
    }
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowDown");
  }
  assert.deepEqual([...listed.keys()].filter((k) => !used.has(k)), [], `${example}: pairs that only the table lists`);
}

/** Whether the words of a cell are those of a connection of the table. */
function holds(says, right, text) {
  const context = `${text}, but the table says ${JSON.stringify(right.ports)}`;
  const none = Object.keys(right.ports).length === 0;
  if (none) assert.equal(says, "denied", context);
  else if (right.ports === "all") assert(says.startsWith("all ports"), context);
  else {
    for (const [protocol, ranges] of Object.entries(right.ports)) {
      assert(says.includes(protocol), context);
      for (const [from, to] of ranges) assert(says.includes(String(from)) && says.includes(String(to)), context);
    }
  }
  assert.equal(says.includes("not restricted by any policy"), !none && right.because.length === 0, context);
}
