// Lines are things: a pointer a few pixels beside one finds it, names both ends, and a click opens the connection with its ports and rules; keys and addresses do so too.

import assert from "node:assert/strict";
import { card, details, litCards, part, within, stageBox } from "./session.mjs";

/** A point of the window beside a line: a part of it that runs alone, so many pixels off. */
const beside = (page, from, to, off) =>
  page.evaluate(([from, to, off]) => {
    const line = [...document.querySelectorAll(".stage svg .edge")].find((e) => e.dataset.from === from && e.dataset.to === to && e.dataset.kind === "allows");
    const path = line.querySelector("path");
    const m = path.getScreenCTM();
    const at = (l) => { const p = path.getPointAtLength(l); return { x: p.x * m.a + m.e, y: p.y * m.d + m.f }; };
    const found = [];
    for (let l = 4; l < path.getTotalLength() - 4; l += 3) {
      const [p, q] = [at(l), at(l + 2)];
      const upright = Math.abs(q.x - p.x) < 0.5;
      const point = { x: p.x + (upright ? off : 0), y: p.y + (upright ? 0 : off) };
      const near = [-9, -6, -3, 0, 3, 6, 9].flatMap((d) => document.elementsFromPoint(p.x + (upright ? d : 0), p.y + (upright ? 0 : d)).map((e) => e.closest(".edge, .node"))).filter(Boolean);
      if (near.length && near.every((e) => e === line)) found.push(point);
    }
    return found[Math.floor(found.length / 2)];
  }, [from, to, off]);

export default async function (t) {
  const page = await t.open(t.file("market.html"));
  const ends = ["core/orders[Deployment]", "data/queue[StatefulSet]"];
  const point = await beside(page, ...ends, 5);
  assert(point, "a part of the line runs alone");
  await page.mouse.move(point.x, point.y);
  const tip = page.locator(".tip");
  await tip.waitFor();
  const words = await tip.innerText();
  assert(words.includes("core/orders") && words.includes("data/queue") && words.includes("5672"), words);
  await t.picture("hover");

  await page.mouse.click(point.x, point.y);
  assert.equal(await details(page).locator("h2").innerText(), "core/orders → data/queue");
  const text = await details(page).innerText();
  for (const word of ["allowed by policy", "5672", "policies.yaml:", "TCP 5672", "data/queue[NetworkPolicy]"]) assert(text.includes(word), `${word} in ${text}`);
  assert.deepEqual((await litCards(page)).toSorted(), ends, "both ends light up, and nothing else");
  await t.picture("opened");
  // The rule is a click away.
  await details(page).getByRole("button", { name: /policies.yaml:/ }).first().click();
  assert.equal(await page.getByRole("dialog").locator(".marked").count(), 1);
  await page.keyboard.press("Escape");

  // The address names it.
  await t.settle(page);
  await page.reload();
  await t.ready(page);
  assert.equal(await details(page).locator("h2").innerText(), "core/orders → data/queue");
  await details(page).getByRole("button", { name: "Can it reach it?" }).click();
  assert.equal(await details(page).locator("h2").innerText(), "Can core/orders reach data/queue?");

  // By keys: from line to line of a card, and back to it.
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("0");
  await card(page, "data/redis[Deployment]").click();
  const lines = await part(page, "Connected with").locator("li.line .plain").count();
  const seen = new Set();
  for (let i = 0; i < lines; i++) {
    await page.keyboard.press("e");
    seen.add(await details(page).locator("h2").innerText());
  }
  assert(seen.size >= 2 && [...seen].every((s) => s.includes("→") && s.includes("redis")), [...seen].join(", "));
  await page.keyboard.press("e");
  assert.equal(await details(page).locator("h2").innerText(), "redis Deployment", "and back to the card");
  // From the panel as well.
  await part(page, "Connected with").locator("li.line .plain").first().click();
  assert((await details(page).locator("h2").innerText()).includes("→"));

  // Where several run together, one is chosen.
  await page.keyboard.press("Escape");
  await page.keyboard.press("0");
  const trunk = await page.evaluate(() => {
    for (const line of document.querySelectorAll(".stage svg .edge[data-kind=allows]")) {
      const path = line.querySelector("path");
      const m = path.getScreenCTM();
      for (let l = 2; l < path.getTotalLength(); l += 4) {
        const p = path.getPointAtLength(l);
        const at = { x: p.x * m.a + m.e, y: p.y * m.d + m.f };
        const all = new Set(document.elementsFromPoint(at.x, at.y).map((e) => e.closest(".edge")).filter(Boolean));
        if (all.size > 1 && !document.elementsFromPoint(at.x, at.y).some((e) => e.closest(".node"))) return at;
      }
    }
    return null;
  });
  assert(trunk);
  await page.mouse.click(trunk.x, trunk.y);
  assert.match(await details(page).locator("h2").innerText(), /^\d+ connections run here$/);
  await details(page).getByRole("button", { name: /→/ }).first().click();
  assert((await details(page).locator("h2").innerText()).includes("→"));

  // Both ends of a way are in sight, however near one was.
  await page.keyboard.press("Escape");
  await page.keyboard.press("0");
  await card(page, "front/storefront[Deployment]").click();
  for (let i = 0; i < 6; i++) await page.keyboard.press("+");
  await page.keyboard.press("w");
  await page.keyboard.press("/");
  await page.keyboard.type("kind:deployment catalog");
  await page.keyboard.press("Enter");
  await t.settle(page);
  for (const id of ["front/storefront[Deployment]", "core/catalog[Deployment]"]) {
    const box = await card(page, id).boundingBox();
    assert(within({ x: box.x, y: box.y, w: box.width, h: box.height }, await stageBox(page)), `${id} is in sight`);
  }
}
