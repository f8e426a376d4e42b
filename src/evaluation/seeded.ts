import { createHash } from "node:crypto";

/**
 * A number that a name and a seed decide: the first 48 bits of a SHA-256, so that the same name falls on the same side of a
 * split in every run and on every machine, whatever the order of the file.
 *
 * @param seed a whole number
 * @param name of what is drawn for
 * @returns a number in [0, 1), uniform over names
 * @complexity O(length of the name), pure
 * @example uniformOf(0, "a") === uniformOf(0, "a") // → true
 */
export function uniformOf(seed: number, name: string): number {
  return createHash("sha256").update(`${seed}\n${name}`, "utf8").digest().readUIntBE(0, 6) / 2 ** 48;
}
