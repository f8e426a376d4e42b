import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { root } from "./python-environment.mjs";

const START_TIMEOUT_MS = 300_000;
const ANY = { http: 0, grpc: 0, admin: 0 };

/** Ports from 20,000 to 31,999, apart for scripts that run side by side: the system gives none of them to whoever asks for any. */
let nextPort = (process.pid * 16) % 12_000;

/** A port of the loopback that nothing listens on, for what must come up at an address that is known before, or come back at it. */
export async function freePort() {
  for (;;) {
    const port = 20_000 + nextPort;
    nextPort = (nextPort + 1) % 12_000;
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (free) return new Promise((resolve) => server.close(() => resolve(port)));
  }
}

/** Ports of the loopback for a gateway that must come back at the same addresses. */
export async function freePorts() {
  return { http: await freePort(), grpc: await freePort(), admin: await freePort() };
}

/**
 * Starts the built gateway (dist/main.js) on the loopback and resolves when it is ready.
 *
 * config: path of rewardgate.yaml, by default the one that ships. ports: 0 is any. env: variables that the configuration reads.
 * Returns its process, its addresses (`http` and `admin` as URLs, `grpc` as host:port), `ended`, which resolves to its exit code or the
 * signal that ended it, and `stop`, which asks it to drain and resolves to the same.
 */
export async function startBuiltGateway({ config, ports = ANY, env = {} } = {}) {
  const child = spawn(process.execPath, ["dist/main.js", "serve", ...(config === undefined ? [] : ["--config", config])], {
    cwd: root,
    env: {
      ...process.env,
      ...env,
      REWARDGATE_HTTP_PORT: String(ports.http),
      REWARDGATE_GRPC_PORT: String(ports.grpc),
      REWARDGATE_ADMIN_PORT: String(ports.admin),
      REWARDGATE_LOG_LEVEL: "warn",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));
  let output = "";
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`the gateway did not start: ${output}`));
    }, START_TIMEOUT_MS);
    ended.then((code) => reject(new Error(`the gateway ended with ${code}: ${output}`)));
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      if (!/^ready/m.test(output)) return;
      clearTimeout(timer);
      resolve();
    });
  });
  const address = (name) => new RegExp(`^${name}\\s+(\\S+)`, "m").exec(output)[1];
  return {
    process: child,
    http: address("HTTP"),
    grpc: address("gRPC"),
    admin: address("admin"),
    ended,
    stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}
