import type { MethodTable } from "./table.ts";

export const calibration: MethodTable = {};
