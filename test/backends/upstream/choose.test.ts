import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../../../src/backends/upstream/address.ts";
import { chooseAddress, hasFresh } from "../../../src/backends/upstream/choose.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { addressPool } from "../../support/address-pool.ts";

const NOBODY: ReadonlySet<Address> = new Set();

const addressesOf = async (count: number) => (await addressPool(count)).addresses;

const chosen = (addresses: readonly Address[], { tried = NOBODY, proving = false, random = 0.5 } = {}) =>
  chooseAddress({ addresses, tried, proving, now: 1_000, random: () => random });

/** What speaks against an address, the worst first. */
const AGAINST: Readonly<Record<string, (address: Address, tried: Set<Address>) => unknown>> = {
  "does not answer checks": (address) => Object.assign(address, { up: false }),
  "has failed the same call": (address, tried) => tried.add(address),
  "asked for rest": (address) => Object.assign(address, { restUntil: 1_001 }),
  "has to show again what it is": (address) => address.proof.doubt(),
  "has more calls under way": (address) => Object.assign(address, { load: 1 }),
};

for (const [at, [name, worsen]] of Object.entries(AGAINST).entries()) {
  test(`an address that ${name} is asked after those of which only less can be said`, async () => {
    for (const [worse, better] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const addresses = await addressesOf(2);
      const tried = new Set<Address>();
      worsen(addresses[worse]!, tried);
      for (const less of Object.values(AGAINST).slice(at + 1)) less(addresses[better]!, tried);
      for (const random of [0, 0.99]) assert.equal(chosen(addresses, { tried, random }), addresses[better]);
    }
  });
}

test("which of equals is asked is drawn, each as likely as the others", async () => {
  const addresses = await addressesOf(3);
  assert.deepEqual(
    [0, 0.33, 0.34, 0.66, 0.67, 0.99].map((random) => addresses.indexOf(chosen(addresses, { random })!)),
    [0, 0, 1, 1, 2, 2],
  );
});

test("an address that is another server, is left alone or has shown a flaw is not asked, but for a proof in spite of its flaw", async () => {
  const [strange, away, flawed] = (await addressesOf(3)) as [Address, Address, Address];
  strange.strange = true;
  away.circuit.eject();
  flawed.proof.isWrong(new GatewayError("BACKEND_REFUSED", "another model"));
  assert.equal(chosen([strange, away, flawed]), undefined);
  assert.equal(chosen([strange, away, flawed], { proving: true }), flawed);
});

test("a failed call goes on at once where an address is up, proven, not left alone, not resting, and has not failed it", async () => {
  const fresh = (addresses: readonly Address[], tried: ReadonlySet<Address>) => hasFresh({ addresses, tried, now: 1_000 });
  const [first, other] = (await addressesOf(2)) as [Address, Address];
  assert.equal(fresh([first, other], new Set([first])), true);
  assert.equal(fresh([first, other], new Set([first, other])), false);
  for (const worsen of [
    (address: Address) => Object.assign(address, { up: false }),
    (address: Address) => address.proof.doubt(),
    (address: Address) => address.circuit.eject(),
    (address: Address) => Object.assign(address, { restUntil: 1_001 }),
  ]) {
    const addresses = (await addressesOf(2)) as [Address, Address];
    worsen(addresses[1]);
    assert.equal(fresh(addresses, new Set([addresses[0]])), false);
  }
});
