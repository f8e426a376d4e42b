import type { Candidate, Content, Criterion, Item } from "../../src/domain/item.ts";
import { ROLES } from "../../src/domain/item.ts";
import { ScoreRequest, ScoreStreamRequest } from "../../src/gen/rewardgate/v1/reward_service.ts";
import type { WireOptions, WireSteering } from "../../src/transport/request-options.ts";

/** A request as a caller means it: what is left out is left out on every wire. */
export interface Meant {
  readonly panel: string;
  readonly items: readonly MeantItem[];
  readonly options: WireOptions;
  readonly run?: string | undefined;
  readonly step?: number | undefined;
}

/** Without an id it is called by its place. */
export type MeantItem = Partial<Pick<Item, "id">> & Omit<Item, "id">;

/** How JSON writes what may be written in two ways: `brief` leaves out what is empty, and writes text for a prompt of one message. */
export type Style = "brief" | "whole";

const isEmpty = (value: unknown) =>
  value === undefined || value === false || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
const without = (object: object, drop: (value: unknown) => boolean) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => !drop(value)));

const contentJson = (content: Content) =>
  typeof content === "string"
    ? content
    : content.map((part) => (part.type === "text" ? part : { type: "image_url", image_url: { url: part.url } }));

function itemJson({ prompt, candidates, baselines = [], criteria = [], metadata = {}, ...more }: MeantItem, style: Style): object {
  const whole = (object: object) => (style === "whole" ? object : without(object, isEmpty));
  const judged = ({ content, truncated = false, ...told }: Candidate) => ({
    content: contentJson(content),
    ...told,
    ...whole({ truncated }),
  });
  const criterion = ({ hard = false, dependsOn = [], ...told }: Criterion) => ({ ...told, ...whole({ hard, dependsOn }) });
  const [first, ...others] = prompt;
  const plain = style === "brief" && others.length === 0 && first?.role === "user" && typeof first.content === "string";
  return {
    ...more,
    prompt: plain ? first.content : prompt.map(({ role, content }) => ({ role, content: contentJson(content) })),
    candidates: candidates.map(judged),
    ...whole({ baselines: baselines.map(judged), criteria: criteria.map(criterion), metadata }),
  };
}

/** The body of a unary request. */
export function bodyOf({ items, options, ...more }: Meant, style: Style): string {
  const chosen = style === "whole" ? { objectiveWeights: {}, weightSets: [], stateVersions: {}, ...options } : options;
  return JSON.stringify({ ...more, items: items.map((item) => itemJson(item, style)), ...(!isEmpty(chosen) && { options: chosen }) });
}

/** The lines of a stream. */
export function linesOf({ items, ...more }: Meant, style: Style): string {
  return items.map((item) => `${JSON.stringify({ ...more, item: itemJson(item, style) })}\n`).join("");
}

/** Numbers of the wire for words; 0 where there is none. */
const enumOf = (words: readonly string[]) => (word: string | undefined) => (word === undefined ? 0 : words.indexOf(word) + 1);
const modeOf = enumOf(["override", "multiply", "blend"]);

const textProto = (value: string) => ({ form: { $case: "text" as const, value } });
const contentProto = (content: Content) =>
  typeof content === "string"
    ? textProto(content)
    : {
        form: {
          $case: "parts" as const,
          value: {
            parts: content.map((part) => ({
              kind:
                part.type === "text"
                  ? { $case: "text" as const, value: part.text }
                  : { $case: "imageUrl" as const, value: { url: part.url } },
            })),
          },
        },
      };

const candidateProto = ({ content, offsets, ...more }: Candidate) => ({
  ...more,
  content: contentProto(content),
  ...(offsets && { offsets: { ...offsets, unit: enumOf(["codePoint", "utf16"])(offsets.unit) } }),
});

function itemProto({ prompt, candidates, baselines = [], ...more }: MeantItem) {
  const [first, ...others] = prompt;
  const plain = others.length === 0 && first?.role === "user" && typeof first.content === "string";
  const messages = prompt.map(({ role, content }) => ({ role: enumOf(ROLES)(role), content: contentProto(content) }));
  return {
    ...more,
    prompt: plain ? textProto(first.content) : { form: { $case: "messages" as const, value: { messages } } },
    candidates: candidates.map(candidateProto),
    baselines: baselines.map(candidateProto),
  };
}

function optionsProto({ detail, cache, priority, weightSets = [], ...more }: WireOptions) {
  const steered = ({ steeringMode, ...told }: WireSteering) => ({ ...told, steeringMode: modeOf(steeringMode) });
  return {
    ...steered(more),
    detail: enumOf(["reward", "judges", "full"])(detail),
    cache: enumOf(["use", "bypass", "refresh"])(cache),
    priority: enumOf(["critical", "standard", "sheddable"])(priority),
    weightSets: weightSets.map(({ name, memberWeights, ...set }) => ({ name, memberWeights, ...steered(set) })),
  };
}

/** The message of a unary request. */
export function messageOf({ items, options, ...more }: Meant): ScoreRequest {
  return ScoreRequest.fromPartial({ ...more, items: items.map(itemProto), options: optionsProto(options) } as never);
}

/** The messages of a stream. */
export function messagesOf({ items, options, ...more }: Meant): ScoreStreamRequest[] {
  return items.map((item) => ScoreStreamRequest.fromPartial({ ...more, item: itemProto(item), options: optionsProto(options) } as never));
}

/** Words of an answer's enums in the order of the wire, whose 0 is never sent. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  status: ["complete", "degraded", "failed", "vetoed"],
  outcome: ["scored", "failed", "skipped", "abstained", "not_applicable", "not_asked"],
  verdict: ["satisfied", "violated", "unknown"],
  side: ["prompt_start", "candidate_end", "both"],
  stopped: ["settled", "exhausted", "moot"],
  openBy: ["missing", "threshold", "best", "band", "margin", "conflict"],
  leftOpen: ["missing", "threshold", "best", "band", "margin", "conflict"],
};

/** What differs with whoever asks first, and when. */
const PASSING: ReadonlySet<string> = new Set(["timing", "usage", "cached", "tokens", "requestId", "retryAfterMs"]);

/**
 * What an answer says, the same however it is written: words for enums, nothing that is empty, one zero, and `error` where the domain
 * says `failure`. Whether a score was in the cache, and what it cost, is left out.
 */
export function saidBy(answer: unknown, key = ""): unknown {
  if (Array.isArray(answer)) return answer.map((each) => saidBy(each, key));
  if (typeof answer === "object" && answer !== null) {
    const said = Object.entries(answer).flatMap(([name, value]): [string, unknown][] => {
      const told = PASSING.has(name) ? undefined : saidBy(value, name);
      return told === undefined || (typeof told === "object" && isEmpty(told)) ? [] : [[name === "failure" ? "error" : name, told]];
    });
    return Object.fromEntries(said);
  }
  if (typeof answer !== "number") return answer;
  return WORDS[key]?.[answer - 1] ?? (answer === 0 ? 0 : answer);
}

/** The same answer with the other's numbers where its own are as near as judges with a tolerance promise, so that what is left to differ is more. */
export function nearTo(other: unknown, answer: unknown): unknown {
  if (typeof answer === "number" && typeof other === "number")
    return Math.abs(answer - other) <= 1e-4 * (1 + Math.abs(other)) ? other : answer;
  if (typeof answer !== "object" || answer === null || typeof other !== "object" || other === null) return answer;
  if (Array.isArray(answer)) return answer.map((each, i) => nearTo((other as unknown[])[i], each));
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, nearTo((other as Record<string, unknown>)[name], value)]));
}
