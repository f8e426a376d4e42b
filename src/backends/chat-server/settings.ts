import { z } from "zod";

/** What `rewardgate.yaml` says about any server of chats, beside the keys of its protocol. */
export const chatServerKeys = {
  trial: z
    .boolean()
    .default(false)
    .describe(
      "Whether each judge of this server is ready only once a fixed question was answered in a form that it reads, each time that the server " +
        "comes up. It costs the calls of one item. Default false.",
    ),
  rate: z
    .strictObject({
      requestsPerMinute: z.int().min(1).max(1_000_000).optional().describe("Most requests within any minute. Default any number."),
      tokensPerMinute: z
        .int()
        .min(1)
        .max(1_000_000_000)
        .optional()
        .describe(
          "Most tokens, read and written, within any minute. A call counts with all that it may write until it is answered. Default any number.",
        ),
    })
    .optional()
    .describe("What the server allows, over all judges and callers of this gateway; calls wait for it. Default no limit."),
};
