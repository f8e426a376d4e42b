import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve as resolvePath } from "node:path";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { createOnnxBackend } from "../src/backends/index.ts";
import { resolve } from "../src/config/resolve.ts";
import type { Item } from "../src/domain/item.ts";
import { DEFAULT_OPTIONS } from "../src/domain/score.ts";
import { seededRandom, words } from "./corpus.ts";
import { createLogger, loadConfig, openGateway } from "./product.ts";

/**
 * Candidates per second of an exported causal judge that reads a prompt once for its candidates, against the same judge that reads it
 * for each: the same texts through the same engine, by turns in one run, without the cache, one thread each.
 */
const { values: flags } = parseArgs({ options: { bundle: { type: "string" }, rounds: { type: "string", default: "3" } } });
if (flags.bundle === undefined) throw new Error("name an exported causal judge: npm run bench:prefix -- --bundle FOLDER");
/** Tokens of the prompt with its template, tokens of a candidate with what ends it, and candidates. */
const SHAPES = [
  { prompt: 1024, candidate: 128, size: 8 },
  { prompt: 1024, candidate: 128, size: 4 },
  { prompt: 1024, candidate: 128, size: 2 },
  { prompt: 256, candidate: 128, size: 8 },
  { prompt: 128, candidate: 256, size: 8 },
] as const;
const PANELS = ["together", "apart"] as const;

const folder = mkdtempSync(join(tmpdir(), "rewardgate-bench-"));
const file = join(folder, "rewardgate.yaml");
const bundle = resolvePath(flags.bundle);
writeFileSync(
  file,
  stringify({
    apiVersion: "rewardgate/v1",
    backends: { together: { type: "onnx", executors: 1 }, apart: { type: "onnx", executors: 1, sharePrefix: false } },
    judges: { together: { bundle, backend: "together" }, apart: { bundle, backend: "apart" } },
    panels: {
      together: { members: [{ judge: "together", calibration: "none" }] },
      apart: { members: [{ judge: "apart", calibration: "none" }] },
    },
  }),
);
const config = await loadConfig({ file, variables: {} });
rmSync(folder, { recursive: true });
const gateway = await openGateway(config, { log: createLogger({ level: "error" }) });
const { judges, backends } = await resolve(config, ["together"]);
const judge = judges[0]!.judge;
const backend = await createOnnxBackend({ ...backends[0]!.onnx, name: "lengths", executors: 1, warmUp: false });

console.log(
  "| prompt + candidate, tokens | candidates | prompt read once, candidates/s | read for each, candidates/s | ratio (least to largest of the rounds) | " +
    "tokens read for each ÷ once | scores differ by at most |",
);
console.log("| - | -: | -: | -: | -: | -: | -: |");
for (const shape of SHAPES) {
  const item = await itemOf(shape);
  const lengths = await lengthsOf(item);
  const rates: Record<(typeof PANELS)[number], number[]> = { together: [], apart: [] };
  let off = 0;
  // The first round warms the processes up and does not count.
  for (let round = 0; round <= Number(flags.rounds); round++) {
    const scores: number[][] = [];
    for (const panel of PANELS) {
      const began = performance.now();
      scores.push(await score(panel, item));
      if (round > 0) rates[panel].push((shape.size / (performance.now() - began)) * 1000);
    }
    off = Math.max(off, ...scores[0]!.map((value, index) => Math.abs(value - scores[1]![index]!)));
  }
  const ratios = rates.together.map((rate, round) => rate / rates.apart[round]!).sort((a, b) => a - b);
  const apart = lengths.candidates.reduce((sum, own) => sum + lengths.prompt + own, 0);
  const together = lengths.candidates.reduce((sum, own) => sum + own, lengths.prompt);
  const candidate = Math.round((together - lengths.prompt) / shape.size);
  const cells = [
    `${lengths.prompt} + ${candidate}`,
    shape.size,
    median(rates.together).toFixed(2),
    median(rates.apart).toFixed(2),
    `${median(ratios).toFixed(2)} (${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)})`,
    (apart / together).toFixed(2),
    off.toExponential(1),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
await backend.close();
await gateway.close();

/** An item of so many tokens, within a few: words are added until the prompt and each candidate have them. */
async function itemOf({ prompt, candidate, size }: (typeof SHAPES)[number]): Promise<Item> {
  const random = seededRandom(11);
  const grown = async (tokens: number, itemWith: (text: string) => Item, count: (item: Item) => Promise<number>): Promise<string> => {
    let text = "";
    for (let step = tokens; step >= 1; step = Math.floor(step / 2)) {
      for (;;) {
        const longer = `${text} ${words(step, random)}`.trim();
        if ((await count(itemWith(longer))) > tokens) break;
        text = longer;
      }
    }
    return text;
  };
  const withPrompt = (content: string, candidates: readonly string[] = ["Yes."]): Item => ({
    id: "bench",
    prompt: [{ role: "user", content }],
    candidates: candidates.map((own) => ({ content: own })),
  });
  const text = await grown(prompt, withPrompt, async (item) => (await lengthsOf(item)).prompt);
  const candidates: string[] = [];
  while (candidates.length < size) {
    candidates.push(
      await grown(
        candidate,
        (own) => withPrompt(text, [own]),
        async (item) => (await lengthsOf(item)).candidates[0]!,
      ),
    );
  }
  return withPrompt(text, candidates);
}

/** Tokens before the candidates, and of each of them. */
async function lengthsOf(item: Item): Promise<{ prompt: number; candidates: number[] }> {
  const calls = judge.encode(item).flatMap((ask) => ask.calls);
  const prepared = await backend.prepare(calls.map((call) => ({ ...call, overlong: "truncate" }) as typeof call));
  let prompt = 0;
  const candidates = prepared.map((call) => {
    if (call instanceof Error) throw call;
    const { candidateStart } = call.payload as { readonly candidateStart: number };
    prompt = candidateStart;
    return call.tokens - candidateStart;
  });
  return { prompt, candidates };
}

async function score(panel: string, item: Item): Promise<number[]> {
  const context = { requestId: "bench", transport: "cli" as const, signal: new AbortController().signal };
  const { results } = await gateway.service.score({ panel, items: [item], options: { ...DEFAULT_OPTIONS, cache: "bypass" } }, context);
  return results[0]!.candidates.map(({ judges: [part] }) => {
    if (part?.raw == null) throw new Error(`panel ${panel} left a candidate without a score: ${part?.failure?.message}`);
    return part.raw;
  });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
