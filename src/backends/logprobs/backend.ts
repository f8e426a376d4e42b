import { createHash } from "node:crypto";
import type { Backend, Call, CallResult, LikelihoodCall, OpenBackend, PreparedCall, RunContext } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import { createSegmentTokenizer, type SegmentTokenizer } from "../tokens/tokenizer.ts";
import { openServers, type ServerOptions, serverLimits } from "../upstream/settings.ts";
import { tooLong } from "../upstream/too-long.ts";
import type { Server } from "../upstream/upstream.ts";
import { proofError, WrongModel } from "../upstream/wrong-model.ts";
import type { LogprobsParams } from "./params.ts";
import { PARITY_TEXTS, requireSameTokens } from "./parity.ts";
import { type LogprobsProtocol, logProbabilitiesOf, type ReadTokens } from "./protocol.ts";
import { sglangLogprobs } from "./sglang.ts";
import { vllmLogprobs } from "./vllm.ts";

/** A server to ask, and how. Keys of {@link LogprobsParams} are those of the configuration. */
export interface LogprobsBackendOptions extends Omit<LogprobsParams, "type" | "url" | "tokenizer">, ServerOptions {
  /** Text of the model's tokenizer.json. */
  readonly tokenizer: string;
  /**
   * What else has to hold before an answer of the server is used, golden scores for example; it is given a backend that answers already.
   * It throws CONFIG_INVALID when it does not hold.
   */
  readonly verify?: ((backend: Backend) => Promise<void>) | undefined;
}

/** What goes to the server for one call. */
interface Payload {
  readonly ids: readonly number[];
  readonly from: number;
}

const PROTOCOLS: Readonly<Record<LogprobsParams["engine"], LogprobsProtocol>> = { vllm: vllmLogprobs, sglang: sglangLogprobs };

/**
 * Opens a backend that asks an engine how likely its model finds the end of a text. The gateway makes the tokens, so that the scored ones are
 * known and no text of a request becomes a control token. A server that does not answer is no error: the backend is not ready until one
 * does. One that answers has to make the same tokens of texts before its first answer is used, and again when it was away.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be, the tokenizer is none, or the server is there and does
 *   not pass
 */
export async function createLogprobsBackend(options: LogprobsBackendOptions): Promise<OpenBackend> {
  const { name, model, engine } = options;
  const protocol = PROTOCOLS[engine];
  const tokenizer = createSegmentTokenizer(options.tokenizer);
  const absence = `no server of backend ${name} answers${protocol.serves === undefined ? "" : ` and has model ${model}`}`;

  async function score(to: Asked, { payload, tokens }: PreparedCall, context?: RunContext): Promise<CallResult> {
    const { ids, from } = payload as Payload;
    const answer = await to.post(protocol.path, protocol.ofIds(model, ids, from), context);
    return { outputs: { logProbabilities: logProbabilitiesOf(answer, ids, from) }, tokens };
  }

  const openOn = (to: Asked): Backend => ({
    name,
    digest: createHash("sha256")
      .update(JSON.stringify(["logprobs", engine, model, createHash("sha256").update(options.tokenizer).digest("hex")]))
      .digest("hex"),
    limits: serverLimits(options.concurrency),
    prepare: (calls) => prepare(calls, tokenizer, name),
    run: async (batch, context) => Promise.all(batch.map((call) => score(to, call, context))),
    close: (timeoutMs) => upstream.close(timeoutMs),
  });

  async function provenTokens(server: Asked): Promise<void> {
    const own = PARITY_TEXTS.map((text) => ({ segments: [{ text, origin: "prompt" as const }] }));
    const idsOf = await tokenizer.encode(own);
    for (const text of own) {
      const answer = await server.post(protocol.path, protocol.ofText(model, text.segments[0]!.text));
      requireSameTokens(name, answer, [...idsOf(text)[0]!], protocol.addsBefore);
    }
  }

  const upstream = await openServers(options, {
    healthPath: protocol.healthPath,
    ...(protocol.serves && { accepts: (body) => protocol.serves!(body, model) }),
    reading: {
      answer: protocol.answer,
      refusal: (body) => (protocol.isTooLong(body) ? tooLong(name) : undefined),
      flaw: (answer) => (answer.model === undefined || answer.model === model ? undefined : new WrongModel(name)),
    },
    proofIntervalMs: options.proofIntervalSeconds * 1000,
    hedge: options.hedge,
    async prove(server) {
      try {
        await provenTokens(server);
        await options.verify?.(openOn(server));
      } catch (thrown) {
        throw proofError(thrown);
      }
    },
  });
  const open = openOn(upstream);
  return {
    ...open,
    device: upstream.addresses.join(", "),
    remote: true,
    get notReady() {
      return upstream.flaw?.message ?? absence;
    },
    get ready() {
      return upstream.ready;
    },
    onReadiness: (listener) => upstream.onReadiness(listener),
    async run(batch, context) {
      try {
        return await open.run(batch, context);
      } catch (thrown) {
        // A server that answers about other tokens may be another than the one that was tried.
        if (GatewayError.from(thrown).reason === "JUDGE_OUTPUT_UNREADABLE") upstream.doubt();
        throw thrown;
      }
    },
  };
}

/** Whoever is asked: any of the servers, or one. */
type Asked = Pick<Server<ReadTokens>, "post">;

async function prepare(calls: readonly Call[], tokenizer: SegmentTokenizer, name: string): Promise<(PreparedCall | Error)[]> {
  const idsOf = await tokenizer.encode(calls.filter((call) => call.type === "likelihood"));
  return calls.map((call) => {
    try {
      if (call.type !== "likelihood")
        throw new GatewayError("BACKEND_REFUSED", `backend "${name}" tells how likely a text is, and nothing else`);
      return prepared(call, idsOf(call));
    } catch (error) {
      return GatewayError.from(error);
    }
  });
}

function prepared({ scoredFrom }: LikelihoodCall, pieces: readonly Int32Array[]): PreparedCall {
  const ids = Int32Array.from(pieces.flatMap((piece) => [...piece]));
  const from = pieces.slice(0, scoredFrom).reduce((sum, piece) => sum + piece.length, 0);
  if (from === 0 || from === ids.length) {
    const what = from === 0 ? "nothing stands before it" : "it has no token";
    throw new GatewayError("REQUEST_INVALID", `the text whose likelihood is asked for cannot be scored: ${what}`);
  }
  const payload: Payload = { ids: [...ids], from };
  return { tokens: ids.length, ids, payload };
}
