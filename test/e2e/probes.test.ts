import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Gateway, openGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { DEFAULT_OPTIONS } from "../../src/domain/score.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";

let tiny: TestGateway;
let gateway: Gateway;

before(async () => {
  tiny = await writeGateway();
  // Scores of the model lie between -2 and 2, so the first probe is accepted by anything and the second by nothing.
  const probes = [
    { id: "accepted", prompt: "good egg", candidate: "", below: -100 },
    { id: "refused", prompt: "good egg", candidate: "", below: 100 },
    { id: "of-a-member", prompt: "good egg", candidate: "bad", below: -100, member: "tiny-reward" },
  ];
  tiny.folder.write("probes.jsonl", probes.map((probe) => `${JSON.stringify(probe)}\n`).join(""));
  const file = tiny.folder.write(
    "probed.yaml",
    `${readFileSync(tiny.config, "utf8")}runs: { probes: { chat: { file: probes.jsonl, everyMinutes: 0.0005 } } }\n`,
  );
  gateway = await openGateway(await loadConfig({ file, variables: {} }), { log: createLogger({ level: "silent" }) });
});
after(async () => {
  await gateway.close(0);
  tiny.remove();
});

async function countOf(name: string, labels: Record<string, string>): Promise<number> {
  const { values } = await gateway.metrics.registry.getSingleMetric(name)!.get();
  const found = values.filter((value) => Object.entries(labels).every(([key, label]) => value.labels[key] === label));
  return found.reduce((sum, { value }) => sum + value, 0);
}

test("probes of a real judge are scored beside the traffic, counted when accepted, and raise an alarm in the run", async () => {
  while ((await countOf("rewardgate_panel_probe_accepts_total", { panel: "chat" })) === 0) await sleep(20);
  assert.ok((await countOf("rewardgate_judge_probe_accepts_total", { judge: "tiny-reward" })) > 0);
  assert.equal(await countOf("rewardgate_judge_probe_accepts_total", { judge: "tiny-objectives" }), 0);
  assert.equal(await countOf("rewardgate_candidates_total", {}), 0);

  const items = Array.from({ length: 100 }, (_, i) => ({
    id: `${i}`,
    prompt: [{ role: "user" as const, content: "good egg" }],
    candidates: [{ content: ["good", "bad", "water", "rome"][i % 4]! }],
  }));
  const context = { requestId: "a", transport: "http", signal: new AbortController().signal } as const;
  await gateway.service.score({ panel: "chat", items, options: DEFAULT_OPTIONS, run: "r" }, context);
  const told = gateway.runs.alarms("r").filter(({ kind }) => kind === "probe_accepted");
  assert.deepEqual(
    told.map(({ member, value, threshold, examples }) => [member, value, threshold, examples]).sort(),
    [
      [undefined, 0.5, 0.01, ["accepted"]],
      ["tiny-reward", 1, 0.01, ["of-a-member"]],
    ].sort(),
  );
});
