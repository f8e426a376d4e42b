import type { CallResult } from "../../src/domain/backend.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Item } from "../../src/domain/item.ts";
import type { Ask, Judge, RawScore } from "../../src/domain/judge.ts";

/** The answer of a chat server whose model wrote a text and ended. */
export const said = (text: string): CallResult => ({ outputs: {}, completion: { text, cut: false, tokens: [] }, tokens: 5 });

/** What a judge made of an item, and what it asked for it. */
export interface Judged {
  readonly scores: readonly RawScore[];
  /** Every ask, in order: the first and its follow-ups. */
  readonly asks: readonly Ask[];
}

/**
 * Takes an item with one ask through a judge as the engine does, with answers that a test makes up.
 *
 * @param answer to one call; a GatewayError is a call that failed
 */
export function judged<C extends Ask["calls"][number]>(judge: Judge, item: Item, answer: (call: C) => CallResult | GatewayError): Judged {
  const answers = (ask: Ask) =>
    ask.calls.map((call): CallResult => {
      const result = answer(call as C);
      if (!(result instanceof GatewayError)) return result;
      if (!judge.bearsFailures) throw result;
      return { outputs: {}, tokens: 0, failure: result };
    });
  const [first] = judge.encode(item);
  const asks = [first!];
  let results = answers(first!);
  for (let further = 0; further < (judge.maxFollowUps ?? 1); further++) {
    const next = judge.followUp?.(asks.at(-1)!, results, item);
    if (next === undefined) break;
    asks.push(next);
    results = answers(next);
  }
  return { scores: judge.decode(asks.at(-1)!, results, item), asks };
}
