import { readFileSync } from "node:fs";
import type { Item } from "../src/domain/item.ts";

/** One prompt with one candidate. */
export interface BenchText {
  readonly prompt: string;
  readonly candidate: string;
}

/** A uniform generator in [0, 1) from a seed (mulberry32), so that every run and every process has the same texts. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const vocabulary = readFileSync(new URL("../LICENSE", import.meta.url), "utf8").match(/[A-Za-z]+/g)!;

/** So many words of the licence in random order. */
export function words(count: number, random: () => number): string {
  return Array.from({ length: count }, () => vocabulary[Math.floor(random() * vocabulary.length)]!).join(" ");
}

/**
 * Texts of mixed length: words of the project's own licence and manifest in random order, log-normal in length with a
 * median near 130 words and a long tail, cut at 350, a third of it prompt.
 */
export function mixedTexts(count: number, seed: number): BenchText[] {
  const random = seededRandom(seed);
  const some = (length: number) => words(length, random);
  return Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const length = Math.round(Math.min(350, Math.max(12, 130 * Math.exp(0.6 * normal))));
    const promptLength = Math.ceil(length / 3);
    return { prompt: some(promptLength), candidate: some(length - promptLength) };
  });
}

/** An item per text. */
export function itemsOf(texts: readonly BenchText[]): Item[] {
  return texts.map(({ prompt, candidate }, index) => ({
    id: `${index}`,
    prompt: [{ role: "user", content: prompt }],
    candidates: [{ content: candidate }],
  }));
}

/** Consecutive slices of at most `size`. */
export function chunk<T>(values: readonly T[], size: number): T[][] {
  const slices: T[][] = [];
  for (let start = 0; start < values.length; start += size) slices.push(values.slice(start, start + size));
  return slices;
}
