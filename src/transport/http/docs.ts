import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type RequestHandler, Router } from "express";

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

/** Starts Swagger UI; a file of its own, so that the page needs no inline script. The validator would be an outside request. */
const START = `SwaggerUIBundle({ url: "openapi.json", dom_id: "#ui", validatorUrl: null, deepLinking: true });
`;

const ASSETS: Readonly<Record<string, string>> = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
  "favicon-32x32.png": "image/png",
};

/** The pages under /docs: Swagger UI from local files, with no request to anywhere else. */
export function docsPages(): RequestHandler {
  const router = Router({ strict: true, caseSensitive: true });
  const folder = dirname(require.resolve("swagger-ui-dist/package.json"));
  router.get("/", (request, response, next) => {
    // The addresses in the page are relative to /docs without a slash.
    if (request.originalUrl !== "/docs") return next();
    response.type("text/html").send(PAGE);
  });
  router.get("/start.js", (_request, response) => void response.type("text/javascript").send(START));
  for (const [name, type] of Object.entries(ASSETS)) {
    let bytes: Buffer | undefined;
    router.get(`/${name}`, (_request, response) => {
      bytes ??= readFileSync(join(folder, name));
      response.setHeader("Content-Type", type);
      response.setHeader("Cache-Control", "public, max-age=3600");
      response.end(bytes);
    });
  }
  return router;
}
