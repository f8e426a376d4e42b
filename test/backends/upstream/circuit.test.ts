import assert from "node:assert/strict";
import { test } from "node:test";
import { createCircuit } from "../../../src/backends/upstream/circuit.ts";
import { manualClock } from "../../support/manual-clock.ts";

function circuitOf({ random = 0.5 } = {}) {
  const clock = manualClock();
  const states: string[] = [];
  const circuit = createCircuit({ clock, random: () => random, onChange: (state) => states.push(state) });
  const call = (end: "succeeded" | "failed") => circuit.enter()![end]();
  return { clock, circuit, states, call };
}

test("five failures in a row open a circuit, and a success between them starts the count again", () => {
  const { circuit, call } = circuitOf();
  for (let n = 0; n < 4; n++) call("failed");
  call("succeeded");
  for (let n = 0; n < 4; n++) call("failed");
  assert.equal(circuit.state, "closed");
  call("failed");
  assert.equal(circuit.state, "open");
  assert.equal(circuit.enter(), undefined);
});

test("half of at least 20 calls within 10 s open it, and calls that are older do not count", () => {
  const { circuit, call, clock } = circuitOf();
  for (let n = 0; n < 9; n++) {
    call("failed");
    call("succeeded");
  }
  call("succeeded");
  assert.equal(circuit.state, "closed");
  clock.advance(10_000);
  for (let n = 0; n < 9; n++) {
    call("succeeded");
    call("failed");
  }
  call("succeeded");
  assert.equal(circuit.state, "closed");
  call("failed");
  assert.equal(circuit.state, "open");
});

test("any number of calls of which fewer than half fail leave it closed, and a call may go at once", () => {
  const { circuit, call } = circuitOf();
  for (let n = 0; n < 100; n++) call(n % 9 > 4 ? "failed" : "succeeded");
  assert.deepEqual([circuit.state, circuit.waitMs], ["closed", 0]);
});

test("an open circuit lets one probe through after 5 s, doubling to 60 s with every probe that fails", () => {
  const { circuit, call, clock } = circuitOf();
  for (let n = 0; n < 5; n++) call("failed");
  for (const ms of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
    assert.equal(circuit.waitMs, ms);
    clock.advance(ms - 1);
    assert.equal(circuit.enter(), undefined);
    clock.advance(1);
    assert.equal(circuit.waitMs, 0);
    const probe = circuit.enter()!;
    assert.equal(circuit.state, "halfOpen");
    assert.equal(circuit.enter(), undefined);
    assert.equal(circuit.waitMs, 1);
    probe.failed();
  }
});

test("the time that it stays open is spread by 20 %, so that gateways do not probe a server at one moment", () => {
  for (const [random, ms] of [
    [0, 4_000],
    [1, 6_000],
  ] as const) {
    const { circuit } = circuitOf({ random });
    circuit.eject();
    assert.equal(Math.round(circuit.waitMs), ms);
  }
});

test("a probe that succeeds closes the circuit, and what was counted before is forgotten", () => {
  const { circuit, call, clock, states } = circuitOf();
  for (let n = 0; n < 5; n++) call("failed");
  clock.advance(5_000);
  call("succeeded");
  for (let n = 0; n < 4; n++) call("failed");
  assert.equal(circuit.state, "closed");
  call("failed");
  assert.equal(circuit.state, "open");
  assert.deepEqual(states, ["open", "halfOpen", "closed", "open"]);
});

test("failures among other calls that opened it are forgotten too: one more does not open it again", () => {
  const { circuit, call, clock } = circuitOf();
  for (let n = 0; n < 10; n++) {
    call("succeeded");
    call("failed");
  }
  assert.equal(circuit.state, "open");
  clock.advance(5_000);
  call("succeeded");
  call("failed");
  assert.equal(circuit.state, "closed");
});

test("it stays open for longer each time that it opens again within a minute, and after a minute of use for 5 s again", () => {
  const { circuit, clock, call } = circuitOf();
  for (const ms of [5_000, 10_000, 20_000]) {
    circuit.eject();
    assert.equal(circuit.waitMs, ms);
    circuit.eject();
    clock.advance(ms);
    call("succeeded");
    clock.advance(59_999);
  }
  clock.advance(1);
  circuit.eject();
  assert.equal(circuit.waitMs, 5_000);
});

test("a probe that is not due yet goes alone", () => {
  const { circuit, call } = circuitOf();
  circuit.eject();
  const probe = circuit.probe()!;
  assert.deepEqual([circuit.state, circuit.probe()], ["halfOpen", undefined]);
  probe.succeeded();
  assert.equal(circuit.state, "closed");
  circuit.probe()!.failed();
  assert.equal(circuit.state, "closed");
  call("succeeded");
});

test("a probe whose callers left leaves its place to another", () => {
  const { circuit, call, clock } = circuitOf();
  for (let n = 0; n < 5; n++) call("failed");
  clock.advance(5_000);
  circuit.enter()!.withdrawn();
  circuit.enter()!.succeeded();
  assert.equal(circuit.state, "closed");
});

test("calls that were under way when it opened do not decide about the probe", () => {
  const { circuit, call, clock } = circuitOf();
  const [slow, other, left] = [circuit.enter()!, circuit.enter()!, circuit.enter()!];
  for (let n = 0; n < 5; n++) call("failed");
  slow.succeeded();
  assert.equal(circuit.state, "open");
  other.failed();
  assert.equal(circuit.waitMs, 5_000);
  clock.advance(5_000);
  assert.equal(circuit.state, "halfOpen");
  circuit.enter();
  left.withdrawn();
  assert.equal(circuit.enter(), undefined);
});
