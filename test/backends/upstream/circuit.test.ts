import assert from "node:assert/strict";
import { test } from "node:test";
import { createCircuit } from "../../../src/backends/upstream/circuit.ts";
import { manualClock } from "../../support/manual-clock.ts";

function circuitOf() {
  const clock = manualClock();
  const states: string[] = [];
  const circuit = createCircuit({ clock, random: () => 0.5, onChange: (state) => states.push(state) });
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

test("an open circuit lets one probe through after 5 s, doubling to 60 s with every probe that fails", () => {
  const { circuit, call, clock } = circuitOf();
  for (let n = 0; n < 5; n++) call("failed");
  for (const ms of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
    assert.equal(circuit.waitMs, ms);
    clock.advance(ms - 1);
    assert.equal(circuit.enter(), undefined);
    clock.advance(1);
    const probe = circuit.enter()!;
    assert.equal(circuit.state, "halfOpen");
    assert.equal(circuit.enter(), undefined);
    probe.failed();
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
  const [slow, other] = [circuit.enter()!, circuit.enter()!];
  for (let n = 0; n < 5; n++) call("failed");
  slow.succeeded();
  assert.equal(circuit.state, "open");
  other.failed();
  assert.equal(circuit.waitMs, 5_000);
  clock.advance(5_000);
  assert.equal(circuit.state, "halfOpen");
});
