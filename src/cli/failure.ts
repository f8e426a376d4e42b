import { ERROR_TABLE, type ErrorReason, GatewayError } from "../domain/errors.ts";

/** Exit codes of every command. */
export const EXIT = { ok: 0, failure: 1, usage: 2, partial: 4, interrupted: 130 } as const;

/** How a command ends with something else than success. */
export type SetExit = (code: number) => void;

/** A mistake in how a command was called; the message says what to do instead. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Reasons that mean the caller or the configuration is at fault, not the machine. */
const USAGE_REASONS: ReadonlySet<ErrorReason> = new Set(["CONFIG_INVALID", "PANEL_NOT_FOUND", "JUDGE_NOT_FOUND", "REQUEST_INVALID"]);

/** What to print about an error and which code to exit with; no stack unless asked for. */
export function describeFailure(thrown: unknown, debug: boolean): { text: string; code: number } {
  const stack = debug && thrown instanceof Error ? `\n${thrown.stack ?? ""}` : "";
  if (thrown instanceof UsageError) return { text: `error: ${thrown.message}${stack}`, code: EXIT.usage };
  if (thrown instanceof GatewayError && thrown.reason !== "INTERNAL") {
    const code = USAGE_REASONS.has(thrown.reason) ? EXIT.usage : EXIT.failure;
    const again = ERROR_TABLE[thrown.reason].retryable ? " (trying again may help)" : "";
    return { text: `error: ${thrown.message}${again}${stack}`, code };
  }
  const cause = thrown instanceof GatewayError ? thrown.cause : thrown;
  const message = cause instanceof Error ? cause.message : String(cause);
  return { text: `error: ${message}${debug ? stack : "; --debug shows where"}`, code: EXIT.failure };
}
