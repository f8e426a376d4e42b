import { advantages } from "./advantages.ts";
import { aggregation } from "./aggregation.ts";
import { calibration } from "./calibration.ts";
import { evaluation } from "./evaluation.ts";
import { generative } from "./generative.ts";
import { multiResponse } from "./multi-response.ts";
import { numerics } from "./numerics.ts";
import { objectives } from "./objectives.ts";
import { pairwise } from "./pairwise.ts";
import { process } from "./process.ts";
import { routing } from "./routing.ts";
import { rules } from "./rules.ts";
import type { MethodTable } from "./table.ts";
import { transforms } from "./transforms.ts";

export const FAMILIES: Readonly<Record<string, MethodTable>> = {
  numerics,
  objectives,
  calibration,
  transforms,
  advantages,
  aggregation,
  routing,
  pairwise,
  process,
  multiResponse,
  generative,
  rules,
  evaluation,
};

/** Method id → adapter, of all families. */
export const METHODS: MethodTable = Object.assign({}, ...Object.values(FAMILIES));
