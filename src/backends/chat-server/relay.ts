import type { RelayCall, RunContext } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { PieceListener, RelayedAnswer } from "../../domain/relay.ts";
import { UNITS_PER_TOKEN } from "../upstream/settings.ts";
import type { Protocol, Upstream } from "../upstream/upstream.ts";
import { createRelayedEvents } from "./relayed-events.ts";
import { count, type RelayedFacts, readRelayed } from "./relayed-facts.ts";

/** Statuses with which a server says that the chat itself is at fault: sending it again would end so again. */
const CALLERS_FAULT: ReadonlySet<number> = new Set([400, 413, 422]);
/** Tokens that an answer may take where its chat does not say, for the budget of tokens. */
const UNSAID_TOKENS = 1024;

/** A chat that goes to the server, and the tokens that it may take at most, by estimate. */
export interface WrittenRelay {
  readonly relay: string;
  readonly tokens: number;
  readonly mostTokens: number;
  readonly onPiece: PieceListener | undefined;
}

/** A client's chat with the name that the server has for its model, and nothing else changed. */
export function writeRelay({ body, onPiece }: RelayCall, model: string): WrittenRelay {
  const chat = JSON.parse(body) as Readonly<Record<string, unknown>>;
  const said = (field: string) => count.safeParse(chat[field]).data;
  const tokens = Math.ceil(body.length / UNITS_PER_TOKEN);
  const written = (said("max_completion_tokens") ?? said("max_tokens") ?? UNSAID_TOKENS) * (said("n") ?? 1);
  return { relay: JSON.stringify({ ...chat, model }), tokens, mostTokens: tokens + written, onPiece };
}

/** Where chats go, and in whose name an answer may come back. */
export interface RelayServer {
  readonly upstream: Upstream<unknown>;
  /** Of a chat, below the server's address. */
  readonly path: string;
  accepts(model: string | undefined): boolean;
}

/**
 * Hands a chat on and brings back what the server said, its refusal of the chat included. An answer in events goes to the chat's listener as
 * it comes; one in a name that is not accepted does not, and is brought back for that name alone.
 *
 * @throws {GatewayError} as {@link Upstream.post}
 */
export async function sendRelay(
  { upstream, path, accepts }: RelayServer,
  { relay, mostTokens, onPiece }: WrittenRelay,
  context?: RunContext,
): Promise<{ readonly relayed: RelayedAnswer } & RelayedFacts> {
  let refused: RelayedAnswer | undefined;
  const events = onPiece && createRelayedEvents(onPiece, accepts);
  const protocol: Protocol<RelayedFacts & { readonly body: string }> = {
    reading: {
      answer: (body) => withBody(readRelayed(body), body),
      events: () => withBody(events?.facts, ""),
      refusal(body: string, status: number) {
        if (CALLERS_FAULT.has(status) && readRelayed(body) !== undefined) refused = { status, body };
        return undefined;
      },
    },
    tokensOf: ({ tokens }) => tokens,
    events,
  };
  try {
    const { body, ...facts } = await upstream.postAs(protocol, path, relay, context, mostTokens);
    return { relayed: { status: 200, body }, ...facts };
  } catch (thrown) {
    if (refused !== undefined && thrown instanceof GatewayError) return { relayed: refused, tokens: 0, model: undefined };
    throw thrown;
  }
}

function withBody(facts: RelayedFacts | undefined, body: string) {
  return facts && { ...facts, body };
}
