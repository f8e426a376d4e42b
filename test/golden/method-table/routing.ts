import type { MethodTable } from "./table.ts";

export const routing: MethodTable = {};
