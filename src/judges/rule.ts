import { z } from "zod";
import { firstForeignPart, type Item, type PartType } from "../domain/item.ts";
import type { Judge, RawScore } from "../domain/judge.ts";
import type { RuleDefinition, RuleScore } from "./rules/definitions/definition.ts";
import { RULES } from "./rules/definitions/index.ts";

/** The configuration of a judge that follows a rule: the rule's name and its parameters. */
export const ruleSchema = z.discriminatedUnion("rule", [
  RULES.exact.params,
  RULES.numeric.params,
  RULES.math.params,
  RULES.multipleChoice.params,
  RULES.chart.params,
  RULES.boxes.params,
  RULES.bleu.params,
  RULES.chrf.params,
  RULES.translationMix.params,
  RULES.format.params,
  RULES.lengthBand.params,
  RULES.repetition.params,
  RULES.pattern.params,
  RULES.jsonSchema.params,
  RULES.language.params,
  RULES.instructions.params,
  RULES.toolArithmetic.params,
  RULES.majority.params,
]);
export type RuleConfig = z.output<typeof ruleSchema>;

/** What is known of a rule before a judge follows it: what it scores, in one sentence, and the version of its code. */
export function ruleFacts(config: RuleConfig): { readonly description: string; readonly version: number } {
  const { params, version } = definitionOf(config);
  return { description: params.shape.rule.description ?? "", version };
}

const TEXT_ONLY: ReadonlySet<PartType> = new Set<PartType>(["text"]);

/**
 * A judge without a model: it follows a rule.
 *
 * Asks: nothing, one ask per candidate without calls, so it needs no backend. Reads: the candidate's text, and as the rule needs it the
 * item's reference, its language or the other candidates. Scale: the rule's, mostly unit. An item without the reference that a rule compares with is not
 * applicable; where the reference itself cannot be read the judge abstains; a candidate that cannot be read scores 0. Known bias: a rule
 * sees the form that it was written for, and gives a right answer in another form 0.
 *
 * @throws {GatewayError} CONFIG_INVALID when a parameter is not usable
 */
export async function createRuleJudge(spec: { readonly name: string; readonly revision: string }, config: RuleConfig): Promise<Judge> {
  const definition = definitionOf(config);
  const readItem = await definition.create(config);
  // The candidates of an item are read one after the other, so the last item is all there is to remember.
  let last: Item | undefined;
  let scorer: (candidate: number) => RuleScore;
  const scorerOf = (item: Item) => {
    if (item !== last) {
      scorer = readItem(item);
      last = item;
    }
    return scorer;
  };
  return {
    ...spec,
    kind: "rule",
    space: definition.space,
    determinism: { class: "bitwise" },
    accepts: TEXT_ONLY,
    notApplicable(item) {
      // Rules read no prompt, so a prompt may hold images.
      const foreign = firstForeignPart({ ...item, prompt: [] }, TEXT_ONLY);
      if (foreign !== undefined) return `the rule reads text and a candidate holds a part of type ${foreign}`;
      if (definition.readsReference && (item.reference ?? "").trim() === "") return "the item has no reference to compare with";
      return definition.notApplicable?.(item, config);
    },
    encode: (item) => item.candidates.map((_, index) => ({ candidates: [index], calls: [] })),
    decode: (ask, _results, item) => ask.candidates.map((candidate) => toRawScore(scorerOf(item)(candidate))),
  };
}

function toRawScore(score: RuleScore): RawScore {
  if (typeof score === "number") return { outcome: "scored", value: score };
  if ("abstains" in score) return { outcome: "abstained", message: score.abstains };
  return { outcome: "scored", value: score.score, findings: score.findings };
}

/** The union of schemas is the union of their definitions; each gets back the parameters that its own schema read. */
function definitionOf({ rule }: RuleConfig): RuleDefinition<RuleConfig> {
  return RULES[rule] as unknown as RuleDefinition<RuleConfig>;
}
