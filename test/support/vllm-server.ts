import type { IncomingMessage, ServerResponse } from "node:http";
import { startLoopback, textOf } from "./loopback.ts";

/** Which name a release has for the switch that gives raw scores; `none` has no switch, `pair` refuses both names together. */
export type Era = "use_activation" | "activation" | "none" | "pair";

export interface VllmServer {
  /** Address, without a path. */
  readonly url: string;
  readonly host: string;
  /** Path and body of every call, in order of arrival. */
  readonly calls: { readonly path: string; readonly body: Record<string, unknown> & { readonly input: string } }[];
  era: Era;
  /** Name of the model that its answers carry. */
  model: string;
  /** Status of the health check. */
  health: number;
  /** Raw score of a text. */
  score: (text: string) => number;
  /** Probability that the step before the `place`-th marker is right. */
  step: (text: string, place: number) => number;
  /** Changes the answer to a text before it is sent. */
  spoil: (answer: { data: { index: number; probs?: number[]; data?: number[][] }[] }) => unknown;
  close(): Promise<void>;
}

/** Longest text that its model reads, UTF-16 units. */
export const LONGEST = 400;

/** A server that answers `/classify` and `/pooling` as vLLM's does, with unknown fields ignored and `<extra_0>` as the marker of steps. */
export async function startVllmServer(): Promise<VllmServer> {
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = (status: number, json: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json));
    if (request.method === "GET") {
      reply(self.health, {});
      return;
    }
    const body = JSON.parse(await textOf(request));
    self.calls.push({ path: request.url ?? "", body });
    if (self.era === "pair" && "activation" in body && "use_activation" in body) reply(400, refusal("one switch, please"));
    else if (body.input.length > LONGEST) reply(400, refusal(`This model's maximum context length is ${LONGEST} tokens.`));
    else if (Number.isNaN(self.score(body.input))) reply(400, refusal("Out of range float values are not JSON compliant: nan"));
    else reply(200, self.spoil(request.url === "/pooling" ? pooled(body) : classified(body)) ?? {});
  }

  function classified(body: Record<string, unknown> & { input: string }) {
    const raw = self.score(body.input);
    const isRaw = self.era === "pair" ? body.use_activation === false : body[self.era] === false;
    const probs = [isRaw ? raw : 1 / (1 + Math.exp(-raw))];
    return { object: "list", model: self.model, data: [{ index: 0, label: "LABEL_0", probs, num_classes: 1 }], usage: usage(body.input) };
  }

  function pooled({ input }: { input: string }) {
    const rows = [...input.matchAll(/<extra_0>/g)].map((_, place) => self.step(input, place));
    return { model: self.model, data: [{ index: 0, object: "pooling", data: rows.map((p) => [1 - p, p]) }], usage: usage(input) };
  }

  const self: VllmServer = {
    url: "",
    host: "",
    calls: [],
    era: "use_activation",
    model: "rm",
    health: 200,
    score: (text) => text.length / 10 - 4,
    step: (_, place) => 1 / (place + 2),
    spoil: (answer) => answer,
    close: async () => undefined,
  };
  const { host, close } = await startLoopback(serve);
  return Object.assign(self, { host, url: `http://${host}`, close });
}

const usage = (input: string) => ({ prompt_tokens: input.length, total_tokens: input.length });
const refusal = (message: string) => ({ error: { message, type: "BadRequestError", param: null, code: 400 } });
