/** Who speaks in a message of the prompt. */
export type Role = "system" | "developer" | "user" | "assistant" | "tool";
export const ROLES: readonly Role[] = ["system", "developer", "user", "assistant", "tool"];

/** A kind of content. A judge declares the kinds it takes. */
export type PartType = "text" | "image";

export interface TextPart {
  readonly type: "text";
  readonly text: string;
}

/** An image by address. The gateway never fetches an address: judges that take images read `data:` addresses only. */
export interface ImagePart {
  readonly type: "image";
  readonly url: string;
}

export type ContentPart = TextPart | ImagePart;

/** Text, or typed parts in order. */
export type Content = string | readonly ContentPart[];

export interface Message {
  readonly role: Role;
  readonly content: Content;
}

/** What a place in a text counts: code points, as Python does, or UTF-16 units, as JavaScript does. */
export type OffsetUnit = "codePoint" | "utf16";
export const OFFSET_UNITS: readonly OffsetUnit[] = ["codePoint", "utf16"];

/** Where parts of a candidate's text end. */
export interface Offsets {
  readonly unit: OffsetUnit;
  /** Ends of its steps, ascending from above 0; step h reaches from the end of the one before it. Empty: the judge splits. */
  readonly stepEnds: readonly number[];
  /** Ends of the policy's tokens, never falling; a token without a character repeats the end before it. Empty: no rewards of tokens. */
  readonly tokenEnds: readonly number[];
}

/** One completion to be judged, with what its policy knows of it. */
export interface Candidate {
  readonly content: Content;
  /** Length in the policy's tokens, ≥ 0; for length terms and length-weighted baselines. */
  readonly tokens?: number;
  /** KL divergence of the policy from its reference policy on this completion, nats; for constrained optimisation. */
  readonly kl?: number;
  /** Whether generation was cut off before its end. Absent means no. */
  readonly truncated?: boolean;
  /** Where its steps and tokens end, for judges of steps. */
  readonly offsets?: Offsets;
}

/**
 * One thing that a good response to this item does, as the caller states it: a principle, a rule or a point of a checklist. Untrusted text
 * like the prompt: a judge shows it as data.
 */
export interface Criterion {
  /** Unique within the item; what is found out under it carries the name. */
  readonly name: string;
  readonly text: string;
  /** Whether it has to hold; otherwise it weighs. Absent means no. */
  readonly hard?: boolean;
  /** > 0; absent means 1. */
  readonly weight?: number;
  /** Names of other criteria of the item that have to be met before this one can be; without cycles. */
  readonly dependsOn?: readonly string[];
}

/** The unit of work: one prompt with its candidates, which together form a group. */
export interface Item {
  /** Unique within its request; echoed in the answer. */
  readonly id: string;
  readonly prompt: readonly Message[];
  /** At least one, in the order of the answer. */
  readonly candidates: readonly Candidate[];
  /** Completions of a reference policy for the same prompt: judged like candidates, never rewarded, compared with. */
  readonly baselines?: readonly Candidate[];
  /** Reference answer, for judges that compare with one. */
  readonly reference?: string;
  /** What a good response does, for judges that take it from the request; at least one where there are any. */
  readonly criteria?: readonly Criterion[];
  /** Domain label, for routing and statistics. */
  readonly domain?: string;
  /** BCP 47 language tag. */
  readonly language?: string;
  /** Free labels; never read by judges unless their configuration names a key. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Which of the candidates that a judge sees are the item's baselines, judged along to be compared with. A judge whose score of
 * one candidate depends on the others leaves them out of the company of the candidates.
 *
 * @returns indices into `candidates`, ascending
 */
export function baselineIndices({ candidates, baselines = [] }: Item): number[] {
  const known = new Set(baselines);
  return candidates.flatMap((candidate, index) => (known.has(candidate) ? [index] : []));
}

/** The text of a content: the parts of type text, joined in order. */
export function textOf(content: Content): string {
  if (typeof content === "string") return content;
  let text = "";
  for (const part of content) if (part.type === "text") text += part.text;
  return text;
}

/** Whether every part of the item is of a type in `accepted`; the first type that is not, or undefined. */
export function firstForeignPart(item: Item, accepted: ReadonlySet<PartType>): PartType | undefined {
  for (const { content } of [...item.prompt, ...item.candidates, ...(item.baselines ?? [])]) {
    if (typeof content === "string") {
      if (!accepted.has("text")) return "text";
      continue;
    }
    for (const part of content) if (!accepted.has(part.type)) return part.type;
  }
  return undefined;
}
