import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { UsageError } from "../../../src/cli/failure.ts";
import { fileSink, openOutput } from "../../../src/cli/score/output.ts";
import type { ResultRow } from "../../../src/cli/score/rows.ts";
import { temporaryFolder } from "../../support/bundle.ts";
import { holdsOpen } from "../../support/processes.ts";

const folder = temporaryFolder();
after(() => folder.remove());

const row = (line: number): ResultRow => ({ line, id: `id-${line}`, panel: "chat", panelRevision: "r1", candidates: [] });
const text = (...rows: ResultRow[]) => rows.map((one) => `${JSON.stringify(one)}\n`).join("");

async function append(path: string, how: { resume: boolean; overwrite: boolean }, ...rows: ResultRow[]) {
  const output = await openOutput(path, how);
  const sink = fileSink(output);
  for (const one of rows) await sink.write(one);
  await sink.close();
  return output.earlier;
}

describe("openOutput", () => {
  it("does not touch a file that holds results unless it is told what to do", async () => {
    const path = folder.write("kept.jsonl", text(row(1)));
    await assert.rejects(
      openOutput(path, { resume: false, overwrite: false }),
      (error) => error instanceof UsageError && /--resume goes on/.test(error.message),
    );
    assert.equal(readFileSync(path, "utf8"), text(row(1)));
  });

  it("cuts off a half-written line and goes on after the last whole one", async () => {
    const path = folder.write("half.jsonl", text(row(1), row(2)) + text(row(3)).slice(0, 20));
    assert.equal(await append(path, { resume: true, overwrite: false }, row(3)), 2);
    assert.equal(readFileSync(path, "utf8"), text(row(1), row(2), row(3)));
  });

  it("starts anew when the file is empty, holds half a line, or is not there", async () => {
    for (const [name, content] of [
      ["empty", ""],
      ["half", '{"line"'],
    ] as const) {
      assert.equal(await append(folder.write(name, content), { resume: true, overwrite: false }, row(1)), 0);
      assert.equal(readFileSync(`${folder.path}/${name}`, "utf8"), text(row(1)));
    }
    assert.equal(await append(`${folder.path}/new`, { resume: true, overwrite: false }, row(1)), 0);
  });

  it("leaves a half-written line until there is something to write in its place", async () => {
    const content = text(row(1), row(2)) + text(row(3)).slice(0, 20);
    const path = folder.write("unwritten.jsonl", content);
    assert.equal(await append(path, { resume: true, overwrite: false }), 2);
    assert.equal(readFileSync(path, "utf8"), content);
  });

  it("refuses to go on behind what ends in no result, and leaves every byte of it", async () => {
    const foreign = {
      lines: "what somebody wrote\nwith no end of line",
      line: "one line",
      short: "{}",
      gzip: gzipSync(text(row(1), row(2))),
    };
    for (const [name, content] of Object.entries(foreign)) {
      const path = folder.write(name, content);
      await assert.rejects(
        openOutput(path, { resume: true, overwrite: false }),
        (error) => error instanceof UsageError && /ends in no result of rewardgate score; --overwrite starts anew/.test(error.message),
        name,
      );
      assert.deepEqual(readFileSync(path), Buffer.from(content), name);
    }
  });

  it("lets go of a file that it refuses", async () => {
    const path = folder.write("foreign", "what somebody wrote");
    await assert.rejects(openOutput(path, { resume: true, overwrite: false }), UsageError);
    assert.equal(holdsOpen(path), false);
  });

  it("replaces the results when it is told to", async () => {
    const path = folder.write("old.jsonl", text(row(1), row(2)));
    assert.equal(await append(path, { resume: false, overwrite: true }, row(9)), 0);
    assert.equal(readFileSync(path, "utf8"), text(row(9)));
  });

  it("keeps the results that it replaces until there is a row, or none to come", async () => {
    const path = folder.write("replaced.jsonl", text(row(1), row(2)));
    const begun = folder.write("replaced.jsonl.again", text(row(1)));
    const overwrite = { resume: false, overwrite: true };
    assert.equal(await append(path, overwrite), 0);
    assert.deepEqual([readFileSync(path, "utf8"), readFileSync(begun, "utf8")], [text(row(1), row(2)), text(row(1))]);
    const sink = fileSink(await openOutput(path, overwrite));
    await sink.finish();
    await sink.close();
    assert.deepEqual([readFileSync(path, "utf8"), existsSync(begun)], ["", false]);
  });

  it("says why it cannot write", async () => {
    await assert.rejects(openOutput(`${folder.path}/no/such/folder`, { resume: false, overwrite: false }), /cannot write .*ENOENT/);
  });
});
