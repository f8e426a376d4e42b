import { createHash } from "node:crypto";
import { textOf } from "../../domain/item.ts";
import type { LabelledCandidate, LabelledPrompt } from "../../evaluation/labelled-prompts.ts";
import { UsageError } from "../failure.ts";
import type { ScoreRecord } from "../score/records.ts";

/** Raw scores of one candidate: under the judge that is calibrated, and under the one whose scale is the aim. */
export interface RawScores {
  readonly score: number;
  readonly onto?: number;
}

/** Collects labelled records with their scores; keeps numbers and digests, never text. */
export interface LabelCollection {
  add(record: ScoreRecord, scores: readonly RawScores[]): void;
  /** The prompts in the order of the file; rated candidates of one prompt are together. */
  prompts(): LabelledPrompt[];
  /** Whether any record compares candidates by itself, as pairs and ranked records do. */
  readonly compares: boolean;
  /** Records without a label that could be used. */
  readonly unlabelled: number;
}

/** @param dimension the rating of rated records that counts; needed where they have several */
export function createLabelCollection(dimension: string | undefined): LabelCollection {
  const whole: LabelledPrompt[] = [];
  const rated = new Map<string, { readonly group: string; readonly candidates: LabelledCandidate[] }>();
  let unlabelled = 0;
  const append = (record: ScoreRecord, group: string, candidate: LabelledCandidate) => {
    const key = digest(JSON.stringify(record.item.prompt));
    const known = rated.get(key);
    if (known) known.candidates.push(candidate);
    else rated.set(key, { group, candidates: [candidate] });
  };
  return {
    add(record, scores) {
      const { line, item, labels } = record;
      const group = openingOf(record);
      // Two records may bear one id; their lines differ.
      const id = `${line}:${item.id}`;
      if (labels.type === "pair") whole.push({ id, group, candidates: scores, preference: [0, 1] });
      else if (labels.type === "ranked") {
        whole.push({ id, group, candidates: scores.map((score, i) => ({ ...score, rating: labels.ratings[i]! })) });
      } else if (labels.type === "rated") append(record, group, { ...scores[0]!, rating: ratingOf(labels.ratings, dimension, line) });
      else unlabelled++;
    },
    prompts: () => [...whole, ...[...rated].map(([id, { group, candidates }]) => ({ id, group, candidates }))],
    get compares() {
      return whole.length > 0;
    },
    get unlabelled() {
      return unlabelled;
    },
  };
}

/** Digest of the first user turn, so that conversations which begin alike are never torn apart. */
function openingOf({ item }: ScoreRecord): string {
  const { content } = item.prompt.find(({ role }) => role === "user") ?? item.prompt[0]!;
  return digest(textOf(content));
}

function digest(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex").slice(0, 32);
}

function ratingOf(ratings: Readonly<Record<string, number>>, dimension: string | undefined, line: number): number {
  const names = Object.keys(ratings);
  const name = dimension ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined) throw new UsageError(`line ${line} is rated in several ways: choose one with --dimension: ${names.join(", ")}`);
  if (!Object.hasOwn(ratings, name)) throw new UsageError(`line ${line} has no rating "${name}"; it has: ${names.join(", ")}`);
  return ratings[name]!;
}
