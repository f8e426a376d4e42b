import type { Finding } from "./problems.ts";
import type { Settings } from "./schema.ts";

/** Listeners that cannot be open together, since an earlier one has their port; ports that the system chooses are free. */
export function checkListeners(server: Pick<Settings["server"], "http" | "grpc" | "admin">): Finding[] {
  const names = ["http", "grpc", "admin"] as const;
  return names.flatMap((name, index): Finding[] => {
    const { host, port } = server[name];
    const other = names.slice(0, index).find((earlier) => server[earlier].port === port && overlap(server[earlier].host, host));
    if (other === undefined || port === 0) return [];
    const remedy = "give each listener a port of its own";
    return [{ path: ["server", name, "port"], cause: `port ${port} is that of server.${other} as well`, remedy }];
  });
}

/** Whether two addresses share one: they are the same, or one stands for all of its family. */
function overlap(a: string, b: string): boolean {
  const covers = (all: string, one: string) => all === "::" || (all === "0.0.0.0" && !one.includes(":"));
  return a === b || covers(a, b) || covers(b, a);
}
