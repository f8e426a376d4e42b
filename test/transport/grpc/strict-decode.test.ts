import assert from "node:assert/strict";
import { test } from "node:test";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { InferTensorContents } from "../../../src/gen/inference/grpc_service.ts";
import { ScoreRequest } from "../../../src/gen/rewardgate/v1/reward_service.ts";
import { StepStateRequest } from "../../../src/gen/rewardgate/v1/state_service.ts";
import { createStrictDecoder } from "../../../src/transport/grpc/strict-decode.ts";
import { requestProto } from "../../support/wire-requests.ts";

const decode = createStrictDecoder("rewardgate.v1.ScoreRequest", ScoreRequest);
const valid = Buffer.from(ScoreRequest.encode(requestProto("héllo", "")).finish());

function refused(bytes: Uint8Array): string {
  try {
    decode(bytes);
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    assert.equal(error.reason, "REQUEST_INVALID");
    return error.message;
  }
  assert.fail(`accepted ${Buffer.from(bytes).toString("hex")}`);
}

const write = (build: (writer: BinaryWriter) => BinaryWriter) => build(new BinaryWriter()).finish();

test("a message that an encoder wrote is decoded to what was encoded", () => {
  assert.deepEqual(decode(valid), requestProto("héllo", ""));
  assert.deepEqual(decode(new Uint8Array()), ScoreRequest.fromPartial({}));
});

test("every proper prefix is refused or means a message that encodes to the very same bytes", () => {
  for (let cut = 0; cut < valid.length; cut++) {
    const prefix = valid.subarray(0, cut);
    let message: ScoreRequest;
    try {
      message = decode(prefix);
    } catch (error) {
      assert.ok(error instanceof GatewayError);
      continue;
    }
    assert.deepEqual(Buffer.from(ScoreRequest.encode(message).finish()), prefix, `cut at ${cut}`);
  }
});

test("a string that is shorter than its length says is refused", () => {
  assert.match(refused(Uint8Array.of(0x0a, 10, 0x61, 0x62, 0x63)), /longer than what holds it/);
});

test("a string that overruns its message but not the bytes is refused", () => {
  // items (field 2) of 3 bytes holds an id (field 1) that claims 4 bytes; panel follows, so the bytes do not run out.
  assert.match(refused(Uint8Array.of(0x12, 3, 0x0a, 4, 0x61, 0x0a, 1, 0x62)), /longer than what holds it/);
});

test("a length of 0xFFFFFFFF is refused", () => {
  assert.match(refused(Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f)), /longer than what holds it/);
});

test("a varint without end and one beyond 32 bits are refused", () => {
  assert.match(refused(Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)), /too long/);
  assert.match(refused(Uint8Array.of(0x0a, 0x80)), /cut off/);
});

test("a whole number may have 64 bits where its type has, or where it is below zero, and no more", () => {
  const read = createStrictDecoder("inference.InferTensorContents", InferTensorContents);
  const contents = InferTensorContents.fromPartial({
    intContents: [-1, 7],
    int64Contents: [-1, 2 ** 53 - 1],
    uint64Contents: [2 ** 53 - 1],
  });
  assert.deepEqual(read(InferTensorContents.encode(contents).finish()), contents);
  assert.throws(() => read(Uint8Array.of(0x1a, 11, ...new Array(10).fill(0xff), 0x01)), /too long/);
  assert.throws(() => read(Uint8Array.of(0x1a, 10, ...new Array(9).fill(0xff), 0x02)), /too long/);
  assert.throws(() => read(Uint8Array.of(0x22, 5, 0xff, 0xff, 0xff, 0xff, 0x1f)), /too long/);
  assert.throws(() => read(Uint8Array.of(0x1a, 2, 0xff, 0x80)), /cut off/);
});

for (const [name, bytes] of Object.entries({
  "a lone continuation byte": [0x80],
  "an over-long form": [0xc0, 0xaf],
  "an encoded surrogate": [0xed, 0xa0, 0x80],
  "a code point beyond U+10FFFF": [0xf4, 0x90, 0x80, 0x80],
  "a cut sequence": [0x61, 0xe2, 0x82],
})) {
  test(`invalid UTF-8 is refused: ${name}`, () => {
    assert.match(refused(write((writer) => writer.tag(1, WireType.LengthDelimited).bytes(Uint8Array.from(bytes)))), /not UTF-8/);
  });
}

test("elements of lists are bounded exactly at any depth, before anything is decoded, by what candidates may need", () => {
  let decoded = 0;
  const read = createStrictDecoder("rewardgate.v1.ScoreRequest", {
    decode() {
      decoded++;
    },
  });
  const tooLarge = (error: unknown) => error instanceof GatewayError && error.reason === "TOO_LARGE" && error.details.limit === 262_144;
  const items = (n: number) => Buffer.alloc(2 * n, Uint8Array.of(0x12, 0));
  read(items(262_144));
  assert.throws(() => read(items(262_145)), tooLarge);
  const candidates = Buffer.alloc(2 * 262_143, Uint8Array.of(0x1a, 0));
  const item = write((writer) => writer.uint32(0x12).bytes(candidates));
  read(item);
  assert.throws(() => read(Buffer.concat([item, items(1)])), tooLarge);
  read(items(400_000), { maxCandidates: 50_000 });
  assert.equal(decoded, 3);
});

test("a byte order mark inside a string is kept", () => {
  assert.equal(decode(ScoreRequest.encode(ScoreRequest.fromPartial({ panel: "\ufeffchat" })).finish()).panel, "\ufeffchat");
});

test("a field that the message does not have is refused", () => {
  assert.match(refused(write((writer) => writer.uint32((99 << 3) | 0).uint32(1))), /unknown field 99 of rewardgate.v1.ScoreRequest/);
});

test("fields of later versions of a protocol of others are passed over, whole and of any type but a group", () => {
  const read = createStrictDecoder("inference.InferTensorContents", InferTensorContents);
  const contents = InferTensorContents.fromPartial({ intContents: [7], bytesContents: [Buffer.from("a")] });
  const known = InferTensorContents.encode(contents).finish();
  const unknown = [
    write((writer) => writer.tag(99, WireType.Varint).uint64(2 ** 53)),
    write((writer) => writer.tag(99, WireType.Bit64).double(1.5)),
    write((writer) => writer.tag(99, WireType.Bit32).float(1.5)),
    write((writer) => writer.tag(99, WireType.LengthDelimited).bytes(known)),
  ];
  for (const field of unknown) {
    assert.deepEqual(read(Buffer.concat([field, known, field])), contents);
    assert.throws(() => read(Buffer.concat([known, field.subarray(0, -1)])), /cut off/);
  }
  assert.throws(() => read(Buffer.concat([known, write((writer) => writer.tag(99, WireType.StartGroup))])), /unknown field 99/);
  assert.throws(() => read(Buffer.concat([known, Uint8Array.of(0, 1, 2)])), /unknown field 0/);
});

test("a zero tag, which generated decoders take for the end, is refused", () => {
  assert.match(refused(Buffer.concat([valid, Uint8Array.of(0, 1, 2)])), /unknown field 0/);
});

test("groups and wrong wire types are refused", () => {
  assert.match(refused(Uint8Array.of(0x0b, 0x0c)), /wrong wire type of rewardgate.v1.ScoreRequest.panel/);
  assert.match(refused(Uint8Array.of(0x08, 1)), /wrong wire type/);
});

test("a singular field given twice, and two members of a oneof, are refused", () => {
  assert.match(refused(write((writer) => writer.uint32(10).string("a").uint32(10).string("b"))), /panel is set twice/);
  const prompt = write((writer) => writer.uint32(10).string("text").uint32(18).bytes(new Uint8Array()));
  const item = write((writer) => writer.uint32(18).bytes(prompt));
  assert.match(refused(write((writer) => writer.uint32(18).bytes(item))), /set twice/);
});

test("a map key that names a prototype is refused", () => {
  for (const key of ["__proto__", "constructor", "prototype"]) {
    const entry = write((writer) => writer.uint32(10).string(key).uint32(18).string("x"));
    const item = write((writer) => writer.uint32(58).bytes(entry));
    assert.match(refused(write((writer) => writer.uint32(18).bytes(item))), /key that is not allowed/);
  }
});

test("random damage is refused or decodes to a message with the same meaning, and never throws anything else", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (edits) => {
      const damaged = Buffer.from(valid);
      for (const [at, value] of edits) damaged[at] = value;
      let message: ScoreRequest;
      try {
        message = decode(damaged);
      } catch (error) {
        return error instanceof GatewayError && error.reason === "REQUEST_INVALID";
      }
      assert.deepEqual(decode(ScoreRequest.encode(message).finish()), message);
      return true;
    }),
    { numRuns: 2000 },
  );
});

test("a packed list is whole numbers of elements, in one piece or in several", () => {
  const decodeStep = createStrictDecoder("rewardgate.v1.StepStateRequest", StepStateRequest);
  const request = StepStateRequest.fromPartial({ name: "n", scores: { a: { values: [1, -2.5] }, b: {} }, bundleScores: [0.1, 5e-324] });
  const bytes = StepStateRequest.encode(request).finish();
  assert.deepEqual(decodeStep(bytes), request);
  const pieces = write((writer) =>
    writer
      .uint32((7 << 3) | 2)
      .bytes(new Uint8Array(8))
      .uint32((7 << 3) | 2)
      .bytes(new Uint8Array(16)),
  );
  assert.deepEqual(decodeStep(pieces).bundleScores, [0, 0, 0]);
  const torn = write((writer) => writer.uint32((7 << 3) | 2).bytes(new Uint8Array(12)));
  assert.throws(() => decodeStep(torn), /StepStateRequest.bundle_scores is cut off at byte 14/);
});
