import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { openGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import { DEFAULT_OPTIONS, type ScoreOptions } from "../../src/domain/score.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { temporaryFolder } from "../support/bundle.ts";
import { type ChatScript, completion, startChatServer } from "../support/chat-server.ts";

const BUNDLE = fileURLToPath(new URL("../../models/chat-reward", import.meta.url));
const PROMPT = [{ role: "user" as const, content: "How do I boil an egg?" }];
const GOOD = "Put it in boiling water for eight minutes.";
const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

const configOf = (url: string, judge: string) => `apiVersion: rewardgate/v1
server: { http: { port: 0 }, grpc: { port: 0 }, admin: { port: 0 } }
backends:
  llm: { type: openai, url: ${url}, model: tiny, healthIntervalSeconds: 0.1 }
  local: { type: onnx }
judges:
  careful: { kind: critiqued, backend: llm, head: reward${judge} }
  thorough: { kind: critiqued, backend: llm, head: reward, samples: 3 }
  reward: { bundle: ${BUNDLE}, backend: local }
  brief: { rule: lengthBand, unit: words, min: 1, max: 9 }
panels:
  panel: { members: [{ judge: careful, calibration: none }] }
  several: { members: [{ judge: thorough, calibration: none }] }
  plain: { members: [{ judge: reward, calibration: none }] }
`;

/** A gateway whose reward model, a real one, reads what a scripted server writes. */
async function open() {
  const server = await startChatServer(() => "It is right.");
  const folder = temporaryFolder();
  const file = folder.write("rewardgate.yaml", configOf(server.url, ""));
  const gateway = await openGateway(await loadConfig({ file, variables: {} }), { log: createLogger({ level: "silent" }) });
  cleanups.push(
    () => folder.remove(),
    () => server.close(),
    () => gateway.close(0),
  );
  const score = async (panel: string, prompt: typeof PROMPT | object[], texts: readonly string[], options: Partial<ScoreOptions> = {}) => {
    const items = [{ id: "i", prompt: prompt as typeof PROMPT, candidates: texts.map((content) => ({ content })) }];
    const context = { signal: new AbortController().signal, requestId: "r", transport: "cli" } as const;
    return gateway.service.score({ panel, items, options: { ...DEFAULT_OPTIONS, ...options } }, context);
  };
  return { server, gateway, score };
}

async function problemsOf(judge: string): Promise<string> {
  const folder = temporaryFolder();
  cleanups.push(() => folder.remove());
  const file = folder.write("rewardgate.yaml", configOf("http://127.0.0.1:9/v1", judge));
  return resolve(await loadConfig({ file, variables: {} })).then(
    () => "",
    (thrown: Error) => thrown.message,
  );
}

let opened: Awaited<ReturnType<typeof open>>;
before(async () => {
  opened = await open();
});

/** The one gateway, and a new script for its server, which has been asked nothing. */
function scripted(script: ChatScript) {
  opened.server.script = script;
  opened.server.chats.length = 0;
  return opened;
}

describe("a judge that reads a critique beside the candidate", () => {
  it("gives what its head says of the conversation that ends with the critique, and shows the critique", async () => {
    const { score, server } = scripted(() => "It is right, and too short.");
    const { results, usage } = await score("panel", PROMPT, [GOOD]);
    const [candidate] = results[0]!.candidates;
    const asRead = [...PROMPT, { role: "assistant", content: GOOD }];
    const [head] = (await score("plain", asRead, ["It is right, and too short."])).results[0]!.candidates;
    assert.deepEqual([candidate!.status, candidate!.reward], ["complete", head!.reward]);
    assert.equal(candidate!.judges[0]!.critique, "It is right, and too short.");
    // The server says that it read and wrote 10 tokens; the rest are the head's.
    assert.equal(usage.tokens, 10 + head!.judges[0]!.tokens);
    const again = await score("panel", PROMPT, [GOOD]);
    assert.deepEqual([again.results[0]!.candidates[0]!.reward, again.usage.tokens, server.chats.length], [candidate!.reward, 0, 1]);
  });

  it("averages the head over several critiques, and drops one that was cut off", async () => {
    const words = ["It is right.", "It is wrong.", "It is"];
    const script: ChatScript = ({ body }) => ({ json: completion(words[body.seed]!, body.seed === 2 ? { finish_reason: "length" } : {}) });
    const { score } = scripted(script);
    const part = (await score("several", PROMPT, [GOOD])).results[0]!.candidates[0]!.judges[0]!;
    const heads = await score("plain", [...PROMPT, { role: "assistant", content: GOOD }], words.slice(0, 2));
    const values = heads.results[0]!.candidates.map(({ reward }) => reward!);
    assert.ok(Math.abs(part.raw! - (values[0]! + values[1]!) / 2) < 1e-5);
    assert.deepEqual(
      part.findings!.map(({ text }) => text),
      words.slice(0, 2),
    );
  });

  it("fails a candidate without a critique, and never asks the head about it", async () => {
    const { score } = scripted(({ body }) => (JSON.stringify(body.messages).includes("stone") ? " " : "It is right."));
    const { results, usage } = await score("panel", PROMPT, ["a stone", "Boil it."]);
    const [lost, kept] = results[0]!.candidates;
    assert.deepEqual([lost!.status, lost!.reward, lost!.failure!.reason], ["failed", undefined, "JUDGE_OUTPUT_UNREADABLE"]);
    assert.equal(kept!.status, "complete");
    assert.ok(usage.tokens > 20);
  });

  it("is described as of its critic's backend, in its head's space, and tests its head before it serves", async () => {
    const { gateway } = opened;
    const careful = gateway.service.judges().find(({ name }) => name === "careful")!;
    assert.deepEqual([careful.kind, careful.backend, careful.space, careful.ready], ["critiqued", "llm", "logit", true]);
    const tested = (await gateway.metrics.goldenError.get()).values.map(({ labels }) => labels.judge);
    assert.deepEqual(tested, ["reward"]);
  });

  it("is refused with a head that is not there, that is no reward model, or that is itself", async () => {
    const with_ = (head: string) => problemsOf(`}\n  other: { kind: critiqued, backend: llm, head: ${head}`);
    assert.match(await with_("nobody"), /judges\.other\.head: no judge "nobody"; name a judge of kind scalar: reward/);
    assert.match(await with_("brief"), /judges\.other\.head: judge "brief" is of kind rule/);
    assert.match(await with_("other"), /judges\.other\.head: no judge "other"/);
    assert.match(await with_("careful"), /judges\.other\.head: judge "careful" is of kind critiqued/);
  });

  it("fails without a number while its server is away, and its head goes on", async () => {
    const { score, server } = opened;
    await server.close();
    const [lost] = (await score("panel", PROMPT, ["Ask a cook."])).results[0]!.candidates;
    assert.deepEqual([lost!.status, lost!.reward], ["failed", undefined]);
    assert.equal((await score("plain", PROMPT, [GOOD])).results[0]!.candidates[0]!.status, "complete");
  });
});
