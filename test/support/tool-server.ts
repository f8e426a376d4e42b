import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { startLoopback, textOf } from "./loopback.ts";

/** What a service of tools was asked. */
export interface ReceivedToolCall {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly body: { readonly tool: string; readonly input: string; readonly id: string };
  /** Whether the client broke the connection before the answer was whole. */
  aborted: boolean;
}

/** Answers a call with JSON and status 200; or, by undefined, with what it writes to the response itself, if anything. */
export type ToolScript = (call: ReceivedToolCall, response: ServerResponse) => unknown;

export interface ToolServer {
  readonly url: string;
  readonly port: number;
  /** Every call, in order of arrival. */
  readonly calls: ReceivedToolCall[];
  script: ToolScript;
  close(): Promise<void>;
}

/** Starts a scripted service of tools on the loopback, which calls are posted to at /run. */
export async function startToolServer(script: ToolScript, port = 0): Promise<ToolServer> {
  const server = await startLoopback(async (request, response) => {
    if (request.method !== "POST") return void response.writeHead(405).end();
    const call: ReceivedToolCall = {
      headers: request.headers,
      path: request.url ?? "",
      body: JSON.parse(await textOf(request)),
      aborted: false,
    };
    response.on("close", () => {
      call.aborted = !response.writableFinished;
    });
    self.calls.push(call);
    const answer = await self.script(call, response);
    if (answer !== undefined) response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  }, port);
  const self: ToolServer = { url: `http://${server.host}/run`, port: server.port, calls: [], script, close: server.close };
  return self;
}
