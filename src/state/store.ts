/** One run of one state. */
export interface RunKey {
  readonly state: string;
  readonly run: string;
}

/** A version as a store keeps it: three texts that it does not read. */
export interface StoredVersion {
  /** Counted from 0; within a run, each is one more than the one before. */
  readonly version: number;
  /** Absent on version 0. Unique within the run. */
  readonly stepId?: string;
  /** What a reader wants. */
  readonly value: string;
  /** What a history lists. */
  readonly facts: string;
  /** What a replay needs besides. */
  readonly cause: string;
}

/** How much a store keeps. */
export interface Retention {
  /** Latest versions of each run that are kept, ≥ 2; a pinned version is kept besides. */
  readonly keepVersions: number;
  /** Runs of each state that are kept, ≥ 1; the one that was stepped least recently makes room, unless it has a pin. */
  readonly maxRuns: number;
}

/** `moved`: the run is no longer at the version that was expected; `full`: no run can make room, since all have a pin. */
export type AppendOutcome = "appended" | "evicted" | "moved" | "full";

/**
 * Where the versions of runs are kept. Every method is atomic, whoever else writes to the same store; what it resolved with
 * survives the process. Rejects with whatever its library throws when the store cannot be reached.
 */
export interface StateStore {
  /**
   * @param which default the pinned one, else the latest
   * @returns undefined when the run was never stepped; `found` is undefined when the version is not kept
   */
  read(
    at: RunKey,
    which?: number | "latest",
  ): Promise<{ readonly found: Pick<StoredVersion, "version" | "value"> | undefined } | undefined>;
  /** Where a run is, and the version that a step id made, if it is kept; undefined when the run was never stepped. */
  find(
    at: RunKey,
    stepId: string,
  ): Promise<{ readonly latest: Latest; readonly made: Omit<StoredVersion, "cause" | "stepId"> | undefined } | undefined>;
  /**
   * Adds versions to a run that is at `expected`, drops those that are beyond the retention, and makes room for a new run.
   * @param expected latest version, or undefined for a run that was never stepped
   * @returns `evicted` when another run made room
   */
  append(at: RunKey, versions: readonly StoredVersion[], expected: number | undefined): Promise<AppendOutcome>;
  /** @returns false when the version is not kept */
  pin(at: RunKey, version: number): Promise<boolean>;
  unpin(at: RunKey): Promise<void>;
  /** What a history lists, oldest first; empty when the run was never stepped. */
  history(
    at: RunKey,
  ): Promise<{ readonly versions: readonly Pick<StoredVersion, "version" | "facts">[]; readonly pinned: number | undefined }>;
  /** The latest versions without a gap, whole, oldest first: what can be replayed. */
  log(at: RunKey): Promise<readonly StoredVersion[]>;
  /** How many runs of a state there are. */
  runs(state: string): Promise<number>;
  close(): Promise<void>;
}

/** The newest version of a run. */
export type Latest = Pick<StoredVersion, "version" | "value">;
