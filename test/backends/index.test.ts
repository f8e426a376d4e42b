import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  BACKEND_PARAMS,
  CHAT_SERVERS,
  type ChatServer,
  createChatServer,
  createExternalBackend,
  createLogprobsBackend,
  createModelServer,
  type ExternalBackendOptions,
  MODEL_SERVERS,
  type ModelServer,
} from "../../src/backends/index.ts";
import { createSegmentTokenizer } from "../../src/backends/tokens/tokenizer.ts";
import type { Call, CallResult, LikelihoodCall, OpenBackend, PreparedCall } from "../../src/domain/backend.ts";
import { type ErrorReason, GatewayError } from "../../src/domain/errors.ts";
import type { Item } from "../../src/domain/item.ts";
import type { RawScore } from "../../src/domain/judge.ts";
import { createExternalJudge, externalSchema } from "../../src/judges/external.ts";
import { createLikelihoodJudge, likelihoodSchema } from "../../src/judges/likelihood.ts";
import { createProcessJudge, servedProcessSchema } from "../../src/judges/process.ts";
import { readOutput } from "../../src/judges/shared/read-output.ts";
import {
  ENGINE_SHAPES,
  type EngineDouble,
  type Entry,
  type Fault,
  rawLogprob,
  rawProbability,
  rawScore,
  STEP_MARKER,
  startEngineDouble,
  type Value,
} from "../support/engine-doubles.ts";
import { startTeiGrpcDouble, startTritonGrpcDouble } from "../support/grpc-engine-doubles.ts";
import { CHATML, CHATML_TEMPLATE, plainLogprob, startLogprobsDouble } from "../support/logprobs-server.ts";
import { manualClock } from "../support/manual-clock.ts";

const cleanups: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

const TEXTS = ["a", "two words", "a third text that is longer"];
const texts = TEXTS.map((text): Call => ({ type: "forward", overlong: "error", segments: [{ text, origin: "candidate" }] }));
const pairs = TEXTS.map(
  (text): Call => ({ type: "pair", query: [{ text: "why", origin: "prompt" }], document: [{ text, origin: "candidate" }] }),
);

const chats = TEXTS.map(
  (text): Call => ({
    type: "chat",
    messages: [{ role: "user", segments: [{ text, origin: "prompt" }] }],
    sampling: { temperature: 0, topP: 1, maxTokens: 1, seed: 0 },
    alternatives: 1,
  }),
);
const external: Call = { type: "external", judge: "unit", prompt: [{ role: "user", content: "why" }], candidates: TEXTS, metadata: {} };

const step = (text: string) => [
  { text, origin: "candidate" as const },
  { text: STEP_MARKER, origin: "control" as const },
];
const wholes = TEXTS.map((text): Call => ({ type: "forward", overlong: "error", segments: step(text) }));
const steps: Call = { type: "forward", overlong: "error", segments: TEXTS.flatMap(step) };
const likelihoods = TEXTS.map(
  (text): LikelihoodCall => ({
    type: "likelihood",
    scoredFrom: 1,
    segments: [
      { text: "x", origin: "candidate" },
      { text, origin: "prompt" },
      { text: "<|im_end|>", origin: "control" },
    ],
  }),
);

/** Where the name of a wrong model shows: in each answer, or in what the server says of itself. */
type Naming = "answer" | "description";

/**
 * What a server has to show before an answer of it is used: that its scores are raw, that it makes the same tokens, nothing but the name in its
 * answers, or nothing at all.
 */
type Shows = "scores" | "tokens" | "name" | "nothing";

interface Adapter {
  readonly start: () => Promise<EngineDouble>;
  readonly open: (url: string) => Promise<OpenBackend>;
  readonly calls: readonly Call[];
  /** Whether several inputs share a request. */
  readonly batched: boolean;
  readonly names: Naming;
  /** The numbers that a judge reads in an answer. Default the row of scores. */
  readonly read: (result: CallResult) => readonly number[];
  readonly expected: readonly number[];
  readonly shows: Shows;
  /** Faults that its form has no place for. */
  readonly cannot: readonly string[];
  /** What comes of faults that it finds otherwise than most. */
  readonly finds: Readonly<Record<string, ErrorReason>>;
}

/** A tensor has places and no indices. */
const INDICES = ["shuffled", "with two texts under one index", "with an index beyond the texts"];

/** A field of single precision holds nothing but its numbers. */
const NO_WORDS = [
  ...["with null", "with a number as text", "with a value nested beyond all measure"],
  "with a number beyond single precision",
];

/** What servers write for a number that JSON has no word for. */
const NULL = { "with null": "SCORE_NOT_FINITE" } as const;

/** Unlike JSON, it holds numbers that are none. */
const NOT_FINITE = { "with NaN": "SCORE_NOT_FINITE", "with an infinite number": "SCORE_NOT_FINITE" } as const;

function adapter(
  shape: keyof typeof ENGINE_SHAPES | (() => Promise<EngineDouble>),
  written: Record<string, unknown>,
  facts: Pick<Adapter, "calls" | "names"> & Partial<Adapter>,
): Adapter {
  const type = written.type as keyof typeof BACKEND_PARAMS;
  return {
    start: typeof shape === "function" ? shape : () => startEngineDouble(ENGINE_SHAPES[shape], "rm"),
    open: (url) => open({ ...BACKEND_PARAMS[type].parse({ url, model: "rm", maxAttempts: 1, ...written }), ...COMMON }),
    batched: written.inputsPerRequest !== undefined,
    read: (result) => [...readOutput([result], "scores", 1)],
    expected: TEXTS.map(rawScore),
    shows: "scores",
    cannot: [],
    finds: {},
    ...facts,
  };
}

const COMMON = { name: "engine", clock: manualClock(), random: () => 0.5 };

function open(server: { readonly type: string }): Promise<OpenBackend> {
  if ((MODEL_SERVERS as readonly string[]).includes(server.type)) return createModelServer(server as ModelServer);
  assert.ok((CHAT_SERVERS as readonly string[]).includes(server.type));
  return createChatServer(server as ChatServer);
}

/** A chat has one answer, with words; what a judge reads of it as a number is the probability of a token. */
const CHAT = {
  calls: chats,
  read: ({ completion }: CallResult) => completion!.tokens.map(({ logprob }) => logprob),
  expected: TEXTS.map(rawLogprob),
  shows: "nothing",
  cannot: ["with a number beyond single precision"],
} satisfies Partial<Adapter>;

const service = createExternalJudge(
  { name: "unit", revision: "r" },
  externalSchema.parse({ kind: "external", backend: "engine", judge: "unit", version: "rm", space: "logit", group: true }),
);

const EXTERNAL = {
  calls: [external],
  names: "description",
  batched: true,
  shows: "nothing",
  cannot: ["with a number beyond single precision"],
  read: (result: CallResult) => service.decode({ candidates: [0, 1, 2], calls: [] }, [result], {} as Item).map((raw) => scored(raw).value),
  open: (url: string) => {
    const params = BACKEND_PARAMS.external.parse({ type: "external", url, maxAttempts: 1 });
    const expected = [{ name: "unit", version: "rm", space: "logit" }];
    return createExternalBackend({ ...params, ...COMMON, expected } as ExternalBackendOptions);
  },
} satisfies Partial<Adapter>;

function scored(raw: RawScore): RawScore & { readonly outcome: "scored" } {
  if (raw.outcome === "failed") throw raw.error;
  return raw.outcome === "scored" ? raw : assert.fail("no score");
}

/** What a judge of steps reads of a response with these. */
function stepsOf(...texts: readonly string[]) {
  const config = servedProcessSchema.parse({
    kind: "process",
    backend: "engine",
    template: { text: CHATML_TEMPLATE },
    marker: STEP_MARKER,
  });
  const judge = createProcessJudge(
    { name: "steps", revision: "r", template: CHATML_TEMPLATE, backend: "engine", overlong: "error", determinism: { class: "none" } },
    { ...config, outputs: { steps: "steps" } },
  );
  const item: Item = { id: "0", prompt: [{ role: "user", content: "why" }], candidates: [{ content: texts.join("\n\n") }] };
  return (result: CallResult) =>
    judge.decode({ candidates: [0], calls: [] }, [result], item).flatMap((raw) => scored(raw).findings!.map(({ value }) => value!));
}

/** A step has no index, and its number is a probability. */
const STEPS = {
  names: "answer",
  shows: "name",
  finds: { "with a number beyond single precision": "JUDGE_OUTPUT_UNREADABLE" },
} satisfies Partial<Adapter>;

const likelihood = createLikelihoodJudge(
  { name: "likely", revision: "r", template: CHATML_TEMPLATE },
  likelihoodSchema.parse({ kind: "likelihood", backend: "engine", template: { text: CHATML_TEMPLATE }, lead: "x" }),
);

const idsOf = await createSegmentTokenizer(CHATML).encode(likelihoods);

/** An entry of an answer is a token, which stands in its place by its id, and its number is no more than 0. */
const LIKELIHOODS = {
  calls: likelihoods,
  shows: "tokens",
  read: (result: CallResult) => likelihood.decode({ candidates: [0], calls: [] }, [result], {} as Item).map((raw) => scored(raw).value),
  expected: likelihoods.map((call) => {
    const ids = idsOf(call).flatMap((piece) => [...piece]);
    return ids.reduce((sum, _, at) => (at === 0 ? 0 : sum + plainLogprob(ids, at)), 0);
  }),
  finds: { shuffled: "JUDGE_OUTPUT_UNREADABLE", "with a number beyond single precision": "JUDGE_OUTPUT_UNREADABLE" },
} satisfies Partial<Adapter>;

/** Reads less than it does by default, so that what is oversized for others is for it. */
function openLogprobs(engine: "vllm" | "sglang") {
  return (url: string) => {
    const written = { type: "logprobs", engine, url, model: "rm", tokenizer: { file: "t" }, maxAttempts: 1, maxResponseBytes: 1_048_576 };
    return createLogprobsBackend({ ...BACKEND_PARAMS.logprobs.parse(written), ...COMMON, tokenizer: CHATML });
  };
}

const ADAPTERS: Readonly<Record<string, Adapter>> = {
  "vllm /classify": adapter("vllmClassify", { type: "vllm", gives: "scores" }, { calls: texts, names: "answer" }),
  "vllm /score": adapter("vllmScore", { type: "vllm", gives: "pairs" }, { calls: pairs, names: "answer" }),
  "vllm /pooling": adapter(
    "vllmPooling",
    { type: "vllm", gives: "steps" },
    { ...STEPS, calls: wholes, read: stepsOf("one"), expected: TEXTS.map((text) => rawProbability(text + STEP_MARKER)) },
  ),
  "vllm /pooling, step by step": adapter(
    "vllmPoolingSteps",
    { type: "vllm", gives: "steps" },
    { ...STEPS, calls: [steps], read: stepsOf(...TEXTS), expected: TEXTS.map(rawProbability), cannot: INDICES },
  ),
  "vllm prompt_logprobs": adapter(
    () => startLogprobsDouble("vllm", "rm"),
    { type: "logprobs" },
    { ...LIKELIHOODS, names: "answer", open: openLogprobs("vllm") },
  ),
  "sglang return_logprob": adapter(
    () => startLogprobsDouble("sglang", "rm"),
    { type: "logprobs" },
    {
      ...LIKELIHOODS,
      ...{ names: "description", open: openLogprobs("sglang"), finds: { ...LIKELIHOODS.finds, "with null": "SCORE_NOT_FINITE" } },
    },
  ),
  "sglang /classify": adapter("sglangClassify", { type: "sglang" }, { calls: texts, names: "description", finds: NULL }),
  "sglang /v1/embeddings": adapter(
    "sglangEmbeddings",
    { type: "sglang", route: "embeddings", inputsPerRequest: 4 },
    { calls: texts, names: "description", finds: NULL },
  ),
  "tei /predict": adapter("teiPredict", { type: "tei", gives: "scores" }, { calls: texts, names: "description", finds: NULL }),
  "tei /rerank": adapter(
    "teiRerank",
    { type: "tei", gives: "pairs", inputsPerRequest: 4 },
    { calls: pairs, names: "description", finds: NULL },
  ),
  "tei gRPC Predict": adapter(
    () => startTeiGrpcDouble("rm", "classifier"),
    { type: "tei", gives: "scores" },
    { calls: texts, names: "description", cannot: NO_WORDS, finds: NOT_FINITE },
  ),
  "tei gRPC Rerank": adapter(
    () => startTeiGrpcDouble("rm", "reranker"),
    { type: "tei", gives: "pairs", inputsPerRequest: 4 },
    { calls: pairs, names: "description", cannot: NO_WORDS, finds: NOT_FINITE },
  ),
  "openai chat": adapter("openaiChat", { type: "openai", answersAs: "rm" }, { ...CHAT, names: "answer" }),
  "ollama chat": adapter("ollamaChat", { type: "ollama" }, { ...CHAT, names: "description" }),
  external: adapter("external", { type: "external" }, EXTERNAL),
  "triton HTTP": adapter(
    "tritonInfer",
    { type: "triton", inputsPerRequest: 4 },
    { calls: texts, names: "description", cannot: INDICES, finds: { ...NULL, "with NaN": "SCORE_NOT_FINITE" } },
  ),
  "triton gRPC": adapter(
    () => startTritonGrpcDouble("rm"),
    { type: "triton", inputsPerRequest: 4 },
    { calls: texts, names: "description", cannot: [...INDICES, "with a number beyond single precision"], finds: NOT_FINITE },
  ),
  "llama.cpp /v1/rerank": adapter(
    "llamacppRerank",
    { type: "llamacpp", inputsPerRequest: 4 },
    { calls: pairs, names: "answer", finds: NULL },
  ),
};

const instead = (value: Value) => (entries: readonly Entry[]) => [{ ...entries[0]!, value }, ...entries.slice(1)];

interface Expectation {
  readonly fault: Fault;
  readonly gives: "scores" | ErrorReason;
  /** Whether it takes several inputs in a request. */
  readonly several?: true;
}

/** What an answer does wrong, and what has to come of it: the right scores, or this and no number. */
const FAULTS: Readonly<Record<string, Expectation>> = {
  none: { fault: {}, gives: "scores" },
  shuffled: { fault: { entries: (entries) => entries.toReversed() }, gives: "scores" },
  short: { fault: { entries: (entries) => entries.slice(1) }, gives: "JUDGE_OUTPUT_UNREADABLE" },
  long: { fault: { entries: (entries) => [...entries, { index: entries.length, value: 1 }] }, gives: "JUDGE_OUTPUT_UNREADABLE" },
  "with one index twice": { fault: { entries: (entries) => [...entries, entries[0]!] }, gives: "JUDGE_OUTPUT_UNREADABLE" },
  "with two texts under one index": {
    fault: { entries: (entries) => entries.map((entry) => (entry.index === 1 ? { ...entry, index: 0 } : entry)) },
    gives: "JUDGE_OUTPUT_UNREADABLE",
    several: true,
  },
  "with an index beyond the texts": {
    fault: { entries: (entries) => entries.map((entry) => (entry.index === 1 ? { ...entry, index: entries.length } : entry)) },
    gives: "JUDGE_OUTPUT_UNREADABLE",
    several: true,
  },
  "with NaN": { fault: { entries: instead({ json: "NaN" }) }, gives: "JUDGE_OUTPUT_UNREADABLE" },
  "with an infinite number": { fault: { entries: instead({ json: "1e400" }) }, gives: "JUDGE_OUTPUT_UNREADABLE" },
  "with a number beyond single precision": { fault: { entries: instead(1e39) }, gives: "SCORE_NOT_FINITE" },
  "with null": { fault: { entries: instead({ json: "null" }) }, gives: "JUDGE_OUTPUT_UNREADABLE" },
  "with a number as text": { fault: { entries: instead({ json: '"1.5"' }) }, gives: "JUDGE_OUTPUT_UNREADABLE" },
  "with a value nested beyond all measure": {
    fault: { entries: instead({ json: "[".repeat(100_000) + "]".repeat(100_000) }) },
    gives: "JUDGE_OUTPUT_UNREADABLE",
  },
  "as an HTML page": { fault: { wire: "html" }, gives: "JUDGE_OUTPUT_UNREADABLE" },
  "with half of its JSON": { fault: { wire: "cut-json" }, gives: "JUDGE_OUTPUT_UNREADABLE" },
  "cut off": { fault: { wire: "cut-connection" }, gives: "BACKEND_UNAVAILABLE" },
  oversized: { fault: { wire: "oversized" }, gives: "JUDGE_OUTPUT_UNREADABLE" },
  "that it has no room": { fault: { wire: "unavailable" }, gives: "BACKEND_UNAVAILABLE" },
};

async function started(name: string): Promise<{ double: EngineDouble; open: () => Promise<OpenBackend> }> {
  const { start, open } = ADAPTERS[name]!;
  const double = await start();
  cleanups.push(() => double.close());
  return {
    double,
    async open() {
      const backend = await open(double.url);
      cleanups.push(() => backend.close(0));
      return backend;
    },
  };
}

/** The scores that a judge reads in the answers. */
async function scoresOf(backend: OpenBackend, { calls, batched, read }: Adapter): Promise<number[]> {
  const prepared = (await backend.prepare(calls)).map((call) => call as PreparedCall);
  const batches = batched ? [prepared] : prepared.map((call) => [call]);
  const results = (await Promise.all(batches.map((batch) => backend.run(batch)))).flat();
  return results.flatMap(read);
}

for (const [name, adapted] of Object.entries(ADAPTERS)) {
  test(`${name}: no faulty answer becomes a score`, async () => {
    for (const [what, { fault, gives, several }] of Object.entries(FAULTS)) {
      if ((several && !adapted.batched) || adapted.cannot.includes(what)) continue;
      const { double, open } = await started(name);
      const backend = await open();
      assert.equal(backend.ready, true, what);
      double.fault = fault;
      if (gives === "scores" && adapted.finds[what] === undefined)
        assert.deepEqual(await scoresOf(backend, adapted), adapted.expected, what);
      else {
        const error = await scoresOf(backend, adapted).then(
          (scores) => assert.fail(`an answer ${what} gave ${scores}`),
          (thrown) => GatewayError.from(thrown),
        );
        assert.equal(error.reason, adapted.finds[what] ?? gives, `${what}: ${error.message}`);
      }
      await backend.close(0);
    }
  });

  const none = Object.keys(adapted.finds).find((what) => adapted.finds[what] === "SCORE_NOT_FINITE");
  if (none !== undefined) {
    test(`${name}: texts for which the model has no number do not keep others from being scored`, async () => {
      const { double, open } = await started(name);
      const backend = await open();
      double.fault = FAULTS[none]!.fault;
      for (let n = 0; n < 8; n++) await assert.rejects(scoresOf(backend, adapted), { reason: "SCORE_NOT_FINITE" });
      double.fault = {};
      assert.deepEqual(await scoresOf(backend, adapted), adapted.expected);
    });
  }

  if (adapted.shows === "scores") {
    test(`${name}: scores that are squashed, all the same or of length one are found before any is used`, async () => {
      for (const score of [(raw: number) => 1 / (1 + Math.exp(-raw)), () => 1, (raw: number) => Math.sign(raw) || 1]) {
        const { double, open } = await started(name);
        double.fault = { score };
        await assert.rejects(open(), (error) => error instanceof GatewayError && error.reason === "CONFIG_INVALID");
      }
    });
  }

  test(`${name}: a server with another model is not asked, or not believed`, async () => {
    const { double, open } = await started(name);
    const fails = (backend: OpenBackend, reasons: readonly ErrorReason[]) =>
      assert.rejects(scoresOf(backend, adapted), (error) => error instanceof GatewayError && reasons.includes(error.reason));
    if (adapted.names === "answer" && (adapted.shows === "scores" || adapted.shows === "tokens")) {
      double.fault = { model: "another" };
      await assert.rejects(open(), (error) => error instanceof GatewayError && error.reason === "CONFIG_INVALID");
      double.fault = {};
    }
    if (adapted.names === "answer") {
      const backend = await open();
      double.fault = { model: "another" };
      await fails(backend, ["BACKEND_REFUSED"]);
      assert.equal(backend.ready, adapted.shows === "nothing");
    } else {
      double.fault = { model: "another" };
      const backend = await open();
      assert.equal(backend.ready, false);
      await fails(backend, ["BACKEND_UNAVAILABLE", "BACKEND_REFUSED", "JUDGE_OUTPUT_UNREADABLE"]);
    }
  });
}
