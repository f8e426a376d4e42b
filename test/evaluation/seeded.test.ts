import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { uniformOf } from "../../src/evaluation/seeded.ts";
import { close } from "../support/vectors.ts";

describe("uniformOf(seed, name)", () => {
  it("is the first 48 bits of a SHA-256, so any language can repeat a split", () => {
    // python3: int.from_bytes(hashlib.sha256("7\nprompt".encode()).digest()[:6], "big") / 2**48
    assert.ok(close(uniformOf(7, "prompt"), 0.39848833763322133, 1e-12));
  });

  it("spreads names evenly, and another seed spreads them anew", () => {
    const names = Array.from({ length: 4_000 }, (_, i) => `name ${i}`);
    const below = (seed: number) => names.filter((name) => uniformOf(seed, name) < 0.2);
    assert.ok(Math.abs(below(0).length - 800) < 100);
    const both = below(1).filter((name) => uniformOf(0, name) < 0.2);
    assert.ok(Math.abs(both.length - 160) < 50);
  });
});
