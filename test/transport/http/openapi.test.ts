import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ERROR_TABLE } from "../../../src/domain/errors.ts";
import { ScoreResponseJson, ScoreStreamResponseJson } from "../../../src/transport/http/response-schema.ts";
import { openHttp } from "../../support/servers.ts";

interface Operation {
  requestBody?: { content: Record<string, { examples?: Record<string, { value: unknown }> }> };
  responses: Record<string, { description: string }>;
}
let http: Awaited<ReturnType<typeof openHttp>>;
let document: {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Record<string, unknown>> };
};

before(async () => {
  http = await openHttp();
  document = (await (await fetch(`${http.url}/openapi.json`)).json()) as typeof document;
});
after(() => http.close());

test("the document is OpenAPI 3.1 and its references resolve", () => {
  assert.equal(document.openapi, "3.1.0");
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1] as string);
  assert.ok(references.length > 10);
  for (const name of references) assert.ok(document.components.schemas[name], name);
});

test("the document has every route of the server, and no other", async () => {
  for (const [path, operations] of Object.entries(document.paths)) {
    const verbs = Object.keys(operations);
    const response = await fetch(http.url + path, { method: "PATCH" });
    assert.equal(response.status, 405, path);
    assert.equal(response.headers.get("allow"), verbs.map((verb) => verb.toUpperCase()).join(", "));
  }
  assert.deepEqual(Object.keys(document.paths), [
    "/v1/score",
    "/v1/score:stream",
    "/v1/judges",
    "/v1/panels",
    "/v1/states",
    ...[":step", ":pin", ":unpin", ":reset", "/history", ""].map((rest) => `/v1/states/{name}${rest}`),
    "/v1/runs",
    ...[":pinBaseline", "/alarms", ""].map((rest) => `/v1/runs/{run}${rest}`),
    "/v1/version",
  ]);
});

test("every example of a request is answered with 200 and what the document says", async () => {
  let sent = 0;
  for (const [path, { post }] of Object.entries(document.paths)) {
    for (const [type, { examples }] of Object.entries(post?.requestBody?.content ?? {})) {
      for (const { value } of Object.values(examples ?? {})) {
        const body = typeof value === "string" ? value : JSON.stringify(value);
        const response = await http.post(path, body, { "content-type": type });
        assert.equal(response.status, 200);
        const text = await response.text();
        if (type === "application/json") ScoreResponseJson.parse(JSON.parse(text));
        else {
          for (const line of text.trimEnd().split("\n")) {
            const answer = ScoreStreamResponseJson.parse(JSON.parse(line));
            assert.ok("result" in answer);
          }
        }
        sent++;
      }
    }
  }
  assert.equal(sent, 3);
});

test("every status of the error table is documented with its reasons", () => {
  const responses = document.paths["/v1/score"]?.post?.responses ?? {};
  for (const [reason, { http: status }] of Object.entries(ERROR_TABLE)) {
    if (reason !== "CALLER_GONE") assert.match(responses[String(status)]?.description ?? "", new RegExp(`\\b${reason}\\b`));
  }
});

test("every property of every schema says what it means", () => {
  const silent: string[] = [];
  const walk = (schema: unknown, path: string) => {
    if (typeof schema !== "object" || schema === null) return;
    for (const [name, property] of Object.entries((schema as { properties?: object }).properties ?? {})) {
      const described = "description" in property || "$ref" in property || "const" in property || "allOf" in property;
      if (!described && !/(prompt|content|candidates|text|members|panels|judges|options|error|timing|usage|result|items)$/.test(name))
        silent.push(`${path}.${name}`);
      walk(property, `${path}.${name}`);
    }
    for (const key of ["items", "anyOf", "oneOf"] as const) {
      const inner = (schema as Record<string, unknown>)[key];
      for (const each of Array.isArray(inner) ? inner : [inner]) walk(each, path);
    }
  };
  for (const [name, schema] of Object.entries(document.components.schemas)) walk(schema, name);
  assert.deepEqual(silent, []);
});
