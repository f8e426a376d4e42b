import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileJsonSchema } from "../../../src/judges/rules/json-schema.ts";

describe("compileJsonSchema(schema)", () => {
  it("runs patterns in linear time", async () => {
    const accepts = await compileJsonSchema({ type: "string", pattern: "^(a+)+$" });
    assert.equal(accepts(JSON.stringify(`${"a".repeat(20_000)}!`)), false);
    assert.equal(accepts('"aaa"'), true);
  });

  it("keeps several patterns apart", async () => {
    const accepts = await compileJsonSchema({
      properties: { a: { pattern: "^x" }, b: { pattern: "^y" } },
      patternProperties: { "^z": false },
    });
    assert.equal(accepts('{"a":"x","b":"y"}'), true);
    assert.equal(accepts('{"a":"x","b":"x"}'), false);
    assert.equal(accepts('{"z":1}'), false);
  });

  it("follows references inside the schema", async () => {
    const accepts = await compileJsonSchema({
      type: "array",
      items: { $ref: "#/$defs/step" },
      $defs: { step: { type: "integer", minimum: 0 } },
    });
    assert.equal(accepts("[1, 2]"), true);
    assert.equal(accepts("[1, -2]"), false);
  });

  it("tells equal items in linear time: by value, whatever the order of keys", async () => {
    const accepts = await compileJsonSchema({ type: "array", uniqueItems: true });
    assert.equal(accepts('[{"a":1,"b":[2]},{"b":[2],"a":1.0}]'), false);
    assert.equal(accepts('[{"a":1},[["a",1]],["a",1],"a",1,"1",null,"null"]'), true);
    assert.equal(accepts(JSON.stringify(Array.from({ length: 20_000 }, (_, i) => [i]))), true);
  });

  it("takes no text for JSON that is nested beyond reason, nor one with a key that means the prototype for another", async () => {
    const accepts = await compileJsonSchema({ required: ["__proto__"] });
    assert.equal(accepts(`${"[".repeat(20_000)}${"]".repeat(20_000)}`), false);
    assert.equal(accepts("{}"), false);
  });
});
