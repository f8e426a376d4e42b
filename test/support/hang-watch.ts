import { afterEach, beforeEach } from "node:test";

/** Shorter than the time after which the runner ends a file, which does not tell what it was at. */
const LIMIT_MINUTES = 25;

const running = new Set<string>();
beforeEach(({ name }) => void running.add(name));
afterEach(({ name }) => void running.delete(name));

// A file that hangs says in which test.
setTimeout(() => {
  process.stderr.write(`hangs after ${LIMIT_MINUTES} minutes: ${[...running].join("; ")}\n`);
  process.exit(1);
}, LIMIT_MINUTES * 60_000).unref();
