import type { Item } from "../../domain/item.ts";

/** Names of the wires, as the configuration has them. */
export type WireName = "openrlhf" | "classify" | "slime" | "llamaFactory" | "rerank";

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
}

/** Scores items of one candidate or more; every candidate gets a finite number or the whole call fails. */
export type ScoreItems = (items: readonly Item[]) => Promise<WireReward[][]>;

/** One route of a wire: a body in, a body out. */
export interface WireRoute {
  readonly path: string;
  /** Name in logs and metrics. */
  readonly method: string;
  /**
   * @param body parsed JSON
   * @returns the body of the answer, which may be a bare number
   * @throws {GatewayError} REQUEST_INVALID, and whatever scoring throws
   */
  answer(body: unknown, score: ScoreItems): Promise<object | number>;
}

/** The code that speaks one wire. */
export interface WireKind {
  /** Key in the configuration. */
  readonly wire: WireName;
  routes(path: string): readonly WireRoute[];
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
