import { InvalidArgumentError } from "commander";

/** A count of a command line: a whole number from 1. */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("use a whole number from 1.");
  return Number(text);
}
