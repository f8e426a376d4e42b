import { classify } from "./classify.ts";
import { llamaFactory } from "./llama-factory.ts";
import { nemoGym } from "./nemo-gym.ts";
import { openrlhf } from "./openrlhf.ts";
import { rerank } from "./rerank.ts";
import { roll } from "./roll.ts";
import { score } from "./score.ts";
import { slime } from "./slime.ts";
import { tei } from "./tei.ts";
import type { WireKind } from "./wire.ts";

export type { WireKind, WireName, WireSettings } from "./wire.ts";

/** Every wire of a trainer or an engine. Adding one is one file, one line here, and its settings in the configuration. */
export const WIRE_KINDS: readonly WireKind[] = [openrlhf, classify, slime, llamaFactory, rerank, score, nemoGym, roll, tei];
