import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { type Gateway, openGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import type { Config } from "../../src/config/schema.ts";
import type { ChatCall } from "../../src/domain/backend.ts";
import type { Item } from "../../src/domain/item.ts";
import { isRouter, type Panel } from "../../src/domain/panel.ts";
import { DEFAULT_OPTIONS, type ScoreRequest, type ScoreResult } from "../../src/domain/score.ts";
import { startChatServer } from "../support/chat-server.ts";
import { startVllmServer } from "../support/vllm-server.ts";

/** The example panels. */
const FOLDER = new URL("../../examples/panels/", import.meta.url);

async function panelsOf(name: string): Promise<Record<string, Panel>> {
  const file = fileURLToPath(new URL(`${name}.yaml`, FOLDER));
  const { panels } = await resolve(await loadConfig({ file, variables: {} }));
  return Object.fromEntries(panels.flatMap((panel) => (isRouter(panel) ? [] : [[panel.name, panel] as const])));
}

/** Rewards of a group, one row of members' transformed scores per candidate. */
function rewardsOf(panel: Panel, group: readonly (readonly number[])[]): number[] {
  const entries = group.map((scores) => ({
    members: scores.map((_, member) => member),
    scores: Float64Array.from(scores),
    weights: Float64Array.from(scores, (_, member) => panel.members[member]!.weight),
  }));
  return panel.aggregation.aggregate(entries).map(({ reward }) => reward);
}

describe("the example panels", () => {
  it("are all looked at here", () => {
    const files = readdirSync(FOLDER).sort();
    assert.deepEqual(
      files.map((file) => file.replace(".yaml", "")),
      [
        "agent-steps",
        "by-task",
        "checked",
        "constrained-optimisation",
        "every-kind",
        "gdpo-components",
        "group",
        "head-to-head",
        "hold-out",
        "logical-and",
        "process-and-outcome",
        "refusals",
        "robust-median",
        "safe-chat",
        "sequential",
        "similarity",
        "steerable-objectives",
        "thresholds",
        "verifiable",
        "worst-case",
      ],
    );
  });

  it("group reads all candidates of a prompt in one call, and more than eight in two", async () => {
    const { group, "group-and-objectives": both } = await panelsOf("group");
    const callsFor = (candidates: number) => {
      const item: Item = {
        id: "i",
        prompt: [{ role: "user", content: "Hi" }],
        candidates: Array.from({ length: candidates }, (_, index) => ({ content: `${index}` })),
      };
      return group!.judges[0]!.encode(item).flatMap(({ calls }) => calls).length;
    };
    assert.deepEqual([1, 8, 9].map(callsFor), [1, 1, 2]);
    assert.deepEqual(rewardsOf(both!, [[1, 3]]), [2]);
  });

  it("worst-case follows the lower judge, in log-odds, and fails without either", async () => {
    const panels = await panelsOf("worst-case");
    const worst = panels["worst-case"]!;
    assert.deepEqual(
      rewardsOf(worst, [
        [3, -1],
        [0.5, 0.7],
      ]),
      [-1, 0.5],
    );
    assert.equal(worst.space, "logit");
    assert.ok(worst.members.every(({ onFailure }) => onFailure.policy === "fail"));
    const [soft] = rewardsOf(panels["worst-case-soft"]!, [[3, -1]]);
    assert.ok(soft! > -1 && soft! < 1);
  });

  it("logical-and cannot be bought off by one excellent judgement", async () => {
    const { "logical-and": panel } = await panelsOf("logical-and");
    assert.equal(panel!.space, "logProbability");
    const transform = (score: number) => panel!.members[0]!.transforms[0]!.apply(Float64Array.of(score), {})[0]!;
    const [lopsided, balanced] = rewardsOf(panel!, [
      [transform(10), transform(-4)],
      [transform(1), transform(1)],
    ]);
    assert.ok(balanced! > lopsided!);
    assert.ok(Math.abs(rewardsOf(panel!, [[transform(0), transform(0)]])[0]! - Math.log(0.25)) < 1e-12);
  });

  it("agent-steps goes through every step, and asks about those before the candidates once", async () => {
    const { "agent-steps": panel } = await panelsOf("agent-steps");
    const { judge } = panel!.members[0]!;
    assert.equal(judge.kind, "checklist");
    const prompt = [
      { role: "user" as const, content: "Move my flight." },
      { role: "assistant" as const, content: "find_booking(QX7)" },
      { role: "tool" as const, content: "QX7: 3 May" },
    ];
    const [first, second] = judge.encode({ id: "i", prompt, candidates: [{ content: "change(QX7)" }, { content: "Shall I?" }] });
    assert.deepEqual([first!.calls.length, first!.calls[0]], [2, second!.calls[0]]);
    assert.equal(JSON.parse((first!.calls[1] as ChatCall).schema!).required.length, 5);
  });

  it("head-to-head compares every two candidates in both orders, and best-of-n as many as a knockout needs", async () => {
    const panels = await panelsOf("head-to-head");
    const item: Item = {
      id: "i",
      prompt: [{ role: "user", content: PROMPT }],
      candidates: ["a", "b", "c", "d"].map((content) => ({ content })),
    };
    const callsOf = (panel: string) => panels[panel]!.members[0]!.judge.encode(item)[0]!.calls as ChatCall[];
    assert.deepEqual([callsOf("head-to-head").length, callsOf("best-of-n").length], [12, 4]);
    assert.match(callsOf("best-of-n")[0]!.messages[0]!.segments[0]!.text, /Every statement that can be checked is true/);
  });

  it("refusals earn nothing with a rule broken and what their length leaves them, under a rubric of rules and principles", async () => {
    const { refusals } = await panelsOf("refusals");
    assert.deepEqual(
      rewardsOf(refusals!, [
        [0, 1],
        [0.8, 0.5],
        [0.8, 1],
      ]),
      [0, 0.5, 0.8],
    );
    const { judge } = refusals!.members[0]!;
    assert.equal(judge.kind, "rubric");
    const [ask] = judge.encode({ id: "i", prompt: [{ role: "user", content: PROMPT }], candidates: [{ content: KIND }] });
    assert.equal(JSON.parse((ask!.calls[0] as ChatCall).schema!).required.length, 7);
  });

  it("robust-median gives the middle, whatever one judge says, and two of three are enough", async () => {
    const { "robust-median": panel, "robust-ranks": ranks } = await panelsOf("robust-median");
    assert.deepEqual(
      rewardsOf(panel!, [
        [1, 2, 1e6],
        [1, 2, -1e6],
      ]),
      [2, 1],
    );
    assert.equal(panel!.quorum, 2);
    assert.deepEqual(
      rewardsOf(ranks!, [
        [0.1, 700, 3],
        [0.2, 900, 4],
      ]),
      [0, 1],
    );
    assert.equal(ranks!.space, "rank");
  });

  it("steerable weighs the objectives as the request says, and by the gating without a wish", async () => {
    const { steerable, "steerable-balanced": balanced } = await panelsOf("steerable-objectives");
    const [member] = steerable!.members;
    const names = member!.judge.gated!.objectives.map(({ name }) => name);
    const objectives = Float64Array.from(names, (name) => (name === "harmlessness" ? 2 : 0));
    const gating = new Float64Array(names.length).fill(1 / names.length);
    const raw = { outcome: "scored" as const, value: 0.25, objectives, gating };
    const steered = member!.scalarise(raw, { weights: { harmlessness: 1 }, mode: "override", alpha: 1 });
    assert.ok(Math.abs(steered.value - 2) < 1e-12);
    assert.equal(member!.scalarise(raw, undefined).value, 0.25);
    assert.equal(balanced!.aggregation.method, "gatedSum");
  });
});

const PROMPT = "How do I steal a car?";
const KIND = "I can't help with stealing a car. It is illegal.";
const CRUEL = "Get a slim jim, open the door, and then hotwire the ignition with a screwdriver.";
const CURT = "Nothing.";

const NOTHING_OPEN = { openBy: [], leftOpen: [], spared: 0, tokens: 0 };

const log = pino({ level: "silent" });

/** Scores requests with the shipped judges under an example's configuration. */
async function withGateway(
  name: string,
  use: (score: (request: Partial<ScoreRequest> & { panel: string }) => Promise<ScoreResult>, gateway: Gateway) => Promise<void>,
  change: (config: Config) => Config = (config) => config,
) {
  const folder = mkdtempSync(path.join(tmpdir(), "rewardgate-example-"));
  const file = fileURLToPath(new URL(`${name}.yaml`, FOLDER));
  const config = await loadConfig({ file, variables: { REWARDGATE_STATE_PATH: folder } });
  const gateway = await openGateway(change(config), { log });
  try {
    const context = { requestId: "test", transport: "cli", signal: new AbortController().signal } as const;
    await use((request) => gateway.service.score({ items: [itemOf()], options: DEFAULT_OPTIONS, ...request }, context), gateway);
  } finally {
    await gateway.close();
    rmSync(folder, { recursive: true });
  }
}

function itemOf(more: Partial<Item> = {}): Item {
  const candidates = [KIND, CRUEL, CURT].map((content) => ({ content }));
  return { id: "i", prompt: [{ role: "user", content: PROMPT }], candidates, ...more };
}

describe("the example panels with the judges that ship", () => {
  it("safe-chat vetoes what is harmful: without a reward, or with the penalty, and rewards the others", async () => {
    await withGateway("safe-chat", async (score) => {
      const [gated] = (await score({ panel: "safe-chat" })).results;
      const [kind, cruel] = gated!.candidates;
      assert.deepEqual([kind!.status, kind!.constraints!.verdict], ["complete", "satisfied"]);
      assert.deepEqual([cruel!.status, cruel!.reward, cruel!.failure!.reason], ["vetoed", undefined, "CONSTRAINT_VIOLATED"]);
      assert.ok(cruel!.constraints!.parts[0]!.score! < -1.5);
      assert.ok(gated!.constrained!.positive.includes(0) && gated!.constrained!.negative.includes(1));
      const [penalised] = (await score({ panel: "safe-chat-penalty" })).results;
      assert.equal(penalised!.candidates[1]!.reward, -6);
      assert.equal(penalised!.candidates[0]!.reward, kind!.reward);
    });
  });

  it("constrained-optimisation gives what CRPG, CRRAFT and CODPO train on, against the item's own baseline", async () => {
    await withGateway("constrained-optimisation", async (score) => {
      const candidates = itemOf().candidates.map((candidate, i) => ({ ...candidate, kl: 5 * i }));
      const item = itemOf({ candidates, baselines: [{ content: CURT }] });
      const [result] = (await score({ panel: "constrained", items: [item] })).results;
      const [kind, cruel, curt] = result!.candidates;
      assert.deepEqual([cruel!.status, cruel!.reward], ["vetoed", 0]);
      assert.equal(kind!.reward, kind!.constraints!.calibrated);
      // The baseline against itself is even, and half of its KL budget is spent.
      assert.ok(Math.abs(curt!.constraints!.calibrated! - 0.5) < 1e-6);
      assert.ok(Math.abs(curt!.reward! - 0.25) < 1e-6);
      assert.deepEqual(result!.constrained!.codpo!.rejected, 1);
      await assert.rejects(score({ panel: "constrained" }), /candidates\[0\]\.kl: required/);
      const [lonely] = (await score({ panel: "constrained", items: [itemOf({ candidates })] })).results;
      assert.deepEqual(
        lonely!.candidates.map(({ status, failure }) => [status, failure?.reason]),
        Array(3).fill(["failed", "REFERENCE_MISSING"]),
      );
    });
  });

  it("gdpo-components standardises each objective within the item, and the sums over the request", async () => {
    await withGateway("gdpo-components", async (score) => {
      const items = [itemOf({ id: "a" }), itemOf({ id: "b", prompt: [{ role: "user", content: "Tell me about dogs." }] })];
      const { results } = await score({ panel: "gdpo", items });
      for (const { candidates, group } of results) {
        assert.equal(group!.method, "gdpo");
        for (const place of [0, 1]) {
          const own = candidates.map(({ judges }) => judges[place]!.advantage!);
          assert.ok(Math.abs(own.reduce((sum, value) => sum + value, 0)) < 1e-9);
          const raw = candidates.map(({ judges }) => judges[place]!.raw!);
          assert.equal(own.indexOf(Math.max(...own)), raw.indexOf(Math.max(...raw)));
        }
      }
      const all = results.flatMap(({ candidates }) => candidates.map(({ advantage }) => advantage!));
      assert.ok(Math.abs(all.reduce((sum, value) => sum + value, 0)) < 1e-9);
      const [parts] = (await score({ panel: "gdpo-parts", items: [items[0]!] })).results;
      const [first] = parts!.candidates;
      assert.ok(Math.abs(first!.advantage! - first!.judges[0]!.advantage! - first!.judges[1]!.advantage!) < 1e-9);
    });
  });

  it("hold-out shows nothing of its audit, and trial shows the newcomer without letting it count", async () => {
    await withGateway("hold-out", async (score, { metrics }) => {
      const items = Array.from({ length: 12 }, (_, i) => itemOf({ id: String(i), prompt: [{ role: "user", content: `${PROMPT} ${i}` }] }));
      const { results } = await score({ panel: "hold-out", items });
      for (const { candidates } of results)
        assert.deepEqual(
          candidates[0]!.judges.map(({ judge }) => judge),
          ["chat-reward"],
        );
      const calls = (await metrics.judgeCalls.get()).values.filter(({ labels }) => labels.judge === "chat-objectives");
      const times = (outcome: string) => calls.find(({ labels }) => labels.outcome === outcome)?.value ?? 0;
      assert.ok(times("scored") > 0 && times("skipped") > 0 && times("scored") + times("skipped") === 36);
      const [trial] = (await score({ panel: "trial" })).results;
      assert.deepEqual(
        trial!.candidates[0]!.judges.map(({ shadow, weight }) => [shadow, weight]),
        [
          [false, 1],
          [true, 0],
        ],
      );
      assert.equal(trial!.candidates[0]!.reward, trial!.candidates[0]!.judges[0]!.transformed);
    });
  });

  it("verifiable rewards the right answer, however it is written, and vetoes another language; without a reference there is no reward", async () => {
    await withGateway("verifiable", async (score) => {
      const texts = [
        "<think>Half of one is easy to divide by hand</think><answer>0.5</answer>",
        "It is easy to see that the result is \\boxed{\\frac{1}{2}}",
        "I believe that the answer is 2",
        "Das ist eine leichte Frage, und das Ergebnis steht schon fest\nAnswer: 1/2",
      ];
      const item = itemOf({ candidates: texts.map((content) => ({ content })), reference: "1/2", language: "en" });
      const { reference: _, ...bare } = item;
      const [checked, unchecked] = (await score({ panel: "verifiable", items: [item, { ...bare, id: "j" }] })).results;
      assert.deepEqual(
        checked!.candidates.map(({ status, reward }) => [status, reward]),
        [
          ["complete", 1],
          ["complete", 0.9],
          ["complete", 0],
          ["vetoed", undefined],
        ],
      );
      assert.ok(checked!.candidates[0]!.advantage! > 0 && checked!.candidates[2]!.advantage! < 0);
      assert.ok(unchecked!.candidates.every(({ reward }) => reward === undefined));
    });
  });

  it("process-and-outcome weighs the answer and the weakest step, and shapes rewards of tokens; without the engine there is no reward", async () => {
    const server = await startVllmServer();
    server.model = "Qwen/Qwen2.5-Math-PRM-7B";
    server.step = (text, place) => (text.includes("= 6") && place === 1 ? 0.25 : 0.75);
    const onServer = (config: Config) => ({ ...config, backends: { prm: { ...config.backends.prm!, url: server.url } } }) as Config;
    try {
      await withGateway(
        "process-and-outcome",
        async (score) => {
          const steps = ["2 + 3 = 5", "5 + 1 = 6", "Answer: 6"];
          const offsets = { unit: "utf16" as const, stepEnds: [], tokenEnds: [9, 20, 31] };
          const item = itemOf({
            prompt: [{ role: "user", content: "2 + 3 + 2?" }],
            candidates: [{ content: steps.join("\n\n"), offsets }, { content: "2 + 3 = 5\n\nAnswer: 7" }],
            reference: "7",
          });
          const [result] = (await score({ panel: "process-and-outcome", items: [item] })).results;
          const [wrong, right] = result!.candidates;
          assert.ok(Math.abs(wrong!.reward! - 0.2 * 0.25) < 1e-9 && Math.abs(right!.reward! - (0.8 + 0.2 * 0.75)) < 1e-9);
          const part = wrong!.judges[1]!;
          assert.deepEqual(
            part.findings!.filter(({ name }) => name.startsWith("step")).map(({ value }) => value),
            [0.75, 0.25, 0.75],
          );
          assert.deepEqual(part.tokenRewards, [0.25, -0.25, 0]);
          await server.close();
          const again = { ...item, prompt: [{ role: "user" as const, content: "Once more" }] };
          const [lost] = (await score({ panel: "process-and-outcome", items: [again] })).results;
          assert.deepEqual(
            lost!.candidates.map(({ status, reward }) => [status, reward]),
            Array(2).fill(["failed", undefined]),
          );
        },
        onServer,
      );
    } finally {
      await server.close();
    }
  });

  it("checked has a model check dates with the tool beside it and sums with its calculator, and shows what came of it", async (t) => {
    const script = fileURLToPath(new URL("../../examples/tools/dates.mjs", import.meta.url));
    const dates = spawn(process.execPath, [script, "0"], { stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => dates.kill("SIGKILL"));
    const [address] = (await once(createInterface({ input: dates.stdout }), "line")) as [string];
    const uses = [
      ["days", "2024-02-28 2024-03-01"],
      ["days", "2023-02-29 tomorrow"],
      ["calculator", "2 * 24"],
    ].map(([tool, input]) => JSON.stringify({ thought: "To be sure.", action: { tool, input } }));
    const judgement = JSON.stringify({ thought: "Two days.", action: { critique: "It is right.", score: 10 } });
    const server = await startChatServer(({ body }) => uses[(body.messages.length - 2) / 2] ?? judgement);
    t.after(() => server.close());
    const onServers = ({ backends, ...config }: Config) =>
      ({ ...config, backends: { llm: { ...backends.llm!, url: server.url }, dates: { ...backends.dates!, url: address } } }) as Config;
    await withGateway(
      "checked",
      async (score) => {
        const question = "How many hours are between 28 February and 1 March 2024?";
        const item = itemOf({ prompt: [{ role: "user", content: question }], candidates: [{ content: "2 * 24 = 48 hours" }] });
        const [candidate] = (await score({ panel: "checked", items: [item] })).results[0]!.candidates;
        assert.deepEqual([candidate!.status, candidate!.reward], ["complete", 1]);
        assert.deepEqual(
          candidate!.judges[0]!.findings!.filter(({ name }) => /observation|failure/.test(name)).map(({ name, text }) => [name, text]),
          [
            ["round 1, days, observation", "From 2024-02-28, a Wednesday, to 2024-03-01, a Friday, it is 2 days."],
            ["round 2, days, failure", "The input is not two dates, such as 2024-02-28 2024-03-01."],
            ["round 3, calculator, observation", "48"],
          ],
        );
      },
      onServers,
    );
  });

  it("sequential asks the critic about what a check leaves open, and says why and at what cost", async () => {
    const server = await startChatServer(() => JSON.stringify({ critique: "It follows.", score: 10 }));
    const onServer = (config: Config) => ({ ...config, backends: { llm: { ...config.backends.llm!, url: server.url } } }) as Config;
    try {
      await withGateway(
        "sequential",
        async (score) => {
          const items = ["1", "2"].map((id, i) => {
            const texts = ["<think>Add them</think><answer>5</answer>", i === 0 ? "Six, I think: 6" : "I think it is 5"];
            const candidates = texts.map((content) => ({ content }));
            return itemOf({ id, prompt: [{ role: "user", content: "2 + 3?" }], reference: "5", candidates });
          });
          const [clear, level] = (await score({ panel: "sequential", items })).results;
          assert.deepEqual({ ...clear!.judging!, spared: 0 }, { stages: 3, asked: 1, ...NOTHING_OPEN, stopped: "settled" });
          assert.deepEqual([level!.judging!.asked, level!.judging!.stopped], [3, "exhausted"]);
          assert.deepEqual([level!.judging!.openBy, level!.judging!.leftOpen], [["margin"], ["margin"]]);
          assert.deepEqual([server.chats.length, level!.judging!.tokens], [12, 120]);
          const [safe, open] = (await score({ panel: "sequential-best", items })).results;
          assert.deepEqual([safe!.judging!.asked, open!.judging!.asked], [1, 2]);
          assert.deepEqual([open!.judging!.openBy, open!.judging!.stopped], [["best"], "settled"]);
          assert.ok(open!.candidates.every(({ judges }) => judges[2]!.cached));
        },
        onServer,
      );
    } finally {
      await server.close();
    }
  });

  it("by-task sends sensitive items to the careful panel", async () => {
    await withGateway("by-task", async (score) => {
      const items = [itemOf({ id: "a" }), itemOf({ id: "b", domain: "medical" }), itemOf({ id: "c", metadata: { audience: "minors" } })];
      const { results } = await score({ panel: "any-task", items });
      assert.deepEqual(
        results.map(({ route }) => [route!.panel, route!.rows]),
        [
          ["everyday", [-1]],
          ["careful", [0]],
          ["careful", [1]],
        ],
      );
      for (const [i, { judges, reward }] of results.map(({ candidates }) => candidates[0]!).entries()) {
        const scores = judges.map(({ transformed }) => transformed!);
        assert.ok(Math.abs(reward! - (i === 0 ? (scores[0]! + scores[1]!) / 2 : Math.min(...scores))) < 1e-9);
      }
    });
  });

  it("thresholds weighs its judges by the multipliers of the run, and a pinned version gives the same bits again", async () => {
    await withGateway("thresholds", async (score, { states }) => {
      const before = await score({ panel: "thresholds", run: "r" });
      assert.deepEqual(before.states, [{ name: "thresholds", version: 0 }]);
      assert.deepEqual(
        before.results[0]!.candidates[0]!.judges.map(({ weight }) => weight),
        [0.5, 0.5],
      );
      await states.step("thresholds", "r", "1", { meanRewards: { "chat-objectives": -3, "chat-reward": 2 } });
      const after = await score({ panel: "thresholds", run: "r" });
      const [objectives, reward] = after.results[0]!.candidates[0]!.judges;
      assert.ok(objectives!.weight > 0.5 && reward!.weight < 0.5);
      const pinned = await score({ panel: "thresholds", run: "r", options: { ...DEFAULT_OPTIONS, stateVersions: { thresholds: 0 } } });
      assert.deepEqual(
        pinned.results.map(({ candidates }) => candidates.map((candidate) => candidate.reward)),
        before.results.map(({ candidates }) => candidates.map((candidate) => candidate.reward)),
      );
      assert.deepEqual((await score({ panel: "thresholds", run: "other" })).states, [{ name: "thresholds", version: 0 }]);
    });
  });
});
