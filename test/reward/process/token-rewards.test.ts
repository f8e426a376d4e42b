import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { placeOnTokens, tokenEnds } from "../../../src/reward/process/token-rewards.ts";
import { close } from "../../support/vectors.ts";

const refuses = (run: () => unknown, reason = "REQUEST_INVALID") =>
  assert.throws(run, (error) => error instanceof GatewayError && error.reason === reason);

describe("placeOnTokens", () => {
  it("keeps the sum of the rewards and gives tokens after the last step nothing", () => {
    const response = fc.record({
      lengths: fc.array(fc.nat(4), { minLength: 1, maxLength: 8 }),
      rest: fc.nat(3),
      rewards: fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 8, maxLength: 8 }),
    });
    fc.assert(
      fc.property(response, ({ lengths, rest, rewards }) => {
        let end = 0;
        const ends = lengths.map((length, h) => (end += h === 0 ? length + 1 : length));
        const given = rewards.slice(0, ends.length);
        for (const placement of ["lastToken", "uniform"] as const) {
          const placed = placeOnTokens(given, ends, end + rest, placement);
          assert.ok(
            close(
              placed.reduce((a, b) => a + b, 0),
              given.reduce((a, b) => a + b, 0),
              1e-9,
            ),
          );
          assert.ok(placed.subarray(end).every((reward) => reward === 0));
        }
      }),
    );
  });

  it("adds the rewards of steps that end within one token", () => {
    assert.deepEqual([...placeOnTokens([1, 2], [2, 2], 2, "lastToken")], [0, 3]);
    assert.deepEqual([...placeOnTokens([1, 2], [2, 2], 2, "uniform")], [0.5, 2.5]);
  });

  it("refuses ends that do not fit, and rewards that are not finite", () => {
    for (const ends of [[1], [0, 1], [2, 1], [1, 4], [1, 1.5]]) refuses(() => placeOnTokens([1, 1], ends, 3, "uniform"));
    refuses(() => placeOnTokens([Number.NaN], [1], 1, "lastToken"), "SCORE_NOT_FINITE");
  });
});

describe("tokenEnds", () => {
  it("counts a token to the step whose characters it holds, though it reaches beyond, and special tokens to none", () => {
    // "ab.\n\ncd": the second token holds the full stop and the line break.
    const offsets: [number, number][] = [
      [0, 0],
      [0, 2],
      [2, 5],
      [5, 7],
      [0, 0],
    ];
    assert.deepEqual(
      tokenEnds(
        [
          { start: 0, end: 3 },
          { start: 5, end: 7 },
        ],
        offsets,
      ),
      [3, 4],
    );
  });

  it("gives two steps within one token the same end", () => {
    const steps = [
      { start: 0, end: 1 },
      { start: 2, end: 3 },
    ];
    assert.deepEqual(tokenEnds(steps, [[0, 4]]), [1, 1]);
  });

  it("refuses offsets that go backwards, and those that begin after the first step", () => {
    const steps = [{ start: 0, end: 9 }];
    refuses(() =>
      tokenEnds(steps, [
        [3, 5],
        [1, 3],
      ]),
    );
    refuses(() => tokenEnds([{ start: 0, end: 2 }], [[2, 4]]));
    refuses(() => tokenEnds(steps, []));
  });
});
