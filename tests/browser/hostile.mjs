// Names and texts that would be markup, script or a change of direction if they were not only text. Nothing of the input runs, is fetched or gets out of its place.

import assert from "node:assert/strict";
import { tab, panel, details } from "./session.mjs";

export default async function (t) {
  for (const file of ["hostile.html", "hostile-diff.html"]) {
    const page = await t.open(t.file(file));
    await page.evaluate(() => {
      window.ours = document.querySelectorAll("script").length;
    });
    const ids = await page.locator(".stage svg .node:visible").evaluateAll((all) => all.map((e) => e.dataset.id));
    assert(ids.length >= 4, `${ids.length} cards`);
    // Go everywhere: every card, every tab, every text.
    for (let i = 0; i < ids.length; i++) {
      await page.keyboard.press("0");
      await page.locator(".stage svg .node:visible").nth(i).click({ position: { x: 12, y: 12 } });
      assert((await details(page).locator("h2").innerText()).trim().length > 0);
      for (const summary of await details(page).locator("details:not([open]) > summary").all()) await summary.click();
      const place = details(page).locator("button.place").first();
      if (await place.count()) {
        await place.click();
        await page.keyboard.press("Escape");
      }
      await sound(page, `${file}, ${ids[i]}`);
    }
    await t.picture(file.replace(".html", ""));
    for (const name of await page.getByRole("tab").allTextContents()) {
      await tab(page, name).click();
      await t.frames(page);
      await sound(page, `${file}, ${name}`);
      if (name === "Legend") for (const box of await panel(page, "legend").getByRole("checkbox").all()) await box.click();
    }
    await page.keyboard.press("t");
    await t.picture(`${file.replace(".html", "")}-tables`);
    for (const text of ["<img", "script", "\u202e", "onerror", "label:", "%", "\\", "[", "__proto__", "constructor"]) {
      await page.getByRole("combobox").fill(text);
      await sound(page, `${file}, search ${text}`);
    }
    await page.keyboard.press("Escape");
    await t.settle(page);
    // The address with what is selected, again.
    await page.reload();
    await t.ready(page);
    await sound(page, `${file} again`);
  }
}

/** Nothing ran, and nothing of the input became an element. */
async function sound(page, where) {
  const wrong = await page.evaluate(() => {
    const found = [];
    if (window.hacked) found.push("a script of the input ran");
    if (document.querySelectorAll("script").length !== (window.ours ?? document.querySelectorAll("script").length)) found.push("there is a new script");
    for (const e of document.querySelectorAll("img, iframe, object, embed, video, audio, base, form, foreignObject, a[href^='javascript' i], link, meta[http-equiv=refresh]")) found.push(e.outerHTML.slice(0, 80));
    for (const e of document.querySelectorAll("*")) for (const name of e.getAttributeNames()) if (name.startsWith("on") || name === "srcdoc") found.push(`${e.tagName} ${name}`);
    if (document.documentElement.scrollWidth > innerWidth) found.push("something sticks out of the window");
    return found;
  });
  assert.deepEqual(wrong, [], where);
}
