import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A web server of files, which a test can make misbehave. */
export interface FileServer {
  readonly address: string;
  readonly files: Map<string, Uint8Array>;
  /** Requests so far: path, `range` and `authorization`. */
  readonly seen: { path: string; range: string | undefined; authorization: string | undefined }[];
  /** Answers a request instead of the file; returns whether it did. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  /** Whether it goes on in the middle of a file. */
  ranges: boolean;
  close(): Promise<void>;
}

/** Starts a server on this machine. */
export async function startFileServer(): Promise<FileServer> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, "http://x").pathname);
    const { range, authorization } = request.headers;
    started.seen.push({ path, range, authorization });
    if (started.intercept?.(request, response)) return;
    const bytes = started.files.get(path);
    if (bytes === undefined) return void response.writeHead(404).end();
    const from = started.ranges && range !== undefined ? Number(/^bytes=(\d+)-$/.exec(range)![1]) : 0;
    if (from >= bytes.length && from > 0) return void response.writeHead(416).end();
    const rest = bytes.subarray(from);
    const headers: Record<string, string | number> = { "content-length": rest.length };
    if (from > 0) headers["content-range"] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(from > 0 ? 206 : 200, headers).end(rest);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const started: FileServer = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files: new Map(),
    seen: [],
    intercept: undefined,
    ranges: true,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return started;
}
