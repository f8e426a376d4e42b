import { GatewayError } from "../../domain/errors.ts";
import type { Finding, RawScore } from "../../domain/judge.ts";
import { presentable } from "../../domain/presentable.ts";
import { sum } from "../../reward/numerics.ts";
import { bracket } from "../../reward/pairwise/bracket.ts";
import { bradleyTerry } from "../../reward/pairwise/bradley-terry.ts";
import { sufficientlyCompared } from "../../reward/pairwise/coverage.ts";
import { nash } from "../../reward/pairwise/nash.ts";
import { intransitivity } from "../../reward/pairwise/tournament.ts";
import { type Preferences, winRates } from "../../reward/pairwise/win-rates.ts";
import type { Contest } from "./contest.ts";
import { type ComparingParams, scoreOf } from "./params.ts";
import { type Comparison, type Tally, winnerOf } from "./tally.ts";

/** Where strengths and mixtures count as found. */
const TOLERANCE = 1e-9;
const MAX_ROUNDS = 1_000;
/** Groups whose equilibria are searched support by support. */
const MAX_ENUMERATED = 12;

/**
 * Scores of the candidates of a contest, same order. A candidate that was compared with too few others is failed, or abstains where the
 * judge did; none of them is given a middle value.
 */
export function scoresOf(contest: Contest, tally: Tally, params: ComparingParams): RawScore[] {
  const { candidates } = contest;
  const table = tableOf(contest, tally);
  const scored = params.opponents === "knockout" ? knockoutScores(table, tally, params) : comparedScores(contest, table, params);
  const shared = sharedFindings(table, [...scored.keys()], params);
  return Array.from({ length: candidates }, (_, candidate): RawScore => {
    const value = scored.get(candidate);
    if (value === undefined) return whyMissing(contest, table[candidate]!);
    const critique = critiqueOf(candidate, contest, tally);
    return {
      outcome: "scored",
      value,
      findings: [...shared, ...findingsOf(contest, table[candidate]!)],
      ...(critique !== undefined && { critique }),
    };
  });
}

/** Candidate → opponent → what came of it, from the candidate's side; undefined where the two do not meet. */
type Table = readonly (readonly (Comparison | undefined)[])[];

function tableOf({ texts, candidates }: Contest, tally: Tally): Table {
  const extra = texts.length > candidates;
  return Array.from({ length: candidates }, (_, i) =>
    texts.map((_, j) => (i === j || (extra && j < candidates) ? undefined : tally.comparison([i, j]))),
  );
}

/** Preference for i over j; null where it is not known. */
function preferencesOf(table: Table, of: readonly number[]): Preferences {
  return of.map((i) => of.map((j) => (i === j ? 0.5 : probabilityOf(table[i]![j]))));
}

function probabilityOf(compared: Comparison | undefined): number | null {
  return compared?.status === "read" || compared?.status === "same" ? compared.probability : null;
}

/** Scores by candidate, of those that have one. */
type Scored = ReadonlyMap<number, number>;

function comparedScores({ texts, candidates }: Contest, table: Table, params: ComparingParams): Scored {
  if (texts.length > candidates) {
    const rates = table.flatMap((row, candidate): [number, number][] => {
      const known = row.flatMap((compared) => probabilityOf(compared) ?? []);
      return known.length >= params.minCompared * (texts.length - candidates) - 1e-9 && known.length > 0
        ? [[candidate, sum(known) / known.length]]
        : [];
    });
    return new Map(rates);
  }
  const kept = sufficientlyCompared(preferencesOf(table, [...table.keys()]), params.minCompared);
  return byCandidate(kept, kept.length === 0 ? [] : methodScores(preferencesOf(table, kept), params));
}

function methodScores(preferences: Preferences, params: ComparingParams): ArrayLike<number> {
  const method = scoreOf(params);
  if (method === "bradleyTerry") {
    const wins = preferences.map((row) => row.map((probability) => probability ?? 0));
    return bradleyTerry(wins, { prior: params.prior, tolerance: TOLERANCE, maxRounds: MAX_ROUNDS });
  }
  if (method === "winRate") return winRates(preferences).rates;
  // Every preference is known: the configuration asks for all of them.
  const { mixture, winsAgainst } = nash(preferences as number[][], { tolerance: TOLERANCE, maxEnumerated: MAX_ENUMERATED });
  return method === "nash" ? mixture : winsAgainst;
}

function knockoutScores(table: Table, tally: Tally, params: ComparingParams): Scored {
  const { rounds, survived, open, void: without } = bracket(table.length, (a, b) => winnerOf(tally, a, b));
  const lost = new Set([...without, ...open.flat()]);
  const kept = [...table.keys()].filter((candidate) => !lost.has(candidate));
  const scores =
    scoreOf(params) === "roundsWon"
      ? kept.map((candidate) => survived[candidate]! / rounds)
      : kept.length === 0
        ? []
        : methodScores(preferencesOf(table, kept), params);
  return byCandidate(kept, scores);
}

function byCandidate(candidates: readonly number[], scores: ArrayLike<number>): Scored {
  return new Map(candidates.map((candidate, place) => [candidate, scores[place]!]));
}

/** What is found about the group, and so of every candidate. */
function sharedFindings(table: Table, scored: readonly number[], { opponents }: ComparingParams): Finding[] {
  const pairs = scored.flatMap((i) =>
    table[i]!.flatMap((compared) => (compared?.status === "read" && compared.orders ? [compared.orders] : [])),
  );
  const findings: Finding[] = [];
  if (pairs.length > 0) {
    findings.push({ name: "consistency", value: pairs.filter(({ consistent }) => consistent).length / pairs.length });
    findings.push({ name: "positionBias", value: sum(pairs.map(({ positionBias }) => positionBias!)) / pairs.length });
  }
  if (opponents !== "all" || scored.length < 3) return findings;
  const preferences = preferencesOf(table, scored);
  if (preferences.every((row) => row.every((probability) => probability !== null))) {
    findings.push({ name: "cycles", value: intransitivity(preferences as number[][]) });
  }
  return findings;
}

function findingsOf({ nameOf }: Contest, row: readonly (Comparison | undefined)[]): Finding[] {
  return row.flatMap((compared, opponent): Finding[] => {
    if (compared === undefined || compared.status === "open") return [];
    const name = `vs ${nameOf(opponent)}`;
    if (compared.status === "missing") return [{ name, text: "no answer" }];
    return [{ name, value: compared.probability, text: verdictOf(compared) }];
  });
}

function verdictOf(compared: Comparison & { readonly status: "read" | "same" }): string {
  if (compared.status === "same") return "tie, the same text";
  const verdict = compared.probability === 0.5 ? "tie" : compared.probability > 0.5 ? "wins" : "loses";
  if (compared.orders === undefined) return `${verdict}, one order`;
  return `${verdict}, ${compared.orders.consistent ? "both orders agree" : "the orders do not agree"}`;
}

function whyMissing({ nameOf }: Contest, row: readonly (Comparison | undefined)[]): RawScore {
  const missing = row.flatMap((compared, opponent) => (compared?.status === "missing" ? [{ ...compared, opponent }] : []));
  const broken = missing.find(({ error }) => error !== undefined);
  if (broken?.error !== undefined) {
    const { reason, message, details } = broken.error;
    return { outcome: "failed", error: new GatewayError(reason, `compared with ${nameOf(broken.opponent)}: ${message}`, { details }) };
  }
  if (missing.length > 0)
    return { outcome: "abstained", message: "the judge's verdict was about something else: its tokens are no verdict" };
  return { outcome: "failed", error: new GatewayError("JUDGE_OUTPUT_UNREADABLE", "no other candidate is left to compare with") };
}

/** What the judge wrote in the first comparison of a candidate, and who is who in it. */
function critiqueOf(candidate: number, { texts, nameOf }: Contest, tally: Tally): string | undefined {
  for (const opponent of texts.keys()) {
    for (const [first, second] of [
      [candidate, opponent],
      [opponent, candidate],
    ] as const) {
      const answer = tally.answerTo({ first, second, sample: 0 });
      if (answer?.status !== "read" || answer.critique === undefined) continue;
      const { text, names } = answer.critique;
      const [own, other] = first === candidate ? names : [names[1], names[0]];
      return `Compared with ${nameOf(opponent)}, as ${own} against ${other}: ${presentable(text)}`;
    }
  }
  return undefined;
}
