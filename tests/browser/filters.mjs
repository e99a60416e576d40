// The legend filters: kinds of lines, kinds of cards and namespaces go and come back, in the picture, in the matrix and for who uses keys.

import assert from "node:assert/strict";
import { card, tab, panel, focused } from "./session.mjs";

export default async function (t) {
  const page = await t.open(t.file("market.html"));
  const lines = (kind) => page.locator(`.stage svg .edge[data-kind=${kind}]`).evaluateAll((all) => all.filter((e) => e.getClientRects().length).length);
  const legend = panel(page, "legend");
  const everything = legend.getByRole("button", { name: "Show everything" });
  await tab(page, "Legend").click();
  assert(!(await everything.isVisible()), "nothing is filtered at first");

  const before = await lines("allows");
  assert(before > 0);
  await legend.getByRole("checkbox", { name: /allowed by policy/ }).uncheck();
  assert.equal(await lines("allows"), 0, "lines of a kind are taken out");
  assert((await lines("selects")) > 0, "others stay");

  await legend.getByRole("checkbox", { name: /^Service/ }).uncheck();
  assert.equal(await page.locator(".stage svg .node[data-kind=Service]:visible").count(), 0, "cards of a kind");
  assert.equal(await lines("selects"), 0, "and lines that end there");
  assert(await card(page, "core/orders[Deployment]").isVisible());

  await legend.getByRole("checkbox", { name: /^data/ }).uncheck();
  assert.equal(await page.locator(".stage svg .node[data-namespace=data]:visible").count(), 0, "cards of a namespace");
  assert.equal(await page.locator(".stage svg .group[data-id='namespace:data']:visible").count(), 0, "and its frame");
  await t.picture("filtered");
  await tab(page, "Matrix").click();
  await page.getByRole("grid").focus();
  const seen = new Set();
  await page.keyboard.press("Control+Home");
  for (let i = 0; i < 20; i++) {
    seen.add(await page.locator("#cell").textContent());
    await page.keyboard.press("ArrowDown");
  }
  assert(![...seen].some((s) => s.startsWith("data/")), "the matrix leaves them out as well");

  await tab(page, "Legend").click();
  assert(!(await legend.getByRole("checkbox", { name: /^data/ }).isChecked()), "the ticks are remembered");
  await everything.click();
  assert.equal(await lines("allows"), before);
  assert(await card(page, "data/postgres[StatefulSet]").isVisible());
  assert(await card(page, "data/postgres[Service]").isVisible());

  // All and none, and what keys do: a tick does not lose its place.
  await legend.getByRole("button", { name: "Show no namespaces" }).click();
  assert.equal(await page.locator(".stage svg .node[data-namespace]:visible").count(), 0);
  await legend.getByRole("button", { name: "Show all namespaces" }).click();
  assert(await card(page, "core/orders[Deployment]").isVisible());
  const tick = legend.getByRole("checkbox", { name: /^core/ });
  await tick.focus();
  await page.keyboard.press("Space");
  assert(!(await tick.isChecked()));
  assert((await focused(page)).startsWith("input"), `after a tick the keys are still there, not at ${await focused(page)}`);
  await page.keyboard.press("Space");
  assert(await tick.isChecked());
}
