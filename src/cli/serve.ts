import { Command, InvalidArgumentError } from "commander";
import { serve } from "../app.ts";
import { type Overrides, parsePort } from "../config/env.ts";
import { LOG_LEVELS } from "../config/server-schema.ts";
import { createLogger } from "../telemetry/log.ts";
import { configOption, readConfig } from "./config-file.ts";
import type { SetExit } from "./failure.ts";
import { listenForStop } from "./stop-signal.ts";

interface ServeFlags extends Overrides {
  readonly config?: string;
}

/** `rewardgate serve`: gRPC, HTTP and the admin port, until SIGTERM or SIGINT. */
export function serveCommand(exit: SetExit): Command {
  const command = new Command("serve")
    .description("serve gRPC, HTTP and the admin port until SIGTERM or Ctrl-C")
    .addOption(configOption())
    .option("--host <address>", "address of all listeners (env REWARDGATE_HOST)", host)
    .option("--http-port <port>", "HTTP port (env REWARDGATE_HTTP_PORT; default: the file's, 8080)", port)
    .option("--grpc-port <port>", "gRPC port (env REWARDGATE_GRPC_PORT; default: the file's, 50051)", port)
    .option("--admin-port <port>", "port of probes and metrics (env REWARDGATE_ADMIN_PORT; default: the file's, 9090)", port)
    .option("--log-level <level>", `one of ${LOG_LEVELS.join(", ")} (env REWARDGATE_LOG_LEVEL; default: the file's, info)`, level)
    .addHelpText("after", "\nExample:\n  $ rewardgate serve --http-port 8000 --log-level debug");
  command.action(async ({ config: file, ...flags }: ServeFlags) => {
    const config = await readConfig(file, flags);
    const log = createLogger({ level: config.log.level });
    const stopped = stopSignal();
    const running = await serve(config, { log });
    const { http, grpc, admin } = running.addresses;
    // Nobody has to read where it listens: a reader that has left and a full disk are no reasons not to serve.
    process.stdout.removeAllListeners("error").on("error", () => {});
    process.stdout.write(
      `HTTP   ${http}  (try it: ${http}/docs)\ngRPC   ${grpc}\nadmin  ${admin}  (/livez, /readyz, /startupz, /metrics)\nready; Ctrl-C stops\n`,
    );
    await stopped;
    exit(await running.stop());
  });
  return command;
}

/** Resolves when somebody wants an end; who wants it again ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    listenForStop({ first: resolve, again: () => process.exit(3) });
  });
}

/** An empty address is every one of the machine to HTTP and the admin port, and none to gRPC. */
function host(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("use an address, 0.0.0.0 for all of this machine.");
  return text;
}

function port(text: string): number {
  const parsed = parsePort(text);
  if (parsed === undefined) throw new InvalidArgumentError("use a whole number from 0 to 65535.");
  return parsed;
}

function level(text: string): string {
  if (!LOG_LEVELS.some((known) => known === text)) throw new InvalidArgumentError(`use one of ${LOG_LEVELS.join(", ")}.`);
  return text;
}
