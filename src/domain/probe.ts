import type { Item } from "./item.ts";

/** What has to hold of a probe's score. */
export type ProbeClaim =
  /** It lies below a number. */
  | { readonly claim: "below"; readonly bound: number }
  /** It is not above the honest answer's to the same prompt. */
  | { readonly claim: "notAboveHonest" }
  /** It is not above the median of what a run scores now. */
  | { readonly claim: "notAboveMedian" };

/** An answer that deserves nothing, and what has to hold of its score. */
export interface Probe extends Readonly<{ claim: ProbeClaim }> {
  /** The member whose score is meant; absent, the reward, and with a claim that compares also every member. */
  readonly member?: string;
  /** The probe as its first candidate, an honest answer as its second where the claim compares with one. Its id names the probe. */
  readonly item: Item;
}

/** The probes of one panel, and how often they are scored. */
export interface ProbeSuite {
  readonly panel: string;
  readonly everyMs: number;
  /** At least one, with different ids. */
  readonly probes: readonly Probe[];
}
