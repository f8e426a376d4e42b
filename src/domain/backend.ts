import { GatewayError } from "./errors.ts";
import type { Finding } from "./finding.ts";
import { type Content, type Message, textOf } from "./item.ts";
import type { PieceListener, RelayedAnswer } from "./relay.ts";

/**
 * A stretch of the text that a model reads. A control segment comes from a judge's template and may name special tokens;
 * a content segment comes from a request and is never interpreted: a special token typed by a user stays ordinary text. Nothing
 * is ever dropped of a reference.
 */
export interface Segment {
  readonly text: string;
  readonly origin: "control" | "prompt" | "candidate" | "reference";
}

/** What to do with a call that is longer than the model reads. */
export type Overlong =
  /** Refuse with ITEM_TOO_LONG. */
  | "error"
  /**
   * Drop the oldest prompt tokens, then, when the candidate alone does not fit, the end of the candidate. A call with several
   * stretches of candidates loses tokens of the prompt only.
   */
  | "truncate"
  /** Drop the oldest prompt tokens alone; the candidate is read whole, or refused with ITEM_TOO_LONG. */
  | "truncatePrompt";

/** One forward pass over one text: every output tensor of the model for it. */
export interface ForwardCall {
  readonly type: "forward";
  readonly segments: readonly Segment[];
  readonly overlong: Overlong;
}

/** One forward pass over two texts that a model reads as a pair, a query and a document, as rerankers do. Nothing is dropped. */
export interface PairCall {
  readonly type: "pair";
  readonly query: readonly Segment[];
  readonly document: readonly Segment[];
}

/**
 * How likely a causal model finds the end of a text, given what stands before it: one pass over the whole text, which is read and never
 * continued. The answer is a number for each scored token: one that holds any character of the segments from `scoredFrom` on.
 */
export interface LikelihoodCall {
  readonly type: "likelihood";
  readonly segments: readonly Segment[];
  /** Index of the first segment that is scored, ≥ 1; all behind it are. */
  readonly scoredFrom: number;
}

/** One message of a chat, in stretches, so that a queue and a digest can tell a judge's words from a caller's. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly segments: readonly Segment[];
}

/** How a model chooses its words. */
export interface Sampling {
  /** ≥ 0; 0 takes the likeliest token. */
  readonly temperature: number;
  /** Share of probability that is chosen from, in (0, 1]. */
  readonly topP: number;
  /** Most tokens of the answer. */
  readonly maxTokens: number;
  /** Two calls that differ in it alone are two samples. */
  readonly seed: number;
}

/** One completion of a chat by a generative model. */
export interface ChatCall {
  readonly type: "chat";
  readonly messages: readonly ChatMessage[];
  readonly sampling: Sampling;
  /** JSON schema that the answer must follow, as JSON text; the server holds the model to it where it can. */
  readonly schema?: string;
  /** Likeliest tokens to list, with log-probabilities, for every token of the answer; 0 for none. */
  readonly alternatives: number;
}

/** Candidates of one item for a judge that is a service of its own. Holds what the service is told, and nothing else of the item. */
export interface ExternalCall {
  readonly type: "external";
  /** Name of the judge at the service. */
  readonly judge: string;
  readonly prompt: readonly Message[];
  /** At least one; they are judged together. */
  readonly candidates: readonly Content[];
  readonly reference?: string;
  readonly domain?: string;
  readonly language?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A chat that a client wrote for the server itself. Nobody here reads it, and each is work of its own: equal ones are two samples. */
export interface RelayCall {
  readonly type: "relay";
  /** JSON text of an object. */
  readonly body: string;
  /** Tells it from every other. */
  readonly number: number;
  /** Hears an answer that comes piece by piece; without it, one is no answer. */
  readonly onPiece?: PieceListener | undefined;
}

/** An input for a tool of the user's own. A model that read a candidate chose it, so whoever runs the tool must not trust it. */
export interface ToolCall {
  readonly type: "tool";
  /** Name of the tool at its service. */
  readonly tool: string;
  readonly input: string;
}

/** One unit of work for a backend. Two calls with equal content are the same work, whoever asks. */
export type Call = ForwardCall | PairCall | LikelihoodCall | ChatCall | ExternalCall | ToolCall | RelayCall;

/** Every stretch of text that a call sends, in order. */
export function segmentsOf(call: Call): readonly Segment[] {
  switch (call.type) {
    case "forward":
    case "likelihood":
      return call.segments;
    case "pair":
      return [...call.query, ...call.document];
    case "chat":
      return call.messages.flatMap((message) => message.segments);
    case "relay":
      return [{ text: call.body, origin: "prompt" }];
    case "tool":
      return [{ text: call.input, origin: "candidate" }];
    case "external":
      return [
        ...call.prompt.flatMap(({ content }) => segmentsOfContent(content, "prompt")),
        ...call.candidates.flatMap((content) => segmentsOfContent(content, "candidate")),
        { text: call.reference ?? "", origin: "reference" },
        ...Object.values(call.metadata).map((text) => ({ text, origin: "prompt" as const })),
      ];
  }
}

function segmentsOfContent(content: Content, origin: "prompt" | "candidate"): Segment[] {
  const images = typeof content === "string" ? [] : content.flatMap((part) => (part.type === "image" ? [part.url] : []));
  return [textOf(content), ...images].map((text) => ({ text, origin }));
}

/** Tokens that were dropped to make a call fit. */
export interface Truncation {
  readonly side: "prompt_start" | "candidate_end" | "both";
  readonly droppedTokens: number;
}

/** A token of a completion. */
export interface CompletionToken {
  readonly token: string;
  /** Natural logarithm of its probability, ≤ 0. */
  readonly logprob: number;
  /** Likeliest tokens at its place with their log-probabilities; the token itself may be among them. */
  readonly alternatives: ReadonlyMap<string, number>;
}

/** What a model wrote. Untrusted: a candidate may have talked it into anything. */
export interface Completion {
  readonly text: string;
  /** Whether the model was stopped before its end, by the limit of tokens or by a filter. */
  readonly cut: boolean;
  /** In order, joined they are the text; empty unless the call asked for alternatives. */
  readonly tokens: readonly CompletionToken[];
}

/** What a service said of one candidate. */
export type ExternalVerdict =
  | {
      readonly outcome: "scored";
      /** Finite. */
      readonly value: number;
      /** Untrusted text. */
      readonly critique?: string;
      readonly findings?: readonly Finding[];
    }
  | {
      readonly outcome: "abstained";
      /** Why, in the service's words: at most 64 lower-case letters, digits and underscores. */
      readonly code: string;
    }
  | {
      readonly outcome: "failed";
      /** Why, as for an abstention. */
      readonly code: string;
      /** Whether the same question may have an answer later. */
      readonly retryable: boolean;
    };

/** The answer of a service to one call. */
export interface ExternalAnswer {
  /** Version of the judge that gave it. */
  readonly version: string;
  /** One per candidate, in the order of the call. */
  readonly verdicts: readonly ExternalVerdict[];
}

/** What a tool said. */
export interface ToolAnswer {
  /** Whether the tool said, in its own words, that it could not do what it was asked. */
  readonly failed: boolean;
  /** Untrusted: a tool repeats what it finds. */
  readonly text: string;
  /** Milliseconds that it took. */
  readonly elapsedMs: number;
}

/** The answer to a call. */
export interface CallResult {
  /**
   * A row per output tensor, for a forward call or a pair; for a call of likelihood `logProbabilities`, nats, one per scored token; none for any other.
   * Values are as the model gave them, finite or not.
   */
  readonly outputs: Readonly<Record<string, Float32Array>>;
  /** Present for a chat. */
  readonly completion?: Completion;
  /** Present for an external call. */
  readonly external?: ExternalAnswer;
  /** Present for a call of a tool. */
  readonly tool?: ToolAnswer;
  /** Present for a chat that was handed on. */
  readonly relayed?: RelayedAnswer;
  /** Tokens of the call that the model read, and those it wrote, padding excluded; a prefix that calls share counts for each of them. */
  readonly tokens: number;
  readonly truncation?: Truncation;
  /** Why there is no answer; given to judges that bear failures alone, with no outputs and no tokens. */
  readonly failure?: GatewayError;
}

/** A call that a backend has made ready to run: its cost is known. */
export interface PreparedCall {
  /** Length in tokens, which is what a batch is padded to. */
  readonly tokens: number;
  readonly truncation?: Truncation;
  /** Ids of the tokens, shape [tokens], where the backend tokenises itself; for tests of templates and tokenizers. */
  readonly ids?: Int32Array;
  /** What it has in common with other calls, where the backend reads that once for all of them that travel together. */
  readonly prefix?: SharedPrefix | undefined;
  /** What it may share a request with, where nothing is padded: calls that say the same. Absent: those that say nothing. */
  readonly request?: string;
  /** The backend's own form of the call. */
  readonly payload: unknown;
}

/** The start of a call, which is token by token that of every call with the same key. */
export interface SharedPrefix {
  readonly key: string;
  /** Tokens of it, of those that the call has. */
  readonly tokens: number;
  /** Most tokens of a row behind it: the prefix once, and what each call has of its own. */
  readonly rowTokens: number;
}

/** What a backend tells the batcher about itself. */
export interface BatchLimits {
  /** Most calls in one batch. */
  readonly maxBatchCalls: number;
  /** Most tokens in one batch, counted as the backend pays for them (padding included where `padded`). */
  readonly maxBatchTokens: number;
  /** Whether a batch costs longest × count (true) or the sum of lengths (false). */
  readonly padded: boolean;
  /** Batches that really run side by side: executors, or GPUs. */
  readonly parallelism: number;
  /** Batches that may be handed over at once, so that no executor idles between two; at least `parallelism`. */
  readonly concurrency: number;
  /** Largest share of padding in a batch, in [0, 1); a call whose length would pass it waits for better company. */
  readonly maxPaddingRatio: number;
  /** How long an idle backend waits for more calls before it runs a batch that is not full, milliseconds. */
  readonly maxDelayMs: number;
  /** False when a score may move with its batch-mates beyond the declared bound: every call then runs alone. */
  readonly batchable: boolean;
}

/**
 * The process that ran a batch ended under it. A call in it may have been the cause, or none: who retries decides how
 * often, and with whom.
 */
export class BatchCrash extends GatewayError {
  constructor(message: string, cause: unknown) {
    super("BACKEND_UNAVAILABLE", message, { cause });
    this.name = "BatchCrash";
  }
}

/** What a backend is told of the callers of a batch; without it nobody leaves and nothing is too late. */
export interface RunContext {
  /** Aborts when nobody waits for the batch any more; a backend that cannot stop its work may ignore it. */
  readonly signal: AbortSignal;
  /** Milliseconds until the most patient caller gives up. */
  remainingMs(): number;
  /** Whether nothing else runs on the backend or waits for it: the batch may have all that the backend has. */
  readonly alone: boolean;
}

/** A place where a model runs. It knows no judge and no panel. */
export interface Backend {
  /** Unique name, used as a metric label. */
  readonly name: string;
  /** Digest of everything that decides an answer: weights, tokenizer, numeric type. */
  readonly digest: string;
  readonly limits: BatchLimits;
  /**
   * Makes calls ready to run, in order. A call that cannot be prepared becomes a GatewayError in its place
   * (ITEM_TOO_LONG, for example); the promise itself rejects only when nothing could be prepared.
   */
  prepare(calls: readonly Call[]): Promise<(PreparedCall | Error)[]>;
  /**
   * Runs one batch and answers in the same order. Rejects when the batch as a whole failed, with {@link BatchCrash} when
   * the process ended that ran it; the batcher then finds the call at fault.
   */
  run(batch: readonly PreparedCall[], context?: RunContext): Promise<CallResult[]>;
  /** Waits for running batches, at most `timeoutMs` when given, then frees the model whatever it does. Idempotent. */
  close(timeoutMs?: number): Promise<void>;
}

/** A backend that a gateway has opened: it tells where it runs and whether it can. */
export interface OpenBackend extends Backend {
  /** Where it runs, for people: `cpu`, `cuda:0, cuda:1`, or addresses. */
  readonly device: string;
  /** Whether it runs outside of this gateway, so that every replica shares its fate. */
  readonly remote: boolean;
  /** Whether a batch could run now. */
  readonly ready: boolean;
  /** What keeps it from being ready, for people. */
  readonly notReady: string;
  /** Hears each change of `ready`. Returns a function that stops listening. */
  onReadiness(listener: (ready: boolean) => void): () => void;
}
