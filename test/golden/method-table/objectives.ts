import type { MethodTable } from "./table.ts";

export const objectives: MethodTable = {};
