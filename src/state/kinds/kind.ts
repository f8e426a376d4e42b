import { z } from "zod";
import type { StateKindName, StateValue, StepInput } from "../../domain/state.ts";

/** Something wrong with parameters: key path inside them, and what. */
export interface ParamsProblem {
  readonly path: readonly (string | number)[];
  readonly cause: string;
}

/** The value of a kind. */
export type ValueOf<K extends StateKindName> = Extract<StateValue, { kind: K }>["value"];

/**
 * The code that implements one kind of state. Pure: a value and what a step reports give the next value, to the bit, so a log
 * of steps can be replayed.
 */
export interface StateKind<K extends StateKindName, S extends z.ZodObject, F extends keyof StepInput> {
  readonly kind: K;
  /** Strict schema of the parameters, `kind` and `description` excluded. */
  readonly params: S;
  /** The field of a step's input that it reads. */
  readonly reads: F;
  /** What is wrong with parameters beyond what their schema sees. */
  problems(params: z.output<S>): readonly ParamsProblem[];
  /** Judges that the value covers; empty when the state follows one stream of its own. */
  judges(params: z.output<S>): readonly string[];
  /** What a stored value has to be, the same judges in each of its parts: another program may have written it. */
  readonly value: z.ZodType;
  /** Judges that a stored value covers. */
  covered(value: ValueOf<K>): readonly string[];
  initial(params: z.output<S>): ValueOf<K>;
  /**
   * @param input checked: finite, of known judges only, in the order of the configuration; a judge that is left out is missing
   * @throws {GatewayError} SCORE_NOT_FINITE
   */
  step(value: ValueOf<K>, input: Reported<F>, params: z.output<S>): ValueOf<K>;
}

/** A step's input after its check: what is missing is left out. */
export type Reported<F extends keyof StepInput> = {
  readonly meanRewards: Readonly<Record<string, number>>;
  readonly losses: Readonly<Record<string, number>>;
  readonly scores: Readonly<Record<string, readonly number[]>>;
  readonly bundleScores: readonly number[];
}[F];

/** A number for each judge, as a store gives it back. */
export const perJudge = z.record(z.string(), z.number());

/** An object with one entry per name. */
export function byName<T>(names: readonly string[], entry: (name: string, index: number) => T): Record<string, T> {
  return Object.fromEntries(names.map((name, i) => [name, entry(name, i)]));
}

/** A problem where a list or a map names no judge. */
export function noneNamed(judges: readonly string[]): readonly ParamsProblem[] {
  return judges.length > 0 ? [] : [{ path: ["judges"], cause: "names no judge" }];
}
