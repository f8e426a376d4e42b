import { z } from "zod";
import { type Criterion, type Item, ROLES } from "../../domain/item.ts";
import { parseJson } from "../../domain/json.ts";
import type { Labels } from "../../evaluation/labels.ts";
import { checkCriteria } from "../../transport/request-rules.ts";

/** One line of a file, ready to score. */
export interface ScoreRecord {
  /** Number of its line, from 1. */
  readonly line: number;
  readonly item: Item;
  /** Candidates as text, for their lengths. */
  readonly candidates: readonly string[];
  readonly labels: Labels;
  /** Part of the file that it belongs to, where it says so. */
  readonly subset: string | undefined;
  /** BCP 47 tag of the candidates' language, where the record says or its subset is called so. */
  readonly language: string | undefined;
}

/** A line that cannot be scored, and why. */
export interface BrokenRecord {
  readonly line: number;
  readonly id: string | undefined;
  readonly problem: string;
}

const message = z.object({ role: z.enum(ROLES), content: z.string() });
const criterion = z.object({
  name: z.string().optional(),
  text: z.string(),
  hard: z.boolean().optional(),
  weight: z.number().optional(),
  dependsOn: z.array(z.string()).optional(),
});
const base = z.object({
  id: z.union([z.string().min(1), z.number()]).optional(),
  prompt: z.union([z.string(), z.array(message).min(1)]),
  domain: z.string().min(1).optional().catch(undefined),
  language: z.string().min(1).optional().catch(undefined),
  reference: z.string().optional(),
  criteria: z.array(criterion).min(1).optional(),
});
/** Labels of a record that nothing depends on: ones of another form are not there. */
const tags = z.object({
  subset: z.string().min(1).optional().catch(undefined),
  meta: z
    .object({ language: z.string().min(1).optional().catch(undefined) })
    .optional()
    .catch(undefined),
});
const text = z.string();

/** The schemas, by the keys that tell them apart. The first that fits is taken. */
const SCHEMAS = [
  { keys: ["chosen", "rejected"], read: pair },
  { keys: ["responses", "ratings"], read: ranked },
  { keys: ["response", "ratings"], read: rated },
  { keys: ["answer"], read: verifiable },
  { keys: ["candidates"], read: unlabelled },
] as const;

type Content = { readonly candidates: readonly string[]; readonly labels: Labels; readonly reference?: string };

function pair(row: unknown): Content {
  const { chosen, rejected } = z.object({ chosen: text, rejected: text }).parse(row);
  return { candidates: [chosen, rejected], labels: { type: "pair" } };
}

function ranked(row: unknown): Content {
  const { responses, ratings } = z.object({ responses: z.array(text).min(1), ratings: z.array(z.number()) }).parse(row);
  if (responses.length !== ratings.length) throw new Error(`${responses.length} responses and ${ratings.length} ratings`);
  return { candidates: responses, labels: { type: "ranked", ratings } };
}

function rated(row: unknown): Content {
  const { response, ratings } = z.object({ response: text, ratings: z.record(z.string(), z.number()) }).parse(row);
  return { candidates: [response], labels: { type: "rated", ratings } };
}

function verifiable(row: unknown): Content {
  const schema = z.object({
    answer: text,
    responses: z.array(text).min(1),
    meta: z
      .object({ correct: z.array(z.boolean()) })
      .optional()
      .catch(undefined),
  });
  if (!Object.hasOwn(row as object, "responses")) throw new Error("a verifiable row without responses has nothing to score");
  const { answer, responses, meta } = schema.parse(row);
  const flags = meta?.correct.length === responses.length ? meta.correct : undefined;
  const labels: Labels = flags ? { type: "ranked", ratings: flags.map(Number) } : { type: "none" };
  return { candidates: responses, labels, reference: answer };
}

function unlabelled(row: unknown): Content {
  const candidate = z.union([text, z.object({ content: text }).transform(({ content }) => content)]);
  const { candidates } = z.object({ candidates: z.array(candidate).min(1) }).parse(row);
  return { candidates, labels: { type: "none" } };
}

/**
 * Reads one line in any of the schemas of docs/data-format.md.
 *
 * @param line its number, which stands in for a missing id
 * @param json undefined where it is not UTF-8
 */
export function parseRecord(line: number, json: string | undefined): ScoreRecord | BrokenRecord {
  let id: string | undefined;
  try {
    const row = parseObject(json);
    const { id: given, prompt, domain, language: stated, reference: told, criteria } = base.parse(row);
    id = given === undefined ? `line-${line}` : String(given);
    const schema = SCHEMAS.find(({ keys }) => keys.every((key) => Object.hasOwn(row, key)));
    if (schema === undefined) {
      throw new Error(`none of the known schemas: a row holds ${SCHEMAS.map(({ keys }) => keys.join(" and ")).join(", or ")}`);
    }
    const { candidates, labels, reference = told } = schema.read(row);
    const item: Item = {
      id,
      prompt: typeof prompt === "string" ? [{ role: "user", content: prompt }] : prompt,
      candidates: candidates.map((content) => ({ content })),
      ...(reference !== undefined && { reference }),
      ...(criteria !== undefined && { criteria: criteriaOf(criteria) }),
      ...(domain !== undefined && { domain }),
      ...(stated !== undefined && { language: stated }),
    };
    const { subset, meta } = tags.parse(row);
    return { line, item, candidates, labels, subset, language: stated ?? meta?.language ?? languageCalled(subset) };
  } catch (cause) {
    return { line, id, problem: reasonOf(cause) };
  }
}

/** Criteria under the rules that requests keep. */
function criteriaOf(given: readonly z.infer<typeof criterion>[]): Criterion[] {
  const criteria = given.map(({ name, text, hard, weight, dependsOn }, index) => ({
    name: name ?? String(index),
    text,
    ...(hard === true && { hard }),
    ...(weight !== undefined && { weight }),
    ...(dependsOn !== undefined && { dependsOn }),
  }));
  checkCriteria(criteria, "criteria", Number.POSITIVE_INFINITY);
  return criteria;
}

const LANGUAGES = new Intl.DisplayNames("en", { type: "language", fallback: "none" });

/** The language that a subset is called by: `zh`, or the target of a direction of translation such as `lt-en`. */
function languageCalled(subset: string | undefined): string | undefined {
  const tag = /^(?:[a-z]{2}-)?([a-z]{2})$/.exec(subset ?? "")?.[1];
  return tag !== undefined && LANGUAGES.of(tag) !== undefined ? tag : undefined;
}

function parseObject(json: string | undefined): Record<string, unknown> {
  if (json === undefined) throw new Error("not UTF-8; convert the file");
  const value = parseJson(json);
  if (value === undefined) throw new Error("not JSON");
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("not a JSON object");
  return value as Record<string, unknown>;
}

/** Names the field; never the text in it. */
function reasonOf(cause: unknown): string {
  if (cause instanceof z.ZodError) {
    const [issue] = cause.issues;
    return `${issue!.path.join(".") || "row"}: ${issue!.message.toLowerCase()}`;
  }
  return cause instanceof Error ? cause.message : String(cause);
}
