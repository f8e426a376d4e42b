import { credentials } from "@grpc/grpc-js";
import * as wire from "../src/gen/rewardgate/v1/reward_service.ts";
import { chunk, itemsOf, mixedTexts } from "./corpus.ts";

/** Load from a process of its own, so that the gateway's meters measure the gateway. */
export interface ClientJob {
  readonly transport: "grpc" | "http";
  readonly address: string;
  readonly texts: { readonly count: number; readonly seed: number };
  readonly perRequest: number;
  readonly callers: number;
  readonly cache: "use" | "bypass";
  /** How often the whole set is sent. */
  readonly repeat: number;
}
export interface ClientAnswer {
  readonly seconds: number;
  readonly candidates: number;
  readonly latencyMs: readonly number[];
}

type Send = (items: ReturnType<typeof itemsOf>) => Promise<number>;

process.on("message", async (job: ClientJob) => {
  const requests = chunk(itemsOf(mixedTexts(job.texts.count, job.texts.seed)), job.perRequest);
  const { send, close } = job.transport === "grpc" ? grpcSender(job) : httpSender(job);
  const queue = Array.from({ length: job.repeat }, () => requests).flat();
  let next = 0;
  let candidates = 0;
  const latencyMs: number[] = [];
  const start = performance.now();
  await Promise.all(
    Array.from({ length: job.callers }, async () => {
      for (;;) {
        const request = queue[next++];
        if (request === undefined) return;
        const began = performance.now();
        const rewarded = await send(request);
        candidates += rewarded;
        latencyMs.push(performance.now() - began);
      }
    }),
  );
  const answer: ClientAnswer = { seconds: (performance.now() - start) / 1000, candidates, latencyMs };
  close();
  process.send!(answer);
});
process.on("disconnect", () => process.exit(0));

function grpcSender({ address, cache }: ClientJob): { send: Send; close: () => void } {
  const client = new wire.RewardServiceClient(address, credentials.createInsecure());
  const options = { cache: cache === "use" ? wire.CacheUse.CACHE_USE_USE : wire.CacheUse.CACHE_USE_BYPASS };
  return {
    close: () => client.close(),
    send: (items) =>
      new Promise((resolve, reject) => {
        const request = wire.ScoreRequest.fromPartial({ panel: "chat", items: items.map(toWire), options });
        client.score(request, (error, response) => {
          if (error) reject(error);
          else resolve(countRewards(response.results));
        });
      }),
  };
}

function toWire(item: ReturnType<typeof itemsOf>[number]) {
  return {
    id: item.id,
    prompt: { form: { $case: "text" as const, value: item.prompt[0]!.content as string } },
    candidates: item.candidates.map(({ content }) => ({ content: { form: { $case: "text" as const, value: content as string } } })),
  };
}

function httpSender({ address, cache }: ClientJob): { send: Send; close: () => void } {
  return {
    close: () => {},
    async send(items) {
      const response = await fetch(`${address}/v1/score`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ panel: "chat", items, options: { cache } }),
      });
      if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
      const { results } = (await response.json()) as { results: { candidates: { reward?: number }[] }[] };
      return countRewards(results);
    },
  };
}

function countRewards(results: readonly { readonly candidates: readonly { readonly reward?: number | undefined }[] }[]): number {
  let count = 0;
  for (const { candidates } of results) {
    for (const { reward } of candidates) {
      if (reward === undefined || !Number.isFinite(reward)) throw new Error("a candidate came back without a finite reward");
      count++;
    }
  }
  return count;
}
