import { GatewayError } from "../domain/errors.ts";
import type { Candidate, Message } from "../domain/item.ts";
import type { Member, Reading, ScalarScore } from "../domain/panel.ts";
import type { Steering, Transform, TransformContext } from "../domain/reward.ts";
import type { Failure } from "../domain/score.ts";
import type { StateSnapshot } from "../domain/state.ts";
import { digestPrompt } from "./digest.ts";
import { failedJudgement, type Judgement } from "./judgement.ts";

/** A reading's scores of a group on their way from raw to transformed; a gap where the candidate has none. */
export interface ScoreColumn {
  readonly reading: Reading;
  /** What the judge said; a score that calibration or transforms could not take has become a failure. */
  readonly judgements: readonly Judgement[];
  readonly scalars: readonly (ScalarScore | undefined)[];
  readonly calibrated: readonly (number | undefined)[];
  readonly transformed: readonly (number | undefined)[];
}

/** What readings may know of the group besides its judgements. */
export interface ColumnContext {
  readonly steering: Steering | undefined;
  /** What was judged, in the order of the row: the candidates, or the baselines. */
  readonly candidates: readonly Candidate[];
  /** Of the item; names it in reference artefacts. */
  readonly prompt: readonly Message[];
  /** The same judge's judgements of the item's baselines. */
  readonly baselines: readonly Judgement[];
  readonly states: ReadonlyMap<string, StateSnapshot>;
}

/**
 * Takes one reading of a group from raw to transformed: scalarise, calibrate, transform. Pure. A score that cannot be taken on
 * becomes a failed judgement and never a number.
 *
 * @param row one judgement per candidate, request order
 * @returns columns of the same length
 * @throws {GatewayError} REQUEST_INVALID when the steering leaves the judge without weight
 */
export function readColumn(reading: Reading, row: readonly Judgement[], context: ColumnContext): ScoreColumn {
  const judgements = [...row];
  const scalars: (ScalarScore | undefined)[] = new Array(row.length).fill(undefined);
  const calibrated: (number | undefined)[] = new Array(row.length).fill(undefined);
  const present: number[] = [];
  for (let candidate = 0; candidate < row.length; candidate++) {
    const judgement = row[candidate]!;
    if (judgement.outcome !== "scored") continue;
    const scalar = scalarOf(reading, judgement.raw, context.steering);
    if (scalar instanceof GatewayError) {
      judgements[candidate] = failedJudgement(scalar);
      continue;
    }
    const value = reading.calibration ? reading.calibration.apply(scalar.value) : scalar.value;
    if (!Number.isFinite(value)) {
      judgements[candidate] = notFinite(reading, "calibration");
      continue;
    }
    scalars[candidate] = scalar;
    calibrated[candidate] = value;
    present.push(candidate);
  }
  if (reading.transforms.length === 0) return { reading, judgements, scalars, calibrated, transformed: calibrated };
  const transformed = transformScores(reading, calibrated, present, judgements, context);
  return { reading, judgements, scalars, calibrated, transformed };
}

/** The judge's scalar, or why this candidate has none under the request's weights; what is wrong for all of them is thrown. */
function scalarOf({ judge, scalarise }: Reading, raw: Parameters<Reading["scalarise"]>[0], steering: Steering | undefined) {
  try {
    return scalarise(raw, steering);
  } catch (thrown) {
    const { reason, message } = GatewayError.from(thrown);
    if (reason !== "SCORE_NOT_FINITE") throw thrown;
    return new GatewayError(reason, `judge "${judge.name}" cannot be weighed: ${message}`);
  }
}

/**
 * {@link readColumn} of a member. Weights of a request that leave one that only watches without any are a failure of its own: it refuses
 * no request.
 */
export function readMember(member: Member, row: readonly Judgement[], context: ColumnContext): ScoreColumn {
  if (member.standing === "counts") return readColumn(member, row, context);
  try {
    return readColumn(member, row, context);
  } catch (thrown) {
    const failure = failedJudgement(GatewayError.from(thrown));
    const nothing = new Array<undefined>(row.length).fill(undefined);
    const judgements = row.map((judgement) => (judgement.outcome === "scored" ? failure : judgement));
    return { reading: member, judgements, scalars: nothing, calibrated: nothing, transformed: nothing };
  }
}

/**
 * The column of reference completions whose calibrated scores are known, so that no judge has to be asked.
 *
 * @param calibrated shape [M]
 */
export function columnOfCalibrated(reading: Reading, calibrated: Float64Array, context: ColumnContext): ScoreColumn {
  const judgements = Array.from(
    calibrated,
    (value): Judgement => ({
      outcome: "scored",
      raw: { outcome: "scored", value },
      cached: true,
      tokens: 0,
      truncation: undefined,
    }),
  );
  const scores = [...calibrated];
  const scalars = scores.map((value) => ({ value }));
  const places = scores.map((_, i) => i);
  const candidates = scores.map(() => UNKNOWN);
  const transformed = transformScores(reading, scores, places, judgements, { ...context, candidates });
  return { reading, judgements, scalars, calibrated: scores, transformed };
}

/** A completion of which an artefact holds scores alone. */
const UNKNOWN: Candidate = { content: "" };

/** Applies the transforms to the candidates that have a score; writes a failure where one cannot be taken on. */
function transformScores(
  reading: Reading,
  calibrated: readonly (number | undefined)[],
  present: readonly number[],
  judgements: Judgement[],
  context: ColumnContext,
): (number | undefined)[] {
  let places = present;
  let scores = Float64Array.from(places, (candidate) => calibrated[candidate]!);
  try {
    for (const transform of reading.transforms) {
      if (transform.reads === "lengths") {
        const told = (candidate: number) => context.candidates[candidate]!.tokens !== undefined;
        const kept = places.flatMap((candidate, i) => (told(candidate) ? [i] : []));
        for (const candidate of places) if (!told(candidate)) judgements[candidate] = noLength(reading, transform);
        scores = Float64Array.from(kept, (i) => scores[i]!);
        places = kept.map((i) => places[i]!);
      }
      scores = Float64Array.from(transform.apply(scores, contextOf(reading, transform, places, context)));
    }
  } catch (thrown) {
    const failure = failedJudgement(GatewayError.from(thrown));
    for (const candidate of places) judgements[candidate] = failure;
    return new Array(calibrated.length).fill(undefined);
  }
  const transformed: (number | undefined)[] = new Array(calibrated.length).fill(undefined);
  for (const [index, candidate] of places.entries()) {
    if (Number.isFinite(scores[index])) transformed[candidate] = scores[index]!;
    else judgements[candidate] = notFinite(reading, "transform");
  }
  return transformed;
}

const NOTHING: TransformContext = {};

function contextOf(reading: Reading, transform: Transform, places: readonly number[], context: ColumnContext): TransformContext {
  if (transform.reads === undefined && transform.state === undefined) return NOTHING;
  const state = transform.state === undefined ? undefined : context.states.get(transform.state);
  if (transform.state !== undefined && state === undefined) {
    throw new GatewayError("STATE_STORE_UNAVAILABLE", `the state "${transform.state}" of member "${reading.name}" could not be read`);
  }
  return {
    ...(transform.reads === "lengths" && { lengths: Float64Array.from(places, (candidate) => context.candidates[candidate]!.tokens!) }),
    ...(transform.reads === "baselines" && { baselines: referenceScores(reading, transform, context) }),
    ...(state !== undefined && { state }),
  };
}

/**
 * The references of an item: its own baselines, or where it brings none what a reference artefact holds for its prompt.
 *
 * @returns calibrated scores, shape [M], M ≥ 1
 * @throws {GatewayError} REFERENCE_MISSING when neither has any
 */
function referenceScores(reading: Reading, { responses }: Transform, { baselines, prompt }: ColumnContext): Float64Array {
  if (responses === undefined || baselines.length > 0) return baselineScores(reading, baselines);
  const scores = responses.byPrompt.get(digestPrompt(prompt));
  if (scores !== undefined) return scores;
  throw new GatewayError(
    "REFERENCE_MISSING",
    `member "${reading.name}" compares with reference completions, the item has no baselines, and the reference "${responses.artefact}" ` +
      "does not know its prompt: send item.baselines, or build the reference with this prompt",
  );
}

/**
 * Calibrated scores of an item's baselines under a reading, without its transforms. Steering does not reach them: a reference that
 * moved with the request's weights would be none.
 *
 * @returns shape [M'], the baselines that have a score
 * @throws {GatewayError} REFERENCE_MISSING when there is no baseline; the first failure when none could be scored
 */
function baselineScores(reading: Reading, row: readonly Judgement[]): Float64Array {
  let failure: Failure | undefined;
  const scores = row.flatMap((judgement) => {
    if (judgement.outcome !== "scored") {
      failure ??= judgement.failure;
      return [];
    }
    const { value } = reading.scalarise(judgement.raw, undefined);
    const calibrated = reading.calibration ? reading.calibration.apply(value) : value;
    if (Number.isFinite(calibrated)) return [calibrated];
    failure ??= notFinite(reading, "calibration").failure;
    return [];
  });
  if (scores.length > 0) return Float64Array.from(scores);
  if (failure !== undefined) throw new GatewayError(failure.reason, `no baseline of the item could be scored: ${failure.message}`);
  throw new GatewayError(
    "REFERENCE_MISSING",
    `member "${reading.name}" compares with baselines and the item has none: send item.baselines`,
  );
}

function notFinite(reading: Reading, stage: string) {
  return failedJudgement(
    new GatewayError("SCORE_NOT_FINITE", `the ${stage} of judge "${reading.judge.name}" gave a number that is not finite`),
  );
}

function noLength(reading: Reading, transform: Transform): Judgement {
  const message = `the transform ${transform.name} of member "${reading.name}" reads lengths and the candidate has none: send its tokens`;
  return failedJudgement(new GatewayError("REQUEST_INVALID", message));
}
