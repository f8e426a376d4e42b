import { z } from "zod";
import { addresses, upstreamKeys } from "../upstream/settings.ts";

/** What `rewardgate.yaml` says about a service of one's own that judges. */
export const externalParams = z.strictObject({
  type: z.literal("external").describe("Asks a service of your own that judges, over gRPC or HTTP: docs/judges/external.md."),
  url: addresses(
    /^(grpcs?|https?)$/,
    "grpc://, grpcs://, http:// or https://",
    "Address of the service: grpc://host:port or grpcs:// for rewardgate.judge.v1.JudgeService, http:// or https:// for the same as JSON, " +
      "below which /judge and /describe are; or a list of services that answer alike, all of one protocol.",
  ),
  batchItems: z.int().min(1).max(256).default(1).describe("Most items in one request; they share its fate and its time. Default 1."),
  ...upstreamKeys,
});

export type ExternalParams = z.output<typeof externalParams>;
