import { connect } from "node:http2";
import { Pool } from "undici";
import { chunk, itemsOf, mixedTexts } from "./corpus.ts";
import { wire } from "./product.ts";

/**
 * Load from a process of its own, so that the gateway's meters measure the gateway. It shares the machine with what it measures, so it is
 * lean: messages are made before the clock starts, gRPC's frames go over a bare HTTP/2 session, and answers are read after the clock has
 * stopped: then every candidate must have a finite reward.
 */
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

/** Sends one request and gives the bytes of its answer. */
type Send = () => Promise<Uint8Array>;
type Items = ReturnType<typeof itemsOf>;
interface Sender {
  prepare(items: Items): Send;
  read(answer: Uint8Array): Results;
  close(): void;
}
type Results = readonly { readonly candidates: readonly { readonly reward?: number | undefined }[] }[];

process.on("message", async (job: ClientJob) => {
  const requests = chunk(itemsOf(mixedTexts(job.texts.count, job.texts.seed)), job.perRequest);
  const sender = job.transport === "grpc" ? grpcSender(job) : httpSender(job);
  const senders = requests.map(sender.prepare);
  const queue = Array.from({ length: job.repeat }, () => senders).flat();
  let next = 0;
  const answers: Uint8Array[] = [];
  const latencyMs: number[] = [];
  const start = performance.now();
  await Promise.all(
    Array.from({ length: job.callers }, async () => {
      for (;;) {
        const send = queue[next++];
        if (send === undefined) return;
        const began = performance.now();
        answers.push(await send());
        latencyMs.push(performance.now() - began);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  sender.close();
  const candidates = answers.reduce((sum, answer) => sum + countRewards(sender.read(answer)), 0);
  process.send!({ seconds, candidates, latencyMs } satisfies ClientAnswer);
});
process.on("disconnect", () => process.exit(0));

/** Length of a gRPC message's prefix: a byte that says whether it is compressed, four of length. */
const PREFIX = 5;

function grpcSender({ address, cache, detail }: ClientJob): Sender {
  const session = connect(`http://${address}`, { settings: { initialWindowSize: 2 ** 22 } });
  session.once("connect", () => session.setLocalWindowSize(2 ** 24));
  const headers = { ":method": "POST", ":path": wire.RewardServiceService.score.path, "content-type": "application/grpc", te: "trailers" };
  const options = {
    cache: cache === "use" ? wire.CacheUse.CACHE_USE_USE : wire.CacheUse.CACHE_USE_BYPASS,
    detail: detail === "reward" ? wire.Detail.DETAIL_REWARD : wire.Detail.DETAIL_FULL,
  };
  return {
    close: () => session.close(),
    read: (answer) => wire.ScoreResponse.decode(answer.subarray(PREFIX)).results,
    prepare(items) {
      const request = wire.ScoreRequest.fromPartial({ panel: "chat", items: items.map(toWire), options });
      const message = wire.ScoreRequest.encode(request).finish();
      const framed = Buffer.alloc(PREFIX + message.length);
      framed.writeUInt32BE(message.length, 1);
      framed.set(message, PREFIX);
      return () =>
        new Promise((resolve, reject) => {
          const stream = session.request(headers);
          const pieces: Buffer[] = [];
          let status: unknown;
          const takeStatus = (from: object) => {
            if ("grpc-status" in from) status = from["grpc-status"];
          };
          stream.on("response", takeStatus).on("trailers", takeStatus);
          stream.on("data", (piece: Buffer) => pieces.push(piece)).on("error", reject);
          stream.on("end", () => (status === "0" ? resolve(Buffer.concat(pieces)) : reject(new Error(`gRPC status ${status}`))));
          stream.end(framed);
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

function httpSender({ address, callers, cache, detail = "full" }: ClientJob): Sender {
  const pool = new Pool(address, { connections: callers });
  const headers = { "content-type": "application/json" };
  return {
    close: () => void pool.close(),
    read: (answer) => (JSON.parse(Buffer.from(answer).toString()) as { results: Results }).results,
    prepare(items) {
      const body = JSON.stringify({ panel: "chat", items, options: { cache, detail } });
      return async () => {
        const response = await pool.request({ method: "POST", path: "/v1/score", headers, body });
        if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}: ${await response.body.text()}`);
        return new Uint8Array(await response.body.arrayBuffer());
      };
    },
  };
}

function countRewards(results: Results): number {
  let count = 0;
  for (const { candidates } of results) {
    for (const { reward } of candidates) {
      if (reward === undefined || !Number.isFinite(reward)) throw new Error("a candidate came back without a finite reward");
      count++;
    }
  }
  return count;
}
