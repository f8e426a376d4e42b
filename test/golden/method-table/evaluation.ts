import type { MethodTable } from "./table.ts";

export const evaluation: MethodTable = {};
