import { randomUUID } from "node:crypto";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { GatewayError } from "../../domain/errors.ts";
import type { Item } from "../../domain/item.ts";
import { parseJson } from "../http/from-json.ts";
import { continueTemplated, continueUnmarked, withoutEndings } from "./templated-text.ts";
import { itemOf, referenceOf, type WireCaller, type WireKind, type WireReward } from "./wire.ts";

const Submit = z.object({
  prompt: z.string(),
  response: z.string(),
  reward_info: z.unknown().optional(),
  timeout: z.number().positive().optional(),
});
const Poll = z.object({ reward_request_id: z.string() });

/** How far a task has come. */
type Task =
  | { readonly state: "running"; readonly since: Date }
  | { readonly state: "done"; readonly since: Date; readonly until: Date; readonly reward: WireReward }
  | { readonly state: "failed"; readonly since: Date; readonly until: Date; readonly error: GatewayError };

/** Numbers of the client: 0 done or accepted, 1 running; anything else is an error. */
const DONE = 0;
const RUNNING = 1;
const FAILED = 2;
const UNKNOWN = 3;
/** What the client gives a task when it names no time, and the most that it gets, milliseconds. */
const TIMEOUT_MS = 300_000;
const MAX_TIMEOUT_MS = 3_600_000;
/** How long an answer is kept beyond the time of its task, and, once it was fetched, for whoever asks again, milliseconds. */
const KEEP_MS = 60_000;
const MAX_TASKS = 100_000;

/**
 * ROLL's reward system: a task is submitted, and its result asked for until it is there. Since the client makes a 0 of what it never
 * gets, a failure that may pass is tried again within the task's own time while the client reads "running"; another is an error with
 * its reason. Tasks live in this process: with several replicas, both addresses of a client must lead to one of them.
 */
export const roll: WireKind = {
  wire: "roll",
  routes(path) {
    const tasks = new LRUCache<string, Task>({ max: MAX_TASKS, ttl: TIMEOUT_MS + KEEP_MS });
    return [
      {
        path,
        method: "RollSubmit",
        async answer(json, caller) {
          const { prompt, response, reward_info: info, timeout } = parseJson(Submit, json);
          // Tasks that are over count until someone looks for them.
          if (tasks.size >= MAX_TASKS) tasks.purgeStale();
          if (tasks.size >= MAX_TASKS) throw new GatewayError("QUEUE_FULL", `${MAX_TASKS} tasks wait to be fetched; send fewer at once`);
          const timeoutMs = timeout === undefined ? TIMEOUT_MS : Math.min(MAX_TIMEOUT_MS, 1000 * timeout);
          const id = randomUUID();
          const written = withoutEndings(response);
          // The client decodes prompts without special tokens.
          const judged = continueUnmarked(prompt, written) ?? continueTemplated(prompt, written);
          const item = itemOf(0, judged.prompt, [judged.response], referenceIn(info));
          const since = new Date();
          const keep = { ttl: timeoutMs + KEEP_MS };
          tasks.set(id, { state: "running", since }, keep);
          void settle(item, caller, timeoutMs).then(
            (reward) => tasks.set(id, { state: "done", since, until: new Date(), reward }, keep),
            (thrown) => tasks.set(id, { state: "failed", since, until: new Date(), error: GatewayError.from(thrown) }, keep),
          );
          return { errcode: DONE, errmsg: "", reward_request_id: id };
        },
      },
      ...(["get", "post"] as const).map((verb) => ({
        verb,
        path: `${path}:result`,
        method: "RollResult",
        async answer(json: unknown) {
          const { reward_request_id: id } = parseJson(Poll, json);
          const task = tasks.get(id);
          if (task !== undefined && task.state !== "running") tasks.set(id, task, { ttl: KEEP_MS });
          return resultOf(task);
        },
      })),
    ];
  },
};

async function settle(item: Item, { scoreApart }: WireCaller, timeoutMs: number): Promise<WireReward> {
  const [[reward]] = (await scoreApart([item], timeoutMs)) as [[WireReward]];
  return reward;
}

function resultOf(task: Task | undefined): object {
  if (task === undefined) return { errcode: UNKNOWN, errmsg: "no such task here; it was fetched too late, or another replica has it" };
  const start_time = task.since.toISOString();
  if (task.state === "running") return { errcode: RUNNING, errmsg: "running", start_time };
  const times = { start_time, end_time: task.until.toISOString() };
  if (task.state === "failed") return { errcode: FAILED, errmsg: `${task.error.reason}: ${task.error.message}`, ...times };
  const { reward, components } = task.reward;
  const dimensions = Object.fromEntries(Object.entries(components).map(([name, score]) => [name, { reward_score: score }]));
  return { errcode: DONE, errmsg: "", reward_score: reward, dimention_reward_score: dimensions, ...times };
}

/** The answer to compare with, under the names that ROLL's data uses. */
function referenceIn(info: unknown): string | undefined {
  if (typeof info !== "object" || info === null) return undefined;
  const known = info as Record<string, unknown>;
  for (const name of ["ground_truth", "reference", "answer"]) {
    const found = referenceOf(known[name], `reward_info.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
