import assert from "node:assert/strict";
import { test } from "node:test";
import { allFinite } from "../../src/engine/judgement.ts";

test("a score is finite when its value, objectives, gating and findings are", () => {
  const base = { outcome: "scored", value: 1 } as const;
  assert.ok(allFinite(base));
  assert.ok(allFinite({ outcome: "abstained", message: "no opinion" }));
  assert.equal(allFinite({ outcome: "abstained", message: "no opinion", findings: [{ name: "a", value: Number.NaN }] }), false);
  assert.ok(allFinite({ ...base, findings: [{ name: "a" }, { name: "b", value: 0 }] }));
  for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(allFinite({ ...base, value: wrong }), false);
    assert.equal(allFinite({ ...base, objectives: Float64Array.of(0, wrong) }), false);
    assert.equal(allFinite({ ...base, gating: Float64Array.of(wrong) }), false);
    assert.equal(
      allFinite({
        ...base,
        findings: [
          { name: "a", value: 1 },
          { name: "b", value: wrong },
        ],
      }),
      false,
    );
  }
});
