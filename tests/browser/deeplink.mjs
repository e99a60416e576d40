// The address holds what is looked at: it survives a reload and can be sent to somebody, and a link to a card selects the card.

import assert from "node:assert/strict";
import { card, tab, panel, details, litCards, view, near } from "./session.mjs";

export default async function (t) {
  let page = await t.open(t.file("market.html"));
  await card(page, "core/orders[Deployment]").click();
  await page.keyboard.press("2");
  await page.keyboard.press("u");
  await tab(page, "Legend").click();
  await panel(page, "legend").getByRole("checkbox", { name: /^monitoring/ }).uncheck();
  const stage = await page.locator(".stage").boundingBox();
  await page.mouse.move(stage.x + 300, stage.y + 300);
  await page.mouse.wheel(0, -300);
  await page.getByRole("button", { name: "Light or dark" }).click();
  await t.settle(page);
  const looked = async () => ({ lit: (await litCards(page)).toSorted(), view: await view(page), off: await page.locator(".stage svg .node[data-namespace=monitoring]:visible").count(), scheme: await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), tab: await page.getByRole("tab", { selected: true }).textContent() });
  const before = await looked();
  assert(before.lit.length > 2 && before.off === 0 && before.tab === "Legend" && before.scheme === "dark", JSON.stringify(before));
  const same = (after, how) => {
    assert(near(after.view.x, before.view.x) && near(after.view.y, before.view.y) && near(after.view.w, before.view.w, 3), `${how}: ${JSON.stringify([before.view, after.view])}`);
    assert.deepEqual({ ...after, view: null }, { ...before, view: null }, how);
  };
  const address = page.url();
  await page.reload();
  await t.ready(page);
  same(await looked(), "after a reload");
  await t.picture("reloaded");

  // Sent to somebody else.
  page = await t.open(address);
  same(await looked(), "in another browser");
  await tab(page, "Details").click();
  assert((await details(page).locator("h2").innerText()).startsWith("orders"));

  // A question.
  page = await t.open(t.file("market.html"));
  await card(page, "core/orders[Deployment]").click();
  await card(page, "data/queue[StatefulSet]").click({ modifiers: ["Shift"] });
  await t.settle(page);
  await page.reload();
  await t.ready(page);
  assert.equal(await details(page).locator("h2").innerText(), "Can core/orders reach data/queue?");

  // The id of a card, as tables and other pages link to it.
  await tab(page, "Tables").click();
  const link = panel(page, "tables").locator("a[href^='#']", { hasText: "data/redis" }).first();
  const target = await link.getAttribute("href");
  await link.click();
  assert((await litCards(page)).some((id) => id.startsWith("data/redis")), "a link of a table lights up its card");
  assert.equal(await tab(page, "Tables").getAttribute("aria-selected"), "true", "and the table stays");
  await t.picture("table");
  page = await t.open(t.file("market.html", target));
  assert((await details(page).locator("h2").innerText()).startsWith("redis"), "and so does the address");
  page = await t.open(t.file("market.html", "#exposure"));
  assert(await panel(page, "tables").getByRole("heading", { name: "Exposure" }).isVisible(), "an address of a table shows it");

  // What does not make sense is no error.
  for (const odd of ["#/id=nobody&hops=77&panel=attic&off=x:y&at=1,2&view=9&theme=pink", "#%", "#/%zz", "#nothing", "#/at=NaN,1,2", "#/at=1e99,1e99,1e99", "#/id=<img src=x onerror=alert(1)>"]) {
    page = await t.open(t.file("market.html", odd));
    const [picture, on] = [await view(page), await page.locator(".stage").boundingBox()];
    assert(picture.x < on.x + on.width && picture.x + picture.w > on.x, `${odd}: something of the picture is in sight`);
    assert(await tab(page, "Details").isVisible(), odd);
  }
}
