import { z } from "zod";

/** What `rewardgate.yaml` says about any judge whose model an engine of the user's serves, beside the keys of its kind. */
export const SERVED_KEYS = {
  backend: z.string().min(1).describe("Name of the backend that asks the engine."),
  description: z.string().min(1).optional().describe("One sentence, for people. Default names the model."),
  license: z.string().default("").describe("SPDX licence of the model. Default none stated."),
  template: z
    .union([
      z.strictObject({ text: z.string().min(1).describe("The template itself.") }),
      z.strictObject({ file: z.string().min(1).describe("File with the template, relative to this file.") }),
    ])
    .describe(
      "Jinja chat template over messages, of which the candidate is the last, the assistant's. It writes every special token itself: the " +
        "engine adds none.",
    ),
  golden: z
    .strictObject({
      file: z.string().min(1).describe("Items with the scores that the model's makers got, JSON lines, relative to this file."),
      tolerance: z.number().positive().default(0.05).describe("Largest difference from a golden score that passes. Default 0.05."),
    })
    .optional()
    .describe("Scores that the engine must reproduce before it is used. Default none."),
};
