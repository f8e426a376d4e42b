import { z } from "zod";

const List = z.core.$constructor<z.ZodArray>("List", (list, def) => {
  z.ZodArray.init(list, def);
  const { element } = def;
  list._zod.parse = (payload, context) => {
    const given: unknown = payload.value;
    if (!Array.isArray(given)) {
      payload.issues.push({ code: "invalid_type", expected: "array", input: given, inst: list });
      return payload;
    }
    const values: unknown[] = [];
    for (const [index, value] of given.entries()) {
      const read = element._zod.run({ value, issues: [] }, context) as z.core.ParsePayload;
      values.push(read.value);
      if (read.issues.length === 0) continue;
      payload.issues.push(...z.core.util.prefixIssues(index, read.issues));
      break;
    }
    payload.value = values;
    return payload;
  };
});

/**
 * A list in a body, read up to its first fault. `z.array` reads on and makes an issue of every fault; a body has room for millions, which
 * would hold the event loop for as long as they take and fill the memory.
 *
 * @param element whose parsing is synchronous
 */
export function listOf<T extends z.ZodType>(element: T): z.ZodArray<T> {
  return new List({ type: "array", element }) as unknown as z.ZodArray<T>;
}
