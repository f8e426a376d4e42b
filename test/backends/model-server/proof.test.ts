import assert from "node:assert/strict";
import { test } from "node:test";
import { createProof } from "../../../src/backends/model-server/proof.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { settle } from "../../support/scripted.ts";

function proofOf() {
  const state = { ready: true, tries: 0, failing: undefined as GatewayError | undefined };
  const clock = manualClock();
  const proof = createProof({
    name: "engine",
    upstream: {
      get ready() {
        return state.ready;
      },
      onReadiness: () => () => {},
    },
    clock,
    everyMs: 600_000,
    async prove() {
      state.tries++;
      if (state.failing !== undefined) throw state.failing;
    },
  });
  return { proof, state, clock };
}

test("a server that has passed is tried again on a timer, and is not ready once it fails there", async () => {
  const { proof, state, clock } = proofOf();
  await proof.first();
  assert.deepEqual([proof.holds, state.tries], [true, 1]);
  clock.advance(600_000);
  await settle();
  assert.deepEqual([proof.holds, state.tries], [true, 2]);
  state.failing = new GatewayError("CONFIG_INVALID", "golden scores differ");
  const heard: boolean[] = [];
  proof.onChange((holds) => heard.push(holds));
  clock.advance(600_000);
  await settle();
  assert.deepEqual([proof.holds, heard, proof.flaw?.message], [false, [false], "golden scores differ"]);
  await assert.rejects(proof.required(), (error) => error instanceof GatewayError && error.reason === "BACKEND_REFUSED");
  state.failing = undefined;
  clock.advance(600_000);
  await settle();
  assert.deepEqual([proof.holds, heard], [true, [false, true]]);
  proof.stop();
  clock.advance(600_000);
  await settle();
  assert.equal(state.tries, 4);
});

test("a server that could not be tried on the timer keeps what it has shown, and one that made no sense does not", async () => {
  const { proof, state, clock } = proofOf();
  await proof.first();
  state.failing = new GatewayError("BACKEND_UNAVAILABLE", "busy");
  clock.advance(600_000);
  await settle();
  assert.equal(proof.holds, true);
  state.failing = new GatewayError("JUDGE_OUTPUT_UNREADABLE", "no answer of this protocol");
  clock.advance(600_000);
  await settle();
  assert.equal(proof.holds, false);
  await assert.rejects(proof.required(), (error) => error instanceof GatewayError && error.reason === "JUDGE_OUTPUT_UNREADABLE");
});

test("doubt ends what was shown, until the next try", async () => {
  const { proof, state } = proofOf();
  await proof.first();
  state.failing = new GatewayError("CONFIG_INVALID", "another model");
  proof.doubt();
  assert.equal(proof.holds, false);
  await settle();
  await assert.rejects(proof.required(), /another model/);
});
