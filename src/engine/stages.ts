import type { Item } from "../domain/item.ts";
import type { Panel } from "../domain/panel.ts";
import type { Judging } from "../domain/score.ts";
import type { Judgement } from "./judgement.ts";
import type { Openness } from "./openness.ts";

const known = new WeakMap<Panel, number>();

/** How many stages a panel has, ≥ 1. */
export function stagesOf(panel: Panel): number {
  let stages = known.get(panel);
  if (stages === undefined) {
    stages = new Set(panel.members.map(({ standing, stage }) => (standing === "counts" ? stage : 0))).add(0).size;
    known.set(panel, stages);
  }
  return stages;
}

/** What is known of an item when nobody is asked any more. */
export interface EndedItem {
  readonly panel: Panel;
  readonly item: Item;
  /** One per judge of the panel: its candidates, then the baselines that were judged. */
  readonly rows: readonly (readonly Judgement[])[];
  /** Stages whose judges were asked. */
  readonly asked: number;
  /** Why the last of them was. */
  readonly openBy: Judging["openBy"];
  readonly openness: Openness;
  readonly tokens: number;
}

/** What the answer says of how an item was judged; undefined of a panel that asks all of its judges at once. */
export function judgingOf({ panel, item, rows, asked, openBy, openness, tokens }: EndedItem): Judging | undefined {
  if (panel.sequence === undefined) return undefined;
  const { moot, reasons: leftOpen } = openness;
  const stopped = moot ? "moot" : leftOpen.length === 0 ? "settled" : "exhausted";
  let spared = 0;
  for (const row of rows) if (row[0]!.outcome === "not_asked") spared += item.candidates.length;
  return { stages: stagesOf(panel), asked, stopped, openBy, leftOpen, spared, tokens };
}
