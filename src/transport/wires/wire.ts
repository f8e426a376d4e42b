import type { GatewayError } from "../../domain/errors.ts";
import type { Item } from "../../domain/item.ts";
import { refuse } from "../request-rules.ts";

/** Names of the wires, as the configuration has them. */
export type WireName = "openrlhf" | "classify" | "slime" | "llamaFactory" | "rerank" | "score" | "nemoGym" | "roll" | "tei";

/** How a client of a wire is answered when a candidate has no reward. */
export type OnFailure = "error" | { readonly reward: number };

/** A trainer's or an engine's own wire, pointed at a panel. */
export interface WireSettings {
  readonly panel: string;
  /** Path of its route, where the client lets its user choose one. */
  readonly path: string;
  readonly onFailure: OnFailure;
}

/** Rewards of one candidate, as a wire may show them. */
export interface WireReward {
  readonly reward: number;
  /** Whether the number is the operator's stand-in for a failure. */
  readonly failed: boolean;
  /** Tokens that the judges read. */
  readonly tokens: number;
  /** What each member of the panel added; they sum to the reward. Empty for a stand-in. */
  readonly components: Readonly<Record<string, number>>;
}

/** Scores items of one candidate or more; every candidate gets a finite number or the whole call fails. */
export type ScoreItems = (items: readonly Item[]) => Promise<WireReward[][]>;

/** The same, with the reason in the place of a reward that there is not. */
export type ScoreEach = (items: readonly Item[]) => Promise<(WireReward | GatewayError)[][]>;

/** What a route may ask of the gateway. */
export interface WireCaller {
  /** Ends when the caller leaves. */
  readonly score: ScoreItems;
  /**
   * The same, tried again for as long as the call may take while the failure is one that may pass: for clients that do not try again. A
   * number stands for a failure only after that.
   */
  readonly scorePatiently: ScoreItems;
  /** The same for at most `timeoutMs`, and on when the caller has left. */
  scoreApart(items: readonly Item[], timeoutMs: number): Promise<WireReward[][]>;
}

/** What a wire may tell of the gateway. */
export interface WireFacts {
  readonly version: string;
  readonly panel: string;
  /** Digest of everything that decides the panel's rewards. */
  readonly revision: string;
  /** Most items and candidates of one call. */
  readonly maxItems: number;
  readonly maxCandidates: number;
  /** Most tokens that every judge of the panel reads; 0 where none has a bound. */
  readonly maxTokens: number;
}

/** One route of a wire: a body in, a body out. */
export interface WireRoute {
  /** Default `post`. */
  readonly verb?: "get" | "post";
  readonly path: string;
  /** Name in logs and metrics. */
  readonly method: string;
  /** Headers of its answers, errors excepted. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * @param body parsed JSON; undefined where there is none
   * @returns the body of the answer, which may be a bare number or text
   * @throws {GatewayError} REQUEST_INVALID, and whatever scoring throws
   */
  answer(body: unknown, caller: WireCaller): Promise<object | number | string>;
}

/** The code that speaks one wire. */
export interface WireKind {
  /** Key in the configuration. */
  readonly wire: WireName;
  /** Called once for a server, so what it makes lives as long. */
  routes(path: string, facts: WireFacts): readonly WireRoute[];
  /** Body of an answer that is an error, where the client reads a form of its own. */
  errorBody?(error: GatewayError): object;
}

/** An item of one prompt, in the form that engines take: text or chat messages. */
export function itemOf(id: number, prompt: Item["prompt"], candidates: readonly string[], reference?: string): Item {
  return {
    id: String(id),
    prompt,
    candidates: candidates.map((content) => ({ content })),
    ...(reference !== undefined && { reference }),
  };
}

/**
 * The reference answer that a label is: text, or a number as text; a label of another kind is none.
 * @throws {GatewayError} REQUEST_INVALID for a whole number that JSON has rounded
 */
export function referenceOf(label: unknown, field: string): string | undefined {
  if (typeof label === "string") return label;
  if (typeof label !== "number") return undefined;
  if (Number.isInteger(label) && !Number.isSafeInteger(label)) throw refuse(field, "a whole number beyond 2^53; send it as text");
  return String(label);
}
