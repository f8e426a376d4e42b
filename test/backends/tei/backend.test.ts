import assert from "node:assert/strict";
import { after, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { createTeiBackend } from "../../../src/backends/tei/backend.ts";
import { teiParams } from "../../../src/backends/tei/params.ts";
import type { Call, OpenBackend, PreparedCall } from "../../../src/domain/backend.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { ENGINE_SHAPES, type EngineDouble, startEngineDouble } from "../../support/engine-doubles.ts";
import { startTeiGrpcDouble } from "../../support/grpc-engine-doubles.ts";
import { manualClock } from "../../support/manual-clock.ts";

const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

async function backendOf(doubles: readonly EngineDouble[]): Promise<OpenBackend> {
  const { type: _, ...params } = teiParams.parse({ type: "tei", url: doubles.map(({ url }) => url), model: "rm", gives: "scores" });
  const backend = await createTeiBackend({ ...params, name: "tei", clock: manualClock(), random: () => 0.5 });
  cleanups.push(() => backend.close(0));
  return backend;
}

async function ask(backend: OpenBackend): Promise<string | number> {
  const call: Call = { type: "forward", overlong: "error", segments: [{ text: "hello", origin: "candidate" }] };
  try {
    const [result] = await backend.run((await backend.prepare([call])) as PreparedCall[]);
    return result!.outputs.scores![0]!;
  } catch (thrown) {
    return GatewayError.from(thrown).reason;
  }
}

const WIRES = {
  HTTP: {
    start: () => startEngineDouble(ENGINE_SHAPES.teiPredict, "rm"),
    statuses: { validation: 422, backend: 424 },
  },
  gRPC: {
    start: () => startTeiGrpcDouble("rm", "classifier"),
    statuses: { validation: status.INVALID_ARGUMENT, backend: status.FAILED_PRECONDITION },
  },
};

for (const [wire, { start, statuses }] of Object.entries(WIRES)) {
  async function doubleOf(): Promise<EngineDouble> {
    const double = await start();
    cleanups.push(() => double.close());
    return double;
  }
  const refusal = (type: keyof typeof statuses, error: string) => ({
    refusal: { status: statuses[type], error: { error, error_type: type } },
  });

  test(`over ${wire} a text that is too long is said to be so, counted in tokens and in characters`, async () => {
    const double = await doubleOf();
    const backend = await backendOf([double]);
    for (const unit of ["tokens", "characters"]) {
      double.fault = refusal("validation", `\`inputs\` must have less than 512 ${unit}. Given: 700`);
      assert.equal(await ask(backend), "ITEM_TOO_LONG", unit);
    }
    double.fault = refusal("validation", "`prompt_name` cannot be set");
    assert.equal(await ask(backend), "BACKEND_REFUSED");
  });

  test(`over ${wire} a server whose model fails loses no call while another works, and is left alone`, async () => {
    const [well, ill] = [await doubleOf(), await doubleOf()];
    const backend = await backendOf([well, ill]);
    const before = ill.calls.length;
    ill.fault = refusal("backend", "Inference failed");
    for (let n = 0; n < 40; n++) assert.equal(typeof (await ask(backend)), "number");
    assert.equal(ill.calls.length - before, 5);
  });

  test(`over ${wire} a text for which the model has no number fails alone, and its server is not blamed`, async () => {
    const double = await doubleOf();
    const backend = await backendOf([double]);
    double.fault = refusal("backend", "score is NaN");
    for (let n = 0; n < 10; n++) assert.equal(await ask(backend), "SCORE_NOT_FINITE");
    assert.equal(backend.ready, true);
    double.fault = {};
    assert.equal(typeof (await ask(backend)), "number");
  });
}
