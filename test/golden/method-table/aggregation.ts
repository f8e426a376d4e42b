import type { MethodTable } from "./table.ts";

export const aggregation: MethodTable = {};
