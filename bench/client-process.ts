import { credentials } from "@grpc/grpc-js";
import { chunk, itemsOf, mixedTexts } from "./corpus.ts";
import { wire } from "./product.ts";

/** Load from a process of its own, so that the gateway's meters measure the gateway. */
export interface ClientJob {
  readonly transport: "grpc" | "http";
  readonly address: string;
  readonly texts: { readonly count: number; readonly seed: number };
  readonly perRequest: number;
  readonly callers: number;
  readonly cache: "use" | "bypass";
  /** How much the answers say. Default full, as for any caller. */
  readonly detail?: "reward" | "full";
  /** How often the whole set is sent. */
  readonly repeat: number;
}
export interface ClientAnswer {
  readonly seconds: number;
  readonly candidates: number;
  readonly latencyMs: readonly number[];
}

/** Sends one request and counts the rewards of its answer. */
type Send = () => Promise<number>;
type Items = ReturnType<typeof itemsOf>;

process.on("message", async (job: ClientJob) => {
  const requests = chunk(itemsOf(mixedTexts(job.texts.count, job.texts.seed)), job.perRequest);
  const { prepare, close } = job.transport === "grpc" ? grpcSender(job) : httpSender(job);
  // Messages are made before the clock starts: the load generator shares the machine with what it measures.
  const senders = requests.map(prepare);
  const queue = Array.from({ length: job.repeat }, () => senders).flat();
  let next = 0;
  let candidates = 0;
  const latencyMs: number[] = [];
  const start = performance.now();
  await Promise.all(
    Array.from({ length: job.callers }, async () => {
      for (;;) {
        const send = queue[next++];
        if (send === undefined) return;
        const began = performance.now();
        const rewarded = await send();
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

function grpcSender({ address, cache, detail }: ClientJob): { prepare: (items: Items) => Send; close: () => void } {
  const client = new wire.RewardServiceClient(address, credentials.createInsecure());
  const options = {
    cache: cache === "use" ? wire.CacheUse.CACHE_USE_USE : wire.CacheUse.CACHE_USE_BYPASS,
    detail: detail === "reward" ? wire.Detail.DETAIL_REWARD : wire.Detail.DETAIL_FULL,
  };
  return {
    close: () => client.close(),
    prepare(items) {
      const request = wire.ScoreRequest.fromPartial({ panel: "chat", items: items.map(toWire), options });
      return () =>
        new Promise((resolve, reject) => {
          client.score(request, (error, response) => {
            if (error) reject(error);
            else resolve(countRewards(response.results));
          });
        });
    },
  };
}

function toWire(item: Items[number]) {
  return {
    id: item.id,
    prompt: { form: { $case: "text" as const, value: item.prompt[0]!.content as string } },
    candidates: item.candidates.map(({ content }) => ({ content: { form: { $case: "text" as const, value: content as string } } })),
  };
}

function httpSender({ address, cache, detail = "full" }: ClientJob): { prepare: (items: Items) => Send; close: () => void } {
  return {
    close: () => {},
    prepare(items) {
      const body = JSON.stringify({ panel: "chat", items, options: { cache, detail } });
      return async () => {
        const response = await fetch(`${address}/v1/score`, { method: "POST", headers: { "content-type": "application/json" }, body });
        if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
        const { results } = (await response.json()) as { results: { candidates: { reward?: number }[] }[] };
        return countRewards(results);
      };
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
