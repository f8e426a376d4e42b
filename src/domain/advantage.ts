/** The rewards of one item on their way to advantages. */
export interface GroupRewards {
  /** Shape [N]; null where the candidate has none. */
  readonly rewards: readonly (number | null)[];
  /** Transformed scores of the members that count, imputed ones as well, shape [N][K]; null where a member has none. */
  readonly components: readonly (readonly (number | null)[])[];
  /** Weights of the members that count, shape [K]. */
  readonly weights: readonly number[];
  /** Lengths in the policy's tokens, shape [N]; null where the request says nothing. */
  readonly lengths: readonly (number | null)[];
}

/** Advantages of one item. */
export interface GroupAdvantage {
  /** Shape [N]; null where the candidate has no reward. */
  readonly advantages: readonly (number | null)[];
  /** Each member's standardised scores, shape [N][K], for an estimator that standardises members apart. */
  readonly components?: readonly (readonly (number | null)[])[];
  readonly mean: number;
  readonly std: number;
  readonly zeroVariance: boolean;
}

/** From rewards to advantages. */
export interface AdvantageEstimator {
  readonly method: string;
  readonly revision: string;
  /** `group`: an item is enough; `batch`: its statistics run over all items of the request. */
  readonly scope: "group" | "batch";
  /** Whether the request has to tell every candidate's length. */
  readonly readsLengths: boolean;
  /** Set of one that reads the scores of members in the place of rewards, and so knows nothing of what constraints make of these. */
  readonly readsMembers?: true;
  /** Set of one of those to which a member's score that is missing is a 0, whatever 0 means on the member's scale. */
  readonly missingIsZero?: boolean;
  /** @returns one entry per item, same order */
  estimate(groups: readonly GroupRewards[]): readonly GroupAdvantage[];
}
