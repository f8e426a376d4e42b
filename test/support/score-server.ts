import { type ChatScript, type ChatServer, startChatServer } from "./chat-server.ts";

/** A server that answers every call with one score, or as a script says. */
export async function startScoreServer(score: number | ChatScript, port = 0): Promise<ChatServer> {
  return startChatServer(typeof score === "number" ? () => ({ json: { score } }) : score, port);
}
