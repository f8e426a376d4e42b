import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parse as loadYaml } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import type { ForwardCall } from "../../src/domain/backend.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { isRouter, type Panel, type Router } from "../../src/domain/panel.ts";
import { OBJECTIVES_MANIFEST, temporaryFolder, writeBundle } from "../support/bundle.ts";
import { CHATML } from "../support/logprobs-server.ts";

const folder = temporaryFolder();
before(() => {
  writeBundle(folder, "reward");
  writeBundle(folder, "objectives", { manifest: OBJECTIVES_MANIFEST });
  writeBundle(folder, "rating", { manifest: { space: "unit" }, calibration: undefined });
});
after(() => folder.remove());

const HEAD = `apiVersion: rewardgate/v1
backends:
  local: { type: onnx }
  other: { type: onnx, device: cuda }
judges:
  reward: { bundle: models/reward, backend: local }
  objectives: { bundle: models/objectives, backend: local, overlong: truncate }
  elsewhere: { bundle: models/reward, backend: other }
  rating: { bundle: models/rating, backend: local }
`;
const PANEL = `panels:
  chat:
    members:
      - { judge: objectives, weight: 0.5 }
      - { judge: reward, weight: 0.5, onFailure: { impute: -1 } }
`;

async function resolved(text: string, only?: string[]) {
  const file = folder.write("rewardgate.yaml", text);
  return resolve(await loadConfig({ file, variables: {} }), only);
}

async function problems(panel: string): Promise<string[]> {
  try {
    await resolved(`${HEAD}panels:\n  p:\n${panel.replace(/^/gm, "    ")}`);
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID", String(error));
    return error.details.problems!.map(({ path, cause, remedy }) => `${path}: ${cause}; ${remedy}`);
  }
  return [];
}

/** A panel of judges, which is no table. */
function judging(panel: Panel | Router | undefined): Panel {
  assert.ok(panel !== undefined && !isRouter(panel));
  return panel;
}

describe("resolve", () => {
  it("opens one backend for two judges that read the same graph, with the outputs of both", async () => {
    const { backends, judges } = await resolved(HEAD + PANEL, ["chat"]);
    assert.equal(backends.length, 1);
    const [plan] = backends;
    assert.equal(plan!.name, "local/trunk");
    assert.deepEqual(plan!.onnx.outputs, ["gating", "objectives", "reward"]);
    assert.deepEqual(plan!.judges, ["reward", "objectives"]);
    assert.equal(plan!.onnx.batchable, true);
    for (const { judge } of judges) assert.equal(judge.backend, "local/trunk");
  });

  it("opens a backend of its own for the same graph on another backend", async () => {
    const { backends } = await resolved(HEAD + PANEL);
    assert.deepEqual(
      backends.map(({ name, judges }) => [name, judges.length]),
      [
        ["local/trunk", 3],
        ["other/trunk", 1],
      ],
    );
  });

  it("gives panels whose members carry calibration, weight and policy", async () => {
    const { panels } = await resolved(HEAD + PANEL, ["chat"]);
    const [objectives, reward] = judging(panels[0]).members;
    assert.equal(objectives!.calibration!.apply(1), 2.5);
    assert.deepEqual(objectives!.onFailure, { policy: "fail" });
    assert.deepEqual(reward!.onFailure, { policy: "impute", value: -1 });
    assert.equal(judging(panels[0]).space, "logit");
    assert.equal(judging(panels[0]).aggregation.method, "weightedSum");
  });

  it("changes a revision exactly when what it stands for changes", async () => {
    const first = await resolved(HEAD + PANEL);
    const again = await resolved(HEAD + PANEL);
    const reweighed = await resolved(HEAD + PANEL.replace("weight: 0.5 }", "weight: 0.6 }"));
    const strict = await resolved(HEAD.replace("overlong: truncate", "overlong: error") + PANEL);
    const revisions = ({ judges, panels }: typeof first) => ({
      judges: judges.map(({ judge }) => judge.revision),
      members: judging(panels[0]).members.map(({ revision }) => revision),
      panel: panels[0]!.revision,
    });
    assert.deepEqual(revisions(first), revisions(again));
    assert.equal(first.configDigest, again.configDigest);
    assert.deepEqual(revisions(reweighed).members, revisions(first).members);
    assert.notEqual(revisions(reweighed).panel, revisions(first).panel);
    assert.notEqual(revisions(strict).judges[1], revisions(first).judges[1]);
    assert.equal(revisions(strict).judges[0], revisions(first).judges[0]);
    assert.notEqual(reweighed.configDigest, first.configDigest);
  });

  it("keeps a judge that truncates for the golden scores, whatever the configuration says", async () => {
    const { judges } = await resolved(HEAD + PANEL);
    const reward = judges.find(({ judge }) => judge.name === "reward")!;
    const overlong = (judge: typeof reward.judge) => (judge.encode(reward.goldens[0]!.item)[0]!.calls[0] as ForwardCall).overlong;
    assert.deepEqual([overlong(reward.judge), overlong(reward.goldenJudge)], ["error", "truncate"]);
    assert.equal(reward.goldens.length, 16);
  });

  it("names the panel that does not exist", async () => {
    await assert.rejects(resolved(HEAD + PANEL, ["chta"]), (error) => {
      assert.ok(error instanceof GatewayError && error.reason === "PANEL_NOT_FOUND");
      assert.deepEqual(error.details.suggestions, ["chat"]);
      return true;
    });
  });

  it("weighs judges by the gating of one of them", async () => {
    const panel = `
members:
  - { judge: objectives, required: true }
  - { judge: reward }
aggregation:
  method: gatedSum
  gatingFrom: objectives
  objectives: { objectives: [harmlessness], reward: [helpfulness] }`;
    const { panels } = await resolved(`${HEAD}panels:\n  p:\n${panel.replace(/^/gm, "    ")}`);
    const scores = { members: [0, 1], scores: Float64Array.of(-2, 4), weights: Float64Array.of(1, 1) };
    const [aggregate] = judging(panels[0]).aggregation.aggregate([{ ...scores, gating: [Float64Array.of(0.75, 0.25, 0), undefined] }]);
    assert.equal(aggregate!.reward, 0.75 * 4 - 0.25 * 2);
    assert.match((await problems(panel.replace(", required: true", "")))[0]!, /aggregation\.gatingFrom: .*required: true/);
    assert.match((await problems(panel.replace("[helpfulness]", "[helpfulnes]")))[0]!, /objectives\.reward\[0\]: .*no objective/);
  });

  it("refuses members in different spaces, and names both and a way out", async () => {
    const [problem] = await problems("members:\n  - { judge: reward }\n  - { judge: rating, calibration: none }");
    assert.match(problem!, /^panels\.p\.members: /);
    assert.match(problem!, /reward in logit, rating in unit/);
    assert.match(problem!, /bring all to logit.*calibration affine with spaceOut: logit/);
  });

  it("takes members of different spaces where only ranks count", async () => {
    const panel = "members:\n  - { judge: reward }\n  - { judge: rating, calibration: none }\naggregation: { method: reciprocalRank }";
    assert.deepEqual(await problems(panel), []);
  });

  it("takes members of different spaces that a calibration brings together", async () => {
    const calibration = "{ method: affine, slope: 4, spaceOut: logit }";
    assert.deepEqual(await problems(`members:\n  - { judge: reward }\n  - { judge: rating, calibration: ${calibration} }`), []);
  });

  it("follows a chain of transforms through the spaces, each with the one that it gets", async () => {
    const chain =
      "[{method: clip, lo: -9, hi: 9}, {method: centred, references: [1, 2]}, {method: preferenceAsReward, references: [0]}, {method: rank}]";
    const panel = `panels:\n  p:\n    members: [{ judge: reward, calibration: none, transforms: ${chain} }]\n`;
    const { panels } = await resolved(HEAD + panel, ["p"]);
    const { transforms } = judging(panels[0]).members[0]!;
    assert.deepEqual(
      transforms.map(({ name, spaceIn, spaceOut }) => [name, spaceIn, spaceOut]),
      [
        ["clip", "logit", "logit"],
        ["centred", "logit", "logit"],
        ["preferenceAsReward", "logit", "unit"],
        ["rank", "unit", "rank"],
      ],
    );
    assert.equal(judging(panels[0]).space, "rank");
  });

  for (const [what, panel, expected] of [
    [
      "a transform after a calibration that leaves its space",
      "members: [{judge: reward, calibration: {method: isotonic, knotsX: [0], knotsY: [0.5]}, transforms: [{method: logSigmoidCentred, reference: 0}]}]",
      /members\[0\]\.transforms\[0\]: .*takes logit and gets probability/,
    ],
    [
      "a calibration that a bundle does not hold",
      "members: [{judge: rating}]",
      /members\[0\]\.calibration: .*no calibration; use calibration: none/,
    ],
    [
      "a calibration file that is not there",
      "members: [{judge: reward, calibration: {file: nowhere.json}}]",
      /: cannot be read, or is not there; name a calibration file/,
    ],
    [
      "a space that the method cannot give",
      "members: [{judge: reward, calibration: {method: affine, slope: 1, spaceOut: probability}}]",
      /calibration\.spaceOut: .*cannot give probability; state spaceOut: logit or native/,
    ],
    [
      "knots that fall",
      "members: [{judge: reward, calibration: {method: isotonic, knotsX: [0, 1], knotsY: [1, 0]}}]",
      /calibration\.knotsY\[1\]: below the knot before it/,
    ],
    [
      "a value that the space does not hold, as imputed",
      "members: [{judge: reward, transforms: [{method: logSigmoidCentred, reference: 0}], onFailure: {impute: 1}}]",
      /onFailure: 1 is no logProbability/,
    ],
    [
      "a temperature of a judge that gives no logits",
      "members: [{judge: rating, calibration: {method: temperature, temperature: 2}}]",
      /calibration\.method: the calibration temperature takes logit and the judge gives unit; use another method/,
    ],
    [
      "a slope that turns a judge's order around",
      "members: [{judge: reward, calibration: {method: platt, slope: -1}}]",
      /calibration\.slope: a negative slope turns the judge's order around; .*allowInversion: true/,
    ],
    [
      "reference scores that are all the same",
      "members: [{judge: reward, calibration: {method: cdf, reference: [1, 1]}}]",
      /calibration\.reference: every reference score is the same; give scores of several completions/,
    ],
    [
      "bounds that leave one score",
      "members: [{judge: reward, transforms: [{method: clip, lo: 1, hi: 1}]}]",
      /transforms\[0\]\.hi: lo is 1 and hi is 1: .*; give hi a value above lo/,
    ],
    [
      "a slope of lengths that begins below 0",
      "members: [{judge: reward, transforms: [{method: softOverlong, max: 100, cache: 200}]}]",
      /transforms\[0\]\.cache: a slope of 200 tokens before 100 begins below 0, .*; give cache a value from 0 to max/,
    ],
    [
      "a transform of logits after one that squashes them",
      "members: [{judge: reward, transforms: [{method: clip, lo: -9, hi: 9}, {method: tanh, references: [0]}, {method: logSigmoidCentred, reference: 0}]}]",
      /transforms\[2\]: the transform logSigmoidCentred takes logit and gets native/,
    ],
    [
      "a gating from a judge without one",
      "members: [{judge: reward, required: true}]\naggregation: {method: gatedSum, gatingFrom: reward, objectives: {reward: [a]}}",
      /aggregation\.gatingFrom: judge "reward" has no gating/,
    ],
    [
      "a logical AND over logits",
      "members: [{judge: reward}]\naggregation: {method: lscSum}",
      /aggregation\.method: lscSum takes logProbability and its members give logit; .*transform logSigmoidCentred/,
    ],
    [
      "a geometric mean of logits",
      "members: [{judge: reward}]\naggregation: {method: geometricMean}",
      /aggregation\.method: geometricMean takes probability or unit and its members give logit/,
    ],
    [
      "weights that a median would not read",
      "members: [{judge: reward}, {judge: objectives, weight: 2}]\naggregation: {method: median}",
      /aggregation: median takes its members as equals and they weigh 1, 2; .*one weight/,
    ],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const found = await problems(panel);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0]!, expected);
    });
  }
});

describe("scalarise of a member", () => {
  const raw = { outcome: "scored", value: 1, objectives: Float64Array.of(2, 4, 1), gating: Float64Array.of(0.5, 0.4, 0.1) } as const;

  it("explains the judge's own value by its objectives", async () => {
    const { panels } = await resolved(HEAD + PANEL);
    const { value, terms, gating } = judging(panels[0]).members[0]!.scalarise(raw, undefined);
    assert.equal(value, 1);
    assert.deepEqual([...terms!], [0.5 * 1.5, 0.4 * 4, 0]);
    assert.equal(gating, raw.gating);
  });

  it("weighs the objectives anew under a request's weights; unnamed ones weigh 0", async () => {
    const { panels } = await resolved(HEAD + PANEL);
    const steering = { weights: { harmlessness: 3, helpfulness: 1 }, mode: "override", alpha: 1 } as const;
    const { value, gating } = judging(panels[0]).members[0]!.scalarise(raw, steering);
    assert.deepEqual([...gating!], [0.25, 0.75, 0]);
    assert.equal(value, 0.25 * 1.5 + 0.75 * 4);
  });

  it("leaves a judge without objectives as it is", async () => {
    const { panels } = await resolved(HEAD + PANEL);
    const steering = { weights: { harmlessness: 1 }, mode: "override", alpha: 1 } as const;
    assert.deepEqual(judging(panels[0]).members[1]!.scalarise({ outcome: "scored", value: 3 }, steering), { value: 3 });
  });
});

/** Every type of backend that asks servers: its own keys, and a judge that asks it. */
const CHAT = "{ kind: critique, backend: b, rubric: { text: Right. } }";
const SERVED = '{ kind: scalar, backend: b, template: { text: "{% for m in messages %}{{ m.content }}{% endfor %}" } }';
const ASKING: Readonly<Record<string, readonly [keys: string, judge: string]>> = {
  openai: ["url: http://127.0.0.1:1/v1, model: m, rate: { requestsPerMinute: 11 }", CHAT],
  ollama: ["url: http://127.0.0.1:1, model: m", CHAT],
  vllm: ["url: http://127.0.0.1:1, model: m, gives: scores, probe: false, proofIntervalSeconds: 12, hedge: true", SERVED],
  sglang: ["url: http://127.0.0.1:1, model: m, gives: scores, probe: false, proofIntervalSeconds: 12, hedge: true", SERVED],
  tei: ["url: http://127.0.0.1:1, model: m, gives: scores, probe: false, proofIntervalSeconds: 12, hedge: true", SERVED],
  triton: ["url: http://127.0.0.1:1, model: m, gives: scores, probe: false, proofIntervalSeconds: 12, hedge: true", SERVED],
  llamacpp: [
    "url: http://127.0.0.1:1, model: m, gives: pairs, probe: false, proofIntervalSeconds: 12, hedge: true",
    "{ kind: reranker, backend: b, query: lastTurn }",
  ],
  external: ["url: http://127.0.0.1:1, batchItems: 13", "{ kind: external, backend: b, version: '1', space: unit }"],
  tool: [
    "url: http://127.0.0.1:1",
    CHAT.replace("backend: b", "backend: llm, tools: { look: { type: service, backend: b, description: Looks. } }"),
  ],
  logprobs: [
    "url: http://127.0.0.1:1, engine: vllm, model: m, tokenizer: { file: tokenizer.json }, hedge: true",
    '{ kind: likelihood, backend: b, template: { text: "{% for m in messages %}{{ m.content }}{% endfor %}" }, lead: So, end: <|im_end|> }',
  ],
};

describe("a backend that asks servers", () => {
  for (const [type, [keys, judge]] of Object.entries(ASKING)) {
    it(`of type ${type} keeps all that the configuration says of it, and finds its key beside the configuration`, async () => {
      folder.write("tokenizer.json", CHATML);
      const shared = {
        ...{ networks: ["127.0.0.0/8"], concurrency: 3, connectTimeoutSeconds: 1.5, responseTimeoutSeconds: 7 },
        ...{ maxResponseBytes: 2_048, maxAttempts: 2, healthIntervalSeconds: 9 },
      };
      const queue = { maxCalls: 17, maxTextSize: 18, maxTokens: 19 };
      for (const [apiKey, kept] of [
        [{ file: "keys/b" }, { file: join(folder.path, "keys/b") }],
        [{ env: "KEY" }, { env: "KEY" }],
        [undefined, undefined],
      ]) {
        const written = `{ type: ${type}, ${keys}, ${JSON.stringify({ ...shared, apiKey, queue }).slice(1)}`;
        const own = loadYaml(`{ ${keys} }`) as Record<string, unknown>;
        const { chats, engines, services, likelihoods, tools, judges } = await resolved(
          `apiVersion: rewardgate/v1\nbackends:\n  b: ${written}\n  llm: { type: openai, url: http://127.0.0.1:1/v1, model: m }\n` +
            `judges:\n  j: ${judge.replace(/ }$/, ", description: For people., license: MIT }")}\n` +
            "panels:\n  p: { members: [{ judge: j, calibration: none }] }\n",
        );
        const plans = [
          ...[...chats, ...engines].map(({ server, ...plan }) => ({ ...plan, options: server })),
          ...services.map(({ external, ...plan }) => ({ ...plan, options: external })),
          ...likelihoods.map(({ logprobs, ...plan }) => ({ ...plan, options: logprobs })),
          ...tools.map(({ tools: options, ...plan }) => ({ ...plan, options })),
        ];
        const plan = plans.find(({ name }) => name === "b");
        assert.deepEqual(plan?.queue, queue);
        const { url: _, tokenizer, ...expected } = { ...own, ...shared, apiKey: kept } as Record<string, unknown>;
        const options = plan!.options as unknown as Record<string, unknown>;
        assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, options[key]])), expected);
        if (tokenizer !== undefined) assert.equal(options.tokenizer, CHATML);
        assert.deepEqual([judges[0]!.judge.name, judges[0]!.description, judges[0]!.license], ["j", "For people.", "MIT"]);
      }
    });
  }
});
