import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../../../src/backends/upstream/address.ts";
import { type Ending, readEnding } from "../../../src/backends/upstream/ending.ts";
import type { HttpOutcome } from "../../../src/backends/upstream/http-target.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { addressPool } from "../../support/address-pool.ts";

const OK: Ending<string> = { outcome: "ok", blame: "succeeded", answer: "1" };
const read = (outcome: HttpOutcome) => readEnding("rm", outcome, { answer: (body) => body });
const status = (code: number, more: { retryAfter?: string } = {}) =>
  read({ kind: "answered", status: code, contentType: "application/json", body: "", ...more });

async function poolOf(count: number) {
  const { pool, addresses, clock } = await addressPool(count);
  const ends = (address: Address, ending: Ending<string>, calls = 1) => {
    for (let n = 0; n < calls; n++) {
      address.load++;
      pool.account({ address, leave: address.circuit.enter()! }, ending);
    }
  };
  return { pool, addresses: addresses as [Address, ...Address[]], clock, ends };
}

test("a call that ends gives its place back, however it ends, and an answer says when its server last worked", async () => {
  const { addresses, clock, ends } = await poolOf(1);
  const [address] = addresses;
  ends(address, status(500));
  assert.deepEqual([address.load, address.answeredAt], [0, Number.NEGATIVE_INFINITY]);
  clock.advance(5);
  ends(address, OK);
  ends(address, read({ kind: "withdrawn" }));
  assert.deepEqual([address.load, address.answeredAt], [0, 1_005]);
});

test("a server rests for as long as it asked to, and an earlier wish for longer still holds", async () => {
  const { addresses, ends } = await poolOf(1);
  const [address] = addresses;
  ends(address, status(429, { retryAfter: "9" }));
  ends(address, status(429, { retryAfter: "2" }));
  ends(address, status(500));
  assert.equal(address.restUntil, 10_000);
});

test("a broken connection puts a server in doubt, an answer of another one says what it is, and any other end says nothing", async () => {
  const { addresses, ends } = await poolOf(3);
  const [well, doubted, wrong] = addresses as [Address, Address, Address];
  for (const ending of [OK, status(500), status(429), status(404), read({ kind: "late" }), read({ kind: "withdrawn" })]) ends(well, ending);
  ends(doubted, read({ kind: "broken", cause: new Error("reset") }));
  const flaw = () => new GatewayError("BACKEND_REFUSED", "another model");
  const outcome: HttpOutcome = { kind: "answered", status: 200, contentType: "application/json", body: "1" };
  ends(wrong, readEnding("rm", outcome, { answer: (body) => body, flaw }));
  assert.deepEqual(
    addresses.map(({ proof }) => [proof.holds, proof.stands, proof.flaw?.message]),
    [
      [true, true, undefined],
      [false, true, undefined],
      [false, false, "another model"],
    ],
  );
});

test("one that refuses what others answer is left alone, while another works; calls whose callers left, and faults of calls, do not count", async () => {
  for (const [ending, open] of [
    [status(404), true],
    [status(429), true],
    [status(400), false],
    [read({ kind: "withdrawn" }), false],
  ] as const) {
    const { addresses, ends } = await poolOf(2);
    const [one, other] = addresses as [Address, Address];
    ends(other, OK, 20);
    for (let n = 0; n < 20 && one.circuit.state === "closed"; n++) ends(one, ending);
    assert.equal(one.circuit.state === "open", open);
  }
  const { addresses, ends } = await poolOf(2);
  const [one, other] = addresses as [Address, Address];
  ends(other, OK, 20);
  other.up = false;
  ends(one, status(404), 40);
  assert.equal(one.circuit.state, "closed", "the last one that works is not left alone");
});

test("failures in a row leave a server alone, callers that left do not, and listeners hear so when it was the only one", async () => {
  const { pool, addresses, clock, ends } = await poolOf(1);
  const [address] = addresses;
  const heard: boolean[] = [];
  pool.onReadiness((ready) => heard.push(ready));
  ends(address, read({ kind: "withdrawn" }), 20);
  assert.deepEqual([address.circuit.state, pool.ready, heard], ["closed", true, []]);
  ends(address, status(500), 5);
  assert.deepEqual([address.circuit.state, pool.ready, heard], ["open", false, [false]]);
  clock.advance(5_000);
  ends(address, OK);
  assert.deepEqual([address.circuit.state, pool.ready, heard.at(-1)], ["closed", true, true]);
});

test("listeners hear when the first server becomes ready and when the last one no longer is, and nothing in between", async () => {
  const { pool, addresses } = await poolOf(2);
  const heard: boolean[] = [];
  const stop = pool.onReadiness((ready) => heard.push(ready));
  const show = (...up: boolean[]) => {
    for (const [n, address] of addresses.entries()) address.up = up[n]!;
    pool.review();
  };
  show(false, false);
  show(true, false);
  show(true, true);
  show(false, true);
  show(false, false);
  show(false, false);
  stop();
  show(true, true);
  assert.deepEqual(heard, [false, true, false]);
  assert.equal(pool.ready, true);
});
