// Dark and light by the button and by the system, and what is printed: the whole picture and the tables, and nothing to press.

import assert from "node:assert/strict";
import { card, tab } from "./session.mjs";

const luminance = (text) => {
  const [r, g, b] = text.match(/[\d.]+/g).map(Number);
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
};

export default async function (t) {
  for (const scheme of ["light", "dark"]) {
    const page = await t.open(t.file("auto.html"), { colorScheme: scheme });
    const colors = () =>
      page.evaluate(() => {
        const of = (selector, what) => getComputedStyle(document.querySelector(selector))[what];
        return { page: of("body", "backgroundColor"), text: of("body", "color"), card: of(".stage svg .node rect", "fill"), title: of(".stage svg .node text", "fill"), stage: of(".stage", "backgroundColor") };
      });
    const luminances = async () => Object.fromEntries(Object.entries(await colors()).map(([k, v]) => [k, luminance(v)]));
    const isDark = (c) => c.page < 0.2 && c.stage < 0.2 && c.card < 0.3 && c.text > 0.7 && c.title > 0.7;
    const isLight = (c) => c.page > 0.9 && c.stage > 0.9 && c.card > 0.9 && c.text < 0.3 && c.title < 0.3;
    const [first, second] = scheme === "dark" ? [isDark, isLight] : [isLight, isDark];
    assert(first(await luminances()), `as the system: ${JSON.stringify(await luminances())}`);
    const toggle = page.getByRole("button", { name: "Light or dark" });
    await toggle.click();
    assert(second(await luminances()), `after the button: ${JSON.stringify(await luminances())}`);
    await tab(page, "Matrix").click();
    await page.getByRole("grid").focus();
    await t.frames(page);
    await t.picture(`not-${scheme}`);
    await toggle.click();
    assert(first(await luminances()), "and back");
    await tab(page, "Details").click();
    await card(page, "core/orders[Deployment]").click();
    await t.picture(scheme);
  }

  // What was changed is for the screen: paper shows all of it.
  for (const [file, tables] of [["market.html", ["Exposure", "Workloads", "Allowed by policy"]], ["big.html", ["Workloads"]], ["diff.html", ["Cards"]]]) {
    const page = await t.open(t.file(file));
    const strokes = () => page.locator(".canvas svg .edge:not(.above .edge) path").evaluateAll((all) => all.map((e) => getComputedStyle(e).stroke).join());
    const plain = await strokes();
    if (file === "market.html") {
      await card(page, "core/orders[Deployment]").click();
      const stage = await page.locator(".stage").boundingBox();
      await page.mouse.move(stage.x + 200, stage.y + 200);
      await page.mouse.wheel(0, -600);
      await t.settle(page);
    }
    await page.emulateMedia({ media: "print" });
    // As wide as an A4 page.
    await page.setViewportSize({ width: 720, height: 1000 });
    await t.settle(page);
    const svg = await page.locator(".canvas svg:visible").boundingBox();
    assert(svg && svg.x >= 0 && svg.x + svg.width <= 721 && svg.width > 300, `${file}: the picture is whole on paper: ${JSON.stringify(svg)}`);
    for (const name of tables) assert(await page.getByRole("heading", { name: new RegExp(`^${name}`) }).first().isVisible(), `${file}: ${name} on paper`);
    const table = await page.locator("table:visible").first().boundingBox();
    assert(table.y >= svg.y + svg.height - 1, `${file}: the tables come after the picture`);
    for (const what of ["button", "input:not([type=radio])", ".switch > label", "[role=tablist]", ".split", ".map", "#panel-details", "#panel-matrix", "dialog", "summary"]) {
      assert.equal(await page.locator(`${what}:visible`).count(), 0, `${file}: ${what} on paper`);
    }
    const faint = await page.locator(".canvas svg .node").evaluateAll((all) => all.filter((e) => Number(getComputedStyle(e).opacity) < 1).length);
    assert.equal(faint, 0, `${file}: nothing is faint on paper`);
    assert.equal(await strokes(), plain, `${file}: lines have their colors on paper`);
    if (process.env.KUBESKETCH_SHOTS) await page.pdf({ path: `${process.env.KUBESKETCH_SHOTS}/colors-print-${file.replace(".html", ".pdf")}`, format: "A4" });
    await t.picture(`print-${file.replace(".html", "")}`);
    await page.emulateMedia({ media: "screen" });
    await page.setViewportSize({ width: 1440, height: 900 });
  }
}
