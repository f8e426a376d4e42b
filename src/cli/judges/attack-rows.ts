import { DEFAULT_OPTIONS } from "../../domain/score.ts";
import { type AttackedItem, attackItem } from "../../evaluation/probes/attack.ts";
import { ATTACKS } from "../../evaluation/probes/attacks.ts";
import type { AttackOutcome } from "../../evaluation/probes/robustness.ts";
import { UsageError } from "../failure.ts";
import { listenForInterrupt } from "../interrupt.ts";
import type { JudgeSet } from "../judge-scores.ts";
import { openOffline } from "../offline-gateway.ts";
import { openLines } from "../score/lines.ts";
import { createProgress } from "../score/progress.ts";
import { type BrokenRecord, parseRecord, type ScoreRecord } from "../score/records.ts";
import { scoreRecords } from "../score/run.ts";

/** Candidates under way at once; attacks on one row share the genuine response, which is judged once. */
const WINDOW = 256;

/** Which rows are attacked, and how variants are drawn. */
export interface AttackPlan {
  readonly path: string;
  /** Rows at most. */
  readonly limit: number | undefined;
  readonly seed: number;
}

/** What came of it. */
export interface AttackRun {
  readonly outcomes: readonly AttackOutcome[];
  /** Rows whose genuine response the judge scored. */
  readonly rows: number;
  /** Rows that were left out: a line that cannot be read, or a genuine response without a score. */
  readonly leftOut: number;
  /** Why the judge gave no score, with the number of times: reasons of failures, else outcomes. */
  readonly unscored: Readonly<Record<string, number>>;
}

/**
 * Scores the best response of each row, and the same under every attack, with a set of one judge.
 *
 * @returns undefined when Ctrl-C ended the run
 * @throws {UsageError} when the file cannot be read, or the judge scored none of its responses
 */
export async function attackRows(set: JudgeSet, { path, limit, seed }: AttackPlan): Promise<AttackRun | undefined> {
  const interruption = listenForInterrupt();
  const { lines } = await openLines(path, interruption.signal);
  const gateway = await openOffline(set.config, set.panel);
  const progress = createProgress(limit);
  const began = performance.now();
  const waiting: { readonly id: string; readonly made: AttackedItem }[] = [];
  const outcomes: AttackOutcome[] = [];
  const [seen, scored] = [new Set<string>(), new Set<string>()];
  const unscored = new Map<string, number>();
  let broken = 0;
  const attacked = async function* (): AsyncGenerator<ScoreRecord | BrokenRecord> {
    for await (const { number, text } of lines) {
      const record = parseRecord(number, text);
      if (!("item" in record)) broken++;
      else {
        const id = `${number}/${record.item.id}`;
        seen.add(id);
        for (const attack of ATTACKS) {
          const made = attackItem(record.item, bestOf(record), attack, seed);
          waiting.push({ id, made });
          yield { ...record, item: made.item, candidates: ["", ""] };
        }
      }
      if (seen.size + broken === limit) return;
    }
  };
  try {
    const whole = await scoreRecords(attacked(), {
      service: gateway.service,
      panel: { name: set.panel, revision: "" },
      options: { ...DEFAULT_OPTIONS, detail: "judges" },
      window: WINDOW,
      signal: interruption.signal,
      onRow: async (_record, row) => {
        const { id, made } = waiting.shift()!;
        const [genuine, under] = [made.genuine, made.attacked].map((index) => {
          const part = row.candidates[index]?.judges[0];
          if (part?.outcome === "scored") return part.raw;
          const why = part?.failure?.reason ?? row.failure?.reason ?? part?.outcome ?? "failed";
          unscored.set(why, (unscored.get(why) ?? 0) + 1);
          return undefined;
        });
        if (genuine !== undefined) {
          scored.add(id);
          outcomes.push({ id, attack: made.attack.name, genuine, attacked: under });
        }
        progress.update(seen.size, { candidates: outcomes.length, seconds: (performance.now() - began) / 1000 });
      },
    });
    if (!whole) return undefined;
  } finally {
    progress.stop();
    interruption.stop();
    await gateway.close(0);
  }
  if (scored.size === 0) throw new UsageError(`the judge scored no response of ${path} (${whyNone(unscored)}); name rows that it takes`);
  return { outcomes, rows: scored.size, leftOut: broken + seen.size - scored.size, unscored: Object.fromEntries(unscored) };
}

function whyNone(unscored: ReadonlyMap<string, number>): string {
  const reasons = [...unscored.keys()];
  return reasons.length === 0 ? "it holds no row that can be read" : reasons.join(", ");
}

/** The response that people liked best, the first of several; the first where nobody said. */
function bestOf({ labels }: ScoreRecord): number {
  return labels.type === "ranked" ? labels.ratings.indexOf(Math.max(...labels.ratings)) : 0;
}
