import { mixed } from "./scored-rows.ts";

const WORDS = ["good", "bad", "fine", "the", "is", "what", "yes", "no", "egg", "water"];

/** Some words, the same for each index. */
function wordsOf(index: number, stream: number): string {
  const length = 1 + Math.floor(9 * mixed(index, stream));
  return Array.from({ length }, (_, k) => WORDS[Math.floor(WORDS.length * mixed(10 * index + k, stream + 50))]).join(" ");
}

/** Pairs with subsets of RM-Bench's form and two languages. */
export function labelledPairs(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `pair-${i}`,
    prompt: [{ role: "user", content: `${wordsOf(i, 0)} ${i}` }],
    chosen: wordsOf(i, 1),
    rejected: wordsOf(i, 2),
    subset: i % 2 === 0 ? "chat-easy" : "chat-hard",
    language: i % 3 === 0 ? "de" : "en",
  }));
}

/** Groups of six rated responses. */
export function labelledGroups(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `group-${i}`,
    prompt: `${wordsOf(i, 3)} group ${i}`,
    responses: Array.from({ length: 6 }, (_, k) => wordsOf(6 * i + k, 4)),
    ratings: Array.from({ length: 6 }, (_, k) => Math.round(4 * mixed(6 * i + k, 5))),
  }));
}

/** Responses that are rated one by one in two dimensions, four to a prompt. */
export function ratedResponses(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `rated-${i}`,
    prompt: `what is prompt ${Math.floor(i / 4)}`,
    response: wordsOf(i, 6),
    ratings: { fluency: 5 * mixed(i, 7), relevance: 5 * mixed(i, 8) },
  }));
}

/** Solutions with flags of which are correct. */
export function verifiableRows(count: number): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `sum-${i}`,
    prompt: `what is ${i} and 1`,
    answer: "yes",
    responses: [0, 1, 2].map((k) => wordsOf(3 * i + k, 9)),
    meta: { correct: [true, false, i % 2 === 0] },
  }));
}
