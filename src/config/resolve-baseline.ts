import type { Member, PanelReference } from "../domain/panel.ts";
import type { PanelConfig } from "./panel-schema.ts";
import type { KeyPath } from "./problems.ts";
import type { Context } from "./resolve-reading.ts";
import { artefactIn, substituteCalibrated } from "./resolve-reference.ts";

/** The reference artefact that a panel's constraints compare with, and its digest. */
export interface ResolvedBaseline {
  readonly reference: PanelReference;
  readonly sha256: string;
}

/**
 * Opens the artefact of a panel's baseline: calibrated scores of reference completions under every member that counts, of this very
 * judge and calibration.
 *
 * @param path    of the baseline
 * @param members of the panel, its order
 * @returns undefined when the baseline is no artefact, or when something is wrong, which the context has been told
 */
export async function resolveBaseline(
  path: KeyPath,
  panel: PanelConfig,
  members: readonly Omit<Member, "seat">[],
  context: Context,
): Promise<ResolvedBaseline | undefined> {
  const named = artefactIn(panel.constraints?.baseline);
  if (named === undefined) return undefined;
  const refuse = (cause: string, remedy: string): undefined => context.report({ path: [...path, "artefact"], cause, remedy }) as undefined;
  if (panel.aggregation.method === "gatedSum") {
    return refuse(
      "gatedSum weighs by the gating of each reply, and an artefact holds scores alone",
      "use baseline: item, or another aggregation",
    );
  }
  const rows: ((digest: string) => Float64Array | undefined)[] = [];
  let sha256 = "";
  for (const [i, { judge, calibration, standing, transforms, name }] of members.entries()) {
    if (standing !== "counts") {
      rows.push(() => NOTHING);
      continue;
    }
    if (transforms.some(({ reads }) => reads === "lengths")) {
      return refuse(`member "${name}" has a transform that reads lengths, and an artefact holds scores alone`, "use baseline: item");
    }
    const reading = { judge, objective: panel.members[i]!.objective, calibration: calibration?.revision ?? "none" };
    const found = await substituteCalibrated(path.slice(0, -1), { baseline: named }, ["baseline"], { reading, context });
    if (found === undefined) return undefined;
    sha256 = found.sha256[0]!;
    const { responses } = found;
    const constant = responses === undefined ? (found.params.baseline as readonly number[]) : undefined;
    if (constant !== undefined && constant.length > 1) {
      return refuse(
        `reference "${named.artefact}" is a distribution, whose scores belong to no one completion`,
        "build it as responses or as a value",
      );
    }
    const fixed = constant && Float64Array.from(constant);
    rows.push((digest) => fixed ?? responses!.byPrompt.get(digest));
  }
  return { reference: { artefact: named.artefact, scoresOf: (digest) => scoresOf(rows, digest) }, sha256 };
}

const NOTHING = new Float64Array();

function scoresOf(rows: readonly ((digest: string) => Float64Array | undefined)[], digest: string): readonly Float64Array[] | undefined {
  const found = rows.map((row) => row(digest));
  return found.every((row) => row !== undefined) ? found : undefined;
}
