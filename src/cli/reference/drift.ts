import { isRouting } from "../../config/panel-schema.ts";
import { resolve } from "../../config/resolve.ts";
import type { Config } from "../../config/schema.ts";
import { GatewayError } from "../../domain/errors.ts";
import { isRouter } from "../../domain/panel.ts";
import type { Observation, ReferenceScores, ScoreObserver } from "../../domain/run.ts";
import { DEFAULT_OPTIONS } from "../../domain/score.ts";
import { createReferenceWindow, type ReferenceWindow } from "../../monitoring/reference-window.ts";
import { UsageError } from "../failure.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { openOffline } from "../offline-gateway.ts";
import type { ScoreRecord } from "../score/records.ts";
import { scoreWholeFile } from "../score/whole-file.ts";

/** What is scored for an artefact of kind `drift`. */
export interface DriftBuild {
  readonly config: Config;
  /** Name of a panel with members. */
  readonly panel: string;
  readonly path: string;
  /** Indices of a record's candidates that are taken, ascending. */
  readonly candidatesOf: (record: ScoreRecord) => readonly number[];
}

/**
 * Scores a file with a panel as a training run would, and keeps what its windows would say of all of it.
 *
 * @returns the artefact's own part and counts, or undefined when Ctrl-C ended the run
 * @throws {UsageError} when the reward or a member has too few scores
 */
export async function driftOf({ config, panel: name, path, candidatesOf }: DriftBuild) {
  const panel = (await resolve(config, [name])).panels.find((found) => found.name === name)!;
  if (isRouter(panel)) throw new UsageError(`panel "${name}" is a table; build for a panel that it leads to`);
  const heard = new Map<string, Observation>();
  const observer: ScoreObserver = {
    defaultRun: "reference",
    observe: (observation) => void heard.set(observation.requestId, observation),
    observeRaw: () => {},
  };
  const window = createReferenceWindow();
  const counts = { records: 0, leftOut: 0, completions: 0 };
  const gateway = await openOffline(config, name, { observer });
  const interruption = listenForInterrupt();
  try {
    const whole = await scoreWholeFile(path, {
      service: gateway.service,
      panel,
      options: { ...DEFAULT_OPTIONS, detail: "reward" },
      signal: interruption.signal,
      prepare: (record) => {
        const taken = candidatesOf(record);
        return { ...record, item: { ...record.item, candidates: taken.map((index) => record.item.candidates[index]!) } };
      },
      onRow: (record, row) => {
        const id = `line-${record.line}`;
        const observation = heard.get(id);
        heard.delete(id);
        // Records are heard of in the order in which they were scored, and taken in in that of the file.
        if (observation !== undefined) window.add(observation.items[0]!, observation);
        const rewarded = row.candidates.filter(({ reward }) => reward !== undefined).length;
        if (rewarded > 0) counts.records++;
        else counts.leftOut++;
        counts.completions += rewarded;
      },
    });
    if (!whole) return undefined;
  } finally {
    interruption.stop();
    await gateway.close(0);
  }
  if (counts.completions === 0) throw new UsageError(`no completion of ${path} could be scored: a reference needs at least one`);
  const { reward, members } = read(window);
  const readings = panel.members.map((member, i) => ({
    member: member.name,
    judge: member.judge.name,
    ...objectiveOf(config, name, i),
    judgeRevision: member.judge.revision,
    calibration: member.calibration?.revision ?? "none",
    space: member.calibratedSpace,
    ...inJson(members.get(member.name)!),
  }));
  return { counts, content: { panel: { name, revision: panel.revision }, reward: { space: panel.space, ...inJson(reward) }, readings } };
}

/** Too few completions are the file's, and not the gateway's, fault. */
function read(window: ReferenceWindow): ReturnType<ReferenceWindow["read"]> {
  try {
    return window.read();
  } catch (error) {
    throw error instanceof GatewayError && error.reason === "BASELINE_TOO_SMALL" ? new UsageError(error.message) : error;
  }
}

function objectiveOf({ panels }: Config, name: string, member: number): { objective?: string } {
  const written = panels[name]!;
  const objective = isRouting(written) ? undefined : written.members[member]!.objective;
  return objective === undefined ? {} : { objective };
}

/** JSON has no infinity. */
function inJson({ logStdError, ...scores }: ReferenceScores) {
  return Number.isFinite(logStdError) ? { ...scores, logStdError } : scores;
}
