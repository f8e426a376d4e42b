import type { AdvantageEstimator } from "../domain/advantage.ts";
import type { Judge } from "../domain/judge.ts";
import type { Member } from "../domain/panel.ts";
import type { Aggregation } from "../domain/reward.ts";
import { isIn, type ScoreSpace } from "../domain/score-space.ts";
import type { PanelConfig } from "./panel-schema.ts";
import type { Finding, KeyPath } from "./problems.ts";

/** What stages are checked against. */
export interface StagedPanel {
  /** In the order of the configuration. */
  readonly members: readonly Omit<Member, "seat">[];
  /** Spaces of the transformed scores of those that count. */
  readonly spaces: readonly ScoreSpace[];
  /** Judges of constraints, which are asked in any case. */
  readonly gates: readonly Judge[];
  readonly aggregation: Aggregation;
  /** Of the reward. */
  readonly space: ScoreSpace;
  readonly advantages: AdvantageEstimator | undefined;
}

type Sequence = NonNullable<PanelConfig["sequence"]>;
type Report = (finding: Finding) => void;

/**
 * Refuses stages that can save nothing, that would compare what does not compare, or whose rules could not be held.
 *
 * @param path of the panel
 */
export function checkSequence(path: KeyPath, config: PanelConfig, panel: StagedPanel, report: Report): void {
  const { sequence } = config;
  const late = panel.members.flatMap(({ stage }, i) => (stage > 0 ? [i] : []));
  if (sequence === undefined && late.length === 0) return;
  if (sequence === undefined) {
    const remedy = "state sequence: what leaves an item open";
    report({ path: [...path, "members", late[0]!, "stage"], cause: "nothing says when a later stage is asked", remedy });
    return;
  }
  if (late.length === 0) {
    const remedy = "give the dearer members stage: 1, or remove sequence";
    report({ path: [...path, "sequence"], cause: "every member is asked at once", remedy });
    return;
  }
  checkRules([...path, "sequence"], sequence, panel, report);
  if (sequence.threshold !== undefined || sequence.best !== undefined) checkBounds(path, config, { ...panel, late }, report);
  checkMembers([...path, "members"], { ...panel, late }, report);
  if (panel.advantages?.scope === "batch") {
    const cause = "advantages over all items of a request would compare rewards of different judges";
    report({ path: [...path, "advantages"], cause, remedy: "use an estimator over the candidates of an item, or one stage" });
  }
  if (typeof config.constraints?.baseline === "object") {
    const cause = "an artefact holds scores of every member, and an item may be judged by some";
    report({ path: [...path, "constraints", "baseline"], cause, remedy: "use baseline: item, a number, or one stage" });
  }
}

function checkRules(path: KeyPath, { threshold, best, band, margin, conflict }: Sequence, panel: StagedPanel, report: Report): void {
  if ([threshold, best, band, margin, conflict].every((rule) => rule === undefined)) {
    report({ path, cause: "it leaves no item open", remedy: "state a threshold, best, a band, a margin or a conflict" });
  }
  if (threshold !== undefined && !isIn(panel.space, threshold)) {
    const cause = `${threshold} is no ${panel.space}, which the reward is`;
    report({ path: [...path, "threshold"], cause, remedy: `state a threshold in ${panel.space}` });
  }
  if (band !== undefined && band.from > band.to) {
    report({ path: [...path, "band"], cause: `it ends at ${band.to}, before its start`, remedy: "state from ≤ to" });
  }
  if (conflict === undefined) return;
  const first = panel.members.filter(({ standing, stage, weight }) => standing === "counts" && stage === 0 && weight > 0);
  if (first.length < 2) {
    const remedy = "ask two at once, or state another rule";
    report({ path: [...path, "conflict"], cause: "one member alone contradicts nobody", remedy });
  }
  if (new Set(panel.spaces).size > 1) {
    const cause = `it would compare scores in ${[...new Set(panel.spaces)].join(" and ")}`;
    report({ path: [...path, "conflict"], cause, remedy: "bring the members to one space, or state another rule" });
  }
}

/** What threshold and best need: a reward that follows from scores within bounds. */
function checkBounds(path: KeyPath, { sequence, constraints }: PanelConfig, panel: StagedPanel & Late, report: Report): void {
  const rule = sequence!.threshold === undefined ? "best" : "threshold";
  const at = [...path, "sequence", rule];
  const instead = "state a band, a margin or a conflict instead";
  if (panel.aggregation.monotone !== true) {
    const cause = `${panel.aggregation.method} gives no bounds of a reward from bounds of its scores`;
    report({ path: at, cause, remedy: `use weightedSum, weightedMean, min, median or another that rises with each score, or ${instead}` });
  }
  if (constraints !== undefined && constraints.reward !== "aggregate") {
    const cause = `the reward is ${constraints.reward}, which is not bounded by the members' scores alone`;
    report({ path: at, cause, remedy: `use reward: aggregate, or ${instead}` });
  }
  for (const i of panel.late) {
    const { bounds, standing, calibratedSpace, transforms } = panel.members[i]!;
    if (bounds !== undefined || standing !== "counts") continue;
    const space = transforms.at(-1)?.spaceOut ?? calibratedSpace;
    const cause = `its transformed score, in ${space}, has no bounds, and sequence.${rule} needs them of a member that is asked later`;
    const remedy = `calibrate it to a probability (platt), end its transforms with clip, or ${instead}`;
    report({ path: [...path, "members", i], cause, remedy });
  }
}

interface Late {
  /** Places of the members of later stages. */
  readonly late: readonly number[];
}

function checkMembers(path: KeyPath, { members, gates, late }: StagedPanel & Late, report: Report): void {
  for (const i of late) {
    const { standing, required, judge, stage } = members[i]!;
    if (standing !== "counts") {
      const cause = `${standing === "audit" ? "an audit" : "a shadow"} waits for nobody`;
      report({ path: [...path, i, "stage"], cause, remedy: "remove stage, or let the member count; sample makes it cheaper" });
      continue;
    }
    if (required) {
      const remedy = "remove required or stage";
      report({ path: [...path, i, "required"], cause: "a required member cannot be left unasked", remedy });
    }
    const readers = members.filter((other) => other.judge === judge && other.standing === "counts");
    if (readers.some((other) => other.stage < stage) || gates.includes(judge)) {
      const cause = `judge "${judge.name}" is asked before this stage anyway`;
      report({ path: [...path, i, "stage"], cause, remedy: "give every member that reads it this stage, or remove stage" });
    }
  }
  if (members.every(({ standing, stage, weight }) => standing !== "counts" || stage > 0 || weight === 0)) {
    const cause = "no member that counts and has a weight is asked at once";
    report({ path, cause, remedy: "leave stage out for the cheapest of them" });
  }
}
