import type { MethodTable } from "./table.ts";

export const process: MethodTable = {};
