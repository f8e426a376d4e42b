import { setMaxListeners } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

/** One sample as a trainer holds it: what the user said and what its policy answered. */
export interface Sample {
  readonly prompt: string;
  readonly response: string;
}

/**
 * What a trainer's client makes of a sample, with the patience of that trainer: a number is a reward, `undefined` a sample that goes on
 * without one. A client that gives up with an exception rejects.
 */
export type TrainerClient = (base: string, sample: Sample) => Promise<number | undefined>;

interface Patience {
  /** Tries in all. */
  readonly tries: number;
  /** Seconds before the next try, after `failed` tries that failed. */
  wait(failed: number): number;
  /** Milliseconds for one try; none where the client sets none. */
  readonly timeoutMs?: number;
  /** Whether a status of 4xx ends it. */
  readonly clientErrorsEnd?: boolean;
}

const doubling = (failed: number) => Math.min(2 ** (failed - 1), 30);
const connections = new Agent({ keepAlive: true, maxSockets: 64 });

/** slime's `remote_rm`: 64 connections that are kept, 120 s, 10 tries, waits that double to 30 s and a random second; then it raises. */
export const slimeClient: TrainerClient = async (base, { prompt, response }) => {
  const body = { prompt: templated(prompt), response, label: null };
  const patience = { tries: 10, timeoutMs: 120_000, wait: (failed: number) => doubling(failed) + Math.random() };
  return (await persist(patience, () => post(`${base}/slime`, body, patience, connections))) as number;
};

/** verl's classifier in its reward loop: a connection a try, no time limit, 16 tries, waits that double to 30 s, 4xx is final; then it raises. */
export const verlClient: TrainerClient = async (base, { prompt, response }) => {
  const body = { model: "rm", input: `${templated(prompt)}${response}<|im_end|>\n`, use_activation: false };
  const patience = { tries: 16, wait: doubling, clientErrorsEnd: true };
  const answer = (await persist(patience, () => post(`${base}/classify`, body, patience))) as { data: { probs: number[] }[] };
  return answer.data.at(-1)!.probs.at(-1);
};

/** OpenRLHF since 0.9.1, one sample a call: 180 s, 5 tries a second apart, 4xx as well; then the sample goes on without a reward. */
export const openrlhfClient: TrainerClient = async (base, { prompt, response }) => {
  const templatedPrompt = templated(prompt);
  const body = { query: [`${templatedPrompt}${response}<|im_end|>`], prompts: [templatedPrompt], labels: [null] };
  const patience = { tries: 5, timeoutMs: 180_000, wait: () => 1 };
  try {
    const answer = (await persist(patience, () => post(`${base}/get_reward`, body, patience))) as { rewards: number[] };
    return answer.rewards[0];
  } catch {
    return undefined;
  }
};

const ending = new AbortController();
setMaxListeners(0, ending.signal); // every call listens

/** Ends every call and wait, and the connections that slime's client keeps. */
export function closeTrainerClients(): void {
  ending.abort();
  connections.destroy();
}

function templated(prompt: string): string {
  return `<|im_start|>user\n${prompt}<|im_end|>\n<|im_start|>assistant\n`;
}

class StatusError extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`status ${status}`);
    this.status = status;
  }
}

async function persist(patience: Patience, attempt: () => Promise<unknown>): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const final = patience.clientErrorsEnd && error instanceof StatusError && error.status < 500;
      if (final || tries === patience.tries) throw error;
      await sleep(patience.wait(tries) * 1000, undefined, { signal: ending.signal });
    }
  }
}

/** The decoded body of an answer with 200. Without an agent the connection is this call's own. */
async function post(url: string, body: object, { timeoutMs }: Patience, agent: Agent | false = false): Promise<unknown> {
  const signal = timeoutMs === undefined ? ending.signal : AbortSignal.any([ending.signal, AbortSignal.timeout(timeoutMs)]);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    request(url, { method: "POST", headers, agent, signal }, resolve).on("error", reject).end(JSON.stringify(body));
  });
  const received = await text(response);
  if (response.statusCode !== 200) throw new StatusError(response.statusCode!);
  return JSON.parse(received);
}
