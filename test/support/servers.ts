import { credentials, type ServiceError } from "@grpc/grpc-js";
import type { RequestLimits } from "../../src/domain/limits.ts";
import type { RewardService } from "../../src/domain/service.ts";
import { RewardServiceClient } from "../../src/gen/rewardgate/v1/reward_service.ts";
import { type GrpcServerOptions, startGrpcServer } from "../../src/transport/grpc/server.ts";
import { type HttpServerOptions, startHttpServer } from "../../src/transport/http/server.ts";
import { LIMITS, recordingTelemetry, scriptedReadiness, scriptedService } from "./scripted-service.ts";

interface Choices {
  readonly service?: RewardService;
  readonly limits?: Partial<RequestLimits>;
}

/** A gRPC server on a free port, with a client. */
export async function openGrpc(choices: Choices & Partial<Omit<GrpcServerOptions, "limits" | "service">> = {}) {
  const telemetry = recordingTelemetry();
  const readiness = scriptedReadiness();
  const server = await startGrpcServer({
    host: "127.0.0.1",
    port: 0,
    readiness,
    ...telemetry,
    ...choices,
    service: choices.service ?? scriptedService(),
    limits: { ...LIMITS, ...choices.limits },
  });
  const address = `127.0.0.1:${server.port}`;
  const client = new RewardServiceClient(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_retries": 0,
  });
  return {
    server,
    address,
    client,
    readiness,
    ...telemetry,
    async close() {
      client.close();
      await server.close(0);
    },
  };
}

/** An HTTP server on a free port. */
export async function openHttp(choices: Choices & Partial<Omit<HttpServerOptions, "limits" | "service">> = {}) {
  const telemetry = recordingTelemetry();
  const server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    ...telemetry,
    ...choices,
    service: choices.service ?? scriptedService(),
    limits: { ...LIMITS, ...choices.limits },
  });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    server,
    url,
    ...telemetry,
    post: (path: string, body: NonNullable<RequestInit["body"]>, headers: Record<string, string> = {}) =>
      fetch(url + path, {
        method: "POST",
        body,
        headers: { "content-type": "application/json", ...headers },
        duplex: "half",
      } as RequestInit),
    close: () => server.close(0),
  };
}

/** The error that a promise of a unary call rejects with. */
export function unary<Q, A>(
  call: (request: Q, callback: (error: ServiceError | null, answer: A) => void) => unknown,
  request: Q,
): Promise<A> {
  return new Promise((resolve, reject) => {
    call(request, (error, answer) => (error === null ? resolve(answer) : reject(error)));
  });
}
