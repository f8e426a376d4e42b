import {
  type Backend,
  type BatchLimits,
  type Call,
  type CallResult,
  type PreparedCall,
  type RunContext,
  type SharedPrefix,
  segmentsOf,
} from "../../src/domain/backend.ts";
import type { Item } from "../../src/domain/item.ts";
import type { Judge, RawScore } from "../../src/domain/judge.ts";
import type { Member, Panel, Reading } from "../../src/domain/panel.ts";
import type { Aggregation, CandidateScores } from "../../src/domain/reward.ts";
import { DEFAULT_OPTIONS, type ScoreOptions, type ScoreRequest } from "../../src/domain/score.ts";
import type { CallContext } from "../../src/domain/service.ts";

/** Judges, backends and panels that tests script. The engine sees them through the same contracts as real ones. */

const DEFAULT_LIMITS: BatchLimits = {
  maxBatchCalls: 32,
  maxBatchTokens: 1024,
  padded: true,
  parallelism: 1,
  concurrency: 1,
  maxPaddingRatio: 0.2,
  maxDelayMs: 0,
  batchable: true,
};

export interface ScriptedBackend extends Backend {
  /** Texts of every batch that ran, in order. */
  readonly batches: string[][];
  /** Texts that ran, in order. */
  readonly ran: string[];
}

export interface BackendScript {
  readonly name?: string;
  readonly limits?: Partial<BatchLimits>;
  /** Number for a text; NaN and infinities pass through. Default: the text's length. */
  readonly score?: (text: string) => number;
  /** Runs before a batch is answered; may wait or throw. */
  readonly beforeRun?: (texts: string[], context: RunContext | undefined) => Promise<void> | void;
  readonly beforePrepare?: (text: string) => Error | undefined;
  readonly tokens?: (text: string) => number;
  readonly prefix?: (text: string) => SharedPrefix;
  readonly request?: (text: string) => string;
}

/** The text of the candidate of a call. */
function candidateOf(call: Call): string {
  return segmentsOf(call).find((segment) => segment.origin === "candidate")!.text;
}

export function scriptedBackend(script: BackendScript = {}): ScriptedBackend {
  const batches: string[][] = [];
  const ran: string[] = [];
  const score = script.score ?? ((text: string) => text.length);
  return {
    name: script.name ?? "scripted",
    digest: "scripted",
    limits: { ...DEFAULT_LIMITS, ...script.limits },
    batches,
    ran,
    async prepare(calls) {
      return calls.map((call): PreparedCall | Error => {
        const text = candidateOf(call);
        const error = script.beforePrepare?.(text);
        const prefix = script.prefix?.(text);
        const request = script.request?.(text);
        const tokens = script.tokens?.(text) ?? Math.max(1, text.length);
        return error ?? { tokens, payload: text, ...(prefix && { prefix }), ...(request && { request }) };
      });
    },
    async run(batch, context) {
      const texts = batch.map((call) => call.payload as string);
      batches.push(texts);
      ran.push(...texts);
      await script.beforeRun?.(texts, context);
      return batch.map((call): CallResult => ({ outputs: { score: Float32Array.of(score(call.payload as string)) }, tokens: call.tokens }));
    },
    async close() {},
  };
}

/** A pointwise judge that reads `score`, or what `decode` says. */
export function scriptedJudge(script: {
  name?: string;
  backend?: string;
  revision?: string;
  decode?: (value: number) => RawScore;
  notApplicable?: (item: Item) => string | undefined;
}): Judge {
  const asks = new WeakMap<Item, ReturnType<Judge["encode"]>>();
  return {
    name: script.name ?? "judge",
    kind: "scripted",
    revision: script.revision ?? `${script.name ?? "judge"}@1`,
    backend: script.backend ?? "scripted",
    space: "logit",
    determinism: { class: "bitwise" },
    accepts: new Set(["text"]),
    notApplicable: script.notApplicable ?? (() => undefined),
    encode(item) {
      let made = asks.get(item);
      if (made === undefined) {
        made = item.candidates.map((candidate, index) => ({
          candidates: [index],
          calls: [
            {
              type: "forward" as const,
              overlong: "error" as const,
              segments: [{ text: candidate.content as string, origin: "candidate" as const }],
            },
          ],
        }));
        asks.set(item, made);
      }
      return made;
    },
    decode: (_ask, results) => [
      script.decode?.(results[0]!.outputs.score![0]!) ?? { outcome: "scored", value: results[0]!.outputs.score![0]! },
    ],
  };
}

/** Σ w x. */
const weightedSum: Aggregation = {
  method: "weightedSum",
  spaceOut: "logit",
  revision: "weightedSum@1",
  weighs: true,
  aggregate: (group: readonly CandidateScores[]) =>
    group.map(({ scores, weights }) => {
      const contributions = scores.map((score, index) => score * weights[index]!);
      return { reward: contributions.reduce((sum, term) => sum + term, 0), contributions };
    }),
};

export function memberOf(judge: Judge, options: Partial<Omit<Member, "judge" | "seat">> = {}): Member {
  return {
    name: judge.name,
    judge,
    seat: 0,
    standing: "counts",
    sample: 1,
    stage: 0,
    weight: 1,
    revision: `${judge.revision}+member`,
    calibratedSpace: judge.space,
    transforms: [],
    onFailure: { policy: "fail" },
    required: false,
    scalarise: (raw) => ({ value: raw.value }),
    ...(judge.gated && { gated: judge.gated }),
    ...options,
  };
}

/** A panel over the judges of its members and constraints, each of which sits once. */
export function panelOf(members: readonly Member[], options: Partial<Omit<Panel, "members" | "judges">> = {}): Panel {
  const gates = options.constraints?.readings ?? [];
  const judges = [...new Set([...members, ...gates].map(({ judge }) => judge))];
  const seated = <T extends Reading>(reading: T): T => ({ ...reading, seat: judges.indexOf(reading.judge) });
  return {
    name: "panel",
    description: "",
    revision: "panel@1",
    aggregation: weightedSum,
    space: "logit",
    quorum: 1,
    states: [],
    readsBaselines: false,
    ...options,
    ...(options.constraints && { constraints: { ...options.constraints, readings: gates.map(seated) } }),
    judges,
    members: members.map(seated),
  };
}

export function itemOf(id: string, candidates: string[]): Item {
  return { id, prompt: [{ role: "user", content: "p" }], candidates: candidates.map((content) => ({ content })) };
}

export function requestOf(items: Item[], options: Partial<ScoreOptions> = {}): ScoreRequest {
  return { panel: "panel", items, options: { ...DEFAULT_OPTIONS, ...options } };
}

export function contextOf(signal: AbortSignal = new AbortController().signal): CallContext {
  return { requestId: "test", transport: "http", signal };
}

/** A promise and the means to settle it. */
export function deferred<T = void>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Lets everything that is due run: a few turns of the event loop. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A `beforeRun` that holds the first batch until it is released and lets the others pass. */
export function holdFirst() {
  const gate = deferred();
  let held = false;
  const beforeRun = () => {
    if (held) return undefined;
    held = true;
    return gate.promise;
  };
  return { beforeRun, release: () => gate.resolve() };
}
