import { createHash, randomUUID } from "node:crypto";
import type { Call, CallResult, OpenBackend, PreparedCall, RunContext } from "../../domain/backend.ts";
import { type Clock, systemClock } from "../../domain/clock.ts";
import { GatewayError } from "../../domain/errors.ts";
import { openServers, type ServerOptions, serverLimits, UNITS_PER_TOKEN } from "../upstream/settings.ts";
import type { Upstream } from "../upstream/upstream.ts";
import type { ToolParams } from "./params.ts";
import { type ReadObservation, readObservation, writeToolCall } from "./protocol.ts";

/** A service to ask, and how. Keys of {@link ToolParams} are those of the configuration. */
export interface ToolBackendOptions extends Omit<ToolParams, "type" | "url">, ServerOptions {}

/** A call as it goes to the service. */
interface Payload {
  readonly id: string;
  readonly body: string;
}

/**
 * Opens a backend that has a service of the user's own run tools. A service that does not answer is no error: calls of it fail until
 * one does, and whoever asks decides what that means.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be
 */
export async function createToolBackend(options: ToolBackendOptions): Promise<OpenBackend> {
  const { name, clock = systemClock } = options;
  const upstream = await openServers<ReadObservation>(options, { healthPath: "", reading: { answer: readObservation } });
  return {
    name,
    digest: createHash("sha256")
      .update(JSON.stringify(["tool", [options.url].flat()]))
      .digest("hex"),
    limits: serverLimits(options.concurrency),
    device: upstream.addresses.join(", "),
    remote: true,
    notReady: `no service of backend ${name} answers`,
    get ready() {
      return upstream.ready;
    },
    onReadiness: (listener) => upstream.onReadiness(listener),
    async prepare(calls) {
      return calls.map((call) => prepare(name, call));
    },
    run: (batch, context) => Promise.all(batch.map(({ payload }) => observe({ name, upstream, clock }, payload as Payload, context))),
    close: (timeoutMs) => upstream.close(timeoutMs),
  };
}

function prepare(backend: string, call: Call): PreparedCall | Error {
  if (call.type !== "tool") return new GatewayError("BACKEND_REFUSED", `backend "${backend}" runs tools; it judges nothing`);
  const id = randomUUID();
  return { tokens: Math.max(1, Math.ceil(call.input.length / UNITS_PER_TOKEN)), payload: { id, body: writeToolCall(call, id) } };
}

interface Service {
  readonly name: string;
  readonly upstream: Upstream<ReadObservation>;
  readonly clock: Clock;
}

/** @throws {GatewayError} as {@link Upstream.post}, and JUDGE_OUTPUT_UNREADABLE when the answer is that to another call */
async function observe({ name, upstream, clock }: Service, { id, body }: Payload, context?: RunContext): Promise<CallResult> {
  const began = clock.now();
  const answer = await upstream.post("", body, context);
  if (answer.id !== undefined && answer.id !== id) {
    const message = `backend "${name}" answered in the name of another call; correct the service`;
    throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", message);
  }
  // No model read anything for it, so it costs no tokens.
  return { outputs: {}, tool: { failed: answer.failed, text: answer.text, elapsedMs: clock.now() - began }, tokens: 0 };
}
