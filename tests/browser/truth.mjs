// One truth: what lights up, what panels say and what the headline says follow the same verdict, for every card of a page and for every question about two.

import assert from "node:assert/strict";
import { card, details, litCards, part } from "./session.mjs";

const name = (id) => id.replace(/\[.*/, "");
/** The ends of lines that light up, as `from → to (kind)`. */
const litLines = (page) => page.locator(".stage svg .above .edge").evaluateAll((all) => all.map((e) => ({ from: e.dataset.from, to: e.dataset.to, kind: e.dataset.kind })));

export default async function (t) {
  // A workload that is the exception of a rule is not lit by it, and not drawn a way.
  let page = await t.open(t.file("except.html"));
  await card(page, "cache/server[StatefulSet]").click();
  let lit = await litCards(page);
  assert(!lit.includes("cache/proxy[Deployment]"), `the proxy cannot be reached by the exception: ${lit}`);
  assert.deepEqual((await litLines(page)).filter((e) => e.kind === "allows"), [], "no line of the rule lights up for its exception");
  await card(page, "cache/proxy[Deployment]").click({ modifiers: ["Shift"] });
  assert.equal(await details(page).locator(".answer").innerText(), "No: policies deny it");
  assert.deepEqual(await litLines(page), [], "no way is drawn below a no");
  await t.picture("exception");
  // Whoever is meant lights up.
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await card(page, "cache/client[Deployment]").click();
  lit = await litCards(page);
  assert(lit.includes("cache/proxy[Deployment]"), `${lit}`);

  // Entrances that policies shut: headline, badge, panel and lines say the same.
  page = await t.open(t.file("shut.html"));
  const lead = await page.locator("header .lead").innerText();
  assert(lead.includes("Nothing is reachable from the Internet") && lead.includes("denied by policies: shop/open (LoadBalancer 80)"), lead);
  const start = await details(page).innerText();
  assert(start.includes("Reachable from the Internet: 0 workloads") && start.includes("Open to the Internet, denied by policies: 1 workload"), start);
  await card(page, "internet").click();
  assert.deepEqual(await litLines(page), [], "nothing of the Internet gets in");
  assert.deepEqual((await litCards(page)), ["internet"]);
  assert(await part(page, "Open to the outside, denied by policies").isVisible());
  await card(page, "shop/web[Deployment]").click();
  await page.keyboard.press("4");
  assert(!(await litCards(page)).includes("internet"), "nor does the workload light up the Internet");
  assert(await part(page, "Open to the outside, denied by policies").isVisible());

  // Every card of an example, and every pair that the table allows or denies.
  page = await t.open(t.file("market.html"));
  const connections = t.output("market.connections.json").connections;
  const allowed = (from, to) => connections.some((c) => c.from.workload === from && c.to.workload === to && Object.keys(c.ports).length > 0);
  const workloads = [...new Set(connections.flatMap((c) => [c.from.workload, c.to.workload]).filter(Boolean))];
  for (const id of workloads) {
    await page.keyboard.press("0");
    await card(page, id).click();
    const others = (await litCards(page)).filter((other) => other !== id && workloads.includes(other));
    for (const other of others) assert(allowed(id, other) || allowed(other, id), `${name(other)} lights up for ${name(id)}`);
    for (const [what, forward] of [["Who can reach this?", false], ["What can this reach?", true]]) {
      const list = part(page, what).locator(":scope > ul > li.bucket");
      for (const fold of await list.locator("details.fold > summary").all()) await fold.click();
      const named = await list.locator(".refs bdi").evaluateAll((all) => all.map((e) => e.textContent));
      const right = workloads.filter((other) => other !== id && (forward ? allowed(id, other) : allowed(other, id)));
      assert.deepEqual(named.filter((n) => n.includes("/") && workloads.some((w) => name(w) === n)).toSorted(), right.map(name).toSorted(), `${what} ${id}`);
    }
    await page.keyboard.press("Escape");
  }
  // Upstream are those who can reach it, downstream those whom it can reach, whatever lines look like.
  await card(page, "data/postgres[StatefulSet]").click();
  await page.keyboard.press("u");
  const up = (await litCards(page)).filter((id) => workloads.includes(id) && id !== "data/postgres[StatefulSet]");
  for (const id of up) assert(allowed(id, "data/postgres[StatefulSet]"), id);
  assert(up.includes("monitoring/prometheus[StatefulSet]"), "also through a set of pods");
}
