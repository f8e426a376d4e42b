import type { Clock } from "../domain/clock.ts";
import type { ChatRelay } from "../domain/relay.ts";
import type { Batcher } from "./batcher.ts";
import type { Intake } from "./intake.ts";
import { RequestScope } from "./request-scope.ts";
import { ALLOWANCE_MS } from "./score.ts";

export interface ChatRelayOptions {
  /** That of the backend whose server answers. */
  readonly batcher: Batcher;
  readonly intake: Intake;
  readonly clock: Clock;
  /** Longest that a chat may take, milliseconds. */
  readonly maxRequestMs: number;
}

const PRIORITY = "standard";

/** Hands chats on: through the door, and through the queue of the judges of that server, which bounds both together. */
export function createChatRelay({ batcher, intake, clock, maxRequestMs }: ChatRelayOptions): ChatRelay {
  let sent = 0;
  return {
    send: (body, { signal, deadlineMs = maxRequestMs, onPiece }) =>
      intake.enter(PRIORITY, async () => {
        const now = clock.now();
        const deadline = now + Math.min(deadlineMs, maxRequestMs);
        const scope = new RequestScope(clock, { started() {}, settled() {} });
        const urgency = { priority: PRIORITY, rank: now + ALLOWANCE_MS[PRIORITY], expiresAt: deadline } as const;
        const [flight] = batcher.dispatch([{ type: "relay", body, number: sent++, onPiece }], scope, urgency);
        scope.waitFor(flight!, batcher, true);
        await scope.settled(deadline, signal);
        const { result, error } = flight!;
        if (result?.relayed === undefined) throw error!;
        return result.relayed;
      }),
  };
}
