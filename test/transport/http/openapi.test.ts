import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ERROR_TABLE } from "../../../src/domain/errors.ts";
import { ScoreResponseJson, ScoreStreamResponseJson } from "../../../src/transport/http/response-schema.ts";
import { openHttp } from "../../support/servers.ts";
import { bodyJson, itemJson } from "../../support/wire-requests.ts";

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
        const response = await http.post(path, JSON.stringify(value), { "content-type": type });
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

test("every operation documents the statuses of errors, and that of overload is the one that is configured", async (t) => {
  const other = await openHttp({ overloadHttpStatus: 429 });
  t.after(other.close);
  const configured = (await (await fetch(`${other.url}/openapi.json`)).json()) as typeof document;
  for (const [{ paths }, overload, not] of [
    [document, "503", "429"],
    [configured, "429", "503"],
  ] as const) {
    for (const [path, operations] of Object.entries(paths)) {
      for (const { responses } of Object.values(operations)) {
        assert.match(responses[overload]?.description ?? "", /\bQUEUE_FULL\b/, path);
        assert.doesNotMatch(responses[not]?.description ?? "", /\bQUEUE_FULL\b/, path);
        assert.match(responses["405"]?.description ?? "", /\bMETHOD_NOT_ALLOWED\b/, path);
      }
    }
  }
});

/** A request that is fine but for one text. */
const REQUEST_WITH: Record<string, (property: string, value: string) => object> = {
  ScoreRequest: (property, value) => ({ ...bodyJson("x"), [property]: value }),
  Item: (property, value) => ({ panel: "chat", items: [{ ...itemJson("a", "x"), [property]: value }] }),
  Criterion: (property, value) => ({ panel: "chat", items: [{ ...itemJson("a", "x"), criteria: [{ text: "x", [property]: value }] }] }),
  WeightSet: (property, value) => ({ ...bodyJson("x"), options: { weightSets: [{ memberWeights: { length: 1 }, [property]: value }] } }),
};

for (const [schema, properties] of Object.entries({
  ScoreRequest: ["run", "policyVersion"],
  Item: ["id", "domain", "language"],
  Criterion: ["name"],
  WeightSet: ["name"],
})) {
  for (const property of properties) {
    test(`${property} of ${schema} may be as long as the document says, and what it says`, async () => {
      const said = (document.components.schemas[schema]!.properties as Record<string, Record<string, unknown>>)[property]!;
      const most = Number(said.maxLength);
      const status = async (value: string) => (await http.post("/v1/score", JSON.stringify(REQUEST_WITH[schema]!(property, value)))).status;
      assert.equal(await status("x".repeat(most)), 200);
      assert.notEqual(await status("x".repeat(most + 1)), 200);
      assert.equal((await status("")) === 200, (said.minLength ?? 0) === 0);
      for (const value of ["a\u0000b", "a\u0085b", "a b", "a\u{1f436}b"]) {
        assert.equal((await status(value)) === 200, new RegExp(String(said.pattern ?? ""), "u").test(value), JSON.stringify(value));
      }
    });
  }
}

test("x-request-timeout-ms may be as much as the document says", async () => {
  const { parameters } = document.paths["/v1/score"]!.post as unknown as { parameters: { name: string; schema: { maximum: number } }[] };
  const { maximum } = parameters.find(({ name }) => name === "x-request-timeout-ms")!.schema;
  for (const [value, status] of [
    [maximum, 200],
    [maximum + 1, 400],
  ] as const) {
    const response = await http.post("/v1/score", JSON.stringify(bodyJson("x")), { "x-request-timeout-ms": String(value) });
    assert.equal(response.status, status);
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
