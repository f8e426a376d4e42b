import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../src/domain/errors.ts";
import { bytesOf, type Datatype, datatypeOf, type Element, tensorOfBytes, tensorOfJson } from "../../src/open-inference/tensor.ts";

const refused = (run: () => unknown, says: RegExp) =>
  assert.throws(run, (error: unknown) => error instanceof GatewayError && error.reason === "REQUEST_INVALID" && says.test(error.message));

describe("tensorOfBytes(name, datatype, shape, bytes) and bytesOf(tensor)", () => {
  const cases: readonly [Datatype, readonly Element[], string][] = [
    ["BOOL", [true, false], "0100"],
    ["UINT8", [1, 255], "01ff"],
    ["UINT16", [258], "0201"],
    ["UINT32", [4_294_967_295], "ffffffff"],
    ["UINT64", [1], "0100000000000000"],
    ["INT8", [-1], "ff"],
    ["INT16", [-2], "feff"],
    ["INT32", [-3], "fdffffff"],
    ["INT64", [-4], "fcffffffffffffff"],
    ["FP32", [1.5], "0000c03f"],
    ["FP64", [-2], "00000000000000c0"],
    ["BYTES", ["a", "", "é"], "01000000610000000002000000c3a9"],
  ];
  for (const [datatype, elements, hex] of cases) {
    it(`reads and writes ${datatype} little-endian`, () => {
      const shape = [elements.length, 1];
      assert.deepEqual(tensorOfBytes("x", datatype, shape, Buffer.from(hex, "hex")), { name: "x", datatype, shape, elements });
      assert.equal(Buffer.from(bytesOf({ name: "x", datatype, shape, elements })).toString("hex"), hex);
    });
  }

  it("reads half precision: one, a half, the smallest, infinity, minus two, not a number", () => {
    const half = tensorOfBytes("x", "FP16", [6], Buffer.from("003c00380100007c00c0017e", "hex"));
    assert.deepEqual(half.elements, [1, 0.5, 2 ** -24, Number.POSITIVE_INFINITY, -2, Number.NaN]);
    const fractions = tensorOfBytes("x", "FP16", [3], Buffer.from("003e40c10380", "hex"));
    assert.deepEqual(fractions.elements, [1.5, -2.625, -3 * 2 ** -24]);
    assert.deepEqual(tensorOfBytes("x", "BF16", [1], Buffer.from("b040", "hex")).elements, [5.5]);
    assert.deepEqual(tensorOfBytes("x", "BF16", [2], Buffer.from("803f00c0", "hex")).elements, [1, -2]);
  });

  it("gives back what was written", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.array(fc.double({ noNaN: true })), (texts, numbers) => {
        for (const [datatype, elements] of [["BYTES", texts] as const, ["FP64", numbers] as const]) {
          const tensor = { name: "x", datatype, shape: [elements.length], elements };
          assert.deepEqual(tensorOfBytes("x", datatype, tensor.shape, bytesOf(tensor)), tensor);
        }
      }),
    );
  });

  it("refuses bytes that are not what the shape says, and texts that are not UTF-8", () => {
    refused(() => tensorOfBytes("x", "FP32", [2], Buffer.alloc(4)), /1 elements, and 2/);
    refused(() => tensorOfBytes("x", "FP32", [1], Buffer.alloc(8)), /more than the 1/);
    refused(() => tensorOfBytes("x", "FP32", [1], Buffer.alloc(5)), /more than|within an element/);
    refused(() => tensorOfBytes("x", "FP32", [2], Buffer.alloc(6)), /within an element/);
    refused(() => tensorOfBytes("x", "BYTES", [1], Buffer.from("ff000000", "hex")), /ends beyond/);
    refused(() => tensorOfBytes("x", "BYTES", [1], Buffer.from("0100", "hex")), /ends beyond/);
    refused(() => tensorOfBytes("x", "BYTES", [1], Buffer.from("01000000ff", "hex")), /not UTF-8/);
    refused(() => tensorOfBytes("x", "INT64", [1], Buffer.from("ffffffffffffff7f", "hex")), /2\^53/);
    refused(() => tensorOfBytes("x", "BOOL", [-1], Buffer.alloc(0)), /0 or more/);
    refused(() => tensorOfBytes("x", "BOOL", [1.5], Buffer.alloc(1)), /0 or more/);
    refused(() => datatypeOf("TEXT", "x"), /no datatype/);
  });
});

describe("tensorOfJson(name, datatype, shape, data)", () => {
  it("takes data flat or nested", () => {
    assert.deepEqual(
      tensorOfJson(
        "x",
        "INT64",
        [2, 2],
        [
          [1, 2],
          [3, 4],
        ],
      ).elements,
      [1, 2, 3, 4],
    );
    assert.deepEqual(tensorOfJson("x", "BYTES", [2, 1], ["a", "b"]).elements, ["a", "b"]);
  });

  it("refuses elements of another type or number", () => {
    refused(() => tensorOfJson("x", "BYTES", [1], [1]), /of type string/);
    refused(() => tensorOfJson("x", "FP32", [1], ["1"]), /of type number/);
    refused(() => tensorOfJson("x", "INT64", [1], [1.5]), /whole numbers/);
    refused(() => tensorOfJson("x", "BOOL", [1], undefined), /of type boolean/);
    refused(() => tensorOfJson("x", "BYTES", [3], ["a"]), /1 elements, and 3/);
  });
});
