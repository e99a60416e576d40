// axe-core finds nothing on any tab, with and without something selected, light and dark. Where `KUBESKETCH_AXE` names no axe-core, this says nothing.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { card, tab } from "./session.mjs";

export default async function (t) {
  if (!process.env.KUBESKETCH_AXE) return;
  const source = readFileSync(`${process.env.KUBESKETCH_AXE}/axe.min.js`, "utf8");
  const found = [];
  const check = async (page, where) => {
    // The policy of the page lets no other script in, but for one that a debugger brings.
    await page.evaluate(source);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    for (const v of violations) found.push(`${where}: ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(" | ")}`);
  };
  for (const [file, scheme] of [["market.html", "light"], ["market.html", "dark"], ["big.html", "light"], ["diff.html", "light"], ["diff.html", "dark"], ["exposed.html", "light"]]) {
    const page = await t.open(t.file(file), { colorScheme: scheme, bypassCSP: true });
    for (const name of await page.getByRole("tab").allTextContents()) {
      await tab(page, name).click();
      await t.frames(page);
      await check(page, `${file} ${scheme}, ${name}`);
    }
    if (file === "market.html") {
      await card(page, "data/postgres[StatefulSet]").click();
      await check(page, `${scheme}, selected`);
      await page.keyboard.press("r");
      await check(page, `${scheme}, blast radius`);
      await page.keyboard.press("e");
      await check(page, `${scheme}, line`);
      await page.keyboard.press("Escape");
      await card(page, "front/storefront[Deployment]").click();
      await card(page, "data/redis[Deployment]").click({ modifiers: ["Shift"] });
      await check(page, `${scheme}, question`);
      await page.keyboard.press("/");
      await page.keyboard.type("core");
      await check(page, `${scheme}, search`);
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
      await page.keyboard.press("?");
      await check(page, `${scheme}, help`);
    }
  }
  assert.deepEqual(found, []);
}
