/** What a server said to a chat that was handed on to it, whether it answered or refused. */
export interface RelayedAnswer {
  /** HTTP status: 200, or one that says the chat itself is at fault. */
  readonly status: number;
  /** JSON text as it came. Untrusted. Empty for an answer that came piece by piece. */
  readonly body: string;
}

/** Hears an answer that comes piece by piece: bytes of server-sent events as they came. Untrusted. */
export type PieceListener = (piece: Uint8Array) => void;

export interface RelayOptions {
  readonly signal: AbortSignal;
  readonly deadlineMs?: number | undefined;
  readonly onPiece?: PieceListener | undefined;
}

/** The way of a client's own chat to the server of a backend, in the queue of that backend's judges. */
export interface ChatRelay {
  /**
   * @param body JSON text of an object, with `messages`
   * @param options.signal ends when the client leaves
   * @param options.deadlineMs from now; the gateway's longest request bounds it
   * @param options.onPiece hears the answer where the server sends it piece by piece, as a chat with `stream: true` asks it to. When the
   *   promise rejects after a piece, the answer is not whole
   * @throws {GatewayError} QUEUE_FULL, DEADLINE_EXCEEDED, CALLER_GONE, SHUTTING_DOWN, BACKEND_UNAVAILABLE, BACKEND_REFUSED, JUDGE_OUTPUT_UNREADABLE
   */
  send(body: string, options: RelayOptions): Promise<RelayedAnswer>;
}
