import assert from "node:assert/strict";
import { test } from "node:test";
import { explainRefusal } from "../../../src/backends/llamacpp/protocol.ts";
import { type Ending, readEnding } from "../../../src/backends/upstream/ending.ts";
import type { HttpOutcome } from "../../../src/backends/upstream/http-target.ts";
import { ForbiddenHost } from "../../../src/backends/upstream/resolve-host.ts";
import { type ErrorReason, GatewayError } from "../../../src/domain/errors.ts";

/** How an answer of status 500 ends, as llama.cpp's server writes its errors. */
function ending(message: string) {
  const body = JSON.stringify({ error: { code: 500, message, type: "server_error" } });
  const outcome = { kind: "answered", status: 500, contentType: "application/json", body } as const;
  return readEnding("rm", outcome, { answer: () => undefined, refusal: (said) => explainRefusal("rm", said) });
}

test("an answer of status 500 that says that the call is too long is a refusal of the call and no failure of the server", () => {
  const read = ending("input (604 tokens) is too large to process. increase the physical batch size (current batch size: 512)");
  assert.ok(read.blame === "succeeded" && "error" in read);
  assert.deepEqual([read.outcome, read.again, read.error.reason], ["refused", "never", "ITEM_TOO_LONG"]);
});

test("any other answer of status 500 is a failure of the server, and another address may be asked", () => {
  const read = ending("out of memory");
  assert.ok(read.blame === "failed");
  assert.deepEqual([read.outcome, read.again, read.error.reason], ["failed", "elsewhere", "BACKEND_UNAVAILABLE"]);
});

const JSON_TYPE = "application/json";
const read = (outcome: HttpOutcome): Ending<string> => readEnding("rm", outcome, { answer: (body) => body || undefined });
const answered = (status: number, more: { retryAfter?: string; pushbackMs?: number } = {}) =>
  read({ kind: "answered", status, contentType: JSON_TYPE, body: "", ...more });

/** What speaks of the server, and where the same call may be made again. */
const kindOf = (ending: Ending<string>) => {
  assert.ok(ending.outcome !== "ok");
  const replaced = ending.replaced === undefined ? "" : `, ${ending.replaced} replaced`;
  return `${ending.outcome}, ${ending.blame}, ${ending.again}, ${ending.error.reason}${replaced}`;
};

test("each status has its own meaning for the caller, for the server's health, and for where the call may be made again", () => {
  for (const [statuses, kind] of [
    [[408, 502, 503, 504], "failed, failed, anywhere, BACKEND_UNAVAILABLE"],
    [[424, 500, 501, 599], "failed, failed, elsewhere, BACKEND_UNAVAILABLE"],
    [[429], "throttled, succeeded, elsewhere, BACKEND_UNAVAILABLE"],
    [[401, 403, 404], "refused, succeeded, elsewhere, BACKEND_REFUSED"],
    [[300, 301, 400, 405, 413, 422], "refused, succeeded, never, BACKEND_REFUSED"],
  ] as const)
    for (const status of statuses) assert.equal(kindOf(answered(status)), kind, String(status));
});

test("a call without an answer is made again elsewhere, anywhere, or never, by why there is none", () => {
  for (const [outcome, kind] of [
    [{ kind: "late" }, "late, failed, elsewhere, BACKEND_UNAVAILABLE"],
    [{ kind: "broken", cause: new Error("reset") }, "failed, failed, anywhere, BACKEND_UNAVAILABLE, perhaps replaced"],
    [{ kind: "broken", cause: new ForbiddenHost("not there") }, "failed, failed, elsewhere, BACKEND_UNAVAILABLE, perhaps replaced"],
    [{ kind: "unreadable" }, "unreadable, failed, never, JUDGE_OUTPUT_UNREADABLE"],
    [{ kind: "withdrawn" }, "withdrawn, withdrawn, never, CALLER_GONE"],
  ] satisfies [HttpOutcome, string][])
    assert.equal(kindOf(read(outcome)), kind);
});

test("a 2xx is an answer where it is JSON that can be read, and else unreadable, whatever else it could be", () => {
  const body = (contentType: string, text: string, status = 200) => read({ kind: "answered", status, contentType, body: text });
  for (const contentType of [JSON_TYPE, "application/json; charset=utf-8", "Application/JSON", "application/problem+json"])
    assert.deepEqual(body(contentType, "1", 299), { outcome: "ok", blame: "succeeded", answer: "1" });
  for (const [contentType, text] of [
    ["", "1"],
    ["text/html", "1"],
    ["text/event-stream", "1"],
    ["application/jsonl", "1"],
    [JSON_TYPE, ""],
  ] as const)
    assert.equal(kindOf(body(contentType, text)), "unreadable, failed, never, JUDGE_OUTPUT_UNREADABLE");
});

test("events are an answer where they were taken as they came, and an answer of another server is none", () => {
  const reading = {
    answer: (body: string) => body,
    events: () => "taken",
    flaw: () => new GatewayError("BACKEND_REFUSED", "another model"),
  };
  const events: HttpOutcome = { kind: "answered", status: 200, contentType: "text/event-stream; charset=utf-8", body: "" };
  assert.deepEqual(readEnding("rm", events, { ...reading, flaw: () => undefined }), { outcome: "ok", blame: "succeeded", answer: "taken" });
  assert.equal(kindOf(readEnding("rm", { ...events, contentType: "text/plain" }, reading)), kindOf(read({ kind: "unreadable" })));
  assert.equal(kindOf(readEnding("rm", events, reading)), "unreadable, failed, elsewhere, BACKEND_REFUSED, surely replaced");
});

test("what a server says about a refused call is told; of its own failures only that the call is at fault is believed", () => {
  const said = (status: number, reason: ErrorReason) =>
    kindOf(
      readEnding(
        "rm",
        { kind: "answered", status, contentType: JSON_TYPE, body: "" },
        {
          answer: (body: string) => body,
          refusal: () => new GatewayError(reason, "said so"),
        },
      ),
    );
  for (const status of [400, 424, 500]) assert.equal(said(status, "ITEM_TOO_LONG"), "refused, succeeded, never, ITEM_TOO_LONG");
  assert.equal(said(500, "SCORE_NOT_FINITE"), "refused, succeeded, never, SCORE_NOT_FINITE");
  for (const status of [424, 500]) assert.equal(said(status, "BACKEND_REFUSED"), "failed, failed, elsewhere, BACKEND_UNAVAILABLE");
  assert.equal(said(503, "ITEM_TOO_LONG"), "failed, failed, anywhere, BACKEND_UNAVAILABLE");
});

test("how long a server wants to be left alone is heeded and told to callers, in full milliseconds and 30 s at most", () => {
  for (const status of [429, 503]) {
    for (const [more, ms] of [
      [{ retryAfter: "1.5" }, 1_500],
      [{ retryAfter: "31" }, 30_000],
      [{ pushbackMs: 0 }, 0],
      [{ pushbackMs: 12.2, retryAfter: "7" }, 12.2],
    ] as const) {
      const ending = answered(status, more);
      assert.ok(ending.outcome !== "ok");
      assert.deepEqual([ending.again, ending.hintMs, ending.error.details], ["anywhere", ms, { retryAfterMs: Math.ceil(ms) }]);
    }
  }
});

test("a call that a server does not want again is not made again anywhere", () => {
  for (const status of [401, 429, 500, 503]) {
    const ending = answered(status, { pushbackMs: -1, retryAfter: "7" });
    assert.ok(ending.outcome !== "ok");
    assert.deepEqual([ending.again, ending.hintMs, ending.error.details], ["never", undefined, {}]);
  }
});

test("a refusal says what to look at: the key, the address that it redirects to, or what was asked", () => {
  for (const [status, remedy] of [
    [401, /apiKey/],
    [403, /apiKey/],
    [307, /redirects/],
    [400, /url, model and limits/],
  ] as const) {
    const ending = answered(status);
    assert.ok(ending.outcome !== "ok");
    assert.match(ending.error.message, remedy);
  }
});
