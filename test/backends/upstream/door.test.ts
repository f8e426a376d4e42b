import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../../../src/backends/upstream/address.ts";
import { type Arrival, createDoor } from "../../../src/backends/upstream/door.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { addressPool } from "../../support/address-pool.ts";
import { settle } from "../../support/scripted.ts";

/** A door to some addresses, and a way to come to it. */
async function doorOf(count: number, prove?: (address: Address) => Promise<void>) {
  const { addresses, clock, pool } = await addressPool(count, prove);
  let resorts = 0;
  const door = createDoor({ name: "rm", clock, random: () => 0.5, onLastResort: () => resorts++ });
  const caller = new AbortController();
  const arrival = { addresses, tried: new Set<Address>(), proving: false, remainingMs: () => Infinity, signal: caller.signal };
  const enter = (changes: Partial<Arrival> = {}) => door.enter({ ...arrival, ...changes });
  const why = (changes: Partial<Arrival> = {}) => enter(changes).then(() => assert.fail("it entered"), GatewayError.from);
  return { addresses, caller, clock, door, enter, pool, why, resorts: () => resorts };
}

test("whoever enters takes a place at an address, which counts as a call under way", async () => {
  const { addresses, enter } = await doorOf(2);
  const entered = [await enter(), await enter()];
  assert.deepEqual(new Set(entered.map(({ address }) => address)), new Set(addresses));
  assert.deepEqual(
    addresses.map(({ load }) => load),
    [1, 1],
  );
});

test("a call waits out the time that an address asked to be left alone, spread upwards, and no longer", async () => {
  const { addresses, clock, enter } = await doorOf(1);
  addresses[0]!.restUntil = clock.now() + 1_000;
  let entered = false;
  const call = enter().then(() => (entered = true));
  await settle(1);
  clock.advance(1_099);
  await settle(1);
  assert.equal(entered, false);
  clock.advance(1);
  await call;
});

test("a call goes at once to an address that did not ask to be left alone", async () => {
  const { addresses, clock, enter } = await doorOf(2);
  for (const [resting, other] of [
    [0, 1],
    [1, 0],
  ] as const) {
    addresses[resting]!.restUntil = clock.now() + 1_000;
    Object.assign(addresses[resting]!, { load: 0 });
    Object.assign(addresses[other]!, { restUntil: 0, load: 5 });
    assert.equal((await enter()).address, addresses[other]);
  }
});

test("a call whose callers would not wait for a rest fails at once, and is told how long it is", async () => {
  const { addresses, clock, why } = await doorOf(1);
  addresses[0]!.restUntil = clock.now() + 1_000;
  const { reason, details } = await why({ remainingMs: () => 1_100 });
  assert.deepEqual([reason, details.retryAfterMs, clock.pending], ["BACKEND_UNAVAILABLE", 1_100, 1]);
});

test("a call whose callers leave, before it comes or while it waits, takes no place", async () => {
  const { addresses, caller, clock, why } = await doorOf(1);
  addresses[0]!.restUntil = clock.now() + 1_000;
  const waiting = why();
  await settle(1);
  caller.abort();
  assert.deepEqual([(await waiting).reason, (await why()).reason, addresses[0]!.load], ["CALLER_GONE", "CALLER_GONE", 0]);
});

test("while the only address is left alone calls are refused, and told when to come again: no sooner, and not all at once", async () => {
  const { addresses, door, why } = await doorOf(1);
  assert.doesNotThrow(() => door.requireOpen(addresses, false));
  addresses[0]!.circuit.eject();
  const { reason, details } = await why();
  assert.deepEqual([reason, details.retryAfterMs], ["BACKEND_UNAVAILABLE", 5_500]);
  assert.throws(() => door.requireOpen(addresses, false), { reason: "BACKEND_UNAVAILABLE" });
  assert.equal(addresses[0]!.load, 0);
});

test("while all of several are left alone, the one that is due first is probed once a second, and every other call is refused", async () => {
  const { addresses, clock, door, enter, why, resorts } = await doorOf(2);
  addresses[0]!.circuit.eject();
  clock.advance(10);
  addresses[1]!.circuit.eject();
  assert.doesNotThrow(() => door.requireOpen(addresses, false));
  const { address, leave } = await enter();
  assert.deepEqual([address, addresses[0]!.load, resorts()], [addresses[0], 1, 1]);
  const refused = await why();
  assert.deepEqual([refused.reason, refused.details.retryAfterMs], ["BACKEND_UNAVAILABLE", Math.ceil(4_990 * 1.1)]);
  assert.throws(() => door.requireOpen(addresses, false));
  leave.failed();
  clock.advance(999);
  await why();
  clock.advance(1);
  assert.equal((await enter()).address, addresses[1]);
  assert.equal(resorts(), 2);
});

test("an address that is another server, or has not shown what it must, is no last resort", async () => {
  const { addresses, why } = await doorOf(2);
  for (const address of addresses) address.circuit.eject();
  addresses[0]!.strange = true;
  addresses[1]!.proof.doubt();
  assert.equal((await why()).reason, "BACKEND_UNAVAILABLE");
});

test("where every server is another one, or shows a flaw, calls are told so; a flaw of the configuration refuses them", async () => {
  const { addresses, door, enter, why } = await doorOf(2);
  for (const address of addresses) address.proof.isWrong(new GatewayError("CONFIG_INVALID", "golden scores differ"));
  const flawed = await why();
  assert.deepEqual([flawed.reason, flawed.message], ["BACKEND_REFUSED", "golden scores differ"]);
  assert.throws(() => door.requireOpen(addresses, false), { reason: "BACKEND_REFUSED" });
  assert.doesNotThrow(() => door.requireOpen(addresses, true), "a proof asks all the same");
  assert.equal((await enter({ proving: true })).address.proof.flaw?.message, "golden scores differ");
  for (const address of addresses) address.proof.isWrong(new GatewayError("JUDGE_OUTPUT_UNREADABLE", "no answer"));
  assert.equal((await why()).reason, "JUDGE_OUTPUT_UNREADABLE");
  for (const address of addresses) address.strange = true;
  const strange = await why({ proving: true });
  assert.deepEqual([strange.reason, /not the one that is wanted/.test(strange.message)], ["BACKEND_UNAVAILABLE", true]);
});

test("where one server shows a flaw and the others fail, calls are told of those that fail, which may come back", async () => {
  const { addresses, why } = await doorOf(2);
  addresses[0]!.proof.isWrong(new GatewayError("CONFIG_INVALID", "golden scores differ"));
  addresses[1]!.circuit.eject();
  addresses[1]!.proof.doubt();
  const { reason, message } = await why();
  assert.deepEqual([reason, /has failed repeatedly/.test(message)], ["BACKEND_UNAVAILABLE", true]);
});

test("of addresses in doubt the one that passes gets the call, and a call whose callers leave meanwhile ends at once", async () => {
  let failing: Address | undefined;
  const { addresses, caller, enter, why } = await doorOf(2, async (address) => {
    if (failing === undefined) return;
    if (failing === address) throw new GatewayError("BACKEND_UNAVAILABLE", "busy");
    await passing;
  });
  let pass = () => {};
  const passing = new Promise<void>((resolve) => (pass = resolve));
  // The one that the draw comes to first.
  failing = addresses[1];
  for (const address of addresses) address.proof.doubt();
  const call = enter({ signal: new AbortController().signal });
  const leaving = why();
  await settle(1);
  caller.abort();
  assert.equal((await leaving).reason, "CALLER_GONE");
  pass();
  assert.equal((await call).address, addresses[0]);
});

test("an address in doubt is tried before a call goes to it, and one that does not pass sends the call elsewhere or is why it fails", async () => {
  let failing: GatewayError | undefined;
  const { addresses, enter, why } = await doorOf(2, async () => {
    if (failing !== undefined) throw failing;
  });
  failing = new GatewayError("BACKEND_UNAVAILABLE", "busy");
  addresses[0]!.proof.doubt();
  await settle(1);
  for (let n = 0; n < 4; n++) assert.equal((await enter()).address, addresses[1], "the other has proven itself");
  addresses[1]!.proof.doubt();
  await settle(1);
  const { reason, message } = await why();
  assert.deepEqual([reason, message], ["BACKEND_UNAVAILABLE", "busy"]);
  failing = undefined;
  assert.ok((await enter()).address.proof.holds);
});
