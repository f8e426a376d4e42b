import { panelSchema, type ReadingConfig } from "../config/panel-schema.ts";
import { type ResolvedJudge, resolve } from "../config/resolve.ts";
import type { Config } from "../config/schema.ts";
import { nearest } from "../config/suggest.ts";
import { GatewayError } from "../domain/errors.ts";
import { isRouter, type Member } from "../domain/panel.ts";
import { DEFAULT_OPTIONS, type JudgePart } from "../domain/score.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { openOffline } from "./offline-gateway.ts";
import type { ScoreRecord } from "./score/records.ts";
import { scoreWholeFile } from "./score/whole-file.ts";

/** Name of the panel that is made up for the run; it is the only one, so no other can have it. */
const PANEL = "judges";

/** A judge that is asked, which of its numbers, and the calibration of it, as a panel would write them. */
export type AskedJudge = Pick<ReadingConfig, "judge"> & Partial<Pick<ReadingConfig, "name" | "objective" | "calibration">>;

/** Judges of a configuration that are asked outside its panels. */
export interface JudgeSet {
  readonly config: Config;
  /** The panel of that configuration that holds them, and no other judge. */
  readonly panel: string;
  /** In the order of asking. */
  readonly members: readonly { readonly member: Member; readonly judge: ResolvedJudge }[];
}

/**
 * Resolves judges with their calibrations alone: no transforms and no panel of the file, so that a panel which waits for what
 * the scores will give is in nobody's way.
 *
 * @throws {GatewayError} JUDGE_NOT_FOUND for a name that the file does not have; CONFIG_INVALID
 */
export async function resolveJudgeSet(config: Config, asked: readonly AskedJudge[]): Promise<JudgeSet> {
  for (const { judge } of asked) {
    if (Object.hasOwn(config.judges, judge)) continue;
    const known = Object.keys(config.judges);
    throw new GatewayError("JUDGE_NOT_FOUND", `no judge "${judge}"; there are: ${known.join(", ")}`, {
      details: { suggestions: nearest(judge, known) },
    });
  }
  // Ranks may be of any space, and a judge without a score leaves the others alone: the parts count here, not the reward.
  const panel = panelSchema.parse({ members: asked, aggregation: { method: "borda" }, onFailure: "degrade" });
  const alone: Config = { ...config, panels: { [PANEL]: panel } };
  const { panels, judges } = await resolve(alone, [PANEL]);
  const members = panels.flatMap((made) => (isRouter(made) ? [] : made.members));
  return {
    config: alone,
    panel: PANEL,
    members: members.map((member) => ({ member, judge: judges.find(({ judge }) => judge === member.judge)! })),
  };
}

/** What became of the records of a file. */
export interface FileCounts {
  /** Records that every judge gave a score for every candidate. */
  readonly records: number;
  /** Records that were left out: a line that cannot be read, or a candidate without a score. */
  readonly leftOut: number;
}

/**
 * Scores the records of files with a set of judges.
 *
 * @param paths files, one after the other; the models are opened once
 * @param onRecord called in order with each record that is whole: the parts of its candidates, one per judge
 * @returns counts per file, or undefined when Ctrl-C ended the run
 */
export async function scoreWithJudges(
  { config, panel: name, members }: JudgeSet,
  paths: readonly string[],
  onRecord: (record: ScoreRecord, parts: readonly (readonly JudgePart[])[], file: number) => void,
): Promise<FileCounts[] | undefined> {
  const gateway = await openOffline(config, name);
  const interruption = listenForInterrupt();
  const panel = { name, revision: "" };
  const options = { ...DEFAULT_OPTIONS, detail: "judges" } as const;
  try {
    const counts: FileCounts[] = [];
    for (const [file, path] of paths.entries()) {
      let records = 0;
      let leftOut = 0;
      const whole = await scoreWholeFile(path, {
        service: gateway.service,
        panel,
        options,
        signal: interruption.signal,
        onRow: (record, row) => {
          const parts = row.candidates.map(({ judges }) => judges);
          if ("item" in record && parts.length > 0 && parts.every((judges) => isWhole(judges, members.length))) {
            onRecord(record, parts, file);
            records++;
          } else leftOut++;
        },
      });
      if (!whole) return undefined;
      counts.push({ records, leftOut });
    }
    return counts;
  } finally {
    interruption.stop();
    await gateway.close(0);
  }
}

function isWhole(judges: readonly JudgePart[], count: number): boolean {
  return judges.length === count && judges.every(({ outcome }) => outcome === "scored");
}
