import type { ScoreSpace } from "../domain/score-space.ts";
import { CALIBRATION_KINDS, TRANSFORM_KINDS } from "./index.ts";

/** One step of a member's chain and what it does to the space. */
export interface ChainStep {
  readonly path: readonly (string | number)[];
  readonly label: string;
  readonly accepts: readonly ScoreSpace[];
  spaceOut(spaceIn: ScoreSpace): ScoreSpace;
}

/** A chain that fits together. */
export interface Chain {
  /** The space after the last step. */
  readonly space: ScoreSpace;
  /** The space that each step takes. */
  readonly taken: readonly ScoreSpace[];
}

/** A step that does not take what the step before it gives. */
export interface ChainBreak {
  readonly path: readonly (string | number)[];
  readonly cause: string;
  readonly remedy: string;
}

/**
 * Follows a score from the judge through calibration and transforms.
 *
 * @param start the judge's own space
 * @param steps in order of application
 * @returns the spaces on the way, or the first step that does not fit
 */
export function followChain(start: ScoreSpace, steps: readonly ChainStep[]): Chain | { broken: ChainBreak } {
  let space = start;
  const taken: ScoreSpace[] = [];
  for (const step of steps) {
    if (!step.accepts.includes(space)) {
      const cause = `${step.label} takes ${step.accepts.join(" or ")} and gets ${space}`;
      return {
        broken: {
          path: step.path,
          cause,
          remedy: `remove it, or bring the score to ${step.accepts[0]} first: ${waysTo(space, step.accepts)}`,
        },
      };
    }
    taken.push(space);
    space = step.spaceOut(space);
  }
  return { space, taken };
}

/** What a configuration may add so that a score in `from` arrives in one of `wanted`; for messages. */
export function waysTo(from: ScoreSpace, wanted: readonly ScoreSpace[]): string {
  const ways = findWays(from, wanted);
  return ways.length > 0 ? ways.join(", or ") : "choose a judge that gives that space";
}

/** The space among `spaces` to which a configuration can bring all the others; the first when there is none. */
export function meetingPoint(spaces: readonly [ScoreSpace, ...ScoreSpace[]]): ScoreSpace {
  const reachable = spaces.find((target) => spaces.every((space) => space === target || findWays(space, [target]).length > 0));
  return reachable ?? spaces[0];
}

/** Spaces that only transforms give, which come after the calibration: another calibration does not lead out of them. */
const TRANSFORMED: readonly ScoreSpace[] = ["logProbability", "rank", "advantage"];

function findWays(from: ScoreSpace, wanted: readonly ScoreSpace[]): string[] {
  return wanted
    .filter((target) => target !== from)
    .flatMap((target) => {
      const transforms = TRANSFORM_KINDS.filter((kind) => kind.accepts.includes(from) && kind.spaceOut(from) === target);
      const calibrations = CALIBRATION_KINDS.filter(
        (kind) => !TRANSFORMED.includes(from) && (kind.accepts === "any" || kind.accepts.includes(from)) && kind.gives.includes(target),
      );
      return [
        ...transforms.map(({ method }) => `the transform ${method} (${from} → ${target})`),
        ...calibrations.map(({ method }) => `a calibration ${method} with spaceOut: ${target}`),
      ];
    });
}
