import { credentials } from "@grpc/grpc-js";
import type { ScoreResponse } from "../src/gen/rewardgate/v1/reward_service.ts";
import type { BenchText } from "./corpus.ts";
import { wire } from "./product.ts";

/** One caller that sends one candidate at a time and wants it computed, or asks for next to nothing. */
export interface GrpcCaller {
  score(text: BenchText): Promise<void>;
  /** The cheapest call that there is: what it takes is gRPC's own, with this client. */
  version(): Promise<void>;
  close(): void;
}

export function grpcCaller(address: string): GrpcCaller {
  const client = new wire.RewardServiceClient(address, credentials.createInsecure());
  const content = (value: string) => ({ form: { $case: "text" as const, value } });
  return {
    close: () => client.close(),
    version: () => new Promise((resolve, reject) => client.getVersion({}, (error) => (error ? reject(error) : resolve()))),
    score({ prompt, candidate }) {
      const items = [{ prompt: content(prompt), candidates: [{ content: content(candidate) }] }];
      const request = wire.ScoreRequest.fromPartial({ panel: "chat", items, options: { cache: wire.CacheUse.CACHE_USE_BYPASS } });
      return new Promise((resolve, reject) => {
        client.score(request, (error, { results } = { results: [] } as unknown as ScoreResponse) => {
          if (error) reject(error);
          else if (results[0]?.candidates[0]?.reward === undefined) reject(new Error("no reward"));
          else resolve();
        });
      });
    },
  };
}
