import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";

const HEADER = "grpc-timeout";
/** Milliseconds of each unit. */
const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
/** The longest time that a timer of Node keeps, 24.8 days. */
const LONGEST_SECONDS = Math.floor((2 ** 31 - 1) / 1000);

/**
 * Reads the deadlines of calls before grpc-js does, which takes most that are longer than 24.8 days for passed, and the last eight digits
 * of a longer number for the time: such a deadline is shortened, as no call runs for so long, and what is no time by the protocol is
 * left to be refused.
 */
export function readDeadlines(server: Http2Server): void {
  server.prependListener("stream", (_stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const given = headers[HEADER];
    if (given === undefined) return;
    const [, digits, unit] = /^(\d{1,8})\s*([HMSmun])$/.exec(String(given)) ?? [];
    if (unit === undefined) headers[HEADER] = "none";
    else if (Number(digits) * UNITS[unit]! > LONGEST_SECONDS * 1000) headers[HEADER] = `${LONGEST_SECONDS}S`;
  });
}
