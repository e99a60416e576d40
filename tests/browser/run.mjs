// Runs scenarios in one Chromium: `node run.mjs FOLDER`, where FOLDER holds the pages that tests/outputs/browser.rs drew. Each line of standard input names a scenario; each line of the output is a JSON text with its name and what is not as told, or null. Scenarios run side by side, and the browser goes when the input ends.

import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { Session, launch } from "./session.mjs";

const [folder] = process.argv.slice(2);
const browser = launch();

async function run(name) {
  const session = new Session(name, folder, await browser);
  let failure = null;
  try {
    const { default: scenario } = await import(`./${name}.mjs`);
    await scenario(session);
    // What a page does late counts as well.
    await session.settle();
    assert.deepEqual(session.faults, [], "the page had errors, or asked for something over the network");
  } catch (error) {
    failure = [error.stack ?? String(error), ...session.faults].join("\n  ");
    await session.picture("failed").catch(() => {});
  }
  await session.end();
  return failure;
}

const running = [];
for await (const line of createInterface({ input: process.stdin })) {
  const name = line.trim();
  const report = (failure) => process.stdout.write(JSON.stringify({ name, failure }) + "\n");
  running.push(run(name).then(report, (error) => report(String(error))));
}
await Promise.all(running);
await (await browser).close();
