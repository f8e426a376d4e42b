import { z } from "zod";
import { parseJson } from "../../../domain/json.ts";
import { partsBetween } from "../../shared/places.ts";
import { countBullets, countHighlights, countOccurrences, countSentences, paragraphsOf, wordsOf } from "./units.ts";

/** What checks need besides the text. */
export interface Tools {
  /** Language of a text in two letters of ISO 639-1; empty when there is none to tell. */
  languageOf(text: string): string;
  /** Languages that `languageOf` can tell. */
  readonly languages: ReadonlySet<string>;
}

/** Whether a text follows one instruction; undefined when this cannot be told, whatever the text. */
export type Check = (text: string, tools: Tools) => boolean | undefined;

/** An instruction that can be checked: its arguments, and the check that they make. */
interface Instruction<A> {
  readonly args: z.ZodType<A>;
  check(args: A): Check;
}

function instruction<S extends z.ZodRawShape>(
  shape: S,
  check: (args: z.output<z.ZodObject<S>>) => Check,
): Instruction<z.output<z.ZodObject<S>>> {
  return { args: z.object(shape), check };
}

const phrase = z.string().min(1).max(10_000);
const phrases = z.array(phrase).min(1).max(100);
const count = z.int().min(0).max(1_000_000);
const relation = z.enum(["at least", "less than"]);

function compare(value: number, how: z.output<typeof relation>, bound: number): boolean {
  return how === "at least" ? value >= bound : value < bound;
}

/** Where words are told apart to count capitals: "X-RAY", "O'NEILL" and "10:30AM" are one, "I'M", "CAN'T" and "A&B" two. */
const BETWEEN_CAPITALS = /[\s;@#$%&*!?"“”„«»‘’`()[\]{}<>—]+|--|\.{2,}|[:,](?!\d)|'(?=(?:[smdt]|ll|re|ve)?(?![\p{L}\p{N}']))/iu;

/** Languages are told without case, since models of them know lower case best. */
const isEnglish = (text: string, { languageOf }: Tools) => ["en", ""].includes(languageOf(text.toLowerCase()));

/**
 * Instructions whose following a program can check, by the ids of IFEval. A phrase is a phrase and no pattern.
 *
 * @see Zhou et al. 2023, Instruction-Following Evaluation for Large Language Models, arXiv:2311.07911
 */
export const INSTRUCTIONS = {
  "keywords:existence": instruction({ keywords: phrases }, ({ keywords }) => {
    return (text) => keywords.every((keyword) => countOccurrences(text, keyword) > 0);
  }),
  "keywords:frequency": instruction({ keyword: phrase, frequency: count, relation }, ({ keyword, frequency, relation }) => {
    return (text) => compare(countOccurrences(text, keyword), relation, frequency);
  }),
  "keywords:forbidden_words": instruction({ forbidden_words: phrases }, ({ forbidden_words }) => {
    return (text) => forbidden_words.every((word) => countOccurrences(text, word, { whole: true }) === 0);
  }),
  "keywords:letter_frequency": instruction(
    { letter: z.string().length(1), let_frequency: count, let_relation: relation },
    ({ letter, let_frequency, let_relation }) => {
      return (text) => compare(countOccurrences(text, letter), let_relation, let_frequency);
    },
  ),
  "language:response_language": instruction({ language: z.string().min(2).max(10) }, ({ language }) => {
    const [wanted = ""] = language.toLowerCase().split("-");
    return (text, { languageOf, languages }) => (languages.has(wanted) ? languageOf(text) === wanted : undefined);
  }),
  "length_constraints:number_sentences": instruction({ num_sentences: count, relation }, ({ num_sentences, relation }) => {
    return (text) => compare(countSentences(text), relation, num_sentences);
  }),
  "length_constraints:number_paragraphs": instruction({ num_paragraphs: count }, ({ num_paragraphs }) => {
    return (text) => {
      const parts = text.split("***").map((part) => part.trim());
      const inner = parts.slice(1, -1);
      return !inner.includes("") && parts.filter((part) => part !== "").length === num_paragraphs;
    };
  }),
  "length_constraints:number_words": instruction({ num_words: count, relation }, ({ num_words, relation }) => {
    return (text) => compare(wordsOf(text).length, relation, num_words);
  }),
  "length_constraints:nth_paragraph_first_word": instruction(
    { num_paragraphs: count, nth_paragraph: count, first_word: phrase },
    ({ num_paragraphs, nth_paragraph, first_word }) => {
      return (text) => {
        const paragraphs = paragraphsOf(text);
        const [word = ""] = paragraphs[nth_paragraph - 1]?.split(/\s+/) ?? [];
        const bare = word
          .replace(/^'+/, "")
          .replace(/^"+/, "")
          .split(/[.,?!'"]/)[0]!;
        return paragraphs.length === num_paragraphs && bare.toLowerCase() === first_word.toLowerCase();
      };
    },
  ),
  "detectable_content:number_placeholders": instruction({ num_placeholders: count }, ({ num_placeholders }) => {
    return (text) => (text.match(/\[[^[\]\n]*\]/g) ?? []).length >= num_placeholders;
  }),
  "detectable_content:postscript": instruction({ postscript_marker: phrase }, ({ postscript_marker }) => {
    // One space may follow a full stop inside the marker: "P. S." is as good as "P.S.".
    const marker = postscript_marker.toLowerCase().replace(/\.\s?(?=\S)/g, ".");
    return (text) => countOccurrences(text.replace(/\.\s(?=\S)/g, "."), marker) > 0;
  }),
  "detectable_format:number_bullet_lists": instruction({ num_bullets: count }, ({ num_bullets }) => {
    return (text) => countBullets(text) === num_bullets;
  }),
  "detectable_format:number_highlighted_sections": instruction({ num_highlights: count }, ({ num_highlights }) => {
    return (text) => countHighlights(text) >= num_highlights;
  }),
  "detectable_format:multiple_sections": instruction(
    { section_spliter: phrase, num_sections: count },
    ({ section_spliter, num_sections }) => {
      return (text) => {
        const afterEach = partsBetween(section_spliter.trim(), text).slice(1);
        return afterEach.filter((after) => /^\s?\p{Nd}/u.test(after)).length >= num_sections;
      };
    },
  ),
  "detectable_format:title": instruction({}, () => {
    return (text) => text.split("\n").some(holdsTitle);
  }),
  "detectable_format:json_format": instruction({}, () => (text) => {
    const body = text.trim();
    const fenced = /^```(?:json)?/i.exec(body)?.[0] ?? "";
    return parseJson(body.slice(fenced.length).replace(/```$/, "")) !== undefined;
  }),
  "detectable_format:constrained_response": instruction({}, () => {
    const answers = ["My answer is yes.", "My answer is no.", "My answer is maybe."];
    return (text) => answers.some((answer) => text.includes(answer));
  }),
  "combination:repeat_prompt": instruction({ prompt_to_repeat: phrase }, ({ prompt_to_repeat }) => {
    const wanted = prompt_to_repeat.trim().toLowerCase();
    return (text) => text.trim().toLowerCase().startsWith(wanted);
  }),
  "combination:two_responses": instruction({}, () => (text) => {
    const parts = text.split("******").map((part) => part.trim());
    const [first, second, ...others] = parts.filter((part) => part !== "");
    return !parts.slice(1, -1).includes("") && second !== undefined && others.length === 0 && first !== second;
  }),
  "startend:end_checker": instruction({ end_phrase: phrase }, ({ end_phrase }) => {
    const wanted = end_phrase.trim().toLowerCase();
    return (text) => [text.trim(), withoutLastQuotes(text.trim())].some((end) => end.toLowerCase().endsWith(wanted));
  }),
  "startend:quotation": instruction({}, () => (text) => {
    const body = text.trim();
    return body.length > 1 && body.startsWith('"') && body.endsWith('"');
  }),
  "change_case:english_capital": instruction({}, () => (text, tools) => isUpperCase(text) && isEnglish(text, tools)),
  "change_case:english_lowercase": instruction({}, () => (text, tools) => isLowerCase(text) && isEnglish(text, tools)),
  "change_case:capital_word_frequency": instruction(
    { capital_frequency: count, capital_relation: relation },
    ({ capital_frequency, capital_relation }) => {
      return (text) => compare(text.split(BETWEEN_CAPITALS).filter(isUpperCase).length, capital_relation, capital_frequency);
    },
  ),
  "punctuation:no_comma": instruction({}, () => (text) => !text.includes(",")),
} as const;

/** Whether a text has capitals, and no other letters that have a case. */
function isUpperCase(text: string): boolean {
  return /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);
}

/** Whether a text has small letters, and no other letters that have a case. */
function isLowerCase(text: string): boolean {
  return /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text);
}

/** Whether anything but brackets and spaces stands between the first `<<` of a line and its last `>>`. */
function holdsTitle(line: string): boolean {
  const [start, end] = [line.indexOf("<<"), line.lastIndexOf(">>")];
  return start >= 0 && /[^<>\s]/.test(line.slice(start + 2, Math.max(start + 2, end)));
}

/** A loop takes them off: a pattern would try every run of them anew. */
function withoutLastQuotes(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === '"') end--;
  return text.slice(0, end);
}
