import pino from "pino";
import { GatewayError } from "../domain/errors.ts";

export type Logger = pino.Logger;

/** Lines that wait for standard error to take them, bytes; what comes beyond them is left out. */
const KEPT_BYTES = 16 * 1024 * 1024;

/**
 * JSON lines on standard error. No caller passes text of a prompt or of a candidate to it; an error under `err` is logged as
 * {@link errorFacts} tells it.
 */
export function createLogger(options: { level: string; destination?: pino.DestinationStream }): Logger {
  const settings = { name: "rewardgate", level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const { destination } = options;
  const standardError = destination === undefined ? openStandardError() : undefined;
  const log = pino({ ...settings, serializers: { err: errorFacts } }, destination ?? standardError!.stream);
  standardError?.onCaughtUp((lines) => log.warn({ lines }, "lines of the log were left out: standard error did not take them in time"));
  return log;
}

/**
 * Standard error as a log needs it. A disk that is full, a terminal that is gone and a reader that has stopped cost lines, and neither the
 * process, its memory nor its end.
 */
function openStandardError() {
  const stream = pino.destination({ fd: 2, sync: false, maxLength: KEPT_BYTES });
  let broken = false;
  let leftOut = 0;
  // What could not be written is tried again with the next line.
  stream.on("error", () => {
    broken = true;
  });
  stream.on("write", () => {
    broken = false;
  });
  stream.on("drop", () => {
    leftOut++;
  });
  const flushSync = stream.flushSync.bind(stream);
  // At the end of the process it would be tried for ever.
  stream.flushSync = () => {
    if (!broken) flushSync();
  };
  return {
    stream,
    /** @param tell hears how many lines were left out, once there is room again */
    onCaughtUp(tell: (lines: number) => void): void {
      stream.on("drain", () => {
        const lines = leftOut;
        leftOut = 0;
        if (lines > 0) tell(lines);
      });
    },
  };
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
