import type { MethodTable } from "./table.ts";

export const pairwise: MethodTable = {};
