import assert from "node:assert/strict";
import { test } from "node:test";
import { createProof } from "../../../src/backends/upstream/proof.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { settle } from "../../support/scripted.ts";

function proofOf() {
  const state = { tries: 0, changes: 0, failing: undefined as GatewayError | undefined, during: () => {} };
  const clock = manualClock();
  const proof = createProof({
    backend: "engine",
    address: "a:1",
    onChange: () => state.changes++,
    clock,
    everyMs: 600_000,
    async prove() {
      state.tries++;
      await Promise.resolve();
      state.during();
      if (state.failing !== undefined) throw state.failing;
    },
  });
  return { proof, state, clock };
}

test("a server that has passed is tried again on a timer, and shows nothing any more once it fails there", async () => {
  const { proof, state, clock } = proofOf();
  proof.isThere();
  await settle();
  assert.deepEqual([proof.holds, proof.stands, state.tries], [true, true, 1]);
  proof.isThere();
  clock.advance(600_000);
  await settle();
  assert.deepEqual([proof.holds, state.tries], [true, 2]);
  state.failing = new GatewayError("CONFIG_INVALID", "golden scores differ");
  clock.advance(600_000);
  await settle();
  assert.deepEqual([proof.holds, proof.stands, proof.flaw?.message], [false, false, "golden scores differ"]);
  state.failing = undefined;
  proof.isThere();
  assert.equal(state.tries, 3, "not at once after it failed");
  clock.advance(30_000);
  proof.isThere();
  await settle();
  assert.deepEqual([proof.holds, proof.flaw], [true, undefined]);
  proof.stop();
  clock.advance(600_000);
  proof.doubt();
  await settle();
  assert.equal(state.tries, 4);
});

test("a server that could not be tried on the timer keeps what it has shown, and one that made no sense does not", async () => {
  const { proof, state, clock } = proofOf();
  await proof.attempt();
  state.failing = new GatewayError("BACKEND_UNAVAILABLE", "busy");
  clock.advance(600_000);
  await settle();
  assert.equal(proof.holds, true);
  state.failing = new GatewayError("JUDGE_OUTPUT_UNREADABLE", "no answer of this protocol");
  clock.advance(600_000);
  await settle();
  assert.deepEqual([proof.holds, proof.flaw?.reason], [false, "JUDGE_OUTPUT_UNREADABLE"]);
});

test("a server in doubt still stands, and is tried at once", async () => {
  const { proof, state } = proofOf();
  await proof.attempt();
  proof.doubt();
  assert.deepEqual([proof.holds, proof.stands], [false, true]);
  await settle();
  assert.deepEqual([proof.holds, state.tries], [true, 2]);
  state.failing = new GatewayError("CONFIG_INVALID", "another model");
  proof.doubt();
  await settle();
  assert.match(proof.flaw!.message, /another model/);
});

test("a server that answered wrongly is not used until it has passed again, and is not tried at once", async () => {
  const { proof, state, clock } = proofOf();
  await proof.attempt();
  proof.isWrong(new GatewayError("BACKEND_REFUSED", "another model"));
  proof.isThere();
  assert.deepEqual([proof.stands, proof.flaw?.message, state.tries], [false, "another model", 1]);
  clock.advance(30_000);
  proof.isThere();
  await settle();
  assert.deepEqual([proof.holds, state.tries], [true, 2]);
});

test("a try that began before the server went away, or was doubted, does not speak for the one that is there now", async () => {
  for (const change of ["isAway", "doubt"] as const) {
    const { proof, state } = proofOf();
    state.during = () => {
      state.during = () => {};
      proof[change]();
    };
    await proof.attempt();
    assert.equal(proof.holds, false, change);
    proof.isThere();
    await settle();
    assert.equal(proof.holds, true, change);
  }
});

test("a server that went away has to show all of it anew when it is back, at once and whatever was found wrong before", async () => {
  const { proof, state, clock } = proofOf();
  await proof.attempt();
  const { changes } = state;
  proof.isAway();
  assert.deepEqual([proof.holds, proof.stands, state.changes - changes, clock.pending], [false, false, 1, 0]);
  state.failing = new GatewayError("CONFIG_INVALID", "golden scores differ");
  proof.isThere();
  await settle();
  assert.equal(proof.flaw?.message, "golden scores differ");
  proof.isAway();
  assert.equal(proof.flaw, undefined);
  state.failing = undefined;
  proof.isThere();
  await settle();
  assert.deepEqual([proof.holds, state.tries], [true, 3]);
});

test("a try that fails because its server went away, or because nobody waited for it, finds no flaw", async () => {
  const { proof, state } = proofOf();
  state.during = () => {
    state.during = () => {};
    proof.isAway();
  };
  state.failing = new GatewayError("JUDGE_OUTPUT_UNREADABLE", "half an answer");
  await assert.rejects(proof.attempt());
  assert.equal(proof.flaw, undefined);
  state.failing = new GatewayError("CALLER_GONE", "nobody waits");
  await assert.rejects(proof.attempt());
  assert.equal(proof.flaw, undefined);
});

test("an answer that was wrong while a try was under way outweighs it, and whoever asks for readiness hears of it", async () => {
  const { proof, state } = proofOf();
  state.during = () => proof.isWrong(new GatewayError("BACKEND_REFUSED", "another model"));
  await proof.attempt();
  assert.deepEqual([proof.holds, proof.stands, proof.flaw?.message, state.changes], [false, false, "another model", 2]);
});

test("a check that a server answers has it tried while it is in doubt, and leaves it alone once it has passed", async () => {
  const { proof, state } = proofOf();
  await proof.attempt();
  proof.isThere();
  await settle();
  assert.equal(state.tries, 1);
  state.failing = new GatewayError("BACKEND_UNAVAILABLE", "busy");
  proof.doubt();
  await settle();
  assert.deepEqual([proof.holds, proof.stands], [false, true]);
  state.failing = undefined;
  proof.isThere();
  await settle();
  assert.deepEqual([proof.holds, state.tries], [true, 3]);
});

test("a try that ends after the proofs were stopped sets no timer for another", async () => {
  const { proof, state, clock } = proofOf();
  state.during = () => proof.stop();
  await proof.attempt();
  assert.equal(clock.pending, 0);
});

test("a server of which nothing is wanted has shown it", () => {
  const proof = createProof({ backend: "b", address: "a:1", onChange() {}, clock: manualClock(), everyMs: 1 });
  proof.isAway();
  assert.deepEqual([proof.holds, proof.stands, proof.flaw], [true, true, undefined]);
});
