import assert from "node:assert/strict";
import { test } from "node:test";
import type { CompletionToken } from "../../../src/domain/backend.ts";
import { verdictAlternatives } from "../../../src/judges/generative/verdict-tokens.ts";

const tokens = (...written: readonly (string | readonly [string, ...(readonly [string, number])[]])[]): CompletionToken[] =>
  written.map((each) => {
    const [token, ...alternatives] = typeof each === "string" ? [each] : each;
    return { token, logprob: -1, alternatives: new Map(alternatives) };
  });

test("the verdict stands without quotes, spaces and brackets, and its spellings add up", () => {
  const answer = tokens('{"score"', ":", [' "4"}', [" 4", -1], ["5", -2], ['": 5,', -2]]);
  const found = [...verdictAlternatives(answer, "score")!].map(([word, logprob]) => [word, Number(logprob.toFixed(4))]);
  assert.deepEqual(found, [
    ["4", Number((-1 + Math.log(2)).toFixed(4))],
    ["5", Number((-2 + Math.log(2)).toFixed(4))],
  ]);
});

test("a token that is mostly spaces takes linear time: a server that sends one does not hold the gateway", () => {
  const answer = tokens('{"score": ', `5${" ".repeat(4_000_000)}x`);
  assert.equal(verdictAlternatives(answer, "score")!.size, 1);
});
