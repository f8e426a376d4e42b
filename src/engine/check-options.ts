import { GatewayError } from "../domain/errors.ts";
import type { Item } from "../domain/item.ts";
import type { Panel, Reading } from "../domain/panel.ts";
import type { Steering } from "../domain/reward.ts";
import type { ScoreOptions, WeightSet } from "../domain/score.ts";
import type { CallContext } from "../domain/service.ts";

/**
 * Refuses options that name what none of the panels has: an objective, a member, a state; weights of objectives that no member which
 * counts would be moved by; and weights for a panel that takes its members as equals.
 *
 * @param panels those that items of such a request may go to, so that what a batch holds does not decide which names are right
 * @param used   those that the items of this one go to
 * @throws {GatewayError} REQUEST_INVALID with the path of the option and the names that exist
 */
export function checkOptions(panels: ReadonlySet<Panel>, used: ReadonlySet<Panel>, options: ScoreOptions): void {
  const { steering, weightSets, stateVersions } = options;
  checkSteering(panels, steering, "options.objectiveWeights");
  for (const [i, set] of (weightSets ?? []).entries()) {
    checkSteering(panels, set.steering, `options.weightSets[${i}].objectiveWeights`);
    checkMemberWeights(panels, used, set, `options.weightSets[${i}].memberWeights`);
  }
  for (const name of Object.keys(stateVersions ?? {})) {
    const states = [...new Set([...panels].flatMap((panel) => panel.states))];
    if (states.includes(name)) continue;
    const rule =
      states.length === 0 ? "no panel of this request reads a state" : `no panel reads a state "${name}"; there are: ${states.join(", ")}`;
    throw invalid(`options.stateVersions.${name}`, rule, states);
  }
}

/**
 * Refuses a stream where a panel compares over all items of a request.
 *
 * @throws {GatewayError} REQUEST_INVALID
 */
export function refuseLoneGroups(panels: ReadonlySet<Panel>, { streamed }: CallContext): void {
  if (streamed !== true) return;
  for (const { name, advantages } of panels) {
    if (advantages?.scope !== "batch") continue;
    const rule = `advantages of panel "${name}" (${advantages.method}) run over all items of a request and a stream brings one at a time`;
    throw new GatewayError("REQUEST_INVALID", `${rule}: send the items in one unary request`, { details: { field: "panel" } });
  }
}

/**
 * Refuses an item that does not tell what its panel reads of every candidate.
 *
 * @param path of the item in the JSON form
 * @throws {GatewayError} REQUEST_INVALID with the path of the field
 */
export function checkItem({ name, constraints, advantages }: Panel, item: Item, path: string): void {
  if (constraints === undefined && advantages === undefined) return;
  const fields = [
    ...(constraints?.rule.readsKl ? [{ key: "kl" as const, why: "has a KL budget" }] : []),
    ...(advantages?.readsLengths ? [{ key: "tokens" as const, why: `weighs advantages by length (${advantages.method})` }] : []),
  ];
  for (const { key, why } of fields) {
    const place = item.candidates.findIndex((candidate) => candidate[key] === undefined);
    if (place < 0) continue;
    const field = `${path}.candidates[${place}].${key}`;
    throw new GatewayError("REQUEST_INVALID", `${field}: required, since panel "${name}" ${why}`, { details: { field, itemId: item.id } });
  }
}

function checkSteering(panels: ReadonlySet<Panel>, steering: Steering | undefined, field: string): void {
  if (steering === undefined) return;
  const joined = objectivesOf([...panels].flatMap(({ members }) => members.filter(({ standing }) => standing === "counts")));
  const there = objectivesOf([...panels].flatMap(({ judges }) => judges));
  for (const name of Object.keys(steering.weights)) {
    if (joined.has(name)) continue;
    const which = [...panels].map((panel) => `"${panel.name}"`).join(", ");
    const rule =
      there.size === 0
        ? `panel ${which} has no judge with objectives, so objective weights mean nothing to it`
        : there.has(name)
          ? `no member of panel ${which} that counts joins the objective "${name}" with others, so its weight would change no reward`
          : `no judge of panel ${which} has an objective "${name}"; it has: ${[...there].join(", ")}`;
    throw invalid(`${field}.${name}`, rule, [...joined]);
  }
}

function objectivesOf(those: readonly Pick<Reading, "gated">[]): ReadonlySet<string> {
  return new Set(those.flatMap(({ gated }) => gated?.objectives.map(({ name }) => name) ?? []));
}

function checkMemberWeights(panels: ReadonlySet<Panel>, used: ReadonlySet<Panel>, { memberWeights }: WeightSet, field: string): void {
  if (memberWeights === undefined) return;
  const names = [
    ...new Set([...panels].flatMap(({ members }) => members.flatMap(({ name, standing }) => (standing === "counts" ? [name] : [])))),
  ];
  for (const name of Object.keys(memberWeights)) {
    if (!names.includes(name)) throw invalid(`${field}.${name}`, `no member "${name}" that counts; there are: ${names.join(", ")}`, names);
  }
  for (const { name, aggregation, members } of used) {
    const weights = members.flatMap((member) => (member.standing === "counts" ? [memberWeights[member.name] ?? 0] : []));
    if (weights.every((weight) => weight === 0)) throw invalid(field, `leaves every member of panel "${name}" without weight`, names);
    if (!aggregation.weighs && new Set(weights.filter((weight) => weight !== 0)).size > 1) {
      throw invalid(
        field,
        `panel "${name}" aggregates by ${aggregation.method}, which takes members as equals: use one weight and 0`,
        names,
      );
    }
  }
}

function invalid(field: string, rule: string, suggestions: readonly string[]): GatewayError {
  return new GatewayError("REQUEST_INVALID", rule, { details: { field, suggestions } });
}
