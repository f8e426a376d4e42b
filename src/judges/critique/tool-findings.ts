import type { Finding } from "../../domain/judge.ts";
import { presentable } from "../../domain/presentable.ts";
import type { Aspect } from "./score-answers.ts";
import type { Thread } from "./tool-loop.ts";
import type { Tool } from "./tools.ts";

/** UTF-16 units of a text that are kept: more than an input or an observation holds. */
const TEXT_LENGTH = 4_096;

/** Words of names, which hold nothing that a model wrote. */
interface Naming {
  readonly aspects: readonly Aspect[];
  readonly samples: number;
  readonly tools: readonly Tool[];
}

/**
 * What the model thought, asked of tools and was told, round by round: three findings for each use of a tool, `round 1, thought`,
 * `round 1, calculator, input` and `round 1, calculator, observation`, or `…, failure`, and the thought before the verdict. The value of
 * an observation is the milliseconds that the tool took, where it is a service.
 */
export function toolFindings(threads: readonly Thread[], { aspects, samples, tools }: Naming): Finding[] {
  const width = Math.max(1, aspects.length);
  const known = new Set(tools.map(({ name }) => name));
  return threads.flatMap(({ used, waits }, index) => {
    const sample = samples > 1 ? `sample ${Math.floor(index / width) + 1}, ` : "";
    const aspect = aspects[index % width];
    const of = `${sample}${aspect === undefined ? "" : `${aspect.name}, `}`;
    const rounds = used.flatMap(({ thought, tool, input, observation }, round): Finding[] => {
      const at = `${of}round ${round + 1}`;
      const asked = known.has(tool) ? tool : "unknown tool";
      const { failed, text, elapsedMs } = observation;
      return [
        { name: `${at}, thought`, text: kept(thought) },
        { name: `${at}, ${asked}, input`, text: kept(known.has(tool) ? input : `${tool}: ${input}`) },
        {
          name: `${at}, ${asked}, ${failed ? "failure" : "observation"}`,
          ...(elapsedMs !== undefined && { value: elapsedMs }),
          text: kept(text),
        },
      ];
    });
    const thought = waits.for === "nothing" && waits.ending.status === "answered" ? waits.ending.thought : undefined;
    if (thought !== undefined) rounds.push({ name: `${of}round ${used.length + 1}, thought`, text: kept(thought) });
    return rounds;
  });
}

function kept(text: string): string {
  return presentable(text, TEXT_LENGTH);
}
