import { createHash } from "node:crypto";
import { GatewayError } from "../domain/errors.ts";
import type { Item } from "../domain/item.ts";
import type { Judge } from "../domain/judge.ts";
import { isRouter, type Panel, type Router } from "../domain/panel.ts";
import type { RouteTaken } from "../domain/score.ts";
import type { Judgement } from "./judgement.ts";

/** Whether one judge runs for an item, and what stands in its place when it does not. */
export interface PlannedJudge {
  readonly judge: Judge;
  /** When it is asked: 0 at once, a later one only while the item is open. */
  readonly stage: number;
  /** Whether the reward depends on it; nothing that only watches may fail or refuse a request. */
  readonly counts: boolean;
  readonly skip: Judgement | undefined;
}

/** Where an item goes. */
export interface Destination {
  readonly panel: Panel;
  /** Present when a table led there. */
  readonly route: RouteTaken | undefined;
}

/**
 * Follows the routing tables from the name that a request gives to the panel that judges the item.
 *
 * @throws {GatewayError} PANEL_NOT_FOUND with the names that exist
 */
export function routeItem(panels: ReadonlyMap<string, Panel | Router>, name: string, item: Item): Destination {
  const rows: number[] = [];
  let found = findPanel(panels, name);
  while (isRouter(found)) {
    const { to, row } = found.choose(item);
    rows.push(row);
    found = findPanel(panels, to);
  }
  const route = rows.length === 0 ? undefined : { panel: found.name, panelRevision: found.revision, rows };
  return { panel: found, route };
}

/** @throws {GatewayError} PANEL_NOT_FOUND with the names that exist */
export function findPanel(panels: ReadonlyMap<string, Panel | Router>, name: string): Panel | Router {
  const panel = panels.get(name);
  if (panel !== undefined) return panel;
  const known = [...panels.keys()];
  throw new GatewayError("PANEL_NOT_FOUND", `no panel "${name}"; defined: ${known.join(", ")}`, { details: { suggestions: known } });
}

/** Every panel that a name may lead an item to, itself where it is one. */
export function panelsBehind(panels: ReadonlyMap<string, Panel | Router>, name: string): ReadonlySet<Panel> {
  const found = findPanel(panels, name);
  if (!isRouter(found)) return new Set([found]);
  return new Set(found.rows.flatMap(({ panel }) => [...panelsBehind(panels, panel)]));
}

/** The item as its judges see it: with its baselines behind the candidates where the panel compares with them. */
export function judgedItem(panel: Panel, item: Item): Item {
  if (!panel.readsBaselines || item.baselines === undefined || item.baselines.length === 0) return item;
  return { ...item, candidates: [...item.candidates, ...item.baselines] };
}

/** Which judges of the panel run for this item, in the order of `Panel.judges`. */
export function planItem(panel: Panel, item: Item): PlannedJudge[] {
  const seats = seatsOf(panel);
  const draw = seats.some(({ sample }) => sample < 1) ? drawOf(item) : 0;
  return panel.judges.map((judge, seat) => {
    const { counts, sample, stage } = seats[seat]!;
    const why = judge.notApplicable(item);
    if (why !== undefined) {
      const failure = { reason: "REQUEST_INVALID", message: why, retryable: false } as const;
      return { judge, stage, counts, skip: { outcome: "not_applicable", failure } };
    }
    return { judge, stage, counts, skip: draw < sample ? undefined : NOT_SAMPLED };
  });
}

const NOT_SAMPLED: Judgement = {
  outcome: "skipped",
  failure: { reason: "JUDGE_SKIPPED", message: "the item is not in the sample that this judge watches", retryable: false },
};

/** Names of the states that rewards of a panel depend on; what only its watchers read is not among them. */
export function neededStates({ members, constraints, weighting }: Panel): string[] {
  const readings = [...members.filter(({ standing }) => standing === "counts"), ...(constraints?.readings ?? [])];
  const scales = readings.flatMap(({ transforms }) => transforms.flatMap(({ state }) => state ?? []));
  return weighting === undefined ? scales : [weighting.state, ...scales];
}

interface Seat {
  readonly counts: boolean;
  /** Share of items that it judges, 1 where it counts. */
  readonly sample: number;
  /** The first at which a reward depends on it; 0 where none does. What only watches it sees it when it is asked. */
  readonly stage: number;
}

const known = new WeakMap<Panel, readonly Seat[]>();
function seatsOf(panel: Panel): readonly Seat[] {
  let seats = known.get(panel);
  if (seats === undefined) {
    seats = panel.judges.map((_, seat) => {
      const members = panel.members.filter((member) => member.seat === seat);
      const counting = members.filter(({ standing }) => standing === "counts");
      const gates = panel.constraints?.readings.some((reading) => reading.seat === seat) ?? false;
      const counts = gates || counting.length > 0;
      const stage = gates || counting.length === 0 ? 0 : Math.min(...counting.map((member) => member.stage));
      return { counts, stage, sample: counts ? 1 : Math.max(...members.map(({ sample }) => sample)) };
    });
    known.set(panel, seats);
  }
  return seats;
}

/** A number in [0, 1) that is the same for the same text, so that a sample does not depend on who asks or when. */
function drawOf({ prompt, candidates }: Item): number {
  return (
    createHash("sha256")
      .update(JSON.stringify([prompt, candidates.map(({ content }) => content)]))
      .digest()
      .readUInt32BE(0) /
    2 ** 32
  );
}
