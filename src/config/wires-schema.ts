import { z } from "zod";

/** Wires of trainers and engines, with the path that their clients use when nobody chooses another. */
const WIRES = {
  openrlhf: [
    "/get_reward",
    "OpenRLHF's remote reward model; `--reward.remote_url http://HOST:8080/get_reward`, before 0.10.2 `--remote_rm_url`.",
  ],
  classify: ["/classify", "verl's reward model router, as vLLM's `/classify` and SGLang's `/v1/embeddings`; the address is `HOST:8080`."],
  slime: [
    "/slime",
    "slime's remote reward model; `--rm-type remote_rm --rm-url http://HOST:8080/slime`, or `/slime:object` with `--reward-key reward`.",
  ],
  llamaFactory: [
    "/v1/score/evaluation",
    "LLaMA-Factory's reward API; `reward_model_type: api`, `reward_model: http://HOST:8080/v1/score/evaluation`.",
  ],
  score: ["/score", "Pairs as vLLM's `/score` takes them: one prompt with its texts, or as many prompts as texts."],
  nemoGym: [
    "/verify",
    "NeMo Gym and NeMo RL, as a resources server: `/verify`, `/seed_session`, `/close_session`, `/aggregate_metrics`, `/reverify_mode`, each also " +
      "behind `/ng-rollout/ID`; `host: HOST`, `port: 8080` in its configuration.",
  ],
  roll: ["/roll", "ROLL's reward system; `submit_url: http://HOST:8080/roll`, `get_result_url: http://HOST:8080/roll:result`."],
  tei: [
    "/predict",
    "Clients of text-embeddings-inference that classify; `/predict`, `/info` and gRPC `tei.v1`. Reranking over HTTP is the wire `rerank`.",
  ],
  rerank: ["/rerank", "Reranking clients of Cohere, Jina, vLLM and text-embeddings-inference; `/rerank`, `/v1/rerank`, `/v2/rerank`."],
} as const;

const panel = z.string().min(1).describe("Panel that judges what comes over this wire.");
const onFailure = z
  .union([z.literal("error"), z.strictObject({ reward: z.number().describe("Number that stands in for a reward that there is not.") })])
  .default("error")
  .describe(
    "A candidate without a reward: `error` fails the call, with 503 where it may be sent again; {reward: x} answers x. Default error.",
  );

const path = (route: string) =>
  z
    .string()
    .regex(/^\/[\w/.-]*\w$/, "a path that begins with a slash and holds letters, digits, dots, hyphens and underscores")
    .default(route)
    .describe(`Path of the route. Default ${route}.`);

const wire = (route: string, description: string) =>
  z
    .strictObject({
      panel,
      path: path(route),
      onFailure,
    })
    .optional()
    .describe(description);

const triton = z
  .strictObject({
    panel,
    model: z
      .string()
      .regex(/^[\w.-]+$/, "letters, digits, dots, hyphens and underscores")
      .default("reward_model")
      .describe("Name of the model that clients ask for. Default reward_model, which NeMo-Aligner asks for."),
    tokenizer: z
      .string()
      .min(1)
      .optional()
      .describe(
        "A tokenizer.json that tells the text of clients that send token ids; relative to this file. Default none: they are refused.",
      ),
    onFailure,
  })
  .describe(
    "Triton and the Open Inference Protocol, over HTTP (`/v2`) and gRPC (`inference.GRPCInferenceService`): NeMo-Aligner, PyTriton, tritonclient, KServe.",
  );

const chat = z
  .strictObject({
    backend: z.string().min(1).describe("Backend of type openai whose server answers."),
    path: path("/v1/chat/completions"),
  })
  .describe(
    "Chat completions for reward functions that talk to a generative judge themselves, as verl's do: handed on to the server of a backend, " +
      "with its key, its rate and its queue. Default none.",
  );

/** Trainers' and engines' own wires. */
export const wiresSchema = z
  .strictObject({
    openrlhf: wire(...WIRES.openrlhf),
    classify: wire(...WIRES.classify),
    slime: wire(...WIRES.slime),
    llamaFactory: wire(...WIRES.llamaFactory),
    rerank: wire(...WIRES.rerank),
    score: wire(...WIRES.score),
    nemoGym: wire(...WIRES.nemoGym),
    roll: wire(...WIRES.roll),
    tei: wire(...WIRES.tei),
    triton: triton.optional(),
    chat: chat.optional(),
  })
  .prefault({})
  .describe("Wires of trainers and engines that HTTP speaks besides its own, each pointed at a panel. Default none.");
