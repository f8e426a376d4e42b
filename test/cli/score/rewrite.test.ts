import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, statSync } from "node:fs";
import { after, describe, it } from "node:test";
import { UsageError } from "../../../src/cli/failure.ts";
import { discardRewrite, isBegun, openRewrite } from "../../../src/cli/score/rewrite.ts";
import type { ResultRow } from "../../../src/cli/score/rows.ts";
import { temporaryFolder } from "../../support/bundle.ts";

const folder = temporaryFolder();
after(() => folder.remove());

/** @param made tells rows of one record apart */
const row = (line: number, made = "before"): ResultRow => ({ line, id: `id-${line}`, panel: made, panelRevision: "r1", candidates: [] });
const text = (...rows: ResultRow[]) => rows.map((one) => `${JSON.stringify(one)}\n`).join("");
const all = [1, 2, 3, 4, 5].map((line) => row(line));
let files = 0;
const output = () => folder.write(`out-${files++}.jsonl`, text(...all));

describe("openRewrite", () => {
  it("leaves the output as it is until it is whole, and then has its place, its rights and its end", async () => {
    const path = output();
    chmodSync(path, 0o640);
    const rewrite = await openRewrite(path, 5);
    await rewrite.replace(1, row(2, "again"));
    await rewrite.replace(3, row(4, "again"));
    assert.equal(readFileSync(path, "utf8"), text(...all));
    const handle = await rewrite.finish();
    await handle.appendFile(text(row(6)));
    await handle.close();
    assert.equal(readFileSync(path, "utf8"), text(row(1), row(2, "again"), row(3), row(4, "again"), row(5), row(6)));
    assert.equal(statSync(path).mode & 0o777, 0o640);
    assert.equal(await isBegun(path), false);
  });

  it("goes on behind what a run that was killed had written, whatever piece of a line is left of it", async () => {
    for (const piece of ["", "{", text(row(4, "again")).slice(0, 30), text(row(4, "again")).slice(0, -1)]) {
      const path = output();
      const killed = await openRewrite(path, 5);
      await killed.replace(2, row(3, "again"));
      await killed.close();
      folder.write(`out-${files - 1}.jsonl.again`, readFileSync(`${path}.again`, "utf8") + piece);
      const rewrite = await openRewrite(path, 5);
      await rewrite.replace(4, row(5, "again"));
      await (await rewrite.finish()).close();
      assert.equal(readFileSync(path, "utf8"), text(row(1), row(2), row(3, "again"), row(4), row(5, "again")));
    }
  });

  it("holds no piece of a line that stands behind the rows", async () => {
    const path = folder.write("torn.jsonl", text(...all) + text(row(6)).slice(0, 20));
    const rewrite = await openRewrite(path, 5);
    await rewrite.replace(0, row(1, "again"));
    await (await rewrite.finish()).close();
    assert.equal(readFileSync(path, "utf8"), text(row(1, "again"), ...all.slice(1)));
  });

  it("says so where the output lost results meanwhile, and puts nothing in its place", async () => {
    const path = output();
    const rewrite = await openRewrite(path, 6);
    await rewrite.replace(0, row(1, "again"));
    await assert.rejects(rewrite.finish(), /holds fewer results than before/);
    await rewrite.close();
    assert.equal(readFileSync(path, "utf8"), text(...all));
  });

  it("refuses what was begun of another output, and touches neither", async () => {
    const others = [
      text(row(2)),
      text({ ...row(1), panelRevision: "r2" }),
      text({ ...row(1), detail: "full" }),
      text(...all, row(6)),
      "a note\n",
      "note",
    ];
    for (const begun of others) {
      const path = output();
      folder.write(`out-${files - 1}.jsonl.again`, begun);
      await assert.rejects(
        openRewrite(path, 5),
        (error) => error instanceof UsageError && error.message.startsWith(`${path}.again `),
        begun,
      );
      assert.equal(readFileSync(path, "utf8"), text(...all));
      assert.equal(readFileSync(`${path}.again`, "utf8"), begun);
    }
  });
});

describe("discardRewrite", () => {
  it("takes away what was begun, and nothing that is no result", async () => {
    const path = output();
    const begun = `out-${files - 1}.jsonl.again`;
    folder.write(begun, text(row(1)));
    await discardRewrite(path);
    assert.equal(existsSync(`${path}.again`), false);
    folder.write(begun, "a note\n");
    await discardRewrite(path);
    assert.equal(readFileSync(`${path}.again`, "utf8"), "a note\n");
  });
});
