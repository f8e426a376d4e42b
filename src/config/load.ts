import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { ConfigProblem } from "../domain/errors.ts";
import { checkAddresses } from "./check-addresses.ts";
import { checkIdle } from "./check-idle.ts";
import { type Overrides, overridesFrom, type Variables } from "./env.ts";
import { findingsOf } from "./issues.ts";
import { configInvalid } from "./problems.ts";
import { textOf } from "./read-text.ts";
import { checkReferences } from "./references.ts";
import { type Config, configSchema, type Settings } from "./schema.ts";
import { parseYaml, type YamlSource } from "./source.ts";
import { redisStoreSchema } from "./state-schema.ts";

export interface LoadOptions {
  /** Path of the file, relative to the working directory. */
  readonly file: string;
  readonly variables: Variables;
  /** From the command line; they go over the environment, which goes over the file, which goes over defaults. */
  readonly flags?: Overrides;
}

/** Largest configuration file that is read, bytes. A calibration with many knots belongs in a file of its own. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Reads a configuration: interpolate, check structure and names, put overrides over it, freeze.
 *
 * @throws {GatewayError} CONFIG_INVALID with every problem that the file has
 */
export async function loadConfig({ file: given, variables, flags = {} }: LoadOptions): Promise<Config> {
  const file = resolve(given);
  const text = await readText(file);
  if (typeof text !== "string") throw configInvalid([text]);
  const source = parseYaml(text, { file, variables });
  if (source.data === undefined || source.data === null) throw configInvalid(orEmpty(source, file));

  const parsed = configSchema.safeParse(source.data);
  const environment = overridesFrom(variables);
  // What an unset variable left behind is no second problem.
  const known = new Set(source.problems.map(({ path }) => path));
  const found = [
    ...(parsed.success ? checkAddresses(parsed.data.backends) : findingsOf(parsed.error.issues, configSchema, source.data)),
    ...checkReferences(source.data),
    ...checkIdle(source.data),
  ];
  const problems: ConfigProblem[] = [
    ...source.problems,
    ...unique(found.map((finding) => source.locate(finding))).filter(({ path }) => !known.has(path)),
    ...environment.findings.map(({ path, cause, remedy }) => ({ file: "environment", path: String(path[0]), cause, remedy })),
  ];
  if (!parsed.success || problems.length > 0) throw configInvalid(problems);
  const settings = deepFreeze(withOverrides(parsed.data, { ...environment.overrides, ...flags }));
  return Object.freeze({ ...settings, origin: { file, folder: dirname(file), locate: source.locate } });
}

function orEmpty(source: YamlSource, file: string): readonly ConfigProblem[] {
  if (source.problems.length > 0) return source.problems;
  return [{ file, path: "", cause: "the file is empty", remedy: "start from the rewardgate.yaml that ships with the package" }];
}

async function readText(file: string): Promise<string | ConfigProblem> {
  const problem = (cause: string, remedy: string): ConfigProblem => ({ file, path: "", cause, remedy });
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) return problem(`${size} bytes, more than ${MAX_BYTES}`, "move long calibrations to files of their own");
    const text = textOf(await readFile(file));
    return typeof text === "string" ? text : problem(text.cause, text.remedy);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return problem("no such file", "name it with --config or REWARDGATE_CONFIG");
    if (code === "EISDIR") return problem("a folder, not a file", "name the file inside it");
    return problem(`cannot be read (${code ?? "unknown error"})`, "check its permissions");
  }
}

function withOverrides(config: Settings, over: Overrides): Settings {
  const { server } = config;
  const listen = (own: { host: string; port: number }, port: number | undefined) => ({
    host: over.host ?? own.host,
    port: port ?? own.port,
  });
  return {
    ...config,
    log: { level: over.logLevel ?? config.log.level },
    state: { ...config.state, store: storeUnder(config.state.store, over) },
    server: {
      ...server,
      http: listen(server.http, over.httpPort),
      grpc: listen(server.grpc, over.grpcPort),
      admin: listen(server.admin, over.adminPort),
    },
  };
}

function storeUnder(own: Settings["state"]["store"], { statePath, stateRedisUrl }: Overrides): Settings["state"]["store"] {
  if (statePath !== undefined) return { type: "embedded", path: resolve(statePath) };
  if (stateRedisUrl === undefined) return own;
  return own.type === "redis" ? { ...own, url: stateRedisUrl } : redisStoreSchema.parse({ type: "redis", url: stateRedisUrl });
}

function unique(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ path, cause }) => {
    const key = `${path}\n${cause}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
