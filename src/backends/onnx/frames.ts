import { readSync, writeSync } from "node:fs";

/*
 * What crosses between the gateway and an executor. A frame is its own length, a head in JSON and arrays of numbers as they lie in memory:
 *
 *   uint32 bytes that follow | uint32 bytes of the head | uint32 number of arrays | uint32 numbers of each array … | head, filled up to four bytes | arrays
 *
 * in the byte order of the machine that both ends run on. Numbers have four bytes, so that every array lies where it can be read in place.
 */

/** A message: what it is, and the numbers that belong to it. */
export interface Frame<Numbers extends Int32Array | Float32Array> {
  readonly head: unknown;
  readonly arrays: readonly Numbers[];
}

const WORD = 4;

/** A message as bytes, with its length before it. */
export function encodeFrame({ head, arrays }: Frame<Int32Array | Float32Array>): Uint8Array {
  const words = Buffer.from(JSON.stringify(head));
  const headAt = WORD * (3 + arrays.length);
  let at = headAt + Math.ceil(words.length / WORD) * WORD;
  let size = at;
  for (const { byteLength } of arrays) size += byteLength;
  const bytes = new Uint8Array(size);
  const numbers = new Uint32Array(bytes.buffer, 0, 3 + arrays.length);
  numbers[0] = size - WORD;
  numbers[1] = words.length;
  numbers[2] = arrays.length;
  bytes.set(words, headAt);
  for (const [index, array] of arrays.entries()) {
    numbers[3 + index] = array.length;
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += array.byteLength;
  }
  return bytes;
}

/**
 * Reads a message whose length has been taken off.
 *
 * @param body the bytes behind the length, at the start of memory of their own; the arrays are views of it
 * @param Numbers what the arrays hold
 */
function decodeFrame<Numbers extends Int32Array | Float32Array>(
  body: ArrayBuffer,
  Numbers: new (buffer: ArrayBuffer, offset: number, length: number) => Numbers,
): Frame<Numbers> {
  const prefix = new Uint32Array(body, 0, 2);
  const headBytes = prefix[0]!;
  const lengths = new Uint32Array(body, 2 * WORD, prefix[1]!);
  let at = WORD * (2 + lengths.length);
  const head = JSON.parse(Buffer.from(body, at, headBytes).toString());
  at += Math.ceil(headBytes / WORD) * WORD;
  const arrays: Numbers[] = [];
  for (const length of lengths) {
    arrays.push(new Numbers(body, at, length));
    at += length * WORD;
  }
  return { head, arrays };
}

/**
 * Puts messages together from the pieces that a stream brings.
 *
 * @returns takes the next piece
 */
export function assembleFrames(receive: (frame: Frame<Float32Array>) => void): (piece: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (piece) => {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    while (rest.length >= WORD) {
      const end = WORD + lengthOf(rest);
      if (rest.length < end) return;
      const body = new Uint8Array(end - WORD);
      body.set(rest.subarray(WORD, end));
      rest = rest.subarray(end);
      receive(decodeFrame(body.buffer, Float32Array));
    }
  };
}

/** Waits for the next message of a descriptor that blocks; undefined when the other end has closed it. */
export function readFrame(descriptor: number): Frame<Int32Array> | undefined {
  const prefix = readExactly(descriptor, WORD);
  const body = prefix && readExactly(descriptor, lengthOf(prefix));
  return body && decodeFrame(body.buffer, Int32Array);
}

/** Writes a message whole. @throws {Error} EPIPE when nobody reads it */
export function writeFrame(descriptor: number, frame: Frame<Float32Array>): void {
  const bytes = encodeFrame(frame);
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
}

function readExactly(descriptor: number, size: number): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(size);
  for (let have = 0; have < size; ) {
    const read = readSync(descriptor, bytes, have, size - have, null);
    if (read === 0) return undefined;
    have += read;
  }
  return bytes;
}

function lengthOf(prefix: Uint8Array): number {
  return new DataView(prefix.buffer, prefix.byteOffset).getUint32(0, LITTLE_ENDIAN);
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
