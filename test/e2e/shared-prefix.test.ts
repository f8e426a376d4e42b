import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { stringify } from "yaml";
import { type Gateway, openGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Item } from "../../src/domain/item.ts";
import { DEFAULT_OPTIONS, type ItemResult, type ScoreOptions } from "../../src/domain/score.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { temporaryFolder } from "../support/bundle.ts";

/** Exported causal judges behind a shared prompt, against the same judges with a row for every candidate. */

const FAMILIES = ["llama-bf16", "mistral", "math-shepherd"];
/** Largest difference between a candidate behind a shared prompt and the same candidate alone. */
const BOUND = 1e-4;
const WORDS = [
  "bread",
  "flour",
  " water",
  "\n",
  "\n\n",
  "Salt.",
  "<|eot_id|>",
  "</s>",
  "é",
  "北京",
  "🍞",
  "  ",
  "1,024",
  "knead it",
  "[INST]",
  "-",
];

const folder = temporaryFolder();
let gateway: Gateway;
before(async () => {
  const judges = FAMILIES.flatMap((family) =>
    ["together", "apart"].map((backend) => {
      const bundle = fileURLToPath(new URL(`../fixtures/exported/${family}`, import.meta.url));
      return [`${family}-${backend}`, { bundle, backend, overlong: "error" }];
    }),
  );
  const config = {
    apiVersion: "rewardgate/v1",
    backends: { together: { type: "onnx", executors: 1 }, apart: { type: "onnx", executors: 1, sharePrefix: false } },
    judges: Object.fromEntries(judges),
    panels: Object.fromEntries(judges.map(([judge]) => [judge, { members: [{ judge, calibration: "none" }] }])),
  };
  folder.write("rewardgate.yaml", stringify(config));
  gateway = await openGateway(await loadConfig({ file: `${folder.path}/rewardgate.yaml`, variables: {} }), {
    log: createLogger({ level: "silent" }),
  });
});
after(async () => {
  await gateway?.close();
  folder.remove();
});

async function score(panel: string, items: Item[], options: Partial<ScoreOptions> = { cache: "bypass" }): Promise<readonly ItemResult[]> {
  const context = { requestId: "test", transport: "cli" as const, signal: new AbortController().signal };
  return (await gateway.service.score({ panel, items, options: { ...DEFAULT_OPTIONS, ...options } }, context)).results;
}

const itemOf = (prompt: string, candidates: readonly string[], id = "i"): Item => ({
  id,
  prompt: [{ role: "user", content: prompt }],
  candidates: candidates.map((content) => ({ content })),
});
const rawOf = (result: ItemResult | undefined): number[] => result!.candidates.map(({ judges }) => judges[0]!.raw!);
const distance = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((value, index) => Math.abs(value - b[index]!)));

/** Tokens of prompts that were not read again so far. */
async function sharedTokens(backend: string): Promise<number> {
  const { values } = await gateway.metrics.sharedTokens.get();
  return values.filter(({ labels }) => String(labels.backend).startsWith(backend)).reduce((sum, { value }) => sum + value, 0);
}

const text = (most: number) => fc.array(fc.constantFrom(...WORDS), { maxLength: most }).map((words) => words.join(" "));
const groups = fc.array(fc.record({ prompt: text(60), candidates: fc.array(text(25), { minLength: 1, maxLength: 12 }) }), {
  minLength: 1,
  maxLength: 3,
});

for (const family of FAMILIES) {
  test(`random groups of ${family} score behind their prompt as every candidate does alone, within 1e-4`, async () => {
    const before = await sharedTokens("together");
    let largest = 0;
    const property = fc.asyncProperty(groups, async (drawn) => {
      const items = drawn.map(({ prompt, candidates }, index) =>
        itemOf(
          `Bread? ${prompt}`,
          candidates.map((own) => `a ${own}`),
          `${index}`,
        ),
      );
      const together = await score(`${family}-together`, items);
      const apart = await score(`${family}-apart`, items);
      for (const [index, result] of together.entries()) largest = Math.max(largest, distance(rawOf(result), rawOf(apart[index])));
      assert.ok(largest <= BOUND, `off by ${largest}`);
    });
    await fc.assert(property, { numRuns: 40 });
    assert.ok((await sharedTokens("together")) > before, "rows were shared");
    assert.equal(await sharedTokens("apart"), 0);
  });
}

const PROMPT = "Bread needs flour, water, salt and yeast; knead it, let it rise. ".repeat(4);

test("the order of the candidates leaves their scores within 1e-4, and so does any company", async () => {
  const candidates = ["Flour.", "Flour and water.", "", "I do not know.", "Salt, yeast and time; then more time."];
  const [asGiven, reversed] = await score("llama-bf16-together", [
    itemOf(PROMPT, candidates, "a"),
    itemOf(PROMPT, candidates.toReversed(), "b"),
  ]);
  assert.ok(distance(rawOf(asGiven), rawOf(reversed).reverse()) <= BOUND);
  const alone = await Promise.all(
    candidates.map(async (one) => rawOf((await score("llama-bf16-together", [itemOf(PROMPT, [one])]))[0])[0]!),
  );
  assert.ok(distance(rawOf(asGiven), alone) <= BOUND);
  assert.ok(new Set(alone.map((value) => value.toFixed(3))).size === candidates.length, "the candidates differ");
});

test("identical candidates get one score, and empty ones a score of their own", async () => {
  const [result] = await score("llama-bf16-together", [itemOf(PROMPT, ["Flour.", "", "Flour.", ""])]);
  const [first, empty, again, emptyAgain] = rawOf(result);
  assert.equal(first, again);
  assert.equal(empty, emptyAgain);
  assert.notEqual(first, empty);
});

test("a candidate that is too long fails alone, and the others of its prompt keep their scores", async () => {
  const candidates = ["Flour.", "knead it ".repeat(2000), "Water.", "Salt and yeast."];
  const [together] = await score("llama-bf16-together", [itemOf(PROMPT, candidates)]);
  const [apart] = await score("llama-bf16-apart", [itemOf(PROMPT, candidates)]);
  assert.deepEqual(
    together!.candidates.map(({ judges }) => judges[0]!.failure?.reason),
    [undefined, "ITEM_TOO_LONG", undefined, undefined],
  );
  const kept = [0, 2, 3];
  assert.ok(
    distance(
      kept.map((at) => rawOf(together)[at]!),
      kept.map((at) => rawOf(apart)[at]!),
    ) <= BOUND,
  );
});

test("a group longer than the model reads at once goes into several rows, each with the prompt", async () => {
  const candidates = Array.from({ length: 40 }, (_, index) => `Loaf ${index}: ${"flour and water, ".repeat(4 + (index % 7))}`);
  const [together] = await score("mistral-together", [itemOf(PROMPT, candidates)]);
  const [apart] = await score("mistral-apart", [itemOf(PROMPT, candidates)]);
  assert.ok(together!.candidates.reduce((sum, { judges }) => sum + judges[0]!.tokens, 0) > 4 * 1024);
  assert.ok(distance(rawOf(together), rawOf(apart)) <= BOUND);
});

test("scores are kept candidate by candidate: a group that changes in one candidate reads that one", async () => {
  const options = { cache: "use" } as const;
  const [first] = await score("llama-bf16-together", [itemOf(PROMPT, ["One.", "Two.", "Three."])], options);
  const [second] = await score("llama-bf16-together", [itemOf(PROMPT, ["One.", "Four.", "Three."])], options);
  assert.deepEqual(
    second!.candidates.map(({ judges }) => judges[0]!.cached),
    [true, false, true],
  );
  assert.deepEqual([rawOf(first)[0], rawOf(first)[2]], [rawOf(second)[0], rawOf(second)[2]]);
});
