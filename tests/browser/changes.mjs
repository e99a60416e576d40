// The page of a change: before, after and both in the same places, and each change can be selected.

import assert from "node:assert/strict";
import { details, litCards, tab, panel, view, near } from "./session.mjs";

export default async function (t) {
  const page = await t.open(t.file("diff.html"));
  const label = (name) => page.locator(".bar label", { hasText: new RegExp(`^${name}$`) });
  const radio = (name) => page.getByRole("radio", { name: new RegExp(`${name}$`) });
  const shown = (name) => page.locator(".stage svg text:visible", { hasText: new RegExp(`^([+−~] )?${name}$`) }).count();
  assert(await radio("Both").isChecked());
  // Search is new, catalog is gone; cart stays and has changed.
  const states = { Before: [1, 0], Both: [1, 1], After: [0, 1] };
  const places = {};
  for (const [name, [old, added]] of Object.entries(states)) {
    await label(name).click();
    await t.frames(page);
    assert(await radio(name).isChecked());
    assert.equal((await shown("catalog")) > 0, old === 1, `${name}: catalog`);
    assert.equal((await shown("search")) > 0, added === 1, `${name}: search`);
    assert((await shown("cart")) > 0, `${name}: cart`);
    places[name] = await page.locator(".stage svg text:visible", { hasText: /^([+−~] )?cart$/ }).first().boundingBox();
    await t.picture(name.toLowerCase());
  }
  for (const name of ["Before", "After"]) assert(near(places[name].y, places.Both.y) && near(places[name].x, places.Both.x, 20), `things stay where they are: ${JSON.stringify(places)}`);

  // A change can be selected, by a click and from the table.
  await label("Both").click();
  const cart = page.locator(".stage svg .node[data-name=cart][data-kind=Workload]:visible");
  await cart.click();
  assert((await details(page).locator("h2").innerText()).includes("cart"));
  assert((await details(page).locator(".change").innerText()).includes("changed"), await details(page).innerText());
  assert((await litCards(page)).length > 0);
  await t.picture("selected");
  // It stays selected in the other states.
  await label("After").click();
  assert(await page.locator(".stage svg .node.chosen:visible").first().isVisible(), "selected in another state as well");
  await label("Both").click();
  await tab(page, "Changes").click();
  const link = panel(page, "tables").locator("a[href^='#']", { hasText: "search" }).first();
  await link.click();
  assert((await litCards(page)).some((id) => id.includes("search")), "a link of the tables selects what it names");
  const size = await view(page);
  await label("Before").click();
  await t.frames(page);
  assert(near((await view(page)).w, size.w), "another state is as near");

  // By keys, from state to state.
  await radio("Before").focus();
  await page.keyboard.press("ArrowRight");
  assert(await radio("Both").isChecked());
  await page.keyboard.press("ArrowRight");
  assert(await radio("After").isChecked());
}
