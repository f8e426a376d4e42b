import { GatewayError } from "../domain/errors.ts";
import type { ScoreRequest, ScoreResult } from "../domain/score.ts";
import type { CallContext, RewardService } from "../domain/service.ts";

/** One message of a stream: a request for one item, or why it is none. */
export type StreamMessage = { readonly id: string; readonly request: ScoreRequest } | { readonly id: string; readonly error: GatewayError };

/** The answer to one message. */
export type StreamAnswer = { readonly id: string; readonly result: ScoreResult } | { readonly id: string; readonly error: GatewayError };

export interface ScoreStreamOptions {
  readonly service: RewardService;
  readonly context: CallContext;
  /** Messages that may be under way at once, until their answer is handed to the wire. */
  readonly maxInFlight: number;
  /** Hands an answer to the wire; resolves when the wire takes more. */
  write(answer: StreamAnswer): Promise<void>;
  /** Called when a full stream has room again. */
  onRoom(): void;
  /** Called when nothing is under way any more. */
  onIdle(): void;
}

/** Many items over one call: each answered once, as it finishes, with a bounded number under way. */
export interface ScoreStream {
  /** Takes one message. The caller stops pushing while the stream is full. */
  push(message: StreamMessage): void;
  /** True while no more message should be pushed. */
  readonly full: boolean;
  /** Messages taken and not yet answered. */
  readonly running: number;
  /** Messages taken so far. */
  readonly taken: number;
}

/** Opens a stream over the service. It never throws: whatever happens to a message is its answer. */
export function openScoreStream(options: ScoreStreamOptions): ScoreStream {
  const { service, maxInFlight } = options;
  const context: CallContext = { ...options.context, streamed: true };
  const ids = new Set<string>();
  let running = 0;
  let taken = 0;

  async function answer(message: StreamMessage): Promise<StreamAnswer> {
    const { id } = message;
    if ("error" in message) return message;
    if (ids.has(id)) {
      const details = { field: "item.id", itemId: id };
      return { id, error: new GatewayError("REQUEST_INVALID", "item.id: an item with this id is still under way", { details }) };
    }
    ids.add(id);
    try {
      return { id, result: await service.score(message.request, context) };
    } catch (thrown) {
      return { id, error: GatewayError.from(thrown) };
    } finally {
      ids.delete(id);
    }
  }

  async function take(message: StreamMessage): Promise<void> {
    try {
      const finished = await answer(message);
      if (!context.signal.aborted) await options.write(finished);
    } catch {
      // The wire is gone; its own events tell the caller.
    }
    const wasFull = running >= maxInFlight;
    running--;
    if (wasFull) options.onRoom();
    if (running === 0) options.onIdle();
  }

  return {
    push(message) {
      running++;
      taken++;
      void take(message);
    },
    get full() {
      return running >= maxInFlight;
    },
    get running() {
      return running;
    },
    get taken() {
      return taken;
    },
  };
}
