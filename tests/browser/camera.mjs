// Pan and zoom: by wheel at the pointer, by drag, keys, buttons and two fingers; a small map of what is larger than the window.

import assert from "node:assert/strict";
import { card, view, stageBox, near, within, litCards } from "./session.mjs";

export default async function (t) {
  const page = await t.open(t.file("market.html"));
  const stage = await stageBox(page);
  const now = async () => {
    await t.frames(page);
    return view(page);
  };
  const map = page.locator(".map");
  const start = await now();
  assert(!(await map.isVisible()), "no map where all is in sight");

  // The wheel: what is under the pointer stays there.
  const at = { x: stage.x + stage.width * 0.4, y: stage.y + stage.height * 0.6 };
  const under = (v) => [(at.x - v.x) / v.w, (at.y - v.y) / v.h];
  await page.mouse.move(at.x, at.y);
  for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -120);
  const zoomed = await now();
  assert(zoomed.w > start.w * 1.5, `${start.w} to ${zoomed.w}`);
  under(zoomed).forEach((u, i) => assert(near(u, under(start)[i], 0.01), "the wheel zooms at the pointer"));
  assert(await map.isVisible(), "a map appears");
  await t.picture("zoomed");

  // Drag: the picture follows the pointer, and no card is selected by it.
  const target = await card(page, "core/orders[Deployment]").boundingBox();
  const grip = { x: target.x + 20, y: target.y + 20 };
  await page.mouse.move(grip.x, grip.y);
  await page.mouse.down();
  await page.mouse.move(grip.x + 60, grip.y + 35, { steps: 5 });
  await page.mouse.up();
  const dragged = await now();
  assert(near(dragged.x, zoomed.x + 60) && near(dragged.y, zoomed.y + 35), `${JSON.stringify([zoomed, dragged])}`);
  assert.equal((await litCards(page)).length, 0, "a drag selects nothing");
  // A click after a drag is a click again.
  await card(page, "core/orders[Deployment]").click();
  assert((await litCards(page)).length > 0);
  await page.keyboard.press("Escape");

  // The map moves the picture.
  const small = await map.boundingBox();
  await page.mouse.click(small.x + 8, small.y + 8);
  const corner = await now();
  assert(corner.x > dragged.x || corner.y > dragged.y, "a click on the map goes there");

  // A part of the picture stays in sight.
  await page.mouse.move(at.x, at.y);
  for (let i = 0; i < 30; i++) await page.mouse.wheel(0, 240);
  const far = await now();
  assert(far.w > 50, `${far.w} is too small to be found`);
  for (let i = 0; i < 40; i++) await page.mouse.wheel(0, -240);
  const close = await now();
  await page.locator(".stage").focus();
  for (let i = 0; i < 200; i++) await page.keyboard.press("Shift+ArrowRight");
  const edge = await now();
  assert(close.w < start.w * 12 && edge.x + edge.w > stage.x, "the picture cannot be pushed out of sight");

  await page.keyboard.press("0");
  const fit = await now();
  for (const side of ["x", "y", "w", "h"]) assert(near(fit[side], start[side]), "the key 0 fits");
  await page.getByRole("button", { name: "Nearer" }).click();
  assert((await now()).w > start.w * 1.2);
  await page.getByRole("button", { name: "Farther" }).click();
  assert(near((await now()).w, start.w));
  await page.getByRole("button", { name: "Farther" }).click();
  assert((await now()).w < start.w * 0.9);
  await page.getByRole("button", { name: "The whole picture" }).click();
  assert(near((await now()).w, start.w));

  // A window of another size: what was whole stays whole.
  await page.setViewportSize({ width: 1000, height: 600 });
  await t.settle(page);
  assert(within(await now(), await stageBox(page)), "still whole in a smaller window");
  await page.setViewportSize({ width: 1440, height: 900 });
  await t.settle(page);

  // The panel at its widest, by its edge.
  const split = await page.locator(".split").boundingBox();
  await page.mouse.move(split.x + 3, split.y + 200);
  await page.mouse.down();
  await page.mouse.move(split.x - 197, split.y + 200, { steps: 4 });
  await page.mouse.up();
  assert(near((await stageBox(page)).width, stage.width - 200, 6), "the edge of the panel can be moved");

  // A double click goes nearer.
  await page.keyboard.press("0");
  const resting = await now();
  const wide = await stageBox(page);
  await page.mouse.dblclick(wide.x + wide.width - 12, wide.y + 12);
  assert((await now()).w > resting.w * 1.3);

  // Two fingers.
  const touch = await t.open(t.file("market.html"), { hasTouch: true });
  const from = await view(touch);
  const device = await touch.context().newCDPSession(touch);
  const middle = { x: stage.x + stage.width / 2, y: stage.y + stage.height / 2 };
  const fingers = (apart) => [{ x: middle.x - apart, y: middle.y, id: 1 }, { x: middle.x + apart, y: middle.y, id: 2 }];
  await device.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: fingers(50) });
  for (let apart = 60; apart <= 150; apart += 10) await device.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: fingers(apart) });
  await device.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await t.frames(touch);
  const pinched = await view(touch);
  assert(pinched.w / from.w > 2.2 && pinched.w / from.w < 3.6, `two fingers thrice as far apart: ${pinched.w / from.w}`);
  const centre = (v) => (middle.x - v.x) / v.w;
  assert(near(centre(pinched), centre(from), 0.02), "between the fingers nothing moves");
  await device.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ ...middle, id: 1 }] });
  for (let i = 1; i <= 6; i++) await device.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [{ x: middle.x + i * 10, y: middle.y, id: 1 }] });
  await device.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await t.frames(touch);
  assert(near((await view(touch)).x, pinched.x + 60, 5), "one finger moves the picture");
  await touch.keyboard.press("0");
  await t.frames(touch);
  await touch.touchscreen.tap(...Object.values(await card(touch, "core/orders[Deployment]").boundingBox()).slice(0, 2).map((v) => v + 12));
  assert((await litCards(touch)).length > 0, "a tap selects");
  assert.equal(await touch.evaluate(() => visualViewport.scale), 1, "the page itself is not zoomed");
}
