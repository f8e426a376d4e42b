import { createHash } from "node:crypto";
import type { Backend, Call, CallResult, OpenBackend, PreparedCall, RunContext } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import { openServers, serverLimits, UNITS_PER_TOKEN } from "../upstream/settings.ts";
import { PROBE_INPUTS, requireApart, requireRaw } from "./probe.ts";
import { createProof } from "./proof.ts";
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
 * while it serves.
 *
 * @throws {GatewayError} CONFIG_INVALID when the API key is not where it should be, or the server is there and does not pass
 */
export async function createModelServerBackend<D>(options: ModelServerOptions, protocol: Protocol<D>): Promise<OpenBackend> {
  const { name, model, metrics } = options;
  const { dialects, output } = protocol;
  const upstream = await openServers<ReadNumbers>(options, {
    healthPath: protocol.healthPath,
    ...(protocol.accepts && { accepts: protocol.accepts }),
    ...(protocol.connect && { connect: protocol.connect }),
    reading: { answer: protocol.answer, ...(protocol.refusal && { refusal: protocol.refusal }) },
  });
  const absence = `no server of backend "${name}" answers${protocol.accepts === undefined ? "" : ` as one of type ${protocol.engine} with the model of its configuration`}`;
  let dialect = dialects[0] as D;

  /** One request, answered in the order of its inputs. */
  async function ask(inputs: readonly Input[], way: D, context?: RunContext): Promise<readonly NumbersRow[]> {
    const { path, body } = protocol.request(inputs, way);
    const answer = await upstream.post(path, body, context);
    if (answer.model !== undefined && answer.model !== model) throw new WrongModel(name);
    const rows = inOrder(answer.rows, inputs.length);
    if (rows === undefined) throw miscounted(name);
    return inputs.length === 1 ? [{ ...rows[0]!, tokens: rows[0]!.tokens ?? answer.tokens }] : rows;
  }

  const open: Backend = {
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
        const rows = await ask(payloads, dialect, context);
        for (const [index, place] of places.entries()) {
          const { values, tokens } = rows[index]!;
          results[place] = { outputs: { [output]: values }, tokens: tokens ?? batch[place]!.tokens };
        }
      });
      await Promise.all(requests);
      return results;
    },
    close: (timeoutMs) => upstream.close(timeoutMs),
  };

  const probes = PROBE_INPUTS.map((input) => (protocol.takes === "pairs" ? input : { text: `${input.query} ${input.text}` }));
  const scoresOf = async (inputs: readonly Input[], way: D) => (await ask(inputs, way)).map(({ values }) => values[0]!);

  /** The first way of asking that the server takes; whether what it then says of the probes can be raw, and keeps them apart. */
  async function probe(remedy: string): Promise<void> {
    for (const [index, way] of dialects.entries()) {
      try {
        const alone: number[] = [];
        for (const input of probes) alone.push(...(await scoresOf([input], way)));
        if (options.probe) requireRaw(name, alone, remedy);
        const requests = requestsOf(probes, protocol.inputsPerRequest);
        if (options.concurrency > 1 || protocol.inputsPerRequest > 1) {
          requireApart(name, alone, (await Promise.all(requests.map((inputs) => scoresOf(inputs, way)))).flat());
        }
        dialect = way;
        return;
      } catch (thrown) {
        const refused = GatewayError.from(thrown).reason === "BACKEND_REFUSED" && !(thrown instanceof WrongModel);
        if (!refused || index === dialects.length - 1) throw thrown;
      }
    }
  }

  const proof = createProof({
    name,
    upstream,
    clock: options.clock,
    log: options.log,
    everyMs: options.proofIntervalSeconds * 1000,
    async prove() {
      try {
        if (protocol.rawRemedy !== undefined) await probe(protocol.rawRemedy);
        await options.verify?.(open);
      } catch (thrown) {
        throw thrown instanceof WrongModel ? new GatewayError("CONFIG_INVALID", thrown.message) : thrown;
      }
    },
  });
  try {
    await proof.first();
  } catch (error) {
    proof.stop();
    await upstream.close(0);
    throw error;
  }
  return {
    ...open,
    device: upstream.addresses.join(", "),
    remote: true,
    get notReady() {
      return proof.flaw?.message ?? absence;
    },
    get ready() {
      return proof.holds;
    },
    onReadiness: (listener) => proof.onChange(listener),
    async run(batch, context) {
      // A server that answers as another is there, and not the one that is asked.
      if (protocol.accepts !== undefined && !upstream.ready) throw new GatewayError("BACKEND_UNAVAILABLE", absence);
      await proof.required();
      try {
        return await open.run(batch, context);
      } catch (thrown) {
        if (thrown instanceof WrongModel) proof.doubt();
        throw thrown;
      }
    },
    close(timeoutMs) {
      proof.stop();
      return open.close(timeoutMs);
    },
  };
}

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
    return { tokens: Math.ceil((query.text.length + text.length) / UNITS_PER_TOKEN), payload };
  }
  if (call.type !== "forward") return new GatewayError("BACKEND_REFUSED", `backend "${name}" scores texts alone`);
  if (call.overlong !== "error") return new GatewayError("BACKEND_REFUSED", `backend "${name}" drops no text: its server knows the tokens`);
  const written = writeText(call.segments);
  const text = addedTokens === undefined ? written.text : withoutAdded(written.text, addedTokens);
  const payload: Payload = { text, broken: written.broken };
  return { tokens: Math.ceil(text.length / UNITS_PER_TOKEN), payload };
}

/** The server was replaced by one with another model, or the configuration names the model otherwise than the server does. */
class WrongModel extends GatewayError {
  constructor(backend: string) {
    super(
      "BACKEND_REFUSED",
      `backend "${backend}" answered in the name of another model than \`model\` says; correct the name, or the server's model`,
    );
  }
}

function miscounted(backend: string): GatewayError {
  const message = `backend "${backend}" did not answer each text exactly once, by its index; look at what stands before its server`;
  return new GatewayError("JUDGE_OUTPUT_UNREADABLE", message);
}
