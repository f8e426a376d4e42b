import assert from "node:assert/strict";
import { test } from "node:test";
import { createReadinessBoard } from "../../src/engine/readiness.ts";

test("a board is ready when every check passes, and tells each change once", () => {
  const board = createReadinessBoard(["judge a", "judge b"]);
  const heard: boolean[] = [];
  const stop = board.onChange(({ ready }) => heard.push(ready));
  assert.equal(board.current().ready, false);
  board.set("judge a", true, "serving");
  board.set("judge a", true, "serving");
  board.set("judge b", true, "serving");
  board.set("judge b", false, "lost");
  stop();
  board.set("judge b", true, "serving");
  assert.deepEqual(heard, [false, true, false]);
  assert.deepEqual(
    board.current().checks.map((check) => check.message),
    ["serving", "serving"],
  );
});
