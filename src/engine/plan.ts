import { GatewayError } from "../domain/errors.ts";
import type { Item } from "../domain/item.ts";
import type { Judge } from "../domain/judge.ts";
import type { Panel } from "../domain/panel.ts";
import type { Steering } from "../domain/reward.ts";
import type { Judgement } from "./judgement.ts";

/** Whether one member's judge runs for an item, and what stands in its place when it does not. */
export interface PlannedMember {
  readonly judge: Judge;
  readonly skip: Judgement | undefined;
}

/** Which members of the panel run for this item, in the panel's order. */
export function planItem(panel: Panel, item: Item): PlannedMember[] {
  return panel.members.map(({ judge }) => {
    const why = judge.notApplicable(item);
    if (why === undefined) return { judge, skip: undefined };
    return { judge, skip: { outcome: "not_applicable", failure: { reason: "REQUEST_INVALID", message: why, retryable: false } } };
  });
}

/**
 * Refuses request weights that name an objective no judge of the panel has.
 * @throws {GatewayError} REQUEST_INVALID with the names that exist
 */
export function checkSteering(panel: Panel, steering: Steering | undefined): void {
  if (steering === undefined) return;
  const known = new Set(panel.members.flatMap(({ judge }) => judge.gated?.objectives.map((objective) => objective.name) ?? []));
  for (const name of Object.keys(steering.weights)) {
    if (known.has(name)) continue;
    const names = [...known];
    throw new GatewayError(
      "REQUEST_INVALID",
      names.length === 0
        ? `panel "${panel.name}" has no judge with objectives, so objective weights mean nothing to it`
        : `no judge of panel "${panel.name}" has an objective "${name}"; it has: ${names.join(", ")}`,
      { details: { field: `options.objectiveWeights.${name}`, suggestions: names } },
    );
  }
}
