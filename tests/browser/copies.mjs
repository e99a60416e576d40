// Copies of the picture: into the clipboard where a page may, as a file where it may not; each is a document of its own in the colors that were shown.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { card, tab, panel } from "./session.mjs";

export default async function (t) {
  const page = await t.open(t.file("market.html"), { acceptDownloads: true });
  const nodes = await page.locator(".stage svg .node").count();
  const press = async (name) => {
    await page.locator(".menu summary").click();
    await page.getByRole("button", { name, exact: true }).click();
  };
  const saved = async (name) => {
    const [download] = await Promise.all([page.waitForEvent("download"), press(name)]);
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  };

  // What is selected and lights up is no part of the copy; what is filtered out is not there.
  const untouched = await saved("Save as SVG");
  await card(page, "core/orders[Deployment]").click();
  const svg = await saved("Save as SVG");
  assert(untouched.bytes.equals(svg.bytes), "what is selected is no part of the copy");
  assert(await page.locator(".stage svg.dimmed .node.chosen").isVisible(), "and stays selected");
  assert(svg.name.endsWith(".svg"), svg.name);
  const text = svg.bytes.toString();
  const parsed = await parse(page, text);
  assert.deepEqual(parsed, { error: false, root: "svg", nodes, scripts: 0, classes: [], odd: [], links: 0 });
  assert(/fill="rgb|fill="#/.test(text), "colors are written where they are used");

  await tab(page, "Legend").click();
  await panel(page, "legend").getByRole("checkbox", { name: /^data/ }).uncheck();
  await page.getByRole("button", { name: "Light or dark" }).click();
  const less = await saved("Save as SVG");
  const part = await parse(page, less.bytes.toString());
  assert(part.nodes < nodes && part.nodes > 0 && !part.error, JSON.stringify(part));
  assert(!less.bytes.toString().includes('data-id="data/postgres'), "what is filtered out is not in the copy");
  assert.notEqual(less.bytes.toString().match(/<rect[^>]*fill="[^"]*"/)[0], text.match(/<rect[^>]*fill="[^"]*"/)[0], "a dark copy of a dark page");

  // It looks like the picture, opened by itself.
  writeFileSync(`${t.folder}/copy.svg`, text);
  const alone = await page.context().newPage();
  t.watch(alone);
  await alone.goto(t.file("copy.svg"));
  const box = await alone.evaluate(() => {
    const { width, height } = document.documentElement.getBoundingClientRect();
    return { width, height, root: document.documentElement.tagName, seen: [...document.querySelectorAll(".node")].every((n) => n.getBoundingClientRect().width > 0) };
  });
  assert(box.root === "svg" && box.width > 300 && box.seen, JSON.stringify(box));
  await t.picture("alone", alone);
  await alone.close();

  const png = await saved("Save as PNG");
  assert.equal(png.bytes.subarray(1, 4).toString(), "PNG");
  const [width, height] = [png.bytes.readUInt32BE(16), png.bytes.readUInt32BE(20)];
  const size = await page.locator(".canvas svg:visible").evaluate((e) => [Number(e.getAttribute("width")), Number(e.getAttribute("height"))]);
  assert(Math.abs(width - size[0] * 2) <= 2 && Math.abs(height - size[1] * 2) <= 2, `${width} × ${height} of ${size}`);
  if (process.env.KUBESKETCH_SHOTS) writeFileSync(`${process.env.KUBESKETCH_SHOTS}/copies-saved.png`, png.bytes);

  // The clipboard: copied where the page may, a file where it may not. Either way it is said.
  for (const what of ["SVG", "PNG"]) {
    const download = page.waitForEvent("download", { timeout: 3000 }).catch(() => null);
    await press(`Copy as ${what}`);
    const note = page.locator(".note");
    await note.waitFor();
    await page.waitForFunction((what) => document.querySelector(".note").textContent.includes(what), what);
    const said = await note.textContent();
    if (said === `${what} copied`) continue;
    assert.equal(said, `The clipboard was refused: ${what} saved as a file`);
    assert((await download)?.suggestedFilename().endsWith(what.toLowerCase()), "a file instead");
  }
  await t.picture("said");
}

/** What a browser makes of a saved picture. */
function parse(page, text) {
  return page.evaluate((text) => {
    const doc = new DOMParser().parseFromString(text, "image/svg+xml");
    const all = [...doc.querySelectorAll("*")];
    return {
      error: !!doc.querySelector("parsererror"),
      root: doc.documentElement.tagName,
      nodes: doc.querySelectorAll(".node").length,
      scripts: doc.querySelectorAll("script, foreignObject, style, iframe").length,
      classes: [...new Set(all.flatMap((e) => [...e.classList]).filter((c) => c.startsWith("ks-") || ["lit", "chosen", "end", "off", "dimmed", "cursor"].includes(c)))],
      odd: [...new Set(all.flatMap((e) => e.getAttributeNames()).filter((n) => n.startsWith("on")))],
      links: all.filter((e) => [...e.attributes].some((a) => /href$/.test(a.name) && !a.value.startsWith("#"))).length,
    };
  }, text);
}
