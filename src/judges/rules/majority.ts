/** What a group of answers agrees on. */
export interface Majority {
  /** The most frequent answer; null when nobody answered, or too few agree. */
  readonly answer: string | null;
  /** Share of the group that gave it, absent answers counted; 0 without answers. */
  readonly share: number;
  /** Whether another answer was given as often. The first seen wins then. */
  readonly tie: boolean;
  /** 1 for agreement and 0 otherwise, in the order of the group; null throughout when too few agree to tell. */
  readonly rewards: readonly (0 | 1 | null)[];
}

/**
 * Majority vote over the answers of a group: who agrees with the most frequent one gets 1. An answer that could not be read (null) never votes
 * and gets 0.
 *
 * @param answers  in the form in which equal answers are equal texts, shape [n]
 * @param minShare share below which a majority is noise, in [0, 1]
 * @complexity O(n), pure
 * @see Zuo et al. 2025, TTRL: Test-Time Reinforcement Learning, arXiv:2504.16084
 * @example majorityVote(["3", "4", "3", null], 0).rewards // → [1, 0, 1, 0]
 */
export function majorityVote(answers: readonly (string | null)[], minShare: number): Majority {
  const votes = new Map<string, number>();
  for (const answer of answers) if (answer !== null) votes.set(answer, (votes.get(answer) ?? 0) + 1);
  const most = Math.max(0, ...votes.values());
  const [leader = null, ...others] = [...votes].filter(([, count]) => count === most).map(([answer]) => answer);
  const share = answers.length > 0 ? most / answers.length : 0;
  if (leader !== null && share < minShare) return { answer: null, share, tie: others.length > 0, rewards: answers.map(() => null) };
  return {
    answer: leader,
    share,
    tie: others.length > 0,
    rewards: answers.map((answer) => (answer !== null && answer === leader ? 1 : 0)),
  };
}
