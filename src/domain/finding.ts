/**
 * One thing that a judge saw on the way to a score: an item of a checklist, a step, a comparison, an observation of a tool. It
 * shows why a score is what it is and is never counted.
 */
export interface Finding {
  /** What was looked at, in the words of the kind: the item's name, `step 3`, `vs 1`. */
  readonly name: string;
  /** What came of it, in a unit that the kind documents; finite. */
  readonly value?: number;
  /** Quoted or written by a model that read the candidate. Untrusted text: shown, never interpreted. */
  readonly text?: string;
  /** Where in the candidate's text it is, as UTF-16 offsets [start, end). */
  readonly start?: number;
  readonly end?: number;
}
