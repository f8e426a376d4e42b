import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { textOf } from "../../../src/domain/item.ts";
import type { ScoreRequest, ScoreResult } from "../../../src/domain/score.ts";
import { resultOf } from "../../support/scripted-service.ts";
import { openHttp } from "../../support/servers.ts";
import { settled } from "../../support/settled.ts";
import { openWires } from "../../support/wires.ts";

const CHATML = "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nSay hello.<|im_end|>\n<|im_start|>assistant\n";
const LLAMA =
  "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nSay hello.<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n";
const conversation = ({ items }: ScoreRequest) =>
  items.map(({ prompt, candidates, reference }) => ({
    prompt: prompt.map(({ role, content }) => [role, textOf(content)]),
    candidates: candidates.map(({ content }) => textOf(content)),
    ...(reference !== undefined && { reference }),
  }));
const KIND = {
  prompt: [
    ["system", "Be kind."],
    ["user", "Say hello."],
  ],
  candidates: ["Hello!"],
};

/** The judge of the only candidate is away. */
function awayResult(request: ScoreRequest): ScoreResult {
  const failure = { reason: "PANEL_INCOMPLETE", message: "no score of length", retryable: true } as const;
  return { ...resultOf(request), results: [{ id: "0", candidates: [{ status: "failed", failure, missing: ["length"], judges: [] }] }] };
}

test("LLaMA-Factory, whose client asks once: a failure that passes is tried again while the call has time", async (t) => {
  let calls = 0;
  const busy = async (request: ScoreRequest) => {
    if (++calls === 1) throw new GatewayError("QUEUE_FULL", "full", { details: { retryAfterMs: 5 } });
    return resultOf(request);
  };
  const { send } = await openWires(t, "error", busy, 600_000);
  const { body } = await send("/v1/score/evaluation", { messages: [`${CHATML}Hello!<|im_end|>`] });
  assert.deepEqual([body.scores, calls], [[6], 2]);
});

test("wires whose clients ask once: a number stands for a failure that outlasts the call, and for none that passes", async (t) => {
  let calls = 0;
  const once = async (request: ScoreRequest) => (++calls === 1 ? awayResult(request) : resultOf(request));
  const passing = await openWires(t, { reward: -7 }, once, 600_000);
  const staying = await openWires(t, { reward: -7 }, awayResult);
  const body = { responses_create_params: { input: "Say hello." }, response: { output: [{ role: "assistant", content: "Hello!" }] } };
  assert.equal((await passing.send("/verify", body)).body.reward, 6);
  assert.equal((await staying.send("/verify", body)).body.reward, -7);
  calls = 0;
  const rewards = async ({ send, get }: typeof passing, timeout: number) => {
    const { reward_request_id: id } = (await send("/roll", { prompt: CHATML, response: "Hello!", timeout })).body;
    for (;;) {
      const { body: told } = await get("/roll:result", { reward_request_id: id });
      if (told.errcode !== 1) return told.reward_score;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  assert.equal(await rewards(passing, 600), 6);
  assert.equal(await rewards(staying, 0.05), -7);
});

test("OpenRLHF: templated queries are judged as messages, and every list is as long as the queries", async (t) => {
  const { send, seen } = await openWires(t);
  const query = [`${CHATML}Hello!<|im_end|>\n`, `${LLAMA}Hi<|eot_id|>`];
  const { status, body } = await send("/get_reward", { query, prompts: [CHATML, LLAMA], labels: ["a good answer", null] });
  assert.deepEqual([status, body], [200, { rewards: [6, 2], scores: [6, 2], extra_logs: { rm_failed: [0, 0] } }]);
  assert.deepEqual(conversation(seen[0]!), [
    { ...KIND, reference: "a good answer" },
    { prompt: [["user", "Say hello."]], candidates: ["Hi"] },
  ]);
});

test("a label that is a number is the reference answer too, one that JSON has rounded is refused, and another is none", async (t) => {
  const { send, seen } = await openWires(t);
  const calls = {
    labels: (label: unknown) => send("/get_reward", { query: [`${CHATML}Hello!`], prompts: [CHATML], labels: [label] }),
    label: (label: unknown) => send("/slime", { prompt: CHATML, response: "Hello!", label }),
    "reward_info.ground_truth": (label: unknown) =>
      send("/roll", { prompt: "Say hello.", response: "Hello!", reward_info: { ground_truth: label } }),
    expected_answer: (label: unknown) =>
      send("/verify", {
        responses_create_params: { input: "Say hello." },
        response: { output: [{ role: "assistant", content: "Hello!" }] },
        expected_answer: label,
      }),
  };
  for (const [field, call] of Object.entries(calls)) {
    for (const [label, reference] of [
      [42, "42"],
      [-0.5, "-0.5"],
      [0, "0"],
      ["042", "042"],
      [true, undefined],
      [{ answer: 42 }, undefined],
      [null, undefined],
    ] as const) {
      const before = seen.length;
      assert.equal((await call(label)).status, 200, field);
      await settled(() => seen.length > before);
      assert.equal(seen.at(-1)!.items[0]!.reference, reference, `${field} ${JSON.stringify(label)}`);
    }
    const rounded = await call(2 ** 60);
    assert.equal(rounded.status, 400, field);
    assert.ok(rounded.body.error.details.field.startsWith(field));
  }
});

test("OpenRLHF: empty lists, which newer clients send to further addresses, get an empty answer without a judge being asked", async (t) => {
  const { send, seen } = await openWires(t);
  const { status, body } = await send("/get_reward", { query: [], prompts: [], labels: [] });
  assert.deepEqual([status, body, seen.length], [200, { rewards: [], scores: [], extra_logs: { rm_failed: [] } }, 0]);
});

test("OpenRLHF: queries of the oldest clients come without prompts, and are split by their template or refused", async (t) => {
  const { send, seen } = await openWires(t);
  assert.deepEqual((await send("/get_reward", { query: [`${CHATML}Hello!<|im_end|>`] })).body.rewards, [6]);
  assert.deepEqual(conversation(seen[0]!), [KIND]);
  const bare = await send("/get_reward", { query: ["Human: hi Assistant: hello"] });
  assert.deepEqual([bare.status, bare.body.error.details.field], [400, "prompts"]);
  const torn = await send("/get_reward", { query: ["other text"], prompts: [CHATML] });
  assert.deepEqual([torn.status, torn.body.error.details.field], [400, "query[0]"]);
  const uneven = await send("/get_reward", { query: ["a", "b"], prompts: ["a"] });
  assert.deepEqual([uneven.status, uneven.body.error.details.field], [400, "prompts"]);
});

test("OpenRLHF: a query begins with its prompt as the policy's tokenizer gives it back, composed or without spaces before punctuation", async (t) => {
  const { send, seen } = await openWires(t);
  const prompts = [CHATML.replace("hello", "cafe\u0301"), LLAMA.replace("hello.", "it 's x != y , or ' z ' ?")];
  const beginnings = [CHATML.replace("hello", "caf\u00e9"), LLAMA.replace("hello.", "it's x!= y, or'z '?")];
  const query = [`${beginnings[0]}e\u0301!<|im_end|>`, `${beginnings[1]}Hi !<|eot_id|>`];
  const { status, body } = await send("/get_reward", { query, prompts, labels: ["", ""] });
  assert.deepEqual([status, body.rewards], [200, [3, 4]]);
  const judged = conversation(seen[0]!);
  assert.deepEqual(
    judged.map(({ candidates }) => candidates),
    [["e\u0301!"], ["Hi !"]],
  );
  assert.deepEqual(judged[1]!.prompt, [["user", "Say it 's x != y , or ' z ' ?"]]);
});

test("verl: the reward is the last number of what vLLM and SGLang answer, and fields that shape scores are ignored", async (t) => {
  const { send, seen } = await openWires(t);
  const input = `${CHATML}Hello!<|im_end|>`;
  const vllm = await send("/classify", { model: "rm", input, use_activation: false, activation: false, softmax: false });
  assert.equal(vllm.body.data.at(-1).probs.at(-1), 6);
  assert.deepEqual(Object.keys(vllm.body.usage), ["prompt_tokens", "total_tokens", "completion_tokens"]);
  assert.equal(vllm.body.model, "rm");
  const sglang = await send("/v1/embeddings", { model: "rm", input: [input, `${LLAMA}Hi`] });
  assert.deepEqual(
    sglang.body.data.map((row: { embedding: number[] }) => row.embedding.at(-1)),
    [6, 2],
  );
  const chat = await send("/classify", {
    messages: [
      { role: "user", content: "Say hello." },
      { role: "assistant", content: "Hey" },
    ],
  });
  assert.equal(chat.body.data[0].probs[0], 3);
  assert.deepEqual(conversation(seen[0]!), [KIND]);
  const open_ = await send("/classify", { input: CHATML });
  assert.deepEqual([open_.status, open_.body.error.details.field], [400, "input[0]"]);
});

test("slime: the whole body is the reward, or an object of it", async (t) => {
  const { send, seen } = await openWires(t);
  const sample = { prompt: [{ role: "user", content: "Say hello." }], response: "Hello!", label: "x" };
  assert.deepEqual((await send("/slime", sample)).body, 6);
  assert.deepEqual((await send("/slime:object", { ...sample, prompt: CHATML })).body, { reward: 6, failed: 0 });
  assert.deepEqual(conversation(seen[1]!), [{ ...KIND, reference: "x" }]);
});

test("slime: the mark that ended the turn, which a rollout keeps by default, is no part of what is judged", async (t) => {
  const { send } = await openWires(t);
  for (const mark of ["<|im_end|>", "<|im_end|>\n", "<|eot_id|>", "</s>", "<｜end▁of▁sentence｜>", "<|user|>"]) {
    assert.deepEqual((await send("/slime", { prompt: CHATML, response: `Hello!${mark}`, label: "x" })).body, 6);
  }
});

test("OpenRLHF and slime: a policy whose template opens its thoughts is judged for its turn, after the user's and no turn of its own", async (t) => {
  const { send, seen } = await openWires(t);
  const prompt = `${CHATML}<think>\n`;
  await send("/get_reward", { query: [`${prompt}It is polite.</think>Hello!<|im_end|>\n`], prompts: [prompt], labels: [""] });
  await send("/slime", { prompt, response: "It is polite.</think>Hello!<|im_end|>" });
  for (const request of seen) {
    const [{ prompt: messages, candidates }] = conversation(request) as [typeof KIND];
    assert.deepEqual([messages, candidates], [KIND.prompt, ["<think>\nIt is polite.</think>Hello!"]]);
  }
  assert.equal(seen.length, 2);
});

test("LLaMA-Factory: one score per templated text, in order", async (t) => {
  const { send } = await openWires(t);
  const { body } = await send("/v1/score/evaluation", { model: "model", messages: [`${CHATML}Hello!<|im_end|>`, `${LLAMA}Hi<|eot_id|>`] });
  assert.deepEqual(body, { id: "scoreval", object: "score.evaluation", model: "model", scores: [6, 2] });
  assert.equal((await send("/v1/score/evaluation", { model: "model", messages: ["no template"] })).status, 400);
});

test("rerank: results are sorted by reward and keep the places of the documents, in the form that the client knows", async (t) => {
  const { send, seen } = await openWires(t);
  const documents = ["bb", { text: "dddd" }, "a"];
  for (const path of ["/rerank", "/v1/rerank", "/v2/rerank"]) {
    const { body } = await send(path, { model: "m", query: "q", documents, top_n: 2, return_documents: true });
    assert.deepEqual(body.results, [
      { index: 1, relevance_score: 4, document: { text: "dddd" } },
      { index: 0, relevance_score: 2, document: { text: "bb" } },
    ]);
  }
  const { body } = await send("/rerank", { query: "q", texts: ["bb", "dddd"], raw_scores: true, return_text: true });
  assert.deepEqual(body, [
    { index: 1, score: 4, text: "dddd" },
    { index: 0, score: 2, text: "bb" },
  ]);
  assert.deepEqual(conversation(seen[0]!), [{ prompt: [["user", "q"]], candidates: ["bb", "dddd", "a"] }]);
});

test("a candidate without a reward fails the call: 503 with Retry-After where it may be sent again, never a number", async (t) => {
  const busy = (): never => {
    throw new GatewayError("QUEUE_FULL", "full", { details: { retryAfterMs: 2000 } });
  };
  const { send } = await openWires(t, "error", busy);
  const bodies: readonly [string, object][] = [
    ["/get_reward", { query: [`${CHATML}x`], prompts: [CHATML] }],
    ["/classify", { input: `${CHATML}x<|im_end|>` }],
    ["/v1/embeddings", { input: `${CHATML}x<|im_end|>` }],
    ["/slime", { prompt: "p", response: "x" }],
    ["/slime:object", { prompt: "p", response: "x" }],
    ["/v1/score/evaluation", { messages: [`${CHATML}x<|im_end|>`] }],
    ["/rerank", { query: "q", documents: ["x"] }],
  ];
  for (const [path, body] of bodies) {
    const refused = await send(path, body);
    assert.deepEqual([refused.status, refused.retryAfter, refused.body.error.reason], [503, "2", "QUEUE_FULL"], path);
  }
  const failing = await openWires(t);
  for (const [path, body] of bodies) {
    const text = JSON.stringify(body).replaceAll(/x(<|"|$)/g, "fail$1");
    const refused = await failing.send(path, JSON.parse(text));
    assert.deepEqual([refused.status, refused.body.error.reason, "rewards" in refused.body], [500, "SCORE_NOT_FINITE", false], path);
  }
});

test("a number that the operator stated stands in for a failure, and is marked where the wire can", async (t) => {
  const { send } = await openWires(t, { reward: -7 });
  const { body } = await send("/get_reward", { query: [`${CHATML}fail`, `${CHATML}good`], prompts: [CHATML, CHATML] });
  assert.deepEqual(body, { rewards: [-7, 4], scores: [-7, 4], extra_logs: { rm_failed: [1, 0] } });
  assert.deepEqual((await send("/slime:object", { prompt: "p", response: "fail" })).body, { reward: -7, failed: 1 });
});

test("a wire on the path of another route is a configuration error, since one of the two would never be reached", async () => {
  const at = (path: string) => ({ panel: "chat", path, onFailure: "error" }) as const;
  for (const wires of [{ score: at("/v1/score") }, { slime: at("/reward"), openrlhf: at("/reward") }, { nemoGym: at("/seed_session") }]) {
    await assert.rejects(
      openHttp({ wires }),
      (error) =>
        error instanceof GatewayError && error.reason === "CONFIG_INVALID" && /^\/\S+ is the path of \w+ and of \w+;/.test(error.message),
    );
  }
});
