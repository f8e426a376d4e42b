import { request } from "node:http";
import type { TestContext } from "node:test";
import type { ScoreRequest, ScoreResult } from "../../src/domain/score.ts";
import type { CallContext } from "../../src/domain/service.ts";
import type { WireName, WireSettings } from "../../src/transport/wires/index.ts";
import { resultOf, scriptedService } from "./scripted-service.ts";
import { openHttp } from "./servers.ts";

const PATHS: Record<WireName, string> = {
  openrlhf: "/get_reward",
  classify: "/classify",
  slime: "/slime",
  llamaFactory: "/v1/score/evaluation",
  rerank: "/rerank",
  score: "/score",
  nemoGym: "/verify",
  roll: "/roll",
  tei: "/predict",
};

/** Time of a call that leaves none for the second try of a wire. */
const SHORT_MS = 500;

/** Every wire on its usual path, over a judge whose reward is the length of the text and which fails on `fail`. */
export async function openWires(
  t: TestContext,
  onFailure: WireSettings["onFailure"] = "error",
  answer: (request: ScoreRequest, context: CallContext) => Promise<ScoreResult> | ScoreResult = resultOf,
  requestMs = SHORT_MS,
) {
  const seen: ScoreRequest[] = [];
  const wires = Object.fromEntries(Object.entries(PATHS).map(([name, path]) => [name, { panel: "chat", path, onFailure }]));
  const service = scriptedService((request, context) => {
    seen.push(request);
    return answer(request, context);
  });
  const { post, url, close } = await openHttp({ service, wires, requestMs });
  t.after(close);
  const call = (path: string, body: unknown, headers: Record<string, string> = {}) => post(path, JSON.stringify(body), headers);
  const send = async (path: string, body: unknown) => {
    const response = await call(path, body);
    // biome-ignore lint/suspicious/noExplicitAny: each wire has its own answer, which the tests read
    return { status: response.status, retryAfter: response.headers.get("retry-after"), body: (await response.json()) as any };
  };
  /** A GET that may carry a body, which fetch refuses to send. */
  const get = (path: string, body?: unknown) =>
    // biome-ignore lint/suspicious/noExplicitAny: as above
    new Promise<{ status: number | undefined; body: any }>((resolve, reject) => {
      const text = body === undefined ? "" : JSON.stringify(body);
      const headers = body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
      const asked = request(url + path, { method: "GET", headers }, (response) => {
        response.setEncoding("utf8");
        let received = "";
        response.on("data", (chunk: string) => {
          received += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode, body: JSON.parse(received) }));
      });
      asked.on("error", reject);
      asked.end(text);
    });
  return { call, send, get, seen };
}
