/** Numbers as the page writes them; a dash for none. */

const NONE = "–";

/** A share in per cent, one decimal: 63.0 %. */
export function percent(share: number | null | undefined, digits = 1): string {
  return share == null ? NONE : `${signed(share * 100, digits)} %`;
}

/** A number with so many decimals. */
export function fixed(value: number | null | undefined, digits = 3): string {
  return value == null ? NONE : signed(value, digits);
}

/** A count with separators of thousands. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** An interval of shares: 60.6–65.3 %. */
export function percentRange(low: number | null, high: number | null): string {
  return low === null || high === null ? NONE : `${signed(low * 100, 1)}\u2009–\u2009${signed(high * 100, 1)} %`;
}

/** An interval of numbers. */
export function range(low: number | null, high: number | null, digits = 3): string {
  return low === null || high === null ? NONE : `${signed(low, digits)}\u2009–\u2009${signed(high, digits)}`;
}

/** A difference of shares in percentage points, with its sign. */
export function points(difference: number): string {
  const text = fixed(100 * difference, 1);
  return `${text.startsWith("−") || text === "0.0" ? "" : "+"}${text} pp`;
}

/** A probability, to three decimals. */
export function pValue(p: number): string {
  return p < 0.001 ? "< 0.001" : fixed(p);
}

/** With a true minus sign, and none before zero. */
function signed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return /^-0\.?0*$/.test(text) ? text.slice(1) : text.replace("-", "\u2212");
}
