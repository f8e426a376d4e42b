import assert from "node:assert/strict";
import { test } from "node:test";
import { requireSameTokens } from "../../../src/backends/logprobs/parity.ts";
import { logProbabilitiesOf, type ReadTokens } from "../../../src/backends/logprobs/protocol.ts";
import { GatewayError } from "../../../src/domain/errors.ts";

const token = (id: number, logprob = -1) => new Map([[id, logprob]]);
const read = (tokens: ReadTokens["tokens"], count = tokens.length): ReadTokens => ({ count, tokens });
const IDS = [11, 12, 13];

test("each token from the first that is asked about has the logarithm that the engine gave it, whether it told of those before or not", () => {
  for (const tokens of [[undefined, token(12, -9), token(13, -0.5)], [token(12, -9), token(13, -0.5)], [token(13, -0.5)]])
    assert.deepEqual(logProbabilitiesOf(read(tokens, 3), IDS, 2), Float32Array.of(-0.5));
  assert.deepEqual(logProbabilitiesOf(read([undefined, token(12, -9), token(13, -0.5)]), IDS, 1), Float32Array.of(-9, -0.5));
});

test("the token that was read is looked up among the likeliest, and what lies above 0 by rounding is 0", () => {
  const likeliest = new Map([
    [99, -0.1],
    [13, 0.000_005],
  ]);
  assert.deepEqual(logProbabilitiesOf(read([likeliest], 3), IDS, 2), Float32Array.of(0));
});

test("what engines write for minus infinity is that, and no number is NaN", () => {
  const found = logProbabilitiesOf(read([token(12, -9999), token(13, Number.NaN)], 3), IDS, 1);
  assert.deepEqual([...found], [Number.NEGATIVE_INFINITY, Number.NaN]);
});

test("an answer about other tokens, or that leaves one out, or with a number above 0, is not believed", () => {
  for (const [what, answer, from] of [
    ["more tokens were read than sent", read([token(13)], 4), 2],
    ["fewer were", read([token(13)], 2), 2],
    ["it tells of more than there are", read([token(10), token(11), token(12), token(13)], 3), 2],
    ["it tells of one more, of which it shows nothing", read([undefined, token(11), token(12), token(13)], 3), 2],
    ["it tells of fewer than are asked about", read([token(13)], 3), 1],
    ["it tells of another token where one is asked about", read([token(12), token(99)], 3), 1],
    ["it tells of another token before", read([token(99), token(13)], 3), 2],
    ["it tells nothing of the first that is asked about", read([undefined, token(13)], 3), 1],
    ["it tells nothing of one that is asked about", read([token(12), undefined], 3), 1],
    ["a probability is above 1", read([token(12), token(13, 0.1)], 3), 1],
    ["one before is above 1", read([token(12, 0.1), token(13)], 3), 2],
  ] as const)
    assert.throws(
      () => logProbabilitiesOf(answer, IDS, from),
      (error) => error instanceof GatewayError && error.reason === "JUDGE_OUTPUT_UNREADABLE",
      what,
    );
});

test("an engine makes the same tokens of a text where it shows each, with no more before them than it may add", () => {
  const same = (tokens: ReadTokens["tokens"], addsBefore: number, count?: number) => {
    try {
      requireSameTokens("policy", read(tokens, count), IDS, addsBefore);
      return true;
    } catch (error) {
      assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID");
      return false;
    }
  };
  const shown = IDS.map((id) => token(id));
  assert.equal(same(shown, 0), true);
  assert.equal(same([undefined, ...shown.slice(1)], 0), true, "nothing is shown of the first token of a text");
  assert.equal(same([undefined, ...shown], 1), true);
  assert.equal(same([token(1), ...shown], 1), true);
  assert.equal(same([token(1), ...shown], 0), false, "one more than may be added");
  assert.equal(same([token(1), undefined, ...shown.slice(1)], 1), false, "nothing is shown of a later one");
  assert.equal(same(shown.slice(1), 1), false, "one is missing");
  assert.equal(same([...shown.slice(0, 2), token(99)], 0), false, "another one");
  assert.equal(same(shown, 0, 4), false, "more were read than are shown");
});
