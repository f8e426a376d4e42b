import { once } from "node:events";
import { stat } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import type { ManualClock } from "./manual-clock.ts";

/** Round trips of one wait: a request that opens a connection, is answered and is read takes fewer. */
const ROUND_TRIPS = 8;

let opening: Promise<Socket> | undefined;
let waiting = 0;

/**
 * Waits until what is on its way to and from servers of this process has arrived and been answered: a test that moves a clock by hand
 * lets no time pass while something happens that takes none of it. What is waited for goes over the loopback and through the file
 * system as the requests do, and is as slow as they are, so the wait is long enough on any machine.
 */
export async function quiet(): Promise<void> {
  opening ??= openEcho();
  const socket = await opening;
  waiting++;
  socket.ref();
  for (let n = 0; n < ROUND_TRIPS; n++) {
    socket.write("x");
    await Promise.all([once(socket, "data"), stat(".")]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (--waiting === 0) socket.unref();
}

/** Moves a clock on, a step whenever nothing else happens, until something holds. */
export async function passTime(clock: ManualClock, holds: () => boolean, stepMs = 1_000): Promise<void> {
  while (!holds()) {
    await quiet();
    if (!holds()) clock.advance(stepMs);
  }
}

/** A connection to a server that sends everything back. Neither keeps the process alive. */
async function openEcho(): Promise<Socket> {
  const server = createServer((peer) => void peer.pipe(peer).unref());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  server.unref();
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  return socket;
}
