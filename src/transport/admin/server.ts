import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { GatewayError } from "../../domain/errors.ts";
import type { Readiness, ReadinessSource } from "../../domain/service.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { authorityOf } from "../authority.ts";
import { delay, type RunningServer } from "../running-calls.ts";

export interface AdminServerOptions {
  readonly readiness: ReadinessSource;
  readonly metrics: Metrics;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/**
 * Serves the probes and the metrics, apart from the traffic they judge: `/livez` (this process answers), `/readyz` (it takes
 * requests; `?verbose` lists every check), `/startupz` (it has been ready once), `/metrics` (Prometheus text).
 * @throws {GatewayError} CONFIG_INVALID when the address cannot be bound
 */
export async function startAdminServer({ readiness, metrics, host, port }: AdminServerOptions): Promise<RunningServer> {
  let started = readiness.current().ready;
  const stopListening = readiness.onChange(({ ready }) => {
    started ||= ready;
  });

  const server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000, keepAliveTimeout: 5_000 }, (request, response) => {
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Cache-Control", "no-store");
    // Not read as a URL: two slashes at its beginning would name a host there, and alone they are no URL at all.
    const [pathname, query] = (request.url ?? "/").split("?", 2);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return answer(response, 405, "GET only\n");
    }
    switch (pathname) {
      case "/livez":
        return answer(response, 200, "ok\n");
      case "/readyz": {
        const current = readiness.current();
        return answer(response, current.ready ? 200 : 503, new URLSearchParams(query).has("verbose") ? verbose(current) : summary(current));
      }
      case "/startupz":
        return answer(response, started ? 200 : 503, started ? "ok\n" : summary(readiness.current()));
      case "/metrics":
        metrics.registry.metrics().then(
          (text) => answer(response, 200, text, metrics.registry.contentType),
          () => answer(response, 500, "metrics cannot be collected\n"),
        );
        return;
      default:
        return answer(response, 404, "no such route: /livez /readyz /startupz /metrics\n");
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      const message = `admin cannot listen on ${authorityOf(host, port)}: ${error.message}; choose another port`;
      reject(new GatewayError("CONFIG_INVALID", message, { cause: error }));
    });
    server.listen(port, host, resolve);
  });

  let drained: Promise<void> | undefined;
  const drain = () => {
    drained ??= new Promise((resolve) => {
      stopListening();
      server.close(() => resolve());
      server.closeIdleConnections();
    });
    return drained;
  };
  return {
    host,
    port: (server.address() as AddressInfo).port,
    drain,
    async close(timeoutMs = 0) {
      await Promise.race([drain(), delay(timeoutMs)]);
      server.closeAllConnections();
      await drained;
    },
  };
}

function answer(response: ServerResponse, status: number, body: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function summary({ ready, checks }: Readiness): string {
  if (ready) return "ok\n";
  return `not ready: ${checks
    .filter((check) => !check.ok)
    .map((check) => check.name)
    .join(", ")}\n`;
}

function verbose({ ready, checks }: Readiness): string {
  const lines = checks.map((check) => `[${check.ok ? "+" : "-"}] ${check.name}: ${check.message}`);
  return `${[...lines, ready ? "ready" : "not ready"].join("\n")}\n`;
}
