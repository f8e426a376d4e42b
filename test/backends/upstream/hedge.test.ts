import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ending, readEnding } from "../../../src/backends/upstream/ending.ts";
import { createHedgePolicy, hedged } from "../../../src/backends/upstream/hedge.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { settle } from "../../support/scripted.ts";

test("a call takes long when it lasts longer than 95 % of the last 200 did, and no less than 10 ms", () => {
  const hedge = createHedgePolicy();
  for (let n = 0; n < 19; n++) hedge.lasted(1_000);
  assert.equal(hedge.delayMs, undefined);
  hedge.lasted(1_000);
  assert.equal(hedge.delayMs, 1_000);
  for (let ms = 1; ms <= 200; ms++) hedge.lasted(ms);
  assert.equal(hedge.delayMs, 190);
  for (let ms = 200; ms >= 1; ms--) hedge.lasted(ms);
  assert.equal(hedge.delayMs, 190);
  for (let n = 0; n < 200; n++) hedge.lasted(2);
  assert.equal(hedge.delayMs, 10);
});

test("one call in twenty is made twice at most, however many take long; calm times save up for ten", () => {
  const hedge = createHedgePolicy();
  let extra = 0;
  for (let n = 0; n < 1_000; n++) {
    hedge.began();
    if (hedge.take()) extra++;
  }
  assert.equal(extra, 50);
  for (let n = 0; n < 10_000; n++) hedge.began();
  let burst = 0;
  while (hedge.take()) burst++;
  assert.equal(burst, 10);
});

/** A call that is made again once it takes 10 ms, whose attempts end when the test says so. */
function callOf(lasted = 20) {
  const clock = manualClock();
  const hedge = createHedgePolicy();
  for (let n = 0; n < lasted; n++) hedge.lasted(10);
  const caller = new AbortController();
  const attempts: { readonly givenUp: AbortSignal; readonly end: (ending: Ending<string>) => void }[] = [];
  const attempt = (givenUp: AbortSignal) => new Promise<Ending<string>>((end) => attempts.push({ givenUp, end }));
  const won: boolean[] = [];
  const ending = hedged<string>({
    ...{ hedge, clock, signal: caller.signal },
    first: attempt,
    second: async () => attempt,
    onEnd: (second) => won.push(second),
  });
  return { clock, caller, attempts, won, ending };
}

const answered = (answer: string): Ending<string> => ({ outcome: "ok", blame: "succeeded", answer });
const failed = (status: number): Ending<string> =>
  readEnding("rm", { kind: "answered", status, contentType: "application/json", body: "" }, { answer: (body) => body });

test("the first answer of a call that is made twice is taken, and the attempt without one given up", async () => {
  for (const first of [0, 1]) {
    const { clock, attempts, won, ending } = callOf();
    clock.advance(10);
    await settle(1);
    assert.equal(attempts.length, 2);
    attempts[first]!.end(answered("here"));
    assert.deepEqual(await ending, answered("here"));
    assert.deepEqual(
      attempts.map(({ givenUp }) => givenUp.aborted),
      [first === 1, first === 0],
    );
    assert.deepEqual(won, [first === 1]);
  }
});

test("where one attempt of a call that is made twice fails, the other is waited for and its answer taken", async () => {
  for (const failing of [0, 1]) {
    const { clock, attempts, won, ending } = callOf();
    clock.advance(10);
    await settle(1);
    attempts[failing]!.end(failed(500));
    await settle(1);
    assert.deepEqual(
      attempts.map(({ givenUp }) => givenUp.aborted),
      [false, false],
    );
    attempts[1 - failing]!.end(answered("here"));
    assert.deepEqual(await ending, answered("here"));
    assert.deepEqual(won, [failing === 0]);
  }
});

test("where both attempts of a call that is made twice fail, it ends as the first of them to fail", async () => {
  for (const first of [0, 1]) {
    const { clock, attempts, won, ending } = callOf();
    clock.advance(10);
    await settle(1);
    attempts[first]!.end(failed(503));
    await settle(1);
    attempts[1 - first]!.end(failed(500));
    assert.match(String(((await ending) as { error?: Error }).error?.message), /status 503/);
    assert.deepEqual(won, [false]);
  }
});

test("no call is made twice before 20 have shown how long they take", async () => {
  const { clock, attempts, ending } = callOf(19);
  for (const ms of [0, 1_000]) {
    clock.advance(ms);
    await settle(1);
  }
  assert.equal(attempts.length, 1);
  attempts[0]!.end(answered("here"));
  assert.deepEqual(await ending, answered("here"));
});

test("a call that ends, or whose callers leave, before it takes long is not made again, and leaves no timer behind", async () => {
  const { clock, caller, attempts, ending } = callOf();
  attempts[0]!.end(failed(503));
  await ending;
  const left = callOf();
  left.caller.abort();
  await settle(1);
  for (const { clock: later } of [{ clock }, left]) later.advance(1_000);
  await settle(1);
  assert.deepEqual([attempts.length, left.attempts.length], [1, 1]);
  assert.deepEqual([clock.pending, left.clock.pending, caller.signal.aborted], [0, 0, false]);
});
