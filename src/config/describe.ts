import type { Member, Panel } from "../domain/panel.ts";
import { describeDeterminism } from "../domain/score-space.ts";
import type { JudgeInfo, PanelInfo, PanelMemberInfo } from "../domain/service.ts";
import type { ResolvedJudge } from "./resolve-judges.ts";

/** What a configuration says of a judge; device and readiness are facts of a running gateway. */
export function describeJudge({ judge, description, license, bundle }: ResolvedJudge): Omit<JudgeInfo, "device" | "ready"> {
  return {
    name: judge.name,
    kind: judge.kind,
    description,
    revision: judge.revision,
    space: judge.space,
    determinism: describeDeterminism(judge.determinism),
    accepts: [...judge.accepts],
    objectives: judge.gated?.objectives.map((objective) => objective.name) ?? [],
    backend: judge.backend ?? "",
    maxTokens: bundle.spec.model.maxTokens,
    license,
  };
}

/** A panel in the words that every wire and the command line use. */
export function describePanel({ name, description, revision, aggregation, space, members }: Panel): PanelInfo {
  return { name, description, revision, aggregation: aggregation.method, space, members: members.map(describeMember) };
}

function describeMember({ judge, weight, calibration, transforms, onFailure }: Member): PanelMemberInfo {
  return {
    judge: judge.name,
    weight,
    calibration: calibration?.method ?? "none",
    transforms: transforms.map((transform) => transform.name),
    onFailure: onFailure.policy === "impute" ? `impute(${onFailure.value})` : onFailure.policy,
  };
}
