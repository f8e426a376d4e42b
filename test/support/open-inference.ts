import type { ScoreRequest } from "../../src/domain/score.ts";
import type { JudgeInfo } from "../../src/domain/service.ts";
import { createOpenInference, type OpenInference } from "../../src/transport/open-inference/model.ts";
import type { OnFailure } from "../../src/transport/wires/wire.ts";
import { LIMITS, resultOf, scriptedService } from "./scripted-service.ts";

/** A panel as a model: the reward is the length of the text, and `fail` has none. Token ids are the code points of their text. */
export function lengthModel(
  onFailure: OnFailure = "error",
): OpenInference & { readonly seen: ScoreRequest[]; setReady(ready: boolean): void } {
  const seen: ScoreRequest[] = [];
  const service = scriptedService((request) => {
    seen.push(request);
    return resultOf(request);
  });
  let ready = true;
  const judges = (): JudgeInfo[] => service.judges().map((judge) => ({ ...judge, ready }));
  const model = createOpenInference(
    { panel: "chat", model: "reward_model", onFailure },
    {
      service: { ...service, judges },
      limits: LIMITS,
      decodeTokens: async (rows) => rows.map((ids) => String.fromCodePoint(...ids)),
    },
  );
  return {
    ...model,
    seen,
    setReady(now) {
      ready = now;
    },
  };
}
