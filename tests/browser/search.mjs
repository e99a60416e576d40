// Search: by name, by field, with keys alone, and what happens where nothing is found.

import assert from "node:assert/strict";
import { details, focused, litCards } from "./session.mjs";

export default async function (t) {
  const page = await t.open(t.file("market.html"));
  const box = page.getByRole("combobox");
  const list = page.getByRole("listbox", { name: "Found" });
  const hits = () => list.getByRole("option").evaluateAll((all) => all.map((e) => e.querySelector("bdi").textContent));
  const current = () => page.evaluate(() => document.getElementById(document.getElementById("search").getAttribute("aria-activedescendant"))?.querySelector("bdi").textContent);
  const ask = async (text) => {
    await box.fill(text);
    return hits();
  };

  await page.keyboard.press("/");
  assert((await focused(page)).startsWith("input#search"), "the slash goes to the search");
  assert.equal(await box.inputValue(), "", "and is not typed");
  await page.keyboard.type("postg");
  assert(await list.isVisible());
  assert.equal(await box.getAttribute("aria-expanded"), "true");
  const named = await hits();
  assert(named.length >= 2 && named.slice(0, 2).every((n) => n === "data/postgres"), `names first: ${named}`);
  await t.picture("found");

  const expected = {
    "kind:ingress": (all) => all.includes("front/market") && all.length === 1,
    "kind:cronjob": (all) => all.join() === "core/daily-report",
    "port:5432": (all) => all.length >= 2 && all.every((n) => n === "data/postgres"),
    "host:market.example.com": (all) => all.includes("front/market"),
    "image:rabbitmq": (all) => all.join() === "data/queue",
    "label:app=queue": (all) => all.length >= 1 && all.every((n) => n === "data/queue"),
    "ns:data kind:statefulset": (all) => all.toSorted().join() === "data/postgres,data/queue",
    "core/orders": (all) => all.length >= 1 && all.every((n) => n === "core/orders"),
    "KIND:StatefulSet prom": (all) => all.join() === "monitoring/prometheus",
  };
  for (const [text, right] of Object.entries(expected)) {
    const found = await ask(text);
    assert(right(found), `${text} finds ${found.join() || "nothing"}`);
  }
  assert.deepEqual(await ask("no-such-thing"), []);
  assert(await list.getByText("Nothing found").isVisible());

  await ask("kind:statefulset");
  const all = await hits();
  assert(all.length >= 3);
  assert.equal(await current(), all[0]);
  await page.keyboard.press("ArrowDown");
  assert.equal(await current(), all[1]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  assert.equal(await current(), all[1]);
  await page.keyboard.press("Enter");
  assert(!(await list.isVisible()), "the list closes");
  assert((await details(page).locator("h2").innerText()).includes(all[1].split("/")[1]), "what was chosen is shown");
  assert((await litCards(page)).some((id) => id.startsWith(all[1])), "and lights up");

  // Escape empties the field, then leaves it; what is selected stays.
  await page.keyboard.press("/");
  await page.keyboard.type("x");
  await page.keyboard.press("Escape");
  assert.equal(await box.inputValue(), "");
  assert(!(await list.isVisible()));
  await page.keyboard.press("Escape");
  assert(!(await focused(page)).startsWith("input"));
  assert((await litCards(page)).length > 0, "the selection is as it was");

  // With a mouse.
  await ask("redis");
  await list.getByRole("option").first().click();
  assert((await details(page).locator("h2").innerText()).startsWith("redis"));
  await t.picture("selected");
}
