import type { Readiness, ReadinessCheck, ReadinessSource } from "../domain/service.ts";

/** Readiness as a set of named checks, each set by whoever knows. Ready when all pass. */
export interface ReadinessBoard extends ReadinessSource {
  set(name: string, ok: boolean, message: string): void;
}

/** A board on which the given checks start as failing with the message "starting". */
export function createReadinessBoard(names: readonly string[]): ReadinessBoard {
  const checks = new Map<string, ReadinessCheck>(names.map((name) => [name, { name, ok: false, message: "starting" }]));
  const listeners = new Set<(readiness: Readiness) => void>();
  const current = (): Readiness => {
    const all = [...checks.values()];
    return { ready: all.every((check) => check.ok), checks: all };
  };
  return {
    current,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set(name, ok, message) {
      const before = checks.get(name);
      if (before?.ok === ok && before.message === message) return;
      checks.set(name, { name, ok, message });
      const now = current();
      for (const listener of listeners) listener(now);
    },
  };
}
