import { GatewayError } from "../domain/errors.ts";
import type { Item } from "../domain/item.ts";
import type { OpenReason } from "../domain/panel.ts";
import type { Judgement } from "./judgement.ts";
import { type AskHeard, byBackend, fillFailed, type OpenAsk, openRow, type RowSources } from "./open-ask.ts";
import { NOT_ASKED, type Openness, opennessOf } from "./openness.ts";
import { type Destination, judgedItem, planItem } from "./plan.ts";
import type { EndedItem } from "./stages.ts";
import type { Weighing } from "./weigh-item.ts";

/** An item on its way: where it goes and what its judges said. */
export interface Journey extends Destination, EndedItem {
  readonly item: Item;
  /** One row per judge of the panel. */
  readonly rows: Judgement[][];
  /** Judges that wait for what those before them say: indices into `Panel.judges`, by stage. */
  readonly later: number[][];
  asked: number;
  openBy: readonly OpenReason[];
  openness: Openness;
  tokens: number;
  /** Asks of the stage under way that count and have no answer yet. */
  waiting: number;
}

/** What a journey asks with. */
export interface Travel extends Pick<RowSources, "cache" | "use" | "onFailure"> {
  readonly weighing: Weighing;
  /** Sends asks on their way, all or none. @throws {GatewayError} when their backend refuses them */
  send(asks: readonly OpenAsk[]): void;
  /** Reads the answers to an ask that has nothing to wait for. */
  read(ask: OpenAsk): void;
  /** Ends the request as a whole. */
  fail(error: GatewayError): void;
}

const NO_REASONS: readonly OpenReason[] = [];
const CLOSED: Openness = { reasons: NO_REASONS, moot: false };

/**
 * Takes an item to its panel: judgements as far as plan and cache give them. What is missing goes to `open`; judges of later stages
 * wait until all of it that counts is filled.
 */
export function beginJourney(item: Item, destination: Destination, open: OpenAsk[], travel: Travel): Journey {
  const { panel, route } = destination;
  const judged = judgedItem(panel, item);
  const rows: Judgement[][] = [];
  // One literal, without spreads: it is made for every item, and what is made otherwise is slow to read ever after.
  const journey: Journey = { item, panel, route, rows, later: [], asked: 1, openBy: NO_REASONS, openness: CLOSED, tokens: 0, waiting: 0 };
  const sources = sourcesOf(journey, travel, open);
  const before = open.length;
  const byStage: number[][] = [];
  const plan = planItem(panel, judged);
  for (let seat = 0; seat < plan.length; seat++) {
    const { judge, counts, stage, skip } = plan[seat]!;
    const waits = stage > 0 && skip === undefined;
    if (waits) {
      byStage[stage] ??= [];
      byStage[stage].push(seat);
    }
    const instead = waits ? NOT_ASKED : skip;
    rows.push(instead === undefined ? openRow(judge, judged, counts, sources) : judged.candidates.map(() => instead));
  }
  for (const seats of byStage) if (seats !== undefined) journey.later.push(seats);
  for (let i = before; i < open.length; i++) if (open[i]!.counts) journey.waiting++;
  return journey;
}

/**
 * Asks the judges of the next stages while the item is open, until one has to be waited for, nothing is open or nobody is left. A judge
 * that its backend cannot take now ends the request, as it would have if it had been asked at once: the caller sends it again. One
 * whose question is too large for the queue at any time has failed.
 */
export function askLaterStages(journey: Journey, travel: Travel): void {
  const { panel, later, rows } = journey;
  if (panel.sequence === undefined) return;
  const item = judgedItem(panel, journey.item);
  for (;;) {
    journey.openness = opennessNow(journey, travel);
    const seats = journey.openness.reasons.length > 0 ? later.shift() : undefined;
    if (seats === undefined) return;
    journey.openBy = journey.openness.reasons;
    journey.asked++;
    const open: OpenAsk[] = [];
    const sources = sourcesOf(journey, travel, open);
    for (const seat of seats) rows[seat] = openRow(panel.judges[seat]!, item, true, sources);
    journey.waiting = open.length;
    for (const asks of byBackend(open).values()) {
      try {
        travel.send(asks);
      } catch (thrown) {
        const error = GatewayError.from(thrown);
        if (error.reason !== "TOO_LARGE") {
          travel.fail(error);
          return;
        }
        for (const ask of asks) fillFailed(ask, error);
        journey.waiting -= asks.length;
      }
    }
    if (journey.waiting === 0) continue;
    for (const ask of open) if (ask.missing === 0) travel.read(ask);
    return;
  }
}

function sourcesOf(journey: Journey, travel: Travel, open: OpenAsk[]): RowSources {
  const { cache, use, onFailure } = travel;
  return { cache, use, onFailure, heard: heardBy(journey, travel), open };
}

/** The journey goes on when the last ask that it waits for is filled. */
function heardBy(journey: Journey, travel: Travel): AskHeard {
  return {
    filled: () => {
      journey.waiting--;
      if (journey.waiting === 0) askLaterStages(journey, travel);
    },
    spent: (tokens) => {
      journey.tokens += tokens;
    },
  };
}

/** An error here would come again when the item is rewarded; until then it must not pass for an item that is settled. */
function opennessNow({ panel, item, rows }: Journey, { weighing, fail }: Travel): Openness {
  // A judge that only watches may still be at work; it decides nothing.
  const known = rows.map((row) => Array.from(row, (judgement: Judgement | undefined) => judgement ?? NOT_ASKED));
  try {
    return opennessOf(panel, panel.sequence!, { item, rows: known }, weighing);
  } catch (thrown) {
    fail(GatewayError.from(thrown));
    return CLOSED;
  }
}
