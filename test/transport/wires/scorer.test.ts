import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import type { CandidateResult, JudgePart, ScoreRequest, ScoreResult } from "../../../src/domain/score.ts";
import type { JudgeInfo, PanelInfo } from "../../../src/domain/service.ts";
import { allRewarded, createScorer, factsOf, judgesOf, standIn } from "../../../src/transport/wires/scorer.ts";
import { LIMITS, resultOf, scriptedService } from "../../support/scripted-service.ts";

const CONTEXT = { requestId: "r", transport: "http", signal: new AbortController().signal } as const;
const ITEM = { id: "7", prompt: [{ role: "user", content: "p" }], candidates: [{ content: "c" }] } as const;

const part = (member: string, more: Partial<JudgePart> = {}): JudgePart => ({
  ...{ judge: member, member, shadow: false, outcome: "scored", weight: 1, revision: "sha256:aa", determinism: "bitwise" },
  ...{ cached: false, imputed: false, tokens: 0, ...more },
});
const failed: CandidateResult = {
  ...{ status: "failed", missing: ["length"], judges: [part("length", { tokens: 5 })] },
  failure: { reason: "PANEL_INCOMPLETE", message: "no score of length", retryable: true },
};

/** What a wire gets of one candidate with this result. */
async function scored(candidate: CandidateResult, onFailure: "error" | { reward: number } = "error") {
  const result = (request: ScoreRequest): ScoreResult => ({ ...resultOf(request), results: [{ id: "7", candidates: [candidate] }] });
  const scorer = createScorer({ panel: "chat", onFailure }, scriptedService(result), LIMITS);
  const [[first]] = (await scorer([ITEM], CONTEXT, undefined)) as [[Awaited<ReturnType<typeof scorer>>[number][number]]];
  return first;
}

test("a reward comes with what each member that counts added, and the tokens of the judge that read most", async () => {
  const judges = [
    part("helpful", { contribution: 1.5, tokens: 3 }),
    part("harmless", { contribution: -0.5, tokens: 9 }),
    part("silent", { outcome: "not_applicable", tokens: 0 }),
    part("watched", { shadow: true, contribution: 4, tokens: 2 }),
  ];
  const candidate: CandidateResult = { status: "complete", reward: 1, missing: [], judges };
  const components = { helpful: 1.5, harmless: -0.5, silent: 0 };
  assert.deepEqual(await scored(candidate), { reward: 1, failed: false, tokens: 9, components });
  const constrained = await scored({ ...candidate, reward: -2, constraints: { verdict: "violated", parts: [] } });
  assert.deepEqual(constrained, { reward: -2, failed: false, tokens: 9, components: { ...components, constraints: -3 } });
});

test("a candidate without a reward is why, under its item, or the number that the wire states, marked", async () => {
  const error = await scored(failed);
  assert.ok(error instanceof GatewayError);
  assert.deepEqual([error.reason, error.message, error.details.itemId], ["PANEL_INCOMPLETE", "item 7: no score of length", "7"]);
  assert.deepEqual(await scored(failed, { reward: -7 }), { reward: -7, failed: true, tokens: 5, components: {} });
});

test("results are taken whole or not at all, or with a number for each that is missing", () => {
  const reward = { reward: 1, failed: false, tokens: 2, components: { a: 1 } };
  const error = new GatewayError("PANEL_INCOMPLETE", "no score");
  assert.deepEqual(allRewarded([[reward], [reward]]), [[reward], [reward]]);
  assert.throws(() => allRewarded([[reward], [error, reward]]), error);
  assert.deepEqual(standIn([[reward], [error]], { reward: -7 }), [[reward], [{ reward: -7, failed: true, tokens: 0, components: {} }]]);
});

test("the deadline of a wire's call is that of its items, and there is none without one", async () => {
  const seen: (number | undefined)[] = [];
  const service = scriptedService((request) => {
    seen.push(request.options.deadlineMs);
    return resultOf(request);
  });
  const scorer = createScorer({ panel: "chat", onFailure: "error" }, service, LIMITS);
  await scorer([ITEM], CONTEXT, 250);
  await scorer([ITEM], CONTEXT, undefined);
  assert.deepEqual(seen, [250, undefined]);
});

test("a wire tells of its panel the least that one of its judges reads, also where the panel sends items to others", () => {
  const plain = scriptedService();
  const [judge] = plain.judges() as [JudgeInfo];
  const [panel] = plain.panels() as [PanelInfo];
  const member = (name: string) => ({ ...panel.members[0]!, judge: name, name });
  const judges = Object.entries({ short: 512, long: 4096, unbounded: 0, elsewhere: 64 }).map(([name, maxTokens]) => ({
    ...judge,
    name,
    maxTokens,
  }));
  const row = (to: string) => ({ when: "", panel: to });
  const panels = [
    { ...panel, name: "all", members: ["short", "long", "unbounded"].map(member) },
    { ...panel, name: "free", members: [member("unbounded")] },
    { ...panel, name: "table", revision: "sha256:tt", members: [], routes: [row("free"), row("long")] },
    { ...panel, name: "long", members: [member("long")] },
  ];
  const service = { ...plain, judges: () => judges, panels: () => panels };
  const most = (name: string) => factsOf(name, service, LIMITS).maxTokens;
  assert.deepEqual(["all", "free", "table", "unknown"].map(most), [512, 0, 4096, 0]);
  assert.deepEqual(
    judgesOf("table", service).map(({ name }) => name),
    ["long", "unbounded"],
  );
  const { revision, maxItems, maxCandidates, panel: named } = factsOf("table", service, LIMITS);
  assert.deepEqual([named, revision, maxItems, maxCandidates], ["table", "sha256:tt", LIMITS.maxItems, LIMITS.maxCandidates]);
});
