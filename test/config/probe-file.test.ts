import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { temporaryFolder } from "../support/bundle.ts";

const folder = temporaryFolder();
const HEAD = `apiVersion: rewardgate/v1
judges:
  right: { rule: exact }
panels:
  p: { members: [{ judge: right, name: first }] }
  table: { routes: [{ when: { domain: code }, panel: p }], otherwise: p }
`;

async function resolved(probes: string, only?: string[]) {
  const file = folder.write("rewardgate.yaml", `${HEAD}runs: { probes: ${probes} }\n`);
  return resolve(await loadConfig({ file, variables: {} }), only);
}

async function problems(lines: string | Buffer, probes = "{ p: { file: probes.jsonl } }"): Promise<string[]> {
  folder.write("probes.jsonl", lines);
  try {
    await resolved(probes);
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID", String(error));
    return error.details.problems!.map(({ line, path, cause, remedy }) => `${line ?? ""} ${path}: ${cause}; ${remedy}`);
  }
  return [];
}

before(() => void folder.write("probes.jsonl", ""));
after(() => folder.remove());

describe("a probe file", () => {
  it("gives probes with the claim that each line makes", async () => {
    folder.write(
      "probes.jsonl",
      `{"id": "a", "prompt": "Two and two?", "candidate": "", "honest": "4", "reference": "4"}

{"id": "b", "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}], "candidate": ":", "below": 0.5, "member": "first"}
{"id": "c", "prompt": "Hi", "candidate": "Solution", "domain": "code", "language": "en"}
`,
    );
    const { probes } = await resolved("{ p: { file: probes.jsonl, everyMinutes: 2 } }");
    assert.deepEqual(
      probes.map(({ panel, everyMs }) => [panel, everyMs]),
      [["p", 120_000]],
    );
    const [a, b, c] = probes[0]!.probes;
    assert.deepEqual(a, {
      claim: { claim: "notAboveHonest" },
      item: {
        id: "a",
        prompt: [{ role: "user", content: "Two and two?" }],
        candidates: [{ content: "" }, { content: "4" }],
        reference: "4",
      },
    });
    assert.deepEqual([b!.claim, b!.member, b!.item.prompt.length], [{ claim: "below", bound: 0.5 }, "first", 2]);
    assert.deepEqual([c!.claim, c!.item.domain, c!.item.language], [{ claim: "notAboveMedian" }, "code", "en"]);
  });

  it("is not read where only some panels are asked for", async () => {
    folder.write("probes.jsonl", "nonsense");
    assert.deepEqual((await resolved("{ p: { file: probes.jsonl } }", ["p"])).probes, []);
  });

  for (const [what, lines, says] of [
    ["no JSON", "{", /^1 : not JSON; write one JSON object a line$/],
    ["an unknown key", '{"id": "a", "prompt": "x", "candidate": "", "bellow": 1}', /^1 .*bellow.*; .*below/],
    ["no candidate", '{"id": "a", "prompt": "x"}', /^1 candidate: /],
    ["two claims", '{"id": "a", "prompt": "x", "candidate": "", "honest": "y", "below": 1}', /^1 : a probe with two claims/],
    [
      "an id that is there twice",
      '{"id": "a", "prompt": "x", "candidate": ""}\n{"id": "a", "prompt": "x", "candidate": ""}',
      /^2 id: probe "a" is there twice/,
    ],
    [
      "a member that is not there",
      '{"id": "a", "prompt": "x", "candidate": "", "member": "firts"}',
      /^1 member: panel "p" has no member "firts"; .*first/,
    ],
    ["nothing", "\n", /: no probe; /],
  ] as const) {
    it(`with ${what} is refused with its line and a remedy`, async () => {
      const found = await problems(lines);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0]!, says);
    });
  }

  it("that is not UTF-8 is refused, and judges no other words than were written", async () => {
    const line = JSON.stringify({ id: "a", prompt: "für", candidate: "x" });
    const [found] = await problems(Buffer.from(line, "latin1"));
    assert.match(found!, /runs\.probes\.p\.file: not UTF-8; save it as UTF-8/);
    assert.deepEqual(await problems(line), []);
  });

  it("that is not there is refused, and so are panels that are not there and tables", async () => {
    assert.match(
      (await problems("", "{ p: { file: other.jsonl } }"))[0]!,
      /runs\.probes\.p\.file: probe file "other\.jsonl" cannot be read/,
    );
    assert.match((await problems("", "{ q: { file: probes.jsonl } }"))[0]!, /runs\.probes\.q: no panel "q"/);
    assert.match((await problems("", "{ table: { file: probes.jsonl } }"))[0]!, /runs\.probes\.table: panel "table" is a table/);
  });
});
