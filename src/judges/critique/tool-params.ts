import { z } from "zod";

/** What the built-in calculator is said to do, unless the configuration says it otherwise. */
const CALCULATOR =
  "Computes an arithmetic expression of numbers, + - * / ^ and parentheses, for example (3 + 4) * 12. Input: the expression and nothing else.";

const tool = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("calculator").describe("The calculator that is part of the gateway."),
    description: z
      .string()
      .trim()
      .min(1)
      .max(2000)
      .default(CALCULATOR)
      .describe("What the model is told of it. Default says what it computes."),
  }),
  z.strictObject({
    type: z.literal("service").describe("A tool of your own."),
    backend: z.string().min(1).describe("Name of the backend of type `tool` that runs it."),
    description: z.string().trim().min(1).max(2000).describe("What the model is told: what the tool does and what its input is."),
    tool: z.string().min(1).max(200).optional().describe("Name of the tool at the service. Default its name here."),
    deterministic: z
      .boolean()
      .default(false)
      .describe("Whether the same input always has the same answer. Scores that rest on one that has not are not kept. Default false."),
  }),
]);

const MOST_TOOLS = 16;

/** Keys of a judge whose model may use tools before it judges. */
export const TOOL_KEYS = {
  tools: z
    .record(z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, "use lower-case letters, digits, hyphens and underscores, a letter first"), tool)
    .refine((tools) => Object.keys(tools).length > 0, "name a tool, or leave `tools` out")
    .refine((tools) => Object.keys(tools).length <= MOST_TOOLS, `at most ${MOST_TOOLS} tools`)
    .optional()
    .describe("Tools that the model may use before its verdict, by the name that it uses. Part of the judge's revision. Default none."),
  rounds: z
    .int()
    .min(2)
    .max(16)
    .optional()
    .describe("Most answers of the model about one candidate where it has tools, the verdict included. Default 5."),
};

/** Answers of the model, where the configuration does not say. */
export const DEFAULT_ROUNDS = 5;

/** The refinement of an object with {@link TOOL_KEYS}: rounds are for a judge with tools. */
export const ROUNDS_NEED_TOOLS: [(params: { tools?: unknown; rounds?: unknown }) => boolean, { error: string; path: PropertyKey[] }] = [
  ({ tools, rounds }) => rounds === undefined || tools !== undefined,
  { error: "a judge without tools has one round", path: ["rounds"] },
];

export type ToolConfig = z.output<typeof tool>;
