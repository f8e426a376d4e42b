import { readdirSync, readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createLogger, loadConfig, serve } from "./product.ts";

/*
 * The whole gateway in a process of its own, as a user runs it, with meters that the bench reads. A meter of the event loop with a
 * resolution of 1 ms would wake the process a thousand times a second and take 2 % of a core, which counts as the gateway's.
 */
const RESOLUTION_MS = 10;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();

const config = await loadConfig({ file: process.argv[2]!, variables: process.env, flags: { httpPort: 0, grpcPort: 0, adminPort: 0 } });
const gateway = await serve(config, { log: createLogger({ level: "error" }) });

process.send!("ready");
process.on("message", async (message: "addresses" | "reset" | "meters" | "stop") => {
  if (message === "addresses") process.send!(gateway.addresses);
  if (message === "reset") {
    delay.reset();
    process.send!(cpuSeconds());
  }
  if (message === "meters") {
    const ms = (percentile: number) => Math.max(0, delay.percentile(percentile) / 1e6 - RESOLUTION_MS);
    process.send!({ cpuSeconds: cpuSeconds(), loopP50Ms: ms(50), loopP99Ms: ms(99) });
  }
  if (message === "stop") process.exit(await gateway.stop());
});
process.on("disconnect", async () => process.exit(await gateway.stop()));

/** User and system time of this process and of its children so far, seconds. */
function cpuSeconds(): number {
  const own = process.cpuUsage();
  let total = (own.user + own.system) / 1e6;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ");
      if (Number(fields[1]) === process.pid) total += (Number(fields[11]) + Number(fields[12])) / 100;
    } catch {
      // The process ended between the listing and the reading.
    }
  }
  return total;
}
