import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Candidate, Item } from "../../src/domain/item.ts";
import { createRuleJudge, ruleSchema } from "../../src/judges/rule.ts";
import { RULES } from "../../src/judges/rules/definitions/index.ts";

const PROMPT = [{ role: "user" as const, content: "?" }];
type Told = Omit<Partial<Item>, "candidates">;

const judgeOf = (params: object) => createRuleJudge({ name: "j", revision: "r" }, ruleSchema.parse(params));
const itemOf = (candidates: readonly (string | Candidate)[], told: Told): Item => ({
  id: "i",
  prompt: PROMPT,
  ...told,
  candidates: candidates.map((each) => (typeof each === "string" ? { content: each } : each)),
});

/** Scores in order; a text where the judge abstains. */
async function scoresOf(params: object, candidates: readonly (string | Candidate)[], told: Told = {}) {
  const judge = await judgeOf(params);
  const item = itemOf(candidates, told);
  assert.equal(judge.notApplicable(item), undefined);
  return judge
    .encode(item)
    .flatMap((ask) => judge.decode(ask, [], item))
    .map((raw) => (raw.outcome === "scored" ? raw.value : raw.outcome === "abstained" ? raw.message : raw.error));
}

const NO_COMMA_QUOTED = JSON.stringify({ instruction_id_list: ["punctuation:no_comma", "startend:quotation"], kwargs: [{}, {}] });

describe("a judge that follows a rule", () => {
  const cases: [what: string, params: object, told: Told, scores: Record<string, number>][] = [
    [
      "exact takes the answer, not the reasoning",
      { rule: "exact" },
      { reference: "Paris" },
      { "Rome? No.\nAnswer: paris!": 1, "Paris or Rome": 0 },
    ],
    ["exact reads only the places it is told", { rule: "exact", answer: ["tag"] }, { reference: "a" }, { "<answer> A </answer>": 1, a: 0 }],
    [
      "numeric",
      { rule: "numeric" },
      { reference: "#### 1,200" },
      { "A: $1200.5": 1, "\\boxed{1200}": 1, "so 1200 apples": 1, "A: 1190": 0, "either 1200 or 1300": 0, "": 0, "A: many": 0 },
    ],
    [
      "numeric takes no factorial for the number before the mark, and an exclamation for one",
      { rule: "numeric" },
      { reference: "5" },
      { "\\boxed{5!}": 0, "A: $5!$": 0, "<answer>\\(5!\\)</answer>": 0, "The answer is 5!": 1, "\\boxed{5}!": 1, "$5$!": 1 },
    ],
    ["numeric without tolerance", { rule: "numeric", rel: 0, abs: 0 }, { reference: "1000" }, { "1000.0": 1, "1000.5": 0 }],
    [
      "multipleChoice",
      { rule: "multipleChoice", options: 4 },
      { reference: "(b)" },
      { "The answer is B.": 1, "<answer>E</answer>": 0, "": 0 },
    ],
    ["math", { rule: "math" }, { reference: "\\frac{1}{2}" }, { "so \\boxed{0.5}": 1, "A: 2/4": 1, "\\boxed{0.51}": 0, "": 0 }],
    ["chart", { rule: "chart" }, { reference: "100" }, { "A: 103": 1, "A: 107": 0, "A: red": 0, "": 0 }],
    ["chart, graded", { rule: "chart", score: "graded", tolerance: 0.5 }, { reference: "100" }, { "150": 0.5, "100": 1 }],
    ["chart with a word", { rule: "chart" }, { reference: "Red" }, { "answer: red": 1, "answer: blue": 0 }],
    [
      "boxes",
      { rule: "boxes" },
      { reference: "[0, 0, 2, 1]" },
      { "[1, 0, 2, 1]": 0.5, "[1,1,0,0]": 0.5, "[0,0,2,1] and [5,5,6,6]": 0.5, none: 0 },
    ],
    [
      "boxes found",
      { rule: "boxes", hit: 0.5 },
      { reference: "[[0,0,2,1],[4,0,6,1]]" },
      { "[1,0,2,1]": 0.5, "[4,0,6,1] [0,0,2,1]": 1, "[1.5,0,2,1]": 0 },
    ],
    ["bleu", { rule: "bleu", effectiveOrder: true }, { reference: "a b c" }, { "a b c": 1, "x y z": 0 }],
    [
      "translationMix",
      { rule: "translationMix" },
      { reference: "a b c d" },
      {
        "<think>x</think><translate>a b c d</translate>": 2,
        "<think>a b c d</think> <translate> w x y z </translate>": 1,
        "<translate>a b c d</translate>": -3,
        "a b c d": -3,
      },
    ],
    [
      "translationMix of both metrics",
      { rule: "translationMix", metrics: "both", tags: ["out"] },
      { reference: "a b c d" },
      { "<out>a b c d</out>": 3, "<out>a b c d</out>.": -3 },
    ],
    [
      "translationMix of chrF",
      { rule: "translationMix", metrics: "chrf", tags: ["out"] },
      { reference: "abc" },
      { "<out>abc</out>": 2, "<out>xyz</out>": 1 },
    ],
    [
      "translationMix by a threshold",
      { rule: "translationMix", tags: ["out"], threshold: 0.5 },
      { reference: "a b c d" },
      { "<out>a b c d</out>": 3, "<out>a b x d</out>": -0.5, "a b c d": -3 },
    ],
    ["chrf", { rule: "chrf" }, { reference: "abc" }, { abc: 1, xyz: 0 }],
    ["format", { rule: "format", tags: ["a", "b"] }, {}, { "<a>1</a><b>2</b>": 1, "<a>1</a><a>1</a><b>2</b>": 0 }],
    ["format, leniently", { rule: "format", mode: "lenient" }, {}, { "<think>1</think><think>1</think><answer>2</answer>": 1 }],
    [
      "lengthBand in words",
      { rule: "lengthBand", unit: "words", min: 2, max: 3, margin: 2 },
      {},
      { "a b": 1, a: 0.5, "": 0, "a b c d": 0.5 },
    ],
    ["lengthBand in characters, not UTF-16 units", { rule: "lengthBand", unit: "characters", max: 1 }, {}, { "😀": 1, ab: 0 }],
    [
      "repetition",
      { rule: "repetition", n: 2 },
      {},
      { "a a a a a": 0.25, "a\u200b a\u200c a\u2060 a\u0000 a\u3164": 0.25, "a b c d": 1, a: 1 },
    ],
    ["pattern", { rule: "pattern", pattern: "(?i)^ok\\b" }, {}, { "OK then": 1, "not ok": 0 }],
    ["pattern that must not occur", { rule: "pattern", pattern: "sorry", expect: "noMatch" }, {}, { fine: 1, "so sorry": 0 }],
    [
      "jsonSchema",
      { rule: "jsonSchema", schema: { type: "object", required: ["a"] } },
      {},
      { '{"a":1}': 1, "{}": 0, "no json": 0, '```json\n{"a":1}\n```': 0 },
    ],
    [
      "jsonSchema in a fence",
      { rule: "jsonSchema", schema: { type: "array" }, fenced: true },
      {},
      { "```json\n[1]\n```": 1, "[1]": 1, "```\nx\n```": 0 },
    ],
    [
      "language of the item",
      { rule: "language" },
      { language: "de-AT" },
      { "Das ist ein deutscher Satz über das Wetter von heute.": 1, "This is an English sentence about the weather.": 0, "": 0 },
    ],
    [
      "language of its own",
      { rule: "language", language: "zh" },
      {},
      { 今天天气很好我们去公园吧: 1, "今天 is a Chinese word for today": 0 },
    ],
    ["instructions, their share", { rule: "instructions" }, { reference: NO_COMMA_QUOTED }, { '"a b"': 1, "a b": 0.5, "a, b": 0, "": 0 }],
    [
      "instructions, all or nothing",
      { rule: "instructions", score: "all", loose: true },
      { reference: NO_COMMA_QUOTED },
      { 'Sure:\n"a b"': 1, "a b": 0 },
    ],
    ["toolArithmetic", { rule: "toolArithmetic" }, {}, { "2*3 = 6 and 2+2 = 5": 0.5 }],
  ];
  for (const [what, params, told, scores] of cases) {
    it(`scores: ${what}`, async () => {
      const got = await scoresOf(params, Object.keys(scores), told);
      assert.deepEqual(
        got.map((score, i) => [Object.keys(scores)[i], score]),
        Object.entries(scores),
      );
    });
  }

  it("shows which instructions were followed", async () => {
    const judge = await judgeOf({ rule: "instructions" });
    const item = itemOf(['"a, b"'], { reference: NO_COMMA_QUOTED });
    const findings = [
      { name: "punctuation:no_comma", value: 0 },
      { name: "startend:quotation", value: 1 },
    ];
    assert.deepEqual(judge.decode(judge.encode(item)[0]!, [], item), [{ outcome: "scored", value: 0.5, findings }]);
  });

  it("tells a candidate without an answer that it can read from one with a wrong answer, though both score 0", async () => {
    const unread = { outcome: "scored", value: 0, findings: [{ name: "answer read", value: 0 }] };
    for (const [params, reference, wrong, none] of [
      [{ rule: "exact", answer: ["tag"] }, "a", "<answer>b</answer>", "a"],
      [{ rule: "numeric" }, "4", "A: 5", "A: many"],
      [{ rule: "math" }, "4", "\\boxed{5}", ""],
      [{ rule: "multipleChoice" }, "B", "The answer is C.", "who knows"],
      [{ rule: "chart", answer: ["tag"] }, "100", "<answer>50</answer>", "50"],
      [{ rule: "boxes" }, "[0, 0, 1, 1]", "[5, 5, 6, 6]", "none"],
    ] as const) {
      const judge = await judgeOf(params);
      const item = itemOf([wrong, none], { reference });
      assert.deepEqual(
        judge.encode(item).flatMap((ask) => judge.decode(ask, [], item)),
        [{ outcome: "scored", value: 0 }, unread],
        params.rule,
      );
    }
  });

  it("has a case for every rule", () => {
    const tried = new Set([...cases.map(([, params]) => (params as { rule: string }).rule), "majority"]);
    assert.deepEqual([...tried].sort(), Object.keys(RULES).sort());
  });

  it("is declared without a backend, bitwise, for text", async () => {
    const { kind, backend, space, determinism, accepts } = await judgeOf({ rule: "exact" });
    assert.deepEqual(
      { kind, backend, space, determinism, accepts: [...accepts] },
      { kind: "rule", backend: undefined, space: "unit", determinism: { class: "bitwise" }, accepts: ["text"] },
    );
  });

  it("does not cover an item without what it compares with, nor a candidate that is an image", async () => {
    const exact = await judgeOf({ rule: "exact" });
    const image = { content: [{ type: "image" as const, url: "data:image/png;base64,AA==" }] };
    assert.match(exact.notApplicable(itemOf(["a"], {}))!, /no reference/);
    assert.match(exact.notApplicable(itemOf(["a"], { reference: "  " }))!, /no reference/);
    assert.match(exact.notApplicable(itemOf([image], { reference: "a" }))!, /image/);
    assert.equal(exact.notApplicable({ ...itemOf(["a"], { reference: "a" }), prompt: [{ role: "user", ...image }] }), undefined);
    const language = await judgeOf({ rule: "language" });
    assert.match(language.notApplicable(itemOf(["a"], {}))!, /no language/);
    for (const blank of ["", " "]) assert.match(language.notApplicable(itemOf(["a"], { language: blank }))!, /no language/, "a blank one");
    assert.equal(language.notApplicable(itemOf(["a"], { language: "de" })), undefined);
  });

  it("abstains where the reference cannot be read, and where there is nothing to check", async () => {
    for (const [params, reference] of [
      [{ rule: "exact" }, "?!"],
      [{ rule: "numeric" }, "four"],
      [{ rule: "multipleChoice" }, "none"],
      [{ rule: "boxes" }, "[1, 2, 3]"],
      [{ rule: "instructions" }, "no commas, please"],
    ] as const)
      assert.match(String((await scoresOf(params, ["4"], { reference }))[0]), /reference cannot be read/);
    assert.match(String((await scoresOf({ rule: "toolArithmetic" }, ["no sums"]))[0]), /no calculation/);
  });

  it("has no opinion on a language that it cannot tell, and is refused where it has to tell such a one", async () => {
    const latin = ["Gallia est omnis divisa in partes tres.", "This is English."];
    const said = await scoresOf({ rule: "language" }, latin, { language: "la" });
    for (const one of said) assert.match(String(one), /none that can be told/);
    await assert.rejects(judgeOf({ rule: "language", language: "la" }), { reason: "CONFIG_INVALID", message: /la is no language .* en, / });
  });

  it("majority compares answers in the way it is told, and gives those that cannot be read 0", async () => {
    const group = ["A: 3", "so the answer is 3.0", "A: 4", "who knows, 3 or 4"];
    assert.deepEqual(await scoresOf({ rule: "majority", compare: "numeric" }, group), [1, 1, 0, 0]);
    assert.deepEqual(await scoresOf({ rule: "majority", compare: "multipleChoice" }, ["(a)", "(b)", "B."]), [0, 1, 1]);
    const judge = await judgeOf({ rule: "majority", compare: "numeric" });
    const item = itemOf(group, {});
    const said = [
      { name: "share", value: 0.5 },
      { name: "tie", value: 0 },
    ];
    assert.deepEqual(
      judge.encode(item).flatMap((ask) => judge.decode(ask, [], item)),
      [1, 1, 0, 0].map((value, i) => ({ outcome: "scored", value, findings: i < 3 ? said : [...said, { name: "answer read", value: 0 }] })),
    );
    const split = await scoresOf({ rule: "majority", compare: "numeric", minShare: 0.6 }, group);
    for (const each of split) assert.match(String(each), /too few/);
  });

  it("majority gives baselines no vote, and judges them all the same", async () => {
    const baselines = [{ content: "B" }, { content: "B" }];
    assert.deepEqual(await scoresOf({ rule: "majority" }, ["A", ...baselines], { baselines }), [1, 0, 0]);
  });

  it("fails one candidate that is too long, and the others are scored", async () => {
    const judge = await judgeOf({ rule: "pattern", pattern: "a" });
    const item = itemOf(["a".repeat(65_537), "a"], {});
    const [long, short] = judge.encode(item);
    assert.throws(
      () => judge.decode(long!, [], item),
      (error) => error instanceof GatewayError && error.reason === "ITEM_TOO_LONG",
    );
    assert.deepEqual(judge.decode(short!, [], item), [{ outcome: "scored", value: 1 }]);
  });

  it("fails one candidate that is too long, and lets the majority of the others decide", async () => {
    const judge = await judgeOf({ rule: "majority" });
    const item = itemOf(["A: 2", `${"so ".repeat(30_000)}A: 3`, "A: 2", "A: 3"], {});
    const [first, long, second, other] = judge.encode(item);
    assert.throws(
      () => judge.decode(long!, [], item),
      (error) => error instanceof GatewayError && error.reason === "ITEM_TOO_LONG",
    );
    const scored = [first, second, other].flatMap((ask) => judge.decode(ask!, [], item));
    assert.deepEqual(
      scored.map((raw) => raw.outcome === "scored" && raw.value),
      [1, 1, 0],
    );
  });

  it("fails a candidate that does not tell its tokens when the band is in tokens", async () => {
    const params = { rule: "lengthBand", max: 5 };
    assert.deepEqual(
      await scoresOf(params, [
        { content: "x", tokens: 5 },
        { content: "x", tokens: 6 },
      ]),
      [1, 0],
    );
    await assert.rejects(scoresOf(params, ["x"]), (error) => error instanceof GatewayError && error.reason === "REQUEST_INVALID");
  });

  it("refuses parameters that do not fit, when it is made or before", async () => {
    const invalid = (error: unknown) => error instanceof GatewayError && error.reason === "CONFIG_INVALID";
    await assert.rejects(judgeOf({ rule: "pattern", pattern: "(a)\\1" }), invalid);
    await assert.rejects(judgeOf({ rule: "pattern", pattern: "a(?=b)" }), invalid);
    for (const schema of [{ type: "nothing" }, { typ: "object" }, { $ref: "https://example.org/s.json" }, { format: "email" }])
      await assert.rejects(judgeOf({ rule: "jsonSchema", schema }), invalid, JSON.stringify(schema));
    for (const params of [{ rule: "lengthBand", min: 3, max: 2 }, { rule: "exact", reel: 1 }, { rule: "nothing" }])
      assert.equal(ruleSchema.safeParse(params).success, false, JSON.stringify(params));
  });
});
