import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { backendsOf } from "../../src/domain/judge.ts";
import { temporaryFolder } from "../support/bundle.ts";

const folder = temporaryFolder();
after(() => folder.remove());

const FACTS = "{ type: tool, url: http://127.0.0.1:1/run, apiKey: { file: keys/facts } }";
const TOOLS = "{ calculator: { type: calculator }, lookup: { type: service, backend: facts, description: Looks a fact up. } }";
const CRITIC = `{ kind: critique, backend: llm, rubric: { text: Right. }, tools: ${TOOLS} }`;

async function resolved(judge = CRITIC, facts = FACTS) {
  const file = folder.write(
    "rewardgate.yaml",
    `apiVersion: rewardgate/v1
backends:
  llm: { type: openai, url: http://127.0.0.1:1/v1, model: m }
  facts: ${facts}
  unused: ${FACTS}
judges:
  critic: ${judge}
panels:
  p: { members: [{ judge: critic, calibration: none }] }
`,
  );
  return resolve(await loadConfig({ file, variables: {} }));
}

async function problemsOf(judge: string, facts?: string): Promise<string> {
  const error = await resolved(judge, facts).then(
    () => assert.fail("it resolved"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID", String(error));
  return error.details.problems!.map(({ path, cause, remedy }) => `${path}: ${cause}; ${remedy}`).join("\n");
}

test("a judge may ask its tools' services, and needs its chat server alone", async () => {
  const { judges, tools } = await resolved();
  const [{ judge }] = judges as [(typeof judges)[number]];
  assert.deepEqual([backendsOf(judge), judge.mayAsk], [["llm"], ["facts"]]);
  assert.deepEqual(
    tools.map(({ name, tools: { apiKey, responseTimeoutSeconds } }) => [name, apiKey, responseTimeoutSeconds]),
    [["facts", { file: path.join(folder.path, "keys/facts") }, 10]],
  );
});

test("names, descriptions, addresses, promises and rounds are part of the revision, and names of backends are not", async () => {
  const revisionOf = async (judge = CRITIC, facts?: string) => (await resolved(judge, facts)).judges[0]!.judge.revision;
  const revisions: string[] = [];
  for (const [judge, facts] of [
    [CRITIC],
    [CRITIC.replace(`, tools: ${TOOLS}`, "")],
    [CRITIC.replace("lookup:", "search:")],
    [CRITIC.replace("Looks a fact up.", "Looks facts up.")],
    [CRITIC.replace("backend: facts", "tool: find, backend: facts")],
    [CRITIC.replace("backend: facts", "deterministic: true, backend: facts")],
    [CRITIC.replace(TOOLS, `${TOOLS}, rounds: 4`)],
    [CRITIC.replace("calculator: {", "sums: {")],
    [CRITIC, FACTS.replace("/run", "/v2")],
  ] as const)
    revisions.push(await revisionOf(judge, facts));
  assert.equal(new Set(revisions).size, revisions.length);
  assert.equal(await revisionOf(CRITIC.replace("backend: facts", "backend: unused")), revisions[0]);
  assert.equal(await revisionOf(CRITIC, FACTS.replace("keys/facts", "keys/other")), revisions[0]);
});

test("a tool on a backend that is not there, or that runs none, and an address that is none are refused in their places", async () => {
  assert.match(
    await problemsOf(CRITIC.replace("backend: facts", "backend: fcts")),
    /judges\.critic\.tools\.lookup\.backend: no backend "fcts"; did you mean facts\?/,
  );
  assert.match(
    await problemsOf(CRITIC.replace("backend: facts", "backend: llm")),
    /judges\.critic\.tools\.lookup\.backend: backend "llm" runs no tools; name a backend of type tool/,
  );
  assert.match(
    await problemsOf(CRITIC.replace("backend: llm", "backend: facts")),
    /judges\.critic\.backend: backend "facts" answers no chat/,
  );
  assert.match(await problemsOf(CRITIC, "{ type: tool, url: file:///etc/passwd }"), /backends\.facts\.url/);
  assert.match(await problemsOf(CRITIC, "{ type: tool, url: http://user:key@127.0.0.1/ }"), /no user, password, query or fragment/);
});
