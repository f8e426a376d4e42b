import { z } from "zod";
import { GatewayError } from "../../domain/errors.ts";
import type { HttpTarget, HttpTargetOptions } from "../upstream/http-target.ts";

/** What a model reads at once: a text, or a text as the answer to a query. */
export interface Input {
  readonly text: string;
  /** Present where the model reads pairs. */
  readonly query?: string;
}

/** A request that asks for the numbers of some inputs. */
export interface ScoreRequest {
  readonly path: string;
  /** JSON text. */
  readonly body: string;
}

/** The numbers of one input. */
export interface NumbersRow {
  /** Place of the input in the request, from 0. */
  readonly index: number;
  readonly values: Float32Array;
  /** Tokens that the model read, where the server tells them by input. */
  readonly tokens?: number | undefined;
}

/** What a server answered to a {@link ScoreRequest}: untrusted, in any order, as many rows as it liked. */
export interface ReadNumbers {
  readonly rows: readonly NumbersRow[];
  /** Model in whose name the server answered, where it says. */
  readonly model?: string | undefined;
  /** Tokens that the model read for all inputs, where the server counts them. */
  readonly tokens?: number | undefined;
}

/** How an engine that serves a reward model is asked. `D` is a way to ask that its releases differ in. */
export interface Protocol<D = unknown> {
  /** Name of the engine. */
  readonly engine: string;
  /** What decides an answer besides the model's name, for the digest. */
  readonly identity: readonly unknown[];
  readonly takes: "texts" | "pairs";
  /** Name of the row of numbers that a call is answered with. */
  readonly output: string;
  /** Most inputs in one request. */
  readonly inputsPerRequest: number;
  readonly healthPath: string | readonly string[];
  /** Whether the body of a health check's answer is that of the server that is wanted. Default: any is. */
  readonly accepts?: (body: string) => boolean;
  /** How a server is reached. Default HTTP. */
  readonly connect?: (options: HttpTargetOptions) => HttpTarget;
  /** At least one; a server that refuses one is asked in the next. */
  readonly dialects: readonly D[];
  /** @param inputs at least one; pairs share their query */
  request(inputs: readonly Input[], dialect: D): ScoreRequest;
  /** @returns undefined when the body is no answer of this protocol */
  answer(body: string): ReadNumbers | undefined;
  /** A refusal as an error of its own, where it tells more than its status. */
  refusal?(body: string): GatewayError | undefined;
  /** What makes the server give raw scores, for people; absent where the numbers need not be raw. */
  readonly rawRemedy?: string;
}

/**
 * A number of an answer. Where it is NaN or infinite, for which JSON has no word, servers write null: their model is at fault for that text, and
 * not the server.
 */
export const number = z
  .number()
  .nullable()
  .transform((given) => given ?? Number.NaN);

/** Why a text has no score where the server says of its model's number that it is NaN. */
export function notFinite(backend: string): GatewayError {
  return new GatewayError(
    "SCORE_NOT_FINITE",
    `the model of backend "${backend}" gives a score that is not finite for a text; look at the model`,
  );
}

/**
 * The rows of an answer in the order of their inputs.
 *
 * @returns undefined unless every input has exactly one row
 */
export function inOrder(rows: readonly NumbersRow[], inputs: number): NumbersRow[] | undefined {
  if (rows.length !== inputs) return undefined;
  const ordered = new Array<NumbersRow | undefined>(inputs).fill(undefined);
  for (const row of rows) {
    if (!Number.isInteger(row.index) || row.index < 0 || row.index >= inputs || ordered[row.index] !== undefined) return undefined;
    ordered[row.index] = row;
  }
  return ordered as NumbersRow[];
}
