import { readFileSync } from "node:fs";

const packageJson = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

/** Version of the package. */
export const VERSION = packageJson.version;

/** Commit that the build was made from; "unknown" outside of a release build. */
export const COMMIT = process.env.REWARDGATE_COMMIT ?? "unknown";
