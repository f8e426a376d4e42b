import type { Finding } from "../../domain/judge.ts";
import { presentable } from "../../domain/presentable.ts";
import type { Optional } from "../../reward/missing.ts";
import { sum } from "../../reward/numerics.ts";
import { creditDependencies, type DependentItem, dependencyOrder } from "../generative/checklist-dependencies.ts";
import { type Answer, scoreChecklist } from "../generative/checklist-score.ts";
import type { ChecklistConfig, ChecklistItem } from "./params.ts";
import type { ItemAnswer } from "./read-part.ts";

/** A checklist gone through once. */
export interface PartsScore {
  /** In [0, 1]; null where what decides it was not judged. */
  readonly score: Optional;
  /** Least share of the weight that was judged, over the parts, in [0, 1]. */
  readonly coverage: number;
  readonly findings: readonly Finding[];
}

/** UTF-16 units of a quotation or a reason that are shown. */
const SHOWN_LENGTH = 600;

/**
 * Scores the parts of a conversation by what is known of each item in each. Under `step` an item is credited at the first step where it
 * passed after all that it depends on; otherwise it counts in a part only where those passed in the same part.
 *
 * @param names   of the parts
 * @param answers shape [P][K]
 */
export function scoreParts(
  items: readonly ChecklistItem[],
  names: readonly string[],
  answers: readonly (readonly ItemAnswer[])[],
  { scope, delay }: Pick<ChecklistConfig, "scope" | "delay">,
): PartsScore {
  const dependent = items.map(
    ({ weight = 1, dependsOn = [] }): DependentItem => ({
      weight,
      dependsOn: dependsOn.map((name) => items.findIndex((item) => item.name === name)),
    }),
  );
  return scope === "step" ? scoreSteps(items, dependent, names, answers, delay) : scoreTurns(items, dependent, names, answers);
}

function scoreTurns(
  items: readonly ChecklistItem[],
  dependent: readonly DependentItem[],
  names: readonly string[],
  answers: readonly (readonly ItemAnswer[])[],
): PartsScore {
  const counted = answers.map((turn) => countedIn(items, dependent, turn));
  const weights = dependent.map(({ weight }) => weight);
  const mustPass = items.map(({ hard = false }) => hard);
  const { trajectory } = scoreChecklist(counted.map((turn) => ({ weights, mustPass, steps: [turn.map(({ passed }) => passed)] })));
  const findings = counted.flatMap((turn, part) =>
    turn.map((answer, k) => findingOf(names.length === 1 ? items[k]!.name : `${names[part]}: ${items[k]!.name}`, answer)),
  );
  const shares = counted.map((turn) =>
    shareOf(
      weights,
      turn.map(({ passed }) => passed),
    ),
  );
  return { score: trajectory, coverage: Math.min(...shares), findings };
}

/** The answers of one turn, those taken out that depend on what did not pass. */
function countedIn(items: readonly ChecklistItem[], dependent: readonly DependentItem[], turn: readonly ItemAnswer[]): ItemAnswer[] {
  const counted = [...turn];
  for (const k of dependencyOrder(dependent)) {
    const without = dependent[k]!.dependsOn.find((other) => counted[other]!.passed !== true);
    if (without === undefined) continue;
    const open = dependent[k]!.dependsOn.every((other) => counted[other]!.passed !== false);
    counted[k] = { passed: open ? null : false, text: `skipped: it depends on ${items[without]!.name}` };
  }
  return counted;
}

function scoreSteps(
  items: readonly ChecklistItem[],
  dependent: readonly DependentItem[],
  names: readonly string[],
  answers: readonly (readonly ItemAnswer[])[],
  delay: number,
): PartsScore {
  const steps = answers.map((step) => step.map(({ passed }) => passed));
  const { items: earned, score } = creditDependencies(dependent, steps, delay);
  const weights = dependent.map(({ weight }) => weight);
  const findings = items.flatMap(({ name }, k) => [
    { name, ...(earned[k] !== null && { value: earned[k]! }) },
    ...answers.flatMap((step, t) => (step[k]!.passed === false ? [] : [findingOf(`${names[t]}: ${name}`, step[k]!)])),
  ]);
  const required = earned.filter((_, k) => items[k]!.hard);
  const gated = required.includes(0) ? 0 : required.includes(null) ? null : score;
  return { score: gated, coverage: shareOf(weights, earned), findings };
}

function shareOf(weights: readonly number[], known: readonly (Answer | Optional)[]): number {
  return sum(weights.filter((_, k) => known[k] !== null)) / sum(weights);
}

function findingOf(name: string, { passed, text, start, end }: ItemAnswer): Finding {
  return {
    name,
    ...(passed !== null && { value: Number(passed) }),
    ...(text !== "" && { text: presentable(text, SHOWN_LENGTH) }),
    ...(start !== undefined && end !== undefined && { start, end }),
  };
}
