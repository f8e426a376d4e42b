import { ScoreRequest, ScoreStreamRequest } from "../../src/gen/rewardgate/v1/reward_service.ts";

/** An item of JSON with one candidate per text. */
export function itemJson(id: string, ...texts: string[]) {
  return { id, prompt: "Say something.", candidates: texts.map((content) => ({ content })) };
}

/** A unary body of JSON with one item. */
export function bodyJson(...texts: string[]) {
  return { panel: "chat", items: [itemJson("a", ...texts)] };
}

/** The same on the other wire. */
export function itemProto(id: string, ...texts: string[]) {
  return {
    id,
    prompt: { form: { $case: "text" as const, value: "Say something." } },
    candidates: texts.map((value) => ({ content: { form: { $case: "text" as const, value } } })),
  };
}

export function requestProto(...texts: string[]): ScoreRequest {
  return ScoreRequest.fromPartial({ panel: "chat", items: [itemProto("a", ...texts)] });
}

export function streamRequestProto(id: string, ...texts: string[]): ScoreStreamRequest {
  return ScoreStreamRequest.fromPartial({ panel: "chat", item: itemProto(id, ...texts) });
}
