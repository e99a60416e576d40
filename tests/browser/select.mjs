// A card is selected by a click: what it is, who may reach it and by which rule, what lights up, and the line of the file that says so.

import assert from "node:assert/strict";
import { card, details, part, litCards } from "./session.mjs";

export default async function (t) {
  const page = await t.open(t.file("market.html"));
  assert.equal((await litCards(page)).length, 0);
  await card(page, "data/postgres[StatefulSet]").click();
  const shown = details(page);
  assert.equal(await shown.locator("h2").innerText(), "postgres StatefulSet");
  for (const fact of ["postgres:17", "5432 main", "app=postgres"]) assert((await shown.locator("dl").innerText()).includes(fact), `${fact} in ${await shown.locator("dl").innerText()}`);

  const who = await part(page, "Who can reach this?").innerText();
  for (const word of ["core/orders", "core/catalog", "core/daily-report", "TCP 5432", "data/postgres NetworkPolicy, ingress[0]", "policies.yaml:179", "monitoring/prometheus", "TCP 9102", "policies.yaml:308"]) assert(who.includes(word), `${word} in ${who}`);
  assert(!who.includes("front/storefront"), "denied sources are folded");
  await part(page, "Who can reach this?").getByText(/others denied/).click();
  assert((await part(page, "Who can reach this?").innerText()).includes("denied"), "denied sources are shown on demand");
  assert(await part(page, "YAML").isVisible());
  assert((await part(page, "Connected with").innerText()).includes("selects"));
  await t.picture("postgres");

  // Neighbors light up, and more of them over two steps.
  assert(await page.locator(".stage svg.dimmed").isVisible());
  const one = await litCards(page);
  assert(one.includes("data/postgres[StatefulSet]") && one.includes("data/postgres[Service]"), one.join());
  // A veil lies over what does not light up.
  const faint = (id) => card(page, id).evaluate((e) => (e.classList.contains("lit") ? 1 : 1 - Number(getComputedStyle(e.closest("svg").querySelector(".veil")).opacity)));
  assert.equal(await faint("data/postgres[Service]"), 1);
  assert((await faint("edge/ingress-nginx-controller[Deployment]")) < 0.5, "what is far is faint");
  await shown.getByRole("group", { name: "How far" }).getByRole("button", { name: "2", exact: true }).click();
  const two = await litCards(page);
  assert(two.length > one.length && one.every((id) => two.includes(id)), `${one.length} cards, then ${two.length}`);
  assert(await shown.getByText(new RegExp(`${two.length - 1} cards? and \\d+ lines? light up`)).isVisible(), await shown.locator(".spread").innerText());
  await page.keyboard.press("1");
  assert.deepEqual((await litCards(page)).toSorted(), one.toSorted(), "the key 1 goes back to one step");
  await page.keyboard.press("d");
  assert((await litCards(page)).length < one.length, "downstream alone is less");
  await page.keyboard.press("b");
  await page.keyboard.press("r");
  assert(await shown.getByText("No other workload can be reached").or(shown.getByText("An attacker in this workload")).isVisible(), "the blast radius is shown");
  await t.picture("blast");
  await page.keyboard.press("r");

  // The line that says it.
  await part(page, "Who can reach this?").getByRole("button", { name: "policies.yaml:179" }).first().click();
  const reader = page.getByRole("dialog");
  assert(await reader.isVisible());
  const marked = reader.locator(".marked");
  assert.equal(await marked.count(), 1);
  assert.equal(await marked.getAttribute("data-line"), "179");
  assert(await marked.evaluate((e) => {
    const [a, b] = [e.getBoundingClientRect(), e.closest("pre").getBoundingClientRect()];
    return a.top >= b.top && a.bottom <= b.bottom;
  }), "the line is in sight");
  assert((await reader.locator("h2").innerText()).includes("postgres"));
  await t.picture("line");
  await page.keyboard.press("Escape");
  assert(!(await reader.isVisible()));
  assert.equal(await shown.locator("h2").innerText(), "postgres StatefulSet", "Escape closed the dialog alone");

  // From one to the next by the names in the panel, and off.
  await part(page, "Who can reach this?").getByRole("button", { name: "core/orders" }).click();
  assert.equal(await shown.locator("h2").innerText(), "orders Deployment");
  await page.keyboard.press("Escape");
  assert.equal((await litCards(page)).length, 0);
  assert(await shown.getByText("Choose an object").isVisible());

  // A line of the picture is as good as its ends.
  await card(page, "front/market[Ingress]").click();
  assert((await part(page, "Connected with").innerText()).includes("market.example.com"));
  await t.picture("ingress");
  // A click beside everything selects nothing.
  const beside = await page.evaluate(() => {
    const stage = document.querySelector(".stage");
    const { left, top, width, height } = stage.getBoundingClientRect();
    for (let y = top + 4; y < top + height; y += 9)
      for (let x = left + 4; x < left + width; x += 9) {
        const element = document.elementFromPoint(x, y);
        if (element?.closest("svg") && stage.contains(element) && !element.closest(".node, .group, .edge, button")) return { x, y };
      }
    return null;
  });
  await page.mouse.click(beside.x, beside.y);
  assert.equal((await litCards(page)).length, 0);
}
