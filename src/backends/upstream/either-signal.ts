import { setMaxListeners } from "node:events";

/** A signal that is made of others, until it is no longer needed. */
export interface EitherSignal {
  readonly signal: AbortSignal;
  /** Forgets the others, which may live for as long as the process. */
  release(): void;
}

/**
 * A signal that aborts as soon as one of several does. `AbortSignal.any` does the same and leaves a trace of each at those that it is made
 * of, for as long as they live (Node 20): of a signal that every call listens to, a gigabyte in sixteen million calls, and then an error.
 */
export function eitherSignal(...sources: readonly (AbortSignal | undefined)[]): EitherSignal {
  const ending = new AbortController();
  const abort = () => ending.abort();
  const heard = sources.filter((source) => source !== undefined);
  for (const source of heard) {
    // As many listen to one that lives long as there are calls under way.
    setMaxListeners(0, source);
    source.addEventListener("abort", abort);
    if (source.aborted) abort();
  }
  return {
    signal: ending.signal,
    release() {
      for (const source of heard) source.removeEventListener("abort", abort);
    },
  };
}
