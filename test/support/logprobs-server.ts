import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Tokenizer } from "tokenizers";
import { type EngineDouble, type Entry, type Fault, jsonOf, sendFaulty, type Value, written } from "./engine-doubles.ts";
import { startLoopback, textOf } from "./loopback.ts";

/** A small byte-level tokenizer with ChatML's special tokens. */
export const CHATML = readFileSync(new URL("./tokenizers/chatml.json", import.meta.url), "utf8");
/** ChatML as a template of a judge. */
export const CHATML_TEMPLATE = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";

/** What vLLM answers (`choices`, `usage`), or SGLang (`meta_info`). */
export interface LogprobsAnswer {
  choices: { index: number; prompt_logprobs: (Record<string, { logprob: unknown }> | null)[] }[];
  usage: { prompt_tokens: number };
  meta_info: { prompt_tokens: number; input_token_logprobs: [unknown, number, unknown][] };
}

export interface LogprobsServer {
  /** Address, without a path. */
  readonly url: string;
  readonly host: string;
  /** Every call in order of arrival, with the ids that it was read as. */
  readonly calls: { readonly path: string; readonly body: Record<string, unknown>; readonly ids: readonly number[] }[];
  /** Status of the health check. */
  health: number;
  /** Name of the model that it says it runs. */
  model: string;
  /** Text of the tokenizer.json that it reads texts with. */
  tokenizer: string;
  /** Tokens that its model reads, and writes, together. */
  longest: number;
  /** Natural logarithm of the probability of the token at a place, given those before it; null for none. */
  logprob: (ids: readonly number[], at: number) => number | null;
  /** Changes an answer before it is sent. */
  spoil: (answer: LogprobsAnswer) => unknown;
  /** How the written body of an answer leaves, where it does not leave whole. */
  wire: Fault["wire"];
  close(): Promise<void>;
}

/** Some number for every token, which all before it decide. */
export function plainLogprob(ids: readonly number[], at: number): number {
  const before = ids.slice(0, at).reduce((sum, id, place) => sum + id * (place + 1), 0);
  return -((ids[at]! * 7 + before) % 97) / 16 - 0.125;
}

/** A server that answers `POST /v1/completions` as vLLM 0.32 does, and `POST /generate` as SGLang does, without the parts that nobody reads. */
export async function startLogprobsServer(): Promise<LogprobsServer> {
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = (status: number, json: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json));
    if (request.method === "GET") {
      reply(self.health, request.url === "/model_info" ? { model_path: self.model, is_generation: true } : {});
      return;
    }
    const body = JSON.parse(await textOf(request));
    const path = request.url ?? "";
    const given = path === "/generate" ? (body.input_ids ?? body.text) : body.prompt;
    const ids = typeof given === "string" ? await tokenise(given) : given;
    self.calls.push({ path, body, ids });
    if (ids.length >= self.longest) {
      const message =
        ids.length === self.longest
          ? "max_tokens must be at least 1, got 0."
          : `This model's maximum context length is ${self.longest} tokens.`;
      reply(400, { error: { message, type: "BadRequestError", param: null, code: 400 } });
    } else {
      const answer = path === "/generate" ? generated(ids, body) : completed(ids);
      sendFaulty(response, jsonOf(self.spoil(answer as unknown as LogprobsAnswer) ?? {}), self.wire);
    }
  }

  async function tokenise(text: string): Promise<number[]> {
    return (await Tokenizer.fromString(self.tokenizer).encode(text, null, { addSpecialTokens: false })).getIds();
  }

  function completed(ids: readonly number[]) {
    const prompt_logprobs = ids.map((id, at) =>
      at === 0 ? null : { [id]: { logprob: self.logprob(ids, at), rank: 3, decoded_token: "x" } },
    );
    const choice = { index: 0, text: "x", logprobs: null, finish_reason: "length", stop_reason: null, prompt_logprobs };
    const usage = { prompt_tokens: ids.length, total_tokens: ids.length + 1, completion_tokens: 1 };
    return { id: "cmpl-1", object: "text_completion", created: 1, model: self.model, choices: [choice], usage };
  }

  function generated(ids: readonly number[], { logprob_start_len: start }: { logprob_start_len: number }) {
    const told = ids.slice(start).map((id, place) => [place === 0 ? null : self.logprob(ids, start + place), id, null]);
    const counts = { prompt_tokens: ids.length, completion_tokens: 1, cached_tokens: 0 };
    return { text: "x", meta_info: { id: "1", ...counts, input_token_logprobs: told, output_token_logprobs: [[-1, 5, null]] } };
  }

  const self: LogprobsServer = {
    url: "",
    host: "",
    calls: [],
    health: 200,
    model: "policy",
    tokenizer: CHATML,
    longest: 512,
    logprob: plainLogprob,
    spoil: (answer) => answer,
    wire: undefined,
    close: async () => undefined,
  };
  const { host, close } = await startLoopback(serve);
  return Object.assign(self, { host, url: `http://${host}`, close });
}

/** The same server for one engine, in the terms of all engines: an entry of an answer is a token with its log-probability. */
export async function startLogprobsDouble(engine: "vllm" | "sglang", model: string): Promise<EngineDouble> {
  const server = await startLogprobsServer();
  server.model = model;
  let fault: Fault = {};
  server.spoil = (answer) => {
    const { entries = (told) => told } = fault;
    if (engine === "sglang") {
      const { input_token_logprobs: rows } = answer.meta_info;
      const told = rows.slice(1).map(([value], index): Entry => ({ index, value: value as Value }));
      const changed = entries(told).map((entry) => [written(entry), (rows[entry.index + 1] ?? rows.at(-1))![1], null]);
      return { ...answer, meta_info: { ...answer.meta_info, input_token_logprobs: [rows[0], ...changed] } };
    }
    const [choice] = answer.choices;
    const rows = choice!.prompt_logprobs.slice(1).map((row) => Object.entries(row!)[0]!);
    const told = rows.map(([, { logprob }], index): Entry => ({ index, value: logprob as Value }));
    const changed = entries(told).map((entry) => ({ [(rows[entry.index] ?? rows.at(-1))![0]]: { logprob: written(entry) } }));
    return { ...answer, choices: [{ ...choice, prompt_logprobs: [null, ...changed] }] };
  };
  return {
    url: server.url,
    calls: server.calls,
    get fault() {
      return fault;
    },
    set fault(next) {
      fault = next;
      server.model = next.model ?? model;
      server.wire = next.wire;
    },
    close: () => server.close(),
  };
}
