import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { standardiseGroup } from "../../../src/reward/group/advantages.ts";
import { GROUP_CONVENTIONS, SPREAD_CONVENTIONS } from "../../../src/reward/group/conventions.ts";
import { moments } from "../../../src/reward/moments.ts";
import { close } from "../../support/vectors.ts";

describe("conventions", () => {
  it("give one group different advantages, as the trainers do", () => {
    // With rewards 0 and 1 the deviation is √½: TRL divides ½ by √½ + 1e-4, verl by √½ + 1e-6.
    const of = (name: keyof typeof GROUP_CONVENTIONS) => standardiseGroup([0, 1], GROUP_CONVENTIONS[name]).advantages[1]!;
    assert.ok(close(of("trl"), 0.5 / (Math.SQRT1_2 + 1e-4), 1e-12));
    assert.ok(close(of("verl"), 0.5 / (Math.SQRT1_2 + 1e-6), 1e-12));
    assert.equal(of("gdpo"), of("trl"));
  });

  it("name the two divisors of one published ensemble code", () => {
    const std = (name: keyof typeof SPREAD_CONVENTIONS) => moments([1, 3], SPREAD_CONVENTIONS[name].ddof).std;
    assert.deepEqual([std("uwo-ppo"), std("uwo-bon")], [Math.SQRT2, 1]);
  });
});
