import { z } from "zod";
import type { GatedObjectives, JudgeKind } from "../domain/judge.ts";
import { chatAsks, TEXT_ONLY } from "./shared/chat-asks.ts";
import { readOutput } from "./shared/read-output.ts";

const tensor = (what: string) => z.string().min(1).describe(`Name of the output tensor with ${what}.`);

const params = z
  .strictObject({
    outputs: z
      .strictObject({
        objectives: tensor("the raw objectives, one number each, in the order of `objectives`"),
        gating: tensor("the gating weights, same order"),
        state: tensor("the state that the heads read, for tools that study the judge").optional(),
      })
      .describe("Names of the model's output tensors."),
    objectives: z
      .array(
        z.strictObject({
          name: z.string().min(1).describe("Name of the objective, as answers and request weights use it."),
          penalty: z.number().describe("Share p of the verbosity objective that is taken off: r' = r − p · r_verbosity.").default(0),
        }),
      )
      .min(1)
      .describe("The objectives, in the order of the tensor."),
    verbosity: z.string().min(1).describe("Name of the objective that measures verbosity.").optional(),
  })
  .superRefine(({ objectives, verbosity }, context) => {
    const names = objectives.map(({ name }) => name);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) !== index) {
        context.addIssue({ code: "custom", path: ["objectives", index, "name"], message: `objective "${name}" is listed twice` });
      }
    }
    if (verbosity !== undefined && !names.includes(verbosity)) {
      context.addIssue({ code: "custom", path: ["verbosity"], message: `no objective "${verbosity}"; listed: ${names.join(", ")}` });
    }
    if (verbosity === undefined && objectives.some(({ penalty }) => penalty !== 0)) {
      context.addIssue({ code: "custom", path: ["verbosity"], message: "a penalty needs `verbosity`, the objective it is taken from" });
    }
  });

/**
 * A reward model with several objectives and a gating network that reads the prompt.
 *
 * Asks: one forward call per candidate, over the prompt and the candidate in the judge's chat template.
 * Reads: `outputs.objectives` r and `outputs.gating` g, K numbers each; the scalar is Σ g_k (r_k − p_k r_verbosity).
 * Scale: the judge's declared space. Sees no other candidate. Known bias: what the objectives' labels favour; the penalties
 * take the linear part of verbosity out.
 *
 * @see Wang et al. 2024, Interpretable Preferences via Multi-Objective Reward Modeling and Mixture-of-Experts, arXiv:2406.12845
 */
export const objectives: JudgeKind<z.infer<typeof params>> = {
  kind: "objectives",
  params,
  create(spec, { outputs, objectives, verbosity }) {
    const asks = chatAsks(spec.template, spec.overlong);
    const gated: GatedObjectives = { objectives, verbosityIndex: objectives.findIndex(({ name }) => name === verbosity) };
    return {
      name: spec.name,
      kind: "objectives",
      revision: spec.revision,
      backend: spec.backend,
      space: spec.space,
      determinism: spec.determinism,
      accepts: TEXT_ONLY,
      gated,
      notApplicable: asks.notApplicable,
      encode: asks.encode,
      decode(_ask, results) {
        const values = readOutput(results, outputs.objectives, objectives.length);
        const gating = readOutput(results, outputs.gating, objectives.length);
        return [{ outcome: "scored", value: gatedSum(gated, values, gating), objectives: values, gating }];
      },
    };
  },
};

/** Σ g_k (r_k − p_k r_v); without a verbosity objective, Σ g_k r_k. */
function gatedSum({ objectives, verbosityIndex }: GatedObjectives, values: Float64Array, gating: Float64Array): number {
  const verbosity = values[verbosityIndex] ?? 0;
  let sum = 0;
  for (const [k, { penalty }] of objectives.entries()) sum += gating[k]! * (values[k]! - penalty * verbosity);
  return sum;
}
