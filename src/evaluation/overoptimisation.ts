import { sum } from "../reward/numerics.ts";

/** How gold reward grows and falls with the distance from the first policy. */
export interface OveroptimisationModel {
  /** Slope at the start, reward per √nat. */
  readonly alpha: number;
  /** What overoptimisation takes away, > 0 where there is any. */
  readonly beta: number;
}

/** `bestOfN`: R(d) = d(α − βd); `reinforcement`: R(d) = d(α − β ln d). */
export type OptimisationForm = "bestOfN" | "reinforcement";

/**
 * Gold reward at distance d = √KL from the first policy: d(α − βd) under best-of-n, d(α − β ln d) under reinforcement learning.
 *
 * @param kl   KL divergence, nats, ≥ 0
 * @param form how the policy was optimised
 * @returns gold reward above the start; 0 at kl = 0
 * @complexity O(1), pure
 * @see Gao et al. 2022, Scaling Laws for Reward Model Overoptimization, arXiv:2210.10760
 * @example goldAt(4, { alpha: 1, beta: 0.25 }, "bestOfN") // → 1
 */
export function goldAt(kl: number, { alpha, beta }: OveroptimisationModel, form: OptimisationForm): number {
  const d = Math.sqrt(kl);
  if (d === 0) return 0;
  return d * (alpha - beta * (form === "bestOfN" ? d : Math.log(d)));
}

/**
 * Distance at which gold reward is highest: α/(2β) under best-of-n, e^(α/β − 1) under reinforcement learning.
 *
 * @returns d = √KL; Infinity when β ≤ 0, since nothing is lost then
 * @complexity O(1), pure
 * @see Gao et al. 2022, Scaling Laws for Reward Model Overoptimization, arXiv:2210.10760
 * @example peakDistance({ alpha: 1, beta: 0.25 }, "bestOfN") // → 2
 */
export function peakDistance({ alpha, beta }: OveroptimisationModel, form: OptimisationForm): number {
  if (beta <= 0) return Infinity;
  return form === "bestOfN" ? alpha / (2 * beta) : Math.exp(alpha / beta - 1);
}

/**
 * Least-squares fit of the model to measured gold rewards.
 *
 * @param points KL divergence in nats and gold reward above the start; those at KL 0 say nothing
 * @returns undefined when fewer than two distances are told apart
 * @complexity O(n), pure
 * @see Gao et al. 2022, Scaling Laws for Reward Model Overoptimization, arXiv:2210.10760
 * @example fitOveroptimisation([{ kl: 1, gold: 0 }, { kl: 4, gold: -2 }], "bestOfN")?.beta // → 1
 */
export function fitOveroptimisation(
  points: readonly { readonly kl: number; readonly gold: number }[],
  form: OptimisationForm,
): OveroptimisationModel | undefined {
  // R = α·x − β·y with x = d and y = d² or d·ln d: two normal equations.
  const rows = points
    .filter(({ kl }) => kl > 0)
    .map(({ kl, gold }) => {
      const d = Math.sqrt(kl);
      return { x: d, y: d * (form === "bestOfN" ? d : Math.log(d)), gold };
    });
  const xx = sum(rows.map(({ x }) => x * x));
  const yy = sum(rows.map(({ y }) => y * y));
  const xy = sum(rows.map(({ x, y }) => x * y));
  const determinant = xx * yy - xy * xy;
  if (!(determinant > 1e-12 * xx * yy)) return undefined;
  const xGold = sum(rows.map(({ x, gold }) => x * gold));
  const yGold = sum(rows.map(({ y, gold }) => y * gold));
  return { alpha: (xGold * yy - yGold * xy) / determinant, beta: (xGold * xy - yGold * xx) / determinant };
}
