/** A small WordPiece vocabulary for tests: enough to spell any ASCII word, with the role markers of chat templates. */

export const SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[USER]", "[ASSISTANT]", "[SYSTEM]"];

/** Words with ids of their own. Test models give the last two their own meaning; see `onnx-model.ts`. */
const WORDS = ["good", "bad", "fine", "the", "a", "is", "what", "yes", "no", "word"];
const CHARACTERS = [..."abcdefghijklmnopqrstuvwxyz0123456789"];
const PUNCTUATION = [...".,!?[]<>|/:;-"];

/** The id of a word that makes a test model's numbers NaN. */
export const NAN_WORD = "nan";
/** The word with the last id, which a model built with `withoutLastWord` does not know and one with `endlessOnLastWord` dies of. */
export const POISON_WORD = "poison";

/** The special token after which a test model with steps scores the step before. */
export const STEP_TOKEN = "[STEP]";

export const VOCABULARY: readonly string[] = [
  ...SPECIAL_TOKENS,
  ...PUNCTUATION,
  ...CHARACTERS,
  ...CHARACTERS.map((character) => `##${character}`),
  ...WORDS,
  STEP_TOKEN,
  NAN_WORD,
  POISON_WORD,
];

/** The chat template that goes with the vocabulary: every turn after its role's marker, the candidate between separators. */
export const TEMPLATE =
  "[CLS]{% for m in messages %}{% if loop.last %}[SEP]{{ m.content }}[SEP]" +
  "{% elif m.role == 'assistant' %}[ASSISTANT]{{ m.content }}{% else %}[USER]{{ m.content }}{% endif %}{% endfor %}";

export function idOf(token: string): number {
  return VOCABULARY.indexOf(token);
}

/** The text of a `tokenizer.json` over {@link VOCABULARY}. */
export function tokenizerJson(): string {
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [...SPECIAL_TOKENS, STEP_TOKEN].map((content) => ({
      id: idOf(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: null,
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(VOCABULARY.map((token, id) => [token, id])),
    },
  });
}
