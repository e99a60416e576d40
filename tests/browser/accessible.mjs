// The accessibility tree of the browser: roles and names, on every panel; references that arrive; a voice that says what happens.

import assert from "node:assert/strict";
import { card, tab, panel } from "./session.mjs";

export default async function (t) {
  for (const file of ["market.html", "big.html", "diff.html"]) {
    const page = await t.open(t.file(file));
    const names = await page.getByRole("tab").allTextContents();
    for (const name of names) {
      await tab(page, name).click();
      await t.frames(page);
      await check(page, `${file}, ${name}`);
      assert.equal(await page.getByRole("tab", { selected: true }).count(), 1);
      const shown = page.getByRole("tabpanel");
      assert.equal(await shown.count(), 1, `${file}: one panel at a time`);
      assert.equal(await tab(page, name).getAttribute("aria-controls"), await shown.getAttribute("id"));
    }
  }

  const page = await t.open(t.file("market.html"));
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  assert(await page.getByRole("tablist", { name: "Beside the picture" }).isVisible());
  assert(await page.getByRole("application", { name: /Arrow keys/ }).isVisible(), "the picture says how it is used");
  assert(await page.getByRole("img", { name: "core/orders Deployment" }).first().isVisible(), "cards have names");
  assert(await page.getByRole("separator", { name: "Width of the panel" }).getAttribute("aria-valuenow"), "the edge of the panel has a value");

  const voice = page.locator("[role=status][aria-live=polite].unseen");
  await card(page, "data/redis[Deployment]").click();
  await check(page, "selected");
  assert((await voice.textContent()).includes("data/redis Deployment"), await voice.textContent());
  await page.keyboard.press("Escape");
  assert.equal(await voice.textContent(), "Nothing is selected.");
  await page.keyboard.press("/");
  await page.keyboard.type("kind:service");
  assert(/^\d+ hits$/.test(await voice.textContent()), await voice.textContent());
  await check(page, "search");
  const box = page.getByRole("combobox");
  assert.equal(await box.getAttribute("aria-expanded"), "true");
  assert.equal(await page.getByRole("option", { selected: true }).count(), 1);
  await page.keyboard.press("Escape");
  assert.equal(await box.getAttribute("aria-expanded"), "false");
  await page.keyboard.press("Escape");

  await card(page, "core/orders[Deployment]").click();
  await card(page, "data/queue[StatefulSet]").click({ modifiers: ["Shift"] });
  await check(page, "question");
  assert(await panel(page, "details").getByRole("status").isVisible(), "the answer is spoken");

  await page.keyboard.press("m");
  const grid = page.getByRole("grid");
  assert(Number(await grid.getAttribute("aria-rowcount")) > 5);
  assert.equal(await page.getByRole("gridcell").count(), 1);
  assert(/ to .*: /.test(await page.getByRole("gridcell").textContent()), "the cell says who, whom and what");

  await page.keyboard.press("i");
  await panel(page, "details").getByRole("button", { name: /^policies.yaml:/ }).first().click();
  await check(page, "text");
  assert(await page.getByRole("dialog", { name: "Text of an object" }).isVisible());
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  assert(await page.getByRole("dialog", { name: "Keys" }).isVisible());
  await check(page, "help");
}

/** What must hold whatever is shown. */
async function check(page, where) {
  const device = await page.context().newCDPSession(page);
  const { nodes } = await device.send("Accessibility.getFullAXTree");
  await device.detach();
  const named = ["button", "link", "checkbox", "radio", "tab", "tabpanel", "textbox", "searchbox", "combobox", "listbox", "option", "dialog", "grid", "application", "separator", "region", "navigation", "heading", "image", "img", "DisclosureTriangle", "table"];
  const missing = nodes.filter((n) => !n.ignored && named.includes(n.role?.value) && !n.name?.value?.trim()).map((n) => `${n.role.value} ${JSON.stringify(n.properties ?? [])}`.slice(0, 160));
  assert.deepEqual(missing, [], `${where}: without a name`);
  const wrong = await page.evaluate(() => {
    const found = [];
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    for (const id of ids.filter((id, i) => ids.indexOf(id) !== i)) found.push(`the id ${id} is there twice`);
    for (const e of document.querySelectorAll("[aria-controls],[aria-activedescendant],[aria-labelledby],[aria-describedby]")) {
      for (const name of ["aria-controls", "aria-activedescendant", "aria-labelledby", "aria-describedby"]) {
        for (const id of (e.getAttribute(name) ?? "").split(/\s+/).filter(Boolean)) if (!document.getElementById(id)) found.push(`${name} of ${e.tagName} leads to ${id}, which is not there`);
      }
    }
    for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) found.push(`${e.tagName} is before its turn`);
    for (const e of document.querySelectorAll("[aria-hidden=true]")) if (e.matches(":focus") || [...e.querySelectorAll("button, a, input, [tabindex]")].length) found.push(`${e.tagName} is hidden, and has the focus`);
    return found;
  });
  assert.deepEqual(wrong, [], where);
}
