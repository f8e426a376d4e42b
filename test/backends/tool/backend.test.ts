import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { createToolBackend, type ToolBackendOptions } from "../../../src/backends/tool/backend.ts";
import { toolParams } from "../../../src/backends/tool/params.ts";
import type { OpenBackend, PreparedCall, RunContext, ToolCall } from "../../../src/domain/backend.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { temporaryFolder } from "../../support/bundle.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { settled } from "../../support/settled.ts";
import { startToolServer, type ToolScript } from "../../support/tool-server.ts";

const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

async function open(script: ToolScript, changes: Partial<ToolBackendOptions> = {}) {
  const server = await startToolServer(script);
  const { type: _, ...defaults } = toolParams.parse({ type: "tool", url: server.url, healthIntervalSeconds: 0.1 });
  const backend = await createToolBackend({ ...defaults, name: "facts", random: () => 0.5, ...changes });
  cleanups.push(
    () => server.close(),
    () => backend.close(0),
  );
  return { server, backend };
}

const call = (input: string, tool = "lookup"): ToolCall => ({ type: "tool", tool, input });

async function ask(backend: OpenBackend, asked: ToolCall, context?: RunContext) {
  const [result] = await backend.run((await backend.prepare([asked])) as PreparedCall[], context);
  return result!;
}

async function errorOf(backend: OpenBackend, asked = call("x"), context?: RunContext): Promise<GatewayError> {
  return ask(backend, asked, context).then(
    () => assert.fail("it answered"),
    (thrown: unknown) => (thrown instanceof GatewayError ? thrown : assert.fail(String(thrown))),
  );
}

describe("a service of tools", () => {
  it("is posted the tool, the input and an id, at the very address that the configuration names", async () => {
    const { backend, server } = await open(({ body }) => ({ observation: `You asked ${body.input}`, id: body.id }));
    const { tool, tokens, outputs } = await ask(backend, call("http://elsewhere.example/x?y=1"));
    assert.deepEqual([tool!.failed, tool!.text, tokens, outputs], [false, "You asked http://elsewhere.example/x?y=1", 0, {}]);
    assert.ok(tool!.elapsedMs >= 0);
    const [received] = server.calls;
    assert.deepEqual([received!.path, Object.keys(received!.body)], ["/run", ["tool", "input", "id"]]);
    assert.match(received!.body.id, /^[0-9a-f-]{36}$/);
    await ask(backend, call("again"));
    assert.notEqual(server.calls[1]!.body.id, received!.body.id);
  });

  it("may be at the root of its host, and is ready though it answers nothing but posts", async () => {
    const server = await startToolServer(() => ({ observation: "here" }));
    const { type: _, ...defaults } = toolParams.parse({ type: "tool", url: `http://127.0.0.1:${server.port}` });
    const backend = await createToolBackend({ ...defaults, name: "facts" });
    cleanups.push(
      () => server.close(),
      () => backend.close(0),
    );
    assert.equal(backend.ready, true);
    await ask(backend, call("x"));
    assert.equal(server.calls[0]!.path, "/");
  });

  it("may say that it failed, which is an answer", async () => {
    const { backend } = await open(() => ({ error: "no such fact" }));
    const { tool } = await ask(backend, call("x"));
    assert.deepEqual([tool!.failed, tool!.text], [true, "no such fact"]);
  });

  const rubbish: [what: string, answer: unknown][] = [
    ["both an observation and an error", { observation: "a", error: "b" }],
    ["neither", {}],
    ["an observation that is no text", { observation: { url: "http://127.0.0.1" } }],
    ["no object", ["a"]],
    ["the id of another call", { observation: "a", id: "another" }],
  ];
  for (const [what, answer] of rubbish) {
    it(`has failed when it answers with ${what}`, async () => {
      const { backend, server } = await open(() => answer);
      const error = await errorOf(backend);
      assert.equal(error.reason, "JUDGE_OUTPUT_UNREADABLE");
      assert.equal(server.calls.length, 1);
    });
  }

  it("is read up to its limit, and not followed anywhere", async () => {
    const elsewhere = await startToolServer(() => ({ observation: "from elsewhere" }));
    cleanups.push(() => elsewhere.close());
    const redirects: ToolScript = (_, response) => void response.writeHead(307, { location: elsewhere.url }).end();
    const { backend, server } = await open(redirects, { maxResponseBytes: 2048 });
    assert.equal((await errorOf(backend)).reason, "BACKEND_REFUSED");
    assert.deepEqual([server.calls.length, elsewhere.calls.length], [1, 0]);
    server.script = () => ({ observation: "x".repeat(4096) });
    assert.equal((await errorOf(backend)).reason, "JUDGE_OUTPUT_UNREADABLE");
    server.script = (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const pour = () => void (response.destroyed || response.write("x".repeat(1024), () => setImmediate(pour)));
      pour();
    };
    assert.equal((await errorOf(backend)).reason, "JUDGE_OUTPUT_UNREADABLE");
  });

  it("is given up when it takes too long, and called off when nobody waits any more", async () => {
    const clock = manualClock();
    const { backend, server } = await open(() => undefined, { responseTimeoutSeconds: 20, clock });
    const late = errorOf(backend);
    await settled(() => server.calls.length === 1);
    clock.advance(20_000);
    assert.deepEqual([(await late).reason, server.calls.length], ["BACKEND_UNAVAILABLE", 1]);
    const patient = await open(() => undefined);
    const leaving = new AbortController();
    const context: RunContext = { signal: leaving.signal, remainingMs: () => 60_000, alone: false };
    const left = errorOf(patient.backend, call("x"), context);
    await settled(() => patient.server.calls.length === 1);
    leaving.abort();
    assert.equal((await left).reason, "CALLER_GONE");
    await settled(() => patient.server.calls[0]!.aborted);
    assert.equal(patient.server.calls[0]!.headers["x-request-timeout-ms"], "59980");
  });

  it("is asked again under the same id when the connection breaks, and with the key that its file holds now", async () => {
    const folder = temporaryFolder();
    cleanups.push(() => folder.remove());
    const file = folder.write("key", "first");
    let breaks = 1;
    const script: ToolScript = (_, response) => (breaks-- > 0 ? void response.socket!.destroy() : { observation: "there" });
    const { backend, server } = await open(script, { apiKey: { file } });
    assert.equal((await ask(backend, call("x"))).tool!.text, "there");
    const [one, two] = server.calls;
    assert.deepEqual([one!.body.id, one!.headers.authorization], [two!.body.id, "Bearer first"]);
    writeFileSync(file, "second");
    await settled(() => {
      ask(backend, call("y")).catch(() => undefined);
      return server.calls.at(-1)!.headers.authorization === "Bearer second";
    });
  });

  it("fails at once while it is away, without keeping the gateway from anything else", async () => {
    const { backend, server } = await open(() => ({ observation: "x" }));
    await server.close();
    const error = await errorOf(backend);
    assert.deepEqual([error.reason, error.retryable], ["BACKEND_UNAVAILABLE", true]);
    assert.doesNotMatch(error.message, /lookup/);
  });

  it("runs tools and nothing else", async () => {
    const { backend } = await open(() => ({ observation: "x" }));
    const [prepared] = await backend.prepare([{ type: "forward", overlong: "error", segments: [] }]);
    assert.ok(prepared instanceof GatewayError && prepared.reason === "BACKEND_REFUSED");
  });
});
