// Verifies receipts, proofs of consistency and a person's own entries; no dependencies, no network. The same scripts run
// at /verify.  node verify.mjs log.vkey FILE...   (.ndjson: one receipt a line)   Exit status 1: something does not hold.
import { existsSync, readFileSync } from "node:fs";

for (const name of ["ledger-verify.js", "ledger-own.js"]) {
  const beside = new URL(name, import.meta.url); // as the portal serves them at /static, or in a checkout
  await import(existsSync(beside) ? beside : new URL(`../../vault/portal/static/${name}`, import.meta.url));
}
const [keyFile, ...files] = process.argv.slice(2);
if (!files.length) {
  console.error("usage: node verify.mjs log.vkey FILE...");
  process.exit(2);
}
const vkey = readFileSync(keyFile, "utf8").trim();
let held = 0, broken = 0;
for (const file of files) {
  const text = readFileSync(file, "utf8");
  for (const document of file.endsWith(".ndjson") ? text.trimEnd().split("\n") : [text]) {
    try {
      const found = await globalThis.ledgerVerify.verify(document, vkey);
      held++;
      if (files.length === 1 && document === text) console.log(JSON.stringify(found, (name, value) => (name === "root" ? undefined : value)));
    } catch (error) {
      broken++;
      console.error(`${file}: does not hold: ${error.message}`);
    }
  }
}
console.log(`${held} hold, ${broken} do not`);
process.exit(broken ? 1 : 0);
