import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Item } from "../src/domain/item.ts";
import { DEFAULT_OPTIONS } from "../src/domain/score.ts";
import { seededRandom, words } from "./corpus.ts";
import { createLogger, loadConfig, openGateway } from "./product.ts";

/**
 * Candidates per second of `chat-group`, which reads a prompt once for its whole group, against `chat-reward`, which reads it once per
 * candidate: the same texts through the same engine, by turns in one run, without the cache.
 */
const { values: flags } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, candidates: { type: "string", default: "64" } },
});
/** Words of the prompt and of a candidate. */
const SHAPES = [
  { prompt: 20, candidate: 60 },
  { prompt: 60, candidate: 60 },
  { prompt: 180, candidate: 60 },
] as const;
const SIZES = [2, 4, 8] as const;
const PANELS = ["group", "reward"] as const;

const config = await loadConfig({ file: fileURLToPath(new URL("groups.yaml", import.meta.url)), variables: {} });
const gateway = await openGateway(config, { log: createLogger({ level: "error" }) });

console.log(
  "| prompt + candidate, words | candidates of a group | chat-group, candidates/s | chat-reward, candidates/s | ratio (least to largest of the rounds) |",
);
console.log("| - | -: | -: | -: | -: |");
for (const shape of SHAPES) {
  for (const size of SIZES) {
    const items = groups(Math.max(1, Math.round(Number(flags.candidates) / size)), size, shape);
    const rates: Record<(typeof PANELS)[number], number[]> = { group: [], reward: [] };
    // The first round warms the processes up and does not count.
    for (let round = 0; round <= Number(flags.rounds); round++) {
      for (const panel of PANELS) {
        const rate = await measure(panel, items);
        if (round > 0) rates[panel].push(rate);
      }
    }
    const ratios = rates.group.map((rate, round) => rate / rates.reward[round]!).sort((a, b) => a - b);
    const spread = `${median(ratios).toFixed(2)} (${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)})`;
    const cells = [`${shape.prompt} + ${shape.candidate}`, size, median(rates.group).toFixed(1), median(rates.reward).toFixed(1), spread];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
await gateway.close();

function groups(count: number, size: number, shape: (typeof SHAPES)[number]): Item[] {
  const random = seededRandom(11);
  return Array.from({ length: count }, (_, index) => ({
    id: `${index}`,
    prompt: [{ role: "user" as const, content: words(shape.prompt, random) }],
    candidates: Array.from({ length: size }, () => ({ content: words(shape.candidate, random) })),
  }));
}

/** Candidates per second over all items, handed over in one request. */
async function measure(panel: string, items: readonly Item[]): Promise<number> {
  const context = { requestId: "bench", transport: "cli" as const, signal: new AbortController().signal };
  const began = performance.now();
  const { results } = await gateway.service.score({ panel, items, options: { ...DEFAULT_OPTIONS, cache: "bypass" } }, context);
  const seconds = (performance.now() - began) / 1000;
  const scored = results.flatMap(({ candidates }) => candidates).filter(({ reward }) => reward !== undefined && reward !== null);
  const expected = items.reduce((sum, { candidates }) => sum + candidates.length, 0);
  if (scored.length !== expected) throw new Error(`panel ${panel} scored ${scored.length} of ${expected} candidates`);
  return expected / seconds;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
