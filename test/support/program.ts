import { fileURLToPath } from "node:url";

/**
 * Arguments with which Node runs the command line: from its source, which is what a single test is run for, or as it was built,
 * where `npm test` has just done that. Built it starts in half the time, and it is what ships.
 */
export const PROGRAM: readonly string[] =
  process.env.TEST_PROGRAM === undefined
    ? ["--import", import.meta.resolve("tsx"), fileURLToPath(new URL("../../src/main.ts", import.meta.url))]
    : [process.env.TEST_PROGRAM];
