import assert from "node:assert/strict";
import { test } from "node:test";
import { requireAlike, requireApart, requireRaw } from "../../../src/backends/model-server/probe.ts";
import { GatewayError } from "../../../src/domain/errors.ts";

const invalid = (check: () => void, message: RegExp) =>
  assert.throws(check, (error) => error instanceof GatewayError && error.reason === "CONFIG_INVALID" && message.test(error.message));

test("raw scores are told from squashed, constant and normalised ones", () => {
  requireRaw("rm", [-3, 0.5, 2], "x");
  requireRaw("rm", [0.2, 0.5, 1.1], "x");
  requireRaw("rm", [-0.1, 0.5, 0.9], "x");
  invalid(() => requireRaw("rm", [0.2, 0.5, 0.9], "start it raw"), /within \(0, 1\).*start it raw, or set `probe: false`/);
  invalid(() => requireRaw("rm", [0, 1, 1], "x"), /within \(0, 1\)/);
  invalid(() => requireRaw("rm", [4, 4, 4], "x"), /the same score/);
  invalid(() => requireRaw("rm", [1, -1, 1], "x"), /1 or -1/);
  assert.throws(() => requireRaw("rm", [1, Number.NaN, 2], "x"), /not finite/);
});

test("inputs that are asked at the same time have to keep their scores and their order", () => {
  requireApart("rm", [-3, 0.5, 2], [-3.01, 0.52, 2]);
  requireApart("rm", [-4, 0, 4], [-4, 1.9, 4]);
  invalid(() => requireApart("rm", [-4, 0, 4], [-4, 2.1, 4]), /another order/);
  invalid(() => requireApart("rm", [-3, 0.5, 2], [2, 0.5, -3]), /another order.*inputsPerRequest: 1/);
  invalid(() => requireApart("rm", [-3, 0.5, 2], [-3, Number.NaN, 2]), /another order/);
});

test("servers run one model when their scores differ by no more than hardware makes them", () => {
  const first = { address: "a:1", scores: [-4, 0, 6] };
  requireAlike("rm", first, { address: "b:1", scores: [-4.4, 0.5, 6] });
  invalid(() => requireAlike("rm", first, { address: "b:1", scores: [-4, 0.6, 6] }), /at b:1 .* differ by up to 0\.600 from those of a:1/);
  invalid(() => requireAlike("rm", first, { ...first, scores: [-4, 6, 0] }), /when this gateway first asked it/);
  invalid(() => requireAlike("rm", first, { address: "b:1", scores: [-4, Number.NaN, 6] }), /b:1/);
});
