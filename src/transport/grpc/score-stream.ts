import type { ServerDuplexStream } from "@grpc/grpc-js";
import { GatewayError } from "../../domain/errors.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import type { RewardService } from "../../domain/service.ts";
import { ScoreStreamRequest, ScoreStreamResponse } from "../../gen/rewardgate/v1/reward_service.ts";
import { createWriter } from "../back-pressure.ts";
import type { Telemetry } from "../call-record.ts";
import { checkScoreRequest } from "../request-rules.ts";
import { openScoreStream, type ScoreStream, type StreamMessage } from "../score-stream.ts";
import type { GrpcCall } from "./calls.ts";
import { openDuplex } from "./duplex.ts";
import { streamRequestFromProto } from "./from-proto.ts";
import { refuseOversize } from "./oversize.ts";
import { createStrictDecoder } from "./strict-decode.ts";
import { streamAnswerToProto } from "./to-proto.ts";

const decode = createStrictDecoder("rewardgate.v1.ScoreStreamRequest", ScoreStreamRequest);

export interface StreamOptions {
  readonly service: RewardService;
  readonly limits: RequestLimits;
  readonly telemetry: Telemetry;
  /** Aborts when the server drains: a stream with nothing under way then ends with SHUTTING_DOWN. */
  readonly draining: AbortSignal;
  /** A stream that is idle for this long ends with DEADLINE_EXCEEDED, milliseconds. */
  readonly idleMs: number;
}

/**
 * The bidirectional handler. Reading pauses while the stream is full and writing waits for the client, so a stream holds a
 * bounded number of items whatever the client does.
 */
export function scoreStreamHandler({ service, limits, telemetry, draining, idleMs }: StreamOptions) {
  telemetry.metrics.declareMethod("grpc", "ScoreStream");
  return (stream: ServerDuplexStream<Buffer, Uint8Array>): void => {
    const duplex = openDuplex(stream, { method: "ScoreStream", telemetry, draining, idleMs, running: () => scores.running });
    const { call } = duplex;
    const { record } = call;
    const write = createWriter<Uint8Array>(stream);
    const scores: ScoreStream = openScoreStream({
      service,
      context: call.context,
      maxInFlight: limits.maxStreamInFlight,
      write: (answer) => write(ScoreStreamResponse.encode(streamAnswerToProto(answer)).finish()),
      onRoom: () => stream.resume(),
      onIdle: duplex.endWhenIdle,
    });

    stream.on("data", (bytes: Buffer) => {
      if (duplex.ended) return;
      record.bytes += bytes.length;
      let message: StreamMessage;
      try {
        message = parseMessage(bytes, scores.taken, call, limits);
      } catch (thrown) {
        duplex.end(GatewayError.from(thrown));
        return;
      }
      record.items++;
      scores.push(message);
      if (scores.full) stream.pause();
    });
  };
}

/** @throws {GatewayError} only for bytes that are no message, or hold too many elements to look for its id; a message that breaks a rule is answered under its id */
function parseMessage(bytes: Buffer, position: number, call: GrpcCall, limits: RequestLimits): StreamMessage {
  const message = decode(bytes, limits);
  const id = message.item?.id || String(position);
  try {
    refuseOversize(bytes, limits);
    const request = streamRequestFromProto(message, id, call.remainingMs());
    checkScoreRequest(request, limits, "stream");
    return { id, request };
  } catch (thrown) {
    return { id, error: GatewayError.from(thrown) };
  }
}
