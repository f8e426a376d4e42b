import { exact, multipleChoice, numeric } from "./answers.ts";
import { format, jsonSchema, lengthBand, pattern, repetition } from "./form.ts";
import { majority } from "./group.ts";
import { instructions } from "./instructions.ts";
import { language } from "./language.ts";
import { math } from "./math.ts";
import { toolArithmetic } from "./tool-arithmetic.ts";
import { bleu, chrf, translationMix } from "./translation.ts";
import { boxes, chart } from "./vision.ts";

/** Every rule that a judge may follow, by the word that `rule` in the configuration holds. */
export const RULES = {
  exact,
  numeric,
  math,
  multipleChoice,
  chart,
  boxes,
  bleu,
  chrf,
  translationMix,
  format,
  lengthBand,
  repetition,
  pattern,
  jsonSchema,
  language,
  instructions,
  toolArithmetic,
  majority,
} as const;
