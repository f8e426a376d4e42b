/** Whether it is a mapping. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a key; undefined where there is no mapping, or no such key in it. */
export function field(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The mapping under a key; empty where there is none. */
export function record(value: unknown, key: string): Record<string, unknown> {
  const found = field(value, key);
  return isRecord(found) ? found : {};
}
