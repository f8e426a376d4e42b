import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { credentials } from "@grpc/grpc-js";
import { OffsetUnit } from "../../src/gen/rewardgate/v1/item.ts";
import * as wire from "../../src/gen/rewardgate/v1/reward_service.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";
import { type SpawnedGateway, spawnGateway } from "../support/spawned-gateway.ts";
import { NAN_WORD } from "../support/tokenizer.ts";

/** Steps of a real graph through the engine and both wires. The model scores a step by its last token. */
let written: TestGateway;
let gateway: SpawnedGateway;
let client: InstanceType<typeof wire.RewardServiceClient>;
before(async () => {
  written = await writeGateway({ model: { nanOnWord: true, steps: 3 } });
  gateway = await spawnGateway(written.config);
  client = new wire.RewardServiceClient(gateway.grpc, credentials.createInsecure());
});
after(() => {
  client?.close();
  gateway?.process.kill("SIGKILL");
  written?.remove();
});

interface Part {
  raw?: number;
  outcome: string;
  cached: boolean;
  error?: { reason: string };
  findings?: { name: string; value: number; start: number; end: number }[];
  tokenRewards?: number[];
}

async function post(
  candidates: object[],
  options = {},
): Promise<{ status: number; parts: Part[]; body: { error?: { reason: string; message: string } } }> {
  const response = await fetch(`${gateway.http}/v1/score`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ panel: "process", items: [{ prompt: "what", candidates }], options }),
  });
  const body = JSON.parse(await response.text());
  const parts = body.results?.[0].candidates.map(({ judges }: { judges: Part[] }) => judges[0]) ?? [];
  return { status: response.status, parts, body };
}

test("a step has the same score wherever it stands and the least is the reward, from one pass over all steps", async () => {
  const { parts } = await post([{ content: "a good\n\nthe bad" }, { content: "the bad" }, { content: "bad\n\n\n\nbad\n\na good" }]);
  const values = parts.map(({ findings }) => findings!.map(({ value }) => value));
  assert.deepEqual(
    values.map(({ length }) => length),
    [2, 1, 3],
  );
  const [good, bad] = values[0]!;
  assert.notEqual(good, bad);
  assert.deepEqual(values.slice(1), [[bad], [bad, bad, good]]);
  for (const part of parts) assert.equal(part.raw, Math.min(...part.findings!.map(({ value }) => value)));
  assert.deepEqual(
    parts[2]!.findings!.map(({ start, end }) => [start, end]),
    [
      [0, 3],
      [7, 10],
      [12, 18],
    ],
  );
});

test("a marker that a candidate types is no marker, and more steps than the model reads are refused", async () => {
  const { parts } = await post([{ content: "a good [STEP] the bad" }, { content: "a\n\nb\n\nc\n\nd" }, { content: "a\n\nb\n\nc" }]);
  assert.deepEqual(
    parts.map(({ outcome, findings, error }) => [outcome, findings?.length, error?.reason]),
    [
      ["scored", 1, undefined],
      ["failed", undefined, "ITEM_TOO_LONG"],
      ["scored", 3, undefined],
    ],
  );
});

test("a step whose score is not finite fails its candidate alone", async () => {
  const { parts } = await post([{ content: `a good\n\n${NAN_WORD}` }, { content: "a good" }]);
  assert.deepEqual(
    parts.map(({ outcome, error }) => [outcome, error?.reason]),
    [
      ["failed", "SCORE_NOT_FINITE"],
      ["scored", undefined],
    ],
  );
});

test("rewards of tokens come back on both wires, also from the cache, and follow the request's own ends", async () => {
  const content = "🙂 good\n\nbad";
  const offsets = (tokenEnds: number[], stepEnds: number[] = []) => ({ unit: "codePoint", stepEnds, tokenEnds });
  const first = (await post([{ content, offsets: offsets([0, 1, 6, 11]) }])).parts[0]!;
  const [one, two] = first.findings!;
  assert.deepEqual(first.tokenRewards, [0, 0, one!.value, two!.value]);
  assert.deepEqual([one!.start, one!.end, two!.start, two!.end], [0, 7, 9, 12]);
  const again = (await post([{ content, offsets: offsets([0, 1, 6, 11]) }])).parts[0]!;
  assert.deepEqual([again.cached, again.tokenRewards], [true, first.tokenRewards]);
  const others = (await post([{ content, offsets: offsets([1, 6, 11]) }])).parts[0]!;
  assert.deepEqual([others.cached, others.tokenRewards], [false, [0, one!.value, two!.value]]);
  assert.equal((await post([{ content, offsets: offsets([11]) }], { detail: "judges" })).parts[0]!.tokenRewards, undefined);

  const text = (value: string) => ({ form: { $case: "text" as const, value } });
  const request = wire.ScoreRequest.fromPartial({
    panel: "process",
    items: [
      {
        prompt: text("what"),
        candidates: [
          { content: text(content), offsets: { unit: OffsetUnit.OFFSET_UNIT_CODE_POINT, tokenEnds: [0, 1, 6, 11] } },
          { content: text(content), offsets: { unit: OffsetUnit.OFFSET_UNIT_UTF16, stepEnds: [7, 12] } },
        ],
      },
    ],
  });
  const answer = await new Promise<wire.ScoreResponse>((resolve, reject) =>
    client.score(request, (error, response) => (error ? reject(error) : resolve(response))),
  );
  const [tokens, steps] = answer.results[0]!.candidates.map(({ judges }) => judges[0]!);
  assert.deepEqual(tokens!.tokenRewards, first.tokenRewards);
  assert.deepEqual(
    steps!.findings.map(({ start, end }) => [start, end]),
    [
      [0, 7],
      [7, 12],
    ],
  );
});

test("offsets that are none of the text, or say not what they count, are refused with their place", async () => {
  const refused = async (offsets: object) => {
    const { status, body } = await post([{ content: "good" }, { content: "bad", offsets }]);
    assert.equal(status, 400);
    return `${body.error!.reason} ${body.error!.message.split(":")[0]}`;
  };
  const at = "REQUEST_INVALID items[0].candidates[1].offsets";
  assert.equal(await refused({ unit: "utf16", stepEnds: [4] }), `${at}.stepEnds`);
  assert.equal(await refused({ unit: "codePoint", tokenEnds: [2, 1] }), `${at}.tokenEnds`);
  assert.equal(await refused({ stepEnds: [1] }), `${at}.unit`);
  assert.equal(await refused({ unit: "bytes" }), `${at}.unit`);
});
