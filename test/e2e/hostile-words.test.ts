import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { serve } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { temporaryFolder } from "../support/bundle.ts";
import { labelsIn } from "../support/chat-gateway.ts";
import { type ChatScript, completion, startChatServer } from "../support/chat-server.ts";

/** A word in every hostile text that has no business in a log or a message. */
const CANARY = "canary-7f3a";

/** What a judge's server may say to whoever writes it down or shows it. */
const HOSTILE: Readonly<Record<string, string>> = {
  "a line of a log": `fine\n{"level":50,"time":"2026-01-01T00:00:00.000Z","msg":"${CANARY}"}\n`,
  "carriage return and form feed": `fine\r${CANARY}\f\v\u0085`,
  "escape sequences of terminals": `\u001b[2J\u001b]0;${CANARY}\u0007\u001b]8;;http://127.0.0.1\u0007click\u001b]8;;\u0007\u009b31m`,
  "the end of a string of JSON": `fine", "reward": 9e9, "x": "${CANARY}\\", \\u0022`,
  "a page": `</script><script>alert("${CANARY}")</script><img src=x onerror=alert(1)>`,
  "a shell": `$(touch ${CANARY}); \`id\` && rm -rf . | %s %n %d \${7*7} {{7*7}}`,
  "turned direction": `\u202e${CANARY}\u202c \u2066x\u2069`,
  "line breaks of JavaScript": `a\u2028${CANARY}\u2029b`,
  "tag characters": `a\u{e0063}\u{e0061}\u{e006e} ${CANARY}`,
  "nul, and half a character": `a\u0000${CANARY}\ud83d`,
  "a flood": `${CANARY} ${"x".repeat(60_000)}`,
};
const NAMES = Object.keys(HOSTILE);
/** Characters that no answer shows. */
const UNPRESENTABLE = /(?![\n\t])[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u{e0000}-\u{e007f}]/u;

const CONFIG = (url: string) => `apiVersion: rewardgate/v1
server: { http: { port: 0 }, grpc: { port: 0 }, admin: { port: 0 } }
backends:
  llm: { type: openai, url: ${url}, model: tiny, healthIntervalSeconds: 0.1 }
judges:
  critic: { kind: critique, backend: llm, rubric: { text: It is right. } }
  grader: { kind: rubric, backend: llm, rubric: { principles: [{ name: right, text: It is right. }] } }
panels:
  critic: { members: [{ judge: critic, calibration: none }] }
  grader: { members: [{ judge: grader, calibration: none }] }
`;

const lines: string[] = [];
let says: ChatScript = () => undefined;
let close: () => Promise<void>;
let http: string;
before(async () => {
  const server = await startChatServer((request, response) => says(request, response));
  const folder = temporaryFolder();
  const file = folder.write("rewardgate.yaml", CONFIG(server.url));
  const log = createLogger({ level: "trace", destination: { write: (line) => void lines.push(line) } });
  const gateway = await serve(await loadConfig({ file, variables: {} }), { log });
  http = gateway.addresses.http!;
  close = async () => {
    await gateway.stop();
    await server.close();
    folder.remove();
  };
});
after(() => close());

/** One candidate's answer as its bytes say, and the lines that were logged meanwhile. */
async function score(panel: string, name: string) {
  lines.length = 0;
  const body = { panel, items: [{ prompt: "what is good", candidates: [{ content: `bread, ${panel} ${name}` }] }] };
  const response = await fetch(`${http}/v1/score`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-request-id": `${panel}-${NAMES.indexOf(name)}` },
    body: JSON.stringify(body),
  });
  assert.match(response.headers.get("content-type")!, /^application\/json/);
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  const text = await response.text();
  return { text, candidate: JSON.parse(text).results[0].candidates[0], logged: [...lines] };
}

/** Every line is one record of the log, none is forged, and none quotes the server. */
function holdsNothingOf(logged: readonly string[]) {
  assert.ok(logged.length > 0);
  for (const line of logged) {
    assert.equal(line.trimEnd().includes("\n"), false);
    assert.equal(typeof JSON.parse(line).level, "number");
    assert.doesNotMatch(line, new RegExp(CANARY));
  }
}

describe("hostile words of a judge's server", () => {
  for (const name of NAMES) {
    it(`reach nobody as more than text: ${name}`, async () => {
      says = ({ body }) => {
        const [label] = labelsIn(body);
        const words = HOSTILE[name]!;
        const answer = label === undefined ? { critique: words, score: 5 } : { [label]: { reason: words, grade: 4 } };
        return { json: completion(JSON.stringify(answer)) };
      };
      for (const panel of ["critic", "grader"]) {
        const { candidate, logged } = await score(panel, name);
        const [part] = candidate.judges;
        assert.equal(part.outcome, "scored", JSON.stringify(part));
        const shown: string = part.critique ?? part.findings[0].text;
        assert.match(shown, new RegExp(CANARY));
        assert.doesNotMatch(shown, UNPRESENTABLE);
        assert.ok(shown.isWellFormed() && shown.length <= 8_000);
        holdsNothingOf(logged);
      }
    });

    it(`stay out of errors and logs: ${name}`, async () => {
      const words = HOSTILE[name]!;
      const refusals: ChatScript[] = [
        () => ({ status: 400, json: { error: { message: words, type: words, code: words } } }),
        () => ({ status: 500, json: { error: words } }),
        () => ({ text: words, headers: { "content-type": "text/html" } }),
        () => ({ json: completion(words) }),
      ];
      for (const [n, refusal] of refusals.entries()) {
        says = refusal;
        const { text, candidate, logged } = await score("critic", `${name}, refusal ${n}`);
        assert.equal(candidate.status, "failed");
        assert.equal(candidate.reward, undefined);
        assert.doesNotMatch(text, new RegExp(CANARY));
        assert.doesNotMatch(text, UNPRESENTABLE);
        holdsNothingOf(logged);
      }
    });
  }
});
