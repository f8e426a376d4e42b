import { z } from "zod";
import { addresses, upstreamKeys } from "../upstream/settings.ts";

/** What `rewardgate.yaml` says about a service of one's own that runs tools for judges. */
export const toolParams = z.strictObject({
  type: z.literal("tool").describe("Asks a service of your own that runs tools for judges: docs/backends/tool.md."),
  url: addresses(
    /^https?$/,
    "http:// or https://",
    "Address that calls are posted to; or a list of addresses that answer alike. Only the configuration can name one: no request and no model can.",
  ),
  ...upstreamKeys,
  responseTimeoutSeconds: z.number().positive().max(600).default(10).describe("Longest that one attempt may take. Default 10."),
  maxResponseBytes: z.int().min(1024).max(8_388_608).default(65_536).describe("Longest answer that is read. Default 64 Ki."),
});

export type ToolParams = z.output<typeof toolParams>;
