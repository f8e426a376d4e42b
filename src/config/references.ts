import type { Finding } from "./problems.ts";
import { nameRemedy } from "./suggest.ts";
import { field, isRecord, record } from "./written-data.ts";

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
    ["judges", judgeNames, "judge"],
    ["panels", Object.keys(panels), "panel"],
  ] as const) {
    const written = field(data, section);
    if (names.length === 0 && isRecord(written))
      findings.push({ path: [section], cause: `no ${what}`, remedy: `define at least one ${what}` });
  }
  const checkBackend = (path: string[], backend: unknown) => {
    if (typeof backend !== "string" || backends.includes(backend)) return;
    const remedy = nameRemedy(backend, backends, "define it under backends");
    findings.push({ path: [...path, "backend"], cause: `no backend "${backend}"`, remedy });
  };
  for (const [name, judge] of Object.entries(judges)) {
    checkBackend(["judges", name], field(judge, "backend"));
    for (const [tool, written] of Object.entries(record(judge, "tools"))) {
      checkBackend(["judges", name, "tools", tool], field(written, "backend"));
    }
  }
  for (const [name, panel] of Object.entries(panels))
    findings.push(...checkPanel(name, panel, judgeNames), ...checkRoutes(name, panel, panels));
  findings.push(...checkCycles(panels));
  for (const [wire, settings] of Object.entries(record(data, "wires"))) {
    const panel = field(settings, "panel");
    if (typeof panel !== "string" || Object.hasOwn(panels, panel)) continue;
    const remedy = nameRemedy(panel, Object.keys(panels), "define it under panels");
    findings.push({ path: ["wires", wire, "panel"], cause: `no panel "${panel}"`, remedy });
  }
  const relayed = field(field(field(data, "wires"), "chat"), "backend");
  if (typeof relayed === "string" && !backends.includes(relayed)) {
    const remedy = nameRemedy(relayed, backends, "define it under backends");
    findings.push({ path: ["wires", "chat", "backend"], cause: `no backend "${relayed}"`, remedy });
  }
  const thresholds = Object.keys(record(field(data, "runs"), "passThresholds"));
  const passable = [...new Set([...Object.keys(panels), ...judgeNames, ...Object.values(panels).flatMap(memberNames)])];
  for (const name of thresholds) {
    if (passable.includes(name)) continue;
    const remedy = nameRemedy(name, passable, "name a panel, a member or a judge of this file");
    findings.push({ path: ["runs", "passThresholds", name], cause: `no panel, member or judge "${name}"`, remedy });
  }
  findings.push(...checkRuns(data, panels));
  for (const [name, state] of Object.entries(record(data, "states"))) findings.push(...checkState(name, state, judgeNames));
  return findings;
}

/** Baselines and probes of runs: panels with members, and references that are declared. */
function checkRuns(data: unknown, panels: Record<string, unknown>): Finding[] {
  const references = Object.keys(record(data, "references"));
  const judging = Object.keys(panels).filter((name) => field(panels[name], "routes") === undefined);
  const named = ["baselines", "probes"].flatMap((key) => Object.keys(record(field(data, "runs"), key)).map((panel) => ({ key, panel })));
  const foreign = named.flatMap(({ key, panel }) => {
    if (judging.includes(panel)) return [];
    const cause = Object.hasOwn(panels, panel) ? `panel "${panel}" is a table, which has no scores of its own` : `no panel "${panel}"`;
    return [{ path: ["runs", key, panel], cause, remedy: nameRemedy(panel, judging, "name a panel with members") }];
  });
  const missing = Object.entries(record(field(data, "runs"), "baselines")).flatMap(([panel, reference]) => {
    const path = ["runs", "baselines", panel];
    if (!judging.includes(panel)) return [];
    if (typeof reference !== "string" || references.includes(reference)) return [];
    return [{ path, cause: `no reference "${reference}"`, remedy: nameRemedy(reference, references, "declare it under references") }];
  });
  return [...foreign, ...missing];
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
  const path = ["panels", name];
  findings.push(...checkReadings([...path, "members"], members, "member", judges));
  const constraints = field(field(panel, "constraints"), "judges");
  if (Array.isArray(constraints)) findings.push(...checkReadings([...path, "constraints", "judges"], constraints, "constraint", judges));
  const counting = members.filter((member) => [undefined, "counts"].includes(field(member, "standing") as string | undefined));
  const quorum = field(panel, "quorum");
  if (typeof quorum === "number" && counting.length > 0) {
    const required = counting.filter((member) => field(member, "required") === true).length;
    if (quorum > counting.length) {
      const cause = `a quorum of ${quorum} with ${counting.length} members that count can never be met`;
      findings.push({ path: [...path, "quorum"], cause, remedy: `use 1 to ${counting.length}` });
    } else if (quorum < required) {
      const cause = `a quorum of ${quorum} with ${required} required members: fewer than ${required} are never enough`;
      findings.push({ path: [...path, "quorum"], cause, remedy: `use ${required} or more, or require fewer members` });
    }
  }
  if (counting.length > 0 && counting.every((member) => field(member, "weight") === 0)) {
    const remedy = "give at least one that counts a weight above 0";
    findings.push({ path: [...path, "members"], cause: "every member weighs 0", remedy });
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

/** Judges that do not exist, and names that occur twice. */
function checkReadings(path: readonly PropertyKey[], readings: readonly unknown[], what: string, judges: readonly string[]): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const [i, reading] of readings.entries()) {
    const judge = field(reading, "judge");
    if (typeof judge !== "string") continue;
    if (!judges.includes(judge)) {
      findings.push({
        path: [...path, i, "judge"],
        cause: `no judge "${judge}"`,
        remedy: nameRemedy(judge, judges, "define it under judges"),
      });
    }
    const given = field(reading, "name");
    const name = typeof given === "string" ? given : judge;
    if (seen.has(name)) {
      const remedy =
        typeof given === "string" ? "choose another name" : "give each a name of its own, or remove one and add up the weights";
      findings.push({
        path: [...path, i, typeof given === "string" ? "name" : "judge"],
        cause: `${what} "${name}" is there twice`,
        remedy,
      });
    }
    seen.add(name);
  }
  return findings;
}

/** Where a table leads, with the key of each target. */
function targetsOf(panel: unknown): { readonly path: readonly PropertyKey[]; readonly to: string }[] {
  const routes = field(panel, "routes");
  const rows = Array.isArray(routes) ? routes.map((row, i) => ({ path: ["routes", i, "panel"], to: field(row, "panel") })) : [];
  const all = [...rows, { path: ["otherwise"], to: field(panel, "otherwise") }];
  return all.flatMap(({ path, to }) => (typeof to === "string" ? [{ path, to }] : []));
}

function checkRoutes(name: string, panel: unknown, panels: Record<string, unknown>): Finding[] {
  const known = Object.keys(panels);
  return targetsOf(panel).flatMap(({ path, to }) => {
    if (known.includes(to)) return [];
    const others = known.filter((other) => other !== name);
    return [{ path: ["panels", name, ...path], cause: `no panel "${to}"`, remedy: nameRemedy(to, others, "define it under panels") }];
  });
}

/** Tables that lead back to themselves; each circle is told once, at the table of it that comes first. */
function checkCycles(panels: Record<string, unknown>): Finding[] {
  const findings: Finding[] = [];
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): void => {
    if (done.has(name)) return;
    for (const { path, to } of targetsOf(panels[name])) {
      const at = [...way, name].indexOf(to);
      if (at < 0) {
        if (Object.hasOwn(panels, to)) visit(to, [...way, name]);
        continue;
      }
      const circle = [...[...way, name].slice(at), to].join(" → ");
      findings.push({
        path: ["panels", name, ...path],
        cause: `the routes go in a circle: ${circle}`,
        remedy: "lead one of them to a panel with members",
      });
    }
    done.add(name);
  };
  for (const name of Object.keys(panels)) visit(name, []);
  return findings;
}
