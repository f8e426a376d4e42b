import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { labelsIn } from "../support/chat-gateway.ts";
import { type ChatScript, type ChatServer, startChatServer } from "../support/chat-server.ts";
import { freePort } from "../support/free-port.ts";
import { settled } from "../support/settled.ts";
import { type SpawnedGateway, spawnGateway } from "../support/spawned-gateway.ts";
import { startVllmServer, type VllmServer } from "../support/vllm-server.ts";

/** One panel of every kind of judge: shipped models in the process, a chat server and an engine on the loopback, and rules. */
const CONFIG = fileURLToPath(new URL("../../examples/panels/every-kind.yaml", import.meta.url));
const JUDGES = ["scalar", "gated", "group", "critic", "rubric", "steps", "varied", "length"];
const ASKED = ["critic", "rubric"];

const answers: ChatScript = ({ body }) => {
  const [rule, ...principles] = labelsIn(body);
  if (rule === undefined) return JSON.stringify({ critique: "It is right.", score: 7 });
  return JSON.stringify({
    [rule]: { reason: "Nobody is insulted.", met: true },
    ...Object.fromEntries(principles.map((label) => [label, { reason: "Mostly.", grade: 3 }])),
  });
};

interface Part {
  judge: string;
  outcome: string;
  transformed?: number;
  raw?: number;
  weight?: number;
  contribution?: number;
  error?: { reason: string };
}
interface Candidate {
  status: string;
  reward?: number;
  judges: Part[];
}

let chat: ChatServer;
let engine: VllmServer;
let gateway: SpawnedGateway;
before(async () => {
  chat = await startChatServer(answers, await freePort());
  engine = await startVllmServer();
  engine.model = "prm";
  const addresses = { LLM_URL: chat.url, PRM_URL: engine.url, PRM_MODEL: "prm" };
  const ports = { REWARDGATE_HTTP_PORT: "0", REWARDGATE_GRPC_PORT: "0", REWARDGATE_ADMIN_PORT: "0" };
  gateway = await spawnGateway(CONFIG, { ...addresses, ...ports });
});
after(async () => {
  gateway?.process.kill("SIGKILL");
  await chat?.close();
  await engine?.close();
});

const ANSWERS = ["Four.", "Two and two make four.\n\nSo the answer is 4.", "I would rather not say."];

async function score(question: string, texts: readonly string[] = ANSWERS): Promise<Candidate[]> {
  const candidates = texts.map((content) => ({ content }));
  const response = await fetch(`${gateway.http}/v1/score`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ panel: "every-kind", items: [{ prompt: question, candidates }], options: { deadlineMs: 60_000 } }),
  });
  assert.equal(response.status, 200);
  return (JSON.parse(await response.text()) as { results: { candidates: Candidate[] }[] }).results[0]!.candidates;
}

/** The reward by hand: the mean of the members that scored, by their weights in the panel. */
const WEIGHTS = new Map(JUDGES.map((name, index) => [name, [0.2, 0.2, 0.1, 0.15, 0.1, 0.15, 0.05, 0.05][index]!]));
function meanOf(judges: readonly Part[]): number {
  const scored = judges.filter(({ outcome }) => outcome === "scored");
  const total = scored.reduce((sum, { judge }) => sum + WEIGHTS.get(judge)!, 0);
  return scored.reduce((sum, { judge, transformed }) => sum + (WEIGHTS.get(judge)! / total) * transformed!, 0);
}

describe("a panel of every kind of judge", () => {
  it("gives one reward per candidate, which its eight parts add up to", async () => {
    const candidates = await score("What is two and two?");
    assert.equal(candidates.length, 3);
    for (const { status, reward, judges } of candidates) {
      assert.equal(status, "complete");
      assert.deepEqual(
        judges.map(({ judge, outcome }) => [judge, outcome]),
        JUDGES.map((name) => [name, "scored"]),
      );
      assert.ok(Math.abs(reward! - meanOf(judges)) < 1e-9);
      assert.ok(Math.abs(reward! - judges.reduce((sum, { contribution }) => sum + contribution!, 0)) < 1e-9);
    }
    assert.equal(new Set(candidates.map(({ reward }) => reward)).size, 3);
  });

  const odd = ["", " ", "\n\t\n", "[SEP]", "</s>", "<|im_end|>", "\u0000", "\u200b\u202e", "🙂🙂🙂", "a", "."];
  it("scores an odd response with a finite number or gives none and says why, whatever the kind", async () => {
    for (const text of odd) {
      const candidates = await score("What is two and two?", [text, "Four."]);
      const [{ status, reward, judges }, ordinary] = candidates as [Candidate, Candidate];
      const about = JSON.stringify(text);
      for (const { judge, outcome, raw, error } of judges) {
        if (outcome === "scored") assert.ok(Number.isFinite(raw), `${judge} of ${about}`);
        else assert.deepEqual([raw, outcome === "abstained" || error !== undefined], [undefined, true], `${judge} of ${about}: ${outcome}`);
      }
      assert.equal(reward === undefined, status === "failed", about);
      if (reward !== undefined) assert.ok(Math.abs(reward - meanOf(judges)) < 1e-9, about);
      assert.equal(ordinary.status, "complete", `beside ${about}`);
    }
  });

  it("loses the parts of a server that dies under the request, keeps the others, and has them again when it is back", async () => {
    const { port } = chat;
    let asked: () => void = () => undefined;
    const underWay = new Promise<void>((resolve) => {
      asked = resolve;
    });
    chat.script = () => {
      asked();
      return undefined;
    };
    const answer = score("What is three and one?");
    await underWay;
    await chat.close();
    for (const { status, reward, judges } of await answer) {
      assert.equal(status, "degraded");
      const parts = new Map(judges.map((part) => [part.judge, part]));
      for (const name of ASKED) {
        const { outcome, error, raw, contribution } = parts.get(name)!;
        assert.deepEqual([outcome, error?.reason, raw, contribution], ["failed", "BACKEND_UNAVAILABLE", undefined, undefined]);
      }
      const left = judges.filter(({ judge }) => !ASKED.includes(judge));
      assert.ok(left.every(({ outcome }) => outcome === "scored"));
      assert.ok(Math.abs(reward! - meanOf(left)) < 1e-9);
    }

    chat = await startChatServer(answers, port);
    let again: Candidate[] = [];
    await settled(async () => {
      again = await score("What is three and one?");
      return again[0]!.status === "complete";
    }, "the parts of a server that is back");
    for (const { status, reward, judges } of again) {
      assert.equal(status, "complete");
      assert.ok(Math.abs(reward! - meanOf(judges)) < 1e-9);
    }
  });
});
