// The page without a mouse: Tab gets everywhere and out again, what has the focus is seen, and cards are gone through with arrows.

import assert from "node:assert/strict";
import { tab, details, litCards, focused, view, near } from "./session.mjs";

/** What has the focus, and whether that can be seen. */
const focus = (page) =>
  page.evaluate(() => {
    const e = document.activeElement;
    if (e === document.body) return { name: "body", seen: true };
    const ring = (x) => {
      const s = getComputedStyle(x);
      return (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== "none";
    };
    // The picture has its ring over all that is in it.
    const over = getComputedStyle(e, "::after");
    const framed = over.content !== "none" && parseFloat(over.borderTopWidth) > 0;
    const label = e.matches("input[type=radio]") ? e.nextElementSibling : null;
    const split = e.matches(".split") && getComputedStyle(e).backgroundColor !== getComputedStyle(document.querySelector("header")).backgroundColor;
    const box = (label ?? e).getBoundingClientRect();
    const inside = box.width > 0 && box.height > 0 && box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight;
    return { name: `${e.tagName.toLowerCase()} ${e.id || e.className} ${e.getAttribute("aria-label") ?? e.textContent.trim().slice(0, 30)}`, seen: inside && (ring(e) || framed || split || (label && ring(label))) };
  });

export default async function (t) {
  const page = await t.open(t.file("market.html"));
  // Once around the page, and out at its end.
  const walked = [];
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    const now = await focus(page);
    assert(now.seen, `the focus on ${now.name} is not seen`);
    if (now.name === "body") break;
    walked.push(now.name);
  }
  assert(walked.length < 60, `no way out: ${walked.slice(-5)}`);
  for (const stop of ["Search", "Copy", "Light or dark", "Keys", "Picture.", "Nearer", "Width of the panel", "Details"]) assert(walked.some((w) => w.includes(stop)), `${stop} among ${walked.join(" | ")}`);

  // To the picture, from card to card.
  await page.locator(".stage").focus();
  await page.keyboard.press("ArrowRight");
  const cursor = () => page.locator(".stage svg .node.cursor").evaluateAll((all) => all.map((e) => e.dataset.id));
  const visited = new Set(await cursor());
  assert.equal(visited.size, 1, "a card is under the cursor");
  for (const key of ["ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowDown", "ArrowRight", "ArrowUp"]) {
    await page.keyboard.press(key);
    const [id] = await cursor();
    assert(id);
    visited.add(id);
  }
  assert(visited.size >= 5, [...visited].join());
  await t.picture("cursor");
  const [at] = await cursor();
  await page.keyboard.press("Enter");
  assert((await litCards(page)).includes(at), "Enter selects the card");
  const spoken = await page.locator("[role=status].unseen").textContent();
  assert(spoken.includes(at.split("/").at(-1).split("[")[0]), `${spoken} is said of ${at}`);
  assert((await focused(page)).startsWith("div.stage"), "the picture keeps the keys");

  // To its details, by Tab alone.
  let steps = 0;
  for (; steps < 12 && !(await focused(page)).includes("button#tab-details"); steps++) await page.keyboard.press("Tab");
  assert((await focused(page)).includes("button#tab-details"), "the tabs come after the picture");
  await page.keyboard.press("ArrowRight");
  assert.equal(await tab(page, "Matrix").getAttribute("aria-selected"), "true");
  assert((await focused(page)).includes("tab-matrix"), "the tab keeps the focus");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Tab");
  assert((await focused(page)).includes("From here to"), `the first button of the details, not ${await focused(page)}`);
  // A choice keeps its place.
  await details(page).getByRole("button", { name: "2", exact: true }).focus();
  await page.keyboard.press("Enter");
  assert((await focused(page)).startsWith("button 2"), `after a choice the keys are still there, not at ${await focused(page)}`);

  // Backwards there is a way as well.
  for (let i = 0; i < 40 && !(await focused(page)).startsWith("div.stage"); i++) await page.keyboard.press("Shift+Tab");
  assert((await focused(page)).startsWith("div.stage"));

  // Help opens, and closes to where one was.
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  assert(await help.isVisible());
  await t.picture("help");
  await page.keyboard.press("Escape");
  assert(!(await help.isVisible()));
  assert((await focused(page)).startsWith("div.stage"), "the focus is where it was");
  assert((await litCards(page)).length > 0, "Escape closed the help alone");

  // Panels by their letters, the size by signs.
  for (const [key, name] of [["m", "Matrix"], ["t", "Tables"], ["l", "Legend"], ["n", "Namespaces"], ["i", "Details"]]) {
    await page.keyboard.press(key);
    assert.equal(await tab(page, name).getAttribute("aria-selected"), "true", name);
  }
  await page.keyboard.press("0");
  await t.frames(page);
  const whole = await view(page);
  await page.keyboard.press("+");
  await t.frames(page);
  assert((await view(page)).w > whole.w * 1.1);
  // The focus brings the card under the cursor into sight.
  await page.locator(".stage").focus();
  await t.frames(page);
  const nearer = await view(page);
  await page.keyboard.press("Shift+ArrowRight");
  await t.frames(page);
  assert(near((await view(page)).x, nearer.x - 80));
  await page.keyboard.press("0");
  await t.frames(page);
  assert(near((await view(page)).w, whole.w));

  await page.getByRole("button", { name: "Nearer" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Space");
  await t.frames(page);
  assert((await view(page)).w > whole.w * 1.5, "buttons on the picture are pressed by keys");
  await page.keyboard.press("0");

  // The width of the panel, and the menu.
  await page.locator(".split").focus();
  const width = (await page.locator(".side").boundingBox()).width;
  await page.keyboard.press("ArrowLeft");
  assert((await page.locator(".side").boundingBox()).width > width);
  await page.locator(".menu summary").focus();
  await page.keyboard.press("Enter");
  assert(await page.getByRole("button", { name: "Save as PNG" }).isVisible());
  await page.keyboard.press("Escape");
  assert(!(await page.getByRole("button", { name: "Save as PNG" }).isVisible()), "Escape closes the menu");
  assert((await litCards(page)).length > 0, "and nothing else");
  // All the way off.
  await page.keyboard.press("Escape");
  assert.equal((await litCards(page)).length, 0);
}
