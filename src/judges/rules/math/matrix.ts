/** Of a determinant the bars are `vmatrix`, and it is a number. */
const MATRIX = /^\\begin\s*\{([pbB]?matrix|smallmatrix|array)\}(?:\s*\{[clr|\s]*\})?([\s\S]*)\\end\s*\{\1\}$/;
const ROW_END = /\\\\(?:\s*\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm)\s*\])?/;
const COLUMN_END = /(?<!\\)&/;
/** Larger ones are texts. */
const MAX_CELLS = 100;

/**
 * The cells of a formula that is a matrix, whatever brackets it has, row by row.
 *
 * @returns null where it is none, rows differ in length, one stands in another, or it has more than 100 cells
 * @complexity O(length), pure
 * @example readMatrix("\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}") // → [["1", "2"], ["3", "4"]]
 */
export function readMatrix(formula: string): string[][] | null {
  const [, , content = "\\begin"] = MATRIX.exec(/^[([]\s*(\\begin[\s\S]*?)\s*[)\]]$/.exec(formula)?.[1] ?? formula) ?? [];
  if (content.includes("\\begin")) return null;
  const rows = content
    .replace(/\\hline(?![a-zA-Z])/g, "")
    .split(ROW_END)
    .map((row) => row.split(COLUMN_END).map((cell) => cell.trim()));
  if (rows.at(-1)!.join("") === "") rows.pop();
  const columns = rows[0]?.length ?? 0;
  return rows.every((row) => row.length === columns) && columns > 0 && rows.length * columns <= MAX_CELLS ? rows : null;
}
