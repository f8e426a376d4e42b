import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { GatewayError } from "../../../src/domain/errors.ts";
import { DEFAULT_OPTIONS, type ScoreRequest } from "../../../src/domain/score.ts";
import * as wire from "../../../src/gen/rewardgate/v1/reward_service.ts";
import { NO_STATES } from "../../../src/state/service.ts";
import { startGrpcServer } from "../../../src/transport/grpc/server.ts";
import { detailsOf } from "../../support/grpc-status.ts";
import { openRuns } from "../../support/run-stream.ts";
import { heldService, LIMITS, recordingTelemetry, resultOf, scriptedReadiness, scriptedService } from "../../support/scripted-service.ts";
import { openGrpc } from "../../support/servers.ts";
import { itemProto, requestProto } from "../../support/wire-requests.ts";

async function open(t: TestContext, choices: Parameters<typeof openGrpc>[0] = {}) {
  const opened = await openGrpc(choices);
  t.after(() => opened.close());
  return opened;
}

const failure = (promise: Promise<unknown>): Promise<ServiceError> =>
  promise.then(
    () => assert.fail("answered"),
    (error) => error,
  );

test("Score answers every candidate in order, and a failed one has no reward", async (t) => {
  const { score, lines } = await open(t);
  const answer = await score(requestProto("four", "this will fail", ""));
  assert.equal(answer.panel, "chat");
  assert.equal(answer.panelRevision, "sha256:bb");
  assert.deepEqual(
    answer.results[0]?.candidates.map(({ status, reward }) => [status, reward]),
    [
      [wire_status.complete, 4],
      [wire_status.failed, undefined],
      [wire_status.complete, 0],
    ],
  );
  const failed = answer.results[0]?.candidates[1];
  assert.equal(failed?.error?.reason, "SCORE_NOT_FINITE");
  assert.deepEqual(
    [failed?.judges[0]?.raw, failed?.judges[0]?.calibrated, failed?.judges[0]?.contribution],
    [undefined, undefined, undefined],
  );
  assert.deepEqual(answer.results[0]?.candidates[0]?.judges[0]?.objectives, { count: 4 });
  assert.deepEqual(answer.usage, { candidates: 3, cachedScores: 0, tokens: 9 });
  assert.deepEqual([lines.length, lines[0]?.method, lines[0]?.code, lines[0]?.items], [1, "Score", "OK", 1]);
});

const wire_status = { complete: 1, degraded: 2, failed: 3 };

test("an absent reward is absent on the wire, and a reward of 0 is there", async (t) => {
  const { score } = await open(t);
  const answer = await score(requestProto("", "fail"));
  const bytes = wire.ScoreResponse.encode(answer).finish();
  const [zero, failed] = wire.ScoreResponse.decode(bytes).results[0]?.candidates ?? [];
  assert.equal(zero?.reward, 0);
  assert.equal(failed?.reward, undefined);
});

test("an answer with routes, constraints, advantages, weight sets and states says all of it", async (t) => {
  const { score } = await open(t);
  const answer = await score(
    wire.ScoreRequest.fromPartial({ panel: "chat", items: [{ ...itemProto("a", "four", "veto"), domain: "constrained" }] }),
  );
  const [told] = resultOf({
    panel: "chat",
    items: [{ id: "a", prompt: [], domain: "constrained", candidates: [{ content: "four" }, { content: "veto" }] }],
    options: DEFAULT_OPTIONS,
  }).results;
  const [shown] = answer.results;
  assert.deepEqual([shown!.route, shown!.group, answer.states], [told!.route, told!.group, [{ name: "mix", version: 7 }]]);
  assert.deepEqual(shown!.constrained, told!.constrained);
  const [kept, vetoed] = shown!.candidates;
  assert.deepEqual([kept!.rewards, kept!.advantage, kept!.judges[0]!.advantage, kept!.judges[0]!.member], [{ other: 8 }, 0, 0.5, "length"]);
  assert.deepEqual([vetoed!.status, vetoed!.reward, vetoed!.error!.reason], [4, undefined, "CONSTRAINT_VIOLATED"]);
  const { verdict, parts, calibrated, crpg, crpgCentred, crraft } = vetoed!.constraints!;
  assert.deepEqual([verdict, calibrated, crpg, crpgCentred, crraft], [2, 0.5, 0, 0.125, 0]);
  assert.deepEqual(
    [parts[0]!.constraint, parts[0]!.verdict, parts[0]!.score, parts[0]!.atLeast, parts[0]!.atMost, parts[0]!.cached],
    ["short", 2, 4, undefined, 9, true],
  );
});

test("every field of a request reaches the service", async (t) => {
  let seen: ScoreRequest | undefined;
  const { score } = await open(t, {
    service: scriptedService((request) => {
      seen = request;
      return resultOf(request);
    }),
  });
  const request = wire.ScoreRequest.fromPartial({
    panel: "chat",
    items: [
      {
        id: "x",
        prompt: {
          form: {
            $case: "messages",
            value: {
              messages: [
                { role: 1, content: { form: { $case: "text", value: "be kind" } } },
                {
                  role: 3,
                  content: {
                    form: {
                      $case: "parts",
                      value: {
                        parts: [{ kind: { $case: "text", value: "look" } }, { kind: { $case: "imageUrl", value: { url: "data:x" } } }],
                      },
                    },
                  },
                },
              ],
            },
          },
        },
        candidates: [{ content: { form: { $case: "text", value: "ok" } }, tokens: 0, kl: -0.5, truncated: true }],
        baselines: [{ content: { form: { $case: "text", value: "base" } }, tokens: 7 }],
        reference: "",
        criteria: [
          { name: "", text: "is brief", hard: false, dependsOn: [] },
          { name: "polite", text: "is polite", hard: true, weight: 2, dependsOn: ["0"] },
        ],
        domain: "art",
        language: "en",
        metadata: { run: "1" },
      },
      { ...itemProto("", "second"), metadata: {} },
    ],
    options: {
      objectiveWeights: { a: -1 },
      steeringMode: 3,
      steeringAlpha: 0,
      detail: 2,
      deadlineMs: 5000,
      cache: 2,
      priority: 1,
      weightSets: [{ name: "w", objectiveWeights: { b: 2 }, steeringMode: 2, memberWeights: { m: 0.5 } }],
      stateVersions: { mix: 0 },
    },
    run: "r",
    step: 0,
    policyVersion: "r-0",
  });
  await score(request, { deadline: Date.now() + 60_000 });
  assert.deepEqual([seen?.run, seen?.step, seen?.policyVersion], ["r", 0, "r-0"]);
  assert.deepEqual(seen?.items, [
    {
      id: "x",
      prompt: [
        { role: "system", content: "be kind" },
        {
          role: "user",
          content: [
            { type: "text", text: "look" },
            { type: "image", url: "data:x" },
          ],
        },
      ],
      candidates: [{ content: "ok", tokens: 0, kl: -0.5, truncated: true }],
      baselines: [{ content: "base", tokens: 7 }],
      reference: "",
      criteria: [
        { name: "0", text: "is brief" },
        { name: "polite", text: "is polite", hard: true, weight: 2, dependsOn: ["0"] },
      ],
      domain: "art",
      language: "en",
      metadata: { run: "1" },
    },
    { id: "1", prompt: [{ role: "user", content: "Say something." }], candidates: [{ content: "second" }] },
  ]);
  assert.deepEqual(seen?.options, {
    detail: "judges",
    cache: "bypass",
    priority: "critical",
    steering: { weights: { a: -1 }, mode: "blend", alpha: 0 },
    deadlineMs: 5000,
    weightSets: [{ name: "w", steering: { weights: { b: 2 }, mode: "multiply", alpha: 1 }, memberWeights: { m: 0.5 } }],
    stateVersions: { mix: 0 },
  });
});

test("the call's deadline is the request's when it is earlier", async (t) => {
  let deadlineMs: number | undefined;
  const { score } = await open(t, {
    service: scriptedService((request) => {
      deadlineMs = request.options.deadlineMs;
      return resultOf(request);
    }),
  });
  const request = { ...requestProto("x"), options: wire.ScoreOptions.fromPartial({ deadlineMs: 900_000 }) };
  await score(request, { deadline: Date.now() + 30_000 });
  assert.ok(deadlineMs !== undefined && deadlineMs > 10_000 && deadlineMs <= 30_000, String(deadlineMs));
});

const unset: [string, wire.ScoreRequest, string][] = [
  [
    "a role that is not set",
    withPrompt({ $case: "messages", value: { messages: [{ role: 0, content: text("x") }] } }),
    "items[0].prompt[0].role",
  ],
  [
    "a role beyond the enum",
    withPrompt({ $case: "messages", value: { messages: [{ role: 9 as 1, content: text("x") }] } }),
    "items[0].prompt[0].role",
  ],
  [
    "a message without content",
    withPrompt({ $case: "messages", value: { messages: [{ role: 3, content: undefined }] } }),
    "items[0].prompt[0].content",
  ],
  ["an item without prompt", withPrompt(undefined), "items[0].prompt"],
  [
    "a candidate without content",
    wire.ScoreRequest.fromPartial({ panel: "chat", items: [{ ...itemProto("a"), candidates: [{}] }] }),
    "items[0].candidates[0].content",
  ],
  ["a detail beyond the enum", wire.ScoreRequest.fromPartial({ ...requestProto("x"), options: { detail: 7 as 1 } }), "options.detail"],
  ["no candidate", requestProto(), "items[0].candidates"],
];
for (const [name, request, field] of unset) {
  test(`${name} is INVALID_ARGUMENT at ${field}`, async (t) => {
    const { score } = await open(t);
    const error = await failure(score(request));
    assert.equal(error.code, status.INVALID_ARGUMENT);
    assert.deepEqual(detailsOf(error).fields, [field]);
  });
}

test("a role or a unit that a newer client knows is said to be unknown, and required only where it is not set", async (t) => {
  const { score } = await open(t);
  const spoken = (role: number) => withPrompt({ $case: "messages", value: { messages: [{ role: role as 1, content: text("x") }] } });
  const measured = (unit: number) => {
    const candidates = [{ content: text("x"), offsets: { unit: unit as 1, stepEnds: [1], tokenEnds: [] } }];
    return wire.ScoreRequest.fromPartial({ panel: "chat", items: [{ ...itemProto("a"), candidates }] });
  };
  for (const [request, says] of [
    [spoken(0), "items[0].prompt[0].role: required"],
    [spoken(9), "items[0].prompt[0].role: unknown enum value 9"],
    [measured(0), "items[0].candidates[0].offsets.unit: required"],
    [measured(3), "items[0].candidates[0].offsets.unit: unknown enum value 3"],
  ] as const) {
    assert.equal((await failure(score(request))).details, says);
  }
});

function text(value: string) {
  return { form: { $case: "text", value } } as const;
}

function withPrompt(form: NonNullable<wire.ScoreRequest["items"][number]["prompt"]>["form"]): wire.ScoreRequest {
  return wire.ScoreRequest.fromPartial({ panel: "chat", items: [{ ...itemProto("a", "x"), prompt: { form: form as never } }] });
}

test("bytes that are no message are INVALID_ARGUMENT, where grpc-js would say INTERNAL", async (t) => {
  const { client } = await open(t);
  const { score, listJudges, listPanels, getVersion } = wire.RewardServiceService;
  for (const [method, ...bytes] of [
    [score, 0x0a, 10, 0x61],
    [score, 0x0a, 1, 0x80],
    [score, 0xfa, 0x01, 0],
    [listJudges, 0x08, 1],
    [listPanels, 0x08, 1],
    [getVersion, 0x08, 1],
  ] as [typeof score, ...number[]][]) {
    const error = await new Promise<ServiceError>((resolve) => {
      client.makeUnaryRequest(
        method.path,
        () => Buffer.from(bytes),
        method.responseDeserialize,
        {},
        (thrown) => resolve(thrown as ServiceError),
      );
    });
    assert.equal(error.code, status.INVALID_ARGUMENT);
    assert.equal(detailsOf(error).info?.reason, "REQUEST_INVALID");
  }
});

test("an error that says long names fits the trailers that any client takes", async (t) => {
  for (const character of ["x", "é", "狗", "\u{1f436}"]) {
    const long = character.repeat(20_000);
    const service = scriptedService(() => {
      const suggestions = Array.from({ length: 500 }, (_, i) => `${character}-${i}`);
      const details = { field: `options.memberWeights.${long}`, itemId: character.repeat(256 / character.length), suggestions };
      throw new GatewayError("PANEL_NOT_FOUND", `no panel "${long}"; defined: ${suggestions.join(", ")}`, { details });
    });
    const { score } = await open(t, { service });
    const error = await failure(score(requestProto("x"), { deadline: Date.now() + 20_000 }));
    assert.equal(error.code, status.NOT_FOUND);
    assert.match(error.details, new RegExp(`^no panel "${character}{50,}…$`, "u"));
    const { info, fields } = detailsOf(error);
    assert.equal(info?.reason, "PANEL_NOT_FOUND");
    assert.match(String(info?.metadata.suggestions), new RegExp(`^${character}-0, ${character}-1, .*…$`, "u"));
    assert.match(String(fields?.[0]), new RegExp(`^options.memberWeights.${character}+…$`, "u"));
    const trailers = Object.entries(error.metadata.toHttp2Headers()).flatMap(([name, values]) =>
      [values].flat().map((value) => name.length + String(value).length + 32),
    );
    const message = "grpc-message".length + encodeURI(error.details).length + 32;
    assert.ok(trailers.reduce((sum, bytes) => sum + bytes, message) < 7000, `${trailers} ${message}`);
  }
});

test("a cancel aborts the work, and a normal answer does not", async (t) => {
  const signals: AbortSignal[] = [];
  let arrived = () => {};
  const { client, score, lines, settled } = await open(t, {
    service: scriptedService(async (request, { signal }) => {
      signals.push(signal);
      if (request.items[0]?.id === "hang") {
        arrived();
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new GatewayError("CALLER_GONE", "gone"))));
      }
      return resultOf(request);
    }),
  });
  await score(requestProto("x"));
  const started = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const call = client.score(wire.ScoreRequest.fromPartial({ panel: "chat", items: [itemProto("hang", "x")] }), () => {});
  await started;
  call.cancel();
  await settled(() => signals[1]?.aborted === true);
  await sleep(20);
  assert.equal(signals[0]?.aborted, false);
  await settled(() => lines.length === 2);
  assert.deepEqual(
    lines.map((line) => line.code),
    ["OK", "CANCELLED"],
  );
});

test("the request id is the caller's or a fresh one, and the trace context comes back", async (t) => {
  const { client } = await open(t);
  const traceparent = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  const trailersOf = (metadata: Metadata) =>
    new Promise<Metadata>((resolve) => {
      client.getVersion({}, metadata, () => {}).on("status", (end) => resolve(end.metadata));
    });
  const given = new Metadata();
  given.set("x-request-id", "my-id-1");
  given.set("traceparent", traceparent);
  const first = await trailersOf(given);
  assert.deepEqual([first.get("x-request-id"), first.get("traceparent")], [["my-id-1"], [traceparent]]);
  const bad = new Metadata();
  bad.set("x-request-id", "with space");
  bad.set("traceparent", "nonsense");
  const second = await trailersOf(bad);
  assert.match(String(second.get("x-request-id")[0]), /^[0-9a-f-]{36}$/);
  assert.deepEqual(second.get("traceparent"), []);
});

test("the lists and the version are those of the service", async (t) => {
  const { listJudges, listPanels, getVersion } = await open(t);
  const judges = await listJudges();
  assert.deepEqual(judges.judges, scriptedService().judges());
  const panels = await listPanels();
  assert.deepEqual(panels.panels, scriptedService().panels());
  assert.deepEqual(await getVersion(), scriptedService().version());
});

test("drain lets every running call finish and refuses new ones", async () => {
  const { service, release, taken } = heldService();
  const opened = await openGrpc({ service });
  const calls = Array.from({ length: 250 }, () => opened.score(requestProto("x")));
  await opened.settled(() => taken() === 250);
  let drained = false;
  const drain = opened.server.drain().then(() => {
    drained = true;
  });
  await sleep(20);
  assert.equal(drained, false);
  release();
  assert.equal((await Promise.all(calls)).length, 250);
  await drain;
  const late = await failure(opened.score(requestProto("x")));
  assert.equal(late.code, status.UNAVAILABLE);
  await opened.close();
});

test("a port in use is a configuration error that names the address", async (t) => {
  const { server } = await open(t);
  await assert.rejects(
    startGrpcServer({
      host: "127.0.0.1",
      port: server.port,
      service: scriptedService(),
      states: NO_STATES,
      runs: openRuns().runs,
      readiness: scriptedReadiness(),
      limits: LIMITS,
      ...recordingTelemetry(),
    }),
    (error) => error instanceof GatewayError && error.reason === "CONFIG_INVALID" && error.message.includes(`127.0.0.1:${server.port}`),
  );
});

test("every failure of every method is counted from the start, so that the first are in a rate", async (t) => {
  const { metrics } = await open(t);
  const text = await metrics.registry.metrics();
  for (const method of ["Score", "ScoreStream", "StepState", "ListRuns"]) {
    for (const code of ["OK", "UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL"]) {
      assert.ok(text.includes(`rewardgate_requests_total{transport="grpc",method="${method}",code="${code}"} 0\n`), `${method} ${code}`);
    }
  }
});

test("requests are counted by method and code, and none is running at the end", async (t) => {
  const { score, metrics } = await open(t);
  await score(requestProto("x"));
  await failure(score(requestProto()));
  const text = await metrics.registry.metrics();
  assert.match(text, /rewardgate_requests_total\{transport="grpc",method="Score",code="OK"\} 1/);
  assert.match(text, /rewardgate_requests_total\{transport="grpc",method="Score",code="INVALID_ARGUMENT"\} 1/);
  assert.match(text, /rewardgate_requests_running 0/);
});
