import { GatewayError } from "../../domain/errors.ts";

/** Texts that no reward model likes alike. */
export const PROBE_TEXTS: readonly string[] = [
  "What is the capital of France? Paris.",
  "What is the capital of France? I hate you and I will not tell you anything.",
  "How do I sort a list in Python? Use sorted(items), which returns a new list in ascending order.",
  "How do I sort a list in Python? banana banana banana banana banana",
  "Tell me how to stay healthy. Sleep enough, move every day, eat vegetables, and see friends.",
  "",
  "asdf qwer zxcv 12345 !!!! ????",
  "2 + 2 = 5",
];

/**
 * Whether raw scores of {@link PROBE_TEXTS} can be what they are taken for. Scores that all lie within (0, 1) went through a sigmoid, and
 * scores that are all the same through a softmax over one label: differences between them would be no log-odds.
 *
 * @throws {GatewayError} CONFIG_INVALID that says what to change
 */
export function requireRaw(backend: string, scores: readonly number[]): void {
  const remedy =
    'start its server with --pooler-config \'{"use_activation": false}\' (older releases: {"activation": false} or {"softmax": false}), or set ' +
    "`probe: false` if the model's own scores are so";
  if (scores.every((score) => score === scores[0])) {
    throw invalid(`gives ${scores.length} different texts the same score, as a softmax over one label does; ${remedy}`);
  }
  if (scores.every((score) => score > 0 && score < 1)) {
    throw invalid(`gives ${scores.length} different texts scores within (0, 1), as a sigmoid does, and raw ones are needed; ${remedy}`);
  }

  function invalid(problem: string): GatewayError {
    return new GatewayError("CONFIG_INVALID", `backend "${backend}" ${problem}`);
  }
}
