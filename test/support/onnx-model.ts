/** Small real ONNX models for tests, written with JavaScript alone. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import onnxProto from "onnx-proto";
import { idOf, NAN_WORD, POISON_WORD, STEP_TOKEN, tokenizerJson, VOCABULARY } from "./tokenizer.ts";

const { onnx } = onnxProto;
const { INT64, FLOAT, BOOL } = onnx.TensorProto.DataType;
const DIMENSION = 8;
const OBJECTIVES = 3;

export interface TestModelOptions {
  /** Any text with the word "nan" gets NaN for every output. */
  readonly nanOnWord?: boolean;
  /** The model does not know the last word of the vocabulary ("poison"): a batch that holds it is refused. */
  readonly withoutLastWord?: boolean;
  /** A batch that holds the last word of the vocabulary ("poison") never ends. */
  readonly endlessOnLastWord?: boolean;
  /** Extra multiplications of two 512 × 512 matrices per batch, about 4 ms each on one core. */
  readonly slowness?: number;
  /** Adds an output `steps` [B, this]: a number for the token before each of the first `[STEP]` tokens, in order, then NaN. */
  readonly steps?: number;
  /** Adds an output `agreement` [B]: ten times the product of the two mean embeddings, so that it depends on what stands before the candidate. */
  readonly agreement?: boolean;
}

/**
 * A model with inputs input_ids, attention_mask and token_type_ids, int64 [B, S], and outputs `reward` [B], `objectives`
 * [B, 3] and `gating` [B, 3]. Reward and objectives are linear in the mean embedding of the tokens of type 1, gating is a
 * softmax over that of type 0, so a score depends on a text's own tokens and types and on nothing else.
 */
export function buildModel(options: TestModelOptions = {}): Uint8Array {
  const vocabulary = VOCABULARY.length - (options.withoutLastWord ? 1 : 0);
  const table = randoms(vocabulary * DIMENSION, 1);
  if (options.nanOnWord) table.fill(Number.NaN, idOf(NAN_WORD) * DIMENSION, (idOf(NAN_WORD) + 1) * DIMENSION);
  const initializer = [
    floats("table", [vocabulary, DIMENSION], table),
    floats("reward_weight", [DIMENSION, 1], randoms(DIMENSION, 2)),
    floats("objectives_weight", [DIMENSION, OBJECTIVES], randoms(DIMENSION * OBJECTIVES, 3)),
    floats("gating_weight", [DIMENSION, OBJECTIVES], randoms(DIMENSION * OBJECTIVES, 4)),
    floats("one", [], [1]),
    ints("axis_1", [1]),
    ints("axis_2", [2]),
  ];
  const node = [
    op("Cast", ["attention_mask"], "valid", { to: FLOAT }),
    op("Cast", ["token_type_ids"], "types", { to: FLOAT }),
    op("Gather", ["table", "input_ids"], "embedded"),
    op("Mul", ["valid", "types"], "candidate"),
    op("Sub", ["valid", "candidate"], "prompt"),
    ...mean("candidate"),
    ...mean("prompt"),
    op("MatMul", ["candidate_mean", "reward_weight"], "reward_column"),
    op("MatMul", ["candidate_mean", "objectives_weight"], "objectives"),
    op("MatMul", ["prompt_mean", "gating_weight"], "gating_logits"),
    op("Softmax", ["gating_logits"], "gating", { axis: -1 }),
    ...(options.endlessOnLastWord ? endless(initializer) : []),
    ...slow(options.slowness ?? 0, options.endlessOnLastWord ? "reward_in_the_end" : "reward_column", initializer),
  ];
  if (options.steps !== undefined) node.push(...stepScores(options.steps, initializer));
  if (options.agreement) node.push(...agreement(initializer));
  const output = [value("reward", FLOAT, ["B"]), value("objectives", FLOAT, ["B", OBJECTIVES]), value("gating", FLOAT, ["B", OBJECTIVES])];
  if (options.steps !== undefined) output.push(value("steps", FLOAT, ["B", options.steps]));
  if (options.agreement) output.push(value("agreement", FLOAT, ["B"]));
  const model = onnx.ModelProto.create({
    irVersion: 8,
    producerName: "rewardgate-test",
    opsetImport: [{ domain: "", version: 17 }],
    graph: {
      name: "test",
      node,
      initializer,
      input: ["input_ids", "attention_mask", "token_type_ids"].map((name) => value(name, INT64, ["B", "S"])),
      output,
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

/** A model and its tokenizer as files, in the form that backend options take. `remove` deletes them. */
export interface TestBundle {
  readonly graphPath: string;
  readonly graphSha256: string;
  readonly tokenizerPath: string;
  readonly tokenizerSha256: string;
  readonly inputs: { readonly ids: string; readonly mask: string; readonly segments: string };
  readonly outputs: readonly string[];
  remove(): void;
}

/** Writes a test model and the test tokenizer to a new folder. */
export function writeTestBundle(options: TestModelOptions = {}): TestBundle {
  const folder = mkdtempSync(join(tmpdir(), "rewardgate-test-"));
  const write = (name: string, bytes: Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return { path, sha256: createHash("sha256").update(bytes).digest("hex") };
  };
  const graph = write("model.onnx", buildModel(options));
  const tokenizer = write("tokenizer.json", Buffer.from(tokenizerJson()));
  return {
    graphPath: graph.path,
    graphSha256: graph.sha256,
    tokenizerPath: tokenizer.path,
    tokenizerSha256: tokenizer.sha256,
    inputs: { ids: "input_ids", mask: "attention_mask", segments: "token_type_ids" },
    outputs: ["reward", "objectives", "gating"],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * Numbers at markers: the k-th row of `hits` [B, K, S] is 1 at the token before the k-th marker and 0 elsewhere. The numbers of other
 * tokens are left out by `Where`, since 0 · NaN is NaN.
 */
function stepScores(most: number, initializer: ReturnType<typeof floats>[]) {
  initializer.push(
    floats("steps_weight", [DIMENSION, 1], randoms(DIMENSION, 5)),
    ints("step_token", [idOf(STEP_TOKEN)]),
    ints("axis_along", [1]),
    onnx.TensorProto.create({
      name: "wanted",
      dims: [1, most, 1],
      dataType: INT64,
      rawData: new Uint8Array(BigInt64Array.from({ length: most }, (_, k) => BigInt(k + 1)).buffer),
    }),
    onnx.TensorProto.create({ name: "axis_scan", dims: [], dataType: INT64, rawData: new Uint8Array(BigInt64Array.of(1n).buffer) }),
    ints("from_second", [1]),
    ints("to_end", [2 ** 40]),
    ints("first", [0]),
    ints("last_but_one", [-1]),
    floats("no_number", [], [Number.NaN]),
    floats("nil", [], [0]),
  );
  return [
    op("MatMul", ["embedded", "steps_weight"], "token_column"),
    op("Squeeze", ["token_column", "axis_2"], "token_scores_all"),
    op("Slice", ["token_scores_all", "first", "last_but_one", "axis_along"], "token_scores"),
    op("Slice", ["input_ids", "from_second", "to_end", "axis_along"], "next_ids"),
    op("Equal", ["next_ids", "step_token"], "is_step"),
    op("Cast", ["is_step"], "step_ones", { to: INT64 }),
    op("CumSum", ["step_ones", "axis_scan"], "step_rank"),
    op("Unsqueeze", ["step_rank", "axis_along"], "step_rank_row"),
    op("Equal", ["step_rank_row", "wanted"], "same_rank"),
    op("Unsqueeze", ["is_step", "axis_along"], "is_step_row"),
    op("And", ["same_rank", "is_step_row"], "hits"),
    op("Unsqueeze", ["token_scores", "axis_along"], "token_scores_row"),
    op("Where", ["hits", "token_scores_row", "nil"], "hit_scores"),
    op("ReduceSum", ["hit_scores", "axis_2"], "step_sums", { keepdims: 0 }),
    op("Cast", ["hits"], "hit_ones", { to: FLOAT }),
    op("ReduceSum", ["hit_ones", "axis_2"], "hit_counts", { keepdims: 0 }),
    op("Cast", ["hit_counts"], "is_hit", { to: BOOL }),
    op("Where", ["is_hit", "step_sums", "no_number"], "steps"),
  ];
}

function agreement(initializer: ReturnType<typeof floats>[]) {
  initializer.push(floats("ten", [], [10]));
  return [
    op("Mul", ["candidate_mean", "prompt_mean"], "agreement_products"),
    op("ReduceSum", ["agreement_products", "axis_1"], "agreement_sum", { keepdims: 0 }),
    op("Mul", ["agreement_sum", "ten"], "agreement"),
  ];
}

/** Mean of the embeddings over a 0/1 mask [B, S] → [B, D]; 0 where the mask is empty. */
function mean(mask: string) {
  return [
    op("Unsqueeze", [mask, "axis_2"], `${mask}_column`),
    op("Mul", ["embedded", `${mask}_column`], `${mask}_embedded`),
    op("ReduceSum", [`${mask}_embedded`, "axis_1"], `${mask}_sum`, { keepdims: 0 }),
    op("ReduceSum", [mask, "axis_1"], `${mask}_count`, { keepdims: 1 }),
    op("Max", [`${mask}_count`, "one"], `${mask}_divisor`),
    op("Div", [`${mask}_sum`, `${mask}_divisor`], `${mask}_mean`),
  ];
}

/** A loop of 2⁵⁰ turns over the word "poison", and of none over other texts, that leaves the reward as it is. */
function endless(initializer: ReturnType<typeof floats>[]) {
  initializer.push(ints("last_word", [idOf(POISON_WORD)]), ints("turns", [2 ** 50]), floats("start", [], [0]));
  const body = onnx.GraphProto.create({
    name: "turn",
    node: [op("Identity", ["going"], "still_going"), op("Identity", ["before"], "after")],
    input: [value("turn", INT64, []), value("going", BOOL, []), value("before", FLOAT, [])],
    output: [value("still_going", BOOL, []), value("after", FLOAT, [])],
  });
  const loop = onnx.NodeProto.create({
    opType: "Loop",
    input: ["loop_turns", "", "start"],
    output: ["loop_end"],
    name: "loop",
    attribute: [{ name: "body", g: body, type: onnx.AttributeProto.AttributeType.GRAPH }],
  });
  return [
    op("Equal", ["input_ids", "last_word"], "is_last_word"),
    op("Cast", ["is_last_word"], "last_words", { to: INT64 }),
    op("ReduceMax", ["last_words"], "has_last_word", { keepdims: 0 }),
    op("Mul", ["has_last_word", "turns"], "loop_turns"),
    loop,
    op("Add", ["reward_column", "loop_end"], "reward_in_the_end"),
  ];
}

/** Ends in the output `reward`, after multiplications whose result is taken 0 times. */
function slow(multiplications: number, reward: string, initializer: ReturnType<typeof floats>[]) {
  const squeeze = op("Squeeze", [multiplications > 0 ? "reward_delayed" : reward, "axis_1"], "reward");
  if (multiplications === 0) return [squeeze];
  const side = 512;
  initializer.push(floats("matrix", [side, side], new Array(side * side).fill(1 / side)), floats("zero", [], [0]));
  const nodes = [op("ReduceMax", ["valid"], "largest", { keepdims: 0 }), op("Mul", ["matrix", "largest"], "product_0")];
  for (let i = 1; i <= multiplications; i++) nodes.push(op("MatMul", [`product_${i - 1}`, "matrix"], `product_${i}`));
  nodes.push(op("ReduceMax", [`product_${multiplications}`], "delay", { keepdims: 0 }));
  nodes.push(op("Mul", ["delay", "zero"], "nothing"), op("Add", [reward, "nothing"], "reward_delayed"));
  return [...nodes, squeeze];
}

function op(opType: string, input: string[], output: string, attributes: Record<string, number> = {}) {
  const attribute = Object.entries(attributes).map(([name, i]) => ({ name, i, type: onnx.AttributeProto.AttributeType.INT }));
  return onnx.NodeProto.create({ opType, input, output: [output], name: output, attribute });
}

function floats(name: string, dims: number[], values: ArrayLike<number>) {
  return onnx.TensorProto.create({ name, dims, dataType: FLOAT, rawData: new Uint8Array(Float32Array.from(values).buffer) });
}

function ints(name: string, values: number[]) {
  return onnx.TensorProto.create({
    name,
    dims: [values.length],
    dataType: INT64,
    rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
  });
}

function value(name: string, elemType: number, shape: (string | number)[]) {
  const dim = shape.map((size) => (typeof size === "string" ? { dimParam: size } : { dimValue: size }));
  return onnx.ValueInfoProto.create({ name, type: { tensorType: { elemType, shape: { dim } } } });
}

/** Repeatable numbers in [−1, 1). */
function randoms(count: number, seed: number): number[] {
  let state = seed * 2654435761;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
