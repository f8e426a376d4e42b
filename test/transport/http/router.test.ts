import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import type { Route } from "../../../src/transport/http/route.ts";
import { createRouter } from "../../../src/transport/http/router.ts";

const route = (verb: Route["verb"], path: string): Route => ({ verb, path, method: `${verb} ${path}`, handle: () => {} });
const find = createRouter([
  route("post", "/v1/score"),
  route("post", "/v1/score:stream"),
  route("post", "/v1/states/{name}:step"),
  route("get", "/v1/states/{name}/history"),
  route("get", "/v1/states/{name}"),
  route("delete", "/v1/states/{name}"),
  route("get", "/a.b(c)*"),
  route("get", "/a.b(c)*/{name}"),
]);

for (const [target, path, params] of [
  ["/v1/score", "/v1/score", {}],
  ["/v1/score?pretty=1", "/v1/score", {}],
  ["/v1/score#end", "/v1/score", {}],
  ["http://proxied.example:80/v1/score?x", "/v1/score", {}],
  ["/v1/score:stream", "/v1/score:stream", {}],
  ["/v1/states/lambda", "/v1/states/{name}", { name: "lambda" }],
  ["/v1/states/lambda:step", "/v1/states/{name}:step", { name: "lambda" }],
  ["/v1/states/a%2Fb%3Ac/history", "/v1/states/{name}/history", { name: "a/b:c" }],
  ["/a.b(c)*", "/a.b(c)*", {}],
  ["/a.b(c)*/d", "/a.b(c)*/{name}", { name: "d" }],
] as const) {
  test(`${target} is an address of ${path}`, () => {
    const found = find(target);
    assert.equal(found?.path, path);
    assert.deepEqual({ ...found.params }, params);
  });
}

for (const target of [
  "/",
  "*",
  "",
  "//v1/score",
  "/v1/score/",
  "/V1/score",
  "/v1/%73core",
  "/v1/states/",
  "/v1/states/a/b",
  "/v1/States/a",
  "/axb(c)*",
]) {
  test(`${target || "nothing"} is no address of the table`, () => assert.equal(find(target), undefined));
}

test("the verbs of a path are found together, in the order of the table", () => {
  assert.deepEqual(
    find("/v1/states/lambda")?.routes.map(({ verb }) => verb),
    ["get", "delete"],
  );
});

test("a name that cannot be decoded is refused", () => {
  assert.throws(
    () => find("/v1/states/%zz"),
    (error: GatewayError) => error instanceof GatewayError && error.reason === "REQUEST_INVALID",
  );
});

test("two routes of one verb and path are a configuration error that names both", () => {
  assert.throws(
    () => createRouter([route("post", "/score"), route("post", "/score")]),
    /\/score is the path of post \/score and of post \/score/,
  );
});

test("a route that another takes as one of its addresses is a configuration error, whichever is first", () => {
  const [named, plain] = [route("get", "/v1/runs/{run}"), route("post", "/v1/runs/reward")];
  for (const table of [
    [named, plain],
    [plain, named],
  ])
    assert.throws(() => createRouter(table), /give the wire another/);
});
