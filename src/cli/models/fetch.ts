import { GatewayError } from "../../domain/errors.ts";

/** What goes with every request to one host. */
export interface Access {
  /** Bearer token, for hosts of the first address only; it never leaves in a message. */
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Longest time without a byte. */
const SILENCE_MS = 60_000;
const MOST_REDIRECTS = 5;

/**
 * Asks an address and follows redirects. The token, or a name and password that the address holds, go to the first address's origin
 * alone: a hub sends downloads on to storage that has no business with them.
 *
 * @returns the answer, whatever its status, and `alive`, to be called with every piece of its body
 * @throws {GatewayError} BACKEND_UNAVAILABLE when nobody answers, CONFIG_INVALID on a redirect that must not be followed
 */
export async function ask(
  address: string,
  headers: Readonly<Record<string, string>>,
  access: Access,
): Promise<{ answer: Response; alive(): void }> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(new Error("no answer")), SILENCE_MS);
  timer.unref();
  const signal = access.signal === undefined ? silence.signal : AbortSignal.any([access.signal, silence.signal]);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error("no more bytes")), SILENCE_MS);
    timer.unref();
  };
  const first = new URL(address);
  const authorization = access.token === undefined ? passwordOf(first) : `Bearer ${access.token}`;
  [first.username, first.password] = ["", ""];
  let at = first;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const own = authorization !== undefined && at.origin === first.origin ? { authorization } : {};
    let answer: Response;
    try {
      answer = await fetch(at, { headers: { ...headers, ...own }, redirect: "manual", signal });
    } catch (cause) {
      if (access.signal?.aborted) throw cause;
      throw new GatewayError("BACKEND_UNAVAILABLE", `no answer from ${at.host}; check the network`, { cause });
    }
    const location = answer.headers.get("location");
    if (answer.status < 300 || answer.status >= 400 || location === null) return { answer, alive };
    await answer.body?.cancel();
    const next = new URL(location, at);
    if (next.protocol !== "https:" && next.protocol !== at.protocol) {
      throw new GatewayError("CONFIG_INVALID", `${at.host} sends the download on to ${next.protocol}//${next.host}, which is not safe`);
    }
    at = next;
  }
  throw new GatewayError("BACKEND_UNAVAILABLE", `${first.host} redirects more than ${MOST_REDIRECTS} times`);
}

/** What an address's name and password say as a header: in the address itself, no request takes them. */
function passwordOf({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`, "utf8").toString("base64")}`;
}

/** Why an answer that is no success will not do. */
export function refusal(answer: Response, what: string, host: string): GatewayError {
  const { status } = answer;
  if (status === 401 || status === 403) {
    return new GatewayError(
      "CONFIG_INVALID",
      `${host} does not give out ${what} (HTTP ${status}); set HF_TOKEN to a token that may read it`,
    );
  }
  if (status === 404) return new GatewayError("CONFIG_INVALID", `${host} has no ${what} (HTTP 404)`);
  return new GatewayError("BACKEND_UNAVAILABLE", `${host} answered HTTP ${status} for ${what}`);
}

/**
 * A small text.
 *
 * @throws {GatewayError} when there is no such text, or it is larger than `limit` bytes
 */
export async function fetchText(address: string, what: string, limit: number, access: Access, accept = "*/*"): Promise<string> {
  const { answer, alive } = await ask(address, { accept }, access);
  const { host } = new URL(address);
  if (!answer.ok) {
    await answer.body?.cancel();
    throw refusal(answer, what, host);
  }
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of answer.body ?? []) {
    alive();
    size += piece.length;
    if (size > limit) throw new GatewayError("CONFIG_INVALID", `${what} at ${host} is larger than ${limit} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
