// The live preview of a change: everything on the page follows, the verdict too.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync } from "node:fs";
import path from "node:path";
import { details, tab } from "./session.mjs";

const OPEN = `---
apiVersion: v1
kind: Service
metadata: {name: cart-open, namespace: shop}
spec: {type: LoadBalancer, selector: {app: cart}, ports: [{port: 80, targetPort: 8080}]}
`;

export default async function (t) {
  const folder = mkdtempSync(path.join(t.folder, "revisions-"));
  cpSync(path.join(t.folder, "shop"), folder, { recursive: true });
  const git = (...words) => execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...words], { cwd: folder, stdio: "ignore" });
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-q", "-m", "start");
  const server = spawn(process.env.KUBESKETCH_PROGRAM, ["serve", "--git", "main"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  try {
    t.server = await new Promise((done, fail) => {
      server.stdout.on("data", (text) => /http:\S+/.test(text) && done(String(text).match(/http:\S+/)[0]));
      server.on("exit", (code) => fail(new Error(`the server ended with ${code}`)));
    });
    const page = await t.open(t.server);
    const header = page.locator("body > header");
    await header.getByText(/no difference/i).waitFor();

    appendFileSync(path.join(folder, "cart.yaml"), OPEN);
    await header.getByText(/reach/).first().waitFor();
    assert.equal(await header.getByText(/no difference/i).count(), 0, "the old verdict is gone");
    assert.equal(await page.locator(".bar .switch input:checked").count(), 1, "one of before, both and after is chosen");
    await tab(page, "Details").click();
    await details(page).getByText(/Reachable from the Internet/).waitFor();
    assert.equal(await header.locator(".tools input[type=search]").count(), 1, "the tools stay");
    await t.picture("exposed");
  } finally {
    server.kill("SIGINT");
  }
}
