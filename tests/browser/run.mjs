// Runs one scenario in Chromium: `node run.mjs SCENARIO FOLDER`, where FOLDER holds the pages that tests/outputs/browser.rs drew. Ends with 1 and a message where the page is not as told.

import assert from "node:assert/strict";
import { Session } from "./session.mjs";

const [name, folder] = process.argv.slice(2);
const session = await Session.begin(name, folder);
let failure = null;
try {
  const { default: scenario } = await import(`./${name}.mjs`);
  await scenario(session);
  // What a page does late counts as well.
  await session.settle();
  assert.deepEqual(session.faults, [], "the page had errors, or asked for something over the network");
} catch (error) {
  failure = error;
}
if (failure) await session.picture("failed");
await session.end();
if (failure) {
  console.error(`${name}: ${failure.stack ?? failure}`);
  for (const fault of session.faults) console.error(`  ${fault}`);
  process.exit(1);
}
