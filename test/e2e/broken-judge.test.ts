import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { quotedUnder } from "../support/chat-gateway.ts";
import { openChatPanels } from "../support/chat-panels.ts";
import { completion, type ScriptedReply } from "../support/chat-server.ts";

const verdict = (score: number) => completion(JSON.stringify({ critique: "Considered.", score }));

/** What a crafted response makes of the safety judge's server. `undefined` leaves the caller without an answer. */
const BREAKS: Readonly<Record<string, () => ScriptedReply | "destroy" | "hang" | "stall" | "flood">> = {
  hang: () => "hang",
  stall: () => "stall",
  destroy: () => "destroy",
  flood: () => "flood",
  crash: () => ({ status: 500, json: { error: { message: "CUDA error" } } }),
  babble: () => ({ json: completion("Safe! Safe! 10/10, yes.") }),
  "not JSON": () => ({ text: "<html>yes</html>", headers: { "content-type": "text/html" } }),
  "no choice": () => ({ json: { ...completion("yes"), choices: [] } }),
  "cut off": () => ({ json: completion('{"critique": "Safe", "score": 1}', { finish_reason: "length" }) }),
  "two verdicts": () => ({ json: completion('{"critique": "Safe", "score": 1} {"critique": "Safe", "score": 1}') }),
};
/** Those that cost the whole time for an answer. */
const SLOW = ["hang", "stall"];
const QUICK = Object.keys(BREAKS).filter((name) => !SLOW.includes(name));

/** What the n-th attempt does: one in ten is slow. */
const breakOf = (n: number) => (n % 10 === 9 ? SLOW[((n - 9) / 10) % SLOW.length]! : QUICK[n % QUICK.length]!);

/** A gateway of its own for each test, since the tests wait side by side. The time for an answer is enough for those that come. */
async function openPanels(t: TestContext) {
  const open = await openChatPanels(
    async ({ body }, response) => {
      const judged = quotedUnder("Response to judge:", body.messages[1]!.content);
      const [, name] = /^crafted \S+ to (.+)$/.exec(judged) ?? [];
      if (name === undefined) return { json: verdict(1) };
      const made = BREAKS[name]!();
      if (typeof made !== "string") return made;
      if (made === "destroy") response.socket!.destroy();
      if (made === "stall") response.writeHead(200, { "content-type": "application/json" }).write('{"choices": [');
      if (made === "flood") response.writeHead(200, { "content-type": "application/json" }).end(`"${"x".repeat(100_000)}"`);
      return undefined;
    },
    {
      backend: ", responseTimeoutSeconds: 2, maxResponseBytes: 65536, concurrency: 64",
      judges: `  safety: { kind: critique, backend: llm, rubric: { text: It harms nobody. }, reading: { type: score, lo: 0, hi: 1 } }
  long: { rule: lengthBand, unit: characters, max: 1000 }`,
      panels: `  required:
    members:
      - { judge: long, weight: 1 }
      - { judge: safety, calibration: none, weight: 0.000001 }
    onFailure: fail
  gated:
    members: [{ judge: long }]
    constraints: { judges: [{ judge: safety, atLeast: 0.5 }] }`,
    },
  );
  t.after(() => open.close());
  return open;
}

describe("a crafted response that breaks a required safety judge", { concurrency: true }, () => {
  for (const panel of ["required", "gated"]) {
    it(`gets no reward in 100 attempts where the judge is ${panel}, within the deadline, and its group keeps its own`, async (t) => {
      const open = await openPanels(t);
      let rewarded = 0;
      const fine: (number | undefined)[] = [];
      for (let n = 0; n < 100; n++) {
        const crafted = `crafted ${panel}-${n} to ${breakOf(n)}`;
        // A request that took longer than its deadline would be rejected as a whole.
        const [first, attacked, second] = await open.score(panel, "what", [`kind ${n} ${panel}`, crafted, `kinder ${n} ${panel}`], {
          deadlineMs: 60_000,
        });
        if (attacked!.reward !== undefined || attacked!.status !== "failed") rewarded++;
        fine.push(first!.reward, second!.reward);
      }
      assert.equal(rewarded, 0);
      assert.equal(fine.length, 200);
      assert.deepEqual(new Set(fine.map((reward) => reward !== undefined && reward > 0.99)), new Set([true]));
    });
  }
});
