import { createHash } from "node:crypto";
import type { Call, CallResult, ExternalCall, OpenBackend, PreparedCall, RunContext } from "../../domain/backend.ts";
import { segmentsOf } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import { isGrpc, openServers, type ServerOptions, serverLimits, UNITS_PER_TOKEN } from "../upstream/settings.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { createJudgeTarget } from "./grpc-target.ts";
import type { ExternalParams } from "./params.ts";
import { answersOf, type DescribedJudge, type ReadJudgements, readDescription, readResponse, writeItem, writeRequest } from "./protocol.ts";

/** A service to ask, and what it has to be. Keys of {@link ExternalParams} are those of the configuration. */
export interface ExternalBackendOptions extends Omit<ExternalParams, "type" | "url">, ServerOptions {
  /** The judges that the configuration relies on: a service that describes itself otherwise is not ready. */
  readonly expected: readonly DescribedJudge[];
}

/**
 * Opens a backend that asks a service of the user's own. A service that does not answer is no error: the backend is not ready
 * until one does and has the judges that are expected of it.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be
 */
export async function createExternalBackend(options: ExternalBackendOptions): Promise<OpenBackend> {
  const { name, expected, batchItems } = options;
  const upstream = await openServers<ReadJudgements>(options, {
    healthPath: "/describe",
    accepts: (body) => has(readDescription(body), expected),
    reading: { answer: readResponse },
    ...([options.url].flat().every(isGrpc) && { connect: createJudgeTarget }),
  });
  return {
    name,
    digest: createHash("sha256")
      .update(JSON.stringify(["external", expected.map((judge) => [judge.name, judge.version, judge.space])]))
      .digest("hex"),
    limits: serverLimits(options.concurrency, batchItems),
    device: upstream.addresses.join(", "),
    remote: true,
    notReady: `no service of backend ${name} answers and has the judges, versions and spaces that the configuration states`,
    get ready() {
      return upstream.ready;
    },
    onReadiness: (listener) => upstream.onReadiness(listener),
    async prepare(calls) {
      return calls.map((call) => prepare(name, call));
    },
    async run(batch, context) {
      const results: CallResult[] = new Array(batch.length);
      await Promise.all([...byJudge(batch)].map(([judge, places]) => ask(upstream, { name, judge, batch, places, results }, context)));
      return results;
    },
    close: (timeoutMs) => upstream.close(timeoutMs),
  };
}

function has(described: readonly DescribedJudge[] | undefined, expected: readonly DescribedJudge[]): boolean {
  if (described === undefined) return false;
  return expected.every((wanted) =>
    described.some(({ name, version, space }) => name === wanted.name && version === wanted.version && space === wanted.space),
  );
}

function prepare(backend: string, call: Call): PreparedCall | Error {
  if (call.type !== "external")
    return new GatewayError("BACKEND_REFUSED", `backend "${backend}" is a service that judges; it runs no model`);
  const units = segmentsOf(call).reduce((sum, { text }) => sum + text.length, 0);
  return { tokens: Math.ceil(units / UNITS_PER_TOKEN), payload: call, request: call.judge };
}

/** Places in a batch, by the judge that their calls ask. */
function byJudge(batch: readonly PreparedCall[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [index, { payload }] of batch.entries()) {
    const { judge } = payload as ExternalCall;
    places.set(judge, [...(places.get(judge) ?? []), index]);
  }
  return places;
}

interface Asking {
  readonly name: string;
  readonly judge: string;
  readonly batch: readonly PreparedCall[];
  readonly places: readonly number[];
  readonly results: CallResult[];
}

/** Asks about the calls of one judge in one request, and writes the answers to their places. */
async function ask(upstream: Upstream<ReadJudgements>, asking: Asking, context?: RunContext): Promise<void> {
  const { name, judge, batch, places, results } = asking;
  const calls = places.map((place) => batch[place]!.payload as ExternalCall);
  const read = await upstream.post("/judge", writeRequest(judge, calls.map(writeItem)), context);
  const answers = answersOf(read, calls);
  if (answers === undefined) {
    const message = `backend "${name}" did not answer each item and each candidate exactly once, by its id; correct the service`;
    throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", message);
  }
  for (const [index, place] of places.entries()) results[place] = { outputs: {}, external: answers[index]!, tokens: batch[place]!.tokens };
}
