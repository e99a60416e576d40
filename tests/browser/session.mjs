// The part of one scenario in the browser that all share: opens pages, watches them for errors and requests, and knows how people find things on our pages. Nothing here looks into the script of the page.

import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Where the browser is that tests drive. */
export async function launch(more = []) {
  const { chromium } = createRequire(import.meta.url)(process.env.KUBESKETCH_PLAYWRIGHT);
  return chromium.launch({ executablePath: process.env.KUBESKETCH_CHROMIUM ?? "/usr/bin/chromium", args: [...FLAGS, ...more] });
}

export class Session {
  constructor(name, folder, browser) {
    Object.assign(this, { name, folder, browser, contexts: [], faults: [], expected: [], server: null, last: null });
  }

  /** The address of a page that was drawn for the scenarios. */
  file(name, hash = "") {
    return pathToFileURL(path.join(this.folder, name)).href + hash;
  }

  /** The output of the program, as JSON. */
  output(name) {
    return JSON.parse(readFileSync(path.join(this.folder, name), "utf8"));
  }

  /** Opens a page in a context of its own. */
  async open(url, options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", ...options });
    this.contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(Number(process.env.KUBESKETCH_PATIENCE ?? 60_000));
    this.watch(page);
    await page.goto(url);
    if (options.javaScriptEnabled !== false) await this.ready(page);
    this.last = page;
    return page;
  }

  /** Waits until the script of the page has taken over. */
  async ready(page) {
    await page.waitForSelector("html.app");
    await this.frames(page);
  }

  /** Errors, warnings, refusals of the content policy, and requests to anywhere but the file itself and the own server are faults. */
  watch(page) {
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()) && !this.expected.some((e) => message.text().includes(e))) this.faults.push(`console ${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.faults.push(`uncaught: ${error.stack ?? error}`));
    page.on("dialog", (dialog) => {
      this.faults.push(`the page asked: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("request", (request) => {
      const url = request.url();
      const own = this.server && url.startsWith(this.server);
      if (!own && !/^(file|data|blob):/.test(url)) this.faults.push(`request: ${url}`);
    });
    page.on("popup", (popup) => this.faults.push(`a window opened: ${popup.url()}`));
  }

  /** Waits until what was done is drawn, and the address written. */
  async frames(page) {
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }

  async settle(page = this.last) {
    if (page && !page.isClosed()) await page.waitForTimeout(300);
  }

  /** A picture of the page for people to look at, where somebody wants them. */
  async picture(what, page = this.last) {
    const place = process.env.KUBESKETCH_SHOTS;
    if (!place || !page || page.isClosed()) return;
    mkdirSync(place, { recursive: true });
    await page.screenshot({ path: path.join(place, `${this.name}-${what}.png`) });
  }

  async end() {
    for (const context of this.contexts) await context.close();
  }
}

// ---- how people find things

const q = JSON.stringify;

/** The card of an object by its id, in the picture that is shown. */
export const card = (page, id) => page.locator(`.stage svg .node[data-id=${q(id)}]:visible`);
export const tab = (page, name) => page.getByRole("tab", { name, exact: true });
export const panel = (page, name) => page.locator(`#panel-${name}`);
export const details = (page) => panel(page, "details");

/** The part of the details under a heading that begins so. */
export const part = (page, title) => details(page).locator("details.part").filter({ has: page.locator("h3", { hasText: new RegExp(`^${title}`) }) });

/** The ids of cards that light up. */
export const litCards = (page) => page.locator(".stage svg.dimmed .node.lit").evaluateAll((all) => all.map((e) => e.dataset.id));

/** Where the picture is: its place and its size on the screen. */
export async function view(page) {
  const box = await page.locator(".stage .canvas svg:visible").boundingBox();
  return { x: box.x, y: box.y, w: box.width, h: box.height };
}

export const stageBox = (page) => page.locator(".stage").boundingBox();
export const near = (a, b, by = 2) => Math.abs(a - b) <= by;
/** Whether one box is within another. */
export const within = (inner, outer, slack = 1) => inner.x >= outer.x - slack && inner.y >= outer.y - slack && inner.x + inner.w <= outer.x + outer.width + slack && inner.y + inner.h <= outer.y + outer.height + slack;
/** What is being typed to. */
export const focused = (page) =>
  page.evaluate(() => {
    const e = document.activeElement;
    return `${e.tagName.toLowerCase()}${e.id ? `#${e.id}` : ""}${[...e.classList].map((c) => `.${c}`).join("")} ${e.getAttribute("aria-label") ?? e.textContent.trim().slice(0, 40)}`;
  });
