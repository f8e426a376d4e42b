import { z } from "zod";
import type { ExternalAnswer, ExternalCall, ExternalVerdict } from "../../domain/backend.ts";
import type { Finding } from "../../domain/finding.ts";
import { parseJson } from "../../domain/json.ts";
import { presentable } from "../../domain/presentable.ts";

/**
 * One item of a request as JSON: what protos/rewardgate/judge/v1 says, in the gateway's own JSON for messages and contents. Its id
 * is left to {@link writeRequest}; candidates are named by their place.
 */
export function writeItem({ prompt, candidates, reference, domain, language, metadata }: ExternalCall): object {
  return {
    prompt,
    candidates: candidates.map((content, index) => ({ id: String(index), content })),
    ...(reference !== undefined && { reference }),
    ...(domain !== undefined && { domain }),
    ...(language !== undefined && { language }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}

/** The body of a request: items of one judge, named by their place. */
export function writeRequest(judge: string, items: readonly object[]): string {
  return JSON.stringify({ judge, items: items.map((item, index) => ({ id: String(index), ...item })) });
}

/** Longest text of a critique or a finding that is kept, UTF-16 units, and most findings of a candidate. */
const LONGEST_TEXT = 8_000;
const LONGEST_NAME = 200;
const MOST_FINDINGS = 64;

/** A double as proto3's JSON writes it. */
const double = z.union([z.number(), z.literal(["NaN", "Infinity", "-Infinity"]).transform(Number)]);
const code = z.string().regex(/^[a-z0-9_]{1,64}$/);
const finding = z.object({
  name: z.string().min(1),
  value: z.number().nullish(),
  text: z.string().nullish(),
  start: z.int().min(0).nullish(),
  end: z.int().min(0).nullish(),
});
const judged = z
  .object({
    id: z.string(),
    score: double.nullish(),
    abstained: z.object({ code }).nullish(),
    failed: z.object({ code, retryable: z.boolean().default(false) }).nullish(),
    critique: z.string().nullish(),
    findings: z.array(finding).nullish(),
  })
  .refine(({ score, abstained, failed }) => [score, abstained, failed].filter((outcome) => outcome != null).length === 1);
const response = z.object({
  version: z.string().min(1),
  items: z.array(z.object({ id: z.string(), candidates: z.array(judged) })),
});
const description = z.object({ judges: z.array(z.object({ name: z.string(), version: z.string(), space: z.string() })) });

/** What a request was answered with: structure is checked, names are not. */
export type ReadJudgements = z.output<typeof response>;
export type DescribedJudge = z.output<typeof description>["judges"][number];

/** Reads the answer to a request. @returns undefined when the text is none */
export function readResponse(text: string): ReadJudgements | undefined {
  return parse(text, response);
}

/** Reads which judges a service has. @returns undefined when the text does not say so */
export function readDescription(text: string): readonly DescribedJudge[] | undefined {
  return parse(text, description)?.judges;
}

/**
 * The answers to calls, by the names that the request gave their items and candidates.
 *
 * @returns one per call, or undefined when an item or a candidate is missing, unknown or there twice
 */
export function answersOf({ version, items }: ReadJudgements, calls: readonly ExternalCall[]): ExternalAnswer[] | undefined {
  const ordered = inOrder(items, calls.length);
  if (ordered === undefined) return undefined;
  const answers: ExternalAnswer[] = [];
  for (const [index, { candidates }] of ordered.entries()) {
    const verdicts = inOrder(candidates, calls[index]!.candidates.length);
    if (verdicts === undefined) return undefined;
    answers.push({ version, verdicts: verdicts.map(verdictOf) });
  }
  return answers;
}

/** What is named 0 to count − 1, each exactly once, in that order; undefined when it is not so. */
function inOrder<T extends { readonly id: string }>(named: readonly T[], count: number): T[] | undefined {
  const byId = new Map(named.map((one) => [one.id, one]));
  if (named.length !== count || byId.size !== count) return undefined;
  const ordered = Array.from({ length: count }, (_, index) => byId.get(String(index)));
  return ordered.every((one) => one !== undefined) ? ordered : undefined;
}

function verdictOf({ score, abstained, failed, critique, findings }: z.output<typeof judged>): ExternalVerdict {
  if (abstained != null) return { outcome: "abstained", code: abstained.code };
  if (failed != null) return { outcome: "failed", ...failed };
  return {
    outcome: "scored",
    value: score!,
    ...(critique != null && { critique: presentable(critique, LONGEST_TEXT) }),
    ...(findings != null && findings.length > 0 && { findings: findings.slice(0, MOST_FINDINGS).map(findingOf) }),
  };
}

function findingOf({ name, value, text, start, end }: z.output<typeof finding>): Finding {
  return {
    name: presentable(name, LONGEST_NAME),
    ...(value != null && { value }),
    ...(text != null && { text: presentable(text, LONGEST_TEXT) }),
    ...(start != null && end != null && start <= end && { start, end }),
  };
}

function parse<T>(text: string, schema: z.ZodType<T>): T | undefined {
  const parsed = schema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : undefined;
}
