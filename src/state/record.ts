import { createHash } from "node:crypto";
import { z } from "zod";
import { GatewayError } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import type { StateChange, StateValue, StepInput } from "../domain/state.ts";
import { isStateValue, type Reported, type StateConfig, stateSchema } from "./kinds/index.ts";
import type { StoredVersion } from "./store.ts";

/** What a history says of a version. */
export interface Facts {
  readonly change: StateChange;
  /** Absent on version 0, with the digest. */
  readonly stepId?: string;
  readonly inputDigest?: string;
  /** RFC 3339 in UTC. */
  readonly at: string;
}

/** What made a version: the parameters in force, and what a step reported. */
export interface Cause {
  readonly config: StateConfig;
  /** Only of steps. */
  readonly input?: Reported<keyof StepInput>;
}

/** A version before it is stored. */
export interface VersionRecord {
  readonly version: number;
  readonly state: StateValue;
  readonly facts: Facts;
  readonly cause: Cause;
}

/** The record as the texts that a store keeps. @throws {GatewayError} SCORE_NOT_FINITE when the value left the range of doubles */
export function encodeRecord({ version, state, facts, cause }: VersionRecord): StoredVersion {
  const texts = { version, value: encodeValue(state), facts: JSON.stringify(facts), cause: JSON.stringify(cause) };
  return facts.stepId === undefined ? texts : { ...texts, stepId: facts.stepId };
}

/**
 * A value as text that gives back every double to the bit: JSON writes the shortest digits that do. Only −0 comes back as 0.
 * @throws {GatewayError} SCORE_NOT_FINITE for a value that holds NaN or an infinity, which JSON would make null
 */
export function encodeValue(state: StateValue): string {
  return JSON.stringify(state, (_, part: unknown) => {
    if (typeof part === "number" && !Number.isFinite(part)) {
      throw new GatewayError(
        "SCORE_NOT_FINITE",
        "the step would leave a value that is not finite; nothing was changed: report smaller numbers",
      );
    }
    return part;
  });
}

/** @returns undefined when the text is no value of any kind: the store may have been written by another program */
export function decodeValue(text: string): StateValue | undefined {
  const stored = parseJson(text);
  return isStateValue(stored) ? stored : undefined;
}

const factsSchema = z.object({
  change: z.enum(["start", "step", "reset"]),
  stepId: z.string().optional(),
  inputDigest: z.string().optional(),
  at: z.string(),
});

/** @returns undefined when the text holds no facts */
export function decodeFacts(text: string): Facts | undefined {
  return factsSchema.safeParse(parseJson(text)).data as Facts | undefined;
}

/** @returns undefined when the text holds no parameters of a kind */
export function decodeCause(text: string): Cause | undefined {
  const cause = parseJson(text) as Cause | undefined;
  return stateSchema.safeParse(cause?.config).success ? cause : undefined;
}

/**
 * Digest of what a step reported, the same whatever order judges stand in.
 * @param input undefined for a reset
 * @returns 32 hexadecimal digits, the first half of a SHA-256
 */
export function digestInput(input: Reported<keyof StepInput> | undefined): string {
  const sorted = input === undefined || Array.isArray(input) ? input : Object.entries(input).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify(sorted ?? "reset"))
    .digest("hex")
    .slice(0, 32);
}
