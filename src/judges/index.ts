import type { JudgeKind } from "../domain/judge.ts";
import { multiResponse } from "./multi-response.ts";
import { objectives } from "./objectives.ts";
import { pairModel } from "./pair-model.ts";
import { process } from "./process.ts";
import { scalar } from "./scalar.ts";
import { similarity } from "./similarity.ts";
import { verifier } from "./verifier.ts";

/** Every kind of judge, by the word that `kind` of a `judge.yaml` holds. */
export const JUDGE_KINDS = {
  multi_response: multiResponse,
  objectives,
  pairwise: pairModel,
  process,
  scalar,
  similarity,
  verifier,
} as const satisfies Record<string, JudgeKind>;
