import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { ERROR_TABLE } from "../../src/domain/errors.ts";
import { DESCRIPTOR_SET } from "../../src/gen/descriptor-set.ts";
import * as library from "../../src/index.ts";
import { openHttp } from "../support/servers.ts";

const page = readFileSync(new URL("../../docs/api.md", import.meta.url), "utf8");
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTOR_SET, "base64")));

test("docs/api.md has the rows of the error table, in its order, with what each means, and no other", () => {
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| ([A-Z_]+) \| (\d+) \| (yes|no) \| [A-Z].+\. \|$/gm)].map(([, ...cells]) => cells);
  const expected = Object.entries(ERROR_TABLE).map(([reason, { grpc, http, retryable }]) => [
    reason,
    grpc,
    String(http),
    retryable ? "yes" : "no",
  ]);
  assert.deepEqual(rows, expected);
});

test("every reason of the error table is one that some part of the gateway gives", () => {
  const folder = new URL("../../src/", import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const source = files
    .filter((name) => name !== path.join("domain", "errors.ts"))
    .map((name) => readFileSync(new URL(name, folder), "utf8"))
    .join("");
  assert.deepEqual(
    Object.keys(ERROR_TABLE).filter((reason) => !source.includes(`"${reason}"`)),
    [],
  );
});

test("docs/api.md names every method, and every field of a request and of its answer", () => {
  const words = new Set([...page.matchAll(/`[^`\n]+`/g)].flatMap(([code]) => code.match(/\w+/g) ?? []));
  const missing: string[] = [];
  for (const type of registry) {
    // What the gateway asks of others is in docs/backends/external.md.
    if (type.file.proto.package === "rewardgate.judge.v1") continue;
    if (type.kind === "service") missing.push(...type.methods.map(({ name }) => name).filter((name) => !words.has(name)));
    if (type.kind !== "message" || !type.typeName.startsWith("rewardgate.")) continue;
    if (/(List|Get|Info|PanelMember|Messages$)/.test(type.name)) continue;
    for (const field of type.fields)
      if (!words.has(field.jsonName) && !words.has(field.name)) missing.push(`${type.name}.${field.jsonName}`);
  }
  assert.deepEqual(missing, []);
});

test("the curl examples of docs/api.md work as they stand", async (t) => {
  const { post, close } = await openHttp();
  t.after(close);
  const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  assert.equal(blocks.length, 2);
  const unary = /-d '\n([\s\S]*?)'/.exec(blocks[0] as string)?.[1] as string;
  assert.equal((await post("/v1/score", unary)).status, 200);
  const lines = [...(blocks[1] as string).matchAll(/^ {2}'(\{.*\})'/gm)].map((match) => match[1] as string);
  const answer = await post("/v1/score:stream", lines.join("\n"), { "content-type": "application/x-ndjson" });
  const answers = (await answer.text()).trimEnd().split("\n");
  assert.equal(answers.length, 2);
  for (const each of answers) assert.ok("result" in JSON.parse(each));
});

test("what pages import from the package is there", () => {
  const pages = readdirSync("docs", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".md"));
  const imported = pages.flatMap((file) =>
    [...readFileSync(`docs/${file}`, "utf8").matchAll(/^import \{ (.+) \} from "rewardgate";$/gm)].flatMap(([, names]) =>
      names!.split(", "),
    ),
  );
  assert.ok(imported.includes("serve"));
  assert.deepEqual(
    imported.filter((name) => !(name in library)),
    [],
  );
});
