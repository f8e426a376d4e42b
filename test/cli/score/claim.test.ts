import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { claimOutput } from "../../../src/cli/score/claim.ts";
import { temporaryFolder } from "../../support/bundle.ts";

const folder = temporaryFolder();
after(() => folder.remove());

describe("claimOutput", () => {
  it("lets one run at a time write to a file, by whatever name, whether it is there yet or not", async () => {
    // Elsewhere there are no such names.
    if (process.platform !== "linux") return;
    const path = folder.write("there.jsonl", "");
    symlinkSync(path, join(folder.path, "link.jsonl"));
    for (const [name, other] of [
      ["there.jsonl", "link.jsonl"],
      ["new.jsonl", "new.jsonl"],
    ] as const) {
      const release = await claimOutput(join(folder.path, name));
      await assert.rejects(claimOutput(join(folder.path, other)), /another run writes to .*; wait for its end/);
      (await claimOutput(join(folder.path, "another.jsonl")))();
      release();
      (await claimOutput(join(folder.path, other)))();
    }
  });

  it("lets any number write to what is no file", async () => {
    for (let run = 0; run < 2; run++) await claimOutput("/dev/null");
  });
});
