import pino from "pino";

export type Logger = pino.Logger;

/**
 * JSON lines on standard error. No caller passes text of a prompt or of a candidate to it; causes of errors are logged by
 * name, message and stack of our own errors only.
 */
export function createLogger(options: { level: string; destination?: pino.DestinationStream }): Logger {
  return pino(
    { name: "rewardgate", level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    options.destination ?? pino.destination({ fd: 2, sync: false }),
  );
}
