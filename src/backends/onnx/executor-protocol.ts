/** Names of the graph's inputs. */
export interface InputNames {
  readonly ids: string;
  readonly mask: string;
  /** Token types: 0 for the prompt, 1 from the candidate on. */
  readonly segments?: string | undefined;
}

/** The first message to an executor: what it serves, for as long as it lives. */
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
  readonly padId: number;
  /** Shape to run once before work comes, so that the runtime has its memory. */
  readonly warmUp?: { readonly rows: number; readonly length: number } | undefined;
}

/** Texts of one batch, one after the other, unpadded: what crosses to an executor is as small as it can be. */
export interface PackedBatch {
  /** Ids of all texts, shape [Σ lengths]. */
  readonly ids: Int32Array;
  /** Tokens of each text, shape [texts]. */
  readonly lengths: Int32Array;
  /** Index of the candidate's first token within each text, shape [texts]. */
  readonly candidateStarts: Int32Array;
}

export interface RunMessage extends PackedBatch {
  readonly type: "run";
  readonly id: number;
}

export type ToExecutor = LoadMessage | RunMessage;

export type FromExecutor =
  | { readonly type: "ready" }
  /** The model cannot be served; `message` says why and is safe to show. */
  | { readonly type: "failed"; readonly message: string; readonly cause?: string }
  /** One tensor per name of `LoadMessage.outputs`, rows of all texts one after the other. */
  | { readonly type: "answer"; readonly id: number; readonly outputs: readonly Float32Array[] }
  /** The model did not take the batch; `cause` is the runtime's own text, for the log. */
  | { readonly type: "refusal"; readonly id: number; readonly cause: string };
