// The live preview: a change of a file comes to the page, and what is looked at stays; a broken file is reported and the picture stays; after the fix the message goes.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { card, tab, panel, details, litCards, view, near, focused } from "./session.mjs";

export default async function (t) {
  const files = mkdtempSync(path.join(t.folder, "served-"));
  cpSync(path.join(t.folder, "shop"), files, { recursive: true });
  const server = spawn(process.env.KUBESKETCH_PROGRAM, ["serve", files], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    t.server = await new Promise((done, fail) => {
      server.stdout.on("data", (text) => /http:\S+/.test(text) && done(String(text).match(/http:\S+/)[0]));
      server.on("exit", (code) => fail(new Error(`the server ended with ${code}`)));
    });
    await watchIt(t, files);
  } finally {
    server.kill("SIGINT");
  }
}

async function watchIt(t, files) {
  const page = await t.open(t.server);
  const status = page.locator(".live-status");
  await status.getByText("Live", { exact: true }).waitFor();
  const dot = await page.locator(".live-dot").evaluate((e) => getComputedStyle(e).backgroundColor);
  assert(/^rgb\(/.test(dot), `the sign of life has a color: ${dot}`);
  await t.picture("live");

  // Look at something: selected, two steps, a filter, nearer.
  await card(page, "shop/cart[Deployment]").click();
  await page.keyboard.press("2");
  await tab(page, "Legend").click();
  await panel(page, "legend").getByRole("checkbox", { name: /^data/ }).uncheck();
  await tab(page, "Details").click();
  const stage = await page.locator(".stage").boundingBox();
  await page.mouse.move(stage.x + 300, stage.y + 300);
  await page.mouse.wheel(0, -250);
  await t.settle(page);
  const looked = async () => ({ lit: (await litCards(page)).includes("shop/cart[Deployment]"), zoom: (await page.locator(".stage .canvas").evaluate((e) => new DOMMatrix(getComputedStyle(e).transform).a)).toFixed(4), off: await page.locator(".stage svg .node[data-namespace=data]:visible").count(), head: await details(page).locator("h2").innerText(), hops: await details(page).getByRole("button", { name: "2", exact: true }).getAttribute("aria-pressed") });
  const before = await looked();
  const place = await view(page);
  assert(before.lit && before.off === 0 && before.hops === "true");

  // A new number of replicas: the same picture, other words.
  const cart = path.join(files, "cart.yaml");
  const text = readFileSync(cart, "utf8");
  writeFileSync(cart, text.replace("replicas: 2", "replicas: 7"));
  await page.locator(".stage svg .node[data-id='shop/cart[Deployment]'] text", { hasText: "7 replicas" }).waitFor();
  await details(page).getByText("7 replicas").first().waitFor();
  assert.deepEqual(await looked(), before, "what is looked at stays");
  const after = await view(page);
  assert(near(after.x, place.x) && near(after.y, place.y) && near(after.w, place.w), "and stays in its place");
  await t.picture("changed");

  // A new object: another picture, the same things looked at; keys stay where they are.
  await page.locator(".stage").focus();
  appendFileSync(path.join(files, "web.yaml"), `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: news, namespace: shop}
spec:
  selector: {matchLabels: {app: news}}
  template:
    metadata: {labels: {app: news}}
    spec: {containers: [{name: news, image: registry.example.com/news:1}]}
`);
  await page.locator(".stage svg .node[data-id='shop/news[Deployment]']").waitFor({ state: "attached" });
  assert.deepEqual(await looked(), before, "what is looked at stays with a new object");
  assert((await focused(page)).startsWith("div.stage"), "the keys as well");
  await page.keyboard.press("/");
  await page.keyboard.type("news");
  assert.equal(await page.getByRole("option").count(), 1, "the new object is found");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");

  // Broken: reported, and the picture stays.
  writeFileSync(cart, text.replace("replicas: 2", "replicas: 3").replace("spec:\n  replicas", "spec: [\n  replicas"));
  const problems = page.locator(".live-problems");
  await problems.waitFor();
  assert((await problems.innerText()).includes("cart.yaml"), await problems.innerText());
  assert.equal(await status.innerText(), "Live, last good picture");
  assert(await card(page, "shop/cart[Deployment]").isVisible());
  assert.deepEqual(await looked(), before);
  const alert = page.getByRole("alert").filter({ hasText: "problem" });
  assert((await alert.textContent()).includes("cart.yaml"), "it is spoken");
  await t.picture("broken");

  // Mended: the message goes, and the picture is the new one.
  writeFileSync(cart, text.replace("replicas: 2", "replicas: 4"));
  await problems.waitFor({ state: "hidden" });
  await details(page).getByText("4 replicas").first().waitFor();
  assert.equal(await status.innerText(), "Live");
  assert.deepEqual(await looked(), before);

  // What is selected may go: then nothing is, and nothing breaks.
  writeFileSync(cart, "# Nothing left.\n");
  await page.locator(".stage svg .node[data-id='shop/cart[Deployment]']").waitFor({ state: "detached" });
  assert.equal(await details(page).getByText("Choose an object").isVisible(), true);
  assert.equal(await page.locator(".stage svg.dimmed").count(), 0);
  assert.equal(await page.locator(".stage svg .node[data-namespace=data]:visible").count(), 0, "filters stay");

  // A paste is drawn, and the files come back.
  await page.getByRole("button", { name: "Paste YAML" }).click();
  await page.getByLabel("Kubernetes YAML or JSON").fill("apiVersion: v1\nkind: Pod\nmetadata: {name: pasted}\nspec: {containers: [{name: a, image: b}]}\n");
  await t.picture("paste");
  await page.getByRole("button", { name: "Draw", exact: true }).click();
  await page.locator(".stage svg .node[data-name=pasted]").waitFor({ state: "attached" });
  await t.picture("pasted");
  await page.getByRole("button", { name: "Back to the files" }).click();
  await page.locator(".stage svg .node[data-id='shop/news[Deployment]']").waitFor({ state: "attached" });
}
