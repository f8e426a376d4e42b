import type { Backend, Call, CallResult, PreparedCall, RunContext } from "../domain/backend.ts";
import { GatewayError } from "../domain/errors.ts";
import type { GoldenRow, Judge } from "../domain/judge.ts";
import { digestCall } from "./digest.ts";

export interface JudgeUnderTest {
  readonly judge: Judge;
  readonly rows: readonly GoldenRow[];
  /** Largest difference from a recorded number that passes. */
  readonly tolerance: number;
}

export interface SelfTestReport {
  readonly judge: string;
  readonly rows: number;
  /** Rows of which the tokens were compared with those that the judge's makers recorded; they are equal. */
  readonly tokenRows: number;
  /** Largest difference from a recorded number, items scored alone. */
  readonly goldenMaxAbsError: number;
  /** Largest difference between an item alone and the same item among others. */
  readonly compositionMaxAbsError: number;
}

/** Answers of the backend by call digest. */
type Answers = ReadonlyMap<string, CallResult>;

/**
 * Checks the judges of one backend before they serve: each must reproduce its golden scores, and its scores must move among
 * batch-mates no further than its determinism class says. Judges that ask the same are tested on the same answers.
 *
 * @param compositions how many random batchings of all golden calls are compared with each call alone
 * @throws {GatewayError} CONFIG_INVALID with the judge, the row, the difference and what to look at
 */
export async function selfTest(
  backend: Backend,
  judges: readonly JudgeUnderTest[],
  options: { readonly compositions: number },
): Promise<SelfTestReport[]> {
  const calls = new Map<string, Call>();
  for (const { judge, rows } of judges)
    for (const { item } of rows)
      for (const { calls: asked } of judge.encode(item)) for (const call of asked) calls.set(digestCall(call), call);
  const prepared = await prepareAll(backend, calls);
  const alone = await answerAlone(backend, prepared);
  const together: Answers[] = [];
  for (let seed = 1; seed <= options.compositions && backend.limits.batchable; seed++) {
    together.push(await answer(backend, compose([...prepared], seed, backend)));
  }
  return judges.map((tested) => report(tested, prepared, alone, together));
}

function report(
  { judge, rows, tolerance }: JudgeUnderTest,
  prepared: ReadonlyMap<string, PreparedCall>,
  alone: Answers,
  together: readonly Answers[],
): SelfTestReport {
  const tokenRows = compareTokens(judge, rows, prepared);
  let goldenMaxAbsError = 0;
  let compositionMaxAbsError = 0;
  for (const row of rows) {
    const numbers = numbersOf(judge, row, alone);
    const recorded = row.scores.map(({ value, objectives = [], gating = [] }) => [value, ...objectives, ...gating]);
    // A row may record the score alone of a judge that has objectives too.
    const compared = numbers.map((found, candidate) => (row.scores[candidate]?.objectives ? found : found.slice(0, 1)));
    const difference = maxAbsDifference(recorded.flat(), compared.flat());
    if (!(difference <= tolerance)) {
      throw new GatewayError(
        "CONFIG_INVALID",
        `judge "${judge.name}" does not reproduce its golden scores: row "${row.id}" is off by ${difference} (tolerance ${tolerance}); ` +
          "the model, tokenizer, template, runtime or kind of processor is not the one the scores were made with",
      );
    }
    goldenMaxAbsError = Math.max(goldenMaxAbsError, difference);
    for (const answers of together) {
      compositionMaxAbsError = Math.max(compositionMaxAbsError, maxAbsDifference(numbers.flat(), numbersOf(judge, row, answers).flat()));
    }
  }
  const allowed = judge.determinism.class === "tolerance" ? judge.determinism.bound : 0;
  if (judge.determinism.class !== "none" && !(compositionMaxAbsError <= allowed)) {
    throw new GatewayError(
      "CONFIG_INVALID",
      `judge "${judge.name}" declares determinism ${judge.determinism.class}, but a score moved by ${compositionMaxAbsError} among ` +
        `batch-mates (allowed ${allowed}); declare a wider bound, or "none", which runs every call alone`,
    );
  }
  return { judge: judge.name, rows: rows.length, tokenRows, goldenMaxAbsError, compositionMaxAbsError };
}

/** How many rows have recorded tokens that the backend gives too. */
function compareTokens(judge: Judge, rows: readonly GoldenRow[], prepared: ReadonlyMap<string, PreparedCall>): number {
  let compared = 0;
  for (const { id, item, ids } of rows) {
    const calls = judge.encode(item).flatMap((ask) => ask.calls);
    const found = calls.length === 1 ? prepared.get(digestCall(calls[0]!))?.ids : undefined;
    if (ids === undefined || found === undefined) continue;
    if (found.length !== ids.length || !ids.every((token, at) => token === found[at])) {
      const at = ids.findIndex((token, index) => token !== found[index]);
      throw new GatewayError(
        "CONFIG_INVALID",
        `judge "${judge.name}" reads other tokens than its makers did: row "${id}" differs from token ${at < 0 ? ids.length : at} on; ` +
          "the template or the tokenizer is not the one that the model was trained with",
      );
    }
    compared++;
  }
  return compared;
}

/** What the judge says of each candidate of a row: the raw value, then objectives, then gating. */
function numbersOf(judge: Judge, { id, item }: GoldenRow, answers: Answers): number[][] {
  const numbers: number[][] = [];
  for (const ask of judge.encode(item)) {
    const results = ask.calls.map((call) => answers.get(digestCall(call))!);
    for (const [at, score] of judge.decode(ask, results, item).entries()) {
      if (score.outcome !== "scored") throw new GatewayError("CONFIG_INVALID", `judge "${judge.name}" abstains on its golden row "${id}"`);
      numbers[ask.candidates[at]!] = [score.value, ...(score.objectives ?? []), ...(score.gating ?? [])];
    }
  }
  return numbers;
}

async function prepareAll(backend: Backend, calls: ReadonlyMap<string, Call>): Promise<Map<string, PreparedCall>> {
  const prepared = await backend.prepare([...calls.values()]);
  return new Map(
    [...calls.keys()].map((digest, index) => {
      const call = prepared[index]!;
      if (call instanceof Error) throw call;
      return [digest, call];
    }),
  );
}

/** Runs one call after the other, each with the backend to itself: a backend may run it otherwise than a batch among others. */
async function answerAlone(backend: Backend, prepared: ReadonlyMap<string, PreparedCall>): Promise<Answers> {
  const context: RunContext = { signal: new AbortController().signal, remainingMs: () => Number.POSITIVE_INFINITY, alone: true };
  const answers = new Map<string, CallResult>();
  for (const [digest, call] of prepared) answers.set(digest, (await backend.run([call], context))[0]!);
  return answers;
}

/** Runs the batches, as many at once as the backend takes. */
async function answer(backend: Backend, batches: readonly (readonly (readonly [string, PreparedCall])[])[]): Promise<Answers> {
  const answers = new Map<string, CallResult>();
  const queue = [...batches];
  const lane = async () => {
    for (let batch = queue.pop(); batch !== undefined; batch = queue.pop()) {
      const results = await backend.run(batch.map(([, call]) => call));
      for (const [index, [digest]] of batch.entries()) answers.set(digest, results[index]!);
    }
  };
  await Promise.all(Array.from({ length: backend.limits.concurrency }, lane));
  return answers;
}

/** The calls in random order, cut into batches as large as the backend allows. */
function compose(calls: (readonly [string, PreparedCall])[], seed: number, { limits }: Backend): (readonly [string, PreparedCall])[][] {
  let state = seed;
  for (let last = calls.length - 1; last > 0; last--) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const other = (state >>> 8) % (last + 1);
    [calls[last], calls[other]] = [calls[other]!, calls[last]!];
  }
  const batches: (readonly [string, PreparedCall])[][] = [];
  let longest = 0;
  for (const entry of calls) {
    const batch = batches.at(-1);
    longest = Math.max(longest, entry[1].tokens);
    const fits = batch !== undefined && batch.length < limits.maxBatchCalls && longest * (batch.length + 1) <= limits.maxBatchTokens;
    if (fits) batch.push(entry);
    else {
      batches.push([entry]);
      longest = entry[1].tokens;
    }
  }
  return batches;
}

/** Largest absolute difference; NaN when lengths differ or a number is NaN. */
function maxAbsDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.NaN;
  let max = 0;
  for (const [index, value] of a.entries()) {
    const difference = Math.abs(value - b[index]!);
    if (!(difference <= max)) max = difference;
  }
  return max;
}
