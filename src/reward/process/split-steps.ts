import { GatewayError } from "../../domain/errors.ts";

/** Where a step stands in its response: [start, end), UTF-16 units. */
export interface StepSpan {
  readonly start: number;
  readonly end: number;
}

/** What separates the steps of a response. */
export type StepRule =
  /** A text between steps, a blank line for example. */
  | { readonly by: "marker"; readonly marker: string }
  /** Every line that is not blank. */
  | { readonly by: "lines" }
  /**
   * A heading at the start of a line: the word, the step's number and a colon, full stop or bracket, as in `Step 2:`. Numbers count
   * from 1; a heading out of turn is text of the step that it stands in. What comes before the first heading is a step of its own.
   */
  | { readonly by: "headings"; readonly word: string }
  /** What stands between an opening and a closing tag; a tag that is never closed holds the rest. Text outside tags is no step. */
  | { readonly by: "tags"; readonly open: string; readonly close: string }
  /** The caller's own: step h reaches from the end of step h − 1, or from 0, to ends[h], UTF-16 units. The only rule that no response can bend. */
  | { readonly by: "offsets"; readonly ends: readonly number[] };

/**
 * Splits a response into steps. White space around a step is left out and empty steps are dropped, except under `offsets`, which
 * are taken as they are. Without a step, the whole response is one.
 *
 * @returns spans in order, disjoint, at least one; `text.slice(start, end)` is the step
 * @throws {GatewayError} REQUEST_INVALID when offsets do not ascend within the text; CONFIG_INVALID when a marker or tag is empty
 * @complexity O(length of the text), pure
 * @example splitSteps("Add.\n\n\n\nDivide.\n", { by: "marker", marker: "\n\n" })[1].start // → 8
 */
export function splitSteps(text: string, rule: StepRule): StepSpan[] {
  if (rule.by === "offsets") return spansBetween(text, rule.ends);
  const steps = spansOf(text, rule).flatMap((span) => trimmed(text, span));
  return steps.length > 0 ? steps : wholeOf(text);
}

function spansOf(text: string, rule: Exclude<StepRule, { by: "offsets" }>): StepSpan[] {
  if (rule.by === "lines") return separatedBy(text, "\n");
  if (rule.by === "marker") return separatedBy(text, named(rule.marker, "a marker"));
  if (rule.by === "headings") return headed(text, named(rule.word, "a heading"));
  return tagged(text, named(rule.open, "an opening tag"), named(rule.close, "a closing tag"));
}

function separatedBy(text: string, marker: string): StepSpan[] {
  const spans: StepSpan[] = [];
  let start = 0;
  for (let at = text.indexOf(marker); at >= 0; at = text.indexOf(marker, start)) {
    spans.push({ start, end: at });
    start = at + marker.length;
  }
  return [...spans, { start, end: text.length }];
}

function headed(text: string, word: string): StepSpan[] {
  const spans: StepSpan[] = [];
  let start = 0;
  let next = 1;
  for (let line = 0; line >= 0 && line < text.length; ) {
    const length = headingLength(text, line, `${word} ${next}`);
    if (length > 0) {
      spans.push({ start, end: line });
      start = line + length;
      next++;
    }
    const end = text.indexOf("\n", line);
    line = end < 0 ? -1 : end + 1;
  }
  return [...spans, { start, end: text.length }];
}

/** Length of the heading that starts at `at`, or 0. */
function headingLength(text: string, at: number, heading: string): number {
  return text.startsWith(heading, at) && ":.)".includes(text[at + heading.length] ?? " ") ? heading.length + 1 : 0;
}

function tagged(text: string, open: string, close: string): StepSpan[] {
  const spans: StepSpan[] = [];
  for (let at = text.indexOf(open); at >= 0; ) {
    const start = at + open.length;
    const end = text.indexOf(close, start);
    if (end < 0) return [...spans, { start, end: text.length }];
    spans.push({ start, end });
    at = text.indexOf(open, end + close.length);
  }
  return spans;
}

function spansBetween(text: string, ends: readonly number[]): StepSpan[] {
  let start = 0;
  const spans = ends.map((end, h) => {
    if (!Number.isInteger(end) || end <= start || end > text.length) {
      throw new GatewayError(
        "REQUEST_INVALID",
        `step ${h} ends at ${end}: ends are whole numbers that ascend from above 0 to the text's length, ${text.length}`,
      );
    }
    const span = { start, end };
    start = end;
    return span;
  });
  return spans.length > 0 ? spans : wholeOf(text);
}

function trimmed(text: string, { start, end }: StepSpan): StepSpan[] {
  const part = text.slice(start, end);
  const core = part.trim();
  if (core === "") return [];
  const from = start + part.length - part.trimStart().length;
  return [{ start: from, end: from + core.length }];
}

function wholeOf(text: string): StepSpan[] {
  const whole = { start: 0, end: text.length };
  const [core = whole] = trimmed(text, whole);
  return [core];
}

function named(marker: string, what: string): string {
  if (marker === "") throw new GatewayError("CONFIG_INVALID", `${what} of steps is empty: name the text that stands between steps`);
  return marker;
}
