import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { Pool } from "undici";
import type { Clock } from "../../domain/clock.ts";
import { eitherSignal } from "./either-signal.ts";
import type { Host } from "./resolve-host.ts";

/** One request to a server. */
export interface HttpRequest {
  readonly method: "GET" | "POST";
  /** Path below the target's URL, starting with a slash; empty for the URL itself. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Attempts at the same call that failed before; gRPC tells the server. Default 0. */
  readonly previousAttempts?: number;
  /** Longest time from now to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Aborts when nobody waits any more. */
  readonly signal?: AbortSignal | undefined;
  /** Takes server-sent events as they come, where the answer is some. */
  readonly events?: EventReader | undefined;
}

/** Takes the bytes of an answer that is made of server-sent events. */
export interface EventReader {
  /** Whether anything went on to whoever waits, so that the request cannot be made again. */
  readonly begun: boolean;
  /** @returns whether there is a use for more */
  take(piece: Uint8Array): boolean;
}

/** How a request ended. Whatever a server does, it ends in one of these. */
export type HttpOutcome =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly contentType: string;
      readonly retryAfter?: string;
      /** Milliseconds after which the server wants the same call again, where it says so in gRPC's way; below 0 when it does not want it. */
      readonly pushbackMs?: number;
      /** Empty where it was events, which their reader has taken. */
      readonly body: string;
    }
  /** No connection, a {@link ForbiddenHost} among the causes, or it ended before the answer did. */
  | { readonly kind: "broken"; readonly cause: unknown }
  | { readonly kind: "late" }
  /** The request's signal ended it. */
  | { readonly kind: "withdrawn" }
  /** More bytes than allowed, not HTTP, or an encoding that was not asked for. */
  | { readonly kind: "unreadable"; readonly cause?: unknown };

/** A server, over a bounded pool of connections. It follows no redirect, and no proxy of the environment. */
export interface HttpTarget {
  /** Host and port. */
  readonly name: string;
  send(request: HttpRequest): Promise<HttpOutcome>;
  /** Waits for running requests, at most so long, then ends them. */
  close(timeoutMs: number): Promise<void>;
}

export interface HttpTargetOptions {
  /** Base address, http or https; a path in it comes before that of each request. */
  readonly url: string;
  /** Where the host of the address is. */
  readonly host: Host;
  /** Most connections at once. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly maxResponseBytes: number;
  readonly clock: Clock;
}

/** The media type of server-sent events. */
export const EVENTS = /^text\/event-stream\b/i;
/** A connection to a name is given up after so long, so that servers that came behind it get their share, milliseconds. */
const NAME_TTL_MS = 300_000;

/** Opens no connection yet. */
export function createHttpTarget({ url, host, connections, connectTimeoutMs, maxResponseBytes, clock }: HttpTargetOptions): HttpTarget {
  const { origin, pathname, host: name } = new URL(url);
  const base = pathname.replace(/\/+$/, "");
  const pool = new Pool(origin, {
    connections,
    connect: { timeout: connectTimeoutMs, lookup: lookupOf(host) },
    clientTtl: host.isName ? NAME_TTL_MS : null,
    maxResponseSize: maxResponseBytes,
    // One timer over the whole request stands for these, which start again with every byte.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    name,
    async send({ method, path, headers, body, timeoutMs, signal, events }) {
      const late = new AbortController();
      const cancelTimer = clock.after(timeoutMs, () => late.abort());
      const ending = eitherSignal(late.signal, signal);
      try {
        const response = await pool.request({
          method,
          path: base + path || "/",
          headers: { accept: events === undefined ? "application/json" : "application/json, text/event-stream", ...headers },
          body: body ?? null,
          signal: ending.signal,
        });
        const header = (name: string) => String(response.headers[name] ?? "");
        const encoded = !/^(identity)?$/i.test(header("content-encoding"));
        const contentType = header("content-type");
        let text = "";
        if (events !== undefined && !encoded && response.statusCode === 200 && EVENTS.test(contentType)) {
          for await (const piece of response.body) if (!events.take(piece as Uint8Array)) break;
        } else text = await response.body.text();
        if (encoded) return { kind: "unreadable" };
        const retryAfter = header("retry-after");
        const answer = { kind: "answered", status: response.statusCode, contentType, body: text } as const;
        return retryAfter === "" ? answer : { ...answer, retryAfter };
      } catch (cause) {
        if (signal?.aborted) return { kind: "withdrawn" };
        if (late.signal.aborted) return { kind: "late" };
        const code = String((cause as { code?: unknown })?.code ?? "");
        return { kind: /^(HPE_|UND_ERR_RES_EXCEEDED_MAX_SIZE|UND_ERR_HEADERS_OVERFLOW)/.test(code) ? "unreadable" : "broken", cause };
      } finally {
        cancelTimer();
        ending.release();
      }
    },
    async close(timeoutMs) {
      if (timeoutMs <= 0) return pool.destroy();
      const closed = pool.close();
      const timedOut = new Promise<true>((resolve) => {
        const cancel = clock.after(timeoutMs, () => resolve(true));
        void closed.then(cancel, cancel);
      });
      if ((await Promise.race([closed, timedOut])) === true) await pool.destroy();
    },
  };
}

/** What a socket asks for the address of its host. Of several it tries one after the other, which begins with another each time. */
function lookupOf(host: Host): LookupFunction {
  return (_name, { all, family }, done) => {
    host.addresses().then(
      (found) => {
        const fit = found.filter((one) => !family || one.family === Number(String(family).replace("IPv", "")));
        const [first] = fit;
        if (all) done(null, fit as LookupAddress[]);
        else if (first === undefined) done(new Error("the host has no address of the family"), "");
        else done(null, first.address, first.family);
      },
      (error: Error) => done(error, ""),
    );
  };
}
