import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { openGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Item } from "../../src/domain/item.ts";
import { DEFAULT_OPTIONS, type ScoreOptions } from "../../src/domain/score.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { temporaryFolder } from "../support/bundle.ts";
import { writeGateway } from "../support/gateway.ts";

const log = createLogger({ level: "silent" });
const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const clean of cleanups) await clean();
});

async function open(file: string) {
  const gateway = await openGateway(await loadConfig({ file, variables: {} }), { log });
  cleanups.unshift(() => gateway.close(0));
  const score = async (item: Omit<Item, "id" | "prompt">, options: Partial<ScoreOptions> = {}) => {
    const items = [{ id: "i", prompt: [{ role: "user" as const, content: "what is good" }], ...item }];
    const request = { panel: "panel", items, options: { ...DEFAULT_OPTIONS, ...options } };
    return gateway.service.score(request, { signal: new AbortController().signal, requestId: "r", transport: "cli" });
  };
  return { gateway, score };
}

const candidates = (...texts: string[]) => texts.map((content) => ({ content }));

describe("rules in a panel", () => {
  it("serve without any backend, and tell different candidates apart however often they are asked", async () => {
    const folder = temporaryFolder();
    cleanups.push(() => folder.remove());
    const file = folder.write(
      "rewardgate.yaml",
      `apiVersion: rewardgate/v1
judges:
  right: { rule: numeric }
  form: { rule: format, tags: [think, answer] }
panels:
  panel:
    members:
      - { judge: right, weight: 0.9 }
      - { judge: form, weight: 0.1 }
`,
    );
    const { gateway, score } = await open(file);
    const item = { candidates: candidates("<think>2 + 2</think><answer>4</answer>", "A: 4", "A: 5"), reference: "4" };
    for (const cache of ["use", "use", "refresh", "bypass"] as const) {
      const { results, usage } = await score(item, { cache });
      assert.deepEqual(
        results[0]!.candidates.map(({ reward }) => reward),
        [1, 0.9, 0],
      );
      assert.equal(usage.cachedScores, 0);
    }
    const [right] = gateway.service.judges();
    assert.deepEqual([right!.kind, right!.backend, right!.device, right!.maxTokens, right!.ready], ["rule", "", "", 0, true]);
    assert.ok(gateway.readiness.current().checks.every(({ ok }) => ok));
  });

  it("stand beside a reward model; an item without reference has no number of theirs, and one that cannot be read is no zero", async () => {
    const { folder } = await writeGateway();
    const config = folder.write(
      "rewardgate.yaml",
      `apiVersion: rewardgate/v1
backends:
  local: { type: onnx, executors: 1 }
judges:
  tiny: { bundle: models/tiny-reward, backend: local }
  right: { rule: numeric }
panels:
  panel:
    members:
      - { judge: tiny, calibration: { method: platt, slope: 1, intercept: 0 }, required: true }
      - { judge: right, calibration: { method: isotonic, knotsX: [0, 1], knotsY: [0.1, 0.9] } }
    onFailure: degrade
`,
    );
    cleanups.push(() => folder.remove());
    const { score } = await open(config);
    const outcomes = async (reference?: string) => {
      const { results } = await score({ candidates: candidates("good", "4"), ...(reference !== undefined && { reference }) });
      return results[0]!.candidates.map(({ judges }) => judges.map(({ outcome, raw }) => (outcome === "scored" ? typeof raw : outcome)));
    };
    assert.deepEqual(await outcomes("4"), [
      ["number", "number"],
      ["number", "number"],
    ]);
    assert.deepEqual(await outcomes(), [
      ["number", "not_applicable"],
      ["number", "not_applicable"],
    ]);
    assert.deepEqual(await outcomes("four"), [
      ["number", "abstained"],
      ["number", "abstained"],
    ]);
  });
});
