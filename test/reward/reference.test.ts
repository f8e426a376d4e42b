import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { normalQuantile, referenceParams, resolveReference } from "../../src/reward/reference.ts";
import { close, vectors } from "../support/vectors.ts";

const METHODS = { quantile: "quantile", normal_quantile: "normalQuantile" } as Record<string, string>;

describe("reference", () => {
  for (const { case: name, input, params, expected } of vectors("tf.reference")) {
    it(`resolveReference agrees with the worked case: ${name}`, () => {
      const reference = referenceParams.parse({ method: METHODS[params.kind], scores: input.reference_rewards, q: params.q });
      assert.ok(close(resolveReference(reference), expected.ref));
    });
  }

  it("normalQuantile agrees with the normal distribution in the centre and in both tails", () => {
    // python3: [statistics.NormalDist().inv_cdf(p) for p in (0.85, 0.001, 0.975, 1e-20)]
    const expected = { 0.85: 1.03643338949379, 0.001: -3.09023230616781, 0.975: 1.95996398454005, 1e-20: -9.26234008979841 };
    for (const [p, value] of Object.entries(expected)) assert.ok(close(normalQuantile(Number(p)), value, 1e-13), p);
  });
});
