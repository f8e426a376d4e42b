import { credentials } from "@grpc/grpc-js";
import { serve } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import * as wire from "../../src/gen/rewardgate/v1/reward_service.ts";
import { createLogger } from "../../src/telemetry/log.ts";

/**
 * Serves a configuration, asks its panel `panel` over each wire, and stops.
 *
 * @param texts the candidates that each wire is asked for
 * @returns the candidates as each wire tells them: as JSON, and as a client of gRPC reads them
 */
export async function candidatesOnBothWires(file: string, texts: { readonly http: readonly string[]; readonly grpc: readonly string[] }) {
  const running = await serve(await loadConfig({ file, variables: {} }), { log: createLogger({ level: "silent" }) });
  const client = new wire.RewardServiceClient(running.addresses.grpc, credentials.createInsecure());
  try {
    const candidates = texts.http.map((content) => ({ content }));
    const response = await fetch(`${running.addresses.http}/v1/score`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ panel: "panel", items: [{ prompt: "what", candidates }] }),
    });
    const body = JSON.parse(await response.text());
    const text = (value: string) => ({ form: { $case: "text" as const, value } });
    const item = { prompt: text("what"), candidates: texts.grpc.map((content) => ({ content: text(content) })) };
    const request = wire.ScoreRequest.fromPartial({ panel: "panel", items: [item] });
    const answer = await new Promise<wire.ScoreResponse>((resolve, reject) => {
      client.score(request, (error, message) => (error ? reject(error) : resolve(message)));
    });
    return { http: body.results[0].candidates, grpc: answer.results[0]!.candidates };
  } finally {
    client.close();
    await running.stop();
  }
}
