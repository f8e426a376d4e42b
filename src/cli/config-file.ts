import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Option } from "commander";
import { configPathFrom, type Overrides } from "../config/env.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";

/** The configuration that ships with the package; it serves the models that ship beside it. */
const SHIPPED = fileURLToPath(new URL("../../rewardgate.yaml", import.meta.url));

/** `--config`, the same for every command. */
export function configOption(): Option {
  const fallback = "./rewardgate.yaml, else the one that ships with the package";
  return new Option("-c, --config <file>", `configuration file (env REWARDGATE_CONFIG; default: ${fallback})`);
}

/** The file that a command reads: flag, then environment, then the working directory, then the package. */
export function configPath(flag: string | undefined): string {
  return flag ?? configPathFrom(process.env) ?? (existsSync("rewardgate.yaml") ? "rewardgate.yaml" : SHIPPED);
}

/** @throws {GatewayError} CONFIG_INVALID with every problem */
export async function readConfig(flag: string | undefined, flags: Overrides = {}): Promise<Config> {
  return loadConfig({ file: configPath(flag), variables: process.env, flags });
}
