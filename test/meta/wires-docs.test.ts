import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { configSchema } from "../../src/config/schema.ts";
import { lengthModel } from "../support/open-inference.ts";
import { openHttp } from "../support/servers.ts";

const page = readFileSync(new URL("../../docs/wires.md", import.meta.url), "utf8");
const blocks = (language: string) => [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(([, text]) => text!);

test("docs/wires.md names every wire of the schema, and shows settings that are accepted", () => {
  const { wires } = configSchema.shape;
  for (const name of Object.keys(wires.unwrap().shape)) assert.ok(page.includes(`| \`${name}\` |`), name);
  for (const text of blocks("yaml")) assert.ok(wires.safeParse(parse(text).wires).success, text);
});

test("the curl example of docs/wires.md works as it stands", async (t) => {
  const { post, close } = await openHttp({ openInference: lengthModel() });
  t.after(close);
  const [, path, body] = /http:\/\/[^/]+(\/v2\S+) -d '\n([\s\S]*?)'/.exec(blocks("sh").join("\n"))!;
  const answer = await post(path!, body!, { "content-type": "application/x-www-form-urlencoded" });
  assert.equal(answer.status, 200);
  const { outputs } = (await answer.json()) as { outputs: { data: number[] }[] };
  assert.equal(outputs[0]!.data.length, 1);
});
