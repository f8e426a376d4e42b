import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ExternalVerdict } from "../../src/domain/backend.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Item } from "../../src/domain/item.ts";
import { createExternalJudge, externalSchema } from "../../src/judges/external.ts";

const judgeOf = (changes: object = {}) =>
  createExternalJudge(
    { name: "mine", revision: "r" },
    externalSchema.parse({ kind: "external", backend: "svc", version: "1", space: "unit", ...changes }),
  );

const item = (changes: Partial<Item> = {}): Item => ({
  id: "i",
  prompt: [{ role: "user", content: "add" }],
  candidates: [{ content: "a" }, { content: "b", tokens: 3, kl: 0.5 }],
  reference: "secret answer",
  language: "en",
  metadata: { tests: "assert add(1, 1) == 2", owner: "someone" },
  ...changes,
});

/** What the judge makes of verdicts of a service about the group. */
function read(verdicts: readonly ExternalVerdict[], changes: object = {}, version = "1") {
  const judge = judgeOf({ group: true, ...changes });
  return judge
    .decode(judge.encode(item())[0]!, [{ outputs: {}, external: { version, verdicts }, tokens: 1 }], item())
    .map((raw) => (raw.outcome === "scored" ? raw.value : raw.outcome === "abstained" ? raw.message : raw.error.reason));
}

describe("a judge that is a service", () => {
  it("tells the service the prompt and the candidate, and of the rest only what its configuration names", () => {
    const [plain] = judgeOf().encode(item());
    const told = { type: "external", judge: "mine", prompt: item().prompt, candidates: ["a"], metadata: {} };
    assert.deepEqual(plain, { candidates: [0], calls: [told] });
    const [named] = judgeOf({ judge: "unit-tests", reads: ["reference", "language"], metadata: ["tests"] }).encode(item());
    assert.deepEqual(named!.calls, [
      { ...told, judge: "unit-tests", reference: "secret answer", language: "en", metadata: { tests: "assert add(1, 1) == 2" } },
    ]);
  });

  it("asks about each candidate, or once about all of them", () => {
    assert.deepEqual(
      judgeOf()
        .encode(item())
        .map(({ candidates }) => candidates),
      [[0], [1]],
    );
    const asks = judgeOf({ group: true }).encode(item());
    assert.deepEqual(
      asks.map(({ candidates, calls }) => [candidates, calls.length]),
      [[[0, 1], 1]],
    );
  });

  it("does not cover an item without what it reads, or with content that it does not", () => {
    assert.equal(judgeOf({ reads: ["reference"], metadata: ["tests"] }).notApplicable(item()), undefined);
    const { reference: _, ...bare } = item();
    assert.match(judgeOf({ reads: ["reference"] }).notApplicable(bare)!, /item's reference and the item has none/);
    assert.match(judgeOf({ metadata: ["toString"] }).notApplicable(item())!, /metadata "toString"/);
    const image = { content: [{ type: "image" as const, url: "data:," }] };
    assert.match(judgeOf().notApplicable(item({ candidates: [image] }))!, /image/);
    assert.equal(judgeOf({ accepts: ["text", "image"] }).notApplicable(item({ candidates: [image] })), undefined);
  });

  it("takes one candidate's failure for its own, and numbers outside of the space for none", () => {
    const scored = (value: number) => ({ outcome: "scored" as const, value });
    const failed = { outcome: "failed" as const, code: "timeout" };
    assert.deepEqual(read([scored(1), { ...failed, retryable: true }]), [1, "BACKEND_UNAVAILABLE"]);
    assert.deepEqual(
      read([
        { ...failed, retryable: false },
        { outcome: "abstained", code: "no_code" },
      ]),
      ["BACKEND_REFUSED", "the service abstained: no_code"],
    );
    assert.deepEqual(read([scored(1.01), scored(-0.01)]), ["JUDGE_OUTPUT_UNREADABLE", "JUDGE_OUTPUT_UNREADABLE"]);
    assert.deepEqual(read([scored(Number.NaN), scored(0)]), ["SCORE_NOT_FINITE", 0]);
    assert.deepEqual(read([scored(0.1), scored(-3)], { space: "logProbability" }), ["JUDGE_OUTPUT_UNREADABLE", -3]);
    assert.deepEqual(read([scored(-80), scored(99)], { space: "native" }), [-80, 99]);
  });

  it("refuses the scores of another version", () => {
    assert.throws(
      () => read([{ outcome: "scored", value: 1 }], {}, "2"),
      (error) => error instanceof GatewayError && error.reason === "JUDGE_OUTPUT_UNREADABLE" && /another version.* 1;/.test(error.message),
    );
  });

  it("is bitwise only where its configuration says so", () => {
    assert.deepEqual(judgeOf().determinism, { class: "none" });
    assert.deepEqual(judgeOf({ deterministic: true }).determinism, { class: "bitwise" });
  });
});
