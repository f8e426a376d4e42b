import type { ServerDuplexStream } from "@grpc/grpc-js";
import { GatewayError } from "../../domain/errors.ts";
import { createWriter } from "../back-pressure.ts";
import type { UnaryHandler } from "./calls.ts";
import { type DuplexOptions, openDuplex } from "./duplex.ts";

export interface OrderedStreamOptions extends Omit<DuplexOptions, "running"> {
  /** Messages that may be under way at once, until their answer is written. */
  readonly maxInFlight: number;
  readonly handle: UnaryHandler;
}

/**
 * A stream that answers every message as a unary call would, side by side and in the order of the messages. The first failure ends it:
 * such protocols have no place for one. Reading pauses while the stream is full, and writing waits for the client.
 */
export function orderedStreamHandler({ maxInFlight, handle, ...options }: OrderedStreamOptions) {
  options.telemetry.metrics.declareMethod("grpc", options.method);
  return (stream: ServerDuplexStream<Buffer, Uint8Array>): void => {
    let running = 0;
    let written = Promise.resolve();
    const write = createWriter<Uint8Array>(stream);
    const duplex = openDuplex(stream, { ...options, running: () => running });
    const { record } = duplex.call;

    const writeInTurn = async (turn: Promise<void>, answer: Promise<Uint8Array>) => {
      await turn;
      if (duplex.ended) return;
      try {
        await write(await answer);
      } catch (thrown) {
        duplex.end(GatewayError.from(thrown));
      }
      running--;
      if (running === maxInFlight - 1 && !duplex.ended) stream.resume();
      duplex.endWhenIdle();
    };

    stream.on("data", (bytes: Buffer) => {
      if (duplex.ended) return;
      record.bytes += bytes.length;
      running++;
      if (running >= maxInFlight) stream.pause();
      const answer = (async () => handle(bytes, duplex.call))();
      // It is met in its turn.
      answer.catch(() => {});
      written = writeInTurn(written, answer);
    });
  };
}
