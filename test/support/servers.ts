import { type CallOptions, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { RequestLimits } from "../../src/domain/limits.ts";
import type { RunStatistics } from "../../src/domain/run.ts";
import type { RewardService } from "../../src/domain/service.ts";
import type { StateService } from "../../src/domain/state.ts";
import * as wire from "../../src/gen/rewardgate/v1/reward_service.ts";
import { NO_STATES } from "../../src/state/service.ts";
import { type GrpcServerOptions, startGrpcServer } from "../../src/transport/grpc/server.ts";
import { type HttpServerOptions, startHttpServer } from "../../src/transport/http/server.ts";
import { openRuns } from "./run-stream.ts";
import { LIMITS, recordingTelemetry, scriptedReadiness, scriptedService } from "./scripted-service.ts";
import { settled } from "./settled.ts";

export { settled };

interface Choices {
  readonly service?: RewardService;
  readonly states?: StateService;
  readonly runs?: RunStatistics;
  readonly limits?: Partial<RequestLimits>;
}

/** A gRPC server on a free port, with a client. */
export async function openGrpc(choices: Choices & Partial<Omit<GrpcServerOptions, "limits" | "service" | "states" | "runs">> = {}) {
  const telemetry = recordingTelemetry();
  const readiness = scriptedReadiness();
  const server = await startGrpcServer({
    host: "127.0.0.1",
    port: 0,
    readiness,
    ...telemetry,
    ...choices,
    service: choices.service ?? scriptedService(),
    states: choices.states ?? NO_STATES,
    runs: choices.runs ?? openRuns().runs,
    limits: { ...LIMITS, ...choices.limits },
  });
  const address = `127.0.0.1:${server.port}`;
  const client = new wire.RewardServiceClient(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_retries": 0,
  });
  return {
    server,
    address,
    client,
    ...promised(client),
    readiness,
    settled,
    ...telemetry,
    async close() {
      client.close();
      await server.close(0);
    },
  };
}

/** An HTTP server on a free port. */
export async function openHttp(choices: Choices & Partial<Omit<HttpServerOptions, "limits" | "service" | "states" | "runs">> = {}) {
  const telemetry = recordingTelemetry();
  const server = await startHttpServer({
    host: "127.0.0.1",
    port: 0,
    ...telemetry,
    ...choices,
    service: choices.service ?? scriptedService(),
    states: choices.states ?? NO_STATES,
    runs: choices.runs ?? openRuns().runs,
    limits: { ...LIMITS, ...choices.limits },
  });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    server,
    url,
    settled,
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

/** The unary methods of a client as promises. */
function promised(client: wire.RewardServiceClient) {
  const settle =
    <A>(resolve: (answer: A) => void, reject: (error: ServiceError) => void) =>
    (error: ServiceError | null, answer: A) =>
      error === null ? resolve(answer) : reject(error);
  return {
    score: (request: wire.ScoreRequest, options: CallOptions = {}) =>
      new Promise<wire.ScoreResponse>((resolve, reject) => client.score(request, new Metadata(), options, settle(resolve, reject))),
    listJudges: () => new Promise<wire.ListJudgesResponse>((resolve, reject) => client.listJudges({}, settle(resolve, reject))),
    listPanels: () => new Promise<wire.ListPanelsResponse>((resolve, reject) => client.listPanels({}, settle(resolve, reject))),
    getVersion: () => new Promise<wire.GetVersionResponse>((resolve, reject) => client.getVersion({}, settle(resolve, reject))),
  };
}
