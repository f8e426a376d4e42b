import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { temporaryFolder, writeBundle } from "../support/bundle.ts";

const folder = temporaryFolder();
after(() => folder.remove());

const resolved = async (judge: string, member = "") => {
  const text = `apiVersion: rewardgate/v1\njudges:\n  check: ${judge}\npanels:\n  p: { members: [{ judge: check${member} }] }\n`;
  return resolve(await loadConfig({ file: folder.write("rewardgate.yaml", text), variables: {} }));
};
const problems = async (judge: string, member = ""): Promise<string> => {
  try {
    await resolved(judge, member);
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID", String(error));
    return error.details.problems!.map(({ path, cause, remedy }) => `${path}: ${cause}; ${remedy}`).join("\n");
  }
  return "";
};

describe("a judge that follows a rule", () => {
  it("needs no backend, and its member no calibration", async () => {
    const { judges, backends, panels } = await resolved("{ rule: numeric }");
    assert.deepEqual(backends, []);
    assert.equal(judges[0]!.bundle, undefined);
    assert.match(judges[0]!.description, /number of the reference/);
    assert.ok("space" in panels[0]! && panels[0].space === "unit");
  });

  it("has a revision that says its rule and every parameter, those by default too", async () => {
    const revision = async (judge: string) => (await resolved(judge)).judges[0]!.judge.revision;
    const plain = await revision("{ rule: numeric }");
    assert.equal(await revision("{ rule: numeric, rel: 0.001 }"), plain);
    assert.notEqual(await revision("{ rule: numeric, rel: 0.01 }"), plain);
    assert.notEqual(await revision("{ rule: exact }"), plain);
  });

  it("takes a calibration by numbers and none that was fitted on a model", async () => {
    assert.equal(await problems("{ rule: numeric }", ", calibration: { method: affine, slope: 2, intercept: -1 }"), "");
    for (const calibration of ["bundle", "{ file: c.json }"])
      assert.match(await problems("{ rule: numeric }", `, calibration: ${calibration}`), /has no bundle.*use none/);
  });

  const refused: [what: string, judge: string, says: RegExp][] = [
    ["an unknown rule", "{ rule: numerc }", /judges\.check\.rule: "numerc" is not allowed; did you mean numeric\?/],
    ["an unknown key", "{ rule: numeric, relative: 1 }", /judges\.check\.relative: unknown key/],
    ["a wrong value", "{ rule: numeric, rel: -1 }", /judges\.check\.rel: .*correct it: share of the reference/],
    ["a backend for a rule", "{ rule: numeric, backend: local }", /judges\.check\.backend: unknown key/],
    ["a pattern that RE2 does not have", "{ rule: pattern, pattern: '(a)\\1' }", /judges\.check: the pattern is not one of RE2/],
    ["a schema that is none", "{ rule: jsonSchema, schema: { type: thing } }", /judges\.check: the schema is not usable/],
    ["a band upside down", "{ rule: lengthBand, min: 2, max: 1 }", /judges\.check\.max: max is below min/],
    ["neither a bundle nor a rule", "{ overlong: error }", /judges\.check\.bundle: missing/],
  ];
  for (const [what, judge, says] of refused) it(`refuses ${what}`, async () => assert.match(await problems(judge), says));
});

describe("parameters of a kind in the configuration", () => {
  const model = {
    maxTokens: 64,
    template: "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}</s>",
    inputs: { ids: "input_ids", mask: "attention_mask", segments: "token_type_ids" },
    outputs: { scores: "scores" },
  };
  const manifest = { kind: "multi_response", model, most: 4, company: "seen", beyond: "refuse" };
  writeBundle(folder, "group", { manifest, calibration: undefined });
  writeBundle(folder, "reward");
  const judge = (params = "", bundle = "group") => `{ bundle: models/${bundle}, backend: local${params} }`;
  const config = (line: string) => `${line}\nbackends:\n  local: { type: onnx }`;

  it("take the place of the bundle's, and are part of the revision; golden scores are tested as the bundle says", async () => {
    const [plain] = (await resolved(config(judge()), ", calibration: none")).judges;
    const [stated] = (await resolved(config(judge(", params: { orders: 2, beyond: chunk }")), ", calibration: none")).judges;
    const item = { id: "i", prompt: [{ role: "user" as const, content: "hi" }], candidates: [{ content: "a" }, { content: "b" }] };
    assert.equal(plain!.judge.encode(item)[0]!.calls.length, 1);
    assert.equal(stated!.judge.encode(item)[0]!.calls.length, 2);
    assert.notEqual(plain!.judge.revision, stated!.judge.revision);
    assert.deepEqual(stated!.goldenJudge.encode(item)[0]!.calls, plain!.goldenJudge.encode(item)[0]!.calls);
  });

  const refused: [what: string, judge: string, says: RegExp][] = [
    [
      "a key of the model",
      judge(", params: { most: 8 }"),
      /judges\.check\.params\.most: belongs to the bundle .* may set beyond, anchors, orders/,
    ],
    ["names of tensors", judge(", params: { outputs: { scores: x } }"), /judges\.check\.params\.outputs: belongs to the bundle/],
    ["a wrong value", judge(", params: { orders: 0 }"), /judges\.check\.params\.orders: /],
    ["what does not fit the bundle", judge(", params: { anchors: 4 }"), /judges\.check\.params\.anchors: must be fewer/],
    [
      "any for a kind that has none",
      judge(", params: { most: 8 }", "reward"),
      /belongs to the bundle of a judge of kind scalar; leave it out/,
    ],
  ];
  for (const [what, line, says] of refused)
    it(`do not take ${what}`, async () => assert.match(await problems(config(line), ", calibration: none"), says));
});
