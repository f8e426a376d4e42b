import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openGateway } from "../../src/app.ts";
import { BACKEND_PARAMS, createOnnxBackend } from "../../src/backends/index.ts";
import { loadConfig } from "../../src/config/load.ts";
import { type CallResult, type ForwardCall, segmentsOf } from "../../src/domain/backend.ts";
import type { Item } from "../../src/domain/item.ts";
import type { Judge, JudgeSpec } from "../../src/domain/judge.ts";
import { DEFAULT_OPTIONS } from "../../src/domain/score.ts";
import { pairModel } from "../../src/judges/pair-model.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { temporaryFolder, writeBundle } from "../support/bundle.ts";
import { judged } from "../support/judged.ts";
import { buildModel, writeTestBundle } from "../support/onnx-model.ts";
import { tokenizerJson } from "../support/tokenizer.ts";

/** Both responses behind the prompt, the second behind a separator. */
const TEMPLATE =
  "[CLS]{% for m in messages %}{% if loop.revindex <= 2 %}[SEP]{{ m.content }}{% else %}[USER]{{ m.content }}{% endif %}{% endfor %}[SEP]";
const SPEC: JudgeSpec = {
  name: "pairs",
  revision: "r",
  backend: "trunk",
  template: TEMPLATE,
  overlong: "error",
  space: "unit",
  determinism: { class: "tolerance", bound: 1e-5 },
};
const judgeOf = (params: Record<string, unknown> = {}): Judge =>
  pairModel.create(SPEC, pairModel.params.parse({ outputs: { score: "reward" }, ...params }));
const itemOf = (...texts: string[]): Item => ({
  id: "i",
  prompt: [{ role: "user", content: "what" }],
  candidates: texts.map((content) => ({ content })),
});

const folder = temporaryFolder();
const cleanups: (() => unknown)[] = [() => folder.remove()];
after(async () => {
  for (const clean of cleanups) await clean();
});

test("it asks one forward call per pair and order, with both responses as candidates' text in the template", () => {
  const [ask] = judgeOf().encode(itemOf("good", "bad", "fine"));
  assert.equal(ask!.calls.length, 6);
  assert.deepEqual(segmentsOf(ask!.calls[1]!), [
    { origin: "control", text: "[CLS][USER]" },
    { origin: "prompt", text: "what" },
    { origin: "control", text: "[SEP]" },
    { origin: "candidate", text: "bad" },
    { origin: "control", text: "[SEP]" },
    { origin: "candidate", text: "good" },
    { origin: "control", text: "[SEP]" },
  ]);
});

test("it takes off the ends of contents what the template takes off", () => {
  const trimming = TEMPLATE.replaceAll("m.content", "m.content | trim");
  const judge = pairModel.create({ ...SPEC, template: trimming }, pairModel.params.parse({ outputs: { score: "reward" } }));
  const [ask] = judge.encode({ ...itemOf(" good\n", "bad "), prompt: [{ role: "user", content: "\nwhat " }] });
  const contents = segmentsOf(ask!.calls[0]!).flatMap(({ origin, text }) => (origin === "control" ? [] : [text]));
  assert.deepEqual(contents, ["what", "good", "bad"]);
});

test("the logit that the first is better becomes a probability, averaged over both orders", () => {
  const logits: Record<string, number> = { "a,b": 2, "b,a": -1 };
  const answer = (call: ForwardCall): CallResult => {
    const texts = call.segments.flatMap(({ origin, text }) => (origin === "candidate" ? [text] : []));
    return { outputs: { reward: Float32Array.of(logits[texts.join()]!) }, tokens: 3 };
  };
  const sigma = (x: number) => 1 / (1 + Math.exp(-x));
  const expected = (sigma(2) + 1 - sigma(-1)) / 2;
  const { scores } = judged(judgeOf(), itemOf("a", "b"), answer);
  const [first, second] = scores.map((raw) => (raw.outcome === "scored" ? raw.value : Number.NaN));
  assert.ok(Math.abs(first! - expected) < 1e-12 && Math.abs(first! + second! - 1) < 1e-12);
  const broken = judged(judgeOf(), itemOf("a", "b"), (call: ForwardCall) => ({
    ...answer(call),
    outputs: { reward: Float32Array.of(Number.NaN) },
  }));
  assert.deepEqual(
    broken.scores.map((raw) => raw.outcome === "failed" && raw.error.reason),
    ["SCORE_NOT_FINITE", "SCORE_NOT_FINITE"],
  );
});

test("it needs two responses, roles that its template takes, and a template that shows both", () => {
  assert.match(judgeOf().notApplicable(itemOf("a"))!, /has one/);
  const strict = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}";
  const picky = pairModel.create({ ...SPEC, template: strict + TEMPLATE }, pairModel.params.parse({ outputs: { score: "reward" } }));
  const withSystem: Item = {
    ...itemOf("a", "b"),
    prompt: [
      { role: "system", content: "s" },
      { role: "user", content: "u" },
    ],
  };
  assert.match(picky.notApplicable(withSystem)!, /no system/);
  const oneOnly = "{% for m in messages[:-1] %}{{ m.content }}{% endfor %}";
  assert.throws(() => pairModel.create({ ...SPEC, template: oneOnly }, pairModel.params.parse({ outputs: { score: "reward" } })), {
    reason: "CONFIG_INVALID",
  });
  assert.equal(judgeOf({ score: "bradleyTerry" }).space, "logit");
});

test("a bundle of its kind serves through a gateway, in both orders, and a configuration chooses the opponents", async () => {
  const bundle = writeTestBundle();
  cleanups.push(() => bundle.remove());
  const settings = BACKEND_PARAMS.onnx.parse({ type: "onnx", device: "cpu" });
  const backend = await createOnnxBackend({ ...settings, ...bundle, name: "golden", maxTokens: 64, batchable: true });
  const judge = judgeOf();
  const score = async (item: Item) => {
    const [ask] = judge.encode(item);
    const prepared = await backend.prepare(ask!.calls);
    const results = await backend.run(prepared.map((call) => (call instanceof Error ? assert.fail(call) : call)));
    return judge.decode(ask!, results, item).map((raw) => (raw.outcome === "scored" ? raw.value : Number.NaN));
  };
  const texts = ["good", "bad", "fine", "yes", "no", "word"];
  const golden: Record<string, unknown>[] = [];
  for (let n = 0; n < 16; n++) {
    const candidates = [texts[n % 6]!, `${texts[(n + 1) % 6]!} ${n}`, texts[(n + 2) % 6]!];
    golden.push({ id: `row-${n}`, prompt: [{ role: "user", content: "what" }], candidates, scores: await score(itemOf(...candidates)) });
  }
  const expected = await score(itemOf("good", "bad", "no"));
  await backend.close();
  assert.equal(new Set(expected).size, 3);
  writeBundle(folder, "pairs", {
    graph: buildModel(),
    tokenizer: tokenizerJson(),
    golden,
    calibration: undefined,
    manifest: {
      kind: "pairwise",
      space: "unit",
      model: {
        maxTokens: 64,
        template: TEMPLATE,
        inputs: { ids: "input_ids", mask: "attention_mask", segments: "token_type_ids" },
        outputs: { score: "reward" },
      },
    },
  });
  const file = folder.write(
    "rewardgate.yaml",
    `apiVersion: rewardgate/v1
backends: { cpu: { type: onnx, device: cpu } }
judges:
  pairs: { bundle: models/pairs, backend: cpu }
  cup: { bundle: models/pairs, backend: cpu, params: { opponents: knockout } }
panels:
  pairs: { members: [{ judge: pairs, calibration: none }] }
  cup: { members: [{ judge: cup, calibration: none }] }
`,
  );
  const gateway = await openGateway(await loadConfig({ file, variables: {} }), { log: createLogger({ level: "silent" }) });
  cleanups.unshift(() => gateway.close(0));
  const context = { signal: new AbortController().signal, requestId: "r", transport: "cli" as const };
  const rewards = async (panel: string) => {
    const request = { panel, items: [itemOf("good", "bad", "no")], options: DEFAULT_OPTIONS };
    return (await gateway.service.score(request, context)).results[0]!.candidates.map(({ reward }) => reward!);
  };
  for (const [index, reward] of (await rewards("pairs")).entries()) assert.ok(Math.abs(reward - expected[index]!) < 1e-6);
  assert.deepEqual((await rewards("cup")).toSorted(), [0, 0.5, 1]);
});
