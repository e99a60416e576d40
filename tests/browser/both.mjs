// The page of a change: what opens comes first and alarms, what is alike stands together, every list is a click away, and panels, matrix and YAML know both states.

import assert from "node:assert/strict";
import { details, panel, part, tab } from "./session.mjs";

const parts = (color) => color.match(/[\d.]+/g).map(Number);
const luminance = (color) => {
  const [r, g, b] = parts(color).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => (Math.max(luminance(a), luminance(b)) + 0.05) / (Math.min(luminance(a), luminance(b)) + 0.05);
const node = (page, id) => page.locator(`.stage svg .node[data-id=${JSON.stringify(id)}]:visible`).first();

export default async function (t) {
  for (const scheme of ["light", "dark"]) {
    const page = await t.open(t.file("widened.html"), { colorScheme: scheme });
    const header = await page.locator("body > header").innerText();
    assert(header.includes("before.yaml → after.yaml") && !header.includes("browser/"), header);
    const changes = panel(page, "tables");
    assert.match(await changes.locator("h2").first().innerText(), /^Reached from outside/, "what became reachable comes first");
    for (const one of [changes.locator("h2").first(), changes.locator(".items .gate").first()]) {
      const [color, ground] = await one.evaluate((e) => [getComputedStyle(e).color, getComputedStyle(document.body).backgroundColor]);
      const [r, , b] = parts(color);
      assert(r > b + 60, `${scheme}: it alarms: ${color}`);
      assert(contrast(color, ground) >= 4.5, `${scheme}: it can be read: ${color} on ${ground}`);
    }
    const line = await page.locator(".stage svg .both .edge[data-kind=exposes][data-change=added] path").first().evaluate((e) => getComputedStyle(e).stroke);
    assert(parts(line)[0] > parts(line)[2] + 60, `${scheme}: so does its line: ${line}`);
    await t.picture(scheme, page);
  }

  const page = await t.open(t.file("widened.html"));
  const changes = panel(page, "tables");
  // Items of one sentence stand together.
  const group = changes.locator("section[aria-labelledby=topic-allowed] .kin");
  assert.match(await group.locator("summary").first().innerText(), /4 sources → shop\/db on TCP 5432/);
  await group.locator("summary").first().click();
  assert.equal(await group.first().locator("li > .sign").count(), 4);
  // The lists of the panel are a click away.
  await changes.getByRole("navigation", { name: "Lists on this panel" }).getByRole("button", { name: /^Objects/ }).click();
  await t.frames(page);
  assert((await changes.getByRole("heading", { name: /^Objects/ }).boundingBox()).y < 320);
  // Places of both states show their lines.
  await changes.locator("[role=button].place", { hasText: "after.yaml" }).first().click();
  assert(await page.getByRole("dialog", { name: "Text of an object" }).isVisible());
  await page.keyboard.press("Escape");

  // Panels follow the state that is shown.
  await tab(page, "Details").click();
  await node(page, "shop/db[Deployment]").click();
  const fresh = await part(page, "Newly allowed").innerText();
  for (const name of ["shop/a", "shop/b", "shop/c", "shop/d"]) assert(fresh.includes(name), fresh);
  assert((await part(page, "Who can reach this?").innerText()).includes("shop/a"));
  await page.locator(".bar label", { hasText: "Before" }).click();
  await t.frames(page);
  assert((await part(page, "Who can reach this?").innerText()).includes("No workload can reach this"), await part(page, "Who can reach this?").innerText());
  await page.locator(".bar label", { hasText: "Both" }).click();
  assert((await part(page, "Who can reach this?").innerText()).includes("shop/a"));

  // The text before and after, side by side, with what differs marked.
  await node(page, "shop/web[Deployment]").click();
  const text = part(page, "YAML before and after");
  assert.deepEqual(await text.locator(".out code").allInnerTexts(), ["  replicas: 1"]);
  assert.deepEqual(await text.locator(".into code").allInnerTexts(), ["  replicas: 5"]);
  await t.picture("texts", page);

  // The matrix of both sides.
  await tab(page, "Matrix").click();
  await page.getByRole("grid").focus();
  const cell = page.getByRole("gridcell");
  let seen = "";
  for (let i = 0; i < 8 && !/^(shop\/)?a to (shop\/)?db/.test(seen); i++) {
    await page.keyboard.press("ArrowRight");
    seen = await cell.textContent();
  }
  assert(/TCP 5432/.test(seen), seen);
  assert((await panel(page, "matrix").innerText()).includes("Before: denied"), await panel(page, "matrix").innerText());
  await page.locator(".bar label", { hasText: "Before" }).click();
  await t.frames(page);
  assert(/denied/.test(await cell.textContent()), await cell.textContent());
  // The address holds the state.
  await t.settle(page);
  await page.reload();
  await t.ready(page);
  assert(await page.getByRole("radio", { name: "Before" }).isChecked());
}
