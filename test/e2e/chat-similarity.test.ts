import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { Tokenizer } from "tokenizers";
import { type Gateway, openGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Item } from "../../src/domain/item.ts";
import { DEFAULT_OPTIONS } from "../../src/domain/score.ts";
import { createLogger } from "../../src/telemetry/log.ts";

/** Best-match similarity on the encoder that ships, through the whole engine, against one computed from the graph's own outputs. */

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const DIMENSIONS = 384;

/** A reference, a paraphrase and a text about something else. */
const TRIPLES: readonly (readonly [string, string, string])[] = [
  ["The bakery opens at seven and closes at noon.", "At seven the bakery opens, and it closes at noon.", "Whales are mammals, not fish."],
  ["Water boils at one hundred degrees.", "At one hundred degrees, water starts to boil.", "My sister plays the cello in an orchestra."],
  ["Please send the report before Friday.", "The report should be sent by Friday, please.", "Lava cools into dark stone."],
  ["The senate passed the budget after a long debate.", "After much debate the budget was passed by the senate.", "Add salt, and stir."],
  ["I left my keys on the kitchen table.", "My keys are still on the table in the kitchen.", "Stock prices fell sharply today."],
];

let gateway: Gateway;
let session: InferenceSession;
let tokenizer: Tokenizer;
before(async () => {
  const config = await loadConfig({ file: at("examples/panels/similarity.yaml"), variables: {} });
  gateway = await openGateway(config, { log: createLogger({ level: "silent" }) });
  session = await InferenceSession.create(at("models/chat-trunk/words.onnx"));
  tokenizer = Tokenizer.fromFile(at("models/chat-trunk/tokenizer.json"));
});
after(async () => {
  await gateway?.close();
  await session?.release();
});

async function score(items: readonly Item[]) {
  const context = { requestId: "test", transport: "cli" as const, signal: new AbortController().signal };
  const { results } = await gateway.service.score(
    { panel: "similarity", items, options: { ...DEFAULT_OPTIONS, cache: "bypass" } },
    context,
  );
  return results.map(({ candidates }) => candidates.map(({ judges }) => judges[0]!));
}

const itemOf = (id: string, candidates: readonly string[], reference?: string): Item => ({
  id,
  prompt: [{ role: "user", content: "Say it." }],
  candidates: candidates.map((content) => ({ content })),
  ...(reference !== undefined && { reference }),
});

/** The text's vectors as the graph gives them for it alone. */
async function vectorsOf(text: string): Promise<number[][]> {
  const ids = (await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds();
  const tensor = (values: number[]) => new Tensor("int64", BigInt64Array.from(values, BigInt), [1, ids.length]);
  const { embeddings } = await session.run({ input_ids: tensor(ids), attention_mask: tensor(ids.map(() => 1)) });
  const data = Array.from(embeddings!.data as Float32Array);
  return ids.map((_, token) => data.slice(token * DIMENSIONS, (token + 1) * DIMENSIONS));
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const product = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, k) => sum + value * y[k]!, 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

async function bmasByHand(candidate: string, reference: string): Promise<number> {
  const [ours, theirs] = [await vectorsOf(candidate), await vectorsOf(reference)];
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const precision = mean(ours.map((a) => Math.max(...theirs.map((b) => cosine(a, b)))));
  const recall = mean(theirs.map((b) => Math.max(...ours.map((a) => cosine(a, b)))));
  return (precision + recall) / 2;
}

test("the text itself scores 1, a paraphrase less, and a text about something else least", async () => {
  const results = await score(TRIPLES.map((triple, index) => itemOf(`${index}`, triple, triple[0])));
  for (const [index, parts] of results.entries()) {
    const [same, paraphrase, other] = parts.map(({ raw }) => raw!) as [number, number, number];
    assert.ok(Math.abs(same - 1) < 1e-12, `${index}: ${same}`);
    assert.ok(same > paraphrase && paraphrase > other + 0.1, `${index}: ${paraphrase} and ${other}`);
  }
});

test("scores are those computed by hand from the graph's outputs within 1e-6, whatever the batch pads", async () => {
  const long = Array.from({ length: 40 }, () => TRIPLES.flat().join(" "))
    .join(" ")
    .slice(0, 3000);
  const pairs = [
    ...TRIPLES.flatMap(([reference, ...texts]) => texts.map((text) => [text, reference] as const)),
    [long, TRIPLES[0]![0]] as const,
  ];
  const results = await score(pairs.map(([candidate, reference], index) => itemOf(`${index}`, [candidate], reference)));
  for (const [index, [candidate, reference]] of pairs.entries()) {
    const { raw, findings } = results[index]![0]!;
    assert.ok(Math.abs(raw! - (await bmasByHand(candidate, reference))) <= 1e-6, candidate.slice(0, 40));
    assert.deepEqual(
      findings?.map(({ name }) => name),
      ["precision", "recall"],
    );
  }
});

test("an item without a reference is not applicable, and its candidates get no number", async () => {
  const [parts] = await score([itemOf("none", ["Hello."])]);
  const [part] = parts!;
  assert.equal(part!.outcome, "not_applicable");
  assert.equal(part!.raw, undefined);
});
