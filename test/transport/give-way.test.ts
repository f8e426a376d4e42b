import assert from "node:assert/strict";
import { test } from "node:test";
import { createGiveWay } from "../../src/transport/give-way.ts";

test("others have the event loop once it was kept from them for 10 ms, and not before", async () => {
  let now = 0;
  const giveWay = createGiveWay(() => now);
  const othersHaveATurn = async () => {
    let had = false;
    setImmediate(() => (had = true));
    await giveWay();
    return had;
  };
  assert.equal(await othersHaveATurn(), false);
  now = 10;
  assert.equal(await othersHaveATurn(), true);
  assert.equal(await othersHaveATurn(), false);
  now = 19;
  assert.equal(await othersHaveATurn(), false);
  now = 25;
  assert.equal(await othersHaveATurn(), true);
});
