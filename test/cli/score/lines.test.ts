import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createWriteStream } from "node:fs";
import { after, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { openLines } from "../../../src/cli/score/lines.ts";
import { temporaryFolder } from "../../support/bundle.ts";
import { holdsOpen } from "../../support/processes.ts";
import { settled } from "../../support/settled.ts";

const folder = temporaryFolder();
after(() => folder.remove());

async function read(bytes: string | Uint8Array) {
  const { lines } = await openLines(folder.write("lines.jsonl", bytes));
  const found: [number, string | undefined][] = [];
  for await (const { number, text } of lines) found.push([number, text]);
  return found;
}

describe("openLines", () => {
  it("lets go of a file whose reader stops before its end", async () => {
    const path = folder.write("left.jsonl", "{}\n{}\n");
    const source = await openLines(path);
    for await (const { number } of source.lines) if (number === 2) break;
    await settled(() => !holdsOpen(path), "the end of its descriptor");
    // Until here the source keeps the collector of garbage from closing it.
    source.close();
  });

  it("numbers lines as an editor does, leaves blank ones out, and takes any line end", async () => {
    assert.deepEqual(await read("\uFEFFa\r\n\n  \nb\n\nc"), [
      [1, "a"],
      [4, "b"],
      [6, "c"],
    ]);
    assert.deepEqual(await read(""), []);
    assert.deepEqual(await read("a"), [[1, "a"]]);
  });

  it("tells gzip by its bytes, not by the name", async () => {
    assert.deepEqual(await read(gzipSync("a\nb\n")), [
      [1, "a"],
      [2, "b"],
    ]);
  });

  it("keeps characters whole that lie across reads", async () => {
    const text = `${"é😀".repeat(40_000)}\n${"漢".repeat(40_000)}`;
    assert.deepEqual(
      (await read(text)).map(([, line]) => line),
      text.split("\n"),
    );
  });

  it("gives no text for a line that is not UTF-8, and the others as they are", async () => {
    const latin1 = Buffer.concat([Buffer.from("a\u{fffd}\nf"), Buffer.from([0xfc]), Buffer.from("r\nc\n"), Buffer.from([0xe2, 0x82])]);
    assert.deepEqual(await read(latin1), [
      [1, "a\u{fffd}"],
      [2, undefined],
      [3, "c"],
      [4, undefined],
    ]);
  });

  it("knows how much there is and where each line ends, zipped or not", async () => {
    const text = "é\n\nabc\nlast";
    for (const bytes of [Buffer.from(text), gzipSync(text)]) {
      const { lines, size } = await openLines(folder.write("sized.jsonl", bytes));
      const ends: number[] = [];
      for await (const { end } of lines) ends.push(end);
      assert.deepEqual([size, ends], [12, [3, 8, 12]]);
    }
  });

  it("says that a gzip file ends early", async () => {
    const whole = gzipSync(Array.from({ length: 5000 }, (_, i) => `line ${i * 7919}`).join("\n"));
    await assert.rejects(read(whole.subarray(0, whole.length / 2)), /is not whole: its gzip data ends early/);
  });

  it("closes what it reads when no more lines are wanted", async () => {
    const pipe = `${folder.path}/pipe`;
    execFileSync("mkfifo", [pipe]);
    const { lines } = await openLines(pipe, new AbortController().signal);
    const writer = createWriteStream(pipe);
    writer.write("a\nb\n");
    for await (const { text } of lines) {
      assert.equal(text, "a");
      break;
    }
    let code: string | undefined;
    writer.on("error", (error: NodeJS.ErrnoException) => {
      code = error.code;
    });
    await settled(() => {
      if (!writer.destroyed) writer.write("c\n");
      return code === "EPIPE";
    });
  });

  it("refuses what cannot be a file of lines", async () => {
    await assert.rejects(openLines(`${folder.path}/none`), /cannot read .*ENOENT/);
    await assert.rejects(openLines(folder.path), /is a folder/);
  });
});
