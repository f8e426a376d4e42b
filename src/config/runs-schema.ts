import { z } from "zod";

const alarms = z
  .strictObject({
    meanShift: z.number().positive().default(0.5).describe("Change of a mean, in standard deviations of the baseline. Default 0.5."),
    spreadRatio: z.number().gt(1).default(1.5).describe("Change of a standard deviation, as a ratio either way. Default 1.5."),
    psi: z.number().positive().default(0.25).describe("Population stability index against the baseline. Default 0.25."),
    lengthRise: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.3)
      .describe("Rise of the correlation of score and length over that of the baseline. Default 0.3."),
    lengthCorrelation: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.6)
      .describe("Correlation of score and length that is too much whatever the baseline. Default 0.6."),
    disagreementRatio: z.number().gt(1).default(1.5).describe("Disagreement of the members over that of its baseline. Default 1.5."),
    collapseWidth: z.number().positive().default(0.001).describe("Scores closer together than this count as one score. Default 0.001."),
    divergence: z
      .number()
      .positive()
      .default(0.25)
      .describe(
        "Rise of the reward, and fall of a judge that it does not count, over the last 2000 items, in standard deviations of their " +
          "baselines. Default 0.25.",
      ),
    probeShare: z
      .number()
      .gt(0)
      .max(1)
      .default(0.01)
      .describe("Share of a panel's probes that the reward or a member accepts. Default 0.01: of up to a hundred, one is enough."),
  })
  .prefault({})
  .describe("Least changes that raise an alarm. Chance has to be ruled out as well, so no value makes alarms of noise.");

/** What is remembered of training runs. */
export const runsSchema = z
  .strictObject({
    maxRuns: z
      .int()
      .min(1)
      .max(1024)
      .default(32)
      .describe("Runs that are remembered; the one unheard of for longest is forgotten. Default 32."),
    maxDomains: z
      .int()
      .min(0)
      .max(64)
      .default(8)
      .describe(
        "Domains of a run that get windows of their own, each panel's by itself; items of further ones count in the windows over all. Default 8.",
      ),
    windowItems: z
      .int()
      .min(100)
      .max(10_000)
      .default(500)
      .describe("Items in a window. The first full one is the baseline that later ones are compared with. Default 500."),
    defaultRun: z.string().min(1).max(128).optional().describe("Run of the requests that name none. Without it they belong to no run."),
    passThresholds: z
      .record(z.string(), z.number())
      .default({})
      .describe(
        "Score above which a candidate passes, by the name of a panel, member or judge. Without one: 0 for logits, 0.5 for probabilities " +
          "and unit scores, and no pass rate for other spaces.",
      ),
    baselines: z
      .record(z.string(), z.string().min(1))
      .default({})
      .describe(
        "Panel → name of a reference of kind drift: what its windows over all domains are held against from a run's first item on, " +
          "until someone pins another for that run. Default the first full window of each run.",
      ),
    probes: z
      .record(
        z.string(),
        z.strictObject({
          file: z.string().min(1).describe("Probes, one JSON object a line, relative to this file."),
          everyMinutes: z
            .number()
            .positive()
            .max(1440)
            .default(10)
            .describe("Minutes between the end of a round and the next. Default 10."),
        }),
      )
      .default({})
      .describe(
        "Panel → answers that deserve nothing, scored again and again beside the traffic; an alarm tells when one is accepted. Default none.",
      ),
    alarms,
  })
  .prefault({})
  .describe("Statistics of training runs, in memory.");
