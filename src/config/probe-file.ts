import { resolve } from "node:path";
import { z } from "zod";
import type { ConfigProblem } from "../domain/errors.ts";
import { ROLES } from "../domain/item.ts";
import { parseJson } from "../domain/json.ts";
import { isRouter, type Panel, type Router } from "../domain/panel.ts";
import type { Probe, ProbeSuite } from "../domain/probe.ts";
import { findingsOf } from "./issues.ts";
import { formatPath } from "./problems.ts";
import { readText } from "./read-text.ts";
import type { Config } from "./schema.ts";
import { nameRemedy } from "./suggest.ts";

/** Probes of one file: more of them say little more, and each costs a pass through every judge. */
const MAX_PROBES = 1_000;

const message = z.strictObject({ role: z.enum(ROLES), content: z.string() });

/** One line of a probe file. */
const probeSchema = z.strictObject({
  id: z.string().min(1).max(128).describe("Name of the probe, unique in the file."),
  prompt: z.union([z.string(), z.array(message).min(1)]).describe("Text of the user, or messages."),
  candidate: z.string().describe("The answer that deserves nothing."),
  honest: z.string().optional().describe("An honest answer to the same prompt, which the probe must not score above."),
  below: z.number().optional().describe("Number that the probe must score below."),
  member: z.string().min(1).optional().describe("Member whose calibrated score is meant, instead of the reward."),
  reference: z.string().min(1).optional().describe("Reference answer, for judges that compare with one."),
  domain: z.string().min(1).optional().describe("Domain label."),
  language: z.string().min(1).optional().describe("BCP 47 language tag."),
});

/**
 * Opens the files that `runs.probes` names.
 *
 * @param panels   by name; one that is missing has problems that are told already
 * @param problems is told everything that is wrong with the files, with the line
 */
export async function resolveProbes(
  { runs, origin }: Config,
  panels: ReadonlyMap<string, Panel | Router>,
  problems: ConfigProblem[],
): Promise<ProbeSuite[]> {
  const suites: ProbeSuite[] = [];
  for (const [name, { file, everyMinutes }] of Object.entries(runs.probes)) {
    const panel = panels.get(name);
    if (panel === undefined || isRouter(panel)) continue;
    const path = resolve(origin.folder, file);
    const cause = `probe file ${JSON.stringify(file)} cannot be read, or is not there`;
    const text = await readText(path, { cause, remedy: "name a file of probes, one JSON object a line" });
    if (typeof text !== "string") {
      problems.push(origin.locate({ path: ["runs", "probes", name, "file"], ...text }));
      continue;
    }
    const probes = parseProbes(text, path, panel, problems);
    if (probes.length > 0) suites.push({ panel: name, everyMs: everyMinutes * 60_000, probes });
  }
  return suites;
}

function parseProbes(text: string, file: string, panel: Panel, problems: ConfigProblem[]): Probe[] {
  const probes = new Map<string, Probe>();
  const report = (line: number, path: string, cause: string, remedy: string) => problems.push({ file, line, path, cause, remedy });
  const lines = text.split("\n").map((json, index) => ({ json, line: index + 1 }));
  const written = lines.filter(({ json }) => json.trim() !== "");
  for (const { json, line } of written) {
    const data = parseJson(json);
    if (data === undefined) {
      report(line, "", "not JSON", "write one JSON object a line");
      continue;
    }
    const parsed = probeSchema.safeParse(data);
    if (!parsed.success) {
      const found = findingsOf(parsed.error.issues, probeSchema, data);
      for (const { path, cause, remedy } of found) report(line, formatPath(path), cause, remedy);
      continue;
    }
    const { id, honest, below, member } = parsed.data;
    const names = panel.members.map(({ name }) => name);
    if (probes.has(id)) report(line, "id", `probe "${id}" is there twice`, "choose another id");
    else if (honest !== undefined && below !== undefined) report(line, "", "a probe with two claims", "state one of honest and below");
    else if (member !== undefined && !names.includes(member)) {
      report(line, "member", `panel "${panel.name}" has no member "${member}"`, nameRemedy(member, names, "name a member of the panel"));
    } else probes.set(id, probeOf(parsed.data));
  }
  if (written.length === 0)
    problems.push({ file, path: "", cause: "no probe", remedy: "write one JSON object a line, or remove the file" });
  if (written.length > MAX_PROBES) {
    problems.push({ file, path: "", cause: `${written.length} probes, more than ${MAX_PROBES}`, remedy: "keep those that differ most" });
  }
  return [...probes.values()];
}

function probeOf({ id, prompt, candidate, honest, below, member, ...labels }: z.output<typeof probeSchema>): Probe {
  const { reference, domain, language } = labels;
  return {
    claim: below !== undefined ? { claim: "below", bound: below } : { claim: honest === undefined ? "notAboveMedian" : "notAboveHonest" },
    ...(member !== undefined && { member }),
    item: {
      id,
      prompt: typeof prompt === "string" ? [{ role: "user", content: prompt }] : prompt,
      candidates: [{ content: candidate }, ...(honest === undefined ? [] : [{ content: honest }])],
      ...(reference !== undefined && { reference }),
      ...(domain !== undefined && { domain }),
      ...(language !== undefined && { language }),
    },
  };
}
