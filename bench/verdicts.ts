import { parseArgs } from "node:util";
import { parse } from "yaml";
import { openLines } from "../src/cli/score/lines.ts";
import { parseRecord } from "../src/cli/score/records.ts";
import { createRuleJudge, ruleSchema } from "../src/judges/rule.ts";

/**
 * How often a rule says of a response what a file says of it: rows with an `answer`, `responses` and, in `meta.correct`, whether each is
 * right. Prints every disagreement with the end of the response, where its answer stands.
 */
const { values: flags, positionals } = parseArgs({
  options: { rule: { type: "string", default: "{ rule: numeric }" } },
  allowPositionals: true,
});
const [file] = positionals;
if (file === undefined) throw new Error("name a file: npm run bench:verdicts -- rows.jsonl.gz [--rule '{ rule: numeric, rel: 0 }']");
const judge = await createRuleJudge({ name: "rule", revision: "1" }, ruleSchema.parse(parse(flags.rule)));
/** Characters of a response that are shown. */
const SHOWN = 120;

const counts = { agree: 0, disagree: 0, "no score": 0 };
const { lines } = await openLines(file);
for await (const { number, text } of lines) {
  const record = parseRecord(number, text);
  if ("problem" in record) throw new Error(`line ${number}: ${record.problem}`);
  const { item, candidates, labels } = record;
  if (labels.type !== "ranked") continue;
  for (const [i, ask] of judge.encode(item).entries()) {
    const score = judge.decode(ask, [], item)[0]!;
    if (score.outcome !== "scored") {
      counts["no score"]++;
      continue;
    }
    const agrees = score.value >= 0.5 === (labels.ratings[i] === 1);
    counts[agrees ? "agree" : "disagree"]++;
    if (agrees) continue;
    const marked = labels.ratings[i] === 1 ? "right" : "wrong";
    console.log(`${item.id}, response ${i}, marked ${marked}, scored ${score.value}, reference ${JSON.stringify(item.reference)}:`);
    console.log(`  …${JSON.stringify(candidates[i]!.slice(-SHOWN))}`);
  }
}
const judged = counts.agree + counts.disagree;
console.log(
  `${counts.agree} of ${judged} responses (${((100 * counts.agree) / judged).toFixed(2)} %) as marked; ${counts["no score"]} without a score`,
);
