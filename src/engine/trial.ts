import type { Backend, CallResult, OpenBackend } from "../domain/backend.ts";
import type { Clock } from "../domain/clock.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Item } from "../domain/item.ts";
import type { Ask, Judge } from "../domain/judge.ts";

/** A question that every model can answer; what counts is that the answer can be read, and not what it is. */
const TRIAL_ITEM: Item = {
  id: "trial",
  prompt: [{ role: "user", content: "What is two plus two?" }],
  candidates: [{ content: "Two plus two is four." }, { content: "I do not know, sorry." }],
  reference: "4",
  criteria: [{ name: "right", text: "The response says that two plus two is four." }],
};

/**
 * Puts a trial question to a judge: whether its server takes what the judge asks with, and answers in a form that the judge reads.
 *
 * @returns why it does not, or undefined when it does, or does not cover such a question
 */
export async function tryJudge(judge: Judge, backends: ReadonlyMap<string, Backend>): Promise<GatewayError | undefined> {
  if (judge.notApplicable(TRIAL_ITEM) !== undefined) return undefined;
  try {
    let ask: Ask = judge.encode(TRIAL_ITEM)[0]!;
    let results = await answer(judge, ask, backends);
    for (let rounds = judge.maxFollowUps ?? 1; rounds > 0; rounds--) {
      const further = judge.followUp?.(ask, results, TRIAL_ITEM);
      if (further === undefined) break;
      ask = further;
      results = await answer(judge, ask, backends);
    }
    const failed = judge.decode(ask, results, TRIAL_ITEM).find((score) => score.outcome === "failed");
    return failed?.outcome === "failed" ? failed.error : undefined;
  } catch (thrown) {
    return GatewayError.from(thrown);
  }
}

async function answer(judge: Judge, ask: Ask, backends: ReadonlyMap<string, Backend>): Promise<CallResult[]> {
  const backend = backends.get(ask.backend ?? judge.backend!)!;
  const prepared = await backend.prepare(ask.calls);
  const results: CallResult[] = [];
  for (const call of prepared) {
    const answered = call instanceof Error ? Promise.reject(call) : backend.run([call]);
    results.push(...(await answered.catch((thrown) => [failureFor(judge, ask, thrown)])));
  }
  return results;
}

/** The answer in place of one that a backend which the judge can do without has not given. @throws what was thrown for any other */
function failureFor({ mayAsk = [] }: Judge, { backend }: Ask, thrown: unknown): CallResult {
  if (backend === undefined || !mayAsk.includes(backend)) throw thrown;
  return { outputs: {}, tokens: 0, failure: GatewayError.from(thrown) };
}

export interface TrialOptions {
  /** By name; every one that the judge needs. */
  readonly backends: ReadonlyMap<string, OpenBackend>;
  readonly clock: Clock;
  /** Hears of readiness, with the reason where a trial keeps the judge from it. */
  show(ready: boolean, why?: string): void;
  onFailure(error: GatewayError): void;
}

/** Time until a trial that failed is made again. */
const AGAIN_MS = 60_000;

/**
 * Follows a backend and shows its judge as ready once a trial question was answered, after each time that the backend came up. A trial
 * that fails is made again every minute.
 *
 * @returns a function that stops it
 */
export function followWithTrial(judge: Judge, { backends, clock, show, onFailure }: TrialOptions): () => void {
  /** Counts changes of the backend, so that a trial which was overtaken by one is not heeded. */
  let change = 0;
  let cancel = () => {};
  const backend = backends.get(judge.backend!)!;
  const attempt = async (of: number): Promise<void> => {
    const error = await tryJudge(judge, backends);
    if (of !== change) return;
    if (error === undefined) return show(true);
    onFailure(error);
    show(false, `its trial question failed: ${error.reason}: ${error.message}`);
    cancel = clock.after(AGAIN_MS, () => void attempt(of));
  };
  const follow = (ready: boolean) => {
    change++;
    cancel();
    show(false, ready ? "its trial question is under way" : undefined);
    if (ready) void attempt(change);
  };
  const stop = backend.onReadiness(follow);
  follow(backend.ready);
  return () => {
    change++;
    cancel();
    stop();
  };
}
