import { InvalidArgumentError, Option } from "commander";

/** `--date`, so that two runs of one command can give the same bytes on two days. */
export function dateOption(): Option {
  return new Option("--date <date>", "date that the file states, as 2026-01-31 (default: today)").argParser(isoDate);
}

/** Today, in UTC. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

function isoDate(text: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text))) throw new InvalidArgumentError("use a date as 2026-01-31.");
  return text;
}
