import type { ItemFacts } from "./score-window.ts";

/** First and last step that items tell; absent where none does. */
export interface StepRange {
  readonly firstStep?: number;
  readonly lastStep?: number;
}

/**
 * The range of steps over some items.
 * @example stepsOf([{ id: "a", step: 3 }, { id: "b" }, { id: "c", step: 1 }]).firstStep // → 1
 */
export function stepsOf(items: Iterable<ItemFacts>): StepRange {
  let range: { firstStep: number; lastStep: number } | undefined;
  for (const { step } of items) {
    if (step === undefined) continue;
    range ??= { firstStep: step, lastStep: step };
    range.firstStep = Math.min(range.firstStep, step);
    range.lastStep = Math.max(range.lastStep, step);
  }
  return range ?? {};
}
