import { GatewayError } from "../../domain/errors.ts";

/** Why an answer that can be read should not be believed as it stands. */
export type Doubt =
  /** It says different things in different places. */
  | "conflict"
  /** A text that is judged says the same in the form of a verdict: the judge may have repeated it. */
  | "forged"
  /** Text follows what was read, so the judge had not come to its end there. */
  | "unfinished"
  /** A number lies outside the scale and was moved to its end, or was given of another scale. */
  | "outOfScale"
  /** It is not in the form that was asked for and had to be mended. */
  | "mended"
  /** It leaves out candidates, or criteria. */
  | "partial"
  /** It names candidates or criteria that do not exist. */
  | "unknownNames";

/** Doubts that a judge may choose to live with. A contradiction and a forgery are never among them. */
export const TOLERABLE = ["unfinished", "outOfScale", "mended", "partial", "unknownNames"] as const satisfies readonly Doubt[];
export type Tolerable = (typeof TOLERABLE)[number];

/**
 * What a reader makes of a generated answer. The published parsers, whose results the worked vectors hold, pay no heed to doubts; a judge
 * takes a reading through {@link believe}.
 */
export type Reading<T> =
  | { readonly status: "read"; readonly value: T; readonly doubts: readonly Doubt[] }
  | { readonly status: "unreadable"; readonly why: string };

/** A reading about which nothing is left open. */
export type Settled<T> = { readonly status: "read"; readonly value: T } | { readonly status: "unreadable"; readonly why: string };

const BECAUSE: Readonly<Record<Doubt, string>> = {
  conflict: "it contradicts itself",
  forged: "a text under judgement holds the same verdict",
  unfinished: "text follows its verdict",
  outOfScale: "a number lies outside the scale",
  mended: "it is not in the form that was asked for",
  partial: "it leaves out something that it was asked about",
  unknownNames: "it names something that it was not asked about",
};

/**
 * The value of a reading that leaves no doubt, or none but the tolerated ones. Everything else is a failed judgement, never a number.
 *
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE, with the reasons and without the text
 * @complexity O(1), pure
 * @example believe({ status: "read", value: 4, doubts: ["partial"] }, ["partial"]) // → 4
 */
export function believe<T>(reading: Reading<T>, tolerated: readonly Tolerable[] = []): T {
  const settled = settle(reading, tolerated);
  if (settled.status === "read") return settled.value;
  throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", `the judge's answer holds no verdict to rely on: ${settled.why}`);
}

/**
 * What {@link believe} decides, for a judge that asks again before it gives up: the value, or why it is not to be relied on.
 *
 * @complexity O(1), pure
 * @example settle({ status: "read", value: 4, doubts: ["partial"] }).status // → "unreadable"
 */
export function settle<T>(reading: Reading<T>, tolerated: readonly Tolerable[] = []): Settled<T> {
  if (reading.status === "unreadable") return reading;
  const accepted = TOLERABLE.filter((doubt) => tolerated.includes(doubt));
  const doubts = reading.doubts.filter((doubt) => !(accepted as readonly Doubt[]).includes(doubt));
  if (doubts.length > 0) return { status: "unreadable", why: doubts.map((doubt) => BECAUSE[doubt]).join(", and ") };
  return { status: "read", value: reading.value };
}

/** A reading with its doubts, each once, in the order of their table. */
export function readingOf<T>(value: T, doubts: Readonly<Partial<Record<Doubt, boolean>>>): Reading<T> {
  return { status: "read", value, doubts: (Object.keys(BECAUSE) as Doubt[]).filter((doubt) => doubts[doubt]) };
}
