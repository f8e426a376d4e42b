import type { Call, CallResult, ChatCall, Completion } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { Ask } from "../../domain/judge.ts";
import { completionOf } from "../generative/sampling.ts";
import type { ReadAnswer } from "./read-answer.ts";
import type { Turn } from "./read-turn.ts";
import type { Round } from "./tool-prompt.ts";
import { type Observation, observationOf, observationOfError, observeHere, type Tool } from "./tools.ts";

/** The work of a model on one verdict, as far as it has got. */
export interface Thread {
  /** Tools that were used. */
  readonly used: readonly Round[];
  /** Answers that the model gave, those that could not be read among them. */
  readonly chats: number;
  /** Whether an answer was asked for a second time, which happens once. */
  readonly repeated: boolean;
  readonly waits: Waits;
}

type Waits =
  /** @property again whether an answer to the same question could not be read */
  | { readonly for: "answer"; readonly again: boolean }
  | { readonly for: "tool"; readonly use: Extract<Turn, { status: "use" }>; readonly tool: Tool }
  | { readonly for: "nothing"; readonly ending: Ending };

/** How the work on a verdict ended. */
export type Ending =
  | { readonly status: "answered"; readonly answer: ReadAnswer; readonly thought: string | undefined }
  | { readonly status: "failed"; readonly error: GatewayError };

/** An ask of a judge with tools: some of its threads wait for the answers to its calls. */
export interface LoopAsk extends Ask {
  readonly threads: readonly Thread[];
  /** Index of the thread that each call belongs to. */
  readonly threadOf: readonly number[];
}

/** What a loop does not know by itself. */
export interface Loop {
  readonly tools: readonly Tool[];
  /** Most answers of the model in one thread, besides the one that may be asked for again; ≥ 2. */
  readonly rounds: number;
  /** The chat that comes next in the thread with this index. */
  chatFor(index: number, thread: Thread): ChatCall;
  read(completion: Completion, thread: Thread): Turn;
}

/** A thread in which nothing was asked yet. */
export const BEGUN: Thread = { used: [], chats: 0, repeated: false, waits: { for: "answer", again: false } };

/** Most asks that follow the first, whatever the model does: each moves a thread on by an answer or by a tool. */
export function mostFollowUps(threads: number, rounds: number): number {
  return 2 * threads * (rounds + 1);
}

/**
 * The next ask: all threads that wait for the same backend as the first that waits.
 *
 * @param before what was asked last, and answered
 * @returns undefined when no thread waits for anything
 */
export function nextAsk(
  threads: readonly Thread[],
  loop: Loop,
  candidates: Ask["candidates"],
  before?: { readonly ask: LoopAsk; readonly results: readonly CallResult[] },
): LoopAsk | undefined {
  const first = threads.find(({ waits }) => waits.for !== "nothing");
  if (first === undefined) return undefined;
  const backend = backendOf(first);
  const threadOf = threads.flatMap((thread, index) => (thread.waits.for !== "nothing" && backendOf(thread) === backend ? [index] : []));
  const fleeting = before !== undefined && isFleeting(before);
  return {
    candidates,
    calls: threadOf.map((index) => callFor(index, threads[index]!, loop)),
    threads,
    threadOf,
    ...(backend !== undefined && { backend }),
    ...(fleeting && { fleeting }),
    ...(before !== undefined && { earlier: [...(before.ask.earlier ?? []), ...before.results] }),
  };
}

/** Whether scores that rest on these answers, or on those before them, may be others a moment later. */
function isFleeting({ ask, results }: { readonly ask: LoopAsk; readonly results: readonly CallResult[] }): boolean {
  if (ask.fleeting === true) return true;
  return ask.threadOf.some((index, at) => {
    const { waits } = ask.threads[index]!;
    return waits.for === "tool" && (!waits.tool.deterministic || results[at]!.tool?.failed !== false);
  });
}

function backendOf({ waits }: Thread): string | undefined {
  return waits.for === "tool" ? waits.tool.service!.backend : undefined;
}

function callFor(index: number, thread: Thread, { chatFor }: Loop): Call {
  const { waits } = thread;
  return waits.for === "tool" ? { type: "tool", tool: waits.tool.service!.tool, input: waits.use.input } : chatFor(index, thread);
}

/** The threads of an ask once its answers are known. Tools that are part of the gateway have run then. */
export function advance({ threads, threadOf }: LoopAsk, results: readonly CallResult[], loop: Loop): Thread[] {
  const moved = [...threads];
  for (const [at, index] of threadOf.entries()) moved[index] = moveOn(threads[index]!, results[at]!, loop);
  return moved;
}

function moveOn(before: Thread, result: CallResult, loop: Loop): Thread {
  const { waits } = before;
  const thread = waits.for === "answer" ? { ...before, chats: before.chats + 1 } : before;
  if (waits.for === "tool") {
    const { failure, tool } = result;
    const observation = failure === undefined ? observed(tool) : observationOfError(failure);
    return observation === undefined ? ended(thread, { status: "failed", error: failure! }) : told(thread, waits.use, observation);
  }
  if (result.failure !== undefined) return ended(thread, { status: "failed", error: result.failure });
  const turn = loop.read(completionOf(result), thread);
  if (turn.status === "judged") return ended(thread, { status: "answered", answer: turn.answer, thought: turn.thought });
  if (turn.status === "unreadable") return unread(thread, turn);
  if (thread.used.length >= loop.rounds - 1) return unread(thread, { status: "unreadable", why: "it uses a tool where no round is left" });
  const tool = loop.tools.find(({ name }) => name === turn.tool);
  const names = loop.tools.map(({ name }) => name);
  const observation = observeHere(tool, turn.input, names);
  return observation === undefined ? { ...thread, waits: { for: "tool", use: turn, tool: tool! } } : told(thread, turn, observation);
}

function observed(answer: CallResult["tool"]): Observation {
  if (answer === undefined) throw new GatewayError("INTERNAL", "the backend of a tool answered without an observation");
  return observationOf(answer);
}

function told(thread: Thread, { thought, tool, input }: Extract<Turn, { status: "use" }>, observation: Observation): Thread {
  return { ...thread, used: [...thread.used, { thought, tool, input, observation }], waits: { for: "answer", again: false } };
}

/** An answer that cannot be read is asked for again, once in all, and then ends the work. */
function unread(thread: Thread, answer: Extract<ReadAnswer, { status: "unreadable" }>): Thread {
  if (thread.repeated) return ended(thread, { status: "answered", answer, thought: undefined });
  return { ...thread, repeated: true, waits: { for: "answer", again: true } };
}

function ended(thread: Thread, ending: Ending): Thread {
  return { ...thread, waits: { for: "nothing", ending } };
}
