// What people expect of a page in a browser: Back goes back, texts can be marked, the system's colors count, the size stays, nothing covers the picture, tables fit, and long ones are quick.

import assert from "node:assert/strict";
import path from "node:path";
import { card, details, panel, tab, view, stageBox, near } from "./session.mjs";

export default async function (t) {
  let page = await t.open(t.file("market.html"));
  const head = () => details(page).locator("h2").first().innerText();
  // Back and forward through what was chosen.
  await card(page, "core/orders[Deployment]").click();
  await t.settle(page);
  await card(page, "data/redis[Deployment]").click();
  await t.settle(page);
  await page.keyboard.press("r");
  await t.settle(page);
  await page.goBack();
  await t.settle(page);
  assert.equal(await head(), "redis Deployment");
  assert.equal(await details(page).locator(".steps").count(), 0);
  await page.goBack();
  await t.settle(page);
  assert.equal(await head(), "orders Deployment");
  await page.goBack();
  await t.settle(page);
  assert(await details(page).getByText("Choose an object").isVisible(), "back to the beginning");
  await page.goForward();
  await t.settle(page);
  assert.equal(await head(), "orders Deployment");
  // Moving the picture is no entry of the history.
  await page.keyboard.press("+");
  await t.settle(page);
  await page.goBack();
  await t.settle(page);
  assert(await details(page).getByText("Choose an object").isVisible());

  // The size stays when something is selected, and what is out of sight is moved into it.
  await page.keyboard.press("0");
  for (let i = 0; i < 3; i++) await page.keyboard.press("+");
  await t.frames(page);
  const before = await view(page);
  for (const text of ["postgres kind:statefulset", "ingress-nginx kind:deployment"]) {
    await page.keyboard.press("/");
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
    await t.settle(page);
    assert(near((await view(page)).w, before.w), "the size stays");
  }

  // The slash marks the old text, so that typing begins afresh; every hit has a ring, and the list says why.
  await page.keyboard.press("/");
  await page.keyboard.type("5432");
  assert((await page.getByRole("option").first().innerText()).includes("port: 5432"), await page.getByRole("option").first().innerText());
  const ringed = await page.locator(".stage svg .node.hit").evaluateAll((all) => all.map((e) => e.dataset.id));
  assert(ringed.length >= 2 && ringed.every((id) => id.includes("postgres")), `${ringed}`);
  await t.picture("hits");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(".stage svg .node.hit").count(), 0);
  await page.keyboard.press("/");
  await page.keyboard.type("redis");
  assert.equal(await page.getByRole("combobox").inputValue(), "redis");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");

  // Texts of the picture can be marked with the mouse.
  await page.keyboard.press("0");
  await t.frames(page);
  const word = await page.locator(".stage svg .node[data-id='core/catalog[Deployment]'] text").first().boundingBox();
  const selected = await head();
  await page.mouse.move(word.x + 1, word.y + word.height / 2);
  await page.mouse.down();
  await page.mouse.move(word.x + word.width - 1, word.y + word.height / 2, { steps: 6 });
  await page.mouse.up();
  assert((await page.evaluate(() => String(getSelection()))).includes("atalo"), "a text is marked");
  assert.equal(await head(), selected, "and nothing is selected by that");
  await page.mouse.click(word.x + 4, word.y + word.height / 2);
  assert.equal(await head(), "catalog Deployment", "a click on a text is a click on its card");

  // Nothing lies on the picture: buttons, switches and the small map have places of their own.
  await page.mouse.move(400, 400);
  await page.mouse.wheel(0, -600);
  await t.settle(page);
  assert(await page.locator(".map").isVisible());
  const stage = await stageBox(page);
  for (const what of [".lens", ".map", ".bar"]) {
    const box = await page.locator(what).boundingBox();
    assert(box.y + box.height <= stage.y + 1 || box.x >= stage.x + stage.width - 1, `${what} covers the picture: ${JSON.stringify([box, stage])}`);
  }

  // The system's colors without being asked.
  const dark = await t.open(t.file("market.html"), { colorScheme: "dark" });
  assert.equal(await dark.evaluate(() => getComputedStyle(document.documentElement).colorScheme), "dark");
  await t.picture("dark");

  // Tables fit, and can be searched; their lists are a click away.
  page = await t.open(t.file("market.html"));
  await tab(page, "Tables").click();
  const fits = () => panel(page, "tables").evaluate((e) => [...e.querySelectorAll("table")].map((x) => x.scrollWidth - e.clientWidth).filter((d) => d > 0));
  assert.deepEqual(await fits(), [], "no table is wider than its panel");
  const problems = panel(page, "tables").getByRole("heading", { name: "Problems" });
  await panel(page, "tables").getByRole("button", { name: /^Problems \(/ }).click();
  await t.frames(page);
  assert((await problems.boundingBox()).y < 300, "the problems are a click away");
  await panel(page, "tables").getByRole("searchbox").fill("postgres statefulset");
  assert.equal(await panel(page, "tables").locator("section[aria-labelledby=workloads] tbody tr").count(), 1);
  await panel(page, "tables").getByRole("button", { name: /^Show .*data.yaml:20/ }).or(panel(page, "tables").locator("[role=button]", { hasText: "data.yaml:20" })).first().click();
  assert(await page.getByRole("dialog", { name: "Text of an object" }).isVisible(), "a place shows its line");
  await page.keyboard.press("Escape");
  await page.setViewportSize({ width: 390, height: 844 });
  await t.settle(page);
  assert.deepEqual(await fits(), [], "nor in a narrow window");

  // A long table begins with some of its rows, and has all of them.
  page = await t.open(t.file("big.html"));
  await tab(page, "Tables").click();
  const rows = page.locator("section[aria-labelledby=workloads] tbody tr:not(.more)");
  assert((await rows.count()) < 150, `${await rows.count()} rows at first`);
  await panel(page, "tables").getByRole("searchbox").fill("team-009/svc-017");
  assert.equal(await rows.count(), 1, "what is not shown yet is found");
  await panel(page, "tables").getByRole("searchbox").fill("");
  for (let last = 0; (await rows.count()) > last; ) {
    last = await rows.count();
    const more = page.locator("section[aria-labelledby=workloads] .more button");
    if (await more.count()) await more.evaluate((e) => e.click());
  }
  assert.equal(await rows.count(), 240, "all rows come on demand");

  // Names in the order in which people count.
  page = await t.open(t.file("big.html"));
  await tab(page, "Namespaces").click();
  const names = await panel(page, "namespaces").locator("tbody th").allInnerTexts();
  assert.deepEqual(names, names.toSorted(new Intl.Collator("en", { numeric: true }).compare));

  // The cards of a folder's overview open their pages.
  page = await t.open(t.file(path.join("market", "index.html")));
  await page.locator(".stage svg .node[data-kind=Summary][data-name=core]").click();
  await details(page).getByRole("link", { name: "Open the page of core" }).click();
  await t.ready(page);
  assert(page.url().includes("namespace-core.html"), page.url());
  await page.goBack();
  await t.ready(page);
  await page.locator(".stage svg .node[data-kind=Summary][data-name=data]").dblclick();
  await page.waitForURL(/namespace-data.html/);
  await t.ready(page);
}
