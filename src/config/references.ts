import type { Finding } from "./problems.ts";
import { nameRemedy } from "./suggest.ts";

/**
 * Names that point at nothing. Reads data as it was written, so that it speaks even where the structure is broken elsewhere.
 *
 * @param data the interpolated file
 */
export function checkReferences(data: unknown): Finding[] {
  const findings: Finding[] = [];
  const backends = Object.keys(record(data, "backends"));
  const judges = record(data, "judges");
  const judgeNames = Object.keys(judges);
  const panels = record(data, "panels");
  for (const [section, names, what] of [
    ["backends", backends, "backend"],
    ["judges", judgeNames, "judge"],
    ["panels", Object.keys(panels), "panel"],
  ] as const) {
    const written = field(data, section);
    if (names.length === 0 && isRecord(written))
      findings.push({ path: [section], cause: `no ${what}`, remedy: `define at least one ${what}` });
  }
  for (const [name, judge] of Object.entries(judges)) {
    const backend = field(judge, "backend");
    if (typeof backend !== "string" || backends.includes(backend)) continue;
    const remedy = nameRemedy(backend, backends, "define it under backends");
    findings.push({ path: ["judges", name, "backend"], cause: `no backend "${backend}"`, remedy });
  }
  for (const [name, panel] of Object.entries(panels)) findings.push(...checkPanel(name, panel, judgeNames));
  const thresholds = Object.keys(record(field(data, "runs"), "passThresholds"));
  const passable = [...new Set([...Object.keys(panels), ...judgeNames, ...Object.values(panels).flatMap(memberNames)])];
  for (const name of thresholds) {
    if (passable.includes(name)) continue;
    const remedy = nameRemedy(name, passable, "name a panel, a member or a judge of this file");
    findings.push({ path: ["runs", "passThresholds", name], cause: `no panel, member or judge "${name}"`, remedy });
  }
  for (const [name, state] of Object.entries(record(data, "states"))) findings.push(...checkState(name, state, judgeNames));
  return findings;
}

/** Names that members are given, besides those of their judges. */
function memberNames(panel: unknown): string[] {
  const members = field(panel, "members");
  if (!Array.isArray(members)) return [];
  return members.map((member) => field(member, "name")).filter((name) => typeof name === "string");
}

function checkPanel(name: string, panel: unknown, judges: readonly string[]): Finding[] {
  const findings: Finding[] = [];
  const members = field(panel, "members");
  if (!Array.isArray(members)) return findings;
  const seen = new Set<string>();
  for (const [i, member] of members.entries()) {
    const judge = field(member, "judge");
    if (typeof judge !== "string") continue;
    const path = ["panels", name, "members", i, "judge"];
    if (!judges.includes(judge)) {
      findings.push({ path, cause: `no judge "${judge}"`, remedy: nameRemedy(judge, judges, "define it under judges") });
    }
    if (seen.has(judge))
      findings.push({ path, cause: `judge "${judge}" is a member twice`, remedy: "remove one of them and add up the weights" });
    seen.add(judge);
  }
  const quorum = field(panel, "quorum");
  if (typeof quorum === "number" && members.length > 0 && quorum > members.length) {
    const cause = `a quorum of ${quorum} with ${members.length} members can never be met`;
    findings.push({ path: ["panels", name, "quorum"], cause, remedy: `use 1 to ${members.length}` });
  }
  if (members.length > 0 && members.every((member) => field(member, "weight") === 0)) {
    findings.push({ path: ["panels", name, "members"], cause: "every member weighs 0", remedy: "give at least one a weight above 0" });
  }
  return findings;
}

/** A state names judges as the keys of a map, or in a list. */
function checkState(name: string, state: unknown, judges: readonly string[]): Finding[] {
  const written = field(state, "judges");
  const named: (readonly [PropertyKey, unknown])[] = Array.isArray(written)
    ? [...written.entries()]
    : Object.keys(record(state, "judges")).map((judge) => [judge, judge]);
  return named.flatMap(([key, judge]) => {
    if (typeof judge !== "string" || judges.includes(judge)) return [];
    const remedy = nameRemedy(judge, judges, "define it under judges");
    return [{ path: ["states", name, "judges", key], cause: `no judge "${judge}"`, remedy }];
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function field(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function record(value: unknown, key: string): Record<string, unknown> {
  const found = field(value, key);
  return isRecord(found) ? found : {};
}
