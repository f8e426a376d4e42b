import type { AlarmKind, Observation, ObservedItem, ObservedPanel, ReferenceBaseline } from "../domain/run.ts";
import type { ScoreSpace } from "../domain/score-space.ts";
import { disagreement } from "../reward/aggregation/disagreement.ts";
import type { Optional } from "../reward/missing.ts";
import type { AlarmBook, AlarmSubject } from "./alarm-book.ts";
import { collapse } from "./alarms/collapse.ts";
import { disagreement as disagreementAlarm } from "./alarms/disagreement.ts";
import { distributionShift } from "./alarms/distribution-shift.ts";
import { lengthHacking } from "./alarms/length-hacking.ts";
import { meanShift } from "./alarms/mean-shift.ts";
import { probesAccepted } from "./alarms/probe-accepted.ts";
import { proxyDivergence } from "./alarms/proxy-divergence.ts";
import type { AlarmLimits, AlarmReading } from "./alarms/reading.ts";
import { spreadShift } from "./alarms/spread-shift.ts";
import { describeWindow } from "./description.ts";
import type { ProbeBoard } from "./probe-board.ts";
import { type ItemFacts, keptCandidates } from "./score-window.ts";
import { Series } from "./series.ts";
import { TREND_BLOCK_ITEMS } from "./trend.ts";

export interface WindowOptions {
  /** Items of a window, ≥ 100. */
  readonly windowItems: number;
  /** A score above it passes; by the name of a panel, a member or a judge. */
  readonly passThresholds: Readonly<Record<string, number>>;
  readonly limits: AlarmLimits;
  /** What windows over all domains are held against from the first item, by panel. */
  readonly baselines?: ReadonlyMap<string, ReferenceBaseline>;
  /** What probes scored last; of all domains together. */
  readonly probes?: ProbeBoard;
}

/** Kept scores of an item that detectors look at: more tell them little, since candidates of one prompt are alike. */
const WATCHED_SCORES = 2;

/** What is raised about one series at a time, whichever it is. */
const SERIES_ALARMS = [
  ["mean_shift", meanShift],
  ["spread_shift", spreadShift],
  ["distribution_shift", distributionShift],
  ["length_hacking", lengthHacking],
  ["collapse", collapse],
] as const satisfies readonly (readonly [AlarmKind, unknown])[];

/** The windows of one panel in one run, over one domain or over all of them. */
export class PanelWindow {
  readonly panel: ObservedPanel;
  readonly domain: string | undefined;
  readonly reward: Series;
  readonly members: readonly Series[];
  /** Share of conflicting pairs per item. */
  readonly conflicts: Series;
  /** 1 per candidate that satisfies the panel's constraints, 0 per one that does not. */
  readonly verdicts: Series;
  #spreads: Series;
  #items = 0;
  readonly #options: WindowOptions;

  constructor(panel: ObservedPanel, domain: string | undefined, options: WindowOptions) {
    this.panel = panel;
    this.domain = domain;
    this.#options = options;
    this.reward = this.#series({ space: panel.space, objectives: [] }, [panel.name]);
    this.members = panel.members.map((member) => this.#series(member, [member.member, member.judge]));
    this.conflicts = this.#series({ space: "unit", objectives: [] }, []);
    this.verdicts = this.#series({ space: "unit", objectives: [] }, []);
    this.#spreads = this.#series({ space: "native", objectives: [] }, []);
    // A domain is another population than the reference, so its windows keep their own first one.
    if (domain === undefined) this.#holdAgainst(options.baselines?.get(panel.name));
  }

  /** Spread over the members per item, each in standard deviations of its baseline. */
  get spreads(): Series {
    return this.#spreads;
  }

  /** Items that came, with or without scores. */
  get items(): number {
    return this.#items;
  }

  /** Every series that is compared with a baseline: the reward first, then the members in the panel's order. */
  get scored(): readonly Series[] {
    return [this.reward, ...this.members];
  }

  /** Takes in one item. @returns whether a block ended with it, so that it is time to look for alarms */
  add(item: ObservedItem, observation: Observation): boolean {
    const facts = factsOf(item, observation);
    const { lengths } = item;
    this.reward.add({ facts, lengths, scores: item.rewards });
    let newBaseline = false;
    for (const [index, member] of this.members.entries()) {
      const { scores, tokens, gating } = item.members[index]!;
      if (member.add({ facts, lengths, scores, tokens }, gating)) newBaseline = true;
    }
    if (newBaseline) this.#restartSpreads();
    if (item.satisfied !== undefined) this.verdicts.add({ facts, lengths, scores: item.satisfied });
    this.#addDisagreement(item, facts);
    this.#items++;
    if (this.#items % TREND_BLOCK_ITEMS !== 0) return false;
    for (const series of this.scored) series.closeBlock();
    return true;
  }

  /** Tells the book what every detector says of the windows. */
  watch(book: AlarmBook, atItem: number): void {
    for (const series of this.scored) {
      this.#watchSeries(series, book, atItem);
      if (this.domain === undefined) this.#watchProbes(series, book, atItem);
    }
    this.#watchDisagreement(book, atItem);
    for (const member of this.members) if (member.subject.standing !== "counts") this.#watchHoldout(member, book, atItem);
  }

  /** Makes what the windows hold the baselines. @returns how many could: those at least half full */
  pin(): number {
    const ready = this.scored.filter(({ window }) => window.size >= this.#options.windowItems / 2);
    for (const series of ready) series.pin("pinned");
    if (ready.length > 0) this.#restartSpreads();
    return ready.length;
  }

  /** A panel of another revision than the reference has no baseline yet. */
  #holdAgainst(known: ReferenceBaseline | undefined): void {
    if (known === undefined || known.panelRevision !== this.panel.revision) return;
    this.reward.holdAgainst(known.reward, known.reference);
    for (const series of this.members) {
      const scores = known.members.get(series.subject.member!);
      if (scores !== undefined) series.holdAgainst(scores, known.reference);
    }
  }

  #watchSeries(series: Series, book: AlarmBook, atItem: number): void {
    const { baseline, window } = series;
    // With a baseline from the first item on, a window may still be too short to say anything.
    if (baseline === undefined || window.size < this.#options.windowItems / 2) return;
    const sample = window.sample({ perItem: WATCHED_SCORES });
    const description = describeWindow(sample);
    for (const [kind, detect] of SERIES_ALARMS) {
      book.take(this.#subject(kind, series), detect(description, baseline, sample, this.#options.limits), sample, atItem);
    }
  }

  #watchProbes(series: Series, book: AlarmBook, atItem: number): void {
    const { name, revision } = this.panel;
    const probes = this.#options.probes?.read({ panel: name, member: series.subject.member }, revision) ?? [];
    if (probes.length === 0) return;
    const { window } = series;
    const sample = window.sample({ perItem: WATCHED_SCORES });
    const ripe = window.size >= this.#options.windowItems / 2;
    const scores = ripe ? { sorted: Float64Array.from(sample.values).sort(), effective: describeWindow(sample).effective } : undefined;
    const { limits } = this.#options;
    const found = probesAccepted(probes, scores, limits);
    if (found === undefined) return;
    const share = found.accepted.length / found.checked;
    const reading: AlarmReading = {
      value: share,
      threshold: limits.probeShare,
      raise: found.accepted.length > 0 && share >= limits.probeShare,
      calm: found.past / found.checked < limits.probeShare / 2,
      shows: (probe) => -probe,
    };
    // The newest item says at which step it was found.
    const newest = sample.facts.at(-1);
    book.take(this.#subject("probe_accepted", series), reading, { facts: found.accepted.map((id) => ({ ...newest, id })) }, atItem);
  }

  #watchDisagreement(book: AlarmBook, atItem: number): void {
    const { baseline, window } = this.#spreads;
    if (baseline === undefined) return;
    const sample = window.sample();
    const reading = disagreementAlarm(describeWindow(sample), baseline, sample, this.#options.limits);
    book.take(this.#subject("disagreement", this.reward), reading, sample, atItem);
  }

  #watchHoldout(member: Series, book: AlarmBook, atItem: number): void {
    const proxy = this.reward.baseline;
    if (member.baseline === undefined || proxy === undefined) return;
    const sample = member.window.sample();
    const reading = proxyDivergence(
      { trend: this.reward.trend, baseline: proxy },
      { trend: member.trend, baseline: member.baseline },
      sample,
      this.#options.limits,
    );
    book.take(this.#subject("proxy_divergence", member), reading, sample, atItem);
  }

  #addDisagreement(item: ObservedItem, facts: ItemFacts): void {
    if (this.members.length < 2) return;
    const kept = keptCandidates(item.rewards.length);
    const rows = item.members.map(({ scores }) => kept.map((candidate) => scores[candidate]!));
    const { pairConflictRate } = disagreement(rows, 1);
    const ordered = kept.length > 1 && rows.filter((row) => row.filter((score) => score !== null).length > 1).length > 1;
    if (ordered) this.conflicts.add({ facts, scores: [pairConflictRate], lengths: [0] });
    const standardised = this.members.flatMap(({ baseline }, index) => {
      if (baseline === undefined || baseline.description.std === 0) return [];
      const { mean, std } = baseline.description;
      return [rows[index]!.map((score): Optional => (score === null ? null : (score - mean) / std))];
    });
    if (standardised.length < 2) return;
    const { meanStd, degenerate } = disagreement(standardised, 1);
    if (!degenerate) this.#spreads.add({ facts, scores: [meanStd], lengths: [0] });
  }

  /** Spreads in units of other baselines are other numbers. */
  #restartSpreads(): void {
    this.#spreads = this.#series({ space: "native", objectives: [] }, []);
  }

  #series(subject: Series["subject"], names: readonly string[]): Series {
    const configured = names.map((name) => this.#options.passThresholds[name]).find((threshold) => threshold !== undefined);
    return new Series(subject, { windowItems: this.#options.windowItems, passThreshold: configured ?? PASS_THRESHOLDS[subject.space] });
  }

  #subject(kind: AlarmKind, { subject }: Series): AlarmSubject {
    const { member, judge } = subject;
    return {
      kind,
      panel: this.panel.name,
      ...(member !== undefined && { member }),
      ...(judge !== undefined && { judge }),
      ...(this.domain !== undefined && { domain: this.domain }),
    };
  }
}

/** Where a space has a middle, what lies above it passes. */
const PASS_THRESHOLDS: Partial<Record<ScoreSpace, number>> = { logit: 0, probability: 0.5, unit: 0.5 };

function factsOf({ id }: ObservedItem, { step, policyVersion }: Observation): ItemFacts {
  return { id, ...(step !== undefined && { step }), ...(policyVersion !== undefined && { policyVersion }) };
}
