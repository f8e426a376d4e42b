import { z } from "zod";
import type { RunningMomentsValue } from "../../domain/state.ts";
import { runningScale as scaleBatch } from "../../reward/transforms/running-scale.ts";
import { momentsOf, NOTHING_SEEN, type RunningMoments } from "../../reward/welford.ts";
import { byName, noneNamed, type StateKind } from "./kind.ts";

const params = z
  .strictObject({
    judges: z.array(z.string()).min(1).describe("Judges whose scores are followed."),
    ddof: z.int().min(0).max(1).default(0).describe("Taken off the divisor of the variance: 0 or 1. Default 0."),
  })
  .describe("Running mean, spread and range of judges' scores; a step reports `scores`.");

const spread = { std: z.number().min(0), squares: z.number().min(0) };
const value = z.object({
  scales: z.record(
    z.string(),
    z.union([
      z.object({ count: z.literal(0), ...spread }),
      z.object({ count: z.int().min(1), mean: z.number(), ...spread, min: z.number(), max: z.number() }),
    ]),
  ),
});

/** Running statistics of judges' scores. */
export const runningScale: StateKind<"runningScale", typeof params, "scores"> = {
  kind: "runningScale",
  params,
  reads: "scores",
  problems: ({ judges }) => {
    const again = judges.findIndex((name, i) => judges.indexOf(name) < i);
    return again < 0 ? noneNamed(judges) : [{ path: ["judges", again], cause: `judge "${judges[again]}" is named twice` }];
  },
  judges: ({ judges }) => judges,
  value,
  covered: ({ scales }) => Object.keys(scales),
  initial: ({ judges, ddof }) => ({ scales: byName(judges, () => asValue(NOTHING_SEEN, ddof)) }),
  step: ({ scales }, scores, { judges, ddof }) => ({
    scales: byName(judges, (name) => asValue(scaleBatch(momentsFrom(scales[name]!), scores[name] ?? [], ddof).state, ddof)),
  }),
};

function asValue(moments: RunningMoments, ddof: number): RunningMomentsValue {
  const { n: count, mean, squares, min, max } = moments;
  const { std } = momentsOf(moments, ddof);
  return count === 0 ? { count, std, squares } : { count, mean, std, squares, min, max };
}

function momentsFrom({ count: n, mean, squares, min, max }: RunningMomentsValue): RunningMoments {
  return n === 0 ? NOTHING_SEEN : { n, mean: mean!, squares, min: min!, max: max! };
}
