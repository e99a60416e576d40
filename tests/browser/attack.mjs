// The blast radius as an answer: who falls in which step, on which port and by which rule; who can get here; lit in the picture, in words, and as a table.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { card, details, litCards } from "./session.mjs";

/** Steps by the allowed connections of the table, one after the other. */
function steps(connections, start, back) {
  const allowed = connections.filter((c) => c.from.workload && c.to.workload && Object.keys(c.ports).length > 0).map((c) => (back ? [c.to.workload, c.from.workload] : [c.from.workload, c.to.workload]));
  const rings = [];
  const seen = new Set(start);
  for (let ring = start; ring.length; ) {
    const next = [...new Set(allowed.filter(([a, b]) => ring.includes(a) && !seen.has(b)).map(([, b]) => b))];
    next.forEach((n) => seen.add(n));
    if (next.length) rings.push(next.toSorted());
    ring = next;
  }
  return rings;
}
const name = (id) => id.replace(/\[.*/, "");

export default async function (t) {
  const connections = t.output("market.connections.json").connections;
  const page = await t.open(t.file("market.html"), { acceptDownloads: true });
  const shown = () =>
    details(page)
      .locator(".steps details.part")
      .evaluateAll((all) => all.map((step) => [...step.querySelectorAll(":scope > ul > li.bucket")].flatMap((b) => [...b.querySelectorAll(".refs bdi")].map((e) => e.textContent)).filter((n) => n.includes("/")).sort()));
  const unfold = async () => {
    for (const fold of await details(page).locator(".steps details.fold > summary").all()) await fold.click();
  };

  const postgres = "data/postgres[StatefulSet]";
  for (const [key, back] of [["r", false], ["R", true]]) {
    await card(page, postgres).click();
    await page.keyboard.press(key);
    await unfold();
    const right = steps(connections, [postgres], back);
    assert.deepEqual(await shown(), right.map((ring) => ring.map(name)), back ? "who can get here" : "the blast radius");
    const lit = await litCards(page);
    for (const id of right.flat()) assert(lit.includes(id), `${id} lights up`);
    // No line leads the wrong way: into what is compromised already, or out of what cannot get here.
    const lines = await page.locator(".stage svg .above .edge").evaluateAll((all) => all.map((e) => [e.dataset.from, e.dataset.to]));
    assert(lines.every(([from, to]) => (back ? from : to) !== postgres), `${JSON.stringify(lines)}`);
    const text = await details(page).locator(".steps").innerText();
    for (const word of ["TCP 9102", "NetworkPolicy, ingress[0]", "policies.yaml:"]) assert(text.includes(word), `${word} in ${text}`);
    assert(new RegExp(back ? `${right.flat().length} workloads can get here` : `can reach ${right.flat().length} workloads`).test(text), text);
    if (back) assert(/The Internet gets here in \d steps/.test(text), text);
    await t.picture(back ? "back" : "blast");
    await page.keyboard.press("r");
    if (back) await page.keyboard.press("r");
    await page.keyboard.press("Escape");
  }

  // As a table, in which nothing is a formula.
  await card(page, postgres).click();
  await page.keyboard.press("r");
  const [download] = await Promise.all([page.waitForEvent("download"), details(page).getByRole("button", { name: "Save as CSV" }).click()]);
  const csv = readFileSync(await download.path(), "utf8");
  const rows = csv.trim().split("\r\n");
  assert.equal(rows[0], '"step","from","to","ports","certainty","rules"');
  assert.equal(rows.length - 1, steps(connections, [postgres], false).flat().length);
  assert(rows.some((r) => r.includes('"monitoring/prometheus","core/orders","TCP 9102"') && r.includes("policies.yaml:")), csv);
  assert(!/"[=+@-]/.test(csv));

  // From the Internet: what falls after what it reaches.
  await page.keyboard.press("Escape");
  await card(page, "internet").click();
  await details(page).getByRole("button", { name: "Blast radius" }).click();
  await unfold();
  const first = t.output("market.exposure.json").ways.filter((w) => w.from === "internet" && w.reaches?.workload && Object.keys(w.reaches.allowed).length > 0).map((w) => w.reaches.workload);
  assert.deepEqual((await shown())[0], [...new Set(first)].map(name).toSorted());
  assert.deepEqual((await shown())[1], steps(connections, [...new Set(first)], false)[0].map(name));
  await t.picture("internet");
  // The address holds it.
  await t.settle(page);
  await page.reload();
  await t.ready(page);
  assert(await details(page).locator(".steps").isVisible());
}
