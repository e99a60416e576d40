// Every page answers about all of the system, whatever its picture shows: the page of one namespace, the pages of a folder, the page of a change.

import assert from "node:assert/strict";
import path from "node:path";
import { card, details, part, tab } from "./session.mjs";

const name = (id) => id.replace(/\[.*/, "");

/** The workloads that a panel names as allowed to connect. */
const callers = (page) =>
  part(page, "Who can reach this?")
    .locator(":scope > ul > li.bucket")
    .evaluateAll((all) => all.flatMap((e) => [...e.querySelectorAll(".refs bdi")].map((b) => b.textContent)).filter((end) => end.includes("/")).toSorted());

export default async function (t) {
  const allowed = t.output("market.connections.json").connections.filter((c) => Object.keys(c.ports).length > 0);
  const reached = new Set(t.output("market.exposure.json").ways.filter((w) => w.reaches?.workload && Object.keys(w.reaches.allowed).length > 0).map((w) => w.reaches.workload));
  const of = (id) => allowed.filter((c) => c.to.workload === id && c.from.workload).map((c) => name(c.from.workload)).toSorted();
  const postgres = "data/postgres[StatefulSet]";
  assert(of(postgres).length >= 4, "the example has callers of postgres in other namespaces");

  for (const file of ["market-data.html", path.join("market", "namespace-data.html")]) {
    const page = await t.open(t.file(file));
    assert((await details(page).innerText()).includes(`Reachable from the Internet: ${reached.size} workloads`), file);
    await card(page, postgres).click();
    assert.deepEqual(await callers(page), of(postgres), file);
    // Who is elsewhere is named, and what is known of it is said to be all that the page knows.
    await part(page, "Who can reach this?").getByRole("button", { name: "core/catalog" }).click();
    await details(page).getByText("This workload is not on this page").waitFor();
    assert((await part(page, "What can this reach?").innerText()).includes("data/postgres"));
    await t.picture(file.replaceAll(/\W/g, "-"));
  }

  const front = await t.open(t.file(path.join("market", "namespace-front.html")));
  await card(front, "front/gateway[Deployment]").click();
  const text = await details(front).innerText();
  assert(text.includes("Reached from outside") && !text.includes("Nobody"), text);
  assert.deepEqual(await callers(front), of("front/gateway[Deployment]"));

  const index = await t.open(t.file(path.join("market", "index.html")));
  assert((await details(index).innerText()).includes(`Reachable from the Internet: ${reached.size} workloads`));

  // A change that exposes a workload: the headline, the panels and the way agree with the announcement.
  const page = await t.open(t.file("exposed.html"));
  await tab(page, "Details").click();
  assert((await page.locator("body > header").innerText()).includes("reach"), await page.locator("body > header").innerText());
  assert((await details(page).innerText()).includes("Reachable from the Internet: 1 workload"), await details(page).innerText());
  await details(page).getByRole("button", { name: /^Reachable from the Internet/ }).click();
  await page.keyboard.down("Shift");
  await card(page, "shop/zeroday[Deployment]").click();
  await page.keyboard.up("Shift");
  assert.match(await details(page).locator(".answer").innerText(), /^Yes: /);
  await t.picture("exposed");

  // What was removed leads nowhere any more.
  const gone = await t.open(t.file("hidden.html"));
  await tab(gone, "Details").click();
  assert((await details(gone).innerText()).includes("Reachable from the Internet: 0 workloads"));
  await card(gone, "internet").click();
  await gone.keyboard.down("Shift");
  await card(gone, "shop/zeroday[Deployment]").click();
  await gone.keyboard.up("Shift");
  assert.match(await details(gone).locator(".answer").innerText(), /^No/);
  assert.equal(await part(gone, "Along the lines").count(), 0, "no way is built from removed lines");
  await t.picture("hidden");
}
