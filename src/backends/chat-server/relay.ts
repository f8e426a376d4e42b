import { z } from "zod";
import type { RelayCall, RunContext } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { RelayedAnswer } from "../../domain/relay.ts";
import { UNITS_PER_TOKEN } from "../upstream/settings.ts";
import type { Protocol, Upstream } from "../upstream/upstream.ts";

/** Statuses with which a server says that the chat itself is at fault: sending it again would end so again. */
const CALLERS_FAULT: ReadonlySet<number> = new Set([400, 413, 422]);
/** Tokens that an answer may take where its chat does not say, for the budget of tokens. */
const UNSAID_TOKENS = 1024;

const count = z.int().min(0);
const answerSchema = z.looseObject({
  model: z.string().optional().catch(undefined),
  usage: z.looseObject({ total_tokens: count }).nullish().catch(undefined),
});

interface Relayed {
  readonly body: string;
  /** Read and written, where the server counts them. */
  readonly tokens: number | undefined;
  /** In whose name the server answered, where it says. */
  readonly model: string | undefined;
}

/** A chat that goes to the server, and the tokens that it may take at most, by estimate. */
export interface WrittenRelay {
  readonly relay: string;
  readonly tokens: number;
  readonly mostTokens: number;
}

/** A client's chat with the name that the server has for its model, and nothing else changed. */
export function writeRelay({ body }: RelayCall, model: string): WrittenRelay {
  const chat = JSON.parse(body) as Readonly<Record<string, unknown>>;
  const said = (field: string) => count.safeParse(chat[field]).data;
  const tokens = Math.ceil(body.length / UNITS_PER_TOKEN);
  const written = (said("max_completion_tokens") ?? said("max_tokens") ?? UNSAID_TOKENS) * (said("n") ?? 1);
  return { relay: JSON.stringify({ ...chat, model }), tokens, mostTokens: tokens + written };
}

/**
 * Hands a chat on and brings back what the server said, its refusal of the chat included.
 *
 * @param path of a chat, below the server's address
 * @throws {GatewayError} as {@link Upstream.post}
 */
export async function sendRelay(
  upstream: Upstream<unknown>,
  path: string,
  { relay, mostTokens }: WrittenRelay,
  context?: RunContext,
): Promise<{ readonly relayed: RelayedAnswer } & Omit<Relayed, "body">> {
  let refused: RelayedAnswer | undefined;
  const protocol: Protocol<Relayed> = {
    reading: {
      answer: readRelayed,
      refusal(body: string, status: number) {
        if (CALLERS_FAULT.has(status) && readRelayed(body) !== undefined) refused = { status, body };
        return undefined;
      },
    },
    tokensOf: ({ tokens }) => tokens,
  };
  try {
    const { body, ...rest } = await upstream.postAs(protocol, path, relay, context, mostTokens);
    return { relayed: { status: 200, body }, ...rest };
  } catch (thrown) {
    if (refused !== undefined && thrown instanceof GatewayError) return { relayed: refused, tokens: 0, model: undefined };
    throw thrown;
  }
}

/** A body that is a JSON object, as it is. */
function readRelayed(body: string): Relayed | undefined {
  let data: unknown;
  try {
    data = JSON.parse(body);
  } catch {
    return undefined;
  }
  const parsed = answerSchema.safeParse(data);
  return parsed.success ? { body, tokens: parsed.data.usage?.total_tokens, model: parsed.data.model } : undefined;
}
