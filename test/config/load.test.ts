// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references as a configuration file writes them
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Overrides } from "../../src/config/env.ts";
import { loadConfig } from "../../src/config/load.ts";
import { isRouting } from "../../src/config/panel-schema.ts";
import { type ConfigProblem, GatewayError } from "../../src/domain/errors.ts";
import { temporaryFolder } from "../support/bundle.ts";

const folder = temporaryFolder();
after(() => folder.remove());

const GOOD = `apiVersion: rewardgate/v1
server:
  http: { port: 8080 }
backends:
  local: { type: onnx }
judges:
  chat-reward: { bundle: models/chat-reward, backend: local }
  chat-objectives: { bundle: models/chat-objectives, backend: local }
panels:
  chat:
    members:
      - { judge: chat-reward, weight: 0.5 }
      - { judge: chat-objectives, weight: 0.5 }
`;

async function load(text: string, variables: Record<string, string> = {}, flags: Overrides = {}) {
  return loadConfig({ file: folder.write("rewardgate.yaml", text), variables, flags });
}

async function problemsOf(text: string, variables: Record<string, string> = {}): Promise<readonly ConfigProblem[]> {
  try {
    await load(text, variables);
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID", String(error));
    assert.ok(!/\n\s+at /.test(error.message), "no stack trace");
    return error.details.problems!;
  }
  return [];
}

/** What breaks, the edit that breaks it, the path that must be named, and what the cause and the remedy must say. */
const BROKEN: readonly [what: string, from: string, to: string, path: string, says: RegExp][] = [
  ["an unknown key at the top", "server:", "sever:", "sever", /unknown key; did you mean server\?/],
  ["an unknown key inside", "port: 8080", "prot: 8080", "server.http.prot", /unknown key; did you mean port\?/],
  [
    "an unknown key of a judge",
    "bundle: models/chat-reward",
    "bundel: models/chat-reward",
    "judges.chat-reward.bundel",
    /did you mean bundle\?/,
  ],
  [
    "an unknown key of a member",
    "weight: 0.5 }\n      - {",
    "wieght: 0.5 }\n      - {",
    "panels.chat.members[0].wieght",
    /did you mean weight\?/,
  ],
  ["a missing version", "apiVersion: rewardgate/v1\n", "", "apiVersion", /missing; allowed: rewardgate\/v1/],
  ["another version", "rewardgate/v1", "rewardgate/v2", "apiVersion", /did you mean rewardgate\/v1\?/],
  ["a port that is no number", "8080", "http", "server.http.port", /expected a (whole )?number, got a string; .*TCP port/],
  ["a port out of range", "8080", "80800", "server.http.port", /65535/],
  ["a number without end", "8080", ".inf", "server.http.port", /expected a (whole )?number, got Infinity/],
  ["a fraction of a port", "8080", "80.5", "server.http.port", /expected a whole number/],
  ["a list where a mapping belongs", "http: { port: 8080 }", "http: [8080]", "server.http", /expected a mapping, got a list/],
  ["nothing where a mapping belongs", "{ port: 8080 }", "", "server.http", /expected a mapping, got nothing/],
  [
    "an overload status that is not offered",
    "http: { port: 8080 }",
    "overloadHttpStatus: 500",
    "server.overloadHttpStatus",
    /500 is not allowed; .*503, or 429/,
  ],
  [
    "a drain timeout below 0",
    "http: { port: 8080 }",
    "drainTimeoutSeconds: -1",
    "server.drainTimeoutSeconds",
    />=0.*seconds that running requests get/,
  ],
  [
    "a gRPC limit beyond what is safe",
    "http: { port: 8080 }",
    "limits: { maxGrpcMessageBytes: 99999999 }",
    "server.limits.maxGrpcMessageBytes",
    /at most 16 MiB/,
  ],
  [
    "an unknown log level",
    "server:\n  http: { port: 8080 }",
    "log: { level: inof }",
    "log.level",
    /did you mean info\? allowed: trace, debug/,
  ],
  ["a cache below nothing", "server:\n  http: { port: 8080 }", "cache: { maxBytes: -5 }", "cache.maxBytes", /0 turns the cache off/],
  ["an unknown backend type", "type: onnx", "type: onxx", "backends.local.type", /did you mean onnx\?/],
  ["a backend without a type", "{ type: onnx }", "{ device: cpu }", "backends.local.type", /missing; allowed: onnx/],
  ["an unknown device", "type: onnx", "type: onnx, device: gpu", "backends.local.device", /`cuda:N`/],
  ["a queue bound of 0", "type: onnx", "type: onnx, queue: { maxCalls: 0 }", "backends.local.queue.maxCalls", /calls that may wait/],
  ["a backend name with capitals", "  local:", "  Local:", "backends.Local", /lower-case letters/],
  [
    "a judge on a backend that is not there",
    "models/chat-reward, backend: local",
    "models/chat-reward, backend: locl",
    "judges.chat-reward.backend",
    /no backend "locl"; did you mean local\?/,
  ],
  [
    "a judge without a bundle",
    "bundle: models/chat-reward, ",
    "",
    "judges.chat-reward.bundle",
    /missing; state it: folder with the judge's judge.yaml/,
  ],
  [
    "an unknown policy for long texts",
    "models/chat-reward, backend: local",
    "models/chat-reward, backend: local, overlong: cut",
    "judges.chat-reward.overlong",
    /allowed: error, truncate/,
  ],
  [
    "a member that is no judge",
    "judge: chat-reward",
    "judge: chat-rewad",
    "panels.chat.members[0].judge",
    /no judge "chat-rewad"; did you mean chat-reward\?/,
  ],
  ["a member twice", "judge: chat-objectives", "judge: chat-reward", "panels.chat.members[1].judge", /"chat-reward" is there twice/],
  ["a weight below 0", "chat-reward, weight: 0.5", "chat-reward, weight: -0.5", "panels.chat.members[0].weight", />=0/],
  [
    "a weight that is not finite",
    "chat-reward, weight: 0.5",
    "chat-reward, weight: .nan",
    "panels.chat.members[0].weight",
    /expected a number/,
  ],
  [
    "weights that are all 0",
    "weight: 0.5 }\n      - { judge: chat-objectives, weight: 0.5",
    "weight: 0 }\n      - { judge: chat-objectives, weight: 0",
    "panels.chat.members",
    /every member weighs 0; give at least one/,
  ],
  [
    "no members",
    "members:\n      - { judge: chat-reward, weight: 0.5 }\n      - { judge: chat-objectives, weight: 0.5 }",
    "members: []",
    "panels.chat.members",
    /the judges/,
  ],
  [
    "an unknown word for a calibration",
    "chat-reward, weight",
    "chat-reward, calibration: bundl, weight",
    "panels.chat.members[0].calibration",
    /"bundl" is not allowed; allowed: `bundle`/,
  ],
  [
    "an unknown calibration method",
    "chat-reward, weight",
    "chat-reward, calibration: { method: afine, slope: 1 }, weight",
    "panels.chat.members[0].calibration.method",
    /did you mean affine\? allowed: .*\bisotonic\b/,
  ],
  [
    "a misspelt parameter of a calibration",
    "chat-reward, weight",
    "chat-reward, calibration: { method: affine, slop: 1 }, weight",
    "panels.chat.members[0].calibration.slop",
    /did you mean slope\?/,
  ],
  [
    "a slope that would turn the order",
    "chat-reward, weight",
    "chat-reward, calibration: { method: affine, slope: -1 }, weight",
    "panels.chat.members[0].calibration.slope",
    /above 0/,
  ],
  [
    "a misspelt calibration file",
    "chat-reward, weight",
    "chat-reward, calibration: { fil: x }, weight",
    "panels.chat.members[0].calibration.fil",
    /did you mean file\?/,
  ],
  [
    "an unknown transform",
    "chat-reward, weight",
    "chat-reward, transforms: [{ method: logSigmoid }], weight",
    "panels.chat.members[0].transforms[0].method",
    /allowed: logSigmoidCentred/,
  ],
  [
    "a transform without its reference",
    "chat-reward, weight",
    "chat-reward, transforms: [{ method: logSigmoidCentred }], weight",
    "panels.chat.members[0].transforms[0].reference",
    /missing; state it/,
  ],
  [
    "an unknown aggregation",
    "    members:",
    "    aggregation: { method: mean }\n    members:",
    "panels.chat.aggregation.method",
    /allowed: weightedSum, weightedMean, gatedSum/,
  ],
  [
    "an unknown failure policy",
    "    members:",
    "    onFailure: ignore\n    members:",
    "panels.chat.onFailure",
    /fail, degrade or \{impute: x\}/,
  ],
  [
    "a failure policy of a member without its value",
    "chat-reward, weight",
    "chat-reward, onFailure: { impute: }, weight",
    "panels.chat.members[0].onFailure.impute",
    /expected a number, got nothing/,
  ],
  [
    "a pass threshold of nobody",
    "backends:",
    "runs: { passThresholds: { chat-rewards: 1 } }\nbackends:",
    "runs.passThresholds.chat-rewards",
    /no panel, member or judge "chat-rewards".*did you mean chat-reward\?/,
  ],
  ["a quorum that can never be met", "    members:", "    quorum: 3\n    members:", "panels.chat.quorum", /can never be met; use 1 to 2/],
  ["no panels", GOOD.slice(GOOD.indexOf("panels:")), "panels: {}\n", "panels", /no panel; define at least one panel/],
  ["a variable that is not set", "port: 8080", 'port: "${NO_SUCH_PORT}"', "server.http.port", /NO_SUCH_PORT is not set; set it, or write/],
  ["a key twice", "server:\n", "server: {}\nserver:\n", "", /not YAML: map keys must be unique/],
  ["a syntax error", "{ port: 8080 }", "{ port: 8080", "", /not YAML/],
  ["a reference without quotes inside braces", "port: 8080", "port: ${PORT}", "", /put quotes around it/],
  ["a text instead of a mapping", GOOD, "rewardgate", "", /expected a mapping, got a string/],
];

describe("loadConfig", () => {
  it("fills in every default and freezes the result", async () => {
    const config = await load(GOOD);
    assert.equal(config.server.grpc.port, 50051);
    const chat = config.panels.chat!;
    assert.ok(!isRouting(chat));
    assert.equal(chat.aggregation.method, "weightedSum");
    assert.equal(chat.onFailure, "fail");
    const judge = config.judges["chat-reward"]!;
    assert.ok("bundle" in judge);
    assert.equal(judge.overlong, "error");
    assert.throws(() => Object.assign(config.server.http, { port: 1 }), TypeError);
    assert.throws(() => Object.assign(chat.members[0]!, { weight: 1 }), TypeError);
  });

  for (const [what, from, to, path, says] of BROKEN) {
    it(`refuses ${what}, and names ${path || "the place"} and a remedy`, async () => {
      assert.ok(GOOD.includes(from), "the edit applies");
      const problems = await problemsOf(GOOD.replace(from, () => to));
      const named = problems.filter((problem) => problem.path === path);
      assert.ok(named.length > 0, `no problem at ${path} in ${JSON.stringify(problems)}`);
      assert.ok(
        named.some(({ cause, remedy }) => says.test(`${cause}; ${remedy}`)),
        JSON.stringify(named),
      );
      for (const { file, cause, remedy } of problems) {
        assert.ok(file.endsWith("rewardgate.yaml"));
        assert.ok(cause.length > 0 && remedy.length > 0);
      }
    });
  }

  it("tells all problems at once, those of structure and those of names, with line and column", async () => {
    const text = GOOD.replace("8080", "-1")
      .replace("backend: local }", "backend: nowhere }")
      .replace("judge: chat-objectives", "judge: nobody");
    const problems = await problemsOf(text);
    assert.deepEqual(
      problems.map(({ path, line, column }) => [path, line, column]),
      [
        ["server.http.port", 3, 11],
        ["judges.chat-reward.backend", 7, 46],
        ["panels.chat.members[1].judge", 13, 11],
      ],
    );
  });

  it("says so when the file is not there, is a folder, or is empty", async () => {
    const said = async (file: string) => {
      try {
        await loadConfig({ file, variables: {} });
      } catch (error) {
        return (error as GatewayError).message;
      }
      return "";
    };
    assert.match(await said(`${folder.path}/none.yaml`), /none\.yaml: no such file; name it with --config or REWARDGATE_CONFIG/);
    assert.match(await said(folder.path), /a folder, not a file/);
    assert.match(await said(folder.write("empty.yaml", "")), /the file is empty/);
  });

  it("refuses a file that is not UTF-8, and reads one that is", async () => {
    const text = `# für\n${GOOD}`;
    const file = folder.write("latin1.yaml", Buffer.from(text, "latin1"));
    await assert.rejects(loadConfig({ file, variables: {} }), /latin1\.yaml: not UTF-8; save it as UTF-8/);
    await assert.doesNotReject(load(text));
  });

  it("does not read a file of more than 4 MiB", async () => {
    const file = folder.write("huge.yaml", `# ${"x".repeat(5 * 1024 * 1024)}`);
    await assert.rejects(loadConfig({ file, variables: {} }), /more than 4194304/);
  });

  it("puts flags over environment variables over the file over defaults", async () => {
    const text = GOOD.replace("8080", "1111");
    const ports = ({ server }: Awaited<ReturnType<typeof load>>) => [server.http.port, server.grpc.port, server.admin.port];
    const variables = {
      REWARDGATE_HTTP_PORT: "2222",
      REWARDGATE_GRPC_PORT: "3333",
      REWARDGATE_LOG_LEVEL: "debug",
      REWARDGATE_HOST: "0.0.0.0",
    };
    assert.deepEqual(ports(await load(text)), [1111, 50051, 9090]);
    assert.deepEqual(ports(await load(text, variables)), [2222, 3333, 9090]);
    const config = await load(text, variables, { httpPort: 4444, logLevel: "warn" });
    assert.deepEqual(ports(config), [4444, 3333, 9090]);
    assert.equal(config.log.level, "warn");
    assert.deepEqual([config.server.http.host, config.server.grpc.host, config.server.admin.host], ["0.0.0.0", "0.0.0.0", "0.0.0.0"]);
  });

  it("takes port 0 from the environment, and treats an empty variable as not set", async () => {
    assert.equal((await load(GOOD, { REWARDGATE_HTTP_PORT: "0" })).server.http.port, 0);
    assert.equal((await load(GOOD, { REWARDGATE_HTTP_PORT: "" })).server.http.port, 8080);
  });

  for (const [name, value] of [
    ["REWARDGATE_HTTP_PORT", "http"],
    ["REWARDGATE_GRPC_PORT", "-1"],
    ["REWARDGATE_ADMIN_PORT", "65536"],
    ["REWARDGATE_LOG_LEVEL", "verbose"],
  ] as const) {
    it(`refuses ${name}=${value} by its name`, async () => {
      const [problem] = await problemsOf(GOOD, { [name]: value });
      assert.deepEqual([problem!.file, problem!.path], ["environment", name]);
      assert.match(problem!.cause, new RegExp(value));
    });
  }
});
