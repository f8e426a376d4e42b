/** Servers on loopback that answer as engines of reward models do, each in its exact shape, and that can be made to fail in every way. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { startLoopback, textOf } from "./loopback.ts";

/** A number of an answer, or what stands in its place: text that goes into the JSON as it is. */
export type Value = number | { readonly json: string };

/** One entry of an answer, before it is written in the engine's shape. */
export interface Entry {
  readonly index: number;
  readonly value: Value;
}

/** What goes wrong with an answer. */
export interface Fault {
  /** Changes the entries before they are written. */
  readonly entries?: (entries: readonly Entry[]) => readonly Entry[];
  /** Name of the model that the server says it runs. */
  readonly model?: string;
  /** Replaces a raw score. */
  readonly score?: (raw: number) => number;
  /** Changes how the written body leaves. */
  readonly wire?: "html" | "cut-json" | "cut-connection" | "oversized" | "unavailable";
  /** What it answers instead: a status of its protocol, and the error in it. */
  readonly refusal?: { readonly status: number; readonly error: Readonly<Record<string, unknown>> };
}

/** How one engine writes an answer. */
export interface EngineShape {
  /** Answers of GET, by path. */
  readonly described: (model: string) => Readonly<Record<string, unknown>>;
  /** Path that is asked. */
  readonly path: string;
  /** Texts that a request asks about, each with its query where there is one. */
  readonly inputs: (body: Record<string, unknown>) => readonly string[];
  /** The body of an answer. Values that are no numbers are put in by {@link written}. */
  readonly answer: (entries: readonly Entry[], model: string) => unknown;
}

/** A value as it stands in an answer's object until it is written. */
export function written({ value }: Entry): unknown {
  return typeof value === "number" ? value : `@@${value.json}@@`;
}

/** The raw score of a text: by its length, so that any mix-up shows. */
export const rawScore = (text: string) => text.length / 8 - 4;

export interface EngineDouble {
  readonly url: string;
  /** Path and body of each POST, in order of arrival. */
  readonly calls: { readonly path: string; readonly body: Record<string, unknown> }[];
  fault: Fault;
  close(): Promise<void>;
}

const OVERSIZED_BYTES = 2_000_000;

export async function startEngineDouble(shape: EngineShape, model: string): Promise<EngineDouble> {
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { fault } = self;
    const named = fault.model ?? model;
    const path = request.url ?? "";
    if (request.method === "GET") {
      const described = shape.described(named)[path];
      send(response, described === undefined ? 404 : 200, JSON.stringify(described ?? {}));
      return;
    }
    const body = JSON.parse(await textOf(request)) as Record<string, unknown>;
    self.calls.push({ path, body });
    if (path !== shape.path) {
      send(response, 404, "{}");
      return;
    }
    if (fault.refusal !== undefined) {
      send(response, fault.refusal.status, JSON.stringify(fault.refusal.error));
      return;
    }
    const score = fault.score ?? ((raw: number) => raw);
    const entries = shape.inputs(body).map((input, index): Entry => ({ index, value: score(rawScore(input)) }));
    sendFaulty(response, jsonOf(shape.answer(fault.entries?.(entries) ?? entries, named)), fault.wire);
  }

  const self: EngineDouble = {
    url: "",
    calls: [],
    fault: {},
    close: async () => undefined,
  };
  const { host, close } = await startLoopback(serve);
  return Object.assign(self, { url: `http://${host}`, close });
}

/** JSON of an answer in which {@link written} values stand as they are. */
export function jsonOf(answer: unknown): string {
  return JSON.stringify(answer).replaceAll(/"@@(.*?)@@"/g, "$1");
}

export function sendFaulty(response: ServerResponse, body: string, wire: Fault["wire"]): void {
  switch (wire) {
    case undefined:
      send(response, 200, body);
      return;
    case "html":
      response.writeHead(200, { "content-type": "text/html" }).end("<html><body>502 Bad Gateway</body></html>");
      return;
    case "unavailable":
      send(response, 503, "{}");
      return;
    case "cut-json":
      send(response, 200, body.slice(0, -2));
      return;
    case "cut-connection":
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
      response.write(body.slice(0, -2), () => response.destroy());
      return;
    case "oversized":
      send(response, 200, `${body.slice(0, -1)}${" ".repeat(OVERSIZED_BYTES)}${body.slice(-1)}`);
  }
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "application/json" }).end(body);
}

/** Text that marks the end of a step. */
export const STEP_MARKER = "<extra_0>";
/** A score beyond it stands as it is, in place of the probability that it would be. */
const LEAST_ABSURD = 1e6;

const strings = (value: unknown) => value as string[];
const list = (value: unknown) => [value].flat() as string[];
const usage = { prompt_tokens: 7, total_tokens: 7 };

/** The shapes, as the engines' sources and documentation give them. */
export const ENGINE_SHAPES = {
  vllmClassify: {
    described: () => ({ "/health": {} }),
    path: "/classify",
    inputs: ({ input }) => list(input),
    answer: (entries, model) => ({
      ...{ id: "classify-1", object: "list", created: 1, model },
      data: entries.map((entry) => ({ index: entry.index, label: "LABEL_0", probs: [written(entry)], num_classes: 1 })),
      usage,
    }),
  },
  vllmScore: {
    described: () => ({ "/health": {} }),
    path: "/score",
    inputs: ({ text_2 }) => list(text_2),
    answer: (entries, model) => ({
      ...{ id: "score-1", object: "list", created: 1, model },
      data: entries.map((entry) => ({ index: entry.index, object: "score", score: written(entry) })),
      usage,
    }),
  },
  vllmPooling: {
    described: () => ({ "/health": {} }),
    path: "/pooling",
    inputs: ({ input }) => list(input),
    answer: (entries, model) =>
      pooling(
        model,
        entries.map((entry) => ({ index: entry.index, rows: [writtenStep(entry)] })),
      ),
  },
  vllmPoolingSteps: {
    described: () => ({ "/health": {} }),
    path: "/pooling",
    inputs: ({ input }) => stepsOf(input as string),
    answer: (entries, model) => pooling(model, [{ index: 0, rows: entries.map(writtenStep) }]),
  },
  sglangClassify: {
    described: (model) => ({ "/model_info": { model_path: model, tokenizer_path: model, is_generation: false } }),
    path: "/classify",
    inputs: ({ text }) => strings(text),
    answer: (entries) =>
      entries.map((entry) => ({ embedding: [written(entry)], meta_info: { id: "1", prompt_tokens: 7, e2e_latency: 0.1 } })),
  },
  /** As versions were that had no `/model_info`. */
  sglangEmbeddings: {
    described: (model) => ({ "/get_model_info": { model_path: model, is_generation: false } }),
    path: "/v1/embeddings",
    inputs: ({ input }) => strings(input),
    answer: (entries, model) => ({
      ...{ object: "list", model, usage },
      data: entries.map((entry) => ({ object: "embedding", index: entry.index, embedding: [written(entry)] })),
    }),
  },
  teiPredict: {
    described: (model) => ({ "/info": teiInfo(model, "classifier") }),
    path: "/predict",
    inputs: ({ inputs }) => (inputs as string[][]).map((texts) => texts.join("")),
    answer: (entries) => entries.map((entry) => [{ score: written(entry), label: "LABEL_0" }]),
  },
  teiRerank: {
    described: (model) => ({ "/info": teiInfo(model, "reranker") }),
    path: "/rerank",
    inputs: ({ texts }) => strings(texts),
    answer: (entries) => bestFirst(entries).map((entry) => ({ index: entry.index, score: written(entry) })),
  },
  openaiChat: {
    described: (model) => ({ "/models": { data: [{ id: model }] } }),
    path: "/chat/completions",
    inputs: (body) => [lastMessage(body)],
    answer: (entries, model) => ({
      ...{ id: "c", object: "chat.completion", model, usage: { total_tokens: 10 } },
      choices: entries.map((entry) => ({
        ...{ index: entry.index, message: { role: "assistant", content: "yes" }, finish_reason: "stop" },
        logprobs: { content: [{ token: "yes", logprob: writtenLogprob(entry), top_logprobs: [] }] },
      })),
    }),
  },
  ollamaChat: {
    described: (model) => ({
      "/api/tags": { models: [{ name: `${model}:latest`, model: `${model}:latest`, digest: "abc123def4567890" }] },
    }),
    path: "/api/chat",
    inputs: (body) => [lastMessage(body)],
    answer(entries, model) {
      const answers = entries.map((entry) => ({
        ...{ model, created_at: "2026-01-01T00:00:00Z", message: { role: "assistant", content: "yes" }, done: true, done_reason: "stop" },
        ...{ logprobs: [{ token: "yes", logprob: writtenLogprob(entry), top_logprobs: [] }], prompt_eval_count: 7, eval_count: 1 },
      }));
      return answers.length === 1 ? answers[0] : answers;
    },
  },
  external: {
    described: (version) => ({ "/describe": { judges: [{ name: "unit", version, space: "logit" }] } }),
    path: "/judge",
    inputs: ({ items }) => (items as { candidates: { content: string }[] }[])[0]!.candidates.map(({ content }) => content),
    answer: (entries, version) => ({
      version,
      items: [{ id: "0", candidates: entries.map((entry) => ({ id: String(entry.index), score: written(entry) })) }],
    }),
  },
  tritonInfer: {
    described: (model) => ({ "/v2/models/rm": tritonMetadata(model) }),
    path: "/v2/models/rm/infer",
    inputs: (body) => (body.inputs as { name: string; data: string[] }[]).find(({ name }) => name === "sentences")!.data,
    answer: (entries, model) => ({
      ...{ model_name: model, model_version: "1" },
      outputs: [{ name: "rewards", datatype: "FP32", shape: [entries.length, 1], data: entries.map(written) }],
    }),
  },
  llamacppRerank: {
    described: () => ({ "/health": { status: "ok" } }),
    path: "/v1/rerank",
    inputs: ({ documents }) => strings(documents),
    answer: (entries, model) => ({
      ...{ model, object: "list", usage },
      results: bestFirst(entries).map((entry) => ({ index: entry.index, relevance_score: written(entry) })),
    }),
  },
} as const satisfies Readonly<Record<string, EngineShape>>;

/** What stands before each marker of steps. */
const stepsOf = (text: string) => text.split(STEP_MARKER).slice(0, -1);

/** The probability that a step is right: by the length of its text. */
export const rawProbability = (text: string) => Math.fround(1 / (1 + Math.exp(-rawScore(text))));

function writtenStep({ index, value }: Entry): unknown[] {
  if (typeof value !== "number") return [0, written({ index, value })];
  const right = Math.abs(value) > LEAST_ABSURD ? value : Math.fround(1 / (1 + Math.exp(-value)));
  return [1 - right, right];
}

function pooling(model: string, texts: readonly { readonly index: number; readonly rows: readonly unknown[][] }[]): unknown {
  const data = texts.map(({ index, rows }) => ({ index, object: "pooling", data: rows }));
  return { id: "pool-1", object: "list", created: 1, model, data, usage };
}

/** The log-probability of the one token of a chat's answer: by the length of the question. */
export const rawLogprob = (text: string) => -Math.abs(rawScore(text));

function writtenLogprob({ index, value }: Entry): unknown {
  return written({ index, value: typeof value === "number" ? -Math.abs(value) : value });
}

const lastMessage = (body: Record<string, unknown>) => (body.messages as { content: string }[]).at(-1)!.content;

function bestFirst(entries: readonly Entry[]): Entry[] {
  const rank = ({ value }: Entry) => (typeof value === "number" ? value : 0);
  return entries.toSorted((a, b) => rank(b) - rank(a));
}

function teiInfo(model: string, type: "classifier" | "reranker") {
  return {
    ...{ model_id: model, model_sha: null, model_dtype: "float32", served_model_name: model },
    model_type: { [type]: { id2label: { "0": "LABEL_0" }, label2id: { LABEL_0: 0 } } },
    ...{ max_concurrent_requests: 512, max_input_length: 512, max_batch_tokens: 16384, max_client_batch_size: 32, auto_truncate: true },
    ...{ tokenization_workers: 2, version: "1.9.0" },
  };
}

/** A reward model that reads texts, or their tokens instead. */
export function tritonMetadata(name: string) {
  return {
    ...{ name, versions: ["1"], platform: "python" },
    inputs: [
      { name: "sentences", datatype: "BYTES", shape: [-1, 1] },
      { name: "tokens", datatype: "INT64", shape: [-1, -1] },
      { name: "sequence_lengths", datatype: "INT64", shape: [-1, 1] },
    ],
    outputs: [{ name: "rewards", datatype: "FP32", shape: [-1, 1] }],
  };
}
