import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { HealthImplementation } from "grpc-health-check";
import { createExternalBackend, type ExternalBackendOptions } from "../../../src/backends/external/backend.ts";
import { externalParams } from "../../../src/backends/external/params.ts";
import type { CallResult, ExternalCall, OpenBackend, PreparedCall, RunContext } from "../../../src/domain/backend.ts";
import type { GatewayError } from "../../../src/domain/errors.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { temporaryFolder } from "../../support/bundle.ts";
import { DESCRIPTION, GRPC, type JudgeService, Refusal, startGrpcJudge, startHttpJudge } from "../../support/judge-service.ts";
import { settled } from "../../support/settled.ts";

const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

async function openOn(service: JudgeService, changes: Partial<ExternalBackendOptions> = {}) {
  cleanups.push(() => service.close());
  const { type: _, ...defaults } = externalParams.parse({ type: "external", url: service.url, healthIntervalSeconds: 0.1 });
  const metrics = createMetrics({ version: "test", commit: "test" });
  const backend = await createExternalBackend({
    ...defaults,
    name: "svc",
    expected: DESCRIPTION.judges,
    random: () => 0.5,
    metrics,
    ...changes,
  });
  cleanups.push(() => backend.close(0));
  return { backend, metrics };
}

function callOf(candidates: readonly string[], changes: Partial<ExternalCall> = {}): ExternalCall {
  return { type: "external", judge: "length", prompt: [{ role: "user", content: "hi" }], candidates, metadata: {}, ...changes };
}

async function ask(backend: OpenBackend, calls: readonly ExternalCall[], context?: RunContext): Promise<CallResult[]> {
  return backend.run((await backend.prepare(calls)) as PreparedCall[], context);
}

const reasonOf = (error: unknown) => (error as GatewayError).reason;
const values = (result: CallResult | undefined) =>
  result!.external!.verdicts.map((verdict) => (verdict.outcome === "scored" ? verdict.value : verdict.code));

for (const [protocol, start, codes] of [
  ["HTTP", startHttpJudge, { busy: 429, away: 503, wrong: 400, broken: 500 }],
  ["gRPC", startGrpcJudge, { busy: GRPC.RESOURCE_EXHAUSTED, away: GRPC.UNAVAILABLE, wrong: GRPC.INVALID_ARGUMENT, broken: GRPC.INTERNAL }],
] as const) {
  describe(`a service over ${protocol}`, () => {
    it("answers by id, whatever the order, and is told exactly what the call holds", async () => {
      const service = await start();
      const { backend } = await openOn(service, { batchItems: 4 });
      assert.equal(backend.ready, true);
      assert.equal(backend.limits.maxBatchCalls, 4);
      const reference = { reference: "the answer", metadata: { tests: "assert True" } };
      const results = await ask(backend, [callOf(["a", "bbb"], reference), callOf(["ccccc"])]);
      assert.deepEqual(results.map(values), [[1, 3], [5]]);
      assert.equal(service.asked.length, 1);
      const [first, second] = service.asked[0]!.items;
      assert.deepEqual([first!.reference, first!.metadata], ["the answer", { tests: "assert True" }]);
      assert.deepEqual([second!.reference ?? null, Object.keys(second!.metadata ?? {})], [null, []]);
    });

    it("asks about judges apart, in requests of their own", async () => {
      const service = await start();
      const { backend } = await openOn(service, { batchItems: 4 });
      assert.deepEqual((await ask(backend, [callOf(["a"]), callOf(["bb"], { judge: "other" })])).map(values), [[1], [2]]);
      assert.deepEqual(service.asked.map(({ judge }) => judge).sort(), ["length", "other"]);
    });

    it("tells abstentions and failures by their code, and keeps words and findings within bounds", async () => {
      const service = await start(() => ({
        version: "1",
        items: [
          {
            id: "0",
            candidates: [
              {
                id: "0",
                score: 0.5,
                critique: "Two\u0007 of four.\n",
                findings: [{ name: "test 1", value: 1, text: "ok", start: 0, end: 2 }],
              },
              { id: "1", abstained: { code: "no_code" } },
              { id: "2", failed: { code: "out_of_memory", retryable: true } },
              { id: "3", score: 1, critique: "x".repeat(9_000) },
            ],
          },
        ],
      }));
      const { backend } = await openOn(service);
      const [result] = await ask(backend, [callOf(["a", "b", "c", "d"])]);
      const [scored, abstained, failed, long] = result!.external!.verdicts;
      const findings = [{ name: "test 1", value: 1, text: "ok", start: 0, end: 2 }];
      assert.deepEqual(scored, { outcome: "scored", value: 0.5, critique: "Two of four.\n", findings });
      assert.deepEqual(abstained, { outcome: "abstained", code: "no_code" });
      assert.deepEqual(failed, { outcome: "failed", code: "out_of_memory", retryable: true });
      assert.equal(long!.outcome === "scored" && long!.critique!.length, 8_000);
    });

    const item = (...candidates: unknown[]) => ({ version: "1", items: [{ id: "0", candidates }] });
    const bad: [what: string, answer: unknown][] = [
      ["a candidate is missing", item({ id: "0", score: 1 })],
      ["one is there twice", item({ id: "0", score: 1 }, { id: "0", score: 1 })],
      ["one is unknown", item({ id: "0", score: 1 }, { id: "2", score: 1 })],
      ["one has no outcome", item({ id: "0", score: 1 }, { id: "1" })],
      ["a code holds words", item({ id: "0", score: 1 }, { id: "1", failed: { code: "Ran: rm -rf", retryable: true } })],
      ["an item is missing", { version: "1", items: [] }],
      ["no version is told", { version: "", items: [] }],
    ];
    for (const [what, answer] of bad) {
      it(`fails the call when ${what}`, async () => {
        const { backend } = await openOn(await start(() => answer));
        const error = await ask(backend, [callOf(["a", "b"])]).catch((thrown: unknown) => thrown);
        assert.equal(reasonOf(error), "JUDGE_OUTPUT_UNREADABLE");
        assert.doesNotMatch((error as GatewayError).message, /rm -rf/);
      });
    }

    it("asks again only where that is safe", async () => {
      const service = await start();
      const { backend } = await openOn(service);
      const failing = async (refusal: Refusal, times: number) => {
        service.asked.length = 0;
        const normal = service.script;
        let left = times;
        service.script = (asked) => (left-- > 0 ? refusal : normal(asked));
        const outcome = await ask(backend, [callOf(["a"])]).then(([result]) => values(result), reasonOf);
        service.script = normal;
        return [outcome, service.asked.length];
      };
      assert.deepEqual(await failing(new Refusal(codes.away), 1), [[1], 2]);
      assert.deepEqual(await failing(new Refusal(codes.busy, { "retry-after": "0" }), 1), [[1], 2]);
      assert.deepEqual(await failing(new Refusal(codes.busy), 1), ["BACKEND_UNAVAILABLE", 1]);
      assert.deepEqual(await failing(new Refusal(codes.wrong), 1), ["BACKEND_REFUSED", 1]);
      assert.deepEqual(await failing(new Refusal(codes.broken), 1), ["BACKEND_UNAVAILABLE", 1]);
    });

    it("is asked with its own key, and told how long its callers wait", async () => {
      const folder = temporaryFolder();
      cleanups.push(() => folder.remove());
      const file = folder.write("key", "first");
      const service = await start();
      const { backend } = await openOn(service, { apiKey: { file } });
      const context = { signal: new AbortController().signal, remainingMs: () => 5_000, alone: false };
      await ask(backend, [callOf(["a"])], context);
      assert.deepEqual([service.headers[0]!.authorization, service.headers[0]!["x-request-timeout-ms"]], ["Bearer first", "4980"]);
      writeFileSync(file, "second");
      await settled(() => {
        void ask(backend, [callOf(["a"])]);
        return service.headers.at(-1)!.authorization === "Bearer second";
      });
    });

    it("is left alone when nobody waits any more, and is late after its time", async () => {
      const service = await start(() => undefined);
      const { backend } = await openOn(service);
      const gone = new AbortController();
      const asked = ask(backend, [callOf(["a"])], { signal: gone.signal, remainingMs: () => 60_000, alone: false });
      await settled(() => service.asked.length === 1);
      gone.abort();
      assert.equal(reasonOf(await asked.catch((thrown: unknown) => thrown)), "CALLER_GONE");
      const hasty = await openOn(service, { responseTimeoutSeconds: 0.2 });
      const late = await ask(hasty.backend, [callOf(["a"])]).catch((thrown: unknown) => thrown);
      assert.match((late as GatewayError).message, /did not answer in time/);
    });

    it("is ready only with the judges, versions and spaces that are expected of it", async () => {
      const service = await start();
      const { backend } = await openOn(service);
      assert.equal(backend.ready, true);
      service.description = { judges: [{ name: "length", version: "2", space: "native" }] };
      await settled(() => !backend.ready);
      service.description = { judges: [...DESCRIPTION.judges, { name: "more", version: "7", space: "unit" }] };
      await settled(() => backend.ready);
      service.description = { judges: [{ name: "length", version: "1", space: "unit" }] };
      await settled(() => !backend.ready);
      service.description = new Refusal(codes.broken);
      assert.equal(backend.ready, false);
    });

    it("is not ready while nothing listens, and its calls say so", async () => {
      const service = await start();
      await service.close();
      const { backend } = await openOn(service, { maxAttempts: 1 });
      assert.equal(backend.ready, false);
      const error = await ask(backend, [callOf(["a"])]).catch((thrown: unknown) => thrown);
      assert.equal(reasonOf(error), "BACKEND_UNAVAILABLE");
    });

    it("reads no answer beyond the bound", async () => {
      const { backend } = await openOn(await start(() => item({ id: "0", score: 1, critique: "x".repeat(4_000) })), {
        maxResponseBytes: 2_048,
      });
      assert.equal(reasonOf(await ask(backend, [callOf(["a"])]).catch((thrown: unknown) => thrown)), "JUDGE_OUTPUT_UNREADABLE");
    });
  });
}

describe("a service over gRPC", () => {
  it("is asked for its health first, where it has a health service", async () => {
    const health = new HealthImplementation({ "": "NOT_SERVING" });
    const { backend } = await openOn(await startGrpcJudge(undefined, health));
    assert.equal(backend.ready, false);
    health.setStatus("", "SERVING");
    await settled(() => backend.ready);
  });

  it("sees a deadline, and scores that are no numbers as such", async () => {
    const service = await startGrpcJudge(() => ({ version: "1", items: [{ id: "0", candidates: [{ id: "0", score: Number.NaN }] }] }));
    const { backend } = await openOn(service);
    const [result] = await ask(backend, [callOf(["a"])], { signal: new AbortController().signal, remainingMs: () => 40_000, alone: false });
    assert.deepEqual(values(result), [Number.NaN]);
    // Without callers it would be that of the configuration, a minute.
    assert.ok(service.deadlines[0]! <= 42_000);
  });

  it("gets images and text parts as parts", async () => {
    const service = await startGrpcJudge((asked) => ({
      version: "1",
      items: [{ id: asked.items[0]!.id, candidates: [{ id: "0", score: 1 }] }],
    }));
    const { backend } = await openOn(service);
    const content = [
      { type: "text" as const, text: "see" },
      { type: "image" as const, url: "data:image/png;base64,AA==" },
    ];
    await ask(backend, [callOf([], { candidates: [content], prompt: [{ role: "tool", content: "result" }] })]);
    const [asked] = service.asked[0]!.items;
    assert.equal(asked!.prompt[0]!.role, 5);
    assert.match(JSON.stringify(asked!.candidates), /"see".*data:image/);
  });
});

describe("externalParams", () => {
  it("takes addresses of one protocol only, without keys in them", () => {
    const parse = (url: unknown) => externalParams.safeParse({ type: "external", url }).success;
    assert.ok(parse("grpc://127.0.0.1:7000") && parse(["http://a:1", "https://b:2"]));
    assert.ok(!parse(["grpc://a:1", "http://b:2"]) && !parse("ftp://a") && !parse("http://u:p@a") && !parse("127.0.0.1:7000"));
  });
});
