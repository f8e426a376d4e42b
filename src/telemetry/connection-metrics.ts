import { Counter, Gauge, type Registry } from "prom-client";

/** The bound that a refused connection would have passed: that of its peer, or that of all together. */
export type ConnectionRefusal = "peer" | "total";

/** The metrics of connections that clients open. */
export function createConnectionMetrics(registry: Registry) {
  const registers = [registry];
  const open = new Gauge({
    name: "rewardgate_connections",
    help: "Connections that clients have open.",
    labelNames: ["transport"],
    registers,
  });
  const refused = new Counter({
    name: "rewardgate_connections_refused_total",
    help: "Connections that were refused because there were too many.",
    labelNames: ["transport", "reason"],
    registers,
  });
  for (const transport of ["grpc", "http"]) {
    open.set({ transport }, 0);
    for (const reason of ["peer", "total"] satisfies ConnectionRefusal[]) refused.inc({ transport, reason }, 0);
  }
  return { open, refused };
}
