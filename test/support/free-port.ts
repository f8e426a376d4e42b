import { once } from "node:events";
import { createServer } from "node:net";

/** Where the search begins: apart for test files that run side by side. Systems hand out ports from 32,768 on. */
const FIRST = 20_000;
const SPAN = 12_000;
const APART = 16;

let next = (process.pid * APART) % SPAN;

/**
 * A port of the loopback that nothing listens on, for what must come up at an address that is known before, or come back at it. It is
 * none of those that the system gives to whoever asks for any, nor to outgoing connections, so nobody takes it meanwhile. Each call
 * gives another.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < SPAN; tries++) {
    const port = FIRST + next;
    next = (next + 1) % SPAN;
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    server.close();
    await once(server, "close");
    return port;
  }
  throw new Error("no port is free");
}
