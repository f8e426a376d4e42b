import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { parseRecord } from "../../src/cli/score/records.ts";
import { ENV_NAMES } from "../../src/config/env.ts";
import { panelSchema } from "../../src/config/panel-schema.ts";
import { configSchema, jsonSchema } from "../../src/config/schema.ts";
import { JUDGE_KINDS } from "../../src/judges/index.ts";
import { ADVANTAGE_KINDS, AGGREGATION_KINDS, CALIBRATION_KINDS, TRANSFORM_KINDS } from "../../src/reward/index.ts";

const guide = readFileSync("docs/configuration.md", "utf8");
const panelsGuide = readFileSync("docs/panels.md", "utf8");
const dataFormat = readFileSync("docs/data-format.md", "utf8");
const blocks = (page: string, language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(([, text]) => text!);

describe("docs/configuration.md", () => {
  it("names every environment variable that is read, and no other", () => {
    const named = new Set([...guide.matchAll(/REWARDGATE_[A-Z_]+/g)].map(([name]) => name));
    assert.deepEqual([...named].sort(), Object.keys(ENV_NAMES).sort());
  });

  it("names every calibration, transform and aggregation", () => {
    for (const { method } of [...CALIBRATION_KINDS, ...TRANSFORM_KINDS, ...AGGREGATION_KINDS]) {
      assert.ok(guide.includes(`method: ${method}`), method);
    }
    for (const { method } of ADVANTAGE_KINDS) assert.ok(panelsGuide.includes(`method: ${method}`), method);
  });

  it("names every kind that a bundle may have", () => {
    const [, kinds = ""] = /^kind: \w+ +# judge kind that reads the outputs: (.+)$/m.exec(guide) ?? [];
    assert.deepEqual(kinds.split(", ").sort(), Object.keys(JUDGE_KINDS).sort());
  });

  it("shows configurations and panels that are accepted", () => {
    const examples = blocks(guide, "yaml").map((text) => parse(text));
    const whole = examples.find((example) => example?.backends !== undefined);
    assert.ok(configSchema.safeParse(whole).success);
    const balanced = examples.find((example) => example?.panels?.balanced !== undefined);
    assert.ok(panelSchema.safeParse(balanced.panels.balanced).success);
    for (const text of blocks(panelsGuide, "yaml")) {
      for (const [name, panel] of Object.entries(parse(text).panels)) assert.ok(panelSchema.safeParse(panel).success, name);
    }
  });
});

describe("docs/config-reference.md", () => {
  it("describes every key: no field of the schema is without a sentence", () => {
    const bare: string[] = [];
    const walk = (schema: Record<string, unknown>, path: string): void => {
      for (const [key, value] of Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>)) {
        if (typeof value.description !== "string") bare.push(`${path}.${key}`);
        walk(value, `${path}.${key}`);
      }
      for (const inner of [schema.items, schema.additionalProperties, ...((schema.anyOf ?? schema.oneOf ?? []) as unknown[])]) {
        if (typeof inner === "object" && inner !== null) walk(inner as Record<string, unknown>, path);
      }
    };
    walk(jsonSchema(), "");
    assert.deepEqual(bare, []);
  });

  it("tells of every type of backend, judge, calibration, transform and aggregation which keys it has", () => {
    type Schema = { anyOf?: Schema[]; oneOf?: Schema[]; properties?: Record<string, Schema & { const?: string }>; [key: string]: unknown };
    const rows = [...readFileSync("docs/config-reference.md", "utf8").matchAll(/^\| `(\S+)` \| ([^|]*) \|/gm)].map(([, key, of]) => [
      key,
      of,
    ]);
    const at = (...keys: string[]) => keys.reduce((schema, key) => schema[key] as Schema, jsonSchema() as Schema);
    const panel = ["properties", "panels", "additionalProperties", "anyOf", "0", "properties"];
    const places: [string, Schema][] = [
      ["backends.<name>", at("properties", "backends", "additionalProperties")],
      ["judges.<name>", at("properties", "judges", "additionalProperties")],
      ["panels.<name>.aggregation", at(...panel, "aggregation")],
      ["panels.<name>.members[].calibration", at(...panel, "members", "items", "properties", "calibration")],
      ["panels.<name>.members[].transforms[]", at(...panel, "members", "items", "properties", "transforms", "items")],
    ];
    let found = 0;
    const look = (place: string, schema: Schema): void => {
      const kind = Object.values(schema.properties ?? {}).find((value) => value.const !== undefined)?.const;
      for (const key of kind === undefined ? [] : Object.keys(schema.properties!)) {
        const has = rows.some(([path, of]) => path === `${place}.${key}` && of!.includes(`\`${kind}\``));
        assert.ok(has, `${place}.${key} of ${kind}`);
        found++;
      }
      for (const option of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) look(place, option);
    };
    for (const [place, schema] of places) look(place, schema);
    assert.ok(found > 300, String(found));
  });
});

describe("docs/data-format.md", () => {
  it("shows records that can be read", () => {
    const [records] = blocks(dataFormat, "json");
    const read = records!
      .trim()
      .split("\n")
      .map((line, i) => parseRecord(i + 1, line));
    assert.deepEqual(
      read.map((record) => ("labels" in record ? record.labels.type : record.problem)),
      ["pair", "ranked", "rated", "ranked"],
    );
  });
});

describe("the shipped configuration", () => {
  it("is accepted and names its schema for editors", () => {
    const text = readFileSync("rewardgate.yaml", "utf8");
    assert.ok(configSchema.safeParse(parse(text)).success);
    assert.match(text, /^# yaml-language-server: \$schema=docs\/config\.schema\.json$/m);
  });
});
