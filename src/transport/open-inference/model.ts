import { GatewayError } from "../../domain/errors.ts";
import type { Item } from "../../domain/item.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import type { RewardService } from "../../domain/service.ts";
import type { Datatype, Tensor } from "../../open-inference/tensor.ts";
import { refuse } from "../request-rules.ts";
import { createScorer, judgesOf, type Scorer } from "../wires/scorer.ts";
import { splitTemplated } from "../wires/templated-text.ts";
import { itemOf, type ScoreEach, type WireSettings } from "../wires/wire.ts";

type DecodeTokens = (rows: readonly (readonly number[])[]) => Promise<string[]>;

/** The settings of the wire: the panel, and the name under which clients ask for it. */
export interface OpenInferenceSettings extends Omit<WireSettings, "path"> {
  readonly model: string;
}

/** What the model depends on. */
export interface OpenInferenceOptions {
  readonly service: RewardService;
  readonly limits: RequestLimits;
  /** Texts of rows of token ids, for clients that send tokens; absent when the configuration names no tokenizer. */
  readonly decodeTokens?: DecodeTokens | undefined;
}

/** A model with the scoring behind it. */
export interface OpenInference {
  readonly model: ScoringModel;
  readonly score: Scorer;
}

/** What one tensor is like. */
interface TensorFact {
  readonly name: string;
  readonly datatype: Datatype;
  /** Sizes behind the batch; −1 where any goes. */
  readonly dims: readonly number[];
}

const text = (name: string): TensorFact => ({ name, datatype: "BYTES", dims: [1] });
const SENTENCES = text("sentences");
const PROMPT = text("prompt");
const RESPONSE = text("response");
const TOKENS: TensorFact = { name: "tokens", datatype: "INT64", dims: [-1] };
const LENGTHS: TensorFact = { name: "sequence_lengths", datatype: "INT64", dims: [1] };
const REWARDS: TensorFact = { name: "rewards", datatype: "FP32", dims: [1] };
const VALID: TensorFact = { name: "valid", datatype: "BOOL", dims: [1] };
const VERSION = "1";
const PLATFORM = "rewardgate";

/** One batch, however it came. */
export interface Inference {
  readonly inputs: readonly Tensor[];
  /** Names of the tensors that are asked for; empty for `rewards`. */
  readonly outputs: readonly string[];
}

/** The model as its clients see it. */
export interface ScoringModel {
  readonly name: string;
  readonly version: string;
  readonly platform: string;
  ready(): boolean;
  readonly maxBatchSize: number;
  readonly inputs: readonly TensorFact[];
  /** `rewards`, and `valid` for those who ask for it. */
  readonly outputs: readonly TensorFact[];
  /** Outputs that a client takes which asks for all it is told of. */
  readonly defaultOutputs: readonly TensorFact[];
  /** @throws {GatewayError} PANEL_NOT_FOUND for another model or version */
  checkName(name: string, version?: string): void;
  /**
   * Scores a batch: `rewards` FP32 [B, 1]. A row without a reward fails the batch, unless `valid` is asked for: then its reward is NaN and
   * its `valid` false.
   *
   * @throws {GatewayError} REQUEST_INVALID for inputs that say nothing to judge, and whatever scoring throws
   */
  infer(inference: Inference, scoreEach: ScoreEach): Promise<readonly Tensor[]>;
}

/** A panel served as a model, with the scoring behind it. */
export function createOpenInference(
  settings: OpenInferenceSettings,
  { service, limits, decodeTokens }: OpenInferenceOptions,
): OpenInference {
  const ready = () => judgesOf(settings.panel, service).every((judge) => judge.ready);
  return {
    model: createScoringModel({ name: settings.model, maxItems: limits.maxItems, ready, decodeTokens }),
    score: createScorer(settings, service, limits),
  };
}

interface ScoringModelOptions {
  readonly name: string;
  readonly maxItems: number;
  /** Whether every judge takes work. */
  ready(): boolean;
  readonly decodeTokens: DecodeTokens | undefined;
}

function createScoringModel({ name, maxItems, ready, decodeTokens }: ScoringModelOptions): ScoringModel {
  const known = [SENTENCES, PROMPT, RESPONSE, TOKENS, LENGTHS];
  const outputs = [REWARDS, VALID];
  return {
    name,
    version: VERSION,
    platform: PLATFORM,
    ready,
    maxBatchSize: maxItems,
    inputs: known,
    outputs,
    defaultOutputs: [REWARDS],
    checkName(asked, version = "") {
      if (asked === name && (version === "" || version === VERSION)) return;
      throw new GatewayError(
        "PANEL_NOT_FOUND",
        `no model "${asked}" of version "${version || VERSION}"; there is "${name}", version ${VERSION}`,
      );
    },
    async infer({ inputs, outputs: asked }, scoreEach) {
      for (const output of asked) {
        if (!outputs.some((fact) => fact.name === output)) throw refuse("outputs", `no output "${output}"; there are rewards and valid`);
      }
      const items = await itemsOf(inputs, decodeTokens);
      const results = items.length === 0 ? [] : await scoreEach(items);
      const rows = results.map(([first]) => first!);
      const failed = rows.find((row) => row instanceof GatewayError);
      if (failed !== undefined && !asked.includes(VALID.name)) throw failed;
      const tensors: Record<string, Tensor> = {
        [REWARDS.name]: tensorOf(
          REWARDS,
          rows.map((row) => (row instanceof GatewayError ? Number.NaN : row.reward)),
        ),
        [VALID.name]: tensorOf(
          VALID,
          rows.map((row) => !(row instanceof GatewayError || row.failed)),
        ),
      };
      return (asked.length === 0 ? [REWARDS.name] : asked).map((output) => tensors[output]!);
    },
  };
}

function tensorOf({ name, datatype }: TensorFact, elements: Tensor["elements"]): Tensor {
  return { name, datatype, shape: [elements.length, 1], elements };
}

/** One item per row: a templated conversation, a pair of prompt and response, or the tokens of a conversation. */
async function itemsOf(inputs: readonly Tensor[], decodeTokens: DecodeTokens | undefined): Promise<Item[]> {
  const given = new Map(inputs.map((tensor) => [tensor.name, tensor]));
  if (given.size < inputs.length) throw refuse("inputs", "two tensors of one name; send each once");
  const sentences = given.get(SENTENCES.name);
  if (sentences !== undefined) return textsOf(sentences).map((each, row) => conversation(each, row, SENTENCES.name));
  const [prompts, responses] = [given.get(PROMPT.name), given.get(RESPONSE.name)];
  if (prompts !== undefined && responses !== undefined) {
    const judged = textsOf(responses);
    const asked = textsOf(prompts);
    if (asked.length !== judged.length) throw refuse(RESPONSE.name, `${judged.length} texts for ${asked.length} prompts`);
    return asked.map((prompt, row) => itemOf(row, [{ role: "user", content: prompt }], [judged[row]!]));
  }
  const tokens = given.get(TOKENS.name);
  if (tokens === undefined) throw refuse("inputs", "send sentences, or prompt and response, or tokens with sequence_lengths");
  if (decodeTokens === undefined)
    throw refuse(TOKENS.name, "tokens need a tokenizer: name one under wires.triton.tokenizer, or send sentences");
  const texts = await decodeTokens(rowsOf(tokens, given.get(LENGTHS.name)));
  return texts.map((each, row) => conversation(each, row, TOKENS.name));
}

function conversation(templated: string, row: number, field: string): Item {
  const split = splitTemplated(templated);
  if (split === undefined) {
    throw refuse(`${field}[${row}]`, "holds no turn of the assistant in a chat template that is known; send prompt and response");
  }
  return itemOf(row, split.prompt, [split.response]);
}

function textsOf({ name, datatype, elements, shape }: Tensor): string[] {
  if (datatype !== "BYTES") throw refuse(name, `of datatype BYTES, not ${datatype}`);
  if (shape.length > 2 || (shape[1] ?? 1) !== 1) throw refuse(name, "of shape [batch] or [batch, 1]");
  return elements as string[];
}

/** Rows of tokens, padded at their end. */
function rowsOf({ name, datatype, shape, elements }: Tensor, lengths: Tensor | undefined): number[][] {
  const [rows = 0, width = 0] = shape;
  if (shape.length !== 2) throw refuse(name, "of shape [batch, tokens]");
  if (!/INT/.test(datatype)) throw refuse(name, `whole numbers, for example INT64, not ${datatype}`);
  if (lengths === undefined || lengths.elements.length !== rows) throw refuse(LENGTHS.name, `one length for each of the ${rows} rows`);
  return Array.from({ length: rows }, (_, row) => {
    const length = Number(lengths.elements[row]);
    if (!Number.isInteger(length) || length < 0 || length > width) throw refuse(`${LENGTHS.name}[${row}]`, `from 0 to ${width}`);
    return elements.slice(row * width, row * width + length) as number[];
  });
}
