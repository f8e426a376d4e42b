import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

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
  /** Status of the health check. */
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
  const sockets = new Set<Socket>();
  let mostConnections = 0;
  const server: Server = createServer((request, response) => void serve(request, response));
  server.on("connection", (socket) => {
    sockets.add(socket);
    mostConnections = Math.max(mostConnections, sockets.size);
    socket.on("close", () => sockets.delete(socket));
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "GET") {
      response.writeHead(self.health, { "content-type": "application/json" }).end("{}");
      return;
    }
    let text = "";
    for await (const chunk of request) text += chunk;
    const chat: ReceivedChat = { headers: request.headers, body: JSON.parse(text), aborted: false };
    response.on("close", () => {
      chat.aborted = !response.writableFinished;
    });
    chats.push(chat);
    const reply = await self.script(chat, response);
    if (reply === undefined) return;
    const { status = 200, headers = {}, json, text: raw }: ScriptedReply = typeof reply === "string" ? { json: completion(reply) } : reply;
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(raw ?? JSON.stringify(json ?? {}));
  }

  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  const host = `127.0.0.1:${address.port}`;
  const self = {
    url: `http://${host}/v1`,
    host,
    port: address.port,
    chats,
    get mostConnections() {
      return mostConnections;
    },
    health: 200,
    script,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return self;
}
