// A large page: an overview first, all objects beside it. What is asked for that only the other picture shows is shown there.

import assert from "node:assert/strict";
import { card, details, view, stageBox, within, litCards, tab, panel } from "./session.mjs";

export default async function (t) {
  const page = await t.open(t.file("big.html"));
  const [overview, whole] = ["Overview", "All objects"].map((name) => page.getByRole("radio", { name }));
  const label = (name) => page.locator(".bar label", { hasText: name });
  assert(await overview.isChecked());
  const few = await page.locator(".stage svg .node:visible").count();
  assert(few < 30, `${few} cards in the overview`);
  await t.picture("overview");

  await label("All objects").click();
  await t.frames(page);
  const many = await page.locator(".stage svg .node").count();
  assert(many > 200, `${many} cards of all objects`);
  assert(within(await view(page), await stageBox(page)), "all of them are in sight");
  await t.picture("all");
  await label("Overview").click();
  assert.equal(await page.locator(".stage svg .node:visible").count(), few);

  // Search for what has no card in the overview.
  await page.keyboard.press("/");
  await page.keyboard.type("team-007/svc-013 kind:deployment");
  await page.keyboard.press("Enter");
  await t.frames(page);
  assert(await whole.isChecked(), "the picture of all objects is shown");
  const found = card(page, "team-007/svc-013[Deployment]");
  assert(await found.isVisible());
  const [box, stage] = [await found.boundingBox(), await stageBox(page)];
  assert(within({ x: box.x, y: box.y, w: box.width, h: box.height }, stage), "and the card is in sight");
  assert(box.width > 80, `near enough to be read: ${box.width}`);
  assert((await details(page).locator("h2").innerText()).startsWith("svc-013"));
  assert((await litCards(page)).includes("team-007/svc-013[Deployment]"));
  await t.picture("found");
  // The address says so.
  await t.settle(page);
  await page.reload();
  await t.ready(page);
  assert(await whole.isChecked());
  assert(await found.isVisible());

  // Into a namespace by a double click on its card.
  await page.keyboard.press("Escape");
  await label("Overview").click();
  await t.frames(page);
  const space = page.locator(".stage svg .node[data-kind=Summary][data-name='team-003']");
  await space.dblclick();
  await t.frames(page);
  assert(await whole.isChecked());
  const frame = await page.locator(".stage svg .group[data-id='namespace:team-003'] rect").first().boundingBox();
  assert(within({ x: frame.x, y: frame.y, w: frame.width, h: frame.height }, await stageBox(page)), "the frame of the namespace is in sight");
  await t.picture("entered");

  // A card of the overview is about its namespace, and has a button that leads in.
  await label("Overview").click();
  await space.click();
  assert((await details(page).locator("h2").innerText()).includes("team-003"));
  await details(page).getByRole("button", { name: /Show the objects in team-003/ }).click();
  assert(await whole.isChecked());

  // With keys: a switch is a switch.
  await whole.focus();
  await page.keyboard.press("ArrowLeft");
  assert(await overview.isChecked());
  // Filters hold for both pictures.
  await tab(page, "Legend").click();
  await panel(page, "legend").getByRole("checkbox", { name: /^team-005/ }).uncheck();
  await label("All objects").click();
  assert.equal(await page.locator(".stage svg .node[data-namespace=team-005]:visible").count(), 0);
}
