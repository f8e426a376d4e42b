import type { ChatCall, ChatMessage, CompletionToken } from "../../domain/backend.ts";
import type { GatewayError } from "../../domain/errors.ts";
import { neutralise } from "../upstream/neutralise.ts";

/** A request body, and how many control strings of untrusted text were broken up in it. */
export interface WrittenChat {
  readonly body: string;
  readonly broken: number;
}

/** What a chat was answered with. */
export interface ReadChat {
  readonly text: string;
  readonly cut: boolean;
  readonly tokens: readonly CompletionToken[];
  /** Tokens read and written, where the server counts them. */
  readonly totalTokens: number | undefined;
  /** Model in whose name the server answered, where it says. */
  readonly model: string | undefined;
}

/** How a server of chats is asked. */
export interface ChatProtocol {
  /** What decides an answer besides the model's name, for the digest: the engine first. */
  readonly identity: readonly unknown[];
  readonly healthPath: string;
  /** Whether the body of a health check's answer is that of the server that is wanted. Default: any is. */
  readonly accepts?: (body: string) => boolean;
  /** Path, below the address, of a chat. */
  readonly path: string;
  /** Whether clients' own chats, which have OpenAI's form, can be handed on to it. Default false. */
  readonly relays?: boolean;
  write(call: ChatCall): WrittenChat;
  /** @returns undefined when the body is no answer of this protocol */
  read(body: string): ReadChat | undefined;
  /** A refusal as an error of its own, where it tells more than its status. */
  refusal(body: string): GatewayError | undefined;
  /** Name that an answer has to carry where it carries one; absent where servers name it as they like. */
  readonly answersAs?: string | undefined;
}

/** A message as servers take it: one text. */
export interface WrittenMessage {
  readonly role: ChatMessage["role"];
  readonly content: string;
}

/**
 * The messages of a call as texts. The server's template turns text into tokens, so text that came with a request is neutralised first.
 *
 * @returns the messages, and how many control strings were broken up in them
 */
export function writeMessages(call: ChatCall): { readonly messages: readonly WrittenMessage[]; readonly broken: number } {
  let broken = 0;
  const messages = call.messages.map(({ role, segments }) => {
    let content = "";
    for (const { text, origin } of segments) {
      if (origin === "control") content += text;
      else {
        const safe = neutralise(text);
        content += safe.text;
        broken += safe.broken;
      }
    }
    return { role, content };
  });
  return { messages, broken };
}
