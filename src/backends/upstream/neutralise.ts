/**
 * Strings that chat templates turn into control tokens, at the character after which a space keeps them from it: `<|…|>` of
 * ChatML, Llama 3, Phi and Qwen, and its full-width form of DeepSeek; `<s>`, `</s>` and the other sentence tokens; `[INST]`
 * and the other bracketed tokens of Mistral; `<<SYS>>` of Llama 2; turns of Gemma; tags of thoughts, tools and images.
 */
const CONTROL_STRINGS =
  /<(?=[|｜][^<>|｜\s]{1,64}[|｜]>)|<(?=\/?(?:s|bos|eos|pad|unk|mask|cls|sep|think|thinking|tool_call|tool_response|tools|start_of_turn|end_of_turn|start_of_image|end_of_image|image|im_start|im_end|unused\d+|reserved_\w+)>)|<(?=<\/?SYS>)|\[(?=\/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS|CALL_ID|THINK|IMG|IMG_BREAK|IMG_END|PREFIX|MIDDLE|SUFFIX|CLS|SEP|MASK|PAD|UNK|BOS|EOS|gMASK|sop)\])/gi;

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
