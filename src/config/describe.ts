import { type Constraint, isRouter, type Member, type Panel, type Router, type Sequence } from "../domain/panel.ts";
import { describeDeterminism } from "../domain/score-space.ts";
import type { JudgeInfo, PanelInfo, PanelMemberInfo } from "../domain/service.ts";
import type { ResolvedJudge } from "./resolved-judge.ts";

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
    maxTokens: bundle?.spec.model.maxTokens ?? 0,
    license,
  };
}

/** A panel or a table in the words that every wire and the command line use. */
export function describePanel(panel: Panel | Router): PanelInfo {
  const { name, description, revision } = panel;
  if (isRouter(panel)) {
    const nothing = { aggregation: "", space: "", members: [], constraints: [], advantages: "", states: [], sequence: [] };
    return { name, description, revision, ...nothing, routes: panel.rows };
  }
  return {
    name,
    description,
    revision,
    aggregation: panel.aggregation.method,
    space: panel.space,
    members: panel.members.map(describeMember),
    constraints: (panel.constraints?.readings ?? []).map(describeConstraint),
    advantages: panel.advantages?.method ?? "",
    states: panel.states,
    routes: [],
    sequence: describeSequence(panel.sequence ?? {}),
  };
}

function describeMember({ name, judge, standing, weight, calibration, transforms, onFailure, stage }: Member): PanelMemberInfo {
  return {
    judge: judge.name,
    name,
    standing,
    weight,
    calibration: calibration?.method ?? "none",
    transforms: transforms.map((transform) => transform.name),
    onFailure: onFailure.policy === "impute" ? `impute(${onFailure.value})` : onFailure.policy,
    stage,
  };
}

function describeSequence({ threshold, best, band, margin, conflict }: Sequence): string[] {
  return [
    ...(threshold === undefined ? [] : [`a reward that may still cross ${threshold}`]),
    ...(best === undefined ? [] : ["a best candidate that may still be overtaken"]),
    ...(band === undefined ? [] : [`a reward from ${band.from} to ${band.to}`]),
    ...(margin === undefined ? [] : [`the best two less than ${margin} apart`]),
    ...(conflict === undefined ? [] : [`members ${conflict} or more apart`]),
  ];
}

function describeConstraint({ name, judge, bound }: Constraint): string {
  const held = "atLeast" in bound ? `at least ${bound.atLeast}` : `at most ${bound.atMost}`;
  return `${name === judge.name ? name : `${name} (${judge.name})`} ${held}`;
}
