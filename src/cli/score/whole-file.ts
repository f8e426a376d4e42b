import type { ScoreOptions } from "../../domain/score.ts";
import type { RewardService } from "../../domain/service.ts";
import { openLines } from "./lines.ts";
import { createProgress } from "./progress.ts";
import { type BrokenRecord, parseRecord, type ScoreRecord } from "./records.ts";
import { type RunOptions, scoreRecords } from "./run.ts";

/** Candidates under way at once: enough for full batches of like lengths, and a bound on memory. */
const WINDOW = 512;

export interface WholeFile extends Pick<RunOptions, "panel" | "signal"> {
  readonly service: RewardService;
  readonly options: ScoreOptions;
  /** Changes a record before it is scored. */
  readonly prepare?: (record: ScoreRecord) => ScoreRecord;
  /** Called in order, once per record. */
  readonly onRow: (...row: Parameters<RunOptions["onRow"]>) => void;
}

/**
 * Scores every record of a file, with progress on standard error.
 *
 * @returns whether all records were scored; false when the signal ended it before
 */
export async function scoreWholeFile(path: string, { prepare = (record) => record, onRow, ...run }: WholeFile): Promise<boolean> {
  const { lines, size } = await openLines(path, run.signal);
  const progress = createProgress(size);
  const began = performance.now();
  const ends: number[] = [];
  let candidates = 0;
  const parsed = async function* (): AsyncIterable<ScoreRecord | BrokenRecord> {
    for await (const { number, text, end } of lines) {
      ends.push(end);
      const record = parseRecord(number, text);
      yield "item" in record ? prepare(record) : record;
    }
  };
  try {
    return await scoreRecords(parsed(), {
      ...run,
      window: WINDOW,
      onRow: async (record, row, usage) => {
        onRow(record, row, usage);
        candidates += usage.candidates;
        progress.update(ends.shift()!, { candidates, seconds: (performance.now() - began) / 1000 });
      },
    });
  } finally {
    progress.stop();
  }
}
