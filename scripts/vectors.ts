// Checks the functions against worked vectors and prints a line per method id; exits with 1 on a failure or an unknown id.
// Usage: npm run test:vectors -- [FILE]     (default: the vectors of the repository)
import { METHODS } from "../test/golden/method-table/index.ts";
import { checkVectors, type IdReport } from "../test/golden/method-table/table.ts";
import { GOLDEN_VECTORS, readVectors } from "../test/support/vectors.ts";

const STATUSES = ["passed", "failed", "unknown"] as const;

/** The reports of a file; undefined, with a line on stderr, when it cannot be read as vectors. */
function reportsOf(file: string | URL): IdReport[] | undefined {
  try {
    return checkVectors(readVectors(file), METHODS);
  } catch (error) {
    console.error(`${file}: not a file of vectors: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

const reports = reportsOf(process.argv[2] ?? GOLDEN_VECTORS) ?? [];
for (const { id, status, vectors, failures } of reports) {
  console.log(`${status.padEnd(8)} ${id.padEnd(34)} ${vectors}`);
  for (const failure of failures) console.log(`  ${failure}`);
}
const counts = STATUSES.map((status) => `${reports.filter((report) => report.status === status).length} ${status}`);
console.log(`${counts.join(", ")} of ${reports.length} ids`);
// A run that found no vector must not look like success.
if (reports.length === 0 || reports.some(({ status }) => status === "failed" || status === "unknown")) process.exitCode = 1;
