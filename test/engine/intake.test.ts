import assert from "node:assert/strict";
import { test } from "node:test";
import { createIntake } from "../../src/engine/intake.ts";
import { contextOf, deferred, itemOf, requestOf, settle } from "../support/scripted.ts";

test("a closed intake refuses what comes and lets what is inside finish", async () => {
  const gate = deferred();
  const answer = { panel: "p", panelRevision: "1", results: [], timing: {}, usage: {} } as never;
  const intake = createIntake(async () => {
    await gate.promise;
    return answer;
  });
  const inside = intake.score(requestOf([itemOf("a", ["x"])]), contextOf());
  intake.close();
  await assert.rejects(
    intake.score(requestOf([itemOf("b", ["x"])]), contextOf()),
    (error: { reason: string; details: { retryAfterMs: number } }) => {
      assert.equal(error.reason, "SHUTTING_DOWN");
      return error.details.retryAfterMs > 0;
    },
  );
  let idle = false;
  const becameIdle = intake.idle().then(() => {
    idle = true;
  });
  assert.equal(intake.running, 1);
  assert.equal(idle, false);
  gate.resolve();
  assert.equal(await inside, answer);
  await becameIdle;
  assert.equal(intake.running, 0);
});

test("an intake is idle at once when nobody is inside, and else only when the last request has left", async () => {
  const gates = [deferred(), deferred()];
  const answer = { panel: "p", panelRevision: "1", results: [], timing: {}, usage: {} } as never;
  const intake = createIntake(async ({ items }) => {
    await gates[Number(items[0]!.id)]!.promise;
    return answer;
  });
  await intake.idle();
  const [first, last] = ["0", "1"].map((id) => intake.score(requestOf([itemOf(id, ["x"])]), contextOf()));
  let idle = false;
  const becameIdle = intake.idle().then(() => {
    idle = true;
  });
  gates[0]!.resolve();
  await first;
  await settle();
  assert.deepEqual([idle, intake.running], [false, 1]);
  gates[1]!.resolve();
  await Promise.all([last, becameIdle]);
});

test("those who are refused are told different times to come again, within a fifth of a second around one", async () => {
  let n = 0;
  const intake = createIntake(
    async () => assert.fail("asked"),
    undefined,
    () => (n++ % 1_000) / 1_000,
  );
  intake.close();
  const times = new Set<number>();
  for (let refused = 0; refused < 1_000; refused++) {
    const error = await intake
      .score(requestOf([itemOf("a", ["x"])]), contextOf())
      .catch((thrown: { details: { retryAfterMs: number } }) => thrown);
    times.add((error as { details: { retryAfterMs: number } }).details.retryAfterMs);
  }
  assert.ok(times.size >= 50 && Math.min(...times) >= 800 && Math.max(...times) <= 1_200, `${times.size}`);
});

test("large requests that come together begin one per turn of the event loop, a small one at once", async () => {
  let turn = 0;
  let counting = true;
  const count = () => {
    turn++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  const begun: [string, number][] = [];
  const intake = createIntake(async ({ items }) => {
    begun.push([items[0]!.id, turn]);
    return { panel: "p", panelRevision: "1", results: [], timing: {}, usage: {} } as never;
  });
  const many = Array.from({ length: 32 }, (_, i) => `${i}`);
  const large = (id: string) => requestOf([itemOf(id, many), itemOf(`${id}'`, many)]);
  const all = ["a", "b", "c"].map((id) => intake.score(large(id), contextOf()));
  all.push(intake.score(requestOf([itemOf("small", many)]), contextOf()));
  assert.deepEqual(begun, [["small", 0]]);
  await Promise.all(all);
  counting = false;
  assert.deepEqual(
    begun.map(([id]) => id),
    ["small", "a", "b", "c"],
  );
  const turns = begun.map(([, at]) => at);
  assert.equal(new Set(turns).size, 4, `${turns}`);
});
