import { GatewayError } from "../domain/errors.ts";

/** Element types of the Open Inference Protocol. */
const DATATYPES = [
  "BOOL",
  "UINT8",
  "UINT16",
  "UINT32",
  "UINT64",
  "INT8",
  "INT16",
  "INT32",
  "INT64",
  "FP16",
  "BF16",
  "FP32",
  "FP64",
  "BYTES",
] as const;
export type Datatype = (typeof DATATYPES)[number];

/** BYTES elements are text, BOOL elements flags, all others numbers. */
export type Element = string | number | boolean;

/** A named array, its elements row by row. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly elements: readonly Element[];
}

/** How elements of a fixed width are read and written at a place, little-endian. */
interface Fixed {
  readonly width: number;
  read(view: DataView, at: number): Element;
  write(view: DataView, at: number, value: Element): void;
}

const number = (
  width: number,
  read: (view: DataView, at: number) => number,
  write: (view: DataView, at: number, value: number) => void,
): Fixed => ({
  width,
  read,
  write: (view, at, value) => write(view, at, Number(value)),
});
const refuseWriting = (): never => {
  throw new Error("half precision is read only");
};
const FIXED: Readonly<Record<Exclude<Datatype, "BYTES">, Fixed>> = {
  BOOL: { width: 1, read: (view, at) => view.getUint8(at) !== 0, write: (view, at, value) => view.setUint8(at, value ? 1 : 0) },
  UINT8: number(
    1,
    (view, at) => view.getUint8(at),
    (view, at, value) => view.setUint8(at, value),
  ),
  UINT16: number(
    2,
    (view, at) => view.getUint16(at, true),
    (view, at, value) => view.setUint16(at, value, true),
  ),
  UINT32: number(
    4,
    (view, at) => view.getUint32(at, true),
    (view, at, value) => view.setUint32(at, value, true),
  ),
  UINT64: number(
    8,
    (view, at) => whole(view.getBigUint64(at, true)),
    (view, at, value) => view.setBigUint64(at, BigInt(value), true),
  ),
  INT8: number(
    1,
    (view, at) => view.getInt8(at),
    (view, at, value) => view.setInt8(at, value),
  ),
  INT16: number(
    2,
    (view, at) => view.getInt16(at, true),
    (view, at, value) => view.setInt16(at, value, true),
  ),
  INT32: number(
    4,
    (view, at) => view.getInt32(at, true),
    (view, at, value) => view.setInt32(at, value, true),
  ),
  INT64: number(
    8,
    (view, at) => whole(view.getBigInt64(at, true)),
    (view, at, value) => view.setBigInt64(at, BigInt(value), true),
  ),
  FP16: number(2, (view, at) => halfOf(view.getUint16(at, true)), refuseWriting),
  BF16: number(2, (view, at) => brainOf(view.getUint16(at, true)), refuseWriting),
  FP32: number(
    4,
    (view, at) => view.getFloat32(at, true),
    (view, at, value) => view.setFloat32(at, value, true),
  ),
  FP64: number(
    8,
    (view, at) => view.getFloat64(at, true),
    (view, at, value) => view.setFloat64(at, value, true),
  ),
};

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const LENGTH_BYTES = 4;

/** @throws {GatewayError} REQUEST_INVALID for a type that there is not */
export function datatypeOf(word: string, field: string): Datatype {
  if ((DATATYPES as readonly string[]).includes(word)) return word as Datatype;
  throw invalid(field, `no datatype "${word}"`);
}

/** How many elements a shape holds. @throws {GatewayError} REQUEST_INVALID for a size that is no whole number ≥ 0 */
export function countOf(shape: readonly number[], field: string): number {
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) throw invalid(field, "sizes are whole numbers of 0 or more");
  return shape.reduce((count, size) => count * size, 1);
}

/**
 * A tensor from bytes: elements one after the other, little-endian; a text is preceded by its length in four bytes.
 * @throws {GatewayError} REQUEST_INVALID when they are not as many as the shape says, or a text is not UTF-8
 */
export function tensorOfBytes(name: string, datatype: Datatype, shape: readonly number[], bytes: Uint8Array): Tensor {
  const count = countOf(shape, name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Element[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (elements.length === count) throw invalid(name, `more than the ${count} elements of its shape`);
    if (datatype === "BYTES") {
      const from = at + LENGTH_BYTES;
      const to = from <= bytes.length ? from + view.getUint32(at, true) : Number.POSITIVE_INFINITY;
      if (to > bytes.length) throw invalid(name, "a text ends beyond the bytes");
      elements.push(textOf(bytes.subarray(from, to), name));
      at = to;
    } else {
      const fixed = FIXED[datatype];
      if (at + fixed.width > bytes.length) throw invalid(name, "its bytes end within an element");
      elements.push(fixed.read(view, at));
      at += fixed.width;
    }
  }
  return counted(name, datatype, shape, elements, count);
}

/** The bytes of a tensor, as `tensorOfBytes` reads them. Half precision is not written. */
export function bytesOf({ datatype, elements }: Tensor): Uint8Array<ArrayBuffer> {
  if (datatype === "BYTES") {
    const texts = elements.map((element) => encoder.encode(String(element)));
    const bytes = new Uint8Array(texts.reduce((sum, text) => sum + LENGTH_BYTES + text.length, 0));
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const text of texts) {
      view.setUint32(at, text.length, true);
      bytes.set(text, at + LENGTH_BYTES);
      at += LENGTH_BYTES + text.length;
    }
    return bytes;
  }
  const { width, write } = FIXED[datatype];
  const bytes = new Uint8Array(width * elements.length);
  const view = new DataView(bytes.buffer);
  for (const [index, element] of elements.entries()) write(view, index * width, element);
  return bytes;
}

/**
 * A tensor from JSON data, flat or nested.
 * @throws {GatewayError} REQUEST_INVALID when the elements are not of the type, or not as many as the shape says
 */
export function tensorOfJson(name: string, datatype: Datatype, shape: readonly number[], data: unknown): Tensor {
  const elements = Array.isArray(data) ? data.flat(Number.POSITIVE_INFINITY) : [data];
  const type = datatype === "BYTES" ? "string" : datatype === "BOOL" ? "boolean" : "number";
  if (elements.some((element) => typeof element !== type)) throw invalid(name, `the elements of ${datatype} are of type ${type}`);
  if (datatype.includes("INT") && !elements.every((element) => Number.isSafeInteger(element))) {
    throw invalid(name, `the elements of ${datatype} are whole numbers`);
  }
  return counted(name, datatype, shape, elements as Element[], countOf(shape, name));
}

function counted(name: string, datatype: Datatype, shape: readonly number[], elements: readonly Element[], count: number): Tensor {
  if (elements.length !== count) throw invalid(name, `${elements.length} elements, and ${count} in its shape`);
  return { name, datatype, shape, elements };
}

function textOf(bytes: Uint8Array, field: string): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new GatewayError("REQUEST_INVALID", `${field}: a text is not UTF-8`, { details: { field }, cause });
  }
}

function whole(value: bigint): number {
  const near = Number(value);
  if (!Number.isSafeInteger(near)) throw invalid("data", "a whole number beyond 2^53");
  return near;
}

/** IEEE 754 half precision. */
function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper half of single precision. */
function brainOf(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}

function invalid(field: string, message: string): GatewayError {
  return new GatewayError("REQUEST_INVALID", `${field}: ${message}`, { details: { field } });
}
