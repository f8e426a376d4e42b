import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/domain/errors.ts";
import { MAX_DEADLINE_MS, resolveOptions, type WireOptions } from "../../src/transport/request-options.ts";

test("no options means every default", () => {
  assert.deepEqual(resolveOptions(undefined), { detail: "full", cache: "use", priority: "standard" });
  assert.deepEqual(resolveOptions({ objectiveWeights: {} }), { detail: "full", cache: "use", priority: "standard" });
});

test("the earlier of the option and the call's own deadline counts", () => {
  assert.equal(resolveOptions({ deadlineMs: 500 }, 200).deadlineMs, 200);
  assert.equal(resolveOptions({ deadlineMs: 100 }, 200).deadlineMs, 100);
  assert.equal(resolveOptions(undefined, 200).deadlineMs, 200);
  assert.equal(resolveOptions({ deadlineMs: MAX_DEADLINE_MS }).deadlineMs, MAX_DEADLINE_MS);
});

test("a call whose deadline has passed is refused", () => {
  assert.throws(
    () => resolveOptions(undefined, 0),
    (error) => error instanceof GatewayError && error.reason === "DEADLINE_EXCEEDED",
  );
});

test("weights give steering with the mode's share", () => {
  const weights = { helpful: 1, verbose: -0.5 };
  assert.deepEqual(resolveOptions({ objectiveWeights: weights }).steering, { weights, mode: "override", alpha: 1 });
  assert.deepEqual(resolveOptions({ objectiveWeights: weights, steeringMode: "multiply" }).steering, {
    weights,
    mode: "multiply",
    alpha: 1,
  });
  const blend = resolveOptions({ objectiveWeights: weights, steeringMode: "blend", steeringAlpha: 0 }).steering;
  assert.deepEqual(blend, { weights, mode: "blend", alpha: 0 });
});

const objectiveWeights = { helpful: 1 };
const bad: [string, WireOptions][] = [
  ["options.deadlineMs", { deadlineMs: 0 }],
  ["options.deadlineMs", { deadlineMs: 1.5 }],
  ["options.deadlineMs", { deadlineMs: MAX_DEADLINE_MS + 1 }],
  ["options.objectiveWeights", { objectiveWeights: { helpful: Number.NaN } }],
  ["options.objectiveWeights", { objectiveWeights: { helpful: Number.POSITIVE_INFINITY } }],
  ["options.steeringMode", { steeringMode: "blend" }],
  ["options.steeringAlpha", { steeringAlpha: 0.5 }],
  ["options.steeringAlpha", { objectiveWeights, steeringMode: "blend" }],
  ["options.steeringAlpha", { objectiveWeights, steeringMode: "blend", steeringAlpha: 1.01 }],
  ["options.steeringAlpha", { objectiveWeights, steeringMode: "blend", steeringAlpha: -0.01 }],
  ["options.steeringAlpha", { objectiveWeights, steeringMode: "blend", steeringAlpha: Number.NaN }],
  ["options.steeringAlpha", { objectiveWeights, steeringMode: "override", steeringAlpha: 0.5 }],
];
for (const [field, options] of bad) {
  test(`resolveOptions(${Object.entries(options)
    .map(([key, value]) => `${key}: ${typeof value === "object" ? Object.values(value) : value}`)
    .join(", ")}) refuses ${field}`, () => {
    assert.throws(
      () => resolveOptions(options),
      (error) => error instanceof GatewayError && error.reason === "REQUEST_INVALID" && error.details.field === field,
    );
  });
}
