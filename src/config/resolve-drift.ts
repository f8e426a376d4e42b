import type { ConfigProblem } from "../domain/errors.ts";
import { isRouter, type Panel, type Router } from "../domain/panel.ts";
import type { ReferenceBaseline, ReferenceScores } from "../domain/run.ts";
import type { ReferenceArtefact } from "./reference-artefact.ts";
import { again, buildCommand, type ReferenceShelf, short } from "./resolve-reference.ts";
import type { Config } from "./schema.ts";

type DriftArtefact = Extract<ReferenceArtefact, { kind: "drift" }>;

/**
 * Opens what `runs.baselines` names: scores of each panel and of its members, of this very revision.
 *
 * @param panels   by name, with their revisions of now; one that is missing has problems that are told already
 * @param problems is told of an artefact of another kind, of another panel, and of a stale one
 */
export async function resolveDrift(
  { runs, origin }: Config,
  panels: ReadonlyMap<string, Panel | Router>,
  references: ReferenceShelf,
  problems: ConfigProblem[],
): Promise<Map<string, ReferenceBaseline>> {
  const baselines = new Map<string, ReferenceBaseline>();
  for (const [name, reference] of Object.entries(runs.baselines)) {
    const panel = panels.get(name);
    const opened = panel && (await references.open(reference));
    if (opened === undefined || panel === undefined || isRouter(panel)) continue;
    const { artefact } = opened;
    const refuse = (cause: string, remedy: string) =>
      problems.push(origin.locate({ path: ["runs", "baselines", name], cause: `reference "${reference}" ${cause}`, remedy }));
    if (artefact.kind !== "drift") {
      const wanted = buildCommand({ ...artefact, asked: { panel: name } }, "drift");
      refuse(`is of kind ${artefact.kind}, and statistics of runs are held against one of kind drift`, `build it: ${wanted}`);
    } else if (artefact.panel.name !== name) {
      const wanted = buildCommand({ ...artefact, asked: { panel: name } });
      refuse(`holds scores of panel "${artefact.panel.name}"`, `build one for this panel: ${wanted}`);
    } else if (artefact.panel.revision !== panel.revision) refuse(`is stale: ${whatChanged(artefact, panel)}`, again(artefact));
    else baselines.set(name, baselineOf(artefact, reference, panel.revision));
  }
  return baselines;
}

/** The judge or calibration that changed, else that the panel did. */
function whatChanged({ panel, readings }: DriftArtefact, now: Panel): string {
  for (const { member, judge, judgeRevision, calibration } of readings) {
    const current = now.members.find(({ name }) => name === member);
    if (current?.judge.name !== judge) continue;
    if (current.judge.revision !== judgeRevision) {
      return `judge "${judge}" was of revision ${short(judgeRevision)} then and is ${short(current.judge.revision)} now`;
    }
    const revision = current.calibration?.revision ?? "none";
    if (revision !== calibration) {
      return `the calibration of member "${member}" was ${short(calibration)} then and is ${short(revision)} now`;
    }
  }
  return `panel "${panel.name}" was of revision ${short(panel.revision)} then and is ${short(now.revision)} now`;
}

function baselineOf({ reward, readings }: DriftArtefact, reference: string, panelRevision: string): ReferenceBaseline {
  return { reference, panelRevision, reward: scoresOf(reward), members: new Map(readings.map((entry) => [entry.member, scoresOf(entry)])) };
}

function scoresOf(entry: DriftArtefact["reward"] & { readonly gating?: readonly number[] | undefined }): ReferenceScores {
  const { items, scores, mean, meanError, std, logStdError = Infinity, effective, length, sorted, gating } = entry;
  return {
    ...{ items, scores, mean, meanError, std, logStdError, effective, sorted },
    ...(length !== undefined && { length }),
    ...(gating !== undefined && { gating }),
  };
}
