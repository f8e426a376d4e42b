import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { Tokenizer } from "tokenizers";
import { parse, stringify } from "yaml";
import { temporaryFolder } from "../support/bundle.ts";
import { type SpawnedGateway, spawnGateway } from "../support/spawned-gateway.ts";

/**
 * The commands of README.md for trainers that call a wire of the gateway. The shell runs each with a `python3` that shows its arguments,
 * and what the trainer's client posts goes to the address that they name. Those for trainers that call Python: clients/python/tests.
 */
const PROMPT = "How do I boil an egg?";
const ANSWERS = ["Eight minutes in boiling water, then cold water.", "Google it."];
const ASKED = `<|im_start|>user\n${PROMPT}<|im_end|>\n<|im_start|>assistant\n`;
const TEXTS = ANSWERS.map((answer) => `${ASKED}${answer}<|im_end|>\n`);
const TOKENIZER = path.resolve("test/support/tokenizers/chatml.json");
const SHIPPED = "http://127.0.0.1:8080";

/** The block of README.md for a trainer. */
function snippet(trainer: string): string {
  const found = [...readFileSync("README.md", "utf8").matchAll(new RegExp(`^\`\`\`sh ${trainer}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))];
  assert.equal(found.length, 1, trainer);
  const text = found[0]![1]!;
  assert.ok(text.trimEnd().split("\n").length <= 10, trainer);
  return text;
}

/** What the snippet's command is called with. */
function argumentsOf(trainer: string): string[] {
  const shell = `python3() { printf '%s\\n' "$@"; }\n${snippet(trainer)}`;
  return execFileSync("bash", ["-ec", shell], { encoding: "utf8", timeout: 300_000 }).trimEnd().split("\n");
}

describe("the README's section on connecting a trainer", () => {
  const folder = temporaryFolder();
  let gateway: SpawnedGateway;
  let rewards: number[];

  /** The gateway under test in the place of the usual address. */
  function here(url: string): string {
    assert.ok(url.startsWith(SHIPPED), url);
    return url.replace(SHIPPED, gateway.http);
  }

  async function post(url: string, body: string | Buffer<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
    assert.equal(response.status, 200, await response.clone().text());
    return response;
  }

  function assertRewards(found: readonly number[]): void {
    assert.equal(found.length, rewards.length);
    for (const [index, reward] of rewards.entries()) assert.ok(Math.abs(found[index]! - reward) < 1e-5, `${found[index]}, not ${reward}`);
  }

  before(async () => {
    const config = parse(readFileSync("rewardgate.yaml", "utf8"));
    for (const judge of Object.values<{ bundle: string }>(config.judges)) judge.bundle = path.resolve(judge.bundle);
    const { triton } = parse(/^# wires: (.*)$/m.exec(snippet("nemo"))![1]!);
    config.wires.triton = { ...triton, tokenizer: TOKENIZER };
    const ports = { REWARDGATE_HTTP_PORT: "0", REWARDGATE_GRPC_PORT: "0", REWARDGATE_ADMIN_PORT: "0" };
    gateway = await spawnGateway(folder.write("rewardgate.yaml", stringify(config)), ports);
    const item = { prompt: PROMPT, candidates: ANSWERS.map((content) => ({ content })) };
    const answer = await post(`${gateway.http}/v1/score`, JSON.stringify({ panel: "chat", items: [item] }));
    const { results } = (await answer.json()) as { results: { candidates: { reward: number }[] }[] };
    rewards = results[0]!.candidates.map(({ reward }) => reward);
  });

  after(async () => {
    gateway?.process.kill("SIGTERM");
    await gateway?.exited;
    folder.remove();
  });

  it("connects OpenRLHF", async () => {
    const given = argumentsOf("openrlhf");
    assert.deepEqual(given.slice(0, 3), ["-m", "openrlhf.cli.train_ppo_ray", "--reward.remote_url"]);
    const body = { query: TEXTS, prompts: [ASKED, ASKED], labels: [null, null] };
    const answer = (await (await post(here(given[3]!), JSON.stringify(body))).json()) as { rewards: number[]; scores: number[] };
    assertRewards(answer.rewards);
    assertRewards(answer.scores);
  });

  it("connects slime", async () => {
    const given = argumentsOf("slime");
    assert.deepEqual(given.slice(0, 4), ["train.py", "--rm-type", "remote_rm", "--rm-url"]);
    const bodies = ANSWERS.map((response) => JSON.stringify({ prompt: ASKED, response, label: null }));
    const answers = await Promise.all(bodies.map(async (body) => (await post(here(given[4]!), body)).json()));
    assertRewards(answers as number[]);
  });

  it("connects NeMo-Aligner, which reads the model's configuration and sends padded token ids as bytes", async () => {
    const [, ip, port] = argumentsOf("nemo").map((argument) => argument.split("=")[1]);
    const model = `${here(`http://${ip}:${port}`)}/v2/models/reward_model`;
    const { input, output } = (await (await fetch(`${model}/config`)).json()) as Record<"input" | "output", { name: string }[]>;
    assert.ok(["tokens", "sequence_lengths"].every((name) => input.some((each) => each.name === name)));
    assert.ok(output.some((each) => each.name === "rewards"));

    const tokenizer = await Tokenizer.fromFile(TOKENIZER);
    const rows = await Promise.all(TEXTS.map(async (text) => (await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds()));
    const width = Math.max(...rows.map((row) => row.length)) + 3;
    const tensor = (name: string, shape: number[], values: readonly number[]) => {
      const bytes = Buffer.from(BigInt64Array.from(values, BigInt).buffer);
      return { bytes, head: { name, datatype: "INT64", shape, parameters: { binary_data_size: bytes.length } } };
    };
    const tensors = [
      tensor(
        "tokens",
        [2, width],
        rows.flatMap((row) => [...row, ...Array<number>(width - row.length).fill(0)]),
      ),
      tensor(
        "sequence_lengths",
        [2, 1],
        rows.map((row) => row.length),
      ),
    ];
    const head = Buffer.from(
      JSON.stringify({ inputs: tensors.map((each) => each.head), outputs: [{ name: "rewards", parameters: { binary_data: true } }] }),
    );
    const answer = await post(`${model}/infer`, Buffer.concat([head, ...tensors.map((each) => each.bytes)]), {
      "inference-header-content-length": String(head.length),
    });
    const bytes = Buffer.from(await answer.arrayBuffer()).subarray(Number(answer.headers.get("inference-header-content-length")));
    assertRewards([bytes.readFloatLE(0), bytes.readFloatLE(4)]);
  });
});
