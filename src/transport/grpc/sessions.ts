import { constants, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import type { Clock } from "../../domain/clock.ts";

/** Frames that a peer may send so close together, with as good as no calls: clients that keep a connection alive send one in ten seconds. */
const CONTROL_FRAMES = { most: 100, withinMs: 10_000 };
/** Bytes of the acknowledgement of a ping, 9 of them its header. */
const ACK_BYTES = 17;

/** The servers of Node behind a bound server of grpc-js, whose own options reach neither connections nor the size of headers. */
export function http2ServersOf(server: Server): Http2Server[] {
  return [...(server as unknown as { readonly http2Servers: ReadonlyMap<Http2Server, unknown> }).http2Servers.keys()];
}

/**
 * Bounds what a connection may cost besides its calls: bytes of the headers of one call, and PING and SETTINGS frames, which Node
 * answers however many there are. A peer that floods is told ENHANCE_YOUR_CALM and cut off.
 *
 * @param maxHeaderBytes names and values with 32 bytes for each pair, as RFC 9113 counts them
 */
export function boundSessions(server: Http2Server, maxHeaderBytes: number, clock: Clock): void {
  server.updateSettings({ maxHeaderListSize: maxHeaderBytes });
  server.on("session", (session) => endFloods(session, clock));
}

function endFloods(session: ServerHttp2Session, clock: Clock): void {
  let frames = 0;
  let since = clock.now();
  let writtenBefore = 0;
  const count = () => {
    if (++frames < CONTROL_FRAMES.most || session.destroyed) return;
    const written = session.socket.bytesWritten;
    // Some clients measure the connection with a ping for each answer, so pings among answers are no flood.
    const idle = written - writtenBefore < 2 * ACK_BYTES * frames;
    if (idle && clock.now() - since < CONTROL_FRAMES.withinMs) {
      session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from("too_many_pings"));
      session.destroy(null as unknown as undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
    frames = 0;
    since = clock.now();
    writtenBefore = written;
  };
  session.on("ping", count);
  session.on("remoteSettings", count);
}
