// Assembles the file tree that the Dockerfile describes and runs it as its image would run: as user 65532, with a
// read-only root and a small /tmp, through bubblewrap. It waits for readiness, scores one pair and stops it with SIGTERM.
// It needs Linux and bubblewrap (Debian: apt-get install bubblewrap), no container engine.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { freePorts } from "./built-gateway.mjs";

const tree = path.resolve(".cache/image");
const app = path.join(tree, "app");

/** The text of one stage, with continued lines joined. */
function stageText(stage) {
  const text = readFileSync("Dockerfile", "utf8").replaceAll("\\\n", " ");
  return text.split(/^FROM /m).find((part) => part.split("\n", 1)[0].endsWith(`AS ${stage}`));
}

/** Sources → target of every COPY of a stage that takes files of the repository. */
function copies(stage) {
  return [...stageText(stage).matchAll(/^COPY (?!--from)(.+)$/gm)].map(([, words]) => {
    const all = words.trim().split(/\s+/);
    return { sources: all.slice(0, -1), target: all.at(-1) };
  });
}

function run(command, args, options = {}) {
  const { status } = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"], ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
}

/** Waits until `probe` answers true, at most so many seconds. */
async function until(probe, seconds, what) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise((next) => setTimeout(next, 250))) {
    if (await probe().catch(() => false)) return;
  }
  throw new Error(`${what}: not within ${seconds} s`);
}

rmSync(tree, { recursive: true, force: true });
mkdirSync(app, { recursive: true });
for (const { sources, target } of copies("application")) {
  for (const source of sources) {
    const to = path.join(tree, target.endsWith("/") || sources.length > 1 ? path.join(target, source) : target);
    cpSync(source, to, { recursive: true, filter: (file) => !file.startsWith("models/recipes") });
  }
}
for (const { sources } of copies("dependencies")) for (const source of sources) cpSync(source, path.join(app, source));
run("npm", ["run", "--silent", "build", "--", "--outDir", path.join(app, "dist")]);
for (const [, command] of stageText("dependencies").matchAll(/^RUN (.+)$/gm)) run("sh", ["-c", command], { cwd: app });

const { http, grpc, admin } = await freePorts();
const system = ["/usr", "/lib", "/lib64", "/bin", "/etc", path.dirname(path.dirname(process.execPath))];
if (spawnSync("bwrap", ["--ro-bind", "/", "/", "--unshare-pid", "true"]).status !== 0) {
  console.log("image: assembled, but not run: bubblewrap is missing or may not make namespaces here");
  process.exit(0);
}
// Without the right to make user namespaces, root changes the user itself.
const unprivileged = spawnSync("bwrap", ["--unshare-user", "--uid", "65532", "--gid", "65532", "--ro-bind", "/", "/", "true"]).status === 0;
const bwrap = [
  ...(unprivileged ? ["--unshare-user", "--uid", "65532", "--gid", "65532"] : ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]),
  ...[...new Set(system)].flatMap((folder) => ["--ro-bind-try", folder, folder]),
  ...["--ro-bind", app, "/app", "--proc", "/proc", "--dev", "/dev", "--size", String(64 * 2 ** 20), "--tmpfs", "/tmp", "--remount-ro", "/"],
  ...[
    "--unshare-pid",
    "--as-pid-1",
    "--unshare-ipc",
    "--die-with-parent",
    "--chdir",
    "/app",
    "--clearenv",
    "--setenv",
    "PATH",
    "/usr/bin:/bin",
  ],
  ...Object.entries({
    NODE_ENV: "production",
    REWARDGATE_HOST: "127.0.0.1",
    REWARDGATE_HTTP_PORT: String(http),
    REWARDGATE_GRPC_PORT: String(grpc),
    REWARDGATE_ADMIN_PORT: String(admin),
  }).flatMap(([name, value]) => ["--setenv", name, value]),
  "--",
  ...(unprivileged ? [] : ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups", "--no-new-privs"]),
  ...[process.execPath, "dist/main.js", "serve"],
];
const gateway = spawn("bwrap", bwrap, { stdio: ["ignore", "inherit", "inherit"] });
const ended = new Promise((resolve) => gateway.on("close", resolve));
try {
  await Promise.race([
    until(async () => (await fetch(`http://127.0.0.1:${admin}/readyz`)).ok, 120, "readiness"),
    ended.then((code) => Promise.reject(new Error(`the gateway ended with ${code} before it was ready`))),
  ]);
  const response = await fetch(`http://127.0.0.1:${http}/v1/score`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      panel: "chat",
      items: [{ id: "1", prompt: "Name the capital of France.", candidates: [{ content: "Paris." }] }],
    }),
  });
  const answer = await response.json();
  const reward = answer.results?.[0]?.candidates?.[0]?.reward;
  if (!Number.isFinite(reward)) throw new Error(`no reward: ${JSON.stringify(answer)}`);
  // bwrap's only child is the gateway, which is process 1 of its own namespace as in a container.
  const [child] = readFileSync(`/proc/${gateway.pid}/task/${gateway.pid}/children`, "utf8").trim().split(" ").map(Number);
  process.kill(child, "SIGTERM");
  const code = await ended;
  if (code !== 0) throw new Error(`the gateway ended with ${code} after SIGTERM`);
  console.log(`image: ready, reward ${reward}, stopped with 0 as user 65532 on a read-only root`);
} finally {
  gateway.kill("SIGKILL");
}
