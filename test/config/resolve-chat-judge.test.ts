import assert from "node:assert/strict";
import { after, describe, it, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { temporaryFolder } from "../support/bundle.ts";

const folder = temporaryFolder();
after(() => folder.remove());

const LLM = "{ type: openai, url: http://127.0.0.1:1/v1, model: m }";
const CRITIC = "{ kind: critique, backend: llm, rubric: { text: Be kind. } }";

async function resolved(judge: string, backend = LLM) {
  const file = folder.write(
    "rewardgate.yaml",
    `apiVersion: rewardgate/v1\nbackends:\n  llm: ${backend}\njudges:\n  critic: ${judge}\npanels:\n  p: { members: [{ judge: critic, calibration: none }] }\n`,
  );
  return resolve(await loadConfig({ file, variables: {} }));
}

/** Path, cause and remedy of each problem, in one text. */
async function problemsOf(judge: string, backend?: string): Promise<string> {
  const error = await resolved(judge, backend).then(
    () => assert.fail("it resolved"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID", String(error));
  return error.details.problems!.map(({ path, cause, remedy }) => `${path}: ${cause}; ${remedy}`).join("\n");
}

const revisionOf = async (judge: string, backend?: string) => (await resolved(judge, backend)).judges[0]!.judge.revision;

test("a rubric in a file is read, and its text, not its place, decides the revision", async () => {
  folder.write("rubric.md", "Be kind.");
  assert.equal(await revisionOf("{ kind: critique, backend: llm, rubric: { file: rubric.md } }"), await revisionOf(CRITIC));
});

test("the revision changes with rubric, reading, sampling, model and schema, and with nothing else", async () => {
  const base = await revisionOf(CRITIC);
  const others: string[] = [];
  for (const [judge, backend] of [
    [CRITIC.replace("kind.", "kinder.")],
    [CRITIC.replace("rubric", 'reading: { type: "yes" }, rubric')],
    [CRITIC.replace("rubric", "samples: 2, rubric")],
    [CRITIC, LLM.replace("model: m", "model: n")],
    [CRITIC, LLM.replace("model: m", "model: m, structuredOutput: none")],
  ] as const)
    others.push(await revisionOf(judge, backend));
  assert.equal(new Set([base, ...others]).size, 6);
  assert.equal(await revisionOf(CRITIC.replace("rubric", "description: For people., license: MIT, rubric")), base);
  assert.equal(await revisionOf(CRITIC, LLM.replace("127.0.0.1", "localhost").replace("model: m", "model: m, concurrency: 2")), base);
});

test("what does not fit is refused with its place, its cause and a remedy", async () => {
  assert.match(
    await problemsOf(CRITIC, "{ type: onnx }"),
    /judges\.critic\.backend: backend "llm" answers no chat; name a backend of type openai or ollama/,
  );
  assert.match(
    await problemsOf("{ bundle: nowhere, backend: llm }"),
    /judges\.critic\.backend: backend "llm" runs no graph; name a backend of type onnx/,
  );
  assert.match(await problemsOf(CRITIC.replace("text: Be kind.", "file: none.md")), /judges\.critic\.rubric\.file: cannot be read/);
  assert.match(
    await problemsOf(CRITIC.replace("rubric", "secret: { env: REWARDGATE_TEST_UNSET }, rubric")),
    /judges\.critic\.secret: .*REWARDGATE_TEST_UNSET/,
  );
  assert.match(await problemsOf(CRITIC.replace("rubric", "reading: { type: rating, hi: 10 }, rubric")), /judges\.critic\.reading\.hi/);
  assert.match(await problemsOf(CRITIC, LLM.replace("http://", "http://user:key@")), /backends\.llm\.url/);
});

const FILE = `apiVersion: rewardgate/v1
name: kindness
version: 1
rules: [{ name: no insult, text: It insults nobody. }]
principles: [{ name: warm, text: It is warm., weight: 2 }]
`;
const RUBRIC = "{ kind: rubric, backend: llm, rubric: { file: kindness.yaml } }";

test("a rubric's criteria decide the revision, and not where they stand, nor the name and version that people read", async () => {
  folder.write("kindness.yaml", FILE);
  const base = await revisionOf(RUBRIC);
  const inline = "{ rules: [{ name: no insult, text: It insults nobody. }], principles: [{ name: warm, text: It is warm., weight: 2 }] }";
  assert.equal(await revisionOf(RUBRIC.replace("{ file: kindness.yaml }", inline)), base);
  folder.write("kindness.yaml", FILE.replace("version: 1", "version: 2"));
  assert.equal(await revisionOf(RUBRIC), base);
  const { judges } = await resolved(RUBRIC);
  assert.equal(judges[0]!.description, "Rules checked and principles graded under kindness 2, by m.");
  const others = [await revisionOf(RUBRIC.replace("{ file: kindness.yaml }", "request"))];
  for (const [from, to] of [
    ["weight: 2", "weight: 3"],
    ["insults nobody", "hurts nobody"],
    ["no insult,", "insult,"],
  ] as const) {
    folder.write("kindness.yaml", FILE.replace(from, to));
    others.push(await revisionOf(RUBRIC));
  }
  folder.write(
    "kindness.yaml",
    JSON.stringify({ apiVersion: "rewardgate/v1", name: "kindness", version: "1", rules: [{ name: "a", text: "A" }] }),
  );
  others.push(await revisionOf(RUBRIC));
  folder.write("kindness.yaml", FILE);
  for (const keys of ["judging: apart", "grades: 2", "score: weight", "brokenRule: 0.1", "tolerate: [partial]", "samples: 3"]) {
    others.push(await revisionOf(RUBRIC.replace("backend: llm", `backend: llm, ${keys}`)));
  }
  assert.equal(new Set([base, ...others]).size, others.length + 1);
});

test("a rubric's file that is not there or not in form is refused at its place in that file", async () => {
  assert.match(await problemsOf(RUBRIC.replace("kindness", "none")), /judges\.judge|judges\.critic\.rubric\.file: cannot be read/);
  for (const [text, problem] of [
    [
      FILE.replace("text: It is warm.", "words: It is warm."),
      /principles\[0\]\.words: unknown key; did you mean|principles\[0\]\.text: missing/,
    ],
    [FILE.replace("weight: 2", "weight: -2"), /principles\[0\]\.weight/],
    [FILE.replace("name: warm", "name: no insult"), /gives no name twice/],
    ["apiVersion: rewardgate/v1\nname: n\nversion: 1\n", /at least one rule or principle/],
    ["rules: [", /not YAML/],
  ] as const) {
    folder.write("kindness.yaml", text);
    assert.match(await problemsOf(RUBRIC), problem);
  }
  folder.write("kindness.yaml", FILE);
  assert.match(await problemsOf(RUBRIC.replace("backend: llm", "backend: llm, judging: total")), /rules cannot be judged by a total score/);
  assert.match(await problemsOf(RUBRIC.replace("backend: llm", "backend: llm, minValid: 2")), /judges\.critic\.minValid/);
});

test("rubrics, checklists and principles in files that are not UTF-8 are refused, and no judge is asked with other words", async () => {
  const latin1 = (name: string) => folder.write(name, Buffer.from(`# für\n${FILE}`, "latin1"));
  for (const name of ["latin1.yaml", "latin1.md"]) latin1(name);
  for (const [judge, place] of [
    [RUBRIC.replace("kindness", "latin1"), /judges\.critic\.rubric\.file: not UTF-8; save it as UTF-8/],
    [CHECKLIST.replace(ITEMS, "{ file: latin1.yaml }"), /judges\.critic\.checklist\.file: not UTF-8/],
    [CRITIC.replace("text: Be kind.", "file: latin1.md"), /judges\.critic\.rubric\.file: not UTF-8/],
    ["{ kind: pairwise, backend: llm, principles: { file: latin1.md } }", /judges\.critic\.principles\.file: not UTF-8/],
  ] as const) {
    assert.match(await problemsOf(judge), place);
  }
});

const ITEMS = "{ items: [{ name: a, text: A }, { name: b, text: B, dependsOn: [a] }] }";
const CHECKLIST = `{ kind: checklist, backend: llm, checklist: ${ITEMS} }`;

test("a checklist's items, its scope and what it believes decide the revision", async () => {
  const base = await revisionOf(CHECKLIST);
  folder.write("list.yaml", `apiVersion: rewardgate/v1\nname: list\nversion: 7\n${ITEMS.slice(2, -2)}\n`);
  const fromFile = CHECKLIST.replace(ITEMS, "{ file: list.yaml }");
  assert.equal(await revisionOf(fromFile), base);
  assert.equal((await resolved(fromFile)).judges[0]!.description, "Items checked with evidence under list 7, by m.");
  const others: string[] = [];
  for (const [from, to] of [
    ["text: B", "text: C"],
    ["dependsOn: [a]", "weight: 2"],
    ["text: A", "text: A, mustPass: true"],
    ["text: A", "text: A, cite: false"],
    [ITEMS, "request"],
    ["backend: llm", "backend: llm, scope: step"],
    ["backend: llm", "backend: llm, scope: trajectory"],
    ["backend: llm", "backend: llm, minEvidence: 20"],
    ["backend: llm", "backend: llm, minCoverage: 1"],
  ] as const) {
    others.push(await revisionOf(CHECKLIST.replace(from, to)));
  }
  assert.equal(new Set([base, ...others]).size, others.length + 1);
});

test("a checklist that depends on what it does not have, or in a circle, is refused", async () => {
  for (const dependsOn of ["[c]", "[b]"]) {
    assert.match(await problemsOf(CHECKLIST.replace("dependsOn: [a]", `dependsOn: ${dependsOn}`)), /never in a circle/);
  }
  assert.match(await problemsOf(CHECKLIST.replace(ITEMS, "{ file: none.yaml }")), /judges\.critic\.checklist\.file: cannot be read/);
});

describe("judges that compare candidates under principles", () => {
  for (const kind of ["pairwise", "listwise"]) {
    const of = (keys: string) => `{ kind: ${kind}, backend: llm, ${keys} }`;

    it(`${kind}: the principles' text, and what is done with the answers, decide the revision, and not the place of the text`, async () => {
      folder.write("principles.md", "Be kind.");
      const base = await revisionOf(of("principles: { text: Be kind. }"));
      assert.equal(await revisionOf(of("principles: { file: principles.md }")), base);
      const others: string[] = [];
      for (const keys of ["principles: { text: Be kinder. }", "principles: request", "principles: { text: Be kind. }, critique: false"]) {
        others.push(await revisionOf(of(keys)));
      }
      assert.equal(new Set([base, ...others]).size, 4);
    });

    it(`${kind}: what cannot be read or does not fit is refused at its place`, async () => {
      assert.match(await problemsOf(of("principles: { file: none.md }")), /judges\.critic\.principles\.file: cannot be read/);
      assert.match(await problemsOf(of("principles: everything")), /judges\.critic\.principles/);
      assert.match(await problemsOf(of("principles: request, sample: 2")), /judges\.critic\.sample: unknown key; .*samples/);
    });
  }

  it("a score that the opponents do not have is refused with those that they have", async () => {
    const problems = await problemsOf("{ kind: pairwise, backend: llm, principles: request, opponents: knockout, score: winRate }");
    assert.match(problems, /judges\.critic\.score: these opponents have no such score; .*knockout: roundsWon, bradleyTerry/);
  });
});
