import type { Readiness, ReadinessCheck, ReadinessSource } from "../domain/service.ts";

/** Readiness as a set of named checks, each set by whoever knows. Ready when all pass that decide. */
export interface ReadinessBoard extends ReadinessSource {
  /** @param decides whether the gateway is not ready while the check fails. Default true. */
  set(name: string, ok: boolean, message: string, decides?: boolean): void;
}

/** A board on which the given checks start as failing with the message "starting". */
export function createReadinessBoard(names: readonly string[]): ReadinessBoard {
  const checks = new Map<string, ReadinessCheck>(names.map((name) => [name, { name, ok: false, message: "starting", decides: true }]));
  const listeners = new Set<(readiness: Readiness) => void>();
  const current = (): Readiness => {
    const all = [...checks.values()];
    return { ready: all.every(({ ok, decides }) => ok || !decides), checks: all };
  };
  return {
    current,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set(name, ok, message, decides = true) {
      const before = checks.get(name);
      if (before?.ok === ok && before.message === message && before.decides === decides) return;
      checks.set(name, { name, ok, message, decides });
      const now = current();
      for (const listener of listeners) listener(now);
    },
  };
}
