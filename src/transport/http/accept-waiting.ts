import type { Server } from "node:http";
import { delay } from "../running-calls.ts";

/** How often a draining server looks whether connections still come: a tenth of a second, and on while they do. */
const PAUSES = { least: 10, most: 50 };
const PAUSE_MS = 10;

/**
 * Accepts the connections that clients have opened and sent a request on. A listener that closes resets those that wait for
 * it, and their requests are lost.
 */
export async function acceptWaiting(server: Server): Promise<void> {
  let accepted = 0;
  const count = () => accepted++;
  server.on("connection", count);
  for (let pauses = 0, before = -1; pauses < PAUSES.most && (pauses < PAUSES.least || accepted > before); pauses++) {
    before = accepted;
    await delay(PAUSE_MS);
    // A late timer may come before the sockets have their turn.
    await new Promise(setImmediate);
  }
  server.off("connection", count);
}
