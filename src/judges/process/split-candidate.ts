import { GatewayError } from "../../domain/errors.ts";
import { type Candidate, type Offsets, textOf } from "../../domain/item.ts";
import { type StepSpan, splitSteps } from "../../reward/process/split-steps.ts";
import { unitsOfCodePoints } from "../../reward/process/text-offsets.ts";
import type { StepSettings } from "./params.ts";

/** A candidate in steps, places in UTF-16 units. */
export interface SplitCandidate {
  readonly text: string;
  /** In order, disjoint; none where the text is blank. */
  readonly steps: readonly StepSpan[];
  /** [start, end) of each of the policy's tokens; absent where the request does not say. */
  readonly tokens?: readonly (readonly [number, number])[];
}

/**
 * Splits a candidate where the request says, or else by the judge's rule.
 *
 * @throws {GatewayError} REQUEST_INVALID when the request has to say and does not, or its places are none of the text; ITEM_TOO_LONG
 *   when there are more steps than the judge takes
 */
export function splitCandidate(
  { content, offsets }: Candidate,
  { steps: rule, maxSteps }: Pick<StepSettings, "steps" | "maxSteps">,
): SplitCandidate {
  const text = textOf(content);
  const ends = offsets === undefined ? [] : units(text, offsets, "stepEnds");
  if (rule.by === "offsets" && ends.length === 0) {
    throw new GatewayError("REQUEST_INVALID", "the judge splits no text: say where the candidate's steps end, in `offsets.stepEnds`");
  }
  const spans = splitSteps(text, ends.length > 0 || rule.by === "offsets" ? { by: "offsets", ends } : rule);
  const steps = spans.filter(({ start, end }) => text.slice(start, end).trim() !== "");
  if (steps.length > maxSteps) {
    throw new GatewayError("ITEM_TOO_LONG", `the candidate has ${steps.length} steps and the judge reads ${maxSteps}; send fewer steps`, {
      details: { limit: maxSteps },
    });
  }
  if (ends.length > 0 && steps.length < spans.length) {
    throw new GatewayError("REQUEST_INVALID", "a step of `offsets.stepEnds` holds white space only: leave it out");
  }
  const tokenEnds = offsets === undefined ? [] : units(text, offsets, "tokenEnds");
  if (tokenEnds.length === 0) return { text, steps };
  return { text, steps, tokens: tokenEnds.map((end, t) => [t === 0 ? 0 : tokenEnds[t - 1]!, end] as const) };
}

function units(text: string, offsets: Offsets, key: "stepEnds" | "tokenEnds"): readonly number[] {
  return offsets.unit === "utf16" ? offsets[key] : unitsOfCodePoints(text, offsets[key]);
}
