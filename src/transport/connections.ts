import { isIPv6, type Server, type Socket } from "node:net";
import type { Clock } from "../domain/clock.ts";
import type { ConnectionRefusal } from "../telemetry/connection-metrics.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics, TransportLabel } from "../telemetry/metrics.ts";

/** Connections that one listener has at once. */
export interface ConnectionBounds {
  /** From all peers together. */
  readonly max: number;
  /** From one peer, as {@link peerOf} tells peers apart. */
  readonly maxPerPeer: number;
}

/** As many connections as come. */
export const UNBOUNDED: ConnectionBounds = { max: Number.POSITIVE_INFINITY, maxPerPeer: Number.POSITIVE_INFINITY };

/** A listener, and whom it tells of refusals. */
export interface BoundedListener {
  readonly bounds: ConnectionBounds;
  readonly transport: TransportLabel;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Least time between two lines in the log about connections that one listener refuses, milliseconds. */
const LOG_INTERVAL_MS = 60_000;

/**
 * Resets connections beyond the bounds before the server hears of them, counts each, and tells the log once a minute at most.
 *
 * @param server whose own listeners of `connection` are there already; later ones hear of every connection, refused or not
 */
export function boundConnections(server: Server, { bounds, transport, metrics, log, clock }: BoundedListener): void {
  const ofPeer = new Map<string, number>();
  let open = 0;
  let unlogged = 0;
  let loggedAt = Number.NEGATIVE_INFINITY;
  const opened = metrics.connections.open.labels({ transport });

  const refuse = (socket: Socket, peer: string, reason: ConnectionRefusal) => {
    metrics.connections.refused.inc({ transport, reason });
    unlogged++;
    if (clock.now() - loggedAt >= LOG_INTERVAL_MS) {
      const limit = reason === "peer" ? bounds.maxPerPeer : bounds.max;
      log.warn({ transport, reason, limit, peer, refused: unlogged }, "connections are refused");
      unlogged = 0;
      loggedAt = clock.now();
    }
    socket.resetAndDestroy();
  };

  const serve = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const peer = peerOf(socket.remoteAddress ?? "");
    const others = ofPeer.get(peer) ?? 0;
    if (others >= bounds.maxPerPeer) return refuse(socket, peer, "peer");
    if (open >= bounds.max) return refuse(socket, peer, "total");
    open++;
    ofPeer.set(peer, others + 1);
    opened.inc();
    socket.once("close", () => {
      open--;
      const left = ofPeer.get(peer)! - 1;
      if (left > 0) ofPeer.set(peer, left);
      else ofPeer.delete(peer);
      opened.dec();
    });
    for (const each of serve) each.call(server, socket);
  });
}

/**
 * The peer that an address belongs to: an IPv4 address by itself, also where it is written as IPv6, and of an IPv6 address its first
 * 64 bits, since one machine usually has all addresses behind them.
 *
 * @example peerOf("2001:db8::7:1") // → "2001:db8:0:0::/64"
 */
export function peerOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address);
  if (mapped) return mapped[1]!;
  if (!isIPv6(address)) return address;
  const [front = [], back = []] = address.split("::").map((side) => (side === "" ? [] : side.split(":")));
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => "0");
  return `${[...front, ...zeros, ...back].slice(0, 4).join(":")}::/64`;
}
