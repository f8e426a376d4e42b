import { readFileSync } from "node:fs";
import { commitFrom } from "./config/env.ts";

const packageJson = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

/** Version of the package. */
export const VERSION = packageJson.version;

/** Commit that the build was made from; "unknown" outside of a release build. */
export const COMMIT = commitFrom(process.env);
