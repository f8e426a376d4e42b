import type { Http2Session, ServerHttp2Stream } from "node:http2";
import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";

const spared = new WeakSet<Http2Session>();

/**
 * Keeps a connection that closes gracefully, in a drain or for its age, until its calls are answered. Such a connection sends
 * no more pings; grpc-js takes that for a dead peer at the next keepalive and destroys it with every running call
 * (github.com/grpc/grpc-node, issue 3068 for its clients).
 *
 * @param call innermost call of grpc-js, on any connection
 */
export function spareRunningCalls(call: ServerInterceptingCallInterface): void {
  const session = (call as unknown as { readonly stream?: ServerHttp2Stream }).stream?.session;
  if (session === undefined || spared.has(session)) return;
  spared.add(session);
  const ping = session.ping.bind(session) as (...given: unknown[]) => boolean;
  session.ping = (...given: unknown[]) => {
    if (!session.closed) return ping(...given);
    const answered = given.at(-1) as (error: null, durationMs: number, payload: Buffer) => void;
    setImmediate(answered, null, 0, Buffer.alloc(8));
    return true;
  };
}
