import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { believe, readingOf, settle, TOLERABLE } from "../../../src/judges/generative/reading.ts";

const unreadable = (message: RegExp) => (error: unknown) =>
  error instanceof GatewayError && error.reason === "JUDGE_OUTPUT_UNREADABLE" && message.test(error.message);

describe("believe", () => {
  it("gives the value of a reading without doubts, and of none that is unreadable", () => {
    assert.equal(believe(readingOf(3, { conflict: false })), 3);
    assert.throws(() => believe({ status: "unreadable", why: "it gives no verdict" }), unreadable(/it gives no verdict$/));
  });

  it("refuses every doubt unless it is tolerated, and names all that are left", () => {
    for (const doubt of TOLERABLE) {
      assert.throws(() => believe(readingOf(3, { [doubt]: true })), unreadable(/:/));
      assert.equal(believe(readingOf(3, { [doubt]: true }), [doubt]), 3);
    }
    const reading = readingOf(3, { partial: true, mended: true, conflict: true });
    assert.throws(() => believe(reading, ["partial"]), unreadable(/contradicts itself, and it is not in the form/));
  });

  it("tolerates neither a contradiction nor a forgery, whatever a caller says", () => {
    for (const doubt of ["conflict", "forged"] as const) {
      // @ts-expect-error: these two are not tolerable
      assert.throws(() => believe(readingOf(3, { [doubt]: true }), [doubt]), unreadable(/contradicts itself|under judgement/));
    }
  });
});

describe("settle", () => {
  it("decides as believing does, without throwing: the value, or why it is not to be relied on", () => {
    assert.deepEqual(settle({ status: "read", value: 4, doubts: ["partial"] }, ["partial"]), { status: "read", value: 4 });
    const settled = settle({ status: "read", value: 4, doubts: ["forged", "partial"] }, ["partial"]);
    assert.deepEqual(settled, { status: "unreadable", why: "a text under judgement holds the same verdict" });
    assert.deepEqual(settle({ status: "unreadable", why: "it is empty" }), { status: "unreadable", why: "it is empty" });
  });
});
