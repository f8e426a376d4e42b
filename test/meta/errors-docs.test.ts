import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { ERROR_TABLE } from "../../src/domain/errors.ts";

describe("docs/api.md", () => {
  it("has one row per error reason, with the gRPC status, the HTTP status and whether to retry of the code", () => {
    const documented = readFileSync("docs/api.md", "utf8")
      .split("\n")
      .map((line) => line.split("|").map((cell) => cell.replaceAll("`", "").trim()))
      .filter(([, reason]) => /^[A-Z]+(_[A-Z]+)*$/.test(reason ?? ""))
      .map(([, reason, grpc, http, retry]) => ({ reason, grpc, http: Number(http), retryable: retry === "yes" }));
    const inCode = Object.entries(ERROR_TABLE).map(([reason, row]) => ({ reason, ...row }));
    const byReason = (a: { reason?: string | undefined }, b: { reason?: string | undefined }) =>
      (a.reason ?? "") < (b.reason ?? "") ? -1 : 1;
    assert.deepEqual(documented.sort(byReason), inCode.sort(byReason));
  });
});
