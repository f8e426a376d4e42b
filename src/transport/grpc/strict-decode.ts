import { createFileRegistry, type DescField, type DescMessage, fromBinary, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { GatewayError } from "../../domain/errors.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import { DESCRIPTOR_SET } from "../../gen/descriptor-set.ts";
import { maxElements, tooManyElements } from "../request-rules.ts";

/**
 * Generated decoders are lenient: they take a string that overruns its message, end a message at a zero tag, skip fields they
 * do not know and replace bad UTF-8. Each of these would score something else than what was sent. So bytes are checked against
 * the descriptors first, in one pass over the tags, and text is decoded with a decoder that refuses bad UTF-8.
 */
type Decoder<T> = { decode(input: BinaryReader): T };
type Limits = Pick<RequestLimits, "maxCandidates">;
/** Of messages that carry none. */
const NO_CANDIDATES: Limits = { maxCandidates: 0 };

interface FieldRule {
  readonly name: string;
  readonly wireType: number;
  /** Bit that may be set once per message: one per singular field, shared by the members of a oneof; 0 when repeated. */
  readonly once: number;
  readonly message?: MessageRule;
  /** Wire type of the elements of a packed list. */
  readonly elements?: number;
  /** Whether its varints may have 64 bits: whole numbers that are long or, below zero, written as if they were. */
  readonly long?: boolean;
}

interface MessageRule {
  readonly name: string;
  readonly fields: (FieldRule | undefined)[];
  /** Map entries: keys that would reach an object's prototype are refused. */
  readonly isMapEntry: boolean;
  /** Fields that are not known are passed over: a protocol of others grows without us, and its clients need not wait. */
  readonly isForeign: boolean;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Scalars whose varints may have 64 bits. */
const LONG: ReadonlySet<ScalarType> = new Set([ScalarType.INT32, ScalarType.INT64, ScalarType.UINT64, ScalarType.SINT64]);
const PROTOTYPE_KEYS = new Set(["__proto__", "constructor", "prototype"]);

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTOR_SET, "base64")));
const rules = new Map<string, MessageRule>();

/**
 * A decoder of one message type that accepts exactly what a conforming encoder writes for it; of a protocol of others, one of later versions too.
 *
 * @param typeName full name, for example `rewardgate.v1.ScoreRequest`
 * @returns bytes → message; throws a GatewayError REQUEST_INVALID that names the place, or TOO_LARGE for more elements than the limits allow
 */
export function createStrictDecoder<T>(typeName: string, generated: Decoder<T>): (bytes: Uint8Array, limits?: Limits) => T {
  const rule = ruleOf(registry.getMessage(typeName) as DescMessage);
  return (bytes, limits = NO_CANDIDATES) => {
    try {
      checkMessage({ bytes, pos: 0, elements: 0, maxElements: maxElements(limits) }, bytes.length, rule);
      return generated.decode(new BinaryReader(bytes, decodeUtf8));
    } catch (thrown) {
      if (thrown instanceof GatewayError) throw thrown;
      const why = thrown instanceof MalformedError ? thrown.message : "cannot be decoded";
      throw new GatewayError("REQUEST_INVALID", `the bytes are no valid ${typeName}: ${why}`, { cause: thrown });
    }
  };
}

class MalformedError extends Error {}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new MalformedError("a string is not UTF-8");
  }
}

interface Cursor {
  readonly bytes: Uint8Array;
  pos: number;
  /** Elements of lists and entries of maps so far, at any depth. */
  elements: number;
  readonly maxElements: number;
}

function checkMessage(cursor: Cursor, end: number, rule: MessageRule): void {
  let seen = 0;
  while (cursor.pos < end) {
    const at = cursor.pos;
    const tag = readVarint(cursor, end);
    const field = rule.fields[tag >>> 3];
    if (field === undefined) {
      if (!rule.isForeign || !skipUnknown(cursor, end, tag))
        throw new MalformedError(`unknown field ${tag >>> 3} of ${rule.name} at byte ${at}`);
      continue;
    }
    if ((tag & 7) !== field.wireType) throw new MalformedError(`wrong wire type of ${rule.name}.${field.name} at byte ${at}`);
    if ((seen & field.once) !== 0) throw new MalformedError(`${rule.name}.${field.name} is set twice at byte ${at}`);
    seen |= field.once;
    if (field.once === 0 && ++cursor.elements > cursor.maxElements) throw tooManyElements(cursor.maxElements);
    if (field.wireType === WireType.LengthDelimited) {
      const length = readVarint(cursor, end);
      const stop = cursor.pos + length;
      if (stop > end) throw new MalformedError(`${rule.name}.${field.name} is longer than what holds it at byte ${at}`);
      if (field.message !== undefined) checkMessage(cursor, stop, field.message);
      else if (field.elements !== undefined) checkPacked(cursor, stop, field, `${rule.name}.${field.name}`);
      else if (rule.isMapEntry && field.name === "key") checkKey(cursor.bytes.subarray(cursor.pos, stop));
      cursor.pos = stop;
    } else if (field.wireType === WireType.Varint) {
      field.long ? skipLong(cursor, end) : readVarint(cursor, end);
    } else {
      cursor.pos += field.wireType === WireType.Bit64 ? 8 : 4;
      if (cursor.pos > end) throw new MalformedError(`${rule.name}.${field.name} is cut off at byte ${at}`);
    }
  }
}

/** Passes a field of any number but 0 and of any type but groups, which no version of these protocols has. @returns whether it was one */
function skipUnknown(cursor: Cursor, end: number, tag: number): boolean {
  if (tag >>> 3 === 0) return false;
  switch (tag & 7) {
    case WireType.Varint:
      skipLong(cursor, end);
      return true;
    case WireType.LengthDelimited: {
      const length = readVarint(cursor, end);
      cursor.pos += length;
      break;
    }
    case WireType.Bit64:
      cursor.pos += 8;
      break;
    case WireType.Bit32:
      cursor.pos += 4;
      break;
    default:
      return false;
  }
  if (cursor.pos > end) throw new MalformedError(`cut off at byte ${end}`);
  return true;
}

/** A packed list is a whole number of elements. */
function checkPacked(cursor: Cursor, end: number, { elements, long }: FieldRule, name: string): void {
  if (elements === WireType.Varint) while (cursor.pos < end) long ? skipLong(cursor, end) : readVarint(cursor, end);
  else if ((end - cursor.pos) % (elements === WireType.Bit64 ? 8 : 4) !== 0) throw new MalformedError(`${name} is cut off at byte ${end}`);
}

/** A varint of at most 32 bits, which every tag, length, enum, bool and uint32 is; −1 in an enum is refused. */
function readVarint(cursor: Cursor, end: number): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    if (cursor.pos >= end) throw new MalformedError(`cut off at byte ${cursor.pos}`);
    const byte = cursor.bytes[cursor.pos++] as number;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) {
      if (value > 0xffffffff) break;
      return value;
    }
  }
  throw new MalformedError(`a number is too long at byte ${cursor.pos}`);
}

/** Passes a varint of at most 64 bits. */
function skipLong(cursor: Cursor, end: number): void {
  for (let bytes = 1; bytes <= 10; bytes++) {
    if (cursor.pos >= end) throw new MalformedError(`cut off at byte ${cursor.pos}`);
    const byte = cursor.bytes[cursor.pos++] as number;
    if (byte < 0x80) {
      if (bytes === 10 && byte > 1) break;
      return;
    }
  }
  throw new MalformedError(`a number is too long at byte ${cursor.pos}`);
}

function checkKey(bytes: Uint8Array): void {
  if (bytes.length <= 11 && PROTOTYPE_KEYS.has(Buffer.from(bytes).toString("latin1"))) {
    throw new MalformedError("a map has a key that is not allowed");
  }
}

function ruleOf(message: DescMessage): MessageRule {
  const known = rules.get(message.typeName);
  if (known !== undefined) return known;
  const isForeign = !message.typeName.startsWith("rewardgate.");
  const rule: MessageRule = { name: message.typeName, fields: [], isMapEntry: false, isForeign };
  rules.set(message.typeName, rule);
  for (const field of message.fields) rule.fields[field.number] = fieldRule(field);
  return rule;
}

function fieldRule(field: DescField): FieldRule {
  const { name } = field;
  const repeated = field.fieldKind === "list" || field.fieldKind === "map";
  const once = repeated ? 0 : 1 << (field.oneof === undefined ? field.number : (field.oneof.fields[0] as DescField).number);
  if (field.fieldKind === "map") {
    const value: FieldRule =
      field.mapKind === "message"
        ? { name: "value", wireType: WireType.LengthDelimited, once: 4, message: ruleOf(field.message) }
        : { name: "value", wireType: field.mapKind === "enum" ? WireType.Varint : scalarWireType(field.scalar), once: 4 };
    const fields = [undefined, { name: "key", wireType: scalarWireType(field.mapKey), once: 2 }, value];
    return {
      name,
      wireType: WireType.LengthDelimited,
      once,
      message: { name: `${field.parent.typeName}.${name}`, fields, isMapEntry: true, isForeign: false },
    };
  }
  if (field.message !== undefined) return { name, wireType: WireType.LengthDelimited, once, message: ruleOf(field.message) };
  if (field.fieldKind === "list" && field.packed) {
    const elements = field.listKind === "enum" ? WireType.Varint : scalarWireType(field.scalar as ScalarType);
    return { name, wireType: WireType.LengthDelimited, once, elements, long: field.listKind === "scalar" && LONG.has(field.scalar) };
  }
  if (field.enum !== undefined) return { name, wireType: WireType.Varint, once };
  const scalar = field.scalar as ScalarType;
  return { name, wireType: scalarWireType(scalar), once, long: LONG.has(scalar) };
}

function scalarWireType(scalar: ScalarType): WireType {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}
