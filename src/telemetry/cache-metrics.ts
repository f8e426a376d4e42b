import { Counter, Gauge, type Registry } from "prom-client";

/** Metrics of the cache of scores, whose tier in memory is `l1`. */
export function createCacheMetrics(registry: Registry) {
  const registers = [registry];
  const requests = new Counter({
    name: "rewardgate_cache_requests_total",
    help: "Cache look-ups.",
    labelNames: ["tier", "result"],
    registers,
  });
  const entries = new Gauge({ name: "rewardgate_cache_entries", help: "Entries held.", labelNames: ["tier"], registers });
  const bytes = new Gauge({ name: "rewardgate_cache_bytes", help: "Bytes held.", labelNames: ["tier"], registers });
  const evictions = new Counter({
    name: "rewardgate_cache_evictions_total",
    help: "Entries dropped to stay within bounds.",
    labelNames: ["tier"],
    registers,
  });
  for (const result of ["hit", "miss"]) requests.inc({ tier: "l1", result }, 0);
  evictions.inc({ tier: "l1" }, 0);
  return { requests, entries, bytes, evictions };
}
