import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { GatewayError } from "../domain/errors.ts";
import type { Observation, ObservedItem, RunAlarm, RunSummary } from "../domain/run.ts";
import { AlarmBook } from "./alarm-book.ts";
import { PanelWindow, type WindowOptions } from "./panel-window.ts";

export interface RecordOptions extends WindowOptions {
  /** Domains of a run that get windows of their own, each panel's by itself; items of further ones count in those over all only. */
  readonly maxDomains: number;
}

/** Panels of a run that have windows; the one unheard of for longest goes. */
const MAX_PANELS = 16;
/** Windows' worth of items that are remembered, to know one that is sent again. */
const REMEMBERED_WINDOWS = 4;

/** The windows of one panel: over all domains, and over each of the first ones that came. */
interface PanelRecord {
  readonly all: PanelWindow;
  readonly byDomain: Map<string, PanelWindow>;
}

/** Everything that is known of one run, in memory that does not grow with it. */
export class RunRecord {
  readonly run: string;
  readonly book: AlarmBook;
  readonly #options: RecordOptions;
  readonly #panels = new LRUCache<string, PanelRecord>({ max: MAX_PANELS });
  readonly #sent: LRUCache<string, true>;
  #items = 0;
  #firstStep: number | undefined;
  #lastStep: number | undefined;
  #policyVersion: string | undefined;

  constructor(run: string, options: RecordOptions, onAlarm: (alarm: RunAlarm) => void) {
    this.run = run;
    this.#options = options;
    this.book = new AlarmBook(onAlarm);
    this.#sent = new LRUCache({ max: REMEMBERED_WINDOWS * options.windowItems });
  }

  /** Takes in the items of one request that one panel scored. */
  observe(observation: Observation): void {
    const record = this.#recordOf(observation);
    let fresh = false;
    for (const item of observation.items) {
      if (this.#sentBefore(item, observation)) continue;
      fresh = true;
      this.#items++;
      if (record.all.add(item, observation)) record.all.watch(this.book, this.#items);
      const window = this.#windowOf(item.domain, record, observation);
      // With one domain its windows say what those over all say.
      if (window?.add(item, observation) && window.items < record.all.items) window.watch(this.book, this.#items);
    }
    if (fresh) this.#label(observation);
  }

  summary(): RunSummary {
    const records = [...this.#panels.values()];
    return {
      run: this.run,
      items: this.#items,
      panels: [...this.#panels.keys()].sort(),
      domains: [...new Set(records.flatMap(({ byDomain }) => [...byDomain.keys()]))].sort(),
      ...(this.#firstStep !== undefined && { firstStep: this.#firstStep }),
      ...(this.#lastStep !== undefined && { lastStep: this.#lastStep }),
      ...(this.#policyVersion !== undefined && { policyVersion: this.#policyVersion }),
      alarms: this.book.raised.size,
    };
  }

  /** Every window: by panel, first that over all domains, then by domain. */
  windows(): PanelWindow[] {
    const names = [...this.#panels.keys()].sort();
    return names.flatMap((name) => {
      const { all, byDomain } = this.#panels.peek(name)!;
      return [all, ...[...byDomain.keys()].sort().map((domain) => byDomain.get(domain)!)];
    });
  }

  /**
   * Makes what the windows hold now the baselines from now on.
   * @returns how many windows have a new one
   * @throws {GatewayError} BASELINE_TOO_SMALL when no window is half full
   */
  pin(): number {
    const pinned = this.windows().reduce((count, window) => count + window.pin(), 0);
    if (pinned > 0) return pinned;
    const least = Math.ceil(this.#options.windowItems / 2);
    const message = `no window of run "${this.run}" holds ${least} scored items yet, the least for a baseline: pin it later`;
    throw new GatewayError("BASELINE_TOO_SMALL", message, { details: { limit: least } });
  }

  /** Scores of two revisions of a panel do not compare: a new one starts anew. */
  #recordOf({ panel }: Observation): PanelRecord {
    const known = this.#panels.get(panel.name);
    if (known?.all.panel.revision === panel.revision) return known;
    if (known !== undefined) this.book.clearPanel(panel.name, this.#items);
    const record = { all: new PanelWindow(panel, undefined, this.#options), byDomain: new Map() };
    this.#panels.set(panel.name, record);
    return record;
  }

  #windowOf(domain: string | undefined, { byDomain }: PanelRecord, { panel }: Observation): PanelWindow | undefined {
    if (domain === undefined) return undefined;
    const known = byDomain.get(domain);
    if (known !== undefined || this.#domainWindows() >= this.#options.maxDomains) return known;
    const window = new PanelWindow(panel, domain, this.#options);
    byDomain.set(domain, window);
    return window;
  }

  #domainWindows(): number {
    let count = 0;
    for (const { byDomain } of this.#panels.values()) count += byDomain.size;
    return count;
  }

  #label({ step, policyVersion }: Observation): void {
    if (step !== undefined) {
      this.#firstStep = Math.min(this.#firstStep ?? step, step);
      this.#lastStep = Math.max(this.#lastStep ?? step, step);
    }
    if (policyVersion !== undefined) this.#policyVersion = policyVersion;
  }

  /** A retry of a request brings its items again. Lengths are in the key for clients whose request ids do not change. */
  #sentBefore(item: ObservedItem, { requestId, step, panel }: Observation): boolean {
    // What was not scored leaves nothing behind, and may come again.
    const scored = [item.rewards, ...item.members.map(({ scores }) => scores)].some((row) => row.some((score) => score !== null));
    if (!scored) return false;
    const text = JSON.stringify([requestId, panel.name, item.id, step, item.lengths]);
    const key = createHash("sha256").update(text).digest("base64").slice(0, 22);
    if (this.#sent.has(key)) return true;
    this.#sent.set(key, true);
    return false;
  }
}
