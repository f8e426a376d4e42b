import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Route } from "./route.ts";

const require = createRequire(import.meta.url);

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>RewardGate API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

/**
 * Starts Swagger UI; a file of its own, so that the page needs no inline script. The validator would be an outside request. Swagger UI
 * writes a line of JSON lines over several, so a body of one object goes out on one; what is no JSON whole is several lines already.
 */
const START = `SwaggerUIBundle({ url: "openapi.json", dom_id: "#ui", validatorUrl: null, deepLinking: true, requestInterceptor: onOneLine });

function onOneLine(request) {
  if (request.headers?.["Content-Type"] !== "application/x-ndjson") return request;
  try {
    return Object.assign(request, { body: JSON.stringify(JSON.parse(request.body)) });
  } catch {
    return request;
  }
}
`;

const ASSETS: Readonly<Record<string, string>> = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
  "favicon-32x32.png": "image/png",
};

/** The pages under /docs: Swagger UI from local files, with no request to anywhere else. */
export function docsRoutes(): Route[] {
  const folder = dirname(require.resolve("swagger-ui-dist/package.json"));
  const page = (path: string, type: string, read: () => Buffer, headers = {}): Route => {
    let bytes: Buffer | undefined;
    return {
      verb: "get",
      path,
      method: "Docs",
      handle(exchange) {
        bytes ??= read();
        exchange.answerBytes(bytes, { "Content-Type": type, ...headers });
      },
    };
  };
  return [
    // The addresses in the page are relative to /docs without a slash.
    page("/docs", "text/html; charset=utf-8", () => Buffer.from(PAGE)),
    page("/docs/start.js", "text/javascript; charset=utf-8", () => Buffer.from(START)),
    ...Object.entries(ASSETS).map(([name, type]) =>
      page(`/docs/${name}`, type, () => readFileSync(join(folder, name)), { "Cache-Control": "public, max-age=3600" }),
    ),
  ];
}
