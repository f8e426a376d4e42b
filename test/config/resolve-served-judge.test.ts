import assert from "node:assert/strict";
import { after, test } from "node:test";
import { pino } from "pino";
import { openGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { DEFAULT_OPTIONS } from "../../src/domain/score.ts";
import { temporaryFolder } from "../support/bundle.ts";
import { startVllmServer, type VllmServer } from "../support/vllm-server.ts";

const folder = temporaryFolder();
const servers: VllmServer[] = [];
after(async () => {
  folder.remove();
  for (const server of servers) await server.close();
});
const TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}";
folder.write("rm.jinja", TEMPLATE);

interface Parts {
  readonly judge?: string;
  readonly backend?: string;
}
function write(
  { judge = "kind: scalar, template: { file: rm.jinja }", backend = "gives: scores" }: Parts,
  url = "http://127.0.0.1:1",
): string {
  return folder.write(
    "rewardgate.yaml",
    [
      "apiVersion: rewardgate/v1",
      `backends: { engine: { type: vllm, url: "${url}", model: rm, ${backend} }, local: { type: onnx } }`,
      `judges: { served: { backend: engine, ${judge} } }`,
      "panels: { reward: { members: [{ judge: served, calibration: none }] } }",
    ].join("\n"),
  );
}
const resolved = async (parts: Parts) => resolve(await loadConfig({ file: write(parts), variables: {} }));
const refuses = (parts: Parts, message: RegExp) =>
  assert.rejects(resolved(parts), (error) => error instanceof GatewayError && message.test(JSON.stringify(error.details.problems)));

test("a scalar and a process judge are made from their templates, for an engine that gives what they read", async () => {
  const scalar = await resolved({});
  assert.deepEqual(
    scalar.judges.map(({ judge }) => [judge.kind, judge.backend, judge.space]),
    [["scalar", "engine", "logit"]],
  );
  assert.deepEqual(
    scalar.engines.map(({ name, server }) => [name, server.model, server.gives]),
    [["engine", "rm", "scores"]],
  );
  const judge =
    'kind: process, template: { text: "{% for m in messages %}{{ m.content }}{% endfor %}" }, marker: <extra_0>, aggregation: sumLogit';
  const process = (await resolved({ judge, backend: "gives: steps" })).judges[0]!.judge;
  assert.deepEqual([process.kind, process.space], ["process", "logit"]);
});

test("the revision follows the template and the model, and not the engine's address", async () => {
  const revision = async (judge: string) => (await resolved({ judge })).judges[0]!.judge.revision;
  const own = await revision("kind: scalar, template: { file: rm.jinja }");
  assert.equal(await revision(`kind: scalar, template: { text: "${TEMPLATE}" }`), own);
  assert.notEqual(await revision(`kind: scalar, template: { text: " ${TEMPLATE}" }`), own);
});

test("what does not fit is said with its place", async () => {
  await refuses({ backend: "gives: steps" }, /kind scalar and backend .* gives steps.*gives: scores/);
  await refuses({ judge: "kind: scalar, template: { file: none.jinja }" }, /template\.file.*cannot be read/);
  folder.write("latin1.jinja", Buffer.from(`für${TEMPLATE}`, "latin1"));
  await refuses({ judge: "kind: scalar, template: { file: latin1.jinja }" }, /template\.file.*not UTF-8/);
  await refuses({ judge: "kind: scalar, template: { file: rm.jinja }, golden: { file: none.jsonl }" }, /0 golden rows/);
  await refuses({ judge: 'kind: scalar, template: { text: "{% for" }' }, /template.*not usable/);
  await refuses(
    {
      judge: "kind: scalar, template: { file: rm.jinja }, backend: local".replace("backend: local", "license: MIT"),
      backend: "gives: steps",
    },
    /gives/,
  );
});

test("golden rows are held against the engine at start, and a gateway whose engine scores otherwise does not start", async () => {
  const server = await startVllmServer();
  servers.push(server);
  const text = (i: number) => `<|user|>Hi<|assistant|>${"x".repeat(i)}`;
  const rows = Array.from({ length: 16 }, (_, i) => ({
    id: String(i),
    prompt: [{ role: "user", content: "Hi" }],
    candidate: "x".repeat(i),
    score: server.score(text(i)),
  }));
  folder.write("golden.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
  const file = write({ judge: "kind: scalar, template: { file: rm.jinja }, golden: { file: golden.jsonl, tolerance: 0.001 }" }, server.url);
  const config = await loadConfig({ file, variables: {} });
  const log = pino({ level: "silent" });
  const gateway = await openGateway(config, { log });
  try {
    const items = [{ id: "a", prompt: [{ role: "user" as const, content: "Hi" }], candidates: [{ content: "xxx" }] }];
    const context = { requestId: "test", transport: "cli", signal: new AbortController().signal } as const;
    const { results } = await gateway.service.score({ panel: "reward", items, options: DEFAULT_OPTIONS }, context);
    assert.ok(Math.abs(results[0]!.candidates[0]!.reward! - server.score(text(3))) < 1e-6);
  } finally {
    await gateway.close();
  }
  const own = server.score;
  server.score = (given) => own(given) + 0.01;
  await assert.rejects(openGateway(config, { log }), (error) => error instanceof GatewayError && /golden scores/.test(error.message));
});
