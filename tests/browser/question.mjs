// Can one reach the other? Asked by a click with Shift, by a button, and with yes, no and the reasons as the answer.

import assert from "node:assert/strict";
import { card, details, litCards } from "./session.mjs";

export default async function (t) {
  const page = await t.open(t.file("market.html"));
  const shown = details(page);
  const ask = async (from, to) => {
    // An answer brings its ends near, and others may be out of sight.
    await page.keyboard.press("0");
    await card(page, from).click();
    await card(page, to).click({ modifiers: ["Shift"] });
    return { question: await shown.locator("h2").innerText(), answer: await shown.locator(".answer").innerText(), all: await shown.innerText() };
  };
  const yes = await ask("core/orders[Deployment]", "data/postgres[StatefulSet]");
  assert.equal(yes.question, "Can core/orders reach data/postgres?");
  assert.equal(yes.answer, "Yes: TCP 5432");
  for (const word of ["data/postgres NetworkPolicy, ingress[0]", "policies.yaml:179", "declares 5432"]) assert(yes.all.includes(word), `${word} in ${yes.all}`);
  const ends = await litCards(page);
  assert(ends.includes("core/orders[Deployment]") && ends.includes("data/postgres[StatefulSet]"));
  assert(await page.locator(".node.chosen").isVisible() && await page.locator(".node.end").isVisible(), "both ends are marked");
  await t.picture("yes");

  const no = await ask("front/storefront[Deployment]", "data/postgres[StatefulSet]");
  assert.equal(no.answer, "No: policies deny it");
  for (const word of ["not allowed by", "deny-by-default", "policies.yaml:29"]) assert(no.all.includes(word), `${word} in ${no.all}`);
  await t.picture("no");

  // Through a Service it is the workload behind that policies speak of.
  const service = await ask("front/gateway[Deployment]", "core/orders[Service]");
  assert.equal(service.answer, "Yes: TCP 8081");
  assert(service.all.includes("80 → 8081"), service.all);

  // From outside, along the Ingress.
  const outside = await ask("internet", "front/storefront[Deployment]");
  assert(/^Yes: TCP 3000/.test(outside.answer), outside.answer);
  assert(outside.all.includes("edge/ingress-nginx-controller") && outside.all.includes("policies.yaml:47"), outside.all);
  const shut = await ask("internet", "data/postgres[StatefulSet]");
  assert(/^Not directly from outside/.test(shut.answer), shut.answer);
  await t.picture("outside");

  // By a button, and the other way round.
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("0");
  await card(page, "data/postgres[StatefulSet]").click();
  await shown.getByRole("button", { name: "From here to …" }).click();
  assert(await shown.getByRole("button", { name: "Choose an object …" }).isVisible());
  await card(page, "data/redis[Deployment]").click();
  assert.equal(await shown.locator("h2").innerText(), "Can data/postgres reach data/redis?");
  assert(/^No/.test(await shown.locator(".answer").innerText()));
  await shown.getByRole("button", { name: "The other way round" }).click();
  assert.equal(await shown.locator("h2").innerText(), "Can data/redis reach data/postgres?");
  await page.keyboard.press("Escape");
  assert.equal(await shown.locator("h2").innerText(), "redis Deployment", "Escape leaves the first end");

  // With keys: `w`, then a search for the other end.
  await page.keyboard.press("w");
  await page.keyboard.press("/");
  await page.keyboard.type("kind:statefulset postgres");
  await page.keyboard.press("Enter");
  assert.equal(await shown.locator("h2").innerText(), "Can data/redis reach data/postgres?");
}
