import type { Server } from "node:http";
import { delay } from "../running-calls.ts";

/** How often a draining server looks whether connections still come: a tenth of a second, and on while they do. */
const PAUSES = { least: 10, most: 50 };
const PAUSE_MS = 10;
/** Most connections that wait for a listener of Node: more than these were not there when the drain began. */
const BACKLOG = 511;

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
    // A turn of the event loop accepts one connection, and on a slow machine a pause is few turns: as many as there are to accept.
    let turn: number;
    do {
      turn = accepted;
      await new Promise(setImmediate);
    } while (accepted > turn && accepted < BACKLOG);
  }
  server.off("connection", count);
}
