import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wilson } from "../../../src/evaluation/intervals.ts";
import { type EnoughRule, enoughVotes, evenVoteVariance, moderatedError } from "../../../src/judges/generative/enough-votes.ts";

const RULE: EnoughRule = { min: 2, max: 8, standardError: 0.05, evenVariance: 1 / 12 };
const stopOf = (votes: readonly (number | null)[], rule: Partial<EnoughRule> = {}) => enoughVotes(votes, { ...RULE, ...rule }).stop;
const near = (found: number, expected: number) => assert.ok(Math.abs(found - expected) < 1e-12, `${found} and ${expected}`);
const someVotes = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 32 });

test("evenVoteVariance(values) is the variance of the values themselves, and that of the even distribution without a count", () => {
  for (const k of [2, 3, 5, 10, 101]) {
    const values = Array.from({ length: k }, (_, i) => i / (k - 1));
    near(evenVoteVariance(k), values.reduce((total, value) => total + (value - 0.5) ** 2, 0) / k);
  }
  near(evenVoteVariance(), 1 / 12);
});

test("moderatedError(votes, evenVariance) of yes and no is Wilson's half-width at z = 1, (n + 1)/n times", () => {
  for (let n = 1; n <= 12; n++) {
    for (let yes = 0; yes <= n; yes++) {
      const votes = Array.from({ length: n }, (_, i) => (i < yes ? 1 : 0));
      const { low, high } = wilson(yes, n, 1);
      near(moderatedError(votes, 1 / 4), ((high - low) / 2) * ((n + 1) / n));
    }
  }
});

test("moderatedError(votes, evenVariance) is never 0, asks no order, and is the same for scores turned around", () => {
  fc.assert(
    fc.property(someVotes, (votes) => {
      const error = moderatedError(votes, 1 / 12);
      assert.ok(error >= Math.sqrt(1 / 12) / votes.length - 1e-12 && error <= Math.sqrt(votes.length / 4 + 1 / 12) / votes.length + 1e-12);
      near(moderatedError([...votes].reverse(), 1 / 12), error);
      near(
        moderatedError(
          votes.map((vote) => 1 - vote),
          1 / 12,
        ),
        error,
      );
    }),
  );
});

test("moderatedError(votes, evenVariance) falls with every vote that agrees with the mean, and nears the usual error of many", () => {
  fc.assert(
    fc.property(someVotes, (votes) => {
      const mean = votes.reduce((total, vote) => total + vote, 0) / votes.length;
      assert.ok(moderatedError([...votes, mean], 1 / 12) < moderatedError(votes, 1 / 12));
    }),
  );
  const many = Array.from({ length: 4000 }, (_, i) => (i % 2 === 0 ? 0.4 : 0.8));
  assert.ok(Math.abs(moderatedError(many, 1 / 12) / (0.2 / Math.sqrt(3999)) - 1) < 1e-3);
});

test("two equal votes are not precise, six of a continuous scale are, and of yes and no it takes ten", () => {
  const firstStop = (evenVariance: number) => {
    for (let n = 2; n <= 32; n++) if (stopOf(Array(n).fill(0.9), { max: 32, evenVariance }) !== undefined) return n;
    return undefined;
  };
  assert.deepEqual([firstStop(evenVoteVariance()), firstStop(evenVoteVariance(10)), firstStop(evenVoteVariance(2))], [6, 7, 10]);
});

test("votes that differ are drawn up to the most, and no further", () => {
  assert.equal(stopOf([0, 1, 0, 1, 0, 1, 0]), undefined);
  assert.equal(stopOf([0, 1, 0, 1, 0, 1, 0, 1]), "max_samples");
});

test("fewer votes than the least never stop, whatever they say", () => {
  assert.equal(stopOf([], { standardError: 0.5 }), undefined);
  assert.equal(stopOf([1], { standardError: 0.5 }), undefined);
  assert.equal(stopOf([1, 1], { standardError: 0.5 }), "precise");
});

test("a threshold is decided by a mean more than two errors away, on either side", () => {
  const rule = { standardError: undefined, threshold: 0.5, evenVariance: 1 / 4 };
  assert.equal(stopOf([1, 1], rule), undefined);
  assert.equal(stopOf([1, 1, 1], rule), "decided");
  assert.equal(stopOf([0, 0, 0], rule), "decided");
  assert.equal(stopOf([1, 1, 0], rule), undefined);
});

test("what cannot be read is drawn and gives no vote; more than half must be read before anything is precise", () => {
  const { drawn, read, standardError, stop } = enoughVotes([null, 0.5, null], { ...RULE, standardError: 0.4 });
  assert.deepEqual([drawn, read, stop], [3, 1, undefined]);
  near(standardError!, Math.sqrt(1 / 12));
  assert.equal(stopOf([null, 0.5, 0.5], { standardError: 0.4 }), "precise");
  assert.equal(stopOf([null, 0.5, 0.5], { standardError: 0.4, minValid: 3 }), undefined);
  assert.deepEqual(enoughVotes([null, null], RULE), { drawn: 2, read: 0, standardError: null, stop: undefined });
});

test("votes are given up once those that are left could not make enough", () => {
  assert.equal(stopOf([null, null, null]), undefined);
  assert.equal(stopOf([null, null, null, null]), "too_few");
  assert.equal(stopOf([0.5, null], { max: 3, minValid: 3 }), "too_few");
});

test("any votes stop by the most, and a stop is not a question of what comes after it", () => {
  const anyVotes = fc.array(fc.oneof(fc.constant(null), fc.double({ min: 0, max: 1, noNaN: true })), { minLength: 8, maxLength: 8 });
  fc.assert(fc.property(anyVotes, (votes) => assert.notEqual(stopOf(votes), undefined)));
});

test("a vote that is not finite is refused", () => {
  assert.throws(() => enoughVotes([0.5, Number.NaN], RULE), { reason: "SCORE_NOT_FINITE" });
});
