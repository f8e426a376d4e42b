import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { listwiseAgreement, scoreRankConsistency } from "../../../src/judges/generative/listwise-agreement.ts";
import { close } from "../../support/vectors.ts";

const scores = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 7 });
const named = (values: readonly number[]) => new Map(values.map((value, i) => [`c${i}`, value]));

describe("scoreRankConsistency", () => {
  it("is 1 for the order of the scores, 0 for the reverse of scores that all differ, and 1 − x for a reversed ranking then", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { minLength: 2, maxLength: 7 }), fc.func(fc.nat()), (values, key) => {
        const table = named(values);
        const best = [...table.keys()].sort((a, b) => table.get(b)! - table.get(a)!);
        const any = [...table.keys()].sort((a, b) => key(a) - key(b));
        assert.equal(scoreRankConsistency(table, best), 1);
        assert.equal(scoreRankConsistency(table, best.toReversed()), 0);
        assert.ok(close(scoreRankConsistency(table, any) + scoreRankConsistency(table, any.toReversed()), 1, 1e-12));
      }),
    );
  });

  it("is 1 where there is nothing to contradict: equal scores, one name, names without a score", () => {
    assert.equal(scoreRankConsistency(named([3, 3, 3]), ["c2", "c0", "c1"]), 1);
    assert.equal(scoreRankConsistency(named([3]), ["c0"]), 1);
    assert.equal(scoreRankConsistency(named([1, 2]), ["c0", "x"]), 1);
  });
});

describe("listwiseAgreement", () => {
  it("is 1 with oneself, in [0, 1] elsewhere, and the same whatever order the names come in", () => {
    fc.assert(
      fc.property(scores, fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 7, maxLength: 7 }), (gold, said) => {
        const [people, judge] = [named(gold), named(said.slice(0, gold.length))];
        const agreement = listwiseAgreement(judge, people);
        assert.equal(listwiseAgreement(people, people), 1);
        assert.ok(agreement >= 0 && agreement <= 1);
        assert.ok(close(listwiseAgreement(new Map([...judge].reverse()), new Map([...people].reverse())), agreement, 1e-12));
      }),
    );
  });

  it("is 0 for the reverse, ½ for ties where all gold scores differ, and 1 below two common names", () => {
    assert.equal(listwiseAgreement(named([1, 2, 3]), named([3, 2, 1])), 0);
    assert.equal(listwiseAgreement(named([2, 2, 2]), named([3, 2, 1])), 0.5);
    assert.equal(listwiseAgreement(named([2, 1]), named([3, 3])), 1, "either order of what people tie");
    assert.equal(listwiseAgreement(named([1]), named([5, 1])), 1);
    assert.equal(listwiseAgreement(new Map(), named([5, 1])), 1);
  });

  it("minds a pair more, the further people hold it apart", () => {
    const gold = named([5, 2, 1]);
    assert.ok(listwiseAgreement(named([5, 1, 2]), gold) > listwiseAgreement(named([2, 5, 1]), gold));
  });
});
