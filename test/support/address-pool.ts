import type { Address } from "../../src/backends/upstream/address.ts";
import { createHttpTarget } from "../../src/backends/upstream/http-target.ts";
import { createPool } from "../../src/backends/upstream/pool.ts";
import { createHost } from "../../src/backends/upstream/resolve-host.ts";
import { manualClock } from "./manual-clock.ts";

/** Addresses that are up and have shown what they must, of servers that nobody connects to, on a clock that the test moves. */
export async function addressPool(count: number, prove: (address: Address) => Promise<void> = async () => {}) {
  const clock = manualClock(1_000);
  const pool = createPool({
    name: "rm",
    urls: Array.from({ length: count }, (_, n) => `http://127.0.0.1:${8_001 + n}`),
    connect: (url) =>
      createHttpTarget({
        ...{ url, host: createHost({ host: "127.0.0.1" }), clock },
        ...{ connections: 1, connectTimeoutMs: 1_000, maxResponseBytes: 1_000 },
      }),
    prove,
    proofIntervalMs: 60_000,
    ...{ clock, random: () => 0.5 },
  });
  for (const address of pool.addresses) {
    address.up = true;
    await address.proof.attempt();
  }
  return { pool, addresses: pool.addresses, clock };
}
