// A page from the disk: the script takes over, the whole picture is in sight, and nothing is asked for. Without a script picture and tables are there all the same.

import assert from "node:assert/strict";
import { view, stageBox, within, tab, panel, details } from "./session.mjs";

export default async function (t) {
  for (const file of ["market.html", "shop.html", "policies.html", "big.html", "diff.html"]) {
    const page = await t.open(t.file(file));
    const [picture, stage] = [await view(page), await stageBox(page)];
    assert(within(picture, stage), `${file}: the picture fits the stage: ${JSON.stringify({ picture, stage })}`);
    assert(picture.w > stage.width * 0.5 || picture.h > stage.height * 0.5, `${file}: the picture makes use of the stage`);
    // A change is announced first, then the state is fetched.
    const [first, tables] = file === "diff.html" ? ["Changes", "Changes"] : ["Details", "Tables"];
    assert.equal(await tab(page, first).getAttribute("aria-selected"), "true");
    await tab(page, tables).click();
    assert(await panel(page, "tables").locator("table").first().isVisible(), `${file}: tables`);
    assert(!(await details(page).isVisible()));
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, `${file}: nothing sticks out of the window`);
    if (file === "market.html") {
      for (const name of ["Details", "Matrix", "Tables", "Namespaces", "Legend"]) assert(await tab(page, name).isVisible(), name);
      await t.picture("market", page);
    }
    await page.context().close();
  }
  // A narrow window, as of a phone: the panel is below the picture.
  const small = await t.open(t.file("market.html"), { viewport: { width: 390, height: 800 } });
  const [stage, side] = [await stageBox(small), await small.locator(".side").boundingBox()];
  assert(side.y >= stage.y + stage.height - 1 && side.width > 380, "the panel is below the picture");
  assert(within(await view(small), stage), "the picture fits a narrow stage");
  assert.equal(await small.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, "nothing sticks out of a narrow window");
  const last = await small.getByRole("button", { name: "Keys" }).boundingBox();
  assert(last.x + last.width <= 390, "the head of a narrow page fits");
  await t.picture("narrow", small);

  const plain = await t.open(t.file("market.html"), { javaScriptEnabled: false });
  assert(await plain.locator("main > .picture svg").isVisible(), "the picture without a script");
  for (const name of ["Exposure", "Workloads", "Allowed by policy"]) assert(await plain.getByRole("heading", { name, exact: true }).isVisible(), name);
  assert(await plain.getByRole("cell", { name: "front/storefront" }).first().isVisible());
  assert.equal(await plain.locator("button").count(), 0, "no button that would do nothing");
  await t.picture("plain", plain);
}
