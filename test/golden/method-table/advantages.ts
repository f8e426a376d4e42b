import type { MethodTable } from "./table.ts";

export const advantages: MethodTable = {};
