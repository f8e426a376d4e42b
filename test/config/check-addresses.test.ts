import assert from "node:assert/strict";
import { after, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { type ConfigProblem, GatewayError } from "../../src/domain/errors.ts";
import { temporaryFolder } from "../support/bundle.ts";

const folder = temporaryFolder();
after(() => folder.remove());

/** What is wrong with the addresses of one backend. */
async function problemsOf(backend: string): Promise<readonly ConfigProblem[]> {
  const text = `apiVersion: rewardgate/v1
backends: { engine: { ${backend} } }
judges: { right: { rule: numeric } }
panels: { maths: { members: [{ judge: right }] } }
`;
  try {
    await loadConfig({ file: folder.write("rewardgate.yaml", text), variables: {} });
    return [];
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID", String(error));
    return error.details.problems!;
  }
}

const TRITON = "type: triton, model: rm";
const REFUSED: readonly (readonly [backend: string, path: string, says: RegExp])[] = [
  [`${TRITON}, url: ["http://a:1", "http://b:1", "grpc://c:1"]`, "backends.engine.url[2]", /gRPC beside HTTP.*define another backend/],
  [
    `type: tei, model: rm, gives: scores, url: ["grpc://a:1", "http://b:1"]`,
    "backends.engine.url[1]",
    /gRPC beside HTTP.*define another backend/,
  ],
  [
    `type: external, url: ["grpc://a:1", "grpcs://b:1", "https://c:1"]`,
    "backends.engine.url[2]",
    /gRPC beside HTTP.*define another backend/,
  ],
  [`${TRITON}, url: "GRPC://a:1"`, "backends.engine.url", /an address is http, https, grpc or grpcs/],
  [`${TRITON}, url: "ftp://a:1"`, "backends.engine.url", /starts with grpc:\/\/, grpcs:\/\/, http:\/\/ or https:\/\//],
  [`${TRITON}, url: ["http://a:1", "http://2130706433:1"]`, "backends.engine.url[1]", /in one way only: this one as 127\.0\.0\.1/],
  [`${TRITON}, url: "http://key@a:1"`, "backends.engine.url", /no user.*a key goes to apiKey/],
  [
    `${TRITON}, url: "http://169.254.169.254"`,
    "backends.engine.url",
    /is an address of a cloud's metadata service; correct it, or allow its network/,
  ],
  [`${TRITON}, url: ["http://a:1", "grpc://0.0.0.0:1"]`, "backends.engine.url[1]", /gRPC beside HTTP/],
  [`${TRITON}, url: "http://0.0.0.0:8000"`, "backends.engine.url", /is an address that no server has.*; correct it/],
  [
    `${TRITON}, url: ["http://10.1.0.1", "http://127.0.0.1"], networks: [10.0.0.0/8]`,
    "backends.engine.url[1]",
    /127\.0\.0\.1.*outside of `networks`|of this machine/,
  ],
  [`${TRITON}, url: "http://a:1", networks: ["10.0.0.0"]`, "backends.engine.networks[0]", /written as 10\.0\.0\.0\/8 or fd00::\/8/],
  [`${TRITON}, url: "http://a:1", networks: ["10.0.0.0/33"]`, "backends.engine.networks[0]", /written as/],
];

test("an address where no server may be asked, or that is not plainly written, is refused with its place and a remedy", async () => {
  for (const [backend, path, says] of REFUSED) {
    const problems = await problemsOf(backend);
    assert.deepEqual([problems.length, problems[0]?.path], [1, path], `${backend}: ${JSON.stringify(problems)}`);
    assert.match(`${problems[0]!.cause}; ${problems[0]!.remedy}`, says, backend);
  }
});

test("what is written plainly is taken: names, private networks, this machine, and what `networks` allows", async () => {
  for (const rest of [
    `url: "http://127.0.0.1:8000"`,
    `url: ["http://vllm:8000", "http://10.0.0.7:8000", "https://Engine.Example.com/base", "http://[::1]:8000", "http://localhost:1"]`,
    `url: ["grpc://a:1", "grpcs://b:1"]`,
    `url: "http://169.254.1.1:8000", networks: [169.254.0.0/16]`,
    `url: ["http://10.0.0.7", "http://[fd12::1]"], networks: [10.0.0.0/8, "fd00::/8"]`,
  ]) {
    assert.deepEqual(await problemsOf(`${TRITON}, ${rest}`), [], rest);
  }
});
