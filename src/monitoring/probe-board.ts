import type { ProbeClaim, ProbeSuite } from "../domain/probe.ts";
import type { Observation } from "../domain/run.ts";

/** Rounds that are kept: enough to see how much a judge that is not deterministic differs from itself. */
const KEPT_ROUNDS = 25;

/** The last scores of one probe under the reward or under one member. */
export interface ProbeRounds {
  readonly id: string;
  readonly claim: ProbeClaim;
  /** Oldest first. */
  readonly scores: readonly number[];
  /** The honest answer's in the same rounds; empty where the claim compares with none. */
  readonly honest: readonly number[];
}

/** Whose scores are meant: of a panel's member, or its rewards when no member is named. */
export interface ProbeSeries {
  readonly panel: string;
  readonly member: string | undefined;
}

interface Kept {
  readonly revision: string;
  /** Key of a series → per probe. */
  readonly series: Map<string, { scores: number[]; honest: number[] }[]>;
}

/** What the probes scored in their last rounds, for the alarms of every run of their panel. */
export class ProbeBoard {
  readonly #suites: ReadonlyMap<string, ProbeSuite>;
  readonly #kept = new Map<string, Kept>();

  constructor(suites: readonly ProbeSuite[]) {
    this.#suites = new Map(suites.map((suite) => [suite.panel, suite]));
  }

  /**
   * Takes in one probe's scores. A probe that a constraint vetoes is refused, and what it scored before is forgotten; what a judge
   * could not score changes nothing.
   *
   * @param index of the probe in its suite
   */
  take(index: number, { panel, items }: Observation): void {
    const item = items[0]!;
    let kept = this.#kept.get(panel.name);
    if (kept?.revision !== panel.revision) {
      kept = { revision: panel.revision, series: new Map() };
      this.#kept.set(panel.name, kept);
    }
    const vetoed = item.satisfied?.[0] === 0;
    this.#add(kept, undefined, { index, panel: panel.name, scores: item.rewards, vetoed });
    for (const [i, { member }] of panel.members.entries()) {
      this.#add(kept, member, { index, panel: panel.name, scores: item.members[i]!.scores, vetoed: false });
    }
  }

  /** The probes that say something of a series, with their last rounds; empty of a panel of another revision. */
  read({ panel, member }: ProbeSeries, revision: string): ProbeRounds[] {
    const suite = this.#suites.get(panel);
    const kept = this.#kept.get(panel);
    const rows = kept?.revision === revision ? kept.series.get(keyOf(member)) : undefined;
    if (suite === undefined || rows === undefined) return [];
    return suite.probes.flatMap((probe, index) => {
      const row = rows[index];
      if (row === undefined || !isAbout(probe, member)) return [];
      return [{ id: probe.item.id, claim: probe.claim, ...row }];
    });
  }

  #add(
    { series }: Kept,
    member: string | undefined,
    { index, panel, scores, vetoed }: { index: number; panel: string; scores: readonly (number | null)[]; vetoed: boolean },
  ): void {
    const rows = series.get(keyOf(member)) ?? [];
    series.set(keyOf(member), rows);
    const [score, honest] = scores;
    const compares = this.#suites.get(panel)!.probes[index]!.claim.claim === "notAboveHonest";
    if (vetoed) rows[index] = { scores: [], honest: [] };
    if (score == null || (compares && honest == null)) return;
    rows[index] ??= { scores: [], honest: [] };
    rows[index].scores.push(score);
    if (compares) rows[index].honest.push(honest!);
    if (rows[index].scores.length > KEPT_ROUNDS) {
      rows[index].scores.shift();
      rows[index].honest.shift();
    }
  }
}

/** A number means something on one scale only; a comparison on any. */
function isAbout({ claim, member: named }: ProbeSuite["probes"][number], member: string | undefined): boolean {
  if (named !== undefined) return named === member;
  return claim.claim !== "below" || member === undefined;
}

function keyOf(member: string | undefined): string {
  return member === undefined ? "reward" : `member ${member}`;
}
