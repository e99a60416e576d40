// The review of a design, each question within three clicks: what the Internet reaches, what reaches the database and why, which namespaces let in what no policy names. The answers
// are held against what `kubesketch table` prints for the same input.

import assert from "node:assert/strict";
import { card, details, part, panel } from "./session.mjs";

const workload = (id) => id.replace(/\[.*/, "");

export default async function (t) {
  const exposure = t.output("market.exposure.json").ways;
  const connections = t.output("market.connections.json").connections;

  // What does the Internet reach? One click.
  let page = await t.open(t.file("market.html"));
  await card(page, "internet").click();
  const behind = part(page, "Workloads behind it");
  const shown = await behind.locator("li.bucket").evaluateAll((all) => all.map((e) => ({ target: e.querySelector("bdi").textContent, text: e.textContent })));
  const ways = exposure.filter((w) => w.from === "internet" && w.reaches?.workload);
  assert(ways.length >= 3);
  assert.deepEqual(shown.map((s) => s.target).toSorted(), ways.map((w) => workload(w.reaches.workload)).toSorted());
  for (const way of ways) {
    const row = shown.find((s) => s.target === workload(way.reaches.workload));
    for (const [protocol, ranges] of Object.entries(way.reaches.allowed)) {
      for (const [from] of ranges) assert(row.text.includes(protocol) && row.text.includes(String(from)), `${protocol} ${from} in ${row.text}`);
    }
    assert(!row.text.includes("not allowed by"), row.text);
    for (const reason of way.reaches.because.filter((b) => b.effect === "allow")) assert(row.text.includes(reason.at.split("/").at(-1)), `${reason.at} in ${row.text}`);
  }
  await t.picture("internet");
  // The start of the page says how many, and leads there.
  await page.keyboard.press("Escape");
  const targets = new Set(ways.map((w) => w.reaches.workload));
  assert((await details(page).innerText()).includes(`Reachable from the Internet: ${targets.size} workloads`));
  await details(page).getByRole("button", { name: /^Reachable from the Internet/ }).click();
  assert.equal(await details(page).locator("h2").innerText(), "Internet");

  // What can reach the database, on which port and by which rule? One click; every workload of the input is held against the table.
  page = await t.open(t.file("market.html"));
  for (const id of ["data/postgres[StatefulSet]", "data/redis[Deployment]", "core/payment[Deployment]"]) {
    await card(page, id).click();
    const who = part(page, "Who can reach this?");
    const buckets = await who.locator(":scope > ul > li.bucket").evaluateAll((all) =>
      all.map((e) => ({ verdict: e.querySelector(".verdict").textContent, ends: [...e.querySelectorAll(".refs bdi")].map((b) => b.textContent), why: e.querySelector(".because")?.textContent ?? "" })),
    );
    const given = buckets.flatMap((b) => b.ends.filter((end) => end.includes("/")).map((end) => [end, b]));
    const right = connections.filter((c) => c.to.workload === id && c.from.workload && Object.keys(c.ports).length > 0);
    assert(right.length >= 2);
    assert.deepEqual(given.map(([end]) => end).toSorted(), right.map((c) => workload(c.from.workload)).toSorted(), id);
    for (const c of right) {
      const [, bucket] = given.find(([end]) => end === workload(c.from.workload));
      for (const [from] of Object.values(c.ports).flat()) assert(bucket.verdict.includes(String(from)), `${from} in ${bucket.verdict}`);
      for (const b of c.because.filter((b) => b.effect === "allow")) assert(bucket.why.includes(b.policy.name) && bucket.why.includes(b.at.split("/").at(-1)), `${b.at} in ${bucket.why}`);
    }
  }

  // Which namespaces lack a default deny? One click.
  await page.getByRole("tab", { name: "Namespaces" }).click();
  const rows = await panel(page, "namespaces").locator("tbody tr").evaluateAll((all) => all.map((e) => [...e.children].map((c) => c.textContent)));
  const lacks = (column) => rows.filter((r) => r[column].includes("no default deny")).map((r) => r[0]);
  // As the policies of the example say: three are closed against what comes in, none against what goes out.
  assert.deepEqual(rows.map((r) => r[0]), ["core", "data", "edge", "front", "monitoring"]);
  assert.deepEqual(lacks(2), ["edge", "monitoring"]);
  assert.deepEqual(lacks(3), ["core", "data", "edge", "front", "monitoring"]);
  const data = rows.find((r) => r[0] === "data")[2];
  assert(data.includes("deny-by-default") && data.includes("policies.yaml:"), data);
  await t.picture("namespaces");
}
