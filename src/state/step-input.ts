import { GatewayError } from "../domain/errors.ts";
import type { StepInput } from "../domain/state.ts";
import type { Reported, StateDefinition } from "./kinds/index.ts";

/** Most numbers in one step: a step is kept whole, and means or a sample say as much as every score. */
export const MAX_NUMBERS = 16_384;

type Field = keyof StepInput;
const FIELDS: readonly Field[] = ["meanRewards", "losses", "scores", "bundleScores"];

/**
 * What a step reports, in the one form that is digested, kept and replayed: judges in the order of the configuration, the
 * missing ones left out, no negative zero.
 *
 * @param name of the state, for messages
 * @throws {GatewayError} REQUEST_INVALID when the field is not the one that the kind reads, names a judge that the state does not
 *   cover, reports nothing or holds NaN or an infinity; TOO_LARGE above MAX_NUMBERS numbers
 */
export function checkInput(name: string, { kind, reads, judges }: StateDefinition, input: StepInput): Reported<Field> {
  for (const field of FIELDS) {
    if (field !== reads && !isEmpty(input[field])) throw refuse(field, `state "${name}" is of kind ${kind}; report ${reads} instead`);
  }
  const given = input[reads];
  if (given === undefined || isEmpty(given)) throw refuse(reads, `a step of kind ${kind} reports it`);
  if (Array.isArray(given)) {
    checkCount(given.length, reads);
    return given.map((number, i) => finite(number, `${reads}[${i}]`));
  }
  const perJudge = given as Readonly<Record<string, number | null | readonly number[]>>;
  for (const judge of Object.keys(perJudge)) {
    if (!judges.includes(judge)) throw refuse(reads, `names a judge that state "${name}" does not cover; it covers: ${judges.join(", ")}`);
  }
  checkCount(
    Object.values(perJudge).reduce((total: number, each) => total + (Array.isArray(each) ? each.length : 1), 0),
    reads,
  );
  const reported: [string, number | number[]][] = [];
  for (const judge of judges) {
    const each = Object.hasOwn(perJudge, judge) ? perJudge[judge] : undefined;
    if (typeof each === "number") reported.push([judge, finite(each, `${reads}.${judge}`)]);
    else if (each?.length) reported.push([judge, each.map((number, i) => finite(number, `${reads}.${judge}[${i}]`))]);
  }
  return Object.fromEntries(reported) as Reported<Field>;
}

function isEmpty(value: StepInput[Field]): boolean {
  return value === undefined || Object.keys(value).length === 0;
}

function checkCount(count: number, field: Field): void {
  if (count <= MAX_NUMBERS) return;
  const message = `${field}: ${count} numbers; the limit of one step is ${MAX_NUMBERS}; report a sample, or step more often`;
  throw new GatewayError("TOO_LARGE", message, { details: { field, limit: MAX_NUMBERS } });
}

/** JSON keeps no sign of zero, so a replay from the log would not have it either. */
function finite(number: number, field: string): number {
  if (!Number.isFinite(number)) throw refuse(field, "not a finite number; leave a judge without a number out");
  return number === 0 ? 0 : number;
}

function refuse(field: string, why: string): GatewayError {
  return new GatewayError("REQUEST_INVALID", `${field}: ${why}`, { details: { field } });
}
