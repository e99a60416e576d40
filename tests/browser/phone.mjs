// On a phone, and on a screen that is enlarged four times: everything is within reach, and nothing lies on anything else.

import assert from "node:assert/strict";
import { card, details, panel, tab, stageBox } from "./session.mjs";

/** Buttons and inputs that lie on each other. */
const overlaps = (page) =>
  page.evaluate(() => {
    const all = [...document.querySelectorAll("header button, header summary, header input, .bar button, .bar label, .tabs button")].filter((e) => e.checkVisibility()).map((e) => [e, e.getBoundingClientRect()]).filter(([, b]) => b.width && b.height);
    const found = [];
    for (const [a, p] of all) for (const [b, q] of all) if (a !== b && !a.contains(b) && !b.contains(a) && p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 1 && q.top < p.bottom - 1) found.push(`${a.textContent || a.id} / ${b.textContent || b.id}`);
    return found;
  });
const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

export default async function (t) {
  for (const file of ["market.html", "big.html", "diff.html"]) {
    const page = await t.open(t.file(file), { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    assert.deepEqual(await overlaps(page), [], file);
    assert(await sideways(page) <= 0, `${file}: nothing sticks out`);
    const box = await page.getByRole("combobox").boundingBox();
    assert(box.width >= 180, `${file}: room for a word in the search: ${box.width}`);
    for (const name of await page.getByRole("tab").allTextContents()) {
      await tab(page, name).tap();
      await t.frames(page);
      assert(await sideways(page) <= 0, `${file}, ${name}: nothing sticks out`);
      await t.picture(`${file.replace(".html", "")}-${name}`, page);
    }
    if (file !== "market.html") continue;
    const words = await details(page).innerText().catch(() => "");
    assert(!words.includes("Press /"), "no keys where there are none");
    await tab(page, "Matrix").tap();
    await t.frames(page);
    const grid = await page.getByRole("grid").boundingBox();
    assert(grid.y + 120 < 844 && grid.height > 120, `the matrix is in sight: ${JSON.stringify(grid)}`);
    await tab(page, "Details").tap();
    const at = await card(page, "core/orders[Deployment]").boundingBox();
    await page.touchscreen.tap(at.x + at.width / 2, at.y + at.height / 2);
    assert((await details(page).locator("h2").innerText()).startsWith("orders"));
    await page.getByRole("combobox").tap();
    await page.keyboard.type("postgres");
    const list = await page.getByRole("listbox", { name: "Found" }).boundingBox();
    assert(list.x >= 0 && list.x + list.width <= 391, JSON.stringify(list));
    await page.getByRole("option").first().tap();
    assert((await details(page).locator("h2").innerText()).includes("postgres"));
    await t.picture("selected", page);
  }

  // 1440 × 900 at 400 %.
  const page = await t.open(t.file("market.html"), { viewport: { width: 360, height: 225 }, deviceScaleFactor: 4 });
  assert.deepEqual(await overlaps(page), []);
  assert(await sideways(page) <= 0, "nothing sticks out");
  await page.getByRole("combobox").fill("postgres");
  await page.keyboard.press("Enter");
  const heading = details(page).locator("h2");
  await heading.scrollIntoViewIfNeeded();
  const box = await heading.boundingBox();
  assert(box.y >= 0 && box.y < 225, "the page scrolls to the panel");
  assert((await stageBox(page)).height >= 150, "the picture is there");
  for (const name of ["Matrix", "Tables", "Namespaces", "Legend", "Details"]) {
    await tab(page, name).click();
    await t.frames(page);
    assert(await sideways(page) <= 0, `${name}: nothing sticks out`);
  }
  await t.picture("enlarged", page);
}
