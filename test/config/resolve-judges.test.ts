import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { temporaryFolder } from "../support/bundle.ts";

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
      assert.match(await problems("{ rule: numeric }", `, calibration: ${calibration}`), /follows a rule and has no model.*use none/);
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
