import type { Member } from "../domain/panel.ts";
import type { Aggregate } from "../domain/reward.ts";
import type { Detail, JudgePart } from "../domain/score.ts";
import { describeDeterminism } from "../domain/score-space.ts";
import type { Count } from "./count-members.ts";
import type { ScoreColumn } from "./score-column.ts";

/** A part under construction: one shape for all, filled in a fixed order, because this runs for every judge of every candidate. */
type Draft = { -readonly [Key in keyof JudgePart]: JudgePart[Key] };

/** What one member's part is written from. */
export interface PartSource {
  readonly member: Member;
  /** Index of the member in the panel. */
  readonly index: number;
  readonly column: ScoreColumn;
  readonly candidate: number;
  readonly count: Count;
  /** Absent where the candidate has no reward. */
  readonly aggregate: Aggregate | undefined;
  /** Standardised within the group, where the panel does that. */
  readonly advantage: number | undefined;
}

/** One member's part in a candidate's reward, as the answer shows it. */
export function judgePart({ member, index, column, candidate, count, aggregate, advantage }: PartSource, detail: Detail): JudgePart {
  const judgement = column.judgements[candidate]!;
  const scored = judgement.outcome === "scored";
  const place = aggregate === undefined ? -1 : count.scores!.members.indexOf(index);
  const part: Draft = {
    judge: member.judge.name,
    member: member.name,
    shadow: member.standing === "shadow",
    outcome: judgement.outcome,
    weight: place < 0 ? 0 : (aggregate!.weights ?? count.scores!.weights)[place]!,
    revision: member.revision,
    determinism: determinismOf(member),
    cached: scored && judgement.cached,
    imputed: place >= 0 && count.imputed?.has(index) === true,
    tokens: scored ? judgement.tokens : 0,
  };
  if (place >= 0) part.contribution = aggregate!.contributions[place]!;
  if (advantage !== undefined) part.advantage = advantage;
  if (!scored) {
    part.failure = judgement.failure;
    if (part.imputed) part.transformed = count.scores!.scores[place]!;
    if (detail === "full" && judgement.findings !== undefined) part.findings = judgement.findings;
    return part;
  }
  const scalar = column.scalars[candidate]!;
  part.raw = scalar.value;
  part.calibrated = column.calibrated[candidate]!;
  part.transformed = column.transformed[candidate]!;
  if (judgement.truncation !== undefined) part.truncated = judgement.truncation;
  if (detail !== "full") return part;
  if (judgement.raw.critique !== undefined) part.critique = judgement.raw.critique;
  if (judgement.raw.findings !== undefined) part.findings = judgement.raw.findings;
  if (judgement.raw.tokenRewards !== undefined) part.tokenRewards = [...judgement.raw.tokenRewards];
  if (member.judge.gated === undefined) return part;
  if (judgement.raw.objectives) part.objectives = named(member, judgement.raw.objectives);
  if (scalar.gating) part.gating = named(member, scalar.gating);
  if (scalar.terms) part.objectiveContributions = named(member, scalar.terms);
  return part;
}

function named(member: Member, values: Float64Array): Record<string, number> {
  const record: Record<string, number> = {};
  const { objectives } = member.judge.gated!;
  for (let index = 0; index < objectives.length; index++) record[objectives[index]!.name] = values[index]!;
  return record;
}

const determinisms = new WeakMap<Member, string>();
function determinismOf(member: Member): string {
  let text = determinisms.get(member);
  if (text === undefined) {
    text = describeDeterminism(member.judge.determinism);
    determinisms.set(member, text);
  }
  return text;
}
