import type { RunKey } from "./store.ts";

/**
 * Lets one change of a run begin when the one before it ended, in the order they came, so that callers of one process do not make
 * one another's work void. Changes of different runs go on side by side.
 *
 * @returns a function that runs `work` in its turn and settles as it does
 */
export function createRunQueue(): <T>(at: RunKey, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (at, work) => {
    const key = JSON.stringify([at.state, at.run]);
    const turn = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, turn);
    const leave = () => {
      if (last.get(key) === turn) last.delete(key);
    };
    turn.then(leave, leave);
    return turn;
  };
}
