import { z } from "zod";
import type { ExternalAnswer, ExternalCall, ExternalVerdict } from "../domain/backend.ts";
import { GatewayError } from "../domain/errors.ts";
import { type Content, firstForeignPart, type Item, type PartType } from "../domain/item.ts";
import type { Judge, RawScore } from "../domain/judge.ts";
import { SCORE_SPACES, type ScoreSpace } from "../domain/score-space.ts";

/** What `rewardgate.yaml` says about a judge that is a service of the user's own. */
export const externalSchema = z
  .strictObject({
    kind: z.literal("external").describe("A service of your own."),
    backend: z.string().min(1).describe("Name of the backend of type `external` that reaches the service."),
    description: z.string().min(1).optional().describe("One sentence, for people. Default names the service's judge."),
    license: z.string().default("").describe("SPDX licence of the judge. Default none stated."),
    judge: z.string().min(1).max(200).optional().describe("Name of the judge at the service. Default the judge's name here."),
    version: z
      .string()
      .min(1)
      .max(200)
      .describe("Version that the service has to tell with every answer; any other is refused. Part of the judge's revision."),
    space: z.enum(SCORE_SPACES).describe("What the score means: probability, unit, logit and so on. Scores outside of it are refused."),
    group: z.boolean().default(false).describe("Whether all candidates of an item are judged together. Default false: one by one."),
    accepts: z
      .array(z.enum(["text", "image"]))
      .min(1)
      .default(["text"])
      .describe("Kinds of content that the service reads; an item with another is not applicable. Default text."),
    reads: z
      .array(z.enum(["reference", "domain", "language"]))
      .default([])
      .describe("Fields of an item that are sent besides prompt and candidates; an item without one is not applicable. Default none."),
    metadata: z
      .array(z.string().min(1))
      .default([])
      .describe("Keys of an item's metadata that are sent; an item without one is not applicable. Default none."),
    deterministic: z.boolean().default(false).describe("Whether the same question always has the same answer, bit by bit. Default false."),
  })
  .describe("A judge that is a service of your own, over gRPC or HTTP.");

export type ExternalConfig = z.output<typeof externalSchema>;

/** Version of what is asked and how answers are read; part of the revision of every judge of this kind. */
export const EXTERNAL_VERSION = 1;

/**
 * A judge that is a service of the user's own.
 *
 * Asks: one call per candidate, or one for all candidates of the item. Reads: a score, an abstention or a failure per candidate, with
 * critique and findings, from the version of the judge that the configuration states. Scale: as the configuration states; scores
 * outside of it are refused. Sees other candidates when `group` is set. Known bias: the service's own.
 */
export function createExternalJudge(spec: { readonly name: string; readonly revision: string }, config: ExternalConfig): Judge {
  const { version, space, group, reads, metadata } = config;
  const judge = config.judge ?? spec.name;
  const accepts: ReadonlySet<PartType> = new Set(config.accepts);

  function callFor(item: Item, candidates: readonly Content[]): ExternalCall {
    const fields = reads.map((field) => [field, item[field]!] as const);
    const labels = Object.fromEntries(metadata.map((key) => [key, item.metadata![key]!]));
    return { type: "external", judge, prompt: item.prompt, candidates, ...Object.fromEntries(fields), metadata: labels };
  }

  return {
    ...spec,
    kind: "external",
    backend: config.backend,
    space,
    determinism: { class: config.deterministic ? "bitwise" : "none" },
    accepts,
    notApplicable(item) {
      const foreign = firstForeignPart(item, accepts);
      if (foreign !== undefined) return `the judge does not read parts of type ${foreign} and the item holds one`;
      const field = reads.find((name) => (item[name] ?? "") === "");
      if (field !== undefined) return `the judge reads the item's ${field} and the item has none`;
      const key = metadata.find((name) => !Object.hasOwn(item.metadata ?? {}, name));
      return key === undefined ? undefined : `the judge reads the metadata "${key}" and the item has none`;
    },
    encode(item) {
      const contents = item.candidates.map(({ content }) => content);
      if (group) return [{ candidates: [...contents.keys()], calls: [callFor(item, contents)] }];
      return contents.map((content, candidate) => ({ candidates: [candidate], calls: [callFor(item, [content])] }));
    },
    decode(_ask, [result]) {
      return readAnswer(result?.external, { judge, version, space });
    },
  };
}

/** @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when another version answered */
function readAnswer(
  answer: ExternalAnswer | undefined,
  expected: { readonly judge: string; readonly version: string; readonly space: ScoreSpace },
): RawScore[] {
  if (answer === undefined) throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", "the backend answered without verdicts");
  if (answer.version !== expected.version) {
    throw new GatewayError(
      "JUDGE_OUTPUT_UNREADABLE",
      `judge "${expected.judge}" of the service answered in another version than the configured ${expected.version}; state the new one there`,
    );
  }
  return answer.verdicts.map((verdict) => rawScoreOf(verdict, expected.space));
}

function rawScoreOf(verdict: ExternalVerdict, space: ScoreSpace): RawScore {
  if (verdict.outcome === "abstained") return { outcome: "abstained", message: `the service abstained: ${verdict.code}` };
  if (verdict.outcome === "failed") {
    const reason = verdict.retryable ? "BACKEND_UNAVAILABLE" : "BACKEND_REFUSED";
    return { outcome: "failed", error: new GatewayError(reason, `the service could not judge this candidate: ${verdict.code}`) };
  }
  const { value } = verdict;
  if (!Number.isFinite(value)) {
    return { outcome: "failed", error: new GatewayError("SCORE_NOT_FINITE", "the service gave a score that is not a finite number") };
  }
  if (!isIn(space, value)) {
    const error = new GatewayError("JUDGE_OUTPUT_UNREADABLE", `the service gave a score outside of its space, ${space}`);
    return { outcome: "failed", error };
  }
  return verdict;
}

function isIn(space: ScoreSpace, value: number): boolean {
  switch (space) {
    case "unit":
    case "probability":
      return value >= 0 && value <= 1;
    case "logProbability":
      return value <= 0;
    default:
      return true;
  }
}
