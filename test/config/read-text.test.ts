import assert from "node:assert/strict";
import { after, it } from "node:test";
import { readText } from "../../src/config/read-text.ts";
import { temporaryFolder } from "../support/bundle.ts";

const folder = temporaryFolder();
after(() => folder.remove());

it("a file has its text, or why it has none and what to do", async () => {
  assert.equal(await readText(folder.write("utf8.md", "für \u{fffd}"), "name it"), "für \u{fffd}");
  const latin1 = await readText(folder.write("latin1.md", Buffer.from("für", "latin1")), "name it");
  assert.deepEqual(latin1, { cause: "not UTF-8", remedy: "save it as UTF-8, or other words would be read than it holds" });
  assert.deepEqual(await readText("none.md", "name it"), { cause: "cannot be read, or is not there", remedy: "name it" });
});
