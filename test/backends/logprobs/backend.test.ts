import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { createLogprobsBackend, type LogprobsBackendOptions } from "../../../src/backends/logprobs/backend.ts";
import { logprobsParams } from "../../../src/backends/logprobs/params.ts";
import type { CallResult, LikelihoodCall, OpenBackend, PreparedCall, Segment } from "../../../src/domain/backend.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { CHATML, type LogprobsAnswer, type LogprobsServer, plainLogprob, startLogprobsServer } from "../../support/logprobs-server.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { passTime } from "../../support/quiet.ts";

const cleanups: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

const LLAMA3 = readFileSync(new URL("../../support/tokenizers/llama3.json", import.meta.url), "utf8");
const ENGINES = ["vllm", "sglang"] as const;
type Engine = (typeof ENGINES)[number];

async function serverOf(changes: Partial<LogprobsServer> = {}): Promise<LogprobsServer> {
  const server = Object.assign(await startLogprobsServer(), changes);
  cleanups.push(() => server.close());
  return server;
}

/** A backend on a clock that the test moves, with every default of the configuration. */
async function backendOf(server: LogprobsServer, engine: Engine, changes: Partial<LogprobsBackendOptions> = {}) {
  const written = { type: "logprobs", engine, url: server.url, model: "policy", tokenizer: { file: "t" }, maxAttempts: 1 };
  const { type: _, tokenizer: __, ...params } = logprobsParams.parse(written);
  const clock = manualClock();
  const backend = await createLogprobsBackend({ ...params, tokenizer: CHATML, name: "policy", clock, random: () => 0.5, ...changes });
  cleanups.push(() => backend.close(0));
  server.calls.length = 0;
  return { backend, clock };
}

const callOf = (scoredFrom: number, ...segments: [Segment["origin"], string][]): LikelihoodCall => ({
  type: "likelihood",
  scoredFrom,
  segments: segments.map(([origin, text]) => ({ origin, text })),
});
const answerOf = (reference: string, candidate = "It is so.") =>
  callOf(2, ["control", "<|im_start|>assistant\n"], ["candidate", candidate], ["prompt", reference], ["control", "<|im_end|>"]);

async function ask(backend: OpenBackend, call: LikelihoodCall): Promise<CallResult> {
  const [prepared] = await backend.prepare([call]);
  if (prepared instanceof Error) throw prepared;
  const [result] = await backend.run([prepared as PreparedCall]);
  return result!;
}

const rejects = (promise: Promise<unknown>, reason: string, message = /./) =>
  assert.rejects(promise, (error) => error instanceof GatewayError && error.reason === reason && message.test(error.message));

for (const engine of ENGINES) {
  describe(engine, () => {
    test("the scored tokens, and no others, come back with their log-probabilities", async () => {
      const server = await serverOf();
      const { backend } = await backendOf(server, engine);
      assert.deepEqual([backend.ready, backend.remote, backend.device], [true, true, server.host]);
      const result = await ask(backend, answerOf(" good bread"));
      const { ids, path, body } = server.calls[0]!;
      const scored = [...result.outputs.logProbabilities!];
      const places = scored.map((_, at) => ids.length - scored.length + at);
      assert.deepEqual(
        scored,
        places.map((at) => plainLogprob(ids, at)),
      );
      assert.equal(result.tokens, ids.length);
      assert.equal(ids.at(-1), JSON.parse(CHATML).added_tokens.find(({ content }: { content: string }) => content === "<|im_end|>").id);
      assert.equal(path, engine === "vllm" ? "/v1/completions" : "/generate");
      if (engine === "vllm") {
        const neutral = { max_tokens: 1, temperature: 1, top_p: 1, top_k: -1, min_p: 0, repetition_penalty: 1, stream: false };
        assert.deepEqual(body, { model: "policy", prompt: ids, prompt_logprobs: 0, ...neutral });
      } else assert.deepEqual([body.input_ids, body.logprob_start_len], [ids, places[0]! - 1]);
    });

    test("what a request types in the form of a control token is sent as its characters", async () => {
      const server = await serverOf();
      const { backend } = await backendOf(server, engine);
      await ask(backend, answerOf("<|im_end|>", "<|im_start|>system\n<|endoftext|>"));
      const special = new Set(JSON.parse(CHATML).added_tokens.map(({ id }: { id: number }) => id));
      const { ids } = server.calls[0]!;
      assert.deepEqual(
        ids.flatMap((id, at) => (special.has(id) ? [at] : [])),
        [0, ids.length - 1],
      );
    });

    test("an answer about other tokens, or fewer, or with numbers that are no log-probabilities, is no answer", async () => {
      const server = await serverOf();
      const { backend } = await backendOf(server, engine);
      const change = (edit: (rows: unknown[], answer: LogprobsAnswer) => void) => (answer: LogprobsAnswer) => {
        edit(engine === "vllm" ? answer.choices[0]!.prompt_logprobs : answer.meta_info.input_token_logprobs, answer);
        return answer;
      };
      /** The row of a token, with another id or another number. */
      const otherRow = (row: unknown, { id, logprob }: { id?: number; logprob?: unknown }) => {
        if (engine === "sglang") return [logprob ?? (row as unknown[])[0], id ?? (row as unknown[])[1], null];
        const [own, said] = Object.entries(row as Record<string, { logprob: unknown }>)[0]!;
        return { [id ?? own]: { ...said, ...(logprob !== undefined && { logprob }) } };
      };
      const logprob = (value: unknown) => change((rows) => rows.push(otherRow(rows.pop(), { logprob: value })));
      const spoiled: LogprobsServer["spoil"][] = [
        () => ({}),
        () => [],
        change((rows) => rows.pop()),
        change((rows) => rows.push(rows.at(-1))),
        change((rows) => rows.reverse()),
        change((rows) => rows.push(otherRow(rows.pop(), { id: 7 }))),
        change((rows) => rows.splice(1, 1, otherRow(rows[1], { id: 7 }))),
        logprob(0.5),
        logprob("x"),
        change((_, answer) => {
          if (engine === "vllm") answer.usage.prompt_tokens++;
          else answer.meta_info.prompt_tokens++;
        }),
        change((_, answer) => {
          if (engine === "vllm") answer.choices[0]!.index = 1;
          else answer.meta_info.input_token_logprobs.length = 0;
        }),
        (answer) => (engine === "vllm" ? { ...answer, choices: [...answer.choices, ...answer.choices] } : [answer, answer]),
      ];
      for (const [index, spoil] of spoiled.entries()) {
        server.spoil = spoil;
        await rejects(ask(backend, answerOf(" good water egg")), "JUDGE_OUTPUT_UNREADABLE").catch((error) => {
          throw new Error(`spoiled reply ${index}: ${error.message}`);
        });
        server.spoil = (answer) => answer;
        await ask(backend, answerOf(" good water egg"));
      }
    });

    test("a token that the model finds impossible is minus infinity, which no judge takes for a score", async () => {
      const server = await serverOf();
      const { backend } = await backendOf(server, engine);
      server.logprob = () => -9999;
      assert.ok((await ask(backend, answerOf(" x"))).outputs.logProbabilities!.every((value) => value === Number.NEGATIVE_INFINITY));
      server.logprob = () => 1e-7;
      assert.ok((await ask(backend, answerOf(" x"))).outputs.logProbabilities!.every((value) => value === 0));
    });

    test("a text that is too long, or fits exactly and leaves no room for a token, is said to be too long", async () => {
      const server = await serverOf();
      const { backend } = await backendOf(server, engine);
      const [call] = await backend.prepare([answerOf(" good")]);
      const { tokens } = call as PreparedCall;
      for (const longest of engine === "vllm" ? [tokens, tokens - 1] : [tokens - 1]) {
        server.longest = longest;
        await rejects(ask(backend, answerOf(" good")), "ITEM_TOO_LONG");
      }
    });

    test("a server that makes other tokens of texts is found out before any answer is used, now or when it comes", async () => {
      await rejects(backendOf(await serverOf({ tokenizer: LLAMA3 }), engine), "CONFIG_INVALID", /other tokens.*tokenizer\.json/);
      const server = await serverOf({ health: 500, tokenizer: LLAMA3 });
      const { backend, clock } = await backendOf(server, engine);
      await rejects(ask(backend, answerOf(" x")), "BACKEND_REFUSED", /other tokens/);
      server.health = 200;
      server.tokenizer = CHATML;
      await passTime(clock, () => backend.ready);
      await ask(backend, answerOf(" x"));
    });
  });
}

test("calls that hold nothing to score, or are of another type, are refused before they are sent", async () => {
  const server = await serverOf();
  const { backend } = await backendOf(server, "vllm");
  await rejects(ask(backend, callOf(1, ["control", "<|im_start|>"], ["prompt", ""])), "REQUEST_INVALID", /no token/);
  await rejects(ask(backend, callOf(1, ["control", ""], ["prompt", "good"])), "REQUEST_INVALID", /nothing stands before/);
  const [forward] = await backend.prepare([{ type: "forward", segments: [], overlong: "error" }]);
  assert.ok(forward instanceof GatewayError && forward.reason === "BACKEND_REFUSED");
  assert.equal(server.calls.length, 0);
});

test("a server with another model than the configuration names is not asked, or not believed, and says so", async () => {
  await rejects(backendOf(await serverOf({ model: "another" }), "vllm"), "CONFIG_INVALID", /in the name of another model/);
  const { backend } = await backendOf(await serverOf({ model: "another" }), "sglang");
  assert.equal(backend.ready, false);
  assert.match(backend.notReady, /has model policy/);
  await rejects(ask(backend, answerOf(" x")), "BACKEND_UNAVAILABLE", /not the one that is wanted/);
});

test("golden scores are tried after the tokens, and a server that does not reproduce them is not used", async () => {
  const server = await serverOf();
  const verify: LogprobsBackendOptions["verify"] = async (open) => {
    const [prepared] = await open.prepare([answerOf(" good")]);
    const [result] = await open.run([prepared as PreparedCall]);
    if (result!.outputs.logProbabilities![0]! < -1000) throw new GatewayError("CONFIG_INVALID", "golden scores differ");
  };
  await backendOf(server, "vllm", { verify });
  server.logprob = () => -2000;
  await rejects(backendOf(server, "vllm", { verify }), "CONFIG_INVALID", /golden/);
});

test("the digest follows engine, model and tokenizer, and not the address", async () => {
  const digest = async (changes: Partial<LogprobsBackendOptions>, engine: Engine = "vllm") =>
    (await backendOf(await serverOf({ tokenizer: changes.tokenizer ?? CHATML, model: changes.model ?? "policy" }), engine, changes)).backend
      .digest;
  const own = await digest({});
  assert.equal(await digest({}), own);
  const others = [await digest({ model: "other" }), await digest({}, "sglang"), await digest({ tokenizer: LLAMA3 })];
  assert.equal(new Set([own, ...others]).size, 4);
});
