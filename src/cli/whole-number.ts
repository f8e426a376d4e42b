import { InvalidArgumentError } from "commander";

/** A seed of a command line: a whole number from 0. */
export function seedNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("use a whole number from 0.");
  return Number(text);
}

/** A count of a command line: a whole number from 1. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("use a whole number from 1.");
  return Number(text);
}
