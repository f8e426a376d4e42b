import { createHash } from "node:crypto";
import type { Backend, Call, CallResult, OpenBackend, PreparedCall, RunContext } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import { openServers, type ServerOptions, serverLimits, UNITS_PER_TOKEN } from "../upstream/settings.ts";
import type { VllmParams } from "./params.ts";
import { explainRefusal, RAW_DIALECTS, readScore, readSteps, writeText } from "./pooling-protocol.ts";
import { PROBE_TEXTS, requireRaw } from "./probe.ts";
import { createProof } from "./proof.ts";

/** A server to ask, and how. Keys of {@link VllmParams} are those of the configuration. */
export interface VllmBackendOptions extends Omit<VllmParams, "type">, ServerOptions {
  readonly url: string;
  /**
   * What else has to hold before an answer of the server is used, golden scores for example; it is given a backend that answers already.
   * It throws CONFIG_INVALID when it does not hold.
   */
  readonly verify?: ((backend: Backend) => Promise<void>) | undefined;
}

/** What goes to the server for one call. */
interface Payload {
  readonly text: string;
  readonly broken: number;
}

/**
 * Opens a backend that asks a vLLM server for scores or for steps. A server that does not answer is no error: the backend is not ready
 * until one does. One that answers is tried before its first score is used, and again when it was away.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be, or the server is there and does not pass
 */
export async function createVllmBackend(options: VllmBackendOptions): Promise<OpenBackend> {
  const { name, model, gives, metrics } = options;
  const task = TASKS[gives];
  const upstream = await openServers(options, {
    healthPath: "/health",
    reading: { answer: (body) => task.read(body, options.right), refusal: (body) => explainRefusal(name, body) },
  });
  let dialect = task.dialects[0]!;

  async function ask(text: string, context?: RunContext) {
    const body = { model, input: text, add_special_tokens: false, ...task.fields, ...dialect };
    return upstream.post(task.path, JSON.stringify(body), context);
  }

  const open: Backend = {
    name,
    digest: createHash("sha256")
      .update(JSON.stringify(["vllm", model, gives, options.right]))
      .digest("hex"),
    limits: serverLimits(options.concurrency),
    prepare: async (calls) => calls.map((call) => prepare(call, name)),
    async run(batch, context) {
      return Promise.all(
        batch.map(async (call): Promise<CallResult> => {
          const { text, broken } = call.payload as Payload;
          metrics?.upstream.neutralised.inc({ backend: name }, broken);
          const { values, tokens } = await ask(text, context);
          return { outputs: { [gives]: values }, tokens: tokens ?? call.tokens };
        }),
      );
    },
    close: (timeoutMs) => upstream.close(timeoutMs),
  };

  /** The first way of asking that the server takes, and what it then says of the probes. */
  async function probe(): Promise<void> {
    if (gives === "steps" || !options.probe) return;
    for (const [index, candidate] of task.dialects.entries()) {
      dialect = candidate;
      try {
        const answers = await Promise.all(PROBE_TEXTS.map((text) => ask(text)));
        return requireRaw(
          name,
          answers.map(({ values }) => values[0]!),
        );
      } catch (thrown) {
        const refused = GatewayError.from(thrown).reason === "BACKEND_REFUSED";
        if (!refused || index === task.dialects.length - 1) throw thrown;
      }
    }
  }

  const proof = createProof({
    name,
    upstream,
    clock: options.clock,
    log: options.log,
    async prove() {
      await probe();
      await options.verify?.(open);
    },
  });
  try {
    await proof.first();
  } catch (error) {
    await upstream.close(0);
    throw error;
  }
  return {
    ...open,
    device: upstream.addresses.join(", "),
    remote: true,
    get notReady() {
      return proof.flaw?.message ?? `no server of backend ${name} answers`;
    },
    get ready() {
      return proof.holds;
    },
    onReadiness: (listener) => proof.onChange(listener),
    async run(batch, context) {
      await proof.required();
      return open.run(batch, context);
    },
  };
}

/** What is asked of a server, and how its answer is read. */
const TASKS = {
  scores: { path: "/classify", fields: {}, dialects: RAW_DIALECTS, read: readScore },
  steps: { path: "/pooling", fields: { task: "token_classify", encoding_format: "float" }, dialects: [{}], read: readSteps },
} as const;

function prepare(call: Call, name: string): PreparedCall | Error {
  if (call.type !== "forward") return new GatewayError("BACKEND_REFUSED", `backend "${name}" scores texts and answers no chat`);
  if (call.overlong !== "error") return new GatewayError("BACKEND_REFUSED", `backend "${name}" drops no text: its server knows the tokens`);
  const payload: Payload = writeText(call);
  return { tokens: Math.ceil(payload.text.length / UNITS_PER_TOKEN), payload };
}
