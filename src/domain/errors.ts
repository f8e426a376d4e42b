/**
 * The error vocabulary: one row per reason, the same on every wire.
 * `grpc` is the canonical status name, `http` the status code, `retryable` whether the same request may succeed later.
 */
export const ERROR_TABLE = {
  REQUEST_INVALID: { grpc: "INVALID_ARGUMENT", http: 400, retryable: false },
  CANDIDATES_EMPTY: { grpc: "INVALID_ARGUMENT", http: 400, retryable: false },
  ITEM_TOO_LONG: { grpc: "INVALID_ARGUMENT", http: 400, retryable: false },
  REFERENCE_MISSING: { grpc: "INVALID_ARGUMENT", http: 400, retryable: false },
  TOO_LARGE: { grpc: "RESOURCE_EXHAUSTED", http: 413, retryable: false },
  PANEL_NOT_FOUND: { grpc: "NOT_FOUND", http: 404, retryable: false },
  JUDGE_NOT_FOUND: { grpc: "NOT_FOUND", http: 404, retryable: false },
  STATE_NOT_FOUND: { grpc: "NOT_FOUND", http: 404, retryable: false },
  STATE_VERSION_NOT_FOUND: { grpc: "NOT_FOUND", http: 404, retryable: false },
  RUN_NOT_FOUND: { grpc: "NOT_FOUND", http: 404, retryable: false },
  ROUTE_NOT_FOUND: { grpc: "UNIMPLEMENTED", http: 404, retryable: false },
  METHOD_NOT_ALLOWED: { grpc: "UNIMPLEMENTED", http: 405, retryable: false },
  MEDIA_TYPE_UNSUPPORTED: { grpc: "INVALID_ARGUMENT", http: 415, retryable: false },
  STATE_STEP_CONFLICT: { grpc: "ALREADY_EXISTS", http: 409, retryable: false },
  STATE_STALE: { grpc: "FAILED_PRECONDITION", http: 409, retryable: false },
  STATE_RUNS_PINNED: { grpc: "FAILED_PRECONDITION", http: 409, retryable: false },
  BASELINE_TOO_SMALL: { grpc: "FAILED_PRECONDITION", http: 409, retryable: false },
  QUEUE_FULL: { grpc: "UNAVAILABLE", http: 503, retryable: true },
  SHUTTING_DOWN: { grpc: "UNAVAILABLE", http: 503, retryable: true },
  DEADLINE_EXCEEDED: { grpc: "DEADLINE_EXCEEDED", http: 504, retryable: true },
  CALLER_GONE: { grpc: "CANCELLED", http: 499, retryable: false },
  BACKEND_UNAVAILABLE: { grpc: "UNAVAILABLE", http: 503, retryable: true },
  JUDGE_NOT_READY: { grpc: "UNAVAILABLE", http: 503, retryable: true },
  CONSTRAINT_VIOLATED: { grpc: "FAILED_PRECONDITION", http: 422, retryable: false },
  JUDGE_SKIPPED: { grpc: "FAILED_PRECONDITION", http: 422, retryable: false },
  PANEL_INCOMPLETE: { grpc: "UNAVAILABLE", http: 503, retryable: true },
  STATE_STORE_UNAVAILABLE: { grpc: "UNAVAILABLE", http: 503, retryable: true },
  BACKEND_REFUSED: { grpc: "INTERNAL", http: 500, retryable: false },
  JUDGE_OUTPUT_UNREADABLE: { grpc: "INTERNAL", http: 500, retryable: false },
  SCORE_NOT_FINITE: { grpc: "INTERNAL", http: 500, retryable: false },
  CONFIG_INVALID: { grpc: "FAILED_PRECONDITION", http: 500, retryable: false },
  INTERNAL: { grpc: "INTERNAL", http: 500, retryable: false },
} as const satisfies Record<string, { grpc: string; http: number; retryable: boolean }>;

/** A key of the error table, visible on the wire. */
export type ErrorReason = keyof typeof ERROR_TABLE;

/** Facts a client can act on. Never text of a prompt or of a candidate. */
export interface ErrorDetails {
  /** Path of the offending field, for example `items[3].candidates[0].content`. */
  readonly field?: string;
  /** Id of the item the error belongs to. */
  readonly itemId?: string;
  /** Milliseconds after which a retry is sensible; only on retryable reasons. */
  readonly retryAfterMs?: number;
  /** The limit that was passed, in the unit that the message names. */
  readonly limit?: number;
  /** Nearest known names, when a name was not found. */
  readonly suggestions?: readonly string[];
  /** Everything that is wrong with a configuration; only on CONFIG_INVALID. */
  readonly problems?: readonly ConfigProblem[];
}

/** One thing that is wrong with a configuration, and what to do about it. */
export interface ConfigProblem {
  readonly file: string;
  /** Key path inside the file, for example `panels.chat.members[0].judge`; empty when it is about the whole file. */
  readonly path: string;
  /** Counted from 1, where the file tells. */
  readonly line?: number;
  readonly column?: number;
  readonly cause: string;
  readonly remedy: string;
}

/**
 * The only error that crosses a layer boundary. `message` says what, where and what to do, and is safe to show;
 * `cause` is for logs and never leaves the process.
 */
export class GatewayError extends Error {
  readonly reason: ErrorReason;
  readonly details: ErrorDetails;

  constructor(reason: ErrorReason, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "GatewayError";
    this.reason = reason;
    this.details = options.details ?? {};
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return ERROR_TABLE[this.reason].retryable;
  }

  /**
   * Any thrown value as a GatewayError: itself when it is one, INTERNAL with the value as cause otherwise.
   */
  static from(thrown: unknown): GatewayError {
    if (thrown instanceof GatewayError) return thrown;
    return new GatewayError("INTERNAL", "internal error; the log has the cause under this request id", { cause: thrown });
  }
}
