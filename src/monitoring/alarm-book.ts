import type { AlarmKind, RunAlarm } from "../domain/run.ts";
import type { AlarmReading } from "./alarms/reading.ts";
import type { WindowSample } from "./score-window.ts";
import { stepsOf } from "./steps.ts";

type Facts = Pick<WindowSample, "facts">;

/** What an alarm is about. */
export interface AlarmSubject {
  readonly kind: AlarmKind;
  readonly panel: string;
  readonly member?: string;
  readonly judge?: string;
  readonly domain?: string;
}

/** Cleared alarms that are kept. */
const MAX_CLEARED = 200;
const EXAMPLES = 5;

/** The alarms of one run: raised at most once per subject at a time, cleared when their measure has come back. */
export class AlarmBook {
  readonly #raised = new Map<string, RunAlarm>();
  readonly #cleared: RunAlarm[] = [];
  readonly #onRaise: (alarm: RunAlarm) => void;
  #count = 0;

  /** @param onRaise hears of every alarm once, when it is raised */
  constructor(onRaise: (alarm: RunAlarm) => void) {
    this.#onRaise = onRaise;
  }

  /** Alarms that are raised now. */
  get raised(): ReadonlyMap<string, RunAlarm> {
    return this.#raised;
  }

  /** Newest first. */
  list(): RunAlarm[] {
    return [...this.#raised.values(), ...this.#cleared].sort((a, b) => b.number - a.number);
  }

  /**
   * Takes what a detector says of a window.
   *
   * @param reading undefined when nothing can be said, which changes nothing
   * @param sample  what it was read from: the items of the window, or the probes
   * @param atItem  items of the run that have been seen
   */
  take(subject: AlarmSubject, reading: AlarmReading | undefined, sample: Facts, atItem: number): void {
    if (reading === undefined) return;
    const key = JSON.stringify([subject.kind, subject.panel, subject.member, subject.domain]);
    const standing = this.#raised.get(key);
    if (standing !== undefined) {
      if (reading.calm) this.#clear(key, standing, atItem);
      return;
    }
    if (!reading.raise) return;
    const { facts } = sample;
    const alarm: RunAlarm = {
      number: ++this.#count,
      ...subject,
      state: "raised",
      value: reading.value,
      threshold: reading.threshold,
      items: facts.length,
      ...stepsOf(facts),
      ...policyOf(sample),
      raisedAtItem: atItem,
      examples: examplesOf(sample, reading),
    };
    this.#raised.set(key, alarm);
    this.#onRaise(alarm);
  }

  /** Clears what is raised about a panel, because its windows start anew. */
  clearPanel(panel: string, atItem: number): void {
    for (const [key, alarm] of this.#raised) if (alarm.panel === panel) this.#clear(key, alarm, atItem);
  }

  #clear(key: string, alarm: RunAlarm, atItem: number): void {
    this.#raised.delete(key);
    this.#cleared.push({ ...alarm, state: "cleared", clearedAtItem: atItem });
    if (this.#cleared.length > MAX_CLEARED) this.#cleared.shift();
  }
}

function policyOf({ facts }: Facts): { policyVersion?: string } {
  const version = facts.findLast(({ policyVersion }) => policyVersion !== undefined)?.policyVersion;
  return version === undefined ? {} : { policyVersion: version };
}

function examplesOf({ facts }: Facts, { shows }: AlarmReading): string[] {
  const items = facts.map((_, item) => item).sort((a, b) => shows(b) - shows(a));
  return items.slice(0, EXAMPLES).map((item) => facts[item]!.id);
}
