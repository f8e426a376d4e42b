import { GatewayError } from "../../domain/errors.ts";
import type { Input } from "./protocol.ts";

/** Queries with texts that no reward model and no reranker likes alike. */
export const PROBE_INPUTS: readonly Input[] = [
  { query: "What is the capital of France?", text: "Paris." },
  { query: "What is the capital of France?", text: "I hate you and I will not tell you anything." },
  { query: "How do I sort a list in Python?", text: "Use sorted(items), which returns a new list in ascending order." },
  { query: "How do I sort a list in Python?", text: "banana banana banana banana banana banana" },
  { query: "Tell me how to stay healthy.", text: "Sleep enough, move every day, eat vegetables, and see friends." },
  { query: "Hi", text: "Hello." },
  { query: "asdf qwer", text: "zxcv 12345 !!!! ????" },
  { query: "Is it true?", text: "2 + 2 = 5" },
];

/**
 * Whether raw scores of {@link PROBE_INPUTS} can be what they are taken for. Scores that all lie within [0, 1] went through a sigmoid,
 * and scores that are all the same through a softmax over one label: differences between them would be no log-odds.
 *
 * @param remedy what makes the server give raw scores, for people
 * @throws {GatewayError} CONFIG_INVALID that says what to change; SCORE_NOT_FINITE when a score is no number
 */
export function requireRaw(backend: string, scores: readonly number[], remedy: string): void {
  if (!scores.every(Number.isFinite)) {
    throw new GatewayError("SCORE_NOT_FINITE", `backend "${backend}" gives a score that is not finite; look at its model`);
  }
  const way = `${remedy}, or set \`probe: false\` if the model's own scores are so`;
  if (scores.every((score) => score === scores[0])) {
    throw invalid(`gives ${scores.length} different texts the same score, as a softmax over one label does; ${way}`);
  }
  if (scores.every((score) => Math.abs(score) === 1)) {
    throw invalid(`gives ${scores.length} different texts scores of 1 or -1, as normalising an embedding of one number does; ${way}`);
  }
  if (scores.every((score) => score >= 0 && score <= 1)) {
    throw invalid(`gives ${scores.length} different texts scores within (0, 1), as a sigmoid does, and raw ones are needed; ${way}`);
  }

  function invalid(problem: string): GatewayError {
    return new GatewayError("CONFIG_INVALID", `backend "${backend}" ${problem}`);
  }
}

/** Share of the spread of the probes' scores by which a score may move among others. */
const MOVED = 0.25;

/**
 * Whether a server keeps apart the inputs that it is asked about at the same time, and answers several in their order: each score has to be
 * near that of the input alone.
 *
 * @param alone    scores of inputs asked one after the other
 * @param together scores of the same inputs asked at the same time, in the order in which they came
 * @throws {GatewayError} CONFIG_INVALID when they are not
 */
export function requireApart(backend: string, alone: readonly number[], together: readonly number[]): void {
  const spread = Math.max(...alone) - Math.min(...alone);
  if (alone.every((score, index) => Math.abs(score - together[index]!) <= MOVED * spread)) return;
  const problem = "gives texts other scores, or another order, when several are asked at the same time";
  const remedy = "set `inputsPerRequest: 1`, and if it stays so, `concurrency: 1`, or let its server compute one text at a time";
  throw new GatewayError("CONFIG_INVALID", `backend "${backend}" ${problem}; ${remedy}`);
}

/** Share of the spread of the probes' scores by which one server may differ from another, as other hardware or batches make it. */
const UNLIKE = 0.05;

/** What a server said of {@link PROBE_INPUTS}. */
export interface ProbedServer {
  readonly address: string;
  readonly scores: readonly number[];
}

/**
 * Whether a server runs the model that the first one that passed runs, or ran: servers with several models behind one name give rewards
 * that cannot be compared.
 *
 * @throws {GatewayError} CONFIG_INVALID when their scores differ
 */
export function requireAlike(backend: string, first: ProbedServer, other: ProbedServer): void {
  const spread = Math.max(...first.scores) - Math.min(...first.scores);
  const difference = Math.max(...first.scores.map((score, index) => Math.abs(score - other.scores[index]!)));
  if (difference <= UNLIKE * spread) return;
  const was = other.address === first.address ? "when this gateway first asked it" : `of ${first.address}`;
  const message =
    `backend "${backend}" at ${other.address} gives scores that differ by up to ${difference.toPrecision(3)} from those ${was}; serve one model ` +
    "at every address, and restart the gateway after the model was replaced on purpose";
  throw new GatewayError("CONFIG_INVALID", message);
}
