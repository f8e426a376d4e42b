import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { earlierRows, type ResultRow } from "../../../src/cli/score/rows.ts";
import { temporaryFolder } from "../../support/bundle.ts";
import { holdsOpen } from "../../support/processes.ts";
import { settled } from "../../support/settled.ts";

const folder = temporaryFolder();
after(() => folder.remove());

const row = (line: number): ResultRow => ({ line, id: `id-${line}`, panel: "chat", panelRevision: "r1", candidates: [] });
const text = (...rows: ResultRow[]) => rows.map((one) => `${JSON.stringify(one)}\n`).join("");

async function earlier(path: string, count: number, revision = "r1"): Promise<ResultRow[]> {
  const rows: ResultRow[] = [];
  for await (const one of earlierRows(path, count, revision)) rows.push(one);
  return rows;
}

describe("earlierRows", () => {
  it("gives the rows in order, as many as were counted", async () => {
    const path = folder.write("rows.jsonl", text(row(1), row(2), row(3)));
    assert.deepEqual(await earlier(path, 2), [row(1), row(2)]);
    assert.deepEqual(await earlier(path, 0), []);
  });

  it("lets go of the file with the last row, after which nobody asks", async () => {
    const path = folder.write("last.jsonl", text(row(1), row(2)));
    const rows = earlierRows(path, 2, "r1");
    for (const line of [1, 2]) assert.deepEqual(await rows.next(), { value: row(line), done: false });
    await settled(() => !holdsOpen(path), "the end of its descriptor");
    // Until here the rows keep the collector of garbage from closing it.
    assert.deepEqual(await rows.next(), { value: undefined, done: true });
  });

  it("refuses rows of another revision of the panel, and lines that are no rows", async () => {
    await assert.rejects(earlier(folder.write("other.jsonl", text(row(1))), 1, "r2"), /another revision of the panel/);
    for (const line of [
      "hello",
      "null",
      '{"line":1,"panelRevision":"r1"}',
      '{"line":1,"candidates":[]}',
      '{"panelRevision":"r1","candidates":[]}',
    ]) {
      await assert.rejects(earlier(folder.write("text.jsonl", `${line}\n`), 1), /is no result of rewardgate score/);
    }
  });
});
