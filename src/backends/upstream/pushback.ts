import type { Metadata } from "@grpc/grpc-js";
import { RetryInfo, Status } from "../../gen/google/rpc/status.ts";

/**
 * When a gRPC server wants a call again that it has refused: `grpc-retry-pushback-ms`, or `google.rpc.RetryInfo` in the details of its status.
 *
 * @returns milliseconds; −1 when it does not want it again, which a pushback that is no number says too; undefined when it does not say
 * @see gRPC proposal A6, "Pushback"
 */
export function readPushback(metadata: Metadata | undefined): number | undefined {
  const [pushback] = metadata?.get("grpc-retry-pushback-ms") ?? [];
  if (pushback !== undefined) return /^\d{1,9}$/.test(pushback.toString()) ? Number(pushback) : -1;
  const [details] = metadata?.get("grpc-status-details-bin") ?? [];
  return details instanceof Uint8Array ? readRetryInfo(details) : undefined;
}

function readRetryInfo(details: Uint8Array): number | undefined {
  try {
    const packed = Status.decode(details).details.find(({ typeUrl }) => typeUrl.endsWith("/google.rpc.RetryInfo"));
    const delay = packed && RetryInfo.decode(packed.value).retryDelay;
    return delay === undefined ? undefined : Math.max(0, delay.seconds * 1000 + delay.nanos / 1e6);
  } catch {
    // The details are the server's own business, as long as they are not read.
    return undefined;
  }
}
