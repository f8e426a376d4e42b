import type { IncomingMessage, ServerResponse } from "node:http";
import { startLoopback, textOf } from "./loopback.ts";

/** What a server was asked. */
export interface ReceivedChat {
  readonly headers: IncomingMessage["headers"];
  readonly body: {
    readonly model: string;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly seed: number;
    readonly [key: string]: unknown;
  };
  /** Whether the client broke the connection before the answer was whole. */
  aborted: boolean;
}

/** Answers one chat: with text, with any JSON and status, or with whatever it writes to the response itself. */
export type ChatScript = (
  chat: ReceivedChat,
  response: ServerResponse,
) => string | ScriptedReply | undefined | Promise<string | ScriptedReply | undefined>;

export interface ScriptedReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Raw body, instead of `json`. */
  readonly text?: string;
}

export interface ChatServer {
  /** Base address, with /v1. */
  readonly url: string;
  /** Host and port. */
  readonly host: string;
  readonly port: number;
  /** Every chat that was asked for, in order of arrival. */
  readonly chats: ReceivedChat[];
  /** Most connections that were open at once. */
  readonly mostConnections: number;
  /** Status of the health check; 0 for no answer at all. */
  health: number;
  script: ChatScript;
  close(): Promise<void>;
}

/** The body of a completion. */
export function completion(content: string, extra: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const choice = { index: 0, message: { role: "assistant", content }, finish_reason: "stop", ...extra };
  return {
    id: "c",
    object: "chat.completion",
    model: "m",
    choices: [choice],
    usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
  };
}

/** Starts a scripted OpenAI-compatible server on the loopback. */
export async function startChatServer(script: ChatScript, port = 0): Promise<ChatServer> {
  const chats: ReceivedChat[] = [];
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "GET") {
      if (self.health === 0) return;
      response.writeHead(self.health, { "content-type": "application/json" }).end("{}");
      return;
    }
    const chat: ReceivedChat = { headers: request.headers, body: JSON.parse(await textOf(request)), aborted: false };
    response.on("close", () => {
      chat.aborted = !response.writableFinished;
    });
    chats.push(chat);
    const reply = await self.script(chat, response);
    if (reply === undefined) return;
    const { status = 200, headers = {}, json, text: raw }: ScriptedReply = typeof reply === "string" ? { json: completion(reply) } : reply;
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(raw ?? JSON.stringify(json ?? {}));
  }

  const server = await startLoopback(serve, port);
  const self = {
    url: `http://${server.host}/v1`,
    host: server.host,
    port: server.port,
    chats,
    get mostConnections() {
      return server.mostConnections;
    },
    health: 200,
    script,
    close: () => server.close(),
  };
  return self;
}
