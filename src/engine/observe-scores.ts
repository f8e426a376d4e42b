import { type Item, textOf } from "../domain/item.ts";
import type { Member, Panel, ScalarScore } from "../domain/panel.ts";
import type { Steering } from "../domain/reward.ts";
import type { Observation, ObservedItem, ObservedPanel, ObservedScores, ScoreObserver } from "../domain/run.ts";
import type { CandidateResult, ItemResult, ScoreRequest } from "../domain/score.ts";
import type { CallContext } from "../domain/service.ts";
import type { Judgement } from "./judgement.ts";

/** A scored request, as its observer sees it. */
export interface ObservedRequest {
  readonly request: ScoreRequest;
  readonly context: CallContext;
  /** Per item, the panel that took it and one row per judge of that panel, its candidates first. */
  readonly judged: readonly { readonly panel: Panel; readonly rows: readonly (readonly Judgement[])[] }[];
  readonly results: readonly ItemResult[];
}

/** Tells the observer of every raw score, and, when the request belongs to a run, of its calibrated scores and rewards. */
export function observeScores(observer: ScoreObserver, observed: ObservedRequest): void {
  const { request, context, judged } = observed;
  const { items, step, policyVersion } = request;
  const lengths = items.map(lengthsOf);
  for (const [item, { panel, rows }] of judged.entries()) {
    for (const [seat, { name }] of panel.judges.entries()) {
      for (const [candidate, length] of lengths[item]!.entries()) {
        const judgement = rows[seat]![candidate]!;
        if (judgement.outcome === "scored") observer.observeRaw(name, judgement.raw.value, length);
      }
    }
  }
  const run = request.run ?? observer.defaultRun;
  if (run === undefined) return;
  for (const panel of new Set(judged.map((each) => each.panel))) {
    const indices = judged.flatMap((each, index) => (each.panel === panel ? [index] : []));
    const observation: Observation = {
      run,
      ...(step !== undefined && { step }),
      ...(policyVersion !== undefined && { policyVersion }),
      requestId: context.requestId,
      panel: observedPanel(panel),
      items: indices.map((index) => observedItem(observed, index, lengths[index]!)),
    };
    observer.observe(observation);
  }
}

/** In one unit: tokens and characters in one group would look like lengths that differ. */
function lengthsOf({ candidates }: Item): number[] {
  const told = candidates.every(({ tokens }) => tokens !== undefined);
  return candidates.map(({ content, tokens }) => (told ? tokens! : textOf(content).length));
}

function observedItem({ request, judged, results }: ObservedRequest, index: number, lengths: readonly number[]): ObservedItem {
  const { id, domain } = request.items[index]!;
  const { panel, rows } = judged[index]!;
  return {
    id,
    ...(domain !== undefined && domain !== "" && { domain }),
    lengths,
    rewards: results[index]!.candidates.map(({ reward }) => reward ?? null),
    ...(panel.constraints !== undefined && { satisfied: results[index]!.candidates.map(satisfies) }),
    members: panel.members.map((member) => observedScores(member, rows[member.seat]!.slice(0, lengths.length), request)),
  };
}

function satisfies({ constraints }: CandidateResult): number | null {
  if (constraints === undefined || constraints.verdict === "unknown") return null;
  return constraints.verdict === "satisfied" ? 1 : 0;
}

function observedScores(member: Member, row: readonly Judgement[], { options }: ScoreRequest): ObservedScores {
  const size = member.judge.gated?.objectives.length ?? 0;
  const gating = new Float64Array(size);
  let gated = 0;
  let tokens = 0;
  const scores = row.map((judgement) => {
    if (judgement.outcome !== "scored") return null;
    tokens += judgement.tokens;
    const scalar = scalarOf(member, judgement.raw, options.steering);
    if (scalar === undefined) return null;
    if (scalar.gating?.length === size) {
      for (let k = 0; k < size; k++) gating[k]! += scalar.gating[k]!;
      gated++;
    }
    const calibrated = member.calibration ? member.calibration.apply(scalar.value) : scalar.value;
    return Number.isFinite(calibrated) ? calibrated : null;
  });
  return { scores, tokens, ...(gated > 0 && { gating: gating.map((weight) => weight / gated) }) };
}

/** Undefined of a member that only watches where the request's weights leave its judge none. */
function scalarOf(member: Member, raw: Scored, steering: Steering | undefined): ScalarScore | undefined {
  try {
    return member.scalarise(raw, steering);
  } catch {
    return undefined;
  }
}
type Scored = Parameters<Member["scalarise"]>[0];

const panels = new WeakMap<Panel, ObservedPanel>();

/** The panel in the words of the statistics, made once. */
function observedPanel(panel: Panel): ObservedPanel {
  let observed = panels.get(panel);
  if (observed === undefined) {
    const { name, revision, space, members } = panel;
    observed = {
      name,
      revision,
      space,
      members: members.map(({ name: member, judge, standing, calibratedSpace }) => ({
        member,
        judge: judge.name,
        standing,
        space: calibratedSpace,
        objectives: (judge.gated?.objectives ?? []).map((objective) => objective.name),
      })),
    };
    panels.set(panel, observed);
  }
  return observed;
}
