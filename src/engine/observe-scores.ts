import { textOf } from "../domain/item.ts";
import type { Member, Panel } from "../domain/panel.ts";
import type { Observation, ObservedItem, ObservedPanel, ObservedScores, ScoreObserver } from "../domain/run.ts";
import type { ItemResult, ScoreRequest } from "../domain/score.ts";
import type { CallContext } from "../domain/service.ts";
import type { Judgement } from "./judgement.ts";

/** A scored request, as its observer sees it. */
export interface ObservedRequest {
  readonly request: ScoreRequest;
  readonly context: CallContext;
  readonly panel: Panel;
  /** Per item: one row per member, one entry per candidate. */
  readonly judgements: readonly (readonly (readonly Judgement[])[])[];
  readonly results: readonly ItemResult[];
}

/** Tells the observer of every raw score, and, when the request belongs to a run, of its calibrated scores and rewards. */
export function observeScores(observer: ScoreObserver, observed: ObservedRequest): void {
  const { request, context, panel, judgements, results } = observed;
  const { items, step, policyVersion } = request;
  const lengths = items.map(({ candidates }) => candidates.map(({ content }) => textOf(content).length));
  for (const [item, rows] of judgements.entries()) {
    for (const [member, row] of rows.entries()) {
      const { name } = panel.members[member]!.judge;
      for (const [candidate, judgement] of row.entries()) {
        if (judgement.outcome === "scored") observer.observeRaw(name, judgement.raw.value, lengths[item]![candidate]!);
      }
    }
  }
  const run = request.run ?? observer.defaultRun;
  if (run === undefined) return;
  const observation: Observation = {
    run,
    ...(step !== undefined && { step }),
    ...(policyVersion !== undefined && { policyVersion }),
    requestId: context.requestId,
    panel: observedPanel(panel),
    items: items.map(
      ({ id, domain }, index): ObservedItem => ({
        id,
        ...(domain !== undefined && { domain }),
        lengths: lengths[index]!,
        rewards: results[index]!.candidates.map(({ reward }) => reward ?? null),
        members: panel.members.map((member, place) => observedScores(member, judgements[index]![place]!, request)),
      }),
    ),
  };
  observer.observe(observation);
}

function observedScores(member: Member, row: readonly Judgement[], { options }: ScoreRequest): ObservedScores {
  const size = member.judge.gated?.objectives.length ?? 0;
  const gating = new Float64Array(size);
  let gated = 0;
  let tokens = 0;
  const scores = row.map((judgement) => {
    if (judgement.outcome !== "scored") return null;
    tokens += judgement.tokens;
    const scalar = member.scalarise(judgement.raw, options.steering);
    if (scalar.gating?.length === size) {
      for (let k = 0; k < size; k++) gating[k]! += scalar.gating[k]!;
      gated++;
    }
    const calibrated = member.calibration ? member.calibration.apply(scalar.value) : scalar.value;
    return Number.isFinite(calibrated) ? calibrated : null;
  });
  return { scores, tokens, ...(gated > 0 && { gating: gating.map((weight) => weight / gated) }) };
}

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
      members: members.map(({ judge, calibration }) => ({
        member: judge.name,
        judge: judge.name,
        standing: "counts",
        space: calibration?.spaceOut ?? judge.space,
        objectives: (judge.gated?.objectives ?? []).map((objective) => objective.name),
      })),
    };
    panels.set(panel, observed);
  }
  return observed;
}
