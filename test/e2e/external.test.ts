import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { credentials, Metadata } from "@grpc/grpc-js";
import { openGateway, serve } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Item } from "../../src/domain/item.ts";
import { type CandidateResult, DEFAULT_OPTIONS } from "../../src/domain/score.ts";
import * as wire from "../../src/gen/rewardgate/v1/reward_service.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { temporaryFolder } from "../support/bundle.ts";
import {
  GRPC,
  type JudgeService,
  Refusal,
  type ServiceScript,
  startGrpcJudge,
  startHttpJudge,
  textOfContent,
} from "../support/judge-service.ts";
import { settled } from "../support/settled.ts";

const log = createLogger({ level: "silent" });
const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const clean of cleanups) await clean();
});

/** A gateway with one judge, which is a scripted service. */
async function open(service: JudgeService, judge = "", backend = "") {
  service.description = { judges: [{ name: "svc-judge", version: "1", space: "unit" }] };
  const folder = temporaryFolder();
  const file = folder.write(
    "rewardgate.yaml",
    `apiVersion: rewardgate/v1
backends:
  svc: { type: external, url: "${service.url}", healthIntervalSeconds: 0.1, maxAttempts: 1${backend} }
judges:
  svc-judge: { kind: external, backend: svc, version: "1", space: unit${judge} }
panels:
  panel: { members: [{ judge: svc-judge, weight: 1, required: true }] }
`,
  );
  const gateway = await openGateway(await loadConfig({ file, variables: {} }), { log });
  cleanups.push(async () => {
    await gateway.close(0);
    await service.close();
    folder.remove();
  });
  const score = async (texts: readonly string[], changes: Partial<Item> = {}) => {
    const item: Item = { id: "i", prompt: [{ role: "user", content: "p" }], candidates: texts.map((content) => ({ content })), ...changes };
    const request = { panel: "panel", items: [item], options: { ...DEFAULT_OPTIONS, detail: "full" as const } };
    const context = { signal: new AbortController().signal, requestId: "r", transport: "cli" as const };
    return (await gateway.service.score(request, context)).results[0]!.candidates;
  };
  return { gateway, score };
}

/** Judges a candidate by its text: a number is its score, anything else a code to fail or abstain with. */
const obeys: ServiceScript = ({ items }) => ({
  version: "1",
  items: items.map(({ id, candidates }) => ({
    id,
    candidates: candidates.map(({ id, content }) => {
      const text = textOfContent(content);
      if (text === "abstain") return { id, abstained: { code: "unsure" } };
      if (text === "fail") return { id, failed: { code: "broken_tool", retryable: false } };
      return { id, score: Number(text), critique: `It says ${text}.`, findings: [{ name: "said", value: Number(text) }] };
    }),
  })),
});

for (const [protocol, start] of [
  ["HTTP", startHttpJudge],
  ["gRPC", startGrpcJudge],
] as const) {
  describe(`a judge that is a service over ${protocol}`, () => {
    it("rewards each candidate with what the service says, and shows its words and findings", async () => {
      const { score, gateway } = await open(await start(obeys));
      const [first, second] = await score(["0.25", "1"]);
      assert.deepEqual([first!.reward, second!.reward], [0.25, 1]);
      const [part] = first!.judges;
      assert.deepEqual([part!.critique, part!.findings], ["It says 0.25.", [{ name: "said", value: 0.25 }]]);
      const [info] = gateway.service.judges();
      assert.deepEqual([info!.kind, info!.ready, info!.space, info!.determinism], ["external", true, "unit", "none"]);
    });

    it("gives no number where the service has none, and asks about a group only once", async () => {
      const service = await start(obeys);
      const { score } = await open(service, ", group: true");
      const outcomes = (await score(["0.5", "fail", "abstain", "2"])).map(({ reward, judges }) => [reward, judges[0]!.outcome]);
      assert.deepEqual(outcomes, [
        [0.5, "scored"],
        [undefined, "failed"],
        [undefined, "abstained"],
        [undefined, "failed"],
      ]);
      assert.equal(service.asked.length, 1);
    });

    it("asks for the same candidate once, and again when the service has failed it", async () => {
      const service = await start(obeys);
      const { score } = await open(service);
      await score(["0.5", "fail"]);
      assert.deepEqual(
        (await score(["0.5", "fail"])).map(({ judges }) => judges[0]!.cached),
        [true, false],
      );
      assert.equal(service.asked.length, 3);
    });

    it("turns unready with its service, refuses another version's scores, and recovers", async () => {
      const service = await start(obeys);
      const { score, gateway } = await open(service);
      const ready = () => gateway.service.judges()[0]!.ready;
      const refusal = async () => {
        const [{ reward, judges }] = (await score(["0.75"])) as [CandidateResult];
        return [reward, judges[0]!.failure!.reason];
      };
      service.script = (asked) => ({ ...(obeys(asked) as object), version: "2" });
      assert.deepEqual(await refusal(), [undefined, "JUDGE_OUTPUT_UNREADABLE"]);
      service.description = { judges: [{ name: "svc-judge", version: "2", space: "unit" }] };
      await settled(() => !ready());
      const { length } = service.asked;
      assert.deepEqual(await refusal(), [undefined, "BACKEND_UNAVAILABLE"]);
      assert.equal(service.asked.length, length, "one that describes another version is not asked");
      service.description = { judges: [{ name: "svc-judge", version: "1", space: "unit" }] };
      service.script = obeys;
      await settled(ready);
      assert.equal((await score(["0.75"]))[0]!.reward, 0.75);
    });

    it("gives 0 rewards to 100 texts that break it", async () => {
      const service = await start((asked) => {
        if (asked.items.some(({ candidates }) => candidates.some(({ content }) => textOfContent(content).startsWith("break")))) return {};
        return obeys(asked);
      });
      const { score } = await open(service, "", ", batchItems: 8, concurrency: 4");
      const rewards = (await score(Array.from({ length: 100 }, (_, n) => `break ${n}`))).map(({ reward }) => reward);
      assert.deepEqual(new Set(rewards), new Set([undefined]));
    });
  });
}

describe("a chain of client, gateway and service", () => {
  for (const [protocol, start, away] of [
    ["HTTP", startHttpJudge, 503],
    ["gRPC", startGrpcJudge, GRPC.UNAVAILABLE],
  ] as const) {
    it(`over ${protocol} retries in one layer, logs a client's own attempts, and hands none of its credentials on`, async () => {
      const lines: Record<string, unknown>[] = [];
      const service = await start(() => new Refusal(away));
      service.description = { judges: [{ name: "svc-judge", version: "1", space: "unit" }] };
      const folder = temporaryFolder();
      const file = folder.write(
        "rewardgate.yaml",
        `apiVersion: rewardgate/v1
server: { http: { port: 0 }, grpc: { port: 0 }, admin: { port: 0 } }
backends: { svc: { type: external, url: "${service.url}" } }
judges: { svc-judge: { kind: external, backend: svc, version: "1", space: unit } }
panels: { panel: { members: [{ judge: svc-judge }] } }
`,
      );
      const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
      const running = await serve(await loadConfig({ file, variables: {} }), { log: createLogger({ level: "info", destination }) });
      const retryPolicy = {
        ...{ maxAttempts: 5, initialBackoff: "0.01s", maxBackoff: "0.01s", backoffMultiplier: 1 },
        retryableStatusCodes: ["UNAVAILABLE", "UNKNOWN", "INTERNAL"],
      };
      const retries = JSON.stringify({ methodConfig: [{ name: [{}], retryPolicy }] });
      const client = new wire.RewardServiceClient(running.addresses.grpc, credentials.createInsecure(), { "grpc.service_config": retries });
      cleanups.unshift(async () => {
        client.close();
        await running.stop();
        await service.close();
        folder.remove();
      });
      const secrets = { authorization: "Bearer clients-own", "x-api-key": "clients-own", cookie: "clients-own" };
      const metadata = new Metadata();
      for (const [name, value] of Object.entries({ ...secrets, "grpc-previous-rpc-attempts": "2" })) metadata.set(name, value);
      const text = (value: string) => ({ form: { $case: "text" as const, value } });
      const item = { prompt: text("p"), candidates: [{ content: text("0.5") }] };
      const answer = await new Promise<wire.ScoreResponse>((resolve, reject) => {
        const request = wire.ScoreRequest.fromPartial({ panel: "panel", items: [item] });
        client.score(request, metadata, (error, message) => (error ? reject(error) : resolve(message)));
      });
      assert.equal(answer.results[0]!.candidates[0]!.reward, undefined);
      assert.equal(service.asked.length, 3);
      assert.deepEqual(
        lines.filter(({ method }) => method === "Score").map(({ previousAttempts }) => previousAttempts),
        [2],
      );
      const body = JSON.stringify({ panel: "panel", items: [{ prompt: "p", candidates: [{ content: "0.25" }] }] });
      const headers = { "content-type": "application/json", ...secrets };
      assert.equal((await fetch(`${running.addresses.http}/v1/score`, { method: "POST", headers, body })).status, 200);
      assert.ok(service.asked.length > 3);
      assert.doesNotMatch(JSON.stringify([service.headers, service.asked, lines]), /clients-own/);
    });
  }
});
