import assert from "node:assert/strict";
import { after, test } from "node:test";
import { pino } from "pino";
import { openGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { DEFAULT_OPTIONS } from "../../src/domain/score.ts";
import { temporaryFolder } from "../support/bundle.ts";
import { ENGINE_SHAPES, type EngineDouble, rawScore, startEngineDouble } from "../support/engine-doubles.ts";
import { startTeiGrpcDouble, startTritonGrpcDouble } from "../support/grpc-engine-doubles.ts";

const folder = temporaryFolder();
const doubles: EngineDouble[] = [];
after(async () => {
  folder.remove();
  for (const double of doubles) await double.close();
});

test("one panel over every engine of reward models gives each candidate the numbers of its own text", async () => {
  const started = await Promise.all([
    startEngineDouble(ENGINE_SHAPES.sglangClassify, "rm"),
    startEngineDouble(ENGINE_SHAPES.teiRerank, "rm"),
    startEngineDouble(ENGINE_SHAPES.llamacppRerank, "rm"),
    startTritonGrpcDouble("rm"),
    startTeiGrpcDouble("rm", "classifier"),
  ]);
  doubles.push(...started);
  const [sglang, tei, llamacpp, triton, teiGrpc] = started.map(({ url }) => url);
  const scalar = 'kind: scalar, template: { text: "{% for m in messages %}{{ m.content }}|{% endfor %}" }';
  const file = folder.write(
    "rewardgate.yaml",
    `apiVersion: rewardgate/v1
backends:
  sglang: { type: sglang, url: "${sglang}", model: rm }
  tei: { type: tei, url: "${tei}", model: rm, gives: pairs, inputsPerRequest: 4 }
  llamacpp: { type: llamacpp, url: "${llamacpp}", model: rm }
  triton: { type: triton, url: "${triton}", model: rm }
  tei-grpc: { type: tei, url: "${teiGrpc}", model: rm, gives: scores }
judges:
  a: { backend: sglang, ${scalar} }
  b: { backend: tei, kind: reranker }
  c: { backend: llamacpp, kind: reranker, query: allTurns }
  d: { backend: triton, ${scalar} }
  e: { backend: tei-grpc, ${scalar} }
panels:
  all: { members: [${["a", "b", "c", "d", "e"].map((judge) => `{ judge: ${judge}, weight: 0.2, calibration: none }`).join(", ")}] }
`,
  );
  const gateway = await openGateway(await loadConfig({ file, variables: {} }), { log: pino({ level: "silent" }) });
  try {
    const contents = ["yes", "a longer answer", "an answer that is longer still"];
    const items = [{ id: "i", prompt: [{ role: "user" as const, content: "Why?" }], candidates: contents.map((content) => ({ content })) }];
    const context = { requestId: "test", transport: "cli", signal: new AbortController().signal } as const;
    const { results } = await gateway.service.score({ panel: "all", items, options: DEFAULT_OPTIONS }, context);
    const rewards = results[0]!.candidates.map(({ reward }) => reward!);
    const expected = contents.map((content) => 0.2 * (3 * rawScore(`Why?|${content}|`) + 2 * rawScore(content)));
    for (const [index, reward] of rewards.entries()) assert.ok(Math.abs(reward - expected[index]!) < 1e-6, `${rewards} ${expected}`);
  } finally {
    await gateway.close();
  }
});
