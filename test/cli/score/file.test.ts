import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { parse, stringify } from "yaml";
import type { ResultRow } from "../../../src/cli/score/rows.ts";
import { runCli, startCli } from "../../support/cli.ts";
import { type TestGateway, writeGateway } from "../../support/gateway.ts";
import { jsonLines, readJsonLines } from "../../support/json-lines.ts";
import { settled } from "../../support/settled.ts";

let tiny: TestGateway;
before(async () => {
  tiny = await writeGateway({ model: { nanOnWord: true } });
});
after(() => tiny.remove());

const at = (name: string) => join(tiny.folder.path, name);
const score = (args: string[], input?: string) => runCli(["score", "--config", tiny.config, ...args], input === undefined ? {} : { input });

const WORDS = ["good", "bad", "fine", "the", "is", "what", "yes", "no"];
const pairs = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    id: `pair-${i}`,
    prompt: [{ role: "user", content: `${WORDS[i % 8]} ${i}` }],
    chosen: `${WORDS[i % 8]} ${WORDS[(i * 3) % 8]} ${WORDS[(i * 5) % 8]}`,
    rejected: WORDS.slice((i * 3) % 8).join(" "),
    subset: "test",
    meta: {},
  }));

describe("rewardgate score FILE", () => {
  it("scores a gzipped file of pairs in its order and ends with accuracy, rate and tokens", async () => {
    writeFileSync(at("pairs.jsonl.gz"), gzipSync(jsonLines(pairs(40))));
    const { code, stdout, stderr } = await score([at("pairs.jsonl.gz"), "--output", at("pairs.out"), "--json"]);
    assert.equal(code, 0, stderr);
    const rows = readJsonLines<ResultRow>(readFileSync(at("pairs.out"), "utf8"));
    assert.deepEqual(
      rows.map(({ line, id }) => [line, id]),
      pairs(40).map(({ id }, i) => [i + 1, id]),
    );
    let right = 0;
    for (const { candidates } of rows) {
      const [chosen, rejected] = candidates.map(({ reward }) => reward!);
      right += chosen! > rejected! ? 1 : chosen === rejected ? 0.5 : 0;
      for (const { reward, judges } of candidates) {
        const total = judges.reduce((sum, { contribution }) => sum + contribution!, 0);
        assert.ok(Math.abs(total - reward!) < 1e-9, "contributions sum to the reward");
      }
    }
    const report = JSON.parse(stdout);
    assert.equal(report.labels.pair.accuracy, right / 40);
    assert.equal(report.candidates, 80);
    assert.ok(report.tokens > 0 && report.seconds > 0);
    assert.ok(right > 0 && right < 40, `${right} of 40 right, which says little about the report`);
    assert.ok(report.labels.pair.interval.low < right / 40 && report.labels.pair.interval.high > right / 40);
  });

  it("prints results on standard output and the report beside them when no file is named, and reads standard input", async () => {
    const { code, stdout, stderr } = await score(["-"], jsonLines(pairs(3)));
    assert.equal(code, 0, stderr);
    assert.equal(readJsonLines<ResultRow>(stdout).length, 3);
    assert.match(stderr, /scored +6 candidates of 3 records/);
    assert.match(stderr, /accuracy +[01]\.\d{4} +\[.*\] of 95 %, 3 pairs, \d+ ties; longer wins/);
    assert.doesNotMatch(stderr, /candidates \|/, "no progress bar without a terminal");
  });

  it("reads all schemas in one file, and compares and correlates what their labels allow", async () => {
    const prompt = "what is good";
    const rows = [
      { id: "a", prompt, responses: ["good", "bad", "no"], ratings: [2, 1, 1] },
      { id: "b", prompt, answer: "yes", responses: ["yes", "no"], meta: { correct: [true, false] } },
      ...["good", "bad is bad", "no no no no"].map((response, i) => ({ id: `c${i}`, prompt, response, ratings: { fluency: i } })),
      { id: "d", prompt, candidates: ["fine"] },
    ];
    const { code, stdout, stderr } = await score(["-", "--json", "--output", at("mixed.out")], jsonLines(rows));
    assert.equal(code, 0, stderr);
    const { labels, candidates } = JSON.parse(stdout);
    assert.equal(candidates, 9);
    assert.deepEqual([labels.ranked.items, labels.ranked.pairs], [2, 3]);
    assert.deepEqual([labels.rated[0].dimension, labels.rated[0].n, labels.rated[0].lengthSpearman], ["fluency", 3, 1]);
  });

  it("exits with 4 and names the records without a reward; a failure is never a number", async () => {
    const rows = [...pairs(2), { id: "nan", prompt: "x", chosen: "nan", rejected: "good" }, { id: "odd", prompt: "x" }];
    const { code, stdout, stderr } = await score(["-"], `${jsonLines(rows)}not json\n`);
    assert.equal(code, 4);
    assert.match(stderr, /failed +3 records: nan, odd, line 5/);
    const [, , nan, odd, text] = readJsonLines<ResultRow>(stdout);
    assert.equal(nan!.candidates[0]!.status, "failed");
    assert.ok(!("reward" in nan!.candidates[0]!));
    assert.equal(nan!.candidates[0]!.failure!.reason, "SCORE_NOT_FINITE");
    assert.equal(nan!.candidates[1]!.status, "complete");
    assert.match(odd!.failure!.message, /none of the known schemas/);
    assert.match(text!.failure!.message, /not JSON/);
    assert.match(stderr, /2 pairs/, "records with a failure do not count in the accuracy");
  });

  it("refuses no record for want of room in a queue, which guards the callers of a server", async () => {
    const narrow = await writeGateway({ backend: { queue: { maxCalls: 4, maxTextSize: 400, maxTokens: 50 } } });
    try {
      const { code, stderr } = await runCli(["score", "--config", narrow.config, "-"], { input: jsonLines(pairs(60)) });
      assert.equal(code, 0, stderr);
      assert.match(stderr, /scored +120 candidates of 60 records/);
    } finally {
      narrow.remove();
    }
  });

  it("goes on where an earlier run ended, and reports both together", async () => {
    const input = at("resume.jsonl");
    const output = at("resume.out");
    writeFileSync(input, jsonLines(pairs(30)));
    const whole = await score([input, "--output", output, "--json"]);
    const expected = readJsonLines<ResultRow>(readFileSync(output, "utf8"));
    truncateSync(output, Math.floor(statSync(output).size * 0.6));
    const resumed = await score([input, "--output", output, "--json", "--resume"]);
    assert.equal(resumed.code, 0, resumed.stderr);
    const strip = (rows: ResultRow[]) =>
      rows.map(({ id, line, candidates }) => [id, line, candidates.map(({ reward }) => reward!.toFixed(5))]);
    assert.deepEqual(strip(readJsonLines<ResultRow>(readFileSync(output, "utf8"))), strip(expected));
    const [first, second] = [whole, resumed].map(({ stdout }) => JSON.parse(stdout));
    assert.ok(second.resumed > 5 && second.resumed < 30);
    assert.equal(second.records, 30 - second.resumed);
    assert.deepEqual(second.labels, first.labels);
  });

  it("refuses to go on with the results of another panel or of another file, and to write over results", async () => {
    const input = at("refuse.jsonl");
    const output = at("refuse.out");
    writeFileSync(input, jsonLines(pairs(4)));
    assert.equal((await score([input, "--output", output])).code, 0);
    const panel = await score([input, "--output", output, "--resume", "--panel", "reward"]);
    assert.deepEqual([panel.code, /another revision of the panel/.test(panel.stderr)], [2, true]);
    writeFileSync(input, jsonLines(pairs(2)));
    const part = await score([input, "--output", output, "--resume"]);
    assert.deepEqual([part.code, /holds results of more records than/.test(part.stderr)], [2, true]);
    assert.equal((await score([input, "--output", output, "--resume", "--limit", "1"])).code, 0);
    writeFileSync(input, jsonLines(pairs(4).reverse()));
    const file = await score([input, "--output", output, "--resume"]);
    assert.deepEqual([file.code, /not what the output was made from/.test(file.stderr)], [2, true]);
    const again = await score([input, "--output", output]);
    assert.deepEqual([again.code, /--overwrite starts anew/.test(again.stderr)], [2, true]);
    const flag = await score([input, "--resume"]);
    assert.deepEqual([flag.code, /--resume needs --output/.test(flag.stderr)], [2, true]);
  });

  it("leaves every byte of an output that it refuses to go on with", async () => {
    const input = at("keep.jsonl");
    const output = at("keep.out");
    writeFileSync(input, jsonLines(pairs(4)));
    assert.equal((await score([input, "--output", output, "--limit", "3"])).code, 0);
    truncateSync(output, statSync(output).size - 5);
    const torn = readFileSync(output);
    for (const [content, refusal, ...flags] of [
      [torn, /another revision of the panel/, "--panel", "reward"],
      [torn, /was scored with/, "--detail", "full"],
      [Buffer.from(`a note\n${torn}`), /:1 is no result/],
      [Buffer.from("a note\nof two lines"), /ends in no result/],
      [gzipSync(torn), /ends in no result/],
    ] as const) {
      writeFileSync(output, content);
      const { code, stderr } = await score([input, "--output", output, "--resume", ...flags]);
      assert.deepEqual([code, refusal.test(stderr)], [2, true], stderr);
      assert.deepEqual(readFileSync(output), content, stderr);
    }
  });

  it("refuses to go on with results of other weights of objectives, or that say more or less", async () => {
    const input = at("options.jsonl");
    const output = at("options.out");
    writeFileSync(input, jsonLines(pairs(4)));
    const weights = ["--objective", "helpfulness=1", "--objective", "verbosity=0.5"];
    const resume = (...flags: string[]) => score([input, "--output", output, "--resume", ...flags]);
    const refusal = async (...flags: string[]) => {
      const { code, stderr } = await resume(...flags);
      return [code, /was scored with (.+); results of two do not mix/.exec(stderr)?.[1]];
    };
    assert.equal((await score([input, "--output", output, "--limit", "2", ...weights])).code, 0);
    const steered = "--detail judges --objective helpfulness=1 --objective verbosity=0.5";
    assert.deepEqual(await refusal(), [2, `${steered}, now with --detail judges`]);
    assert.deepEqual(await refusal("--objective", "helpfulness=2", "--objective", "verbosity=0.5"), [
      2,
      `${steered}, now with ${steered.replace("=1", "=2")}`,
    ]);
    assert.equal((await resume("--objective", "verbosity=0.5", "--objective", "helpfulness=1")).code, 0);
    assert.equal((await score([input, "--output", output, "--limit", "2", "--overwrite"])).code, 0);
    assert.deepEqual(await refusal("--detail", "full"), [2, "--detail judges, now with --detail full"]);
    assert.deepEqual(await refusal(...weights), [2, `--detail judges, now with ${steered}`]);
    assert.equal((await resume("--detail", "judges")).code, 0);
    assert.deepEqual(
      readJsonLines<ResultRow>(readFileSync(output, "utf8")).map((row) => Object.keys(row)),
      Array(4).fill(["line", "panel", "panelRevision", "id", "candidates"]),
    );
  });

  it("never writes over the file that it reads, by whatever name", async () => {
    const content = jsonLines(pairs(4)).trimEnd();
    writeFileSync(at("data.jsonl"), content);
    symlinkSync(at("data.jsonl"), at("link.jsonl"));
    for (const how of [[], ["--overwrite"], ["--resume"]]) {
      for (const name of ["data.jsonl", "link.jsonl"]) {
        const { code, stderr } = await score([at("data.jsonl"), "--output", at(name), ...how]);
        assert.deepEqual([code, /is the file that is read/.test(stderr)], [2, true], stderr);
        assert.equal(readFileSync(at("data.jsonl"), "utf8"), content);
      }
    }
  });

  it("keeps the results that --overwrite would replace where the configuration cannot be served", async () => {
    writeFileSync(at("kept.jsonl"), jsonLines(pairs(2)));
    assert.equal((await score([at("kept.jsonl"), "--output", at("kept.out")])).code, 0);
    const before = readFileSync(at("kept.out"), "utf8");
    const broken = parse(readFileSync(tiny.config, "utf8"));
    broken.panels.chat.members = [{ judge: "tiny-reward", objective: "none" }];
    writeFileSync(at("broken.yaml"), stringify(broken));
    const args = [at("kept.jsonl"), "--output", at("kept.out"), "--overwrite"];
    const { code, stderr } = await runCli(["score", "--config", at("broken.yaml"), ...args]);
    assert.deepEqual([code, /has no objectives/.test(stderr)], [2, true], stderr);
    assert.equal(readFileSync(at("kept.out"), "utf8"), before);
  });

  it("scores the first records only under --limit", async () => {
    const { stdout } = await score(["-", "--limit", "3"], jsonLines(pairs(10)));
    assert.equal(readJsonLines<ResultRow>(stdout).length, 3);
  });
});

describe("rewardgate score from a pipe", () => {
  /** A run whose output is watched. */
  function start(args: readonly string[]) {
    const child = startCli(["score", "--config", tiny.config, ...args]);
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]!.setEncoding("utf8").on("data", (text) => {
        said[name] += text;
      });
    }
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    const rows = (count: number) =>
      settled(
        () => child.exitCode !== null || readJsonLines<ResultRow>(said.stdout.slice(0, said.stdout.lastIndexOf("\n") + 1)).length === count,
        () => said.stderr,
      );
    return { child, said, ended, rows };
  }

  /** Runs that read a pipe which somebody holds open and writes no more to. */
  const sources = {
    "standard input": async () => {
      const run = start(["-"]);
      return { ...run, write: async (text: string) => void run.child.stdin!.write(text), end: async () => void run.child.stdin!.end() };
    },
    "a named pipe": async () => {
      const pipe = at(`pipe-${Math.random()}`);
      execFileSync("mkfifo", [pipe]);
      const run = start([pipe]);
      // Opens once the other end is there.
      const writer = await open(pipe, "w");
      return { ...run, write: async (text: string) => void (await writer.write(text)), end: () => writer.close() };
    },
  };

  it("ends at the limit while more may come", async () => {
    const { child, said, ended } = start(["-", "--limit", "3"]);
    child.stdin!.write(jsonLines(pairs(3)));
    assert.equal(await ended, 0, said.stderr);
    assert.equal(readJsonLines<ResultRow>(said.stdout).length, 3);
    child.stdin!.on("error", () => {}).end();
  });

  it("is not held by a pipe that it never reads, where something else is wrong", async () => {
    const pipe = at("unread");
    execFileSync("mkfifo", [pipe]);
    const { said, ended } = start([pipe, "--panel", "chatt"]);
    const writer = await open(pipe, "w");
    assert.equal(await ended, 2, said.stderr);
    assert.match(said.stderr, /no panel "chatt"/);
    await writer.close();
  });

  for (const [name, startRun] of Object.entries(sources)) {
    it(`scores records of ${name} as they come, and its end is the end`, async () => {
      const { write, end, rows, said, ended } = await startRun();
      await write(jsonLines(pairs(3)));
      await rows(3);
      await write(jsonLines(pairs(5).slice(3)));
      await rows(5);
      await end();
      assert.equal(await ended, 0, said.stderr);
      assert.deepEqual(
        readJsonLines<ResultRow>(said.stdout).map(({ id }) => id),
        pairs(5).map(({ id }) => id),
      );
    });

    it(`is interrupted while ${name} is silent, and leaves out the line that is not whole`, async () => {
      const { write, end, rows, said, ended, child } = await startRun();
      await write(`${jsonLines(pairs(3))}{"id": "half`);
      await rows(3);
      child.kill("SIGINT");
      assert.equal(await ended, 130, said.stderr);
      assert.match(said.stderr, /interrupted after 3 records/);
      assert.equal(readJsonLines<ResultRow>(said.stdout).length, 3);
      child.stdin!.on("error", () => {});
      await end();
    });
  }
});

describe("rewardgate score, interrupted", () => {
  it("leaves whole lines in order behind, and --resume finishes them", async () => {
    const slow = await writeGateway({ model: { slowness: 12 } });
    try {
      const output = join(slow.folder.path, "many.out");
      const args = ["score", "--config", slow.config, "-", "--output", output];
      const child = startCli(args);
      const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
      let stderr = "";
      child.stderr!.setEncoding("utf8").on("data", (text) => {
        stderr += text;
      });
      // It never has all that there is to score, so it cannot be done before it is interrupted.
      const [given, rest] = [pairs(400).slice(0, 320), pairs(400).slice(320, 399)];
      child.stdin!.on("error", () => {}).write(jsonLines(given));
      await settled(() => child.exitCode !== null || (existsSync(output) && statSync(output).size > 10_000), "the first results");
      child.kill("SIGINT");
      for (const row of rest) {
        if (child.exitCode !== null) break;
        child.stdin!.write(jsonLines([row]));
        await sleep(50);
      }
      child.stdin!.end();
      assert.equal(await ended, 130, stderr);
      assert.match(stderr, /interrupted after \d+ records; go on with --output .* --resume/);
      const partial = readFileSync(output, "utf8");
      assert.ok(partial.endsWith("\n"));
      const lines = readJsonLines<ResultRow>(partial).map(({ line }) => line);
      assert.ok(lines.length > 0 && lines.length < 400, `${lines.length} lines`);
      assert.deepEqual(
        lines,
        lines.map((_, i) => i + 1),
      );
      const { code } = await runCli([...args, "--resume"], { input: jsonLines(pairs(400)) });
      assert.equal(code, 0);
      assert.deepEqual(
        readJsonLines<ResultRow>(readFileSync(output, "utf8")).map(({ id }) => id),
        pairs(400).map(({ id }) => id),
      );
    } finally {
      slow.remove();
    }
  });
});
