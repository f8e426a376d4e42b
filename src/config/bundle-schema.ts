import { z } from "zod";
import { ROLES } from "../domain/item.ts";
import { SCORE_SPACES } from "../domain/score-space.ts";

const API_VERSION = z.literal("rewardgate/v1").describe("Version of this format.");
const space = z.enum(SCORE_SPACES);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits");
const tensor = z.string().min(1);

const file = (what: string) =>
  z.strictObject({ path: z.string().min(1).describe("Relative to this folder; in it, or in a folder beside it."), sha256 }).describe(what);

/** `judge.yaml` of a model bundle. Keys that are not listed belong to the judge kind, which checks them. */
export const bundleSchema = z
  .object({
    apiVersion: API_VERSION,
    name: z.string().min(1).describe("Name of the judge, for people."),
    kind: z.string().min(1).describe("Judge kind that reads the model's outputs."),
    description: z.string().min(1).describe("One sentence: what it judges and how it was made."),
    license: z.string().min(1).describe("SPDX licence of the weights."),
    model: z.strictObject({
      maxTokens: z.int().min(8).max(1_048_576).describe("Most tokens that the model reads."),
      template: z.string().min(1).describe("Jinja chat template over messages; the candidate is the last, assistant's, message."),
      inputs: z
        .strictObject({
          ids: tensor.describe("Input tensor with token ids."),
          mask: tensor.describe("Input tensor that is 1 on tokens and 0 on padding."),
          segments: tensor.optional().describe("Input tensor that is 0 on the prompt and 1 on the candidate."),
          prefix: z
            .strictObject({
              positions: tensor.describe("Input tensor with the position of each token in its text."),
              branches: tensor.describe("Input tensor that is 0 on the tokens that texts of a row share, and 1, 2, … on those of each."),
              texts: tensor.describe("Input tensor with the row and the branch of every text, shape [texts, 2]."),
            })
            .optional()
            .describe(
              "Input tensors of a graph that reads several texts behind one prefix, each as if it were alone, and answers with a row per text.",
            ),
        })
        .describe("Names of the model's input tensors."),
      outputs: z
        .record(z.string(), tensor)
        .describe("Names of output tensors, as the kind asks for them; `state` is for tools that study the judge and is not served."),
    }),
    space: space.describe("What a raw score means."),
    determinism: z
      .discriminatedUnion("class", [
        z.strictObject({ class: z.literal("bitwise") }),
        z.strictObject({
          class: z.literal("tolerance"),
          bound: z.number().positive().describe("Largest change, in units of the raw score."),
        }),
        z.strictObject({ class: z.literal("none") }),
      ])
      .describe("How far a score may move with its batch-mates."),
    goldenTolerance: z.number().min(0).describe("Largest difference from a golden score that the self-test passes."),
    files: z.strictObject({
      graph: file("The ONNX graph."),
      weights: file("The file beside the graph that holds its weights, for graphs that keep them outside.").optional(),
      tokenizer: file("The tokenizer, as tokenizer.json."),
      calibration: file("The calibration of the raw score.").optional(),
      golden: file("Items with the scores that the judge's makers got, JSON lines."),
      goldenArm64: file("Items of `golden` with their scores on ARM processors, where a score may round another way.").optional(),
    }),
    source: z
      .strictObject({
        model: z.string().min(1).describe("Name or hub id of the model."),
        revision: z.string().min(1).optional().describe("Commit of it."),
      })
      .optional()
      .describe("The model that the bundle was exported from, for people."),
    training: z.record(z.string(), z.unknown()).optional().describe("How the judge was made, for people."),
  })
  .catchall(z.unknown());

/** Keys of `judge.yaml` that belong to the format, whatever the kind. */
export const BUNDLE_KEYS: ReadonlySet<string> = new Set(Object.keys(bundleSchema.shape));

/** A calibration file. */
export const calibrationFileSchema = z.strictObject({
  apiVersion: API_VERSION,
  method: z.string().describe("Calibration method."),
  params: z.record(z.string(), z.unknown()).describe("Parameters of the method."),
  spaceIn: space.describe("Space of the raw scores that it was fitted on."),
  spaceOut: space.describe("Space of the calibrated scores."),
  graphSha256: sha256.describe("The graph whose scores it was fitted on; it fits no other."),
  judge: z.string().min(1).optional().describe("Name in judge.yaml of the judge whose scores it was fitted on; it fits no other."),
  fittedOn: z.record(z.string(), z.unknown()).optional().describe("Data that it was fitted on."),
  metrics: z.record(z.string(), z.unknown()).optional().describe("Quality before and after."),
});

const goldenPrompt = {
  id: z.string().min(1),
  prompt: z.array(z.strictObject({ role: z.enum(ROLES), content: z.string() })).min(1),
  reference: z.string().optional(),
};

/** One line of a golden file about one candidate. */
export const goldenRowSchema = z.strictObject({
  ...goldenPrompt,
  candidate: z.string(),
  score: z.number(),
  objectives: z.array(z.number()).optional(),
  gating: z.array(z.number()).optional(),
  ids: z.array(z.int().min(0)).optional(),
});

/** One line of a golden file about a group, for judges that read one. */
export const goldenGroupSchema = z
  .strictObject({ ...goldenPrompt, candidates: z.array(z.string()).min(1), scores: z.array(z.number()) })
  .refine(({ candidates, scores }) => candidates.length === scores.length, { path: ["scores"] });

/** Golden files of architectures whose scores were recorded apart, by Node's name of the architecture; all others are held to `golden`. */
export const GOLDEN_OF: Partial<Record<NodeJS.Architecture, "goldenArm64">> = { arm64: "goldenArm64" };

/** Least golden rows of a judge: fewer could pass by luck. */
export const MIN_GOLDEN_ROWS = 16;

export type BundleSpec = z.output<typeof bundleSchema>;
export type CalibrationFile = z.output<typeof calibrationFileSchema>;
