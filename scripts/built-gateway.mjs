import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { root } from "./python-environment.mjs";

const START_TIMEOUT_MS = 120_000;
const ANY = { http: 0, grpc: 0, admin: 0 };

/** Ports of the loopback that were free a moment ago, for a gateway that must come back at the same addresses. */
export async function freePorts() {
  const listen = () =>
    new Promise((resolve, reject) => {
      const server = createServer();
      server.once("error", reject).listen(0, "127.0.0.1", () => resolve(server));
    });
  const servers = await Promise.all([listen(), listen(), listen()]);
  const [http, grpc, admin] = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return { http, grpc, admin };
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
