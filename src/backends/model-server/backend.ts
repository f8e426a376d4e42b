import { createHash } from "node:crypto";
import type { Backend, Call, CallResult, OpenBackend, PreparedCall, RunContext } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import { openServers, serverLimits, UNITS_PER_TOKEN } from "../upstream/settings.ts";
import type { Server } from "../upstream/upstream.ts";
import { proofError, WrongModel } from "../upstream/wrong-model.ts";
import { PROBE_INPUTS, type ProbedServer, requireAlike, requireApart, requireRaw } from "./probe.ts";
import { type Input, inOrder, type NumbersRow, type Protocol, type ReadNumbers } from "./protocol.ts";
import type { ModelServerOptions } from "./settings.ts";
import { withoutAdded, writeText } from "./written-text.ts";

/** What goes to the server for one call. */
interface Payload extends Input {
  readonly broken: number;
}

/**
 * Opens a backend that asks an engine for the numbers of a reward model. A server that does not answer is no error: the backend is
 * not ready until one does. One that answers is tried before its first number is used, again when it was away, and again and again
 * while it serves; of several servers each for itself, and those that are probed have to answer as the first that passed did.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be, or the server is there and does not pass
 */
export async function createModelServerBackend<D>(options: ModelServerOptions, protocol: Protocol<D>): Promise<OpenBackend> {
  const { name, model, metrics } = options;
  const { dialects, output } = protocol;
  const absence = `no server of backend "${name}" answers${protocol.accepts === undefined ? "" : ` as one of type ${protocol.engine} with the model of its configuration`}`;
  /** How each server is asked, by address. */
  const ways = new Map<string, D>();
  const dialectOf = (address: string) => ways.get(address) ?? (dialects[0] as D);
  /** What the first server that passed everything said of the probes. */
  let first: ProbedServer | undefined;

  const probes = PROBE_INPUTS.map((input) => (protocol.takes === "pairs" ? input : { text: `${input.query} ${input.text}` }));
  const scoresOf = async (server: Server<ReadNumbers>, inputs: readonly Input[]) =>
    (await ask(server, inputs)).map(({ values }) => values[0]!);

  /**
   * Finds the first way of asking that the server takes, beginning with the one that it took before, and whether what it then says of the
   * probes can be raw and keeps them apart.
   */
  async function probe(server: Server<ReadNumbers>, remedy: string): Promise<ProbedServer> {
    const known = dialectOf(server.address);
    const candidates = [known, ...dialects.filter((way) => way !== known)];
    for (const [index, way] of candidates.entries()) {
      ways.set(server.address, way);
      try {
        const alone: number[] = [];
        for (const input of probes) alone.push(...(await scoresOf(server, [input])));
        if (options.probe) requireRaw(name, alone, remedy);
        if (options.concurrency > 1 || protocol.inputsPerRequest > 1) {
          const requests = requestsOf(probes, protocol.inputsPerRequest);
          requireApart(name, alone, (await Promise.all(requests.map((inputs) => scoresOf(server, inputs)))).flat());
        }
        return { address: server.address, scores: alone };
      } catch (thrown) {
        const refused = GatewayError.from(thrown).reason === "BACKEND_REFUSED" && !(thrown instanceof WrongModel);
        if (!refused || index === candidates.length - 1) throw thrown;
      }
    }
    throw new GatewayError("INTERNAL", `backend "${name}" has no way to ask its server`);
  }

  /** One request, answered in the order of its inputs. */
  async function ask(to: Asked, inputs: readonly Input[], context?: RunContext): Promise<readonly NumbersRow[]> {
    const { path } = protocol.request(inputs, dialects[0] as D);
    const answer = await to.post(path, (address) => protocol.request(inputs, dialectOf(address)).body, context);
    const rows = inOrder(answer.rows, inputs.length);
    if (rows === undefined) throw miscounted(name);
    return inputs.length === 1 ? [{ ...rows[0]!, tokens: rows[0]!.tokens ?? answer.tokens }] : rows;
  }

  const openOn = (to: Asked): Backend => ({
    name,
    digest: createHash("sha256")
      .update(JSON.stringify([protocol.engine, model, ...protocol.identity]))
      .digest("hex"),
    limits: serverLimits(options.concurrency, protocol.inputsPerRequest),
    prepare: async (calls) => calls.map((call) => prepare(call, options, protocol)),
    async run(batch, context) {
      const results = new Array<CallResult>(batch.length);
      const requests = together(batch).map(async (places) => {
        const payloads = places.map((place) => batch[place]!.payload as Payload);
        for (const { broken } of payloads) metrics?.upstream.neutralised.inc({ backend: name }, broken);
        const rows = await ask(to, payloads, context);
        for (const [index, place] of places.entries()) {
          const { values, tokens } = rows[index]!;
          results[place] = { outputs: { [output]: values }, tokens: tokens ?? batch[place]!.tokens };
        }
      });
      await Promise.all(requests);
      return results;
    },
    close: (timeoutMs) => upstream.close(timeoutMs),
  });

  const upstream = await openServers<ReadNumbers>(options, {
    healthPath: protocol.healthPath,
    ...(protocol.accepts && { accepts: protocol.accepts }),
    ...(protocol.connect && { connect: protocol.connect }),
    reading: {
      answer: protocol.answer,
      ...(protocol.refusal && { refusal: protocol.refusal }),
      flaw: (answer) => (answer.model === undefined || answer.model === model ? undefined : new WrongModel(name)),
    },
    proofIntervalMs: options.proofIntervalSeconds * 1000,
    hedge: options.hedge,
    async prove(server) {
      try {
        const probed = protocol.rawRemedy === undefined ? undefined : await probe(server, protocol.rawRemedy);
        await options.verify?.(openOn(server));
        if (probed === undefined) return;
        first ??= probed;
        requireAlike(name, first, probed);
      } catch (thrown) {
        throw proofError(thrown);
      }
    },
  });
  return {
    ...openOn(upstream),
    device: upstream.addresses.join(", "),
    remote: true,
    get notReady() {
      return upstream.flaw?.message ?? absence;
    },
    get ready() {
      return upstream.ready;
    },
    onReadiness: (listener) => upstream.onReadiness(listener),
  };
}

/** Whoever is asked: any of the servers, or one. */
type Asked = Pick<Server<ReadNumbers>, "post">;

/** Inputs in requests of at most `most`, in order; only neighbours with one query share a request. */
function requestsOf(inputs: readonly Input[], most: number): Input[][] {
  const requests: Input[][] = [];
  for (const input of inputs) {
    const last = requests.at(-1);
    if (last !== undefined && last.length < most && last[0]!.query === input.query) last.push(input);
    else requests.push([input]);
  }
  return requests;
}

/** Places of a batch that one request asks about: pairs by their query, texts all at once. */
function together(batch: readonly PreparedCall[]): number[][] {
  const places = new Map<string | undefined, number[]>();
  for (const [index, { payload }] of batch.entries()) {
    const { query } = payload as Payload;
    const known = places.get(query);
    if (known === undefined) places.set(query, [index]);
    else known.push(index);
  }
  return [...places.values()];
}

function prepare(call: Call, { name, addedTokens }: ModelServerOptions, { takes }: Protocol): PreparedCall | Error {
  if (takes === "pairs") {
    if (call.type !== "pair") return new GatewayError("BACKEND_REFUSED", `backend "${name}" scores pairs of a query and a text alone`);
    const [query, { text, broken }] = [writeText(call.query), writeText(call.document)];
    const payload: Payload = { query: query.text, text, broken: broken + query.broken };
    return { tokens: Math.ceil((query.text.length + text.length) / UNITS_PER_TOKEN), payload, request: query.text };
  }
  if (call.type !== "forward") return new GatewayError("BACKEND_REFUSED", `backend "${name}" scores texts alone`);
  if (call.overlong !== "error") return new GatewayError("BACKEND_REFUSED", `backend "${name}" drops no text: its server knows the tokens`);
  const written = writeText(call.segments);
  const text = addedTokens === undefined ? written.text : withoutAdded(written.text, addedTokens);
  const payload: Payload = { text, broken: written.broken };
  return { tokens: Math.ceil(text.length / UNITS_PER_TOKEN), payload };
}

function miscounted(backend: string): GatewayError {
  const message = `backend "${backend}" did not answer each text exactly once, by its index; look at what stands before its server`;
  return new GatewayError("JUDGE_OUTPUT_UNREADABLE", message);
}
