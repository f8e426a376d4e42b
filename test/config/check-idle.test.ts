import assert from "node:assert/strict";
import { after, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { temporaryFolder } from "../support/bundle.ts";

const folder = temporaryFolder();
after(() => folder.remove());

async function problemsOf(judge: string): Promise<(string | undefined)[][]> {
  const text = `apiVersion: rewardgate/v1\njudges: { agreed: { rule: majority${judge} } }\npanels: { only: { members: [{ judge: agreed }] } }\n`;
  try {
    await loadConfig({ file: folder.write("rewardgate.yaml", text), variables: {} });
    return [];
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID", String(error));
    return error.details.problems!.map(({ path, cause, remedy }) => [path, cause, remedy]);
  }
}

test("a parameter of a majority that its comparison does not read is refused with its place", async () => {
  const options = "leave it out, or write compare: multipleChoice";
  assert.deepEqual(await problemsOf(", options: 4"), [["judges.agreed.options", "options does nothing with compare: exact", options]]);
  assert.deepEqual(await problemsOf(", compare: numeric, options: 5"), [
    ["judges.agreed.options", "options does nothing with compare: numeric", options],
  ]);
  assert.deepEqual(await problemsOf(", compare: multipleChoice, answer: [tag]"), [
    ["judges.agreed.answer", "answer does nothing with compare: multipleChoice", "leave it out: letters have places of their own"],
  ]);
});

test("a parameter of a majority that its comparison reads is taken, and a comparison that there is not is one problem", async () => {
  for (const judge of ["", ", answer: [tag]", ", compare: numeric, answer: [boxed]", ", compare: multipleChoice, options: 4"])
    assert.deepEqual(await problemsOf(judge), [], judge);
  assert.deepEqual(
    (await problemsOf(", compare: numbers, options: 4")).map(([path]) => path),
    ["judges.agreed.compare"],
  );
});
