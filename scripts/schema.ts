// Writes docs/config.schema.json from the schemas in src/. With --check, compares instead and fails on a difference.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { jsonSchema } from "../src/config/schema.ts";

const file = new URL("../docs/config.schema.json", import.meta.url);
const wanted = `${JSON.stringify(jsonSchema(), null, 2)}\n`;

if (process.argv.includes("--check")) {
  let found = "";
  try {
    found = readFileSync(file, "utf8");
  } catch {
    // Not there is as stale as different.
  }
  if (found !== wanted) {
    console.error("docs/config.schema.json is not what the schemas give; run: npm run schema");
    process.exitCode = 1;
  }
} else {
  mkdirSync(new URL(".", file), { recursive: true });
  writeFileSync(file, wanted);
}
