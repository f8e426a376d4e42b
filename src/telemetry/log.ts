import pino from "pino";
import { GatewayError } from "../domain/errors.ts";

export type Logger = pino.Logger;

/**
 * JSON lines on standard error. No caller passes text of a prompt or of a candidate to it; an error under `err` is logged as
 * {@link errorFacts} tells it.
 */
export function createLogger(options: { level: string; destination?: pino.DestinationStream }): Logger {
  return pino(
    { name: "rewardgate", level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: errorFacts } },
    options.destination ?? pino.destination({ fd: 2, sync: false }),
  );
}

/** What the log says of an error. */
export type ErrorFacts = { readonly name?: string; readonly reason?: string; readonly message?: string; readonly stack?: string };

/**
 * What the log says of an error: reason and message of one of ours, name and message of one of the system's. Of a fault of the gateway
 * itself it is the cause without its message, which may quote a request, and with its stack, since only that tells where it is.
 */
export function errorFacts(error: unknown): ErrorFacts {
  if (!(error instanceof Error)) return { name: typeof error };
  if (!(error instanceof GatewayError)) return { name: error.name, message: error.message };
  if (error.reason !== "INTERNAL") return { reason: error.reason, message: error.message };
  return causeOf(error) ?? { reason: error.reason, message: error.message };
}

/** The cause of an internal error without its message, which may quote a request: name and stack frames. Our own errors keep theirs. */
export function causeOf({ cause }: GatewayError): ErrorFacts | undefined {
  if (!(cause instanceof Error)) return cause === undefined ? undefined : { name: typeof cause };
  const frames = cause.stack?.split("\n").filter((line) => line.startsWith("    at "));
  return {
    name: cause.name,
    ...(cause instanceof GatewayError && { message: cause.message }),
    ...(frames && { stack: frames.join("\n") }),
  };
}
