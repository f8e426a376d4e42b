import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Gateway, openGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { ScoreRequest } from "../../src/gen/rewardgate/v1/reward_service.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";
import { openGrpc, openHttp } from "../support/servers.ts";
import { itemJson, itemProto } from "../support/wire-requests.ts";

/** A rule in front of a real model: the length of an answer settles most items, and the model is asked about the others. */
let tiny: TestGateway;
let gateway: Gateway;
let http: Awaited<ReturnType<typeof openHttp>>;
let grpc: Awaited<ReturnType<typeof openGrpc>>;

const NATIVE = { method: "affine", slope: 1, intercept: 0, spaceOut: "native" };

before(async () => {
  tiny = await writeGateway({
    sections: {
      judges: {
        "tiny-objectives": { bundle: "models/tiny-objectives", backend: "local", overlong: "truncate" },
        "tiny-reward": { bundle: "models/tiny-reward", backend: "local" },
        length: { rule: "lengthBand", unit: "words", min: 2, max: 9, margin: 2 },
      },
      panels: {
        chat: {
          members: [
            { judge: "length", calibration: NATIVE, weight: 0.5 },
            { judge: "tiny-reward", calibration: NATIVE, weight: 0.5, stage: 1 },
          ],
          sequence: { margin: 0.25 },
          advantages: { method: "grpo", convention: "trl" },
        },
      },
    },
  });
  gateway = await openGateway(await loadConfig({ file: tiny.config, variables: {} }), { log: createLogger({ level: "silent" }) });
  http = await openHttp({ service: gateway.service });
  grpc = await openGrpc({ service: gateway.service });
});
after(async () => {
  await http.close();
  await grpc.close();
  await gateway.close(0);
  tiny.remove();
});

const SETTLED = ["good egg water", "good"];
const OPEN = ["good egg", "bad water rome", "good"];

const SETTLED_PART = { stages: 2, asked: 1, openBy: [], leftOpen: [], spared: 2, tokens: 0 };
const OPEN_PART = { stages: 2, asked: 2, leftOpen: [], spared: 0 };

describe("a panel in stages, over a real model", () => {
  it("answers over HTTP with what was asked, why, and what it cost", async () => {
    const body = JSON.stringify({ panel: "chat", items: [itemJson("settled", ...SETTLED), itemJson("open", ...OPEN)] });
    const response = await fetch(`${http.url}/v1/score`, { method: "POST", headers: { "content-type": "application/json" }, body });
    assert.equal(response.status, 200);
    const { results, usage } = (await response.json()) as {
      results: {
        judging: object;
        candidates: { status: string; reward: number; advantage: number; judges: { [key: string]: unknown }[] }[];
      }[];
      usage: { tokens: number };
    };
    const [settled, open] = results;
    assert.deepEqual(settled!.judging, { ...SETTLED_PART, stopped: "settled" });
    assert.deepEqual(open!.judging, { ...OPEN_PART, stopped: "settled", openBy: ["margin"], tokens: usage.tokens });
    assert.ok(usage.tokens > 0);
    const [unasked] = settled!.candidates;
    assert.deepEqual([unasked!.status, unasked!.reward, unasked!.judges[1]!.outcome], ["complete", 1, "not_asked"]);
    assert.match(JSON.stringify(unasked!.judges[1]!.error), /JUDGE_SKIPPED.*left nothing open/);
    for (const { status, reward, judges } of open!.candidates) {
      const [length, model] = judges as { transformed: number; outcome: string; weight: number }[];
      assert.deepEqual([status, model!.outcome, length!.weight], ["complete", "scored", 0.5]);
      assert.ok(Math.abs(reward - (length!.transformed + model!.transformed) / 2) < 1e-12);
    }
    for (const { candidates } of results) assert.ok(Math.abs(candidates.reduce((sum, { advantage }) => sum + advantage, 0)) < 1e-6);
  });

  it("says the same over gRPC", async () => {
    const request = ScoreRequest.fromPartial({ panel: "chat", items: [itemProto("settled", ...SETTLED), itemProto("open", ...OPEN)] });
    const { results } = await grpc.score(request);
    const [settled, open] = results;
    assert.deepEqual(settled!.judging, { ...SETTLED_PART, stopped: 1 });
    assert.equal(settled!.candidates[0]!.judges[1]!.outcome, 6);
    // The scores are in the cache by now.
    assert.deepEqual(open!.judging, { ...OPEN_PART, stopped: 1, openBy: [5], tokens: 0 });
    assert.equal(open!.candidates[0]!.judges[1]!.outcome, 1);
  });
});
