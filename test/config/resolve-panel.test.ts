import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import type { GatewayError } from "../../src/domain/errors.ts";
import { isRouter, type Panel } from "../../src/domain/panel.ts";
import { OBJECTIVES_MANIFEST, temporaryFolder, writeBundle } from "../support/bundle.ts";

const folder = temporaryFolder();
before(() => {
  writeBundle(folder, "reward");
  writeBundle(folder, "objectives", { manifest: OBJECTIVES_MANIFEST });
  writeBundle(folder, "rating", { manifest: { space: "unit" }, calibration: undefined });
});
after(() => folder.remove());

const HEAD = `apiVersion: rewardgate/v1
backends:
  local: { type: onnx }
judges:
  reward: { bundle: models/reward, backend: local }
  objectives: { bundle: models/objectives, backend: local }
  rating: { bundle: models/rating, backend: local }
states:
  mix: { kind: hedge, judges: { reward: {}, objectives: {} }, learningRate: 0.1 }
  scale: { kind: runningScale, judges: [reward] }
  held: { kind: multipliers, judges: { reward: { threshold: 0 }, objectives: { threshold: 0 } }, form: equality }
panels:
`;

async function resolved(panels: string) {
  const file = folder.write("rewardgate.yaml", HEAD + panels.replace(/^/gm, "  "));
  return resolve(await loadConfig({ file, variables: {} }));
}

async function panelOf(text: string): Promise<Panel> {
  const { panels } = await resolved(`p:\n${text.replace(/^/gm, "  ")}`);
  const [panel] = panels;
  assert.ok(panel !== undefined && !isRouter(panel));
  return panel;
}

/** What is refused, the panels, the path that is named, the cause and the remedy. */
type Refusal = readonly [string, string, string, RegExp, RegExp];

const p = (text: string) => `p: ${text}`;
const WRONG: readonly Refusal[] = [
  [
    "a logit beside a unit score",
    p("{ members: [{ judge: reward }, { judge: rating, calibration: none }] }"),
    "panels.p.members",
    /different spaces \(reward in logit, rating in unit\)/,
    /bring all to logit/,
  ],
  [
    "a logit beside a log-probability",
    p("{ members: [{ judge: reward }, { judge: objectives, transforms: [{ method: logSigmoidCentred, reference: 0 }] }] }"),
    "panels.p.members",
    /in logit, objectives in logProbability/,
    /bring all to logProbability, for members in logit: the transform logSigmoidCentred/,
  ],
  [
    "an objective beside a calibrated score",
    p("{ members: [{ judge: reward }, { judge: objectives, objective: helpfulness }] }"),
    "panels.p.members",
    /reward in logit, objectives in native/,
    /calibration/,
  ],
  [
    "a rank beside a logit",
    p("{ members: [{ judge: reward, transforms: [{ method: rank }] }, { judge: objectives }] }"),
    "panels.p.members",
    /in rank/,
    /bring all to rank/,
  ],
  [
    "an unknown judge of a member",
    p("{ members: [{ judge: rewad }] }"),
    "panels.p.members[0].judge",
    /no judge "rewad"/,
    /did you mean reward\?/,
  ],
  [
    "an unknown judge of a constraint",
    p("{ members: [{ judge: reward }], constraints: { judges: [{ judge: objektives, atLeast: 0 }] } }"),
    "panels.p.constraints.judges[0].judge",
    /no judge "objektives"/,
    /did you mean objectives\?/,
  ],
  [
    "an unknown objective",
    p("{ members: [{ judge: objectives, objective: helpfulnes }] }"),
    "panels.p.members[0].objective",
    /no objective "helpfulnes"/,
    /did you mean helpfulness\?/,
  ],
  [
    "an objective of a judge without any",
    p("{ members: [{ judge: reward, objective: helpfulness }] }"),
    "panels.p.members[0].objective",
    /judge "reward" has no objectives/,
    /multi-objective judge/,
  ],
  [
    "the bundle's calibration for an objective",
    p("{ members: [{ judge: objectives, objective: helpfulness, calibration: bundle }] }"),
    "panels.p.members[0].calibration",
    /of the gated sum and not of an objective/,
    /use none, a file or a method/,
  ],
  [
    "a judge that is read twice under one name",
    p("{ members: [{ judge: objectives, objective: helpfulness }, { judge: objectives, objective: harmlessness }] }"),
    "panels.p.members[1].judge",
    /member "objectives" is there twice/,
    /a name of its own/,
  ],
  [
    "a name that two members have",
    p("{ members: [{ judge: reward, name: a }, { judge: objectives, name: a }] }"),
    "panels.p.members[1].name",
    /member "a" is there twice/,
    /choose another name/,
  ],
  [
    "a table that leads nowhere",
    "p: { members: [{ judge: reward }] }\nt: { routes: [{ when: { domain: math }, panel: q }], otherwise: p }",
    "panels.t.routes[0].panel",
    /no panel "q"/,
    /allowed: p/,
  ],
  [
    "a table whose default leads nowhere",
    "p: { members: [{ judge: reward }] }\nt: { routes: [{ when: { domain: math }, panel: p }], otherwise: pp }",
    "panels.t.otherwise",
    /no panel "pp"/,
    /did you mean p\?|allowed: p/,
  ],
  [
    "a table that leads to itself",
    "p: { members: [{ judge: reward }] }\nt: { routes: [{ when: { domain: math }, panel: t }], otherwise: p }",
    "panels.t.routes[0].panel",
    /in a circle: t → t/,
    /a panel with members/,
  ],
  [
    "tables that lead to each other",
    "p: { members: [{ judge: reward }] }\nt: { routes: [{ when: { domain: a }, panel: u }], otherwise: p }\nu: { routes: [{ when: { domain: b }, panel: t }], otherwise: p }",
    "panels.u.routes[0].panel",
    /in a circle: t → u → t/,
    /a panel with members/,
  ],
  ["a table without a default", "t: { routes: [{ when: { domain: a }, panel: t }] }", "panels.t.otherwise", /missing/, /state it/],
  [
    "a constraint without a bound",
    p("{ members: [{ judge: reward }], constraints: { judges: [{ judge: objectives }] } }"),
    "panels.p.constraints.judges[0]",
    /without a bound/,
    /one of atLeast and atMost/,
  ],
  [
    "a constraint with two bounds",
    p("{ members: [{ judge: reward }], constraints: { judges: [{ judge: objectives, atLeast: 0, atMost: 1 }] } }"),
    "panels.p.constraints.judges[0]",
    /with two bounds/,
    /a band is two constraints/,
  ],
  [
    "a bound outside of the score's space",
    p("{ members: [{ judge: reward }], constraints: { judges: [{ judge: rating, calibration: none, atLeast: 2 }] } }"),
    "panels.p.constraints.judges[0].atLeast",
    /2 is no unit/,
    /a bound in unit/,
  ],
  [
    "a calibrated reward of something that is no log-odds",
    p("{ members: [{ judge: rating, calibration: none }], constraints: { judges: [{ judge: objectives, atLeast: 0 }], baseline: 0 } }"),
    "panels.p.constraints.baseline",
    /reward is in unit, not in logit/,
    /log-odds/,
  ],
  [
    "CRPG without the baseline that it compares with",
    p("{ members: [{ judge: reward }], constraints: { judges: [{ judge: objectives, atLeast: 0 }], reward: crpg } }"),
    "panels.p.constraints.reward",
    /compares with a baseline and there is none/,
    /add baseline/,
  ],
  [
    "a KL budget that nothing spends",
    p("{ members: [{ judge: reward }], constraints: { judges: [{ judge: objectives, atLeast: 0 }], klMax: 10 } }"),
    "panels.p.constraints.klMax",
    /there is no baseline/,
    /add a baseline/,
  ],
  [
    "a stated reward for violations where CRPG says 0",
    p(
      "{ members: [{ judge: reward }], constraints: { judges: [{ judge: objectives, atLeast: 0 }], baseline: 0, reward: crpg, violation: { reward: -1 } } }",
    ),
    "panels.p.constraints.violation",
    /says itself what a violation gets/,
    /remove violation/,
  ],
  [
    "weights for members that are not there",
    p(
      "{ members: [{ judge: objectives, required: true }], aggregation: { method: gatedSum, gatingFrom: objectives, objectives: { objectives: [helpfulness], absent: [harmlessness] } } }",
    ),
    "panels.p.aggregation.objectives.absent",
    /no member "absent"/,
    /name one of: objectives/,
  ],
  [
    "weights that nobody reads",
    p("{ members: [{ judge: reward }, { judge: objectives, weight: 2 }], aggregation: { method: min } }"),
    "panels.p.aggregation",
    /min takes its members as equals/,
    /one weight/,
  ],
  [
    "a state of weights that covers other judges",
    p("{ members: [{ judge: reward }], weights: { state: mix } }"),
    "panels.p.weights.state",
    /weighs reward, objectives and the members that count are reward/,
    /the same judges/,
  ],
  [
    "weights of a state that nobody reads",
    p("{ members: [{ judge: reward }, { judge: objectives }], aggregation: { method: median }, weights: { state: mix } }"),
    "panels.p.weights",
    /median takes its members as equals/,
    /weightedSum .* or remove weights/,
  ],
  [
    "weights below 0 that are shared out by weightedMean",
    p("{ members: [{ judge: reward }, { judge: objectives }], aggregation: { method: weightedMean }, weights: { state: held } }"),
    "panels.p.weights.state",
    /weightedMean shares out weights and those of state "held", of form equality, may be below 0/,
    /weightedSum, or .* inequality/,
  ],
  [
    "weights below 0 that are shared out by softmin",
    p(
      "{ members: [{ judge: reward }, { judge: objectives }], aggregation: { method: softmin, temperature: 1 }, weights: { state: held } }",
    ),
    "panels.p.weights.state",
    /softmin shares out weights and those of state "held", of form equality, may be below 0/,
    /weightedSum, or .* inequality/,
  ],
  [
    "weights below 0 that are shared out by borda",
    p("{ members: [{ judge: reward }, { judge: objectives }], aggregation: { method: borda }, weights: { state: held } }"),
    "panels.p.weights.state",
    /borda shares out weights and those of state "held", of form equality, may be below 0/,
    /weightedSum, or .* inequality/,
  ],
  [
    "a state that is not there",
    p("{ members: [{ judge: reward }], weights: { state: mixx } }"),
    "panels.p.weights.state",
    /no state "mixx"/,
    /did you mean mix\?/,
  ],
  [
    "a state that gives no weights",
    p("{ members: [{ judge: reward }], weights: { state: scale } }"),
    "panels.p.weights.state",
    /of kind runningScale/,
    /multipliers or hedge/,
  ],
  [
    "a scale that does not follow the judge",
    p("{ members: [{ judge: objectives, transforms: [{ method: runningScale, state: scale }] }] }"),
    "panels.p.members[0].transforms[0].state",
    /does not follow judge "objectives"/,
    /add "objectives"/,
  ],
  [
    "a quorum that cannot be met",
    p("{ members: [{ judge: reward }, { judge: objectives, standing: shadow }], onFailure: degrade, quorum: 2 }"),
    "panels.p.quorum",
    /a quorum of 2 with 1 members that count can never be met/,
    /use 1 to 1/,
  ],
  [
    "two required members of a quorum of one",
    p("{ members: [{ judge: reward, required: true }, { judge: objectives, required: true }], quorum: 1 }"),
    "panels.p.quorum",
    /a quorum of 1 with 2 required members/,
    /use 2 or more/,
  ],
  [
    "a panel in which nobody counts",
    p("{ members: [{ judge: reward, standing: audit }] }"),
    "panels.p.members",
    /no member counts/,
    /the standing counts/,
  ],
  [
    "a shadow without which a candidate fails",
    p("{ members: [{ judge: reward }, { judge: objectives, standing: shadow, required: true }] }"),
    "panels.p.members[1].required",
    /never fails a candidate/,
    /remove required/,
  ],
  [
    "a sample of a member that counts",
    p("{ members: [{ judge: reward, sample: 0.5 }] }"),
    "panels.p.members[0].sample",
    /judges every item/,
    /a shadow or an audit/,
  ],
  [
    "an imputed value that is no score",
    p("{ members: [{ judge: rating, calibration: none, onFailure: { impute: 7 } }] }"),
    "panels.p.members[0].onFailure",
    /7 is no unit/,
    /impute a unit/,
  ],
  [
    "a policy that nobody stated",
    p("{ members: [{ judge: reward }], onFailure: ignore }"),
    "panels.p.onFailure",
    /"ignore" is not allowed/,
    /fail/,
  ],
  [
    "a convention of a trainer that there is none of",
    p("{ members: [{ judge: reward }], advantages: { method: grpo, convention: trlx } }"),
    "panels.p.advantages.convention",
    /not allowed/,
    /trl/,
  ],
  [
    "an estimator that there is none of",
    p("{ members: [{ judge: reward }], advantages: { method: grpoo } }"),
    "panels.p.advantages.method",
    /"grpoo" is not allowed/,
    /did you mean grpo\?/,
  ],
  [
    "advantages of members' scores where a violation gets a stated reward",
    p(
      "{ members: [{ judge: reward }], constraints: { judges: [{ judge: objectives, atLeast: 0 }], violation: { reward: -10 } }, advantages: { method: mrn } }",
    ),
    "panels.p.advantages.method",
    /mrn compares the members' scores, of which a violation that gets -10 may have the best/,
    /use grpo .* or withhold/,
  ],
  [
    "advantages of members' scores where a violation gets 0",
    p(
      "{ members: [{ judge: reward }], constraints: { judges: [{ judge: objectives, atLeast: 0 }], baseline: 0, reward: crpg }, advantages: { method: gdpo } }",
    ),
    "panels.p.advantages.method",
    /gdpo compares the members' scores, of which a violation that gets 0 may have the best/,
    /use grpo .* or withhold/,
  ],
  [
    "advantages that take a member's missing score for 0 where the member may be missing",
    p("{ members: [{ judge: reward }, { judge: objectives, onFailure: degrade }], advantages: { method: mrn, convention: gdpo } }"),
    "panels.p.advantages.convention",
    /takes a score of "objectives" that is missing, which degrade leaves out, for 0/,
    /use convention: trl/,
  ],
  [
    "a transform of logits after one that leaves them",
    p(
      "{ members: [{ judge: reward, transforms: [{ method: runningScale, state: scale }, { method: preferenceAsReward, references: item }] }] }",
    ),
    "panels.p.members[0].transforms[1]",
    /takes logit and gets native/,
    /remove it, or bring/,
  ],
  ["members and routes in one panel", p("{ members: [{ judge: reward }], otherwise: p }"), "panels.p.otherwise", /unknown key/, /./],
];

describe("a wrong panel", () => {
  for (const [what, panels, path, cause, remedy] of WRONG) {
    it(`is refused: ${what}`, async () => {
      await assert.rejects(resolved(panels), (error: GatewayError) => {
        assert.equal(error.reason, "CONFIG_INVALID");
        const found = error.details.problems!.map((problem) => `${problem.path}: ${problem.cause}; ${problem.remedy}`);
        const problem = error.details.problems!.find((each) => each.path === path);
        assert.ok(problem !== undefined, found.join("\n"));
        assert.match(problem.cause, cause);
        assert.match(problem.remedy, remedy);
        assert.ok(problem.line !== undefined && problem.line > 0);
        return true;
      });
    });
  }
});

describe("a panel", () => {
  it("asks a judge once, however many members and constraints read it", async () => {
    const panel = await panelOf(`members:
  - { name: helpful, judge: objectives, objective: helpfulness }
  - { name: harmless, judge: objectives, objective: harmlessness }
constraints: { judges: [{ judge: objectives, objective: harmlessness, atLeast: 0 }, { judge: reward, atMost: 4 }] }`);
    assert.deepEqual(
      panel.judges.map(({ name }) => name),
      ["objectives", "reward"],
    );
    assert.deepEqual(
      panel.members.map(({ name, seat }) => [name, seat]),
      [
        ["helpful", 0],
        ["harmless", 0],
      ],
    );
    assert.deepEqual(
      panel.constraints!.readings.map(({ name, seat }) => [name, seat]),
      [
        ["objectives", 0],
        ["reward", 1],
      ],
    );
    const raw = { outcome: "scored", value: 9, objectives: Float64Array.of(2, 4, 1), gating: Float64Array.of(1, 0, 0) } as const;
    const steering = { weights: { helpfulness: 1 }, mode: "override", alpha: 1 } as const;
    assert.deepEqual(panel.members.map((member) => member.scalarise(raw, steering).value).sort(), [2, 4]);
  });

  it("knows the states that it reads and whether it compares with baselines", async () => {
    const plain = await panelOf("members: [{ judge: reward }, { judge: objectives }]\nweights: { state: mix }");
    assert.deepEqual([plain.states, plain.readsBaselines], [["mix"], false]);
    const snapshot = { name: "mix", run: "r", version: 1, kind: "hedge", value: { weights: { reward: 0.2, objectives: 0.8 } } } as const;
    assert.deepEqual([...plain.weighting!.weightsOf(snapshot)], [0.2, 0.8]);
    const scaled = await panelOf(
      "members: [{ judge: reward, transforms: [{ method: centred, references: item }, { method: runningScale, state: scale }] }]",
    );
    assert.deepEqual([scaled.states, scaled.readsBaselines, scaled.space], [["scale"], true, "native"]);
  });

  it("changes its revision with everything that decides a reward, and with nothing else", async () => {
    const base =
      "members: [{ judge: reward }]\nconstraints: { judges: [{ judge: objectives, atLeast: 0 }], baseline: 1 }\nadvantages: { method: grpo }";
    const { revision } = await panelOf(base);
    assert.equal((await panelOf(`description: other\n${base}`)).revision, revision);
    for (const [from, to] of [
      ["atLeast: 0", "atLeast: 0.5"],
      ["atLeast: 0", "atMost: 0"],
      ["baseline: 1", "baseline: 2"],
      ["method: grpo", "method: grpo, convention: verl"],
      ["judge: reward }", "judge: reward, standing: counts, weight: 2 }"],
      ["judge: reward }", "judge: reward, name: other }"],
      ["judge: reward }", "judge: reward, required: true }"],
      ["judge: reward }", "judge: reward, onFailure: degrade }"],
      ["judge: reward }", "judge: reward, transforms: [{ method: clip, lo: -1, hi: 1 }] }"],
      ["judge: reward }", "judge: reward, calibration: none }"],
      ["judge: reward }]", "judge: reward }, { judge: objectives, standing: shadow }]"],
      ["judge: reward }]", "judge: reward }]\nonFailure: { impute: 0 }"],
      ["judge: reward }]", "judge: reward }]\naggregation: { method: min }"],
      ["judge: objectives, atLeast: 0", "judge: objectives, name: other, atLeast: 0"],
      ["atLeast: 0", "atLeast: 0, notApplicable: satisfied"],
    ] as const) {
      assert.notEqual((await panelOf(base.replace(from, to))).revision, revision, to);
    }
    const two = base.replace("judge: reward }]", "judge: reward }, { judge: objectives }]");
    for (const more of ["weights: { state: mix }", "quorum: 2"])
      assert.notEqual((await panelOf(`${two}\n${more}`)).revision, (await panelOf(two)).revision, more);
  });
});
