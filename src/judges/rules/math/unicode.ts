/** Characters that stand for a command of LaTeX, a fraction or a sign of ASCII. */
const COMMANDS: Readonly<Record<string, string>> = {
  "−": "-",
  "–": "-",
  "√": "\\sqrt",
  "±": "\\pm",
  "⋅": "\\cdot",
  "°": "^\\circ",
  "∞": "\\infty",
  "≤": "\\le",
  "≥": "\\ge",
  "≠": "\\ne",
  "≈": "\\approx",
  "∈": "\\in",
  "∪": "\\cup",
  "∩": "\\cap",
  "∅": "\\emptyset",
  "½": "\\frac12",
  "⅓": "\\frac13",
  "⅔": "\\frac23",
  "¼": "\\frac14",
  "¾": "\\frac34",
  ...Object.fromEntries(
    (
      "α alpha β beta γ gamma δ delta ε epsilon θ theta λ lambda μ mu ν nu ξ xi π pi ρ rho σ sigma τ tau φ phi χ chi ψ psi ω omega".match(
        /\S+ \S+/g,
      ) ?? []
    ).map((pair) => [pair[0]!, `\\${pair.slice(2)}`]),
  ),
};
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻";
const RAISED = new RegExp(`[${SUPERSCRIPTS}]+`, "g");
const KNOWN = new RegExp(`[${Object.keys(COMMANDS).join("")}]`, "g");

/**
 * A formula with characters of Unicode in place of commands as LaTeX writes it, `\leq`, `\geq`, `\neq`, `<=` and their like in their short
 * forms, `\lvert` and its like as bars, "percent" as its sign, brackets of vectors as parentheses, decimals that repeat as fractions, and upright letters that are no units, such as e and i, as letters.
 *
 * @complexity O(length), pure
 * @example toLatex("2√3") // → "2\\sqrt 3"
 */
export function toLatex(formula: string): string {
  return formula
    .replace(RAISED, (run) => `^{${Array.from(run, (sign) => "0123456789-"[SUPERSCRIPTS.indexOf(sign)]).join("")}}`)
    .replace(KNOWN, (sign) => `${COMMANDS[sign]} `)
    .replace(/\\(le|ge|ne)q(?:slant)?(?![a-zA-Z])/g, "\\$1")
    .replace(/<=(?!>)/g, "\\le ")
    .replace(/>=/g, "\\ge ")
    .replace(/\\([lg])t(?![a-zA-Z])/g, (_, way) => (way === "l" ? "<" : ">"))
    .replace(/(^|[,;([{=<>]|\\(?:le|ge|to|in)(?![a-zA-Z]))(\s{0,8})\+\s{0,8}(?=\\infty)/g, "$1$2")
    .replace(/\\varnothing(?![a-zA-Z])/g, "\\emptyset")
    .replace(/\\(?:mathrm|text)\s*\{\s*([eixyz])\s*\}/g, " $1 ")
    .replace(/\\(?:mathrm|text)\s*\{\s*per\s?cent\s*\}|(?<=\d\s{0,8})per\s?cent(?![a-zA-Z])/gi, "\\%")
    .replace(/\\[lr]?vert(?![a-zA-Z])/g, "|")
    .replace(/\\([lr])angle(?![a-zA-Z])/g, (_, side) => (side === "l" ? "(" : ")"))
    .replace(REPEATING, (_, whole, once, again) => repeating(whole, once, again));
}

const REPEATING = /(\d{0,9})\.(\d{0,9})\\(?:overline|bar)\s{0,4}\{\s{0,4}(\d{1,15})\s{0,4}\}/g;

/** A decimal of which the last digits go on for ever, as a fraction. */
function repeating(whole: string, once: string, again: string): string {
  const over = BigInt(whole + once + again) - BigInt(whole + once);
  return `\\frac{${over}}{${(10n ** BigInt(again.length) - 1n) * 10n ** BigInt(once.length)}}`;
}
