/**
 * Rows as aligned columns, two spaces apart; a column of numbers is set to the right.
 *
 * @param header names of the columns
 * @param rows   cells as text, one per column
 */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]!.length)));
  const numeric = header.map((_, column) => rows.length > 0 && rows.every((row) => /^(-?[\d.]+(e-?\d+)?|-)?$/.test(row[column]!)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (numeric[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd();
  return [line(header), ...rows.map(line)].join("\n");
}

/** A number for people: four decimals, a dash for none. */
export function decimal(value: number | undefined, digits = 4): string {
  return value === undefined ? "-" : value.toFixed(digits);
}
