import { GatewayError } from "../../domain/errors.ts";
import type { Item } from "../../domain/item.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import { type CandidateResult, DEFAULT_OPTIONS } from "../../domain/score.ts";
import type { CallContext, JudgeInfo, RewardService } from "../../domain/service.ts";
import { checkScoreRequest } from "../request-rules.ts";
import type { WireFacts, WireReward, WireSettings } from "./wire.ts";

/** Scores items for a wire: every candidate gets a finite number, or the reason why it has none. */
export type Scorer = (
  items: readonly Item[],
  context: CallContext,
  deadlineMs: number | undefined,
) => Promise<(WireReward | GatewayError)[][]>;

/** Scoring with the panel of a wire, by its settings. */
export function createScorer({ panel, onFailure }: Omit<WireSettings, "path">, service: RewardService, limits: RequestLimits): Scorer {
  return async (items, context, deadlineMs) => {
    const options = { ...DEFAULT_OPTIONS, detail: "judges" as const, ...(deadlineMs !== undefined && { deadlineMs }) };
    const request = { panel, items, options };
    checkScoreRequest(request, limits, "unary");
    const { results } = await service.score(request, context);
    return results.map(({ id, candidates }) =>
      candidates.map((candidate): WireReward | GatewayError => {
        const { reward, failure, judges } = candidate;
        const tokens = judges.reduce((most, part) => Math.max(most, part.tokens), 0);
        if (reward !== undefined) return { reward, failed: false, tokens, components: componentsOf(candidate, reward) };
        if (onFailure !== "error") return { reward: onFailure.reward, failed: true, tokens, components: {} };
        return new GatewayError(failure!.reason, `item ${id}: ${failure!.message}`, { details: { itemId: id } });
      }),
    );
  };
}

/** The rewards of results that all have one. @throws {GatewayError} the first reason why one has none */
export function allRewarded(results: readonly (readonly (WireReward | GatewayError)[])[]): WireReward[][] {
  return results.map((candidates) =>
    candidates.map((candidate) => {
      if (candidate instanceof GatewayError) throw candidate;
      return candidate;
    }),
  );
}

/** Results of which each failure is the number that stands for it. */
export function standIn(
  results: readonly (readonly (WireReward | GatewayError)[])[],
  { reward }: { readonly reward: number },
): WireReward[][] {
  return results.map((candidates) =>
    candidates.map((candidate) => (candidate instanceof GatewayError ? { reward, failed: true, tokens: 0, components: {} } : candidate)),
  );
}

/** What a wire may tell of a panel. */
export function factsOf(panel: string, service: RewardService, limits: RequestLimits): WireFacts {
  const { version } = service.version();
  const revision = service.panels().find(({ name }) => name === panel)?.revision ?? "";
  const bounds = judgesOf(panel, service).flatMap(({ maxTokens }) => (maxTokens > 0 ? [maxTokens] : []));
  const maxTokens = bounds.length > 0 ? Math.min(...bounds) : 0;
  return { version, panel, revision, maxItems: limits.maxItems, maxCandidates: limits.maxCandidates, maxTokens };
}

/** The judges that a panel asks. A panel that routes has those of the panels that it sends items to. */
export function judgesOf(panel: string, service: RewardService): JudgeInfo[] {
  const panels = new Map(service.panels().map((each) => [each.name, each]));
  const own = panels.get(panel);
  const seats = [own, ...(own?.routes ?? []).map((row) => panels.get(row.panel))].flatMap((each) => each?.members ?? []);
  const names = new Set(seats.map(({ judge }) => judge));
  return service.judges().filter(({ name }) => names.has(name));
}

/** What members added, in the panel's order, the same names for every candidate; what a constraint did to their sum is one of them. */
function componentsOf({ judges, constraints }: CandidateResult, reward: number): Record<string, number> {
  const components: Record<string, number> = {};
  let sum = 0;
  for (const { member, shadow, contribution = 0 } of judges) {
    if (shadow) continue;
    components[member] = contribution;
    sum += contribution;
  }
  if (constraints !== undefined) components.constraints = reward - sum;
  return components;
}
