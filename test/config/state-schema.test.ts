import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { stateStoreOf } from "../../src/config/state-plan.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { temporaryFolder } from "../support/bundle.ts";

const folder = temporaryFolder();
after(() => folder.remove());

const BASE = `apiVersion: rewardgate/v1
backends: { local: { type: onnx } }
judges:
  helpful: { bundle: models/helpful, backend: local }
  harmless: { bundle: models/harmless, backend: local }
panels: { chat: { members: [{ judge: helpful }] } }
`;

const load = (text: string, variables: Record<string, string> = {}) =>
  loadConfig({ file: folder.write("rewardgate.yaml", BASE + text), variables });

async function problems(text: string, variables?: Record<string, string>): Promise<string[]> {
  try {
    await load(text, variables);
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID", String(error));
    return error.details.problems!.map(({ path, cause, remedy }) => `${path}: ${cause}; ${remedy}`);
  }
  return [];
}

describe("states of the configuration", () => {
  it("are none by default, kept in a folder beside the file", async () => {
    const config = await load("");
    assert.deepEqual(config.states, {});
    const store = { type: "embedded", path: `${folder.path}/rewardgate-state` };
    assert.deepEqual(stateStoreOf(config), { store, keepVersions: 1000, maxRuns: 1000 });
  });

  it("have the parameters of their kind, with defaults", async () => {
    const { states } = await load(`states:
  safety: { kind: multipliers, judges: { helpful: { threshold: 0.4 } } }
  experts: { kind: hedge, judges: { helpful: {}, harmless: { weight: 3 } }, learningRate: 1 }
  scales: { kind: runningScale, judges: [harmless] }
  bundles: { kind: quantileTracker, share: 0.1 }
`);
    assert.deepEqual(states, {
      safety: {
        kind: "multipliers",
        description: "",
        judges: { helpful: { threshold: 0.4, initial: 0 } },
        form: "inequality",
        learningRate: 0.01,
        momentum: 0.1,
      },
      experts: { kind: "hedge", description: "", judges: { helpful: { weight: 1 }, harmless: { weight: 3 } }, learningRate: 1 },
      scales: { kind: "runningScale", description: "", judges: ["harmless"], ddof: 0 },
      bundles: { kind: "quantileTracker", description: "", alpha: 0.2, beta: 0.8, share: 0.1 },
    });
  });

  const broken: readonly [what: string, text: string, says: RegExp][] = [
    ["an unknown kind", "states: { s: { kind: multiplier } }", /^states\.s\.kind: .*did you mean multipliers\?/],
    ["no kind", "states: { s: { judges: [helpful] } }", /^states\.s\.kind: missing; allowed: multipliers, hedge/],
    [
      "a judge in a map that is not there",
      "states: { s: { kind: hedge, judges: { helpfull: {} }, learningRate: 1 } }",
      /^states\.s\.judges\.helpfull: no judge "helpfull"; did you mean helpful\?/,
    ],
    [
      "a judge in a list that is not there",
      "states: { s: { kind: runningScale, judges: [helpful, harm] } }",
      /^states\.s\.judges\[1\]: no judge "harm"; /,
    ],
    ["a judge twice", "states: { s: { kind: runningScale, judges: [helpful, helpful] } }", /^states\.s\.judges\[1\]: .*named twice/],
    ["no judge", "states: { s: { kind: hedge, judges: {}, learningRate: 1 } }", /^states\.s\.judges: names no judge; .*by name/],
    ["no threshold", "states: { s: { kind: multipliers, judges: { helpful: {} } } }", /^states\.s\.judges\.helpful\.threshold: missing; /],
    ["no learning rate", "states: { s: { kind: hedge, judges: { helpful: {} } } }", /^states\.s\.learningRate: missing; .*≥ 0/],
    ["a parameter of another kind", "states: { s: { kind: quantileTracker, share: 1, ddof: 0 } }", /^states\.s\.ddof: unknown key/],
    [
      "levels in the wrong order",
      "states: { s: { kind: quantileTracker, share: 1, alpha: 0.9 } }",
      /^states\.s\.beta: 0\.8 is not above alpha, 0\.9/,
    ],
    ["a share of 0", "states: { s: { kind: quantileTracker, share: 0 } }", /^states\.s\.share: /],
    [
      "a momentum of 1",
      "states: { s: { kind: multipliers, judges: { helpful: { threshold: 0 } }, momentum: 1 } }",
      /^states\.s\.momentum: /,
    ],
    ["a name that is none", "states: { S_1: { kind: quantileTracker, share: 1 } }", /^states\.S_1: not a name; /],
    ["an unknown store", "state: { store: { type: sqlite } }", /^state\.store\.type: "sqlite" is not allowed; allowed: embedded, redis/],
    ["a Redis without an address", "state: { store: { type: redis } }", /^state\.store\.url: missing; /],
    ["a Redis at no port", "state: { store: { type: redis, url: redis://redis:99999 } }", /^state\.store\.url: .*redis:\/\/HOST:PORT/],
    ["a Redis with a named database", "state: { store: { type: redis, url: redis://redis/main } }", /^state\.store\.url: .*NUMBER of a/],
    [
      "a Redis whose password cannot be decoded, which is not told",
      "state: { store: { type: redis, url: 'redis://:se%cret@redis' } }",
      /^state\.store\.url: (?!.*se%cret).*as %25/,
    ],
    ["a Redis at a web address", "state: { store: { type: redis, url: http://redis } }", /^state\.store\.url: .*redis:\/\/ or rediss:\/\//],
    ["one version kept", "state: { keepVersions: 1 }", /^state\.keepVersions: /],
  ];
  for (const [what, text, says] of broken) {
    it(`are refused for ${what}, with place and remedy`, async () => {
      const found = await problems(`${text}\n`);
      assert.ok(found.length > 0 && found.some((problem) => says.test(problem)), JSON.stringify(found));
    });
  }
});

describe("the environment", () => {
  it("puts a folder or a Redis over the store of the file", async () => {
    const storeUnder = async (text: string, variables: Record<string, string>) => stateStoreOf(await load(text, variables)).store;
    const redis = "state: { store: { type: redis, url: redis://a, prefix: mine, timeoutSeconds: 9 } }\n";
    assert.deepEqual(await storeUnder(redis, { REWARDGATE_STATE_PATH: "/var/lib/state" }), { type: "embedded", path: "/var/lib/state" });
    const url = "rediss://:secret@b:6380/1";
    const variables = { REWARDGATE_STATE_REDIS_URL: url };
    assert.deepEqual(await storeUnder(redis, variables), { type: "redis", url, prefix: "mine", timeoutSeconds: 9 });
    const guarded = redis.replace("prefix", "passwordFile: secrets/redis, prefix");
    assert.deepEqual(await storeUnder(guarded, {}), {
      type: "redis",
      url: "redis://a",
      passwordFile: `${folder.path}/secrets/redis`,
      prefix: "mine",
      timeoutSeconds: 9,
    });
    assert.deepEqual(await storeUnder("", variables), { type: "redis", url, prefix: "rewardgate", timeoutSeconds: 2 });
    assert.deepEqual(await storeUnder(redis, { REWARDGATE_STATE_PATH: "" }), await storeUnder(redis, {}));
  });

  it("is refused when it names two places, or an address that is none, which is not quoted", async () => {
    const both = { REWARDGATE_STATE_PATH: "/a", REWARDGATE_STATE_REDIS_URL: "redis://b" };
    assert.match((await problems("", both)).join(), /^REWARDGATE_STATE_PATH: set beside REWARDGATE_STATE_REDIS_URL; .*unset one/);
    const wrong = (await problems("", { REWARDGATE_STATE_REDIS_URL: "user:secret@host" })).join();
    const [named] = await problems("", { REWARDGATE_STATE_REDIS_URL: "redis://b/main" });
    assert.match(named!, /^REWARDGATE_STATE_REDIS_URL: no address of a Redis; .* the number of a database/);
    assert.match(wrong, /^REWARDGATE_STATE_REDIS_URL: no address of a Redis; start it with redis:\/\//);
    assert.doesNotMatch(wrong, /secret/);
  });
});
