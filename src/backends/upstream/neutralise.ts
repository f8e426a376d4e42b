/** Names of control tokens that stand between `<` and `>`, and with a `/` before them too. */
const ANGLED = [
  ...["s", "bos", "eos", "pad", "unk", "mask", "cls", "sep", "im_start", "im_end", "eoh", "eoa", "eom", "image", "audio", "video"],
  ...[
    "think",
    "thinking",
    "tools?",
    "tool_calls?",
    "tool_code",
    "tool_outputs?",
    "tool_responses?",
    "function_calls?",
    "function_results?",
  ],
  ...["(?:start|begin|beginning|end)_of_\\w{1,32}", "unused_?\\d{1,6}", "reserved_\\w{1,32}", "extra_id_\\d{1,6}", "special_\\d{1,6}"],
  ...["tokens_unused_\\d{1,6}", "fim_\\w{1,16}", "file_sep", "repo_name", "commit_\\w{1,16}", "seed:\\w{1,32}"],
];
/** The same between `[` and `]`. */
const BRACKETED = [
  ...[
    "inst",
    "system_prompt",
    "available_tools",
    "tool_calls",
    "tool_results",
    "tool_content",
    "args",
    "call_id",
    "think",
    "model_settings",
  ],
  ...[
    "img",
    "img_break",
    "img_end",
    "audio",
    "begin_audio",
    "prefix",
    "middle",
    "suffix",
    "cls",
    "sep",
    "mask",
    "pad",
    "unk",
    "bos",
    "eos",
  ],
  ...["gmask", "sop"],
];
const BARRED = "[^<>|｜\\s]{1,64}";

/**
 * Strings that chat templates turn into control tokens, at the character after which a space keeps them from it: `<|…|>` of ChatML,
 * Llama 3, Phi, Qwen and others, its full-width form of DeepSeek and the forms with one bar of Gemma 4; `[|…|]` of EXAONE and `<[…]>` of
 * Seed; sentence tokens, turns, and tags of thoughts, tools, images and code; bracketed tokens of Mistral and BERT; `<<SYS>>` of Llama 2;
 * `]~b]` and its like of MiniMax. Every repetition is bounded, so a search is linear.
 */
const CONTROL_STRINGS = new RegExp(
  [
    `<(?=[|｜]${BARRED}[|｜]?>)`,
    `<(?=${BARRED}[|｜]>)`,
    `<(?=/?(?:${ANGLED.join("|")})>)`,
    "<(?=</?SYS>)",
    "<(?=\\[[^<>[\\]\\s]{1,64}\\]>)",
    "\\[(?=\\|[\\w/-]{1,64}\\|\\])",
    `\\[(?=/?(?:${BRACKETED.join("|")})\\])`,
    "\\](?=~!?b[[\\]])",
    "\\[(?=e~\\[)",
  ].join("|"),
  "gi",
);

/**
 * Breaks up what a server that takes text could read as a control token, with a space in it, so that a reader still sees what
 * was there. Text without such strings is unchanged, and so is text that was broken up before.
 *
 * @returns the text and how many strings were broken up
 */
export function neutralise(text: string): { readonly text: string; readonly broken: number } {
  let broken = 0;
  const safe = text.replace(CONTROL_STRINGS, (start) => {
    broken++;
    return `${start} `;
  });
  return { text: safe, broken };
}
