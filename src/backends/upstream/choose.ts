import { type Address, restMs } from "./address.ts";

/** What is known of the addresses when one is to be chosen. */
export interface Choice {
  readonly addresses: readonly Address[];
  /** Addresses that failed the same call before. */
  readonly tried: ReadonlySet<Address>;
  /** Whether a flaw does not matter, since the call is part of a proof. */
  readonly proving?: boolean;
  readonly now: number;
  /** Uniform in [0, 1): which of equals. */
  readonly random: () => number;
}

/**
 * The address for a call: of those that are the server that is wanted, have not shown a flaw, and whose circuit lets a call through, one that is up before one that is not,
 * then one that has not failed this call, then one that did not ask for rest, then one that has proven itself, then the one with the fewest
 * calls under way. Which of equals is drawn, so that many gateways do not all begin with the same.
 */
export function chooseAddress({ addresses, tried, proving = false, now, random }: Choice): Address | undefined {
  const key = (address: Address): number[] => [
    address.up ? 0 : 1,
    tried.has(address) ? 1 : 0,
    restMs(address, now) > 0 ? 1 : 0,
    address.proof.holds ? 0 : 1,
    address.load,
  ];
  let best: Address[] = [];
  for (const address of addresses) {
    if (address.strange || address.circuit.waitMs > 0 || (address.proof.flaw !== undefined && !proving)) continue;
    const order = best.length === 0 ? -1 : compare(key(address), key(best[0]!));
    if (order < 0) best = [address];
    else if (order === 0) best.push(address);
  }
  return best[Math.floor(random() * best.length)];
}

/** Whether a failed call could go on at once to an address that is not known to be worse. */
export function hasFresh({ addresses, tried, now }: Pick<Choice, "addresses" | "tried" | "now">): boolean {
  return addresses.some(
    (address) => !tried.has(address) && address.up && address.proof.holds && address.circuit.waitMs === 0 && restMs(address, now) === 0,
  );
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) if (value !== b[at]) return value - b[at]!;
  return 0;
}
