/** Names of the graph's inputs. */
export interface InputNames {
  readonly ids: string;
  readonly mask: string;
  /** Token types: 0 for the prompt, 1 from the candidate on. */
  readonly segments?: string | undefined;
  /** Present for a graph that reads several texts behind one prefix. */
  readonly prefix?: PrefixInputs | undefined;
}

/** Names of what tells such a graph which token belongs to which text. */
export interface PrefixInputs {
  /** Position of a token in its text. */
  readonly positions: string;
  /** 0 for the prefix of a row, 1, 2, … for the texts behind it. */
  readonly branches: string;
  /** Row and branch of every text, shape [texts, 2]; the graph answers with a row per text. */
  readonly texts: string;
}

/** Names of all inputs. */
export function inputNames({ ids, mask, segments, prefix }: InputNames): string[] {
  return [ids, mask, ...(segments === undefined ? [] : [segments]), ...(prefix ? [prefix.positions, prefix.branches, prefix.texts] : [])];
}

/** Head of the first message to an executor: what it serves, for as long as it lives. */
export interface LoadMessage {
  readonly type: "load";
  readonly graphPath: string;
  readonly graphSha256: string;
  /** The file beside the graph that holds its weights, for graphs that have one. */
  readonly weights?: { readonly path: string; readonly sha256: string } | undefined;
  readonly inputs: InputNames;
  /** Names of the tensors to answer with. */
  readonly outputs: readonly string[];
  readonly provider: "cpu" | "cuda";
  readonly threads: number;
  /** Threads of a batch that runs while nothing else does, for which the model is opened a second time; absent where it has no more than any other. */
  readonly threadsWhenAlone?: number | undefined;
  readonly padId: number;
  /** Shape to run once before work comes, so that the runtime has its memory. */
  readonly warmUp?: { readonly rows: number; readonly length: number } | undefined;
}

/** Texts of one batch, one after the other, unpadded: what crosses to an executor is as small as it can be. */
export interface PackedBatch {
  /** Ids of all texts, shape [Σ lengths]. */
  readonly ids: Int32Array;
  /** Tokens of each text, without those that it reads in the row of another, shape [texts]. */
  readonly lengths: Int32Array;
  /** Index of the candidate's first token within each text, shape [texts]. */
  readonly candidateStarts: Int32Array;
  /**
   * How many tokens at the start of the row before it a text begins with, shape [texts]: the text goes on from there, in that row. 0 starts a row.
   * All texts that join a row share equally much. Absent: a row per text.
   */
  readonly joins?: Int32Array;
}

/** Head of the message that brings a batch; its arrays are ids, lengths, candidateStarts and joins, where there are any. */
export interface RunMessage {
  readonly type: "run";
  readonly id: number;
  /** Whether nothing else runs. */
  readonly alone: boolean;
}

export type ToExecutor = LoadMessage | RunMessage;

/** Heads of what an executor says. */
export type FromExecutor =
  | { readonly type: "ready" }
  /** The model cannot be served; `message` says why and is safe to show. */
  | { readonly type: "failed"; readonly message: string; readonly cause?: string }
  /** The arrays are a tensor per name of `LoadMessage.outputs`, rows of all texts one after the other. */
  | { readonly type: "answer"; readonly id: number }
  /** The model did not take the batch; `cause` is the runtime's own text, for the log. */
  | { readonly type: "refusal"; readonly id: number; readonly cause: string };

/** The descriptor on which an executor hears and answers. */
export const CHANNEL = 3;
