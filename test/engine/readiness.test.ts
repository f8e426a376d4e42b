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

test("a check that does not decide is told and listed, and leaves the board ready", () => {
  const board = createReadinessBoard([]);
  const heard: boolean[] = [];
  board.onChange(({ ready }) => heard.push(ready));
  board.set("judge here", true, "serving");
  board.set("judge elsewhere", false, "its server does not answer", false);
  assert.deepEqual(heard, [true, true]);
  assert.deepEqual(
    board.current().checks.map(({ ok, decides }) => [ok, decides]),
    [
      [true, true],
      [false, false],
    ],
  );
  board.set("judge here", false, "lost");
  assert.equal(board.current().ready, false);
});
