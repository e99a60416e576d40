// Calls that the configuration names: a button shows and hides them, panels tell which are allowed, denied and unneeded, with the place.

import assert from "node:assert/strict";
import { card, details, part } from "./session.mjs";

export default async function (t) {
  const page = await t.open(t.file("calls.html"));
  const button = page.locator(".bar").getByRole("button", { name: "Calls" });
  const arrows = () => page.locator(".stage svg .calls .call").count();
  const lines = () => page.locator(".stage svg .edge[data-kind=calls]:visible").count();
  assert.equal(await button.getAttribute("aria-pressed"), "false", "the picture leaves out what lines of policies show");
  await button.click();
  assert.equal(await button.getAttribute("aria-pressed"), "true");
  assert((await arrows()) > 0, "calls that policies allow have arrows now");
  await t.picture("all");
  await button.click();
  assert.equal((await arrows()) + (await lines()), 0, "and are hidden again");
  await page.keyboard.press("a");
  assert((await arrows()) > 0);

  await card(page, "shop/web[Deployment]").click();
  const calls = part(page, "Calls");
  const text = await calls.innerText();
  for (const word of ["Names in its configuration", "● allowed", "shop/api", "✕ denied by policies", "shop/db", "calls.yaml:"]) assert(text.includes(word), `${word} in ${text}`);
  await calls.locator("li", { hasText: "named in" }).getByRole("button", { name: /^calls.yaml:/ }).last().click();
  assert.match(await page.getByRole("dialog").locator(".marked").textContent(), /value: /, "the very line is shown");
  await page.keyboard.press("Escape");

  // Callers stand in the panel of what is called, be it the Service or the workload; and what is allowed and never called.
  await card(page, "shop/api[Service]").click();
  assert((await part(page, "Calls").innerText()).includes("Named by"));
  await card(page, "shop/api[Deployment]").click();
  const named = await part(page, "Calls").innerText();
  assert(named.includes("shop/web"), named);
  await card(page, "shop/web[Deployment]").click();
  assert(/Allowed and never called \(1\)[^]*shop\/cache/.test(await part(page, "Calls").innerText()), await part(page, "Calls").innerText());
  await t.picture("panel");
}
