import { GatewayError } from "../domain/errors.ts";
import type { Observation, ObservedItem, ReferenceScores } from "../domain/run.ts";
import { freezeBaseline, STABILITY } from "./baseline.ts";
import { PanelWindow } from "./panel-window.ts";
import type { Series } from "./series.ts";

/** Items that are looked at together; of longer files the last ones. */
const MAX_ITEMS = 1_000_000;

/** What reference completions score under a panel and its members, as runs are held against it. */
export interface ReferenceWindow {
  /** Takes in one item of an observation; order matters to what neighbours have in common. */
  add(item: ObservedItem, observation: Observation): void;
  /**
   * @returns the rewards, and the scores of each member by name
   * @throws {GatewayError} BASELINE_TOO_SMALL when the reward or a member has too few scores
   */
  read(): { readonly reward: ReferenceScores; readonly members: ReadonlyMap<string, ReferenceScores> };
}

/** One window over all items that come, of the first panel that is heard of. */
export function createReferenceWindow(): ReferenceWindow {
  let window: PanelWindow | undefined;
  return {
    add(item, observation) {
      window ??= new PanelWindow(observation.panel, undefined, { windowItems: MAX_ITEMS, passThresholds: {}, limits: NO_LIMITS });
      window.add(item, observation);
    },
    read() {
      if (window === undefined) throw tooSmall("the panel", 0);
      const { reward, members } = window;
      return {
        reward: scoresOf(reward, "the panel's reward"),
        members: new Map(members.map((series) => [series.subject.member!, scoresOf(series, `member "${series.subject.member}"`)])),
      };
    },
  };
}

/** A reference is looked at by nobody, so nothing is raised. */
const NO_LIMITS = {
  ...{ meanShift: Infinity, spreadRatio: Infinity, psi: Infinity, lengthRise: 1, lengthCorrelation: 1 },
  ...{ disagreementRatio: Infinity, collapseWidth: 0, divergence: Infinity, probeShare: 1 },
};

function scoresOf({ window, gating }: Series, what: string): ReferenceScores {
  const sample = window.sample();
  if (sample.values.length < STABILITY.minCount) throw tooSmall(what, sample.values.length);
  const { description, sorted } = freezeBaseline(sample, "first_window");
  const weights = gating?.mean();
  return { ...description, sorted: [...sorted], ...(weights !== undefined && { gating: [...weights] }) };
}

function tooSmall(what: string, scores: number): GatewayError {
  const message = `${what} has ${scores} scores, and ${STABILITY.minCount} are the least for a baseline: give more completions`;
  return new GatewayError("BASELINE_TOO_SMALL", message, { details: { limit: STABILITY.minCount } });
}
