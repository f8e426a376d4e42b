import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { sharedPaths } from "../../../src/transport/http/wire-paths.ts";
import { OPEN_INFERENCE_PATHS, openInferenceRoutes } from "../../../src/transport/open-inference/http.ts";
import { lengthModel } from "../../support/open-inference.ts";
import { LIMITS } from "../../support/scripted-service.ts";
import { openHttp } from "../../support/servers.ts";

const at = (path: string) => ({ panel: "chat", path, onFailure: "error" }) as const;
const triton = {};
const openInference = lengthModel();

test("a wire on the path of another route is found without a server wherever the server refuses it, and nowhere else", async () => {
  const tables = [
    { score: at("/v1/score") },
    { score: at("/v1/judges") },
    { score: at("/v1/states") },
    { score: at("/openapi.json") },
    { slime: at("/reward"), openrlhf: at("/reward") },
    { rerank: at("/score") },
    { rerank: at("/score"), score: at("/v2/score") },
    { nemoGym: at("/seed_session") },
    { tei: at("/info") },
    { tei: at("/info"), classify: at("/predict") },
    { classify: at("/v1/embeddings") },
    { slime: at("/v1/runs/reward") },
    { slime: at("/v1/runs/reward/alarms") },
    { roll: at("/v1/states/reward") },
    { score: at("/v1/states/reward/history/score") },
    { rerank: at("/runs/reward") },
    { nemoGym: at("/judge"), slime: at("/ng-rollout/one/judge") },
    { slime: at("/ng-rollout/one/judge"), nemoGym: at("/judge") },
    { nemoGym: at("/judge"), tei: at("/ng-rollout/one/two/judge") },
    { llamaFactory: at("/v1/score/evaluation"), roll: at("/roll") },
    { triton, slime: at("/v2/models/reward/infer") },
    { triton, score: at("/v2/models/reward") },
    { triton, classify: at("/v2/models/reward/versions/1/config") },
    { triton, tei: at("/v2/health/predict") },
    { triton, tei: at("/v2/models/predict") },
    { triton, rerank: at("/models/reward/infer") },
    { triton, rerank: at("/rerank"), score: at("/v2/models/reward/score") },
  ];
  for (const wires of tables) {
    const refused = await openHttp({ wires, ...("triton" in wires && { openInference }) }).then(
      async (server) => {
        await server.close();
        return false;
      },
      (error) => {
        assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID", String(error));
        return true;
      },
    );
    assert.equal(sharedPaths(wires).length > 0, refused, JSON.stringify(wires));
  }
});

test("a wire that a route with a parameter would keep from being reached, or the other way round, is found", () => {
  assert.deepEqual(sharedPaths({ slime: at("/v1/runs/reward") }), [{ wire: "slime", path: "/v1/runs/reward", other: undefined }]);
  assert.deepEqual(sharedPaths({ roll: at("/v1/states/reward") }), [{ wire: "roll", path: "/v1/states/reward", other: undefined }]);
  assert.deepEqual(sharedPaths({ chat: { path: "/v1/runs/any/alarms" } }), [
    { wire: "chat", path: "/v1/runs/any/alarms", other: undefined },
  ]);
  assert.deepEqual(sharedPaths({ nemoGym: at("/judge"), tei: at("/ng-rollout/one/judge") }), [
    { wire: "tei", path: "/ng-rollout/one/judge", other: "nemoGym" },
  ]);
  assert.deepEqual(sharedPaths({ slime: at("/ng-rollout/one/judge"), nemoGym: at("/judge") }), [
    { wire: "nemoGym", path: "/ng-rollout/{rollout}/judge", other: "slime" },
  ]);
  assert.deepEqual(sharedPaths({ slime: at("/v1/runs/reward/score"), nemoGym: at("/judge"), tei: at("/ng-rollout/judge") }), []);
});

test("the wire of the open inference protocol holds the addresses of its routes, and nothing else has to keep away from them", async () => {
  const { model } = openInference;
  const routes = openInferenceRoutes({ model, version: "", limits: LIMITS, bodyMs: 1, scorerOf: () => async () => [] });
  assert.deepEqual(
    routes.map(({ verb, path }) => ({ verb, path })),
    OPEN_INFERENCE_PATHS,
  );
  const slime = at("/v2/models/reward/infer");
  assert.deepEqual(sharedPaths({ triton, slime }), [{ wire: "slime", path: slime.path, other: "triton" }]);
  assert.deepEqual(sharedPaths({ slime }), []);
  const chat = { path: "/v2/models/chat" };
  assert.deepEqual(sharedPaths({ triton, chat }), [{ wire: "chat", path: chat.path, other: "triton" }]);
});

test("the relay of chats has a path of its own", () => {
  const chat = { path: "/v1/score" };
  assert.deepEqual(sharedPaths({ chat }), [{ wire: "chat", path: "/v1/score", other: undefined }]);
  assert.deepEqual(sharedPaths({ chat: { path: "/reward" }, slime: at("/reward") }), [{ wire: "chat", path: "/reward", other: "slime" }]);
  assert.deepEqual(sharedPaths({ chat: { path: "/v1/chat/completions" }, slime: at("/reward") }), []);
});
