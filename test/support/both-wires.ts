import { credentials } from "@grpc/grpc-js";
import { serve } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import * as wire from "../../src/gen/rewardgate/v1/reward_service.ts";
import { createLogger } from "../../src/telemetry/log.ts";

/** One item, in the words of a test. */
export interface WireItem {
  /** Default `what`. */
  readonly prompt?: string;
  readonly texts: readonly string[];
  readonly criteria?: readonly { readonly text: string; readonly hard?: boolean }[];
}

/** Serves a configuration, whose panel `panel` is asked for one item over each wire. */
export async function openBothWires(file: string) {
  const running = await serve(await loadConfig({ file, variables: {} }), { log: createLogger({ level: "silent" }) });
  const client = new wire.RewardServiceClient(running.addresses.grpc, credentials.createInsecure());
  return {
    /** The item's candidates, as JSON tells them. */
    async http({ prompt = "what", texts, ...criteria }: WireItem, options: object = {}) {
      const item = { prompt, candidates: texts.map((content) => ({ content })), ...criteria };
      const response = await fetch(`${running.addresses.http}/v1/score`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ panel: "panel", items: [item], options }),
      });
      return JSON.parse(await response.text()).results[0].candidates;
    },
    /** The item's candidates, as a client of gRPC reads them. */
    async grpc({ prompt = "what", texts, criteria = [] }: WireItem) {
      const text = (value: string) => ({ form: { $case: "text" as const, value } });
      const item = { prompt: text(prompt), candidates: texts.map((content) => ({ content: text(content) })), criteria: [...criteria] };
      const request = wire.ScoreRequest.fromPartial({ panel: "panel", items: [item] });
      const answer = await new Promise<wire.ScoreResponse>((resolve, reject) => {
        client.score(request, (error, message) => (error ? reject(error) : resolve(message)));
      });
      return answer.results[0]!.candidates;
    },
    async close() {
      client.close();
      await running.stop();
    },
  };
}

/**
 * Serves a configuration, asks its panel `panel` over each wire, and stops.
 *
 * @param texts the candidates that each wire is asked for
 * @returns the candidates as each wire tells them: as JSON, and as a client of gRPC reads them
 */
export async function candidatesOnBothWires(file: string, texts: { readonly http: readonly string[]; readonly grpc: readonly string[] }) {
  const wires = await openBothWires(file);
  try {
    return { http: await wires.http({ texts: texts.http }), grpc: await wires.grpc({ texts: texts.grpc }) };
  } finally {
    await wires.close();
  }
}
