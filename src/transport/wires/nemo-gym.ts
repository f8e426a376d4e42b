import { z } from "zod";
import { GatewayError } from "../../domain/errors.ts";
import type { Content, Message, Role } from "../../domain/item.ts";
import { parseJson } from "../http/from-json.ts";
import { listOf } from "../http/list.ts";
import { aggregateMetrics } from "./nemo-gym-metrics.ts";
import { itemOf, referenceOf, type WireCaller, type WireKind, type WireRoute } from "./wire.ts";

/** Kinds of content that are nothing without what they show. */
const SHOWN: ReadonlySet<string> = new Set(["input_image", "image_url", "input_file", "input_audio"]);

/** The form of the Responses API, and that of chat completions. */
const imageUrl = z.union([z.string(), z.object({ url: z.string() }).transform(({ url }) => url)]);
const part = z
  .object({ type: z.string(), text: z.string().optional(), refusal: z.string().optional(), image_url: imageUrl.nullish() })
  .refine(
    ({ type, image_url: url }) => !SHOWN.has(type) || typeof url === "string",
    "judges are shown text, and images with an `image_url`: send the image so, or leave the part out",
  );
const content = z.union([z.string(), listOf(part)]);
const turn = z.object({
  type: z.string().optional(),
  role: z.string().optional(),
  content: content.nullish(),
  name: z.string().optional(),
  arguments: z.string().optional(),
  output: z.unknown().optional(),
});
type Turn = z.output<typeof turn>;
const Verify = z.object({
  responses_create_params: z.object({ input: z.union([z.string(), listOf(turn)]), instructions: z.string().nullish() }),
  response: z.object({ output: listOf(turn) }),
  expected_answer: z.unknown().optional(),
});
const Aggregate = z.object({ verify_responses: listOf(z.record(z.string(), z.unknown())) });

const Session = z.object({ resources_session_id: z.string().min(1).optional() });

/** Environment servers take a session only with a cookie; ours says that there is nothing behind it. */
const COOKIE = { "Set-Cookie": "rewardgate=stateless; Path=/; HttpOnly; SameSite=Lax" };
/** What clients that follow their rollouts put before a path. */
const ROLLOUT_PREFIX = "/ng-rollout/{rollout}";

/**
 * A resources server of NeMo Gym. The last message of the response is judged, after the input and the turns and tool calls that came
 * before it; `expected_answer` is the reference. The answer is the request with `reward`, with `reward_components` that sum to it, and with
 * each of these as a number of its own, `reward/<member>`. Since the client masks a sample whose judgement failed and does not ask again, a
 * failure that may pass is tried again within the time of the call. One that stays is told in the way of that server: 200 with the
 * failure's class, which sends the rollout to the failures, and marked as masked, which keeps it from training where it gets there; the 0
 * beside them is its protocol's and no score. Sessions hold nothing: one is opened and closed in its client's own name.
 */
export const nemoGym: WireKind = {
  wire: "nemoGym",
  routes(path) {
    const posts: WireRoute[] = [
      { path: "/seed_session", method: "NemoGymSeedSession", headers: COOKIE, answer: async (json) => parseJson(Session, json ?? {}) },
      { path: "/close_session", method: "NemoGymCloseSession", answer: async (json) => parseJson(Session, json ?? {}) },
      { path, method: "NemoGymVerify", answer: verify },
      {
        path: "/aggregate_metrics",
        method: "NemoGymAggregateMetrics",
        answer: async (json) => aggregateMetrics(parseJson(Aggregate, json).verify_responses),
      },
    ];
    return [
      ...posts,
      ...posts.map((route) => ({ ...route, path: `${ROLLOUT_PREFIX}${route.path}` })),
      // A reward depends on what was sent and on nothing before it.
      { verb: "get", path: "/reverify_mode", method: "NemoGymReverifyMode", answer: async () => "stateless" },
    ];
  },
};

async function verify(json: unknown, { scorePatiently }: WireCaller): Promise<object> {
  const { responses_create_params: asked, response, expected_answer: expected } = parseJson(Verify, json);
  const last = response.output.findLastIndex(isMessage);
  const before = last < 0 ? response.output : response.output.slice(0, last);
  const prompt = [...inputOf(asked), ...before.map(messageOf)].filter((message) => message !== undefined);
  // A rollout that ended without an answer is judged for having none.
  const judged = last < 0 ? "" : textIn(response.output[last]!.content);
  const reference = referenceOf(expected, "expected_answer");
  const request = json as object;
  try {
    const [scored] = await scorePatiently([itemOf(0, prompt, [judged], reference)]);
    const { reward, components } = scored![0]!;
    const numbers = Object.fromEntries(Object.entries(components).map(([name, value]) => [`reward/${name}`, value]));
    return { ...request, ...numbers, reward, reward_components: components };
  } catch (thrown) {
    const error = GatewayError.from(thrown);
    if (error.reason === "REQUEST_INVALID" || error.reason === "CALLER_GONE") throw error;
    return { ...request, ...failed(error, (json as Instance).instance_config) };
  }
}

/** A rollout that may bear what its environment knows of it. */
interface Instance {
  readonly instance_config?: unknown;
}

/** A judgement that failed, in the fields of that server's releases: up to 0.4 the class alone says so, and NeMo RL reads `instance_config`. */
function failed(error: GatewayError, instance: unknown): object {
  const says = `${error.reason}: ${error.message}`;
  return {
    reward: 0,
    mask_sample: true,
    failure_kind: "judge_failed",
    failure_reason: says,
    instance_config: { ...(typeof instance === "object" && instance), mask_sample: true },
    _ng_failure_class: "judge_failed",
    _ng_failure_judge_error: says,
    ...(!error.retryable && { _ng_failure_terminal: true }),
  };
}

function inputOf({ input, instructions }: z.output<typeof Verify>["responses_create_params"]): (Message | undefined)[] {
  const system: Message[] = instructions ? [{ role: "system", content: instructions }] : [];
  if (typeof input === "string") return [...system, { role: "user", content: input }];
  return [...system, ...input.map(messageOf)];
}

const ROLES: ReadonlySet<string> = new Set<Role>(["system", "developer", "user", "assistant", "tool"]);

function isMessage({ type = "message" }: Turn): boolean {
  return type === "message";
}

/** A turn of the Responses API; reasoning and what is not known are left out. */
function messageOf(given: Turn): Message | undefined {
  if (isMessage(given)) {
    const role = ROLES.has(given.role ?? "") ? (given.role as Role) : "user";
    return { role, content: contentOf(given.content) };
  }
  if (given.type === "function_call") return { role: "assistant", content: `${given.name ?? "tool"}(${given.arguments ?? ""})` };
  if (given.type !== "function_call_output") return undefined;
  return { role: "tool", content: typeof given.output === "string" ? given.output : JSON.stringify(given.output ?? "") };
}

/** Text as one, unless images stand in it. */
function contentOf(value: Turn["content"]): Content {
  if (typeof value === "string" || !value?.some(({ image_url: url }) => typeof url === "string")) return textIn(value);
  return value.map((given) =>
    typeof given.image_url === "string" ? { type: "image", url: given.image_url } : { type: "text", text: textIn([given]) },
  );
}

function textIn(value: Turn["content"]): string {
  if (typeof value === "string") return value;
  return (value ?? []).map(({ text, refusal = "" }) => text ?? refusal).join("");
}
