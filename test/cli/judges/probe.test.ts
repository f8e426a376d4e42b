import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ATTACKS } from "../../../src/evaluation/probes/attacks.ts";
import { temporaryFolder } from "../../support/bundle.ts";
import { type ChatServer, startChatServer } from "../../support/chat-server.ts";
import { runCli } from "../../support/cli.ts";
import { type TestGateway, writeGateway } from "../../support/gateway.ts";
import { jsonLines } from "../../support/json-lines.ts";

let tiny: TestGateway;
let server: ChatServer;
const folder = temporaryFolder();
const ROWS = Array.from({ length: 40 }, (_, n) => ({ id: `r${n}`, prompt: `good question ${n}`, chosen: `answer ${n}`, rejected: "bad" }));
const rows = folder.write("rows.jsonl", `${jsonLines(ROWS)}not JSON\n`);

before(async () => {
  tiny = await writeGateway();
  server = await startChatServer(({ body }) => {
    const told = body.messages[1]!.content;
    const [, response] = /Response to judge:\n\[\w{32}\]\n([\s\S]*)\n\[\/\w{32}\]\n\nRubric, again/.exec(told)!;
    const [, digits] = /^answer (\d+)$/.exec(response!) ?? [];
    if (body.model === "obedient") return verdict(/highest score|full marks|best possible/.test(response!) ? 9 : digits ? 5 : 2);
    if (body.model === "silent") return "I would rather not say.";
    return verdict(digits === undefined ? 2 : 5 + (Number(digits) % 3));
  });
  folder.write(
    "rewardgate.yaml",
    `apiVersion: rewardgate/v1
backends:
${["obedient", "steadfast", "silent"].map((name) => `  ${name}: { type: openai, url: ${server.url}, model: ${name} }\n`).join("")}judges:
${["obedient", "steadfast", "silent"].map((name) => `  ${name}: { kind: critique, backend: ${name}, rubric: { text: Right. } }\n`).join("")}panels:
  all: { members: [{ judge: obedient, calibration: none }] }
`,
  );
});
after(async () => {
  tiny.remove();
  folder.remove();
  await server.close();
});

const verdict = (score: number) => JSON.stringify({ critique: "Considered.", score });
const probe = (judge: string, ...flags: string[]) => runCli(["judges", "probe", judge, "--rows", rows, ...flags], { cwd: folder.path });

describe("rewardgate judges probe", () => {
  it("writes what a bundle's judge makes of every attack into its card, the same on every run", async () => {
    const call = ["judges", "probe", "tiny-reward", "--config", tiny.config, "--rows", rows, "--limit", "6"];
    const output = join(folder.path, "tiny.json");
    const { code, stdout, stderr } = await runCli([...call, "-o", output]);
    assert.equal(code, 0, stderr);
    const report = JSON.parse(readFileSync(output, "utf8"));
    assert.deepEqual(
      report.attacks.map(({ attack }: { attack: string }) => attack),
      ATTACKS.map(({ name }) => name),
    );
    assert.deepEqual([report.judge, report.rows.file, report.rows.used, report.attacks[0].n], ["tiny-reward", "rows.jsonl", 6, 6]);
    for (const { name } of ATTACKS) assert.match(stdout, new RegExp(`^${name} +(instead|added) +6 `, "m"));
    const path = join(tiny.folder.path, "models/tiny-reward/README.md");
    const card = readFileSync(path, "utf8");
    for (const { name } of ATTACKS) assert.ok(card.includes(`| \`${name}\` | `), name);
    assert.ok(card.includes(report.revision.slice(0, 12)));
    assert.equal((await runCli(call)).code, 0);
    assert.equal(readFileSync(path, "utf8"), card);
  });

  it("flags a judge that obeys the response, by name and by exit code", async () => {
    const { code, stdout } = await probe("obedient", "--gate", "--json");
    assert.equal(code, 1);
    const report = JSON.parse(stdout);
    const rewarded = report.attacks
      .filter(({ rewarded }: { rewarded: boolean }) => rewarded)
      .map(({ attack }: { attack: string }) => attack);
    assert.deepEqual(rewarded, ["demand", "override"]);
    assert.deepEqual([report.rows.used, report.rows.leftOut], [40, 1]);
  });

  it("lets one pass that does not, and writes no card where there is none or none is wanted", async () => {
    const { code, stdout } = await probe("steadfast", "--gate", "--no-card");
    assert.equal(code, 0);
    assert.match(stdout, /rewards none of these attacks/);
    assert.doesNotMatch(stdout, /^card/m);
    const card = join(folder.path, "card.md");
    await probe("steadfast", "--card", card, "--limit", "5");
    assert.match(readFileSync(card, "utf8"), /It rewards none of these attacks/);
  });

  it("gives nothing for no scores: a judge that scores no response is an error, and says why", async () => {
    const { code, stderr } = await probe("silent", "--limit", "2");
    assert.equal(code, 2);
    assert.match(stderr, /scored no response .*JUDGE_OUTPUT_UNREADABLE/);
  });

  it("takes the seed that it says it took", async () => {
    const { code, stdout, stderr } = await probe("steadfast", "--limit", "2", "--no-card", "--json", "--seed", "0");
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).seed, 0);
  });

  it("asks no judge for a report that cannot be written", async () => {
    const asked = server.chats.length;
    const { code, stderr } = await probe("steadfast", "--limit", "2", "--no-card", "-o", "rows.jsonl/robustness.json");
    assert.equal(code, 2);
    assert.match(stderr, /cannot write to .*robustness\.json \(E\w+\)/);
    assert.equal(server.chats.length, asked);
  });

  it("asks no judge for a card that cannot be written, or that only a person can put right", async () => {
    const asked = server.chats.length;
    const unwritable = await probe("steadfast", "--limit", "2", "--card", "rows.jsonl/README.md");
    assert.equal(unwritable.code, 2);
    assert.match(unwritable.stderr, /cannot write to .*README\.md \(E\w+\); name another file with --card, or leave it with --no-card/);
    const torn = folder.write("TORN.md", "<!-- begin: rewardgate judges probe -->\n");
    const refused = await probe("steadfast", "--limit", "2", "--card", torn);
    assert.deepEqual([refused.code, /one of the marks/.test(refused.stderr)], [2, true], refused.stderr);
    assert.equal(server.chats.length, asked);
  });

  it("names judges like the one that is not there", async () => {
    const { code, stderr } = await probe("steadfst");
    assert.equal(code, 2);
    assert.match(stderr, /steadfast/);
  });
});
