import type { Finding } from "./problems.ts";
import { field, record } from "./written-data.ts";

/** The parameter of the rule `majority` that each of its comparisons does not read. */
const IDLE: ReadonlyMap<unknown, string> = new Map([
  ["exact", "options"],
  ["numeric", "options"],
  ["multipleChoice", "answer"],
]);

/**
 * Parameters that another parameter makes idle: who writes one believes that it does something. Reads data as it was written, since
 * defaults tell nothing of what was meant.
 *
 * @param data the interpolated file
 */
export function checkIdle(data: unknown): Finding[] {
  return Object.entries(record(data, "judges")).flatMap(([name, judge]): Finding[] => {
    if (field(judge, "rule") !== "majority") return [];
    const compare = field(judge, "compare") ?? "exact";
    const idle = IDLE.get(compare);
    if (idle === undefined || field(judge, idle) === undefined) return [];
    const cause = `${idle} does nothing with compare: ${String(compare)}`;
    const remedy = idle === "answer" ? "leave it out: letters have places of their own" : "leave it out, or write compare: multipleChoice";
    return [{ path: ["judges", name, idle], cause, remedy }];
  });
}
