/** How a text is cut into the tokens of BLEU: as WMT does it, with Chinese characters apart, by character, or at spaces. */
export const BLEU_TOKENIZERS = ["13a", "zh", "char", "none"] as const;
export type BleuTokenizer = (typeof BLEU_TOKENIZERS)[number];

/** White space as Python's `str.split` knows it, which differs from JavaScript's `\s` in a few control characters. */
export const PYTHON_SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const SPACES = new RegExp(`${PYTHON_SPACE}+`);
const TRAILING_SPACE = new RegExp(`${PYTHON_SPACE}$`);

/** ASCII punctuation but apostrophe, comma, full stop and hyphen. */
const PUNCTUATION = /[!-&(-+/:-@[-`{-~]/g;

/**
 * Blocks of Chinese characters and their punctuation. U+2001–U+2A6D and U+2F81–U+2FA1 stand here because sacreBLEU means the
 * supplementary planes with them and compares text, so that these are what it sets apart; scores of others are told in its terms.
 */
const CHINESE =
  /[\u3400-\u4db5\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\u2001-\u2a6d\u2f81-\u2fa1\uff00-\uffef\u2e80-\u2eff\u3000-\u303f\u31c0-\u31ef\u2f00-\u2fdf\u2ff0-\u2fff\u3100-\u312f\u31a0-\u31bf\ufe10-\ufe1f\ufe30-\ufe4f\u2600-\u27bf\u3200-\u33ff]/g;

/**
 * The tokens of a text, as sacreBLEU cuts them.
 *
 * @returns tokens without white space, in order
 * @complexity O(length), pure
 * @see Post 2018, A Call for Clarity in Reporting BLEU Scores, arXiv:1804.08771
 * @example bleuTokens("It's 3.5, no?", "13a") // → ["It's", "3.5", ",", "no", "?"]
 */
export function bleuTokens(text: string, tokenizer: BleuTokenizer): string[] {
  const line = trimEnd(text);
  switch (tokenizer) {
    case "13a":
      return splitWestern(` ${unescapeEntities(line.replaceAll("<skipped>", "").replaceAll("-\n", "").replaceAll("\n", " "))} `);
    case "zh":
      return splitWestern(splitAtSpaces(line).join(" ") === "" ? "" : trimStart(line).replace(CHINESE, " $& "));
    case "char":
      return splitAtSpaces(Array.from(line).join(" "));
    case "none":
      return splitAtSpaces(line);
  }
}

function splitWestern(line: string): string[] {
  return splitAtSpaces(
    line
      .replace(PUNCTUATION, " $& ")
      .replace(/([^0-9])([.,])/gu, "$1 $2 ")
      .replace(/([.,])([^0-9])/gu, " $1 $2")
      .replace(/([0-9])(-)/g, "$1 $2 "),
  );
}

function unescapeEntities(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll("&quot;", '"').replaceAll("&amp;", "&").replaceAll("&lt;", "<").replaceAll("&gt;", ">");
}

function splitAtSpaces(text: string): string[] {
  return text.split(SPACES).filter((token) => token !== "");
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && TRAILING_SPACE.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}

function trimStart(text: string): string {
  let start = 0;
  while (start < text.length && TRAILING_SPACE.test(text[start]!)) start++;
  return text.slice(start);
}
