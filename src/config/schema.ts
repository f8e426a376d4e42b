import { z } from "zod";
import { BACKEND_PARAMS } from "../backends/index.ts";
import type { ConfigProblem } from "../domain/errors.ts";
import { checklistSchema } from "../judges/checklist.ts";
import { critiqueSchema } from "../judges/critique.ts";
import { critiquedSchema } from "../judges/critiqued.ts";
import { externalSchema } from "../judges/external.ts";
import { likelihoodSchema } from "../judges/likelihood.ts";
import { listwiseSchema } from "../judges/listwise.ts";
import { pairwiseSchema } from "../judges/pairwise.ts";
import { servedProcessSchema } from "../judges/process.ts";
import { servedRerankerSchema } from "../judges/reranker.ts";
import { rubricSchema } from "../judges/rubric.ts";
import { ruleSchema } from "../judges/rule.ts";
import { servedScalarSchema } from "../judges/scalar.ts";
import { servedVerifierSchema } from "../judges/verifier.ts";
import { stateSchema } from "../state/kinds/index.ts";
import { panelSchema } from "./panel-schema.ts";
import type { Finding } from "./problems.ts";
import { runsSchema } from "./runs-schema.ts";
import { cacheSchema, logSchema, queueSchema, serverSchema } from "./server-schema.ts";
import { stateStoreSchema } from "./state-schema.ts";
import { wiresSchema } from "./wires-schema.ts";

const NAME = /^[a-z][a-z0-9-]{0,62}$/;
const name = z.string().regex(NAME, "use lower-case letters, digits and hyphens, a letter first, at most 63");

const backend = z.discriminatedUnion("type", [
  BACKEND_PARAMS.onnx.extend({ queue: queueSchema }),
  BACKEND_PARAMS.openai.extend({ queue: queueSchema }),
  BACKEND_PARAMS.ollama.extend({ queue: queueSchema }),
  BACKEND_PARAMS.vllm.extend({ queue: queueSchema }),
  BACKEND_PARAMS.sglang.extend({ queue: queueSchema }),
  BACKEND_PARAMS.tei.extend({ queue: queueSchema }),
  BACKEND_PARAMS.triton.extend({ queue: queueSchema }),
  BACKEND_PARAMS.llamacpp.extend({ queue: queueSchema }),
  BACKEND_PARAMS.external.extend({ queue: queueSchema }),
  BACKEND_PARAMS.tool.extend({ queue: queueSchema }),
  BACKEND_PARAMS.logprobs.extend({ queue: queueSchema }),
]);

const bundleJudge = z
  .strictObject({
    bundle: z.string().min(1).describe("Folder with the judge's judge.yaml, relative to this file."),
    backend: name.describe("Name of the backend that runs its model."),
    overlong: z
      .enum(["error", "truncate"])
      .default("error")
      .describe(
        "A text longer than the model reads: `error` refuses that candidate, `truncate` drops the oldest prompt tokens, then the end of " +
          "the candidate, and the answer says so. Default error.",
      ),
    params: z
      .record(z.string(), z.unknown())
      .optional()
      .describe(
        "Keys that take the place of those in judge.yaml, where the judge's kind lets a configuration set them: docs/judges/. Default none.",
      ),
  })
  .describe("A reward model and where it runs.");

const judge = z
  .union([
    bundleJudge,
    ruleSchema,
    critiqueSchema,
    critiquedSchema,
    rubricSchema,
    checklistSchema,
    listwiseSchema,
    pairwiseSchema,
    servedProcessSchema,
    servedScalarSchema,
    servedRerankerSchema,
    servedVerifierSchema,
    externalSchema,
    likelihoodSchema,
  ])
  .describe(
    "A reward model (`bundle`) and where it runs, a check without a model (`rule`), a generative model and what it judges by, a reward model that " +
      "an engine serves, a causal model and a text that it finds likely or not, or a service of your own (`kind`).",
  );

/** The whole of `rewardgate.yaml`. */
export const configSchema = z.strictObject({
  apiVersion: z.literal("rewardgate/v1").describe("Version of this format."),
  server: serverSchema,
  log: logSchema,
  cache: cacheSchema,
  runs: runsSchema,
  backends: z.record(name, backend).default({}).describe("Places where models run, by name. Default none: rules need none."),
  judges: z.record(name, judge).describe("Judges, by name."),
  references: z
    .record(name, z.strictObject({ file: z.string().min(1).describe("Artefact of `rewardgate reference build`, relative to this file.") }))
    .default({})
    .describe("Scores of reference completions, by name; transforms and calibrations take them. Default none."),
  wires: wiresSchema,
  panels: z.record(name, panelSchema).describe("Panels, by name; requests choose one."),
  state: stateStoreSchema,
  states: z.record(name, stateSchema).default({}).describe("Server state of training runs, by name. Default none."),
});

/** What the file states, defaults filled in. */
export type Settings = z.output<typeof configSchema>;

/** Where a configuration was read. */
export interface ConfigOrigin {
  /** Absolute path. */
  readonly file: string;
  /** Folder that the paths inside the file are relative to. */
  readonly folder: string;
  /** Adds file, line and column to a finding. */
  locate(finding: Finding): ConfigProblem;
}

/** A configuration as it is used: complete, checked and frozen. */
export type Config = Settings & { readonly origin: ConfigOrigin };
export type BackendConfig = z.output<typeof backend>;
export type ServedJudgeConfig =
  | z.output<typeof servedProcessSchema>
  | z.output<typeof servedScalarSchema>
  | z.output<typeof servedRerankerSchema>
  | z.output<typeof servedVerifierSchema>;
export type BundleJudgeConfig = z.output<typeof bundleJudge>;

/** JSON Schema (draft 2020-12) of what may be written, for editors. */
export function jsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" });
  return { ...schema, title: "RewardGate configuration" };
}
