// A Service is its workloads, a namespace those in it; the Internet, addresses and names outside are ends of questions too. A denied question shows the change that `kubesketch why` proposes.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { card, details, part } from "./session.mjs";

export default async function (t) {
  const page = await t.open(t.file("market.html"));
  const shown = details(page);
  const answer = async (from, to) => {
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    for (const [key, text] of [["", from], ["w", to]]) {
      if (key) await page.keyboard.press(key);
      await page.keyboard.press("/");
      await page.keyboard.type(text);
      await page.keyboard.press("Enter");
    }
    return `${await shown.locator("h2").innerText()} ${await shown.locator(".answer").innerText()}`;
  };

  // The same question about a Service and about its workloads has the same answer.
  assert.equal(await answer("kind:service data/postgres", "kind:statefulset data/queue"), "Can data/postgres reach data/queue? No: policies deny it");
  assert.equal(await answer("kind:service orders", "kind:service data/postgres"), "Can core/orders reach data/postgres? Yes: TCP 5432");
  assert.match(await answer("kind:service storefront", "kind:service data/postgres"), /No: policies deny it$/);
  assert.match(await answer("kind:namespace core", "kind:namespace data"), /reach data\? Partly: \d+ of \d+ connections/);
  assert.match(await answer("kind:namespace front", "kind:namespace data"), /reach data\? No: policies deny it$/);
  assert.match(await answer("kind:internet", "kind:namespace front"), /Can Internet reach front\? Yes: TCP/);
  assert.match(await answer("kind:deployment payment", "kind:internet"), /Can core\/payment reach Internet\?/);
  assert.match(await answer("kind:deployment payment", "203.0.113.0"), /Yes: TCP 443$/);
  assert.match(await answer("kind:deployment redis", "203.0.113.0"), /Yes: all ports$/);

  // A Service tells who can reach it, on the ports that it leads to.
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("0");
  await card(page, "data/postgres[Service]").click();
  const who = await part(page, "Who can reach this?").innerText();
  assert(who.includes("core/orders") && who.includes("TCP 5432") && !who.includes("9102"), who);
  assert(await part(page, "What can this reach?").isVisible());
  await page.keyboard.press("r");
  assert(/can reach \d+ workloads/.test(await shown.innerText()), "the key r works for a Service");
  await page.keyboard.press("r");

  // A namespace lists what is in it, and is selected by its name in the picture.
  await page.keyboard.press("Escape");
  await page.locator(".stage svg .group[data-id='namespace:data'] text").first().click();
  assert.equal(await shown.locator("h2").innerText(), "data Namespace");
  assert((await part(page, "Objects").innerText()).includes("postgres"));
  assert((await shown.innerText()).includes("default deny: deny-by-default"));
  await t.picture("namespace");

  // What would allow it is what the program proposes.
  const why = (from, to) => {
    try {
      return execFileSync(process.env.KUBESKETCH_PROGRAM, ["why", from, to, "-f", "examples/market", "-o", "json"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    } catch (error) {
      return error.stdout;
    }
  };
  for (const [from, to] of [["front/storefront", "data/postgres"], ["core/payment", "data/redis"], ["data/redis", "core/orders"]]) {
    assert.match(await answer(`${from} kind:deployment`, `${to}`.startsWith("data/postgres") ? `${to} kind:statefulset` : `${to} kind:deployment`), /No: policies deny it$/);
    const target = to === "data/postgres" ? "data/postgres:5432" : to === "data/redis" ? "data/redis:6379" : "core/orders:80";
    const proposed = JSON.parse(why(from, target)).changes.map((c) => c.add).filter(Boolean);
    assert(proposed.length > 0, `${from} ${to}`);
    const page_says = await part(page, "What would allow it").locator("pre").textContent();
    assert.equal(page_says, proposed.map((p) => p.trimEnd()).join("\n---\n") + "\n", `${from} → ${to}`);
  }
  await t.picture("fix");
}
