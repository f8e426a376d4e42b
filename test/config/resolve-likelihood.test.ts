import assert from "node:assert/strict";
import { after, test } from "node:test";
import { pino } from "pino";
import { openGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { DEFAULT_OPTIONS } from "../../src/domain/score.ts";
import { temporaryFolder } from "../support/bundle.ts";
import { CHATML, CHATML_TEMPLATE, type LogprobsServer, startLogprobsServer } from "../support/logprobs-server.ts";

const folder = temporaryFolder();
const servers: LogprobsServer[] = [];
after(async () => {
  folder.remove();
  for (const server of servers) await server.close();
});
folder.write("tokenizer.json", CHATML);
folder.write("chatml.jinja", CHATML_TEMPLATE);

const JUDGE = 'template: { file: chatml.jinja }, lead: "\\n\\nThe answer is ", end: <|im_end|>';
interface Parts {
  readonly judge?: string;
  readonly backend?: string;
  readonly url?: string;
}
function write({ judge = JUDGE, backend = "tokenizer: { file: tokenizer.json }", url = "http://127.0.0.1:1" }: Parts): string {
  return folder.write(
    "rewardgate.yaml",
    [
      "apiVersion: rewardgate/v1",
      `backends: { policy: { type: logprobs, engine: vllm, url: "${url}", model: policy, ${backend} }, other: { type: onnx } }`,
      `judges: { answer: { kind: likelihood, backend: policy, ${judge} } }`,
      "panels: { reasoning: { members: [{ judge: answer, calibration: none }] } }",
    ].join("\n"),
  );
}
const resolved = async (parts: Parts) => resolve(await loadConfig({ file: write(parts), variables: {} }));
const refuses = (parts: Parts, message: RegExp) =>
  assert.rejects(resolved(parts), (error) => error instanceof GatewayError && message.test(JSON.stringify(error.details.problems)));

test("a judge of likelihood is made for an engine that tells log-probabilities", async () => {
  const { judges, likelihoods } = await resolved({});
  assert.deepEqual(
    judges.map(({ judge, description }) => [judge.kind, judge.backend, judge.space, description]),
    [["likelihood", "policy", "logProbability", "How likely policy finds the reference, given a candidate."]],
  );
  assert.deepEqual(
    likelihoods.map(({ name, logprobs }) => [name, logprobs.engine, logprobs.model, logprobs.tokenizer === CHATML]),
    [["policy", "vllm", "policy", true]],
  );
});

test("the revision follows whatever decides a score, and not the engine's address", async () => {
  const revision = async (parts: Parts) => (await resolved(parts)).judges[0]!.judge.revision;
  const own = await revision({});
  assert.equal(await revision({ url: "http://127.0.0.1:2" }), own);
  folder.write("other.json", `${CHATML}\n`);
  const others = new Set([own]);
  for (const parts of [
    { judge: JUDGE.replace("answer", "result") },
    { judge: JUDGE.replace("end: <|im_end|>", "license: MIT") },
    { judge: `${JUDGE}, reading: mean` },
    { judge: `${JUDGE}, of: prompt` },
    { backend: "tokenizer: { file: other.json }" },
  ])
    others.add(await revision(parts));
  assert.equal(others.size, 6);
});

test("what does not fit is said with its place", async () => {
  await refuses({ judge: JUDGE.replace("chatml.jinja", "none.jinja") }, /template\.file.*cannot be read/);
  folder.write("latin1.json", Buffer.from("für", "latin1"));
  await refuses({ judge: JUDGE.replace("chatml.jinja", "latin1.json") }, /template\.file.*not UTF-8/);
  await refuses({ backend: "tokenizer: { file: latin1.json }" }, /backends\.policy\.tokenizer\.file.*not UTF-8/);
  await refuses({ backend: "tokenizer: { file: none.json }" }, /backends\.policy\.tokenizer\.file.*tokenizer\.json of the model/);
  await refuses({ judge: `${JUDGE}, golden: { file: none.jsonl }` }, /0 golden rows/);
  await refuses({ judge: JUDGE.replace("{ file: chatml.jinja }", '{ text: "{% for" }') }, /template.*not usable/);
  const elsewhere = folder.write(
    "rewardgate.yaml",
    "apiVersion: rewardgate/v1\nbackends: { local: { type: onnx } }\n" +
      `judges: { answer: { kind: likelihood, backend: local, ${JUDGE} } }\npanels: { p: { members: [{ judge: answer, calibration: none }] } }`,
  );
  await assert.rejects(
    loadConfig({ file: elsewhere, variables: {} }).then((config) => resolve(config)),
    (error) => error instanceof GatewayError && /type logprobs/.test(JSON.stringify(error.details.problems)),
  );
});

test("golden rows with their references are held against the engine at start, and scores come back with what they are made from", async () => {
  const server = await startLogprobsServer();
  servers.push(server);
  const items = Array.from({ length: 16 }, (_, i) => ({
    id: String(i),
    prompt: [{ role: "user" as const, content: `${i} good?` }],
    reference: `${i} bread`,
    candidates: [{ content: "water ".repeat(i) }],
  }));
  const context = { requestId: "test", transport: "cli", signal: new AbortController().signal } as const;
  const log = pino({ level: "silent" });
  const open = async (parts: Parts) =>
    openGateway(await loadConfig({ file: write({ ...parts, url: server.url }), variables: {} }), { log });

  const gateway = await open({});
  const { results } = await gateway.service.score({ panel: "reasoning", items, options: { ...DEFAULT_OPTIONS, detail: "full" } }, context);
  await gateway.close();
  const scores = results.map(({ candidates }) => candidates[0]!.reward!);
  assert.ok(new Set(scores).size > 10);
  const [part] = results[1]!.candidates[0]!.judges;
  assert.deepEqual(
    part!.findings?.map(({ name }) => name),
    ["log-probability", "tokens"],
  );

  const rows = items.map(({ candidates, ...item }, i) => ({ ...item, candidate: candidates[0]!.content, score: scores[i] }));
  folder.write("golden.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
  const judge = `${JUDGE}, golden: { file: golden.jsonl, tolerance: 0.001 }`;
  await (await open({ judge })).close();
  const own = server.logprob;
  server.logprob = (ids, at) => own(ids, at)! - 0.001;
  await assert.rejects(open({ judge }), (error) => error instanceof GatewayError && /golden scores/.test(error.message));
});
