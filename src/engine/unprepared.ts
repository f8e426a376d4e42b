import type { Flight } from "./flight.ts";

/** Calls that wait to be prepared, in the order of their urgency and of equal urgency in that of their arrival. */
export class Unprepared {
  /** Left ones stay in place until they are met. */
  private flights: Flight[] = [];
  private inOrder = true;

  get size(): number {
    return this.flights.length;
  }

  push(flight: Flight): void {
    this.inOrder &&= flight.rank >= (this.flights.at(-1)?.rank ?? Number.NEGATIVE_INFINITY);
    this.flights.push(flight);
  }

  /** A flight that it may hold became more urgent. */
  reprioritise(): void {
    this.inOrder = false;
  }

  /**
   * Takes the most urgent flights out.
   *
   * @param most  as many as that
   * @param isDue whether one is to go, asked of each until it is denied
   * @complexity O(flights), and a sort where the order has changed
   */
  take(most: number, isDue: (flight: Flight) => boolean): Flight[] {
    if (!this.inOrder) this.flights.sort((a, b) => a.rank - b.rank);
    this.inOrder = true;
    const due: Flight[] = [];
    let taken = 0;
    for (; taken < this.flights.length && due.length < most; taken++) {
      const flight = this.flights[taken]!;
      if (flight.state !== "waiting") continue;
      if (!isDue(flight)) break;
      due.push(flight);
    }
    if (taken > 0) this.flights = this.flights.slice(taken);
    return due;
  }
}
