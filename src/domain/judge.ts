import type { ZodType } from "zod";
import type { Call, CallResult, Overlong } from "./backend.ts";
import type { GatewayError } from "./errors.ts";
import type { Finding } from "./finding.ts";
import type { Item, PartType } from "./item.ts";
import type { Determinism, ScoreSpace } from "./score-space.ts";

export type { Finding } from "./finding.ts";

/** What one judge says of one candidate before anything is done to it. Only `scored` carries numbers, all of them finite. */
export type RawScore =
  | {
      readonly outcome: "scored";
      /** The judge's own scalar, in its score space. For a multi-objective judge, the gated sum with its own gating. */
      readonly value: number;
      /** Per objective, in the order of `Judge.objectives`. */
      readonly objectives?: Float64Array;
      /** Gating weights from the prompt, same order. */
      readonly gating?: Float64Array;
      /** What a generative judge wrote about the candidate. Untrusted text: shown, never interpreted. */
      readonly critique?: string;
      /** What the score was made from, in the order in which the judge looked. */
      readonly findings?: readonly Finding[];
      /** A reward for each of the policy's tokens, where the request says where they end. In the judge's own scale. */
      readonly tokenRewards?: Float64Array;
    }
  | { readonly outcome: "abstained"; readonly message: string; readonly findings?: readonly Finding[] }
  /** This candidate could not be judged, while others of its ask were. */
  | { readonly outcome: "failed"; readonly error: GatewayError; readonly findings?: readonly Finding[] };

/**
 * One question of a judge to its backend: the calls whose answers give the raw scores of `candidates`.
 * A pointwise judge asks once per candidate; a judge that reads the group asks once for all. A judge gets back the very objects
 * that it made, so its asks may hold more, for itself.
 */
export interface Ask {
  /** Indices into `Item.candidates`. */
  readonly candidates: readonly number[];
  readonly calls: readonly Call[];
  /** What the scores depend on besides the answers to the calls, where a judge reads more of the item: part of the cache's key. */
  readonly reads?: string;
  /** Backend that its calls go to; absent: the judge's. One of a judge that the judge says it asks, or that it may ask. */
  readonly backend?: string;
  /** Set where the same question may have other answers a moment later: scores that rest on them are not kept. */
  readonly fleeting?: boolean;
  /** Answers to the asks before this one, in the order of their calls. Present only on what `followUp` returned. */
  readonly earlier?: readonly CallResult[];
}

/** A named axis of quality and how it takes part in the gated sum. */
export interface Objective {
  readonly name: string;
  /** Penalty p of `r' = r − p · r_verbosity`; 0 leaves the objective as it is. */
  readonly penalty: number;
}

/** How an objective vector becomes the judge's scalar (ArmoRM, arXiv:2406.12845). */
export interface GatedObjectives {
  readonly objectives: readonly Objective[];
  /** Index of the verbosity objective, or −1 when there is none. */
  readonly verbosityIndex: number;
}

/**
 * A judge is pure: it says what to ask and how to read the answers. It does no I/O, so it runs on any backend
 * that serves its calls and is tested without a model.
 */
export interface Judge {
  /** Name in the configuration. */
  readonly name: string;
  readonly kind: string;
  /** Digest over kind, parameters and model; names what a raw score came from. */
  readonly revision: string;
  /** Name of the backend its calls go to; absent when it needs none. */
  readonly backend?: string;
  /** Judges whose questions it asks after its own, on their backends. */
  readonly asks?: readonly Judge[];
  /** Names of backends that its later asks may go to and that it can do without: it is ready while they are not. */
  readonly mayAsk?: readonly string[];
  readonly space: ScoreSpace;
  readonly determinism: Determinism;
  readonly accepts: ReadonlySet<PartType>;
  /** Present when the judge reports objectives. */
  readonly gated?: GatedObjectives;
  /** Why the judge does not cover this item, or undefined when it does. */
  notApplicable(item: Item): string | undefined;
  /** The questions to ask, covering every candidate exactly once. */
  encode(item: Item): readonly Ask[];
  /**
   * Whether it reads an ask of which some calls failed; their answers then hold a `failure` and nothing else. Absent: one failed
   * call fails the ask. Scores of such an ask are not kept.
   */
  readonly bearsFailures?: true;
  /** Most further asks about one ask; absent means 1. */
  readonly maxFollowUps?: number;
  /**
   * One further question about an ask whose answers do not do, or undefined when they do. After `maxFollowUps` of them the answers
   * are the last. Its candidates are the ask's.
   */
  followUp?(ask: Ask, results: readonly CallResult[], item: Item): Ask | undefined;
  /**
   * Raw scores in the order of `ask.candidates`.
   * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE or SCORE_NOT_FINITE when an answer holds no usable number
   */
  decode(ask: Ask, results: readonly CallResult[], item: Item): readonly RawScore[];
}

/** Names of all backends that a judge needs, its own first; those that it can do without are not among them. */
export function backendsOf({ backend, asks = [] }: Judge): string[] {
  return [...new Set([...(backend === undefined ? [] : [backend]), ...asks.flatMap(backendsOf)])];
}

/** What a judge is made from, besides the parameters of its kind. */
export interface JudgeSpec {
  readonly name: string;
  readonly revision: string;
  /** Name of the backend that its calls go to. */
  readonly backend: string;
  /**
   * Jinja chat template over `messages`: the prompt's messages and the candidate as the last, assistant's, message. One of a kind that reads
   * the item's reference shows it as `reference`.
   */
  readonly template: string;
  readonly overlong: Overlong;
  readonly space: ScoreSpace;
  readonly determinism: Determinism;
}

/** The code that implements a family of judges: a schema for its part of `judge.yaml` and a constructor. */
export interface JudgeKind<P = unknown> {
  readonly kind: string;
  /** Strict schema of the kind's own keys: `outputs` (names of tensors) and whatever else the kind reads. */
  readonly params: ZodType<P>;
  /** Keys of `params` that a configuration may state anew, since they are about the use of the model and not about the model. */
  readonly settable?: readonly string[];
  create(spec: JudgeSpec, params: P): Judge;
}

/** An item whose scores the judge's makers recorded. */
export interface GoldenRow {
  readonly id: string;
  /** One candidate, or several for a judge that reads the group. */
  readonly item: Item;
  /** In the order of the item's candidates. */
  readonly scores: readonly GoldenScore[];
  /** Token ids that the makers' own code read for its one call; a template or tokenizer that gives others is not theirs. */
  readonly ids?: readonly number[];
}

/** What was recorded of one candidate. */
export interface GoldenScore {
  readonly value: number;
  readonly objectives?: readonly number[];
  readonly gating?: readonly number[];
}
