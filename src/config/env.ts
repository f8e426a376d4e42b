import type { Finding } from "./problems.ts";
import { LOG_LEVELS } from "./server-schema.ts";
import { isRedisUrl } from "./state-schema.ts";
import { nameRemedy } from "./suggest.ts";

/** Every environment variable that the gateway reads, besides those that a configuration names itself. */
export const ENV_NAMES = {
  REWARDGATE_CONFIG: "Path of the configuration file.",
  REWARDGATE_HOST: "Address that all three listeners use, over server.*.host.",
  REWARDGATE_HTTP_PORT: "HTTP port, over server.http.port.",
  REWARDGATE_GRPC_PORT: "gRPC port, over server.grpc.port.",
  REWARDGATE_ADMIN_PORT: "Admin port, over server.admin.port.",
  REWARDGATE_LOG_LEVEL: "Log level, over log.level.",
  REWARDGATE_COMMIT: "Commit that the build was made from; images set it.",
  REWARDGATE_STATE_PATH: "Folder where server state is kept, over state.store.",
  REWARDGATE_STATE_REDIS_URL: "Redis where server state is kept, over state.store.",
} as const;
export type EnvName = keyof typeof ENV_NAMES;

export type Variables = Readonly<Record<string, string | undefined>>;
type LogLevel = (typeof LOG_LEVELS)[number];

/** What flags and environment variables may set over the file. */
export interface Overrides {
  readonly host?: string;
  readonly httpPort?: number;
  readonly grpcPort?: number;
  readonly adminPort?: number;
  readonly logLevel?: LogLevel;
  /** Folder, relative to the working directory. */
  readonly statePath?: string;
  readonly stateRedisUrl?: string;
}

/** The configuration file that the environment names, if it does. */
export function configPathFrom(variables: Variables): string | undefined {
  return read(variables, "REWARDGATE_CONFIG");
}

/** The commit that the build was made from, "unknown" where nobody says. */
export function commitFrom(variables: Variables): string {
  return read(variables, "REWARDGATE_COMMIT") ?? "unknown";
}

/** The overrides that the environment states, and what is wrong with it. */
export function overridesFrom(variables: Variables): { overrides: Overrides; findings: Finding[] } {
  const findings: Finding[] = [];
  const host = read(variables, "REWARDGATE_HOST");
  const httpPort = readPort(variables, "REWARDGATE_HTTP_PORT", findings);
  const grpcPort = readPort(variables, "REWARDGATE_GRPC_PORT", findings);
  const adminPort = readPort(variables, "REWARDGATE_ADMIN_PORT", findings);
  const logLevel = readLevel(variables, findings);
  const statePath = read(variables, "REWARDGATE_STATE_PATH");
  const stateRedisUrl = readRedisUrl(variables, findings);
  if (statePath !== undefined && stateRedisUrl !== undefined) {
    const cause = "set beside REWARDGATE_STATE_REDIS_URL";
    findings.push({ path: ["REWARDGATE_STATE_PATH"], cause, remedy: "state is kept in one place; unset one of them" });
  }
  return {
    overrides: {
      ...(host !== undefined && { host }),
      ...(httpPort !== undefined && { httpPort }),
      ...(grpcPort !== undefined && { grpcPort }),
      ...(adminPort !== undefined && { adminPort }),
      ...(logLevel !== undefined && { logLevel }),
      ...(statePath !== undefined && { statePath }),
      ...(stateRedisUrl !== undefined && { stateRedisUrl }),
    },
    findings,
  };
}

/** A value that is not empty: an empty variable is how shells and charts write "not set". */
function read(variables: Variables, name: EnvName): string | undefined {
  return variables[name] || undefined;
}

function readPort(variables: Variables, name: EnvName, findings: Finding[]): number | undefined {
  const text = read(variables, name);
  if (text === undefined) return undefined;
  const port = parsePort(text);
  if (port === undefined) findings.push({ path: [name], cause: `"${text}" is no port`, remedy: "use a whole number from 0 to 65535" });
  return port;
}

/** A TCP port written in decimal, or undefined. */
export function parsePort(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined;
}

/** The address may hold a password, so a finding does not quote it. */
function readRedisUrl(variables: Variables, findings: Finding[]): string | undefined {
  const url = read(variables, "REWARDGATE_STATE_REDIS_URL");
  if (url === undefined || isRedisUrl(url)) return url;
  findings.push({
    path: ["REWARDGATE_STATE_REDIS_URL"],
    cause: "no address of a Redis",
    remedy: "start it with redis:// or rediss://, name host and port, and no path but the number of a database",
  });
  return undefined;
}

function readLevel(variables: Variables, findings: Finding[]): LogLevel | undefined {
  const text = read(variables, "REWARDGATE_LOG_LEVEL");
  if (text === undefined) return undefined;
  const level = LOG_LEVELS.find((known) => known === text);
  if (level === undefined) {
    findings.push({ path: ["REWARDGATE_LOG_LEVEL"], cause: `"${text}" is no log level`, remedy: nameRemedy(text, LOG_LEVELS, "") });
  }
  return level;
}
