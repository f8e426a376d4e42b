import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, ServerCredentials, type ServerUnaryCall, type ServiceError, type sendUnaryData, status } from "@grpc/grpc-js";
import type { HealthImplementation } from "grpc-health-check";
import {
  type DescribeRequest,
  DescribeResponse,
  type JudgeRequest,
  JudgeResponse,
  JudgeServiceService,
} from "../../src/gen/rewardgate/judge/v1/judge_service.ts";

/** What a service was asked: the JSON of the contract, whatever the protocol was. */
export interface AskedOfService {
  readonly judge: string;
  readonly items: readonly {
    readonly id: string;
    readonly prompt: readonly { readonly role: string | number; readonly content: unknown }[];
    readonly candidates: readonly { readonly id: string; readonly content: unknown }[];
    readonly [key: string]: unknown;
  }[];
}

/** Answers a request with the JSON of the contract or with a status; or never, by undefined. */
export type ServiceScript = (asked: AskedOfService) => unknown;

/** A status to answer with instead: of HTTP, or of gRPC. */
export class Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: number, headers: Readonly<Record<string, string>> = {}) {
    this.status = code;
    this.headers = headers;
  }
}

export interface JudgeService {
  readonly url: string;
  readonly asked: AskedOfService[];
  /** Headers or metadata of each request, in order. */
  readonly headers: IncomingHttpHeaders[];
  script: ServiceScript;
  description: unknown;
  close(): Promise<void>;
}

export const DESCRIPTION = { judges: [{ name: "length", version: "1", space: "native" }] };

/** The text of a content in either protocol. */
export function textOfContent(content: unknown): string {
  return typeof content === "string" ? content : (content as { form: { value: string } }).form.value;
}

/** Scores every candidate by the length of its text, in an order that is not the request's. */
export const scoresByLength: ServiceScript = ({ items }) => ({
  version: "1",
  items: items
    .map(({ id, candidates }) => ({
      id,
      candidates: candidates.map(({ id, content }) => ({ id, score: textOfContent(content).length })).reverse(),
    }))
    .reverse(),
});

/** Where a service listens. */
export interface Place {
  /** An address of the loopback. */
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
}

const ANYWHERE: Place = { host: "127.0.0.1", port: 0 };

/** A scripted service over HTTP. */
export async function startHttpJudge(
  script: ServiceScript = scoresByLength,
  _health?: undefined,
  place: Place = ANYWHERE,
): Promise<JudgeService> {
  const server = createServer(async (request, response) => {
    const reply = (code: number, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
      response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    if (request.method === "GET" && request.url === "/describe") {
      if (self.description instanceof Refusal) reply(self.description.status, {});
      else reply(200, self.description);
      return;
    }
    if (request.method !== "POST" || request.url !== "/judge") return void reply(404, {});
    let text = "";
    for await (const chunk of request) text += chunk;
    self.headers.push(request.headers);
    self.asked.push(JSON.parse(text));
    const answer = self.script(self.asked.at(-1)!);
    if (answer instanceof Refusal) reply(answer.status, {}, answer.headers);
    else if (answer !== undefined) reply(200, answer);
  });
  await new Promise<void>((resolve) => server.listen(place.port, place.host, resolve));
  const self: JudgeService = {
    url: `http://${place.host}:${(server.address() as AddressInfo).port}`,
    asked: [],
    headers: [],
    script,
    description: DESCRIPTION,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return self;
}

/** A scripted service over gRPC, with a health service of its own when asked for. */
export async function startGrpcJudge(
  script: ServiceScript = scoresByLength,
  health?: HealthImplementation,
  place: Place = ANYWHERE,
): Promise<JudgeService & { readonly deadlines: number[] }> {
  const server = new Server();
  const refused = (refusal: Refusal): Partial<ServiceError> => ({ code: refusal.status, details: "refused" });
  server.addService(JudgeServiceService, {
    judge(call: ServerUnaryCall<JudgeRequest, JudgeResponse>, done: sendUnaryData<JudgeResponse>) {
      self.headers.push(call.metadata.getMap() as IncomingHttpHeaders);
      self.deadlines.push(Number(call.getDeadline()) - Date.now());
      self.asked.push(call.request as unknown as AskedOfService);
      const answer = self.script(self.asked.at(-1)!);
      if (answer instanceof Refusal) {
        const trailer = call.metadata.clone();
        for (const [name, value] of Object.entries(answer.headers)) trailer.set(name, value);
        done({ ...refused(answer), metadata: trailer });
      } else if (answer !== undefined) done(null, toMessage(answer));
    },
    describe(_call: ServerUnaryCall<DescribeRequest, DescribeResponse>, done: sendUnaryData<DescribeResponse>) {
      if (self.description instanceof Refusal) done(refused(self.description));
      else done(null, DescribeResponse.fromPartial(self.description as object));
    },
  });
  health?.addToServer(server);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`${place.host}:${place.port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const self: JudgeService & { deadlines: number[] } = {
    url: `grpc://${place.host}:${port}`,
    asked: [],
    headers: [],
    deadlines: [],
    script,
    description: DESCRIPTION,
    close: async () => server.forceShutdown(),
  };
  return self;
}

export const GRPC = status;

/** The JSON of the contract as its message. */
function toMessage(answer: unknown): JudgeResponse {
  const { version, items } = answer as { version: string; items: { id: string; candidates: Record<string, unknown>[] }[] };
  return JudgeResponse.fromPartial({
    version,
    items: items.map(({ id, candidates }) => ({
      id,
      candidates: candidates.map(({ score, abstained, failed, ...rest }) => {
        const set = Object.entries({ score, abstained, failed }).find(([, value]) => value !== undefined);
        return { ...rest, ...(set && { outcome: { $case: set[0], value: set[1] } }) } as JudgeResponse["items"][0]["candidates"][0];
      }),
    })),
  });
}
