import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { bytesOf, tensorOfBytes } from "../../../src/open-inference/tensor.ts";
import type { OnFailure } from "../../../src/transport/wires/wire.ts";
import { lengthModel } from "../../support/open-inference.ts";
import { openHttp } from "../../support/servers.ts";

const CHATML = "<|im_start|>user\nSay hello.<|im_end|>\n<|im_start|>assistant\n";
const NEMO = "<extra_id_0>System\n\n<extra_id_1>User\nSay hello.\n<extra_id_1>Assistant\nHi\n<extra_id_2>";
const PATH = "/v2/models/reward_model/infer";
const bytesTensor = (name: string, elements: readonly string[]) => ({
  name,
  datatype: "BYTES" as const,
  shape: [elements.length, 1],
  elements,
});

async function open(t: TestContext, onFailure?: OnFailure) {
  const openInference = lengthModel(onFailure);
  const { post, url, close } = await openHttp({ openInference });
  t.after(close);
  const json = async (path: string, body: unknown) => {
    const response = await post(path, JSON.stringify(body));
    // biome-ignore lint/suspicious/noExplicitAny: each route has its own answer, which the tests read
    return { status: response.status, body: (await response.json()) as any };
  };
  const get = async (path: string) => {
    const response = await fetch(url + path);
    // biome-ignore lint/suspicious/noExplicitAny: as above
    return { status: response.status, body: (await response.json()) as any };
  };
  /** A call whose tensors are bytes behind the JSON, and its answer of the same form. */
  const binary = async (inputs: ReturnType<typeof bytesTensor>[], outputs: string[], path = PATH) => {
    const tails = inputs.map(bytesOf);
    const described = inputs.map(({ name, datatype, shape }, i) => ({
      name,
      datatype,
      shape,
      parameters: { binary_data_size: tails[i]!.length },
    }));
    const head = Buffer.from(
      JSON.stringify({ inputs: described, outputs: outputs.map((name) => ({ name, parameters: { binary_data: true } })) }),
    );
    const headers = { "content-type": "application/octet-stream", "inference-header-content-length": String(head.length) };
    const response = await post(path, Buffer.concat([head, ...tails]), headers);
    const bytes = Buffer.from(await response.arrayBuffer());
    const end = Number(response.headers.get("inference-header-content-length"));
    if (!response.ok) return { status: response.status, error: JSON.parse(bytes.toString()).error as string, tensors: {} };
    let at = end;
    const answer = JSON.parse(bytes.subarray(0, end).toString());
    const tensors = Object.fromEntries(
      answer.outputs.map(
        ({
          name,
          datatype,
          shape,
          parameters,
        }: {
          name: string;
          datatype: "FP32";
          shape: number[];
          parameters: { binary_data_size: number };
        }) => {
          at += parameters.binary_data_size;
          return [name, tensorOfBytes(name, datatype, shape, bytes.subarray(at - parameters.binary_data_size, at)).elements];
        },
      ),
    );
    assert.equal(at, bytes.length);
    return { status: response.status, error: "", tensors };
  };
  return { json, get, binary, ...openInference };
}

test("templated sentences are scored, in JSON and as bytes", async (t) => {
  const { json, binary, seen } = await open(t);
  const sentences = [`${CHATML}Hello!<|im_end|>\n`, NEMO];
  const { status, body } = await json(PATH, { id: "7", inputs: [{ ...bytesTensor("sentences", sentences), data: sentences }] });
  assert.deepEqual(
    [status, body],
    [
      200,
      {
        model_name: "reward_model",
        model_version: "1",
        id: "7",
        outputs: [{ name: "rewards", datatype: "FP32", shape: [2, 1], data: [6, 2] }],
      },
    ],
  );
  assert.deepEqual((await binary([bytesTensor("sentences", sentences)], ["rewards"])).tensors, { rewards: [6, 2] });
  for (const { items } of seen) {
    assert.deepEqual(
      items.map(({ prompt }) => prompt.at(-1)),
      [
        { role: "user", content: "Say hello." },
        { role: "user", content: "Say hello." },
      ],
    );
  }
});

test("pairs of prompt and response, and tokens with their lengths, are scored as well", async (t) => {
  const { json } = await open(t);
  const pair = await json(`${PATH.replace("/infer", "/versions/1/infer")}`, {
    inputs: [
      { ...bytesTensor("prompt", ["p", "q"]), data: ["p", "q"] },
      { ...bytesTensor("response", ["bb", "dddd"]), data: [["bb"], ["dddd"]] },
    ],
  });
  assert.deepEqual(pair.body.outputs[0].data, [2, 4]);
  const texts = [`${CHATML}Hello!<|im_end|>`, `${CHATML}Hey<|im_end|>`].map((text) => [...text].map((mark) => mark.codePointAt(0)!));
  const width = Math.max(...texts.map((ids) => ids.length));
  const tokens = texts.map((ids) => [...ids, ...new Array(width - ids.length).fill(0)]);
  const inputs = [
    { name: "tokens", datatype: "INT64", shape: [2, width], data: tokens },
    { name: "sequence_lengths", datatype: "INT64", shape: [2, 1], data: texts.map((ids) => ids.length) },
  ];
  assert.deepEqual((await json(PATH, { inputs })).body.outputs[0].data, [6, 3]);
  const short = await json(PATH, { inputs: [inputs[0], { ...inputs[1], data: [width + 1, 1] }] });
  assert.deepEqual([short.status, short.body.error.includes("sequence_lengths[0]")], [400, true]);
});

test("a row without a reward fails the call, or is not valid for those who ask", async (t) => {
  const { json, binary } = await open(t);
  const inputs = [bytesTensor("prompt", ["p", "p"]), bytesTensor("response", ["good", "fail"])];
  const failed = await binary(inputs, ["rewards"]);
  assert.deepEqual([failed.status, failed.tensors], [500, {}]);
  assert.match(failed.error, /the judge gave NaN/);
  assert.deepEqual((await binary(inputs, ["rewards", "valid"])).tensors, { rewards: [4, Number.NaN], valid: [true, false] });
  const asJson = await json(PATH, {
    inputs: inputs.map((each) => ({ ...each, data: each.elements })),
    outputs: [{ name: "rewards" }, { name: "valid" }],
  });
  assert.deepEqual([asJson.status, asJson.body.error.includes("binary_data")], [400, true]);
  const stated = await open(t, { reward: -1 });
  assert.deepEqual((await stated.binary(inputs, ["rewards", "valid"])).tensors, { rewards: [4, -1], valid: [true, false] });
});

test("the model is described to clients of both kinds, and is ready when its judges are", async (t) => {
  const { get, setReady } = await open(t);
  assert.deepEqual((await get("/v2")).body.extensions, ["binary_tensor_data", "model_configuration"]);
  const { body: metadata } = await get("/v2/models/reward_model");
  assert.deepEqual([metadata.versions, metadata.outputs[0]], [["1"], { name: "rewards", datatype: "FP32", shape: [-1, 1] }]);
  const { body: config } = await get("/v2/models/reward_model/versions/1/config");
  assert.deepEqual(config.output, [{ name: "rewards", data_type: "TYPE_FP32", dims: [1] }]);
  assert.deepEqual(config.input[0], { name: "sentences", data_type: "TYPE_STRING", dims: [1], optional: true });
  assert.equal(config.max_batch_size, 512);
  for (const path of ["/v2/health/live", "/v2/health/ready", "/v2/models/reward_model/ready"])
    assert.equal((await get(path)).status, 200, path);
  setReady(false);
  for (const path of ["/v2/health/ready", "/v2/models/reward_model/ready"]) assert.equal((await get(path)).status, 503, path);
  assert.equal((await get("/v2/health/live")).status, 200);
  for (const path of ["/v2/models/other", "/v2/models/reward_model/versions/2/ready"]) {
    const { status, body } = await get(path);
    assert.deepEqual([status, typeof body.error], [404, "string"]);
  }
});

test("an input that is given twice is refused, and neither is judged", async (t) => {
  const { json } = await open(t);
  const [prompt, good, bad] = [
    ["prompt", "Say hello."],
    ["response", "Hello!"],
    ["response", "Go away."],
  ].map(([name, text]) => ({ name, datatype: "BYTES", shape: [1], data: [text] }));
  assert.equal((await json(PATH, { inputs: [prompt, good] })).status, 200);
  const { status, body } = await json(PATH, { inputs: [prompt, good, bad] });
  assert.deepEqual([status, body], [400, { error: "inputs: two tensors of one name; send each once" }]);
});

test("what says nothing to judge is refused with a text", async (t) => {
  const { json } = await open(t);
  const bodies: readonly [object, RegExp][] = [
    [{ inputs: [] }, /send sentences/],
    [{ inputs: [{ name: "sentences", datatype: "BYTES", shape: [1], data: ["plain"] }] }, /sentences\[0\]/],
    [{ inputs: [{ name: "sentences", datatype: "FP32", shape: [1], data: [1] }] }, /BYTES/],
    [{ inputs: [{ name: "sentences", datatype: "BYTES", shape: [1, 2], data: ["a", "b"] }] }, /shape/],
    [{ inputs: [{ name: "sentences", datatype: "BYTES", shape: [1], parameters: { binary_data_size: 9 } }] }, /binary_data_size/],
    [{ inputs: [{ name: "sentences", datatype: "BYTES", shape: [0], data: [] }], outputs: [{ name: "logits" }] }, /no output "logits"/],
  ];
  for (const [body, says] of bodies) {
    const { status, body: answer } = await json(PATH, body);
    assert.equal(status, 400);
    assert.match(answer.error, says);
  }
  const none = await json(PATH, { inputs: [{ name: "sentences", datatype: "BYTES", shape: [0, 1], data: [] }] });
  assert.deepEqual(none.body.outputs[0], { name: "rewards", datatype: "FP32", shape: [0, 1], data: [] });
});
