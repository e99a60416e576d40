// How quick a large page is in Chromium: `node benches/page.mjs [PROGRAM]`, with KUBESKETCH_PLAYWRIGHT naming an unpacked playwright-core. Prints sizes and times for inputs of about 1,000
// and 5,000 nodes; frames are counted in the page and, those that were dropped, in the browser's own trace.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "../tests/browser/session.mjs";

const program = process.argv[2] ?? "target/release/kubesketch";
const SECONDS = 3;

/** Manifests of so many namespaces with so many workloads each: Services, a default deny, a policy for every other workload, an Ingress, calls from one to the next. */
function town(namespaces, workloads) {
  const documents = [];
  const put = (...lines) => documents.push(lines.join("\n"));
  for (let n = 0; n < namespaces; n++) {
    const ns = `team-${String(n).padStart(3, "0")}`;
    const name = (i) => `svc-${String(i).padStart(3, "0")}`;
    put("apiVersion: v1", "kind: Namespace", `metadata: {name: ${ns}, labels: {team: t${n % 7}}}`);
    put("apiVersion: networking.k8s.io/v1", "kind: NetworkPolicy", `metadata: {name: default-deny, namespace: ${ns}}`, "spec: {podSelector: {}, policyTypes: [Ingress]}");
    for (let i = 0; i < workloads; i++) {
      const app = name(i);
      put(
        "apiVersion: apps/v1",
        "kind: Deployment",
        `metadata: {name: ${app}, namespace: ${ns}, labels: {app.kubernetes.io/part-of: part-${i % 3}}}`,
        "spec:",
        "  replicas: 3",
        `  selector: {matchLabels: {app: ${app}}}`,
        "  template:",
        `    metadata: {labels: {app: ${app}, tier: t${i % 3}}}`,
        "    spec:",
        "      containers:",
        `        - name: main`,
        `          image: registry.example.com/${ns}/${app}:1.2.3`,
        "          ports: [{name: http, containerPort: 8080}]",
        `          env: [{name: NEXT, value: "http://${name((i + 1) % workloads)}:80"}]`,
      );
      put("apiVersion: v1", "kind: Service", `metadata: {name: ${app}, namespace: ${ns}}`, `spec: {selector: {app: ${app}}, ports: [{name: http, port: 80, targetPort: http}]}`);
      if (i && i % 2 === 0) {
        put(
          "apiVersion: networking.k8s.io/v1",
          "kind: NetworkPolicy",
          `metadata: {name: to-${app}, namespace: ${ns}}`,
          `spec: {podSelector: {matchLabels: {app: ${app}}}, ingress: [{from: [{podSelector: {matchLabels: {app: ${name(i - 1)}}}}], ports: [{port: 8080}]}]}`,
        );
      }
    }
    put(
      "apiVersion: networking.k8s.io/v1",
      "kind: Ingress",
      `metadata: {name: web, namespace: ${ns}}`,
      `spec: {ingressClassName: nginx, rules: [{host: ${ns}.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: svc-000, port: {number: 80}}}}]}}]}`,
    );
  }
  return documents.join("\n---\n");
}

/** Frames while the picture is panned and zoomed by events as a hand makes them, one for each frame. */
const moving = (how, seconds) =>
  new Promise((done) => {
    const stage = document.querySelector(".stage");
    const box = stage.getBoundingClientRect();
    const at = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true, cancelable: true, pointerId: 7, button: 0, buttons: 1, isPrimary: true };
    const deltas = [];
    const start = performance.now();
    let last = start;
    let i = 0;
    if (how === "pan") document.querySelector(".canvas").dispatchEvent(new PointerEvent("pointerdown", at));
    const step = (now) => {
      if (i) deltas.push(now - last);
      last = now;
      i += 1;
      if (how === "pan") stage.dispatchEvent(new PointerEvent("pointermove", { ...at, clientX: at.clientX + 200 * Math.sin(i / 20), clientY: at.clientY + 120 * Math.cos(i / 15) }));
      else stage.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: i % 80 < 40 ? -60 : 60 }));
      if (now - start < seconds * 1000) return requestAnimationFrame(step);
      stage.dispatchEvent(new PointerEvent("pointerup", at));
      deltas.sort((a, b) => a - b);
      done({ frames: deltas.length, worst: deltas.at(-1), late: deltas[Math.floor(deltas.length * 0.95)], seconds: (last - start) / 1000 });
    };
    requestAnimationFrame(step);
  });

/** The time from a click on a card until the frame after it, in the middle of some. */
const selecting = async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const cards = [...document.querySelectorAll(".stage svg .node")];
  const times = [];
  for (let n = 0; n < 9; n++) {
    const card = cards[Math.floor((cards.length * (n + 0.5)) / 9)];
    await frame();
    await frame();
    const start = performance.now();
    const on = card.querySelector("rect");
    const finger = { bubbles: true, cancelable: true, pointerId: 7, button: 0, isPrimary: true };
    on.dispatchEvent(new PointerEvent("pointerdown", { ...finger, buttons: 1 }));
    on.dispatchEvent(new PointerEvent("pointerup", finger));
    on.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    const script = performance.now() - start;
    await frame();
    await frame();
    times.push([script, performance.now() - start]);
  }
  const middle = (which) => times.map((t) => t[which]).sort((a, b) => a - b)[4];
  return { script: middle(0), shown: middle(1) };
};

/** Runs work, and counts the frames that the browser drew and dropped meanwhile. */
async function traced(browser, work) {
  const device = await browser.newBrowserCDPSession();
  const counts = { DrawFrame: 0, DroppedFrame: 0 };
  device.on("Tracing.dataCollected", ({ value }) => value.forEach((event) => event.name in counts && (counts[event.name] += 1)));
  await device.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories: ["disabled-by-default-devtools.timeline.frame"] } });
  const result = await work();
  const ended = new Promise((done) => device.once("Tracing.tracingComplete", done));
  await device.send("Tracing.end");
  await ended;
  await device.detach();
  return { ...result, drawn: counts.DrawFrame, dropped: counts.DroppedFrame };
}

const ms = (value) => `${Math.round(value)} ms`;
const folder = mkdtempSync(path.join(tmpdir(), "kubesketch-page-"));
const browser = await launch();
try {
  for (const [namespaces, workloads] of [[25, 20], [125, 20]]) {
    const [input, output] = [path.join(folder, "in.yaml"), path.join(folder, "out.html")];
    writeFileSync(input, town(namespaces, workloads));
    const start = performance.now();
    execFileSync(program, ["draw", input, "-o", output, "-q"]);
    const drawing = performance.now() - start;
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(120_000);
    await page.addInitScript(() => {
      const look = () => (window.kubesketch ? requestAnimationFrame(() => (window.usable = performance.now())) : requestAnimationFrame(look));
      requestAnimationFrame(look);
    });
    const usable = [];
    for (let i = 0; i < 3; i++) {
      await page.goto("about:blank");
      await page.goto(pathToFileURL(output).href);
      await page.waitForFunction(() => window.usable);
      usable.push(await page.evaluate(() => window.usable));
    }
    const nodes = await page.evaluate(() => document.querySelectorAll("svg .node").length);
    console.log(`${namespaces * (workloads * 2 + 1) + 1} nodes: ${(statSync(output).size / 1e6).toFixed(2)} MB, drawn in ${ms(drawing)}, usable after ${usable.map(ms).join(", ")}; ${nodes} cards in the page`);
    for (const name of ["Overview", "All objects"]) {
      const choice = page.locator(".stage label", { hasText: name });
      if (await choice.count()) {
        const before = performance.now();
        await choice.click();
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        console.log(`  ${name}: shown after ${ms(performance.now() - before)}`);
      } else if (name === "Overview") continue;
      for (const how of ["pan", "zoom"]) {
        await page.keyboard.press("0");
        const f = await traced(browser, () => page.evaluate(`(${moving})(${JSON.stringify(how)}, ${SECONDS})`));
        console.log(`    ${how}: ${(f.frames / f.seconds).toFixed(1)} frames a second in the page, 95 of 100 within ${ms(f.late)}, the worst ${ms(f.worst)}; trace: ${f.drawn} drawn, ${f.dropped} dropped`);
      }
      await page.keyboard.press("0");
      const s = await page.evaluate(`(${selecting})()`);
      console.log(`    select: ${ms(s.script)} of script, shown after ${ms(s.shown)}`);
      await page.keyboard.press("Escape");
    }
    await page.close();
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
