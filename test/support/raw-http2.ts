import { connect } from "node:net";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** Types of frames of HTTP/2. */
export const FRAME = { headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, continuation: 9 } as const;
export const FLAG = { endStream: 1, endHeaders: 4 } as const;

/** One frame of HTTP/2, whatever it says. */
export function frameOf(type: number, { flags = 0, stream = 0, payload = Buffer.alloc(0) }: Partial<FrameParts> = {}): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

interface FrameParts {
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A header that HPACK does not know, as literals. */
export function headerOf(name: string, value: string): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

/** Headers of a call of gRPC. */
export const CALL_HEADERS = Buffer.concat([
  Buffer.from([0x83, 0x86]),
  headerOf(":path", "/rewardgate.v1.RewardService/Score"),
  headerOf(":authority", "test"),
  headerOf("content-type", "application/grpc"),
  headerOf("te", "trailers"),
]);

/** A connection that sends what it likes. */
export interface RawConnection {
  /** Sends frames until the server closes or refuses; resolves with how many were handed to the system. */
  flood(frames: Iterable<Buffer>): Promise<number>;
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<void>;
  /** Error code of the last GOAWAY of the server, undefined before one. */
  goaway(): number | undefined;
  close(): void;
}

/** Where the first frame ends, once its header is there. */
function endOfFrame(bytes: Buffer): number {
  return bytes.length < 9 ? 9 : 9 + bytes.readUIntBE(0, 3);
}

/** Opens a connection of HTTP/2 without a client that keeps to the rules. */
export function openRaw(address: string): RawConnection {
  const socket = connect(Number(address.split(":")[1]), "127.0.0.1");
  let received = Buffer.alloc(0);
  let goaway: number | undefined;
  let ended = false;
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => {
      ended = true;
      resolve();
    });
  });
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    received = Buffer.concat([received, bytes]);
    for (let end = endOfFrame(received); received.length >= end; end = endOfFrame(received)) {
      if (received[3] === FRAME.goaway) goaway = received.readUInt32BE(13);
      received = received.subarray(end);
    }
  });
  socket.write(Buffer.concat([Buffer.from(PREFACE), frameOf(FRAME.settings)]));
  return {
    async flood(frames) {
      let sent = 0;
      for (const frame of frames) {
        if (ended || goaway !== undefined) break;
        sent++;
        if (!socket.write(frame)) await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
        else if (sent % 20 === 0) await new Promise(setImmediate);
      }
      return sent;
    },
    closed,
    goaway: () => goaway,
    close: () => socket.destroy(),
  };
}
