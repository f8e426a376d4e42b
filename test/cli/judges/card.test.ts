import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { withSection, writeSection } from "../../../src/cli/judges/card.ts";
import { temporaryFolder } from "../../support/bundle.ts";

const folder = temporaryFolder();
after(() => folder.remove());

describe("withSection", () => {
  it("goes to the end of a card, and stays where it is once it is there", () => {
    const first = withSection("# judge\n\nSmall.\n", "## Robustness\nGood.");
    assert.match(first, /^# judge\n\nSmall\.\n\n<!-- begin.*-->\n## Robustness\nGood\.\n<!-- end.*-->\n$/);
    assert.equal(withSection(first, "## Robustness\nGood."), first);
    const moved = `${first}\n## Limits\nMany.\n`;
    assert.equal(withSection(moved, "## Robustness\nBad."), moved.replace("Good", "Bad"));
  });

  it("makes a card of an empty one, and touches none with half of its marks", () => {
    assert.match(withSection("", "x"), /^<!-- begin/);
    assert.throws(() => withSection("<!-- begin: rewardgate judges probe -->", "x"), /without the other/);
    assert.throws(() => withSection(withSection("", "x").split("\n").toReversed().join("\n"), "x"), /without the other/);
  });
});

describe("writeSection", () => {
  it("writes when something changes, and says whether it did", async () => {
    const path = folder.write("README.md", "# judge\n");
    assert.deepEqual([await writeSection(path, "x"), await writeSection(path, "x")], [true, false]);
    assert.equal(readFileSync(path, "utf8"), withSection("# judge\n", "x"));
  });

  it("leaves a card that is not UTF-8 as it is, whose letters it would lose", async () => {
    const path = folder.write("latin1.md", Buffer.from("# für\n", "latin1"));
    await assert.rejects(writeSection(path, "x"), /not UTF-8/);
    assert.deepEqual(readFileSync(path), Buffer.from("# für\n", "latin1"));
  });

  it("says what to do about a card that cannot be written", async () => {
    await assert.rejects(writeSection(folder.path, "x"), /--no-card/);
  });
});
