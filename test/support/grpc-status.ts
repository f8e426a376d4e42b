import type { ServiceError } from "@grpc/grpc-js";
import { BadRequest, ErrorInfo, RetryInfo, Status } from "../../src/gen/google/rpc/status.ts";

/** What a client reads from the details of a failed call. */
export function detailsOf(error: ServiceError) {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  const status = Status.decode(bytes as Buffer);
  const find = (name: string) => status.details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${name}`)?.value;
  const info = find("ErrorInfo");
  const badRequest = find("BadRequest");
  const retry = find("RetryInfo");
  return {
    status,
    info: info && ErrorInfo.decode(info),
    fields: badRequest && BadRequest.decode(badRequest).fieldViolations.map(({ field }) => field),
    retryMs: retry && Number(RetryInfo.decode(retry).retryDelay?.seconds) * 1000 + Number(RetryInfo.decode(retry).retryDelay?.nanos) / 1e6,
    pushback: error.metadata.get("grpc-retry-pushback-ms")[0],
  };
}
