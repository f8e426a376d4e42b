import { GatewayError } from "../../domain/errors.ts";
import type { RequestLimits } from "../../domain/limits.ts";

/**
 * grpc-js ends a call whose message it will not read. Up to this much above the limit the message is read, so that a stream
 * can refuse it under its id and go on.
 */
const READ_EXCESS_BYTES = 65_536;

/** Most bytes of a message that grpc-js may read; it refuses a larger one by its length, before it holds any of it. */
export function maxReadBytes({ maxGrpcMessageBytes }: RequestLimits): number {
  return maxGrpcMessageBytes + READ_EXCESS_BYTES;
}

/** @throws {GatewayError} TOO_LARGE when a message that was read passes the limit */
export function refuseOversize(bytes: Buffer, limits: RequestLimits): void {
  if (bytes.length > limits.maxGrpcMessageBytes) throw tooLarge(`the message has ${bytes.length} bytes`, limits);
}

/** TOO_LARGE for a message beyond the limit, with what its sender can do. */
export function tooLarge(problem: string, { maxGrpcMessageBytes: limit }: RequestLimits): GatewayError {
  return new GatewayError("TOO_LARGE", `${problem}; the limit is ${limit}; split the request or use ScoreStream`, { details: { limit } });
}
