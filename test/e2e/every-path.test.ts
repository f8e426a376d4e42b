import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import fc from "fast-check";
import type { Candidate, Content, Item, Message } from "../../src/domain/item.ts";
import * as wire from "../../src/gen/rewardgate/v1/reward_service.ts";
import { type Gateway, loadConfig, openGateway, type RunningGateway, serve } from "../../src/index.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { resolveOptions, type WireOptions } from "../../src/transport/request-options.ts";
import { runCli } from "../support/cli.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";
import { detailsOf } from "../support/grpc-status.ts";
import { jsonLines, readJsonLines } from "../support/json-lines.ts";
import "../support/property-seed.ts";
import { bodyOf, linesOf, type Meant, type MeantItem, messageOf, messagesOf, nearTo, type Style, saidBy } from "../support/spellings.ts";

/** The same requests over gRPC, HTTP, both streams, in the process and from a file: the same rewards to the bit, and the same refusals. */

const SECTIONS = {
  states: { safety: { kind: "multipliers", judges: { "tiny-objectives": { threshold: 0.4 }, "tiny-reward": { threshold: 0.2 } } } },
  judges: {
    "tiny-objectives": { bundle: "models/tiny-objectives", backend: "local", overlong: "truncate" },
    "tiny-reward": { bundle: "models/tiny-reward", backend: "local" },
    "tiny-steps": { bundle: "models/tiny-steps", backend: "local", overlong: "truncate" },
    exact: { rule: "exact" },
    words: { rule: "lengthBand", unit: "words", min: 2, max: 4, margin: 3 },
    length: { rule: "lengthBand", min: 2, max: 4, margin: 3 },
    varied: { rule: "repetition", n: 1 },
    language: { rule: "language" },
    majority: { rule: "majority", compare: "exact" },
  },
  panels: {
    models: { members: [{ judge: "tiny-objectives" }, { judge: "tiny-reward" }, { judge: "exact", standing: "shadow" }] },
    lesser: {
      members: [
        { judge: "tiny-objectives", onFailure: { impute: 0.5 } },
        { judge: "tiny-reward", calibration: "none" },
      ],
      aggregation: { method: "weightedMean" },
      onFailure: "degrade",
    },
    steps: { members: [{ judge: "tiny-steps", calibration: "none" }] },
    rules: {
      members: ["exact", "words", "varied", "language", "majority"].map((judge, i) => ({ judge, weight: 1 + i })),
      aggregation: { method: "weightedMean" },
      onFailure: "degrade",
      advantages: { method: "grpo" },
    },
    lengths: { members: [{ judge: "length" }, { judge: "varied" }], onFailure: "degrade", advantages: { method: "opo" } },
    staged: { members: [{ judge: "varied" }, { judge: "words", stage: 1 }], sequence: { margin: 0.5 } },
    withheld: {
      members: [{ judge: "varied" }],
      constraints: { judges: [{ judge: "exact", atLeast: 0.5, notApplicable: "satisfied" }] },
      advantages: { method: "drGrpo" },
    },
    gated: {
      members: [{ judge: "tiny-reward" }],
      constraints: {
        judges: [{ name: "harmless", judge: "tiny-objectives", objective: "harmlessness", atLeast: 0 }],
        ...{ baseline: "item", klMax: 5, missingEosPenalty: 1, reward: "crpg" },
      },
    },
    weighed: { members: [{ judge: "tiny-objectives" }, { judge: "tiny-reward" }], weights: { state: "safety" } },
    table: {
      routes: [
        { when: { domain: ["code", "math"] }, panel: "rules" },
        { when: { metadata: { audience: "minors" } }, panel: "withheld" },
        { when: { language: "de" }, panel: "staged" },
        { when: { hasReference: true }, panel: "lesser" },
      ],
      otherwise: "models",
    },
  },
};
const STEERED: readonly string[] = ["models", "lesser", "gated", "weighed", "table"];

/** `nan` makes a model's numbers NaN. */
const WORDS = ["good", "bad", "fine", "yes", "no", "nan", "é", "e\u0301", "ﬁ", "🙂", "\u0000", "\uFEFF", "[SEP]", "\r\n", "\u2028", "4"];
const texts = fc.array(fc.constantFrom(...WORDS), { maxLength: 6 }).map((words) => words.join(" "));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 1 });
/** Mostly the one, and now and then the other, which is refused more often than not. */
const mostly = <T, U>(good: fc.Arbitrary<T>, odd: fc.Arbitrary<U>): fc.Arbitrary<T | U> =>
  fc.oneof({ weight: 20, arbitrary: good }, { weight: 1, arbitrary: odd });
const parts = fc.array(texts, { maxLength: 2 }).map((all) => ["a", ...all].map((text) => ({ type: "text" as const, text })));
const contents: fc.Arbitrary<Content> = mostly(
  fc.oneof({ weight: 4, arbitrary: texts }, { weight: 1, arbitrary: parts }),
  fc.constantFrom<Content>([], [{ type: "image", url: "data:image/png;base64,AA==" }]),
);
const offsets = fc.record({
  unit: fc.constantFrom("codePoint" as const, "utf16" as const),
  stepEnds: fc.constantFrom([], [1], [1, 2], [2, 1]),
  tokenEnds: fc.constantFrom([], [0, 1], [1, 1, 2]),
});
const candidates: fc.Arbitrary<Candidate> = fc
  .record({
    content: contents,
    tokens: mostly(fc.integer({ min: 0, max: 9 }), fc.constant(undefined)),
    kl: mostly(fc.constantFrom(0, 0.1, 4.9, 1e308), fc.constant(undefined)),
    truncated: fc.boolean(),
    offsets: mostly(fc.constant(undefined), offsets),
  })
  .map(known) as fc.Arbitrary<Candidate>;
const messages: fc.Arbitrary<Message> = fc.record({ role: fc.constantFrom("system", "user", "assistant", "tool"), content: contents });
const items: fc.Arbitrary<MeantItem> = fc
  .record({
    id: mostly(maybe(fc.constantFrom("a", "1", "ü", "b c")), fc.constant("x".repeat(257))),
    prompt: mostly(
      texts.chain((text) =>
        fc.array(messages, { maxLength: 2 }).map((all) => [...all, { role: "user" as const, content: `what ${text}` }]),
      ),
      fc.array(messages, { maxLength: 1 }),
    ),
    candidates: mostly(fc.array(candidates, { minLength: 1, maxLength: 4 }), fc.constant([])),
    baselines: maybe(fc.array(candidates, { maxLength: 2 })),
    reference: maybe(fc.constantFrom("yes", "4", "", " ")),
    criteria: mostly(
      maybe(fc.constantFrom([], [{ name: "brief", text: "It is brief.", hard: true }])),
      fc.constant([{ name: "blank", text: " " }]),
    ),
    domain: maybe(fc.constantFrom("code", "math", "chat", "")),
    language: maybe(fc.constantFrom("de", "de-AT", "en", "xx", "")),
    metadata: maybe(fc.constantFrom({}, { audience: "minors" }, { toString: "x", "": "" })),
  })
  .map(known) as fc.Arbitrary<MeantItem>;

const named = <T>(names: readonly string[], values: readonly T[]) =>
  fc.dictionary(fc.constantFrom(...names), fc.constantFrom(...values), { maxKeys: 3, noNullPrototype: true });
const objectives = fc.oneof(
  named(["helpfulness", "harmlessness", "verbosity"], [-1, 0, 0.5, 2]).map((weights) => ({ helpfulness: 1, ...weights })),
  mostly(fc.constant({}), named(["helpfulness", "wit"], [0])),
);
const steering = fc
  .record({ objectiveWeights: objectives, steeringMode: mostly(fc.constantFrom("override", "multiply", "blend"), fc.constant(undefined)) })
  .map(({ objectiveWeights, steeringMode }) => ({
    objectiveWeights,
    ...(Object.keys(objectiveWeights).length > 0 && { steeringMode }),
    ...(steeringMode === "blend" && { steeringAlpha: 0.25 }),
  }))
  .map(known);
const optionsFor = (panel: keyof typeof SECTIONS.panels): fc.Arbitrary<WireOptions> => {
  const steers = STEERED.includes(panel) ? maybe(steering) : fc.constant(undefined);
  const members = panel === "lesser" ? ["tiny-objectives", "tiny-reward"] : ["varied", "nobody"];
  const set = fc.record({ name: fc.constantFrom("one", "two", "é"), memberWeights: named(members, [0.5, 1]), by: steers });
  const sets = fc.uniqueArray(set, { maxLength: 2, selector: ({ name }) => name });
  return fc
    .record({
      by: steers,
      detail: maybe(fc.constantFrom("reward", "judges", "full")),
      cache: maybe(fc.constantFrom("use", "bypass", "refresh")),
      priority: maybe(fc.constantFrom("critical", "standard", "sheddable")),
      deadlineMs: mostly(maybe(fc.constant(60_000)), fc.constant(0)),
      weightSets: panel === "lesser" ? sets : mostly(fc.constant(undefined), sets),
      stateVersions:
        panel === "weighed" ? fc.constantFrom({}, { safety: 0 }, { safety: 9 }) : mostly(fc.constant({}), fc.constant({ x: 1 })),
    })
    .map(({ by, weightSets, ...more }) => ({
      ...by,
      ...known({ ...more, weightSets: weightSets?.map(({ by: own, ...each }) => ({ ...own, ...each })) }),
    })) as fc.Arbitrary<WireOptions>;
};
const panels = Object.keys(SECTIONS.panels) as (keyof typeof SECTIONS.panels)[];
const requests: fc.Arbitrary<Meant> = fc.constantFrom(...panels).chain((panel) =>
  fc
    .record({
      panel: mostly(fc.constant(panel), fc.constant("nobody")),
      items: fc.array(items, { minLength: 1, maxLength: 3 }),
      options: optionsFor(panel),
      run: mostly(maybe(fc.constant("run")), fc.constant("")),
      step: maybe(fc.constantFrom(0, 4_294_967_295)),
    })
    .map((drawn) => known(drawn) as Meant),
);

/** Without the keys of what is undefined. */
function known<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

let written: TestGateway;
let running: RunningGateway;
let library: Gateway;
let client: wire.RewardServiceClient;
before(async () => {
  written = await writeGateway({ model: { nanOnWord: true, steps: 3 }, sections: SECTIONS });
  const config = await loadConfig({ file: written.config, variables: {} });
  const log = createLogger({ level: "silent" });
  running = await serve(config, { log });
  library = await openGateway(config, { log });
  client = new wire.RewardServiceClient(running.addresses.grpc, credentials.createInsecure());
  const meanRewards = { "tiny-objectives": 0.9, "tiny-reward": -0.5 };
  for (const run of ["default", "run"]) await post("/v1/states/safety:step", JSON.stringify({ run, stepId: "1", meanRewards }));
});
after(async () => {
  client?.close();
  await library?.close(0);
  await running?.stop();
  written?.remove();
});

const post = (path: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
  fetch(running.addresses.http + path, {
    ...{ method: "POST", body: body as string },
    headers: { "content-type": "application/json", ...headers },
  });

type Said = { readonly results?: readonly { readonly id: string }[] } & Readonly<Record<string, unknown>>;
const ENCODINGS = [
  [{}, (body: string) => body],
  [{ "content-encoding": "gzip" }, gzipSync],
  [{ "content-encoding": "br" }, brotliCompressSync],
] as const;

async function overHttp(request: Meant, style: Style, encoding = 0): Promise<Said> {
  const [headers, pack] = ENCODINGS[encoding]!;
  return saidBy(await (await post("/v1/score", pack(bodyOf(request, style)), headers)).json()) as Said;
}

interface Answer {
  readonly id: string;
  readonly result?: { readonly candidates: readonly object[] };
  readonly error?: { readonly reason: string };
}

async function overHttpStream(request: Meant, style: Style): Promise<Answer[]> {
  const answer = await post("/v1/score:stream", linesOf(request, style), { "content-type": "application/x-ndjson" });
  return readJsonLines<object>(await answer.text()).map((each) => saidBy(each) as Answer);
}

async function overGrpc(request: Meant): Promise<Said> {
  return new Promise((resolve) => {
    client.score(messageOf(request), (error, answer) => resolve((error ? told(error) : saidBy(answer)) as Said));
  });
}

/** A status as the body of an error says the same. */
function told(error: ServiceError): unknown {
  const { info, fields } = detailsOf(error);
  const { requestId: _, limit, suggestions = "", ...details } = info!.metadata;
  const more = {
    ...(limit !== undefined && { limit: Number(limit) }),
    ...(suggestions !== "" && { suggestions: suggestions.split(", ") }),
  };
  assert.deepEqual(fields ?? [], "field" in details ? [details.field] : []);
  // Whether it may be sent again a status says by its code.
  return saidBy({ error: { reason: info!.reason, message: error.details, retryable: false, details: { ...details, ...more } } });
}

async function overGrpcStream(request: Meant): Promise<Answer[]> {
  const call = client.scoreStream();
  const answers: Answer[] = [];
  call.on("data", ({ outcome, ...rest }: wire.ScoreStreamResponse) => {
    answers.push(saidBy({ ...rest, panelRevision: rest.panelRevision || undefined, [outcome!.$case]: outcome!.value }) as Answer);
  });
  for (const message of messagesOf(request)) call.write(message);
  call.end();
  await new Promise((resolve, reject) => call.on("end", resolve).on("error", reject));
  return answers;
}

async function inProcess({ items: all, options, ...more }: Meant): Promise<Said> {
  const request = { ...more, items: all.map((item, place): Item => ({ id: String(place), ...item })), options: resolveOptions(options) };
  return saidBy(
    await library.service.score(request as never, { requestId: "1", transport: "cli", signal: new AbortController().signal }),
  ) as Said;
}

/** Answers of a stream, whose items have ids of their own, in the order of the ids. */
const inOrder = (answers: readonly { readonly id: string }[]) => [...answers].sort((a, b) => (a.id < b.id ? -1 : 1));

describe("one request by every path", () => {
  it("has the same rewards, parts and refusals over gRPC, HTTP, both streams and in the process, however it is written", async () => {
    const seen = { scored: 0, refused: 0 };
    const property = fc.asyncProperty(requests, fc.nat({ max: 2 }), async (request, encoding) => {
      const answer = await overHttp(request, "brief", encoding);
      // A score that was not kept may have run beside others the next time.
      const isKept = ["use", undefined].includes(request.options.cache);
      const assertSame = (other: unknown, expected: unknown, bits = isKept) =>
        assert.deepEqual(bits ? other : nearTo(expected, other), expected);
      assertSame(await overGrpc(request), answer);
      assertSame(await overHttp(request, "whole"), answer);
      const ids = request.items.map(({ id }, place) => id ?? String(place));
      const [lines, messages] = [await overHttpStream(request, "brief"), await overGrpcStream(request)];
      assert.deepEqual([lines.length, messages.length], [ids.length, ids.length]);
      const isUnique = new Set(ids).size === ids.length;
      if (isUnique) assertSame(inOrder(messages), inOrder(lines));
      if (answer.results === undefined) {
        seen.refused++;
        return;
      }
      seen.scored++;
      assertSame(await inProcess(request), answer, false);
      const { results, panel: _, ...whole } = answer;
      const apart = results.map((result) => ({ id: result.id, result, ...whole }));
      assertSame(inOrder(lines), inOrder(apart));
    });
    await fc.assert(property, { numRuns: 150 });
    assert.ok(seen.scored > 30 && seen.refused > 30, JSON.stringify(seen));
  });

  it("has the same rewards and parts from a file, where a file can say it", async () => {
    const textOf = (content: Content) =>
      typeof content === "string" ? content : content.map((each) => ("text" in each ? each.text : "")).join("");
    const records = fc.sample(items, 40).flatMap(({ prompt, candidates: all, baselines: _, metadata: __, ...item }, place) => {
      const turns = prompt.map(({ role, content }) => ({ role, content: textOf(content) }));
      if (all.length === 0 || turns.every(({ content }) => content === "")) return [];
      return [{ ...item, id: `record ${place}`, prompt: turns, candidates: all.map(({ content }) => ({ content: textOf(content) })) }];
    });
    const file = written.folder.write("records.jsonl.gz", gzipSync(jsonLines(records)));
    const scored = await runCli(["score", file, "--config", written.config, "--panel", "table", "--detail", "full"]);
    const rows = readJsonLines<{ id: string; candidates: object[]; failure?: { reason: string } }>(scored.stdout);
    const answers = new Map(
      (await overHttpStream({ panel: "table", items: records, options: {} }, "whole")).map((each) => [each.id, each]),
    );
    assert.deepEqual([rows.length, answers.size], [records.length, records.length], scored.stderr);
    for (const { id, candidates: own, failure } of rows) {
      const { result, error } = answers.get(id)!;
      assert.equal(failure?.reason, error?.reason);
      if (result !== undefined) assert.deepEqual(nearTo(result.candidates, saidBy(own)), result.candidates, id);
    }
  });
});
