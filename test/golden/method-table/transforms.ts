import type { MethodTable } from "./table.ts";

export const transforms: MethodTable = {};
